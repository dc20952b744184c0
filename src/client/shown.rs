//! Bytes of an exchange that are shown to people.

use super::connection::Connection;

impl Connection {
    /// The head of the last request, as it went out.
    #[must_use]
    pub fn request_head(&self) -> &[u8] {
        &self.out.head
    }

    /// The line, with its end, for which `hc_getresponse` has just failed with
    /// `HC_ERR_BAD_STATUS_LINE`; empty when that was clear before the line had ended.
    #[must_use]
    pub fn refused_line(&self) -> &[u8] {
        // Heads are collected line by line, and this one got no further.
        self.head.fields.bytes(0..self.head.fields.arena_len())
    }
}

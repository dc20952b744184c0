//! The wire in the program's hands: what it feeds, and what it fetches to send.

use super::connection::{Connection, Origin};
use crate::error::{Code, Error, Result};

impl Connection {
    /// `hc_feed`.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        match &self.origin {
            Origin::SansIo { pipe, .. } => pipe.feed(bytes),
            _ => Err(not_sans_io()),
        }
    }

    /// `hc_feed_eof`.
    pub fn feed_eof(&mut self) -> Result<()> {
        match &self.origin {
            Origin::SansIo { pipe, .. } => {
                pipe.feed_eof();
                Ok(())
            }
            _ => Err(not_sans_io()),
        }
    }

    /// `hc_output`: what waits to be sent.
    pub fn output(&mut self) -> Result<&[u8]> {
        if self.has_queue() {
            self.push_in_passing();
        }
        let Origin::SansIo { pipe, .. } = &self.origin else {
            return Err(not_sans_io());
        };
        if self.output_taken == self.output.len() {
            self.output.clear();
            self.output_taken = 0;
            pipe.take_output(&mut self.output)?;
        }
        Ok(self.output.get(self.output_taken..).unwrap_or_default())
    }

    /// `hc_output_consumed`.
    pub fn output_consumed(&mut self, n: usize) -> Result<()> {
        if n > self.output.len() - self.output_taken {
            return Err(Error::new(
                Code::HC_ERR_INVALID_ARG,
                "more bytes than hc_output gave",
            ));
        }
        self.output_taken += n;
        Ok(())
    }
}

#[cold]
fn not_sans_io() -> Error {
    Error::new(
        Code::HC_ERR_UNSUPPORTED,
        "this connection has a transport of its own (see hc_set_sansio)",
    )
}

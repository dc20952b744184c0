//! The protocol: pure. Bytes and time come in as arguments; no socket, no clock, no unsafe.
#![forbid(unsafe_code)]

pub mod address;
pub mod basic;
pub mod body;
pub mod chunked;
pub mod date;
pub mod date_python;
pub mod error_classes;
pub mod fields;
pub mod framing;
pub mod generation;
pub mod grammar;
pub mod head;
pub mod hostport;
mod known_name;
pub mod lines;
pub mod message;
pub mod message_item;
pub mod message_parse;
pub mod mime;
pub mod mime_params;
pub mod no_proxy;
mod plain_head;
pub mod plan;
pub mod profile;
pub mod proxy;
pub mod redact;
pub mod request;
pub mod reuse;
mod short_line;
pub mod socks;
pub mod state;
pub mod status_codes;
pub mod trailers;
pub mod tunnel;
pub mod url;
mod url_bytes;
mod url_host;

pub use profile::Profile;

/// How much of a message a peer may make us hold or do. Zero switches a limit off where its
/// comment says so.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one line of a head or trailer section, its end included.
    pub line: u64,
    /// Header fields of one head; 0 leaves only the byte limit.
    pub headers: u64,
    /// Bytes of all heads of one answer, the interim ones included.
    pub head: u64,
    /// Interim (1xx) responses before the final one.
    pub interim: u64,
    /// Bytes of chunk extensions in one body.
    pub chunk_extensions: u64,
    /// Bytes read and dropped to save a connection whose response nobody read to its end.
    pub drain: u64,
    /// Requests that one connection serves.
    pub requests: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 65_536,
            headers: 100,
            head: 256 * 1024,
            interim: 100,
            chunk_extensions: 16 * 1024,
            drain: 64 * 1024,
            requests: u64::MAX,
        }
    }
}

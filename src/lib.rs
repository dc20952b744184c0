//! libhttpclient: an HTTP/1.1 client whose connection is an explicit state machine.
//!
//! The product is the C library; its manual is `include/httpclient.h`, made from the
//! doc comments in [`ffi`]. The rooms of the house, and the only direction in which they
//! may know of each other:
//!
//! ```text
//! ffi -> client -> proto          bytes and time come in as arguments
//!              \-> net -> sys     error: a leaf that all may use
//! ```
#![deny(unsafe_code)]

pub mod client;
pub mod error;
#[allow(unsafe_code)]
pub mod ffi;
pub mod net;
pub mod proto;
#[allow(unsafe_code)]
pub mod sys;

//! A connection and its responses: what the calls of the library do, in steps that can stop
//! anywhere. No pointers, no system calls: those are the neighbours' business.
#![forbid(unsafe_code)]

pub mod answer;
pub mod body_sending;
pub mod body_source;
pub mod clocks;
pub mod config;
pub mod connection;
pub mod drive;
mod early;
pub mod fields_only;
pub mod fitness;
pub mod gathering;
pub mod handover;
pub mod kept;
pub mod kit;
pub mod making;
pub mod opening;
pub mod outgoing;
pub mod own_fd;
pub mod pipeline;
mod pipeline_answers;
mod pipeline_rules;
mod pipelining;
pub mod pool;
pub mod proxying;
pub mod push;
pub mod reading;
pub mod record;
pub mod request;
pub mod response;
pub mod sansio;
pub mod secure;
pub mod shared_pool;
mod staging;
pub mod stats;
pub mod target;
mod telling;
mod telling_dial;
#[cfg(test)]
mod time_tests;
pub mod timeouts;
pub mod trace;
pub mod trace_text;
pub mod tunnelling;
pub mod upload;
pub mod wire;

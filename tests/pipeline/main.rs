//! Pipelining, through the C interface.

#[path = "../common/mod.rs"]
mod common;
#[path = "../corpus/mod.rs"]
mod corpus;
#[path = "../tls/mod.rs"]
mod tls;

mod answers;
mod ends;
mod over_tls;
mod rules;

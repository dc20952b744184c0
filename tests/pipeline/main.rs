//! Pipelining, through the C interface.

#[path = "../common/mod.rs"]
mod common;
#[path = "../corpus/mod.rs"]
mod corpus;

mod answers;
mod ends;
mod rules;

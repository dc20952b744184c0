//! Where inputs begin: the responses of the tables of the library's tests.

/// The tables, as the tests have them.
#[allow(dead_code, clippy::all)]
#[path = "../../tests/corpus/mod.rs"]
mod corpus;

pub use corpus::{Case, End};

/// Rows that are not large: they are made of one thing many times, which the engine does too.
pub fn rows() -> Vec<Case> {
    let tables = [
        corpus::head::table(),
        corpus::framing::table(),
        corpus::chunked::table(),
        corpus::sequence::table(),
    ];
    tables
        .concat()
        .into_iter()
        .filter(|c| c.response.len() <= 2048)
        .collect()
}

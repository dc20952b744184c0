//! What whoever opens a connection can tell of it while it happens.

use std::sync::Arc;

use super::endpoint::Endpoint;
use crate::error::Error;

/// Something has happened.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// A name is about to be resolved.
    Resolving(&'a str),
    /// It has been, in so many nanoseconds: the first of the addresses, and the others.
    Resolved(Option<&'a Endpoint>, &'a [Endpoint], u64),
    /// It could not be.
    Unresolved(&'a Error, u64),
    /// An address is about to be tried.
    Trying(&'a Endpoint),
    /// It was, in so many nanoseconds; errno is 0 for the one that worked.
    Tried(&'a Endpoint, i32, u64),
}

/// Is told.
pub type Observer = Arc<dyn Fn(&News<'_>) + Send + Sync>;

/// Tells, if anybody listens.
#[derive(Clone, Default)]
pub struct Teller(pub Option<Observer>);

impl Teller {
    /// Tells this.
    pub fn tell(&self, news: &News<'_>) {
        if let Some(observer) = &self.0 {
            observer(news);
        }
    }
}

impl std::fmt::Debug for Teller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Teller").field(&self.0.is_some()).finish()
    }
}

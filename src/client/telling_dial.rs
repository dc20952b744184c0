//! Telling of a connection that is being made: a dial knows nothing of who listens.

use std::ffi::CString;
use std::sync::Arc;

use super::connection::Connection;
use super::record::Phase;
use super::trace::{Entry, Kind, Tracing};
use crate::net::deadline::Stopwatch;
use crate::net::endpoint::Endpoint;
use crate::net::news::{News, Teller};

impl Connection {
    /// Whom a dial tells what it does.
    pub(super) fn teller(&self) -> Teller {
        let Some(tracing) = self.tracing.clone() else {
            return Teller::default();
        };
        let base = self.entry(Kind::ResolveBegin);
        Teller(Some(Arc::new(move |news| {
            let base = Entry {
                at_ns: Stopwatch::start().started_ns(),
                ..base
            };
            tell_news(&tracing, base, news);
        })))
    }
}

fn tell_news(tracing: &Tracing, base: Entry<'_>, news: &News<'_>) {
    let resolving = Entry {
        phase: Phase::Resolve,
        ..base
    };
    let connecting = Entry {
        phase: Phase::Connect,
        ..base
    };
    match *news {
        News::Resolving(host) => tracing.tell(&Entry {
            kind: Kind::ResolveBegin,
            text: &words(host),
            ..resolving
        }),
        News::Resolved(first, rest, ns) => {
            let host = |e: &Endpoint| match e {
                Endpoint::Ip(address) => address.ip().to_string(),
                Endpoint::Unix(name) => name.to_string(),
            };
            let list: Vec<String> = first.into_iter().chain(rest).map(host).collect();
            tracing.tell(&Entry {
                kind: Kind::ResolveEnd,
                count: list.len() as u64,
                elapsed_ns: Some(ns),
                text: &words(&list.join(" ")),
                ..resolving
            });
        }
        News::Unresolved(e, ns) => tracing.tell(&Entry {
            kind: Kind::ResolveEnd,
            code: e.code,
            os_error: e.os_error,
            elapsed_ns: Some(ns),
            text: &words(&e.text),
            ..resolving
        }),
        News::Trying(address) => tracing.tell(&Entry {
            kind: Kind::ConnectBegin,
            text: &words(&address.to_string()),
            ..connecting
        }),
        News::Tried(address, os_error, ns) => tracing.tell(&Entry {
            kind: Kind::ConnectEnd,
            os_error,
            elapsed_ns: Some(ns),
            text: &words(&address.to_string()),
            ..connecting
        }),
    }
}

/// What a NUL would cut off is not worth losing the rest for.
pub(super) fn words(text: &str) -> CString {
    CString::new(text.replace('\0', "?")).unwrap_or_default()
}

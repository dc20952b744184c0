//! What the tests of URLs share: a URL in parts that can be compared and shown.
// Each test binary compiles this room and uses a part of it.
#![allow(dead_code, unreachable_pub)]

pub mod cases;

use httpclient::proto::generation::Generation;
use httpclient::proto::url::{Part, Url};

/// A URL in parts; what `Debug` shows is what a failing test needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// In the order of `Part::ALL`.
    pub texts: Vec<Option<String>>,
    /// `Err` when it is no port.
    pub port: Result<Option<u16>, ()>,
    pub geturl: String,
}

impl Parts {
    pub fn get(&self, part: Part) -> &str {
        self.texts[part as usize].as_deref().unwrap_or_default()
    }
}

#[derive(Clone, Debug)]
pub struct Case {
    pub url: Vec<u8>,
    pub scheme: &'static str,
    pub fragments: bool,
}

/// Every byte as one character, so that all of them can be shown.
pub fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|b| char::from(*b)).collect()
}

pub fn ours(case: &Case, generation: Generation) -> Option<Parts> {
    let url = Url::split(
        &case.url,
        case.scheme.as_bytes(),
        case.fragments,
        generation,
    );
    let url = url.ok()?;
    Some(Parts {
        texts: Part::ALL.iter().map(|p| url.get(*p).map(latin1)).collect(),
        port: url.port().map_err(|_| ()),
        geturl: latin1(url.geturl()),
    })
}

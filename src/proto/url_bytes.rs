//! Which bytes a URL may hold, and which of them Python takes out of it.

use std::borrow::Cow;

use super::generation::Generation;
use super::url_host::bad;
use crate::error::{Code, Error, Result};

pub(super) fn is_scheme_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')
}

fn is_blank(b: u8) -> bool {
    b <= b' '
}

/// What Python 3 takes out of the middle of a URL.
fn is_dropped(b: u8) -> bool {
    matches!(b, b'\t' | b'\r' | b'\n')
}

/// Without the bytes that a generation drops, if it has none that the generation refuses. A NUL
/// none of them takes: it would end the part it stands in for whoever reads C strings.
pub(super) fn clean_url(url: &[u8], generation: Generation) -> Result<Cow<'_, [u8]>> {
    let refused = |b: u8| match generation {
        Generation::Current => is_blank(b) || b == 0x7f,
        Generation::Python2 => b < b' ' || b == 0x7f,
        Generation::Python3 => b == 0,
    };
    if let Some(at) = url.iter().position(|&b| refused(b)) {
        return Err(bad("the URL holds a byte that a URL cannot hold").at(at as u64));
    }
    if generation != Generation::Python3 {
        return Ok(Cow::Borrowed(url));
    }
    let begin = url.iter().position(|&b| !is_blank(b));
    dropping(&url[begin.unwrap_or(url.len())..])
}

/// The same for the scheme that the caller gives.
pub(super) fn clean_scheme(scheme: &[u8], generation: Generation) -> Result<Cow<'_, [u8]>> {
    let good = match generation {
        Generation::Current => {
            scheme.is_empty()
                || scheme[0].is_ascii_alphabetic() && scheme.iter().copied().all(is_scheme_byte)
        }
        Generation::Python2 => !scheme.iter().any(|&b| b < b' ' || b == 0x7f),
        Generation::Python3 => !scheme.contains(&0),
    };
    if !good {
        return Err(Error::new(
            Code::HC_ERR_INVALID_ARG,
            "the scheme holds a byte that a scheme cannot hold",
        ));
    }
    if generation != Generation::Python3 {
        return Ok(Cow::Borrowed(scheme));
    }
    let begin = scheme.iter().position(|&b| !is_blank(b));
    let end = scheme.iter().rposition(|&b| !is_blank(b));
    match (begin, end) {
        (Some(begin), Some(end)) => dropping(&scheme[begin..=end]),
        _ => Ok(Cow::Borrowed(&[])),
    }
}

fn dropping(text: &[u8]) -> Result<Cow<'_, [u8]>> {
    if !text.iter().copied().any(is_dropped) {
        return Ok(Cow::Borrowed(text));
    }
    let mut kept = Vec::new();
    kept.try_reserve_exact(text.len())?;
    kept.extend(text.iter().copied().filter(|&b| !is_dropped(b)));
    Ok(Cow::Owned(kept))
}

//! What a driver saw of one case, and how that compares with what the table says.

use super::api::*;
use super::handle::name;
use super::reader::Reader;
use crate::corpus::{Expect, Outcome};

/// The outcome of one exchange, in the words of the table.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Seen {
    /// The code for which the call for the head failed.
    pub head_error: Option<i32>,
    /// How many bytes had been given when it failed, where the driver knows.
    pub supplied: Option<usize>,
    pub status: i32,
    pub version: i32,
    pub reason: Vec<u8>,
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub interim: Vec<i32>,
    pub remaining: i64,
    pub closing: i32,
    pub body: Vec<u8>,
    pub counted: Option<u64>,
    /// Status at the end of the body.
    pub end: i32,
    pub tunnel: Option<Vec<u8>>,
    pub trailers: Vec<(Vec<u8>, Vec<u8>)>,
    /// Of the error record: code, phase, offset, bytes of body before it.
    pub fault: Option<(i32, i32, u64, u64)>,
    pub text: String,
    /// Did the connection serve another exchange?
    pub reused: Option<bool>,
    /// Complaints of the driver itself.
    pub complaints: Vec<String>,
}

/// The first deviation from the table, or `None`.
pub fn differs(seen: &Seen, want: &Expect, reader: Reader, whole: bool) -> Option<String> {
    if let Some(complaint) = seen.complaints.first() {
        return Some(complaint.clone());
    }
    if let Some(code) = want.head_error {
        return head_differs(seen, want, code, whole);
    }
    if let Some(code) = seen.head_error {
        return Some(format!("no response: {} ({})", name(code), seen.text));
    }
    let fail = |what: &str, seen: String, want: String| Some(format!("{what}: {seen}, not {want}"));
    if seen.status != want.status {
        return fail("status", seen.status.to_string(), want.status.to_string());
    }
    if want.version.is_some_and(|v| v != seen.version) {
        return fail(
            "version",
            seen.version.to_string(),
            format!("{:?}", want.version),
        );
    }
    if want.reason.is_some_and(|r| r != seen.reason) {
        return fail(
            "reason",
            quoted(&seen.reason),
            quoted(want.reason.unwrap_or_default()),
        );
    }
    if let Some(text) = fields_differ(seen, want) {
        return Some(text);
    }
    if seen.interim != want.interim && !want.interim.is_empty() {
        return fail(
            "interim",
            format!("{:?}", seen.interim),
            format!("{:?}", want.interim),
        );
    }
    if want.remaining.is_some_and(|n| n != seen.remaining) {
        return fail(
            "remaining",
            seen.remaining.to_string(),
            format!("{:?}", want.remaining),
        );
    }
    if want
        .closing
        .is_some_and(|allowed| !allowed.contains(&seen.closing))
    {
        return fail(
            "close reason",
            seen.closing.to_string(),
            format!("{:?}", want.closing),
        );
    }
    if let Some(text) = body_differs(seen, want, reader) {
        return Some(text);
    }
    if want
        .reused
        .is_some_and(|r| seen.reused.is_some_and(|s| s != r))
    {
        return fail(
            "reused",
            format!("{:?}", seen.reused),
            format!("{:?}", want.reused),
        );
    }
    None
}

fn head_differs(seen: &Seen, want: &Expect, code: i32, whole: bool) -> Option<String> {
    match seen.head_error {
        Some(got) if got == code => {}
        Some(got) => {
            return Some(format!(
                "head: {} ({}), not {}",
                name(got),
                seen.text,
                name(code)
            ));
        }
        None => return Some(format!("head: {} and not {}", seen.status, name(code))),
    }
    if let (Some(by), Some(supplied)) = (want.by, seen.supplied)
        && supplied > by
    {
        return Some(format!("refused after {supplied} bytes, not {by}"));
    }
    match want.says {
        Some(words) if whole && !seen.text.contains(words) => {
            Some(format!("the sentence {:?} lacks {words:?}", seen.text))
        }
        _ => None,
    }
}

fn fields_differ(seen: &Seen, want: &Expect) -> Option<String> {
    let find = |wanted: &str| {
        seen.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(wanted.as_bytes()))
            .map(|(_, v)| v)
    };
    for (field, value) in &want.has {
        let got = find(field);
        if got != Some(value) {
            let got = got.map_or("nothing".to_owned(), |v| quoted(v));
            return Some(format!("{field}: {got}, not {}", quoted(value)));
        }
    }
    if let Some(field) = want.lacks.iter().find(|f| find(f).is_some()) {
        return Some(format!("{field} is there"));
    }
    if want.fields.is_some_and(|n| n != seen.headers.len()) {
        return Some(format!(
            "{} fields, not {:?}",
            seen.headers.len(),
            want.fields
        ));
    }
    let trailers = want.trailers.as_ref()?;
    let got: Vec<_> = seen
        .trailers
        .iter()
        .map(|(n, v)| (quoted(n), quoted(v)))
        .collect();
    let list: Vec<_> = trailers
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect();
    (got != list).then(|| format!("trailers {got:?}, not {list:?}"))
}

fn body_differs(seen: &Seen, want: &Expect, reader: Reader) -> Option<String> {
    let ends = match &want.outcome {
        Outcome::Complete => vec![HC_OK],
        Outcome::Error(code) => vec![*code],
        Outcome::ShortLength if reader.wants_it_all() => vec![HC_ERR_INCOMPLETE],
        Outcome::ShortLength if reader.may_end_either_way() => vec![HC_ERR_INCOMPLETE, HC_OK],
        Outcome::ShortLength => vec![HC_OK],
        Outcome::Tunnel(left) => {
            return match &seen.tunnel {
                Some(got) if got == left => None,
                got => Some(format!("leftover {got:?}, not {:?}", quoted(left))),
            };
        }
    };
    let len = seen.counted.unwrap_or(seen.body.len() as u64);
    if let Some(range) = &want.body_len {
        if !range.contains(&len) {
            return Some(format!("{len} bytes of body, not {range:?}"));
        }
    } else if seen.counted.is_some() {
        if len != want.body.len() as u64 {
            return Some(format!("{len} bytes of body, not {}", want.body.len()));
        }
    } else if seen.body != want.body {
        return Some(format!(
            "body {}, not {}",
            quoted(&seen.body),
            quoted(&want.body)
        ));
    }
    (!ends.contains(&seen.end)).then(|| {
        let ends: Vec<_> = ends.iter().map(|e| name(*e)).collect();
        format!(
            "end of body: {} ({}), not {}",
            name(seen.end),
            seen.text,
            ends.join(" or ")
        )
    })
}

/// Bytes for a message: escaped, and no longer than a line.
pub fn quoted(bytes: &[u8]) -> String {
    let text = bytes.escape_ascii().to_string();
    if text.len() <= 120 {
        text
    } else {
        format!("{}... ({} bytes)", &text[..100], bytes.len())
    }
}

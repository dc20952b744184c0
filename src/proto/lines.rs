//! The head of a response, line by line: the rules, with their exact errors.
//!
//! `head` takes a whole and plain head in one pass. What is not plain, and what has not arrived
//! whole, comes here: each line is judged as soon as its end is there, so
//! nothing is looked at twice, however the bytes are split, and the verdict on a line does
//! not depend on what follows it.

use super::fields::Fields;
use super::grammar::{is_ows, is_tchar};
use super::{Limits, Profile};
use crate::error::{Code, Error, Result};

/// What a status line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusLine {
    /// 10 or 11.
    pub version: u8,
    /// 100 to 999.
    pub status: u16,
    /// Where the reason phrase stands in the line, without blanks around it.
    pub reason: core::ops::Range<usize>,
}

/// A line without its end, CRLF or bare LF (RFC 9112 section 2.2 lets a recipient take both).
#[must_use]
pub fn without_end(line: &[u8]) -> &[u8] {
    match line {
        // Without LF only where the stream ends.
        [rest @ .., b'\r', b'\n'] | [rest @ .., b'\n' | b'\r'] => rest,
        _ => line,
    }
}

/// Looks at the beginning of a response: is it still possible that a status line comes of
/// it? A peer that speaks another protocol is found out at its first wrong byte, whether or
/// not a line end ever comes.
pub fn check_prefix(buf: &[u8]) -> Result<()> {
    const PREFIX: &[u8] = b"HTTP/";
    let wrong = buf.iter().zip(PREFIX).position(|(a, b)| a != b);
    match wrong {
        None => Ok(()),
        Some(at) => {
            Err(Error::new(Code::HC_ERR_BAD_STATUS_LINE, what_it_looks_like(buf)).at(at as u64))
        }
    }
}

#[cold]
fn what_it_looks_like(buf: &[u8]) -> &'static str {
    match buf {
        [0x15 | 0x16, 0x03, ..] | [0x15 | 0x16] => "the peer speaks TLS on this port",
        [b'h', b't', b't', b'p', ..] => "the status line is not in capitals",
        [b'I', b'C', b'Y', ..] => "the answer is SHOUTcast's ICY, not HTTP",
        [b'S', b'S', b'H', ..] => "the peer speaks SSH on this port",
        [b'P', b'R', b'I', ..] | [0, 0, _, 4, ..] => "the peer speaks HTTP/2 on this connection",
        [b'\r' | b'\n', ..] => "an empty line stands where a status line must be",
        [b'<', ..] => "the answer has no head: this looks like HTTP/0.9",
        _ => "the answer does not begin with a status line",
    }
}

/// Reads a whole status line, its end taken off.
pub fn status_line(line: &[u8], profile: Profile) -> Result<StatusLine> {
    let strict = strict_status_line(line);
    match strict {
        Err(e) if profile.has(Profile::STATUS_BLANKS) => blank_separated_status_line(line).ok_or(e),
        _ => strict,
    }
}

fn strict_status_line(line: &[u8]) -> Result<StatusLine> {
    check_prefix(line)?;
    let bad = |text: &'static str, at: usize| {
        Error::new(Code::HC_ERR_BAD_STATUS_LINE, text).at(at as u64)
    };
    let Some(rest) = line.get(5..).filter(|r| !r.is_empty()) else {
        return Err(bad("the status line ends before its version", line.len()));
    };
    let version_len = rest.iter().position(|&b| b == b' ').unwrap_or(rest.len());
    let Some([b' ', code @ ..]) = rest.get(version_len..) else {
        return Err(bad("the status line ends before its code", line.len()));
    };
    let version = version_number(&rest[..version_len])?;
    let at = 5 + version_len + 1;
    let (digits, after) = code.split_at(code.len().min(3));
    let Some(status) = status_code(digits) else {
        return Err(bad(
            "the status code is not three digits from 100 to 999",
            at,
        ));
    };
    let reason_at = match after {
        [] => at + 3,
        [b' ', ..] => at + 4,
        _ => return Err(bad("the status code is not followed by a space", at + 3)),
    };
    let reason = reason(line, reason_at.min(line.len()))?;
    Ok(StatusLine {
        version,
        status,
        reason,
    })
}

/// HTTP/1.x with one digit; a minor version above 1 is treated as the highest that is known
/// (RFC 9110 section 2.5).
fn version_number(token: &[u8]) -> Result<u8> {
    match token {
        b"1.0" => Ok(10),
        [b'1', b'.', b'1'..=b'9'] => Ok(11),
        [first, ..]
            if first.is_ascii_digit() && token.iter().all(|b| b.is_ascii_digit() || *b == b'.') =>
        {
            let text = format!("the peer speaks HTTP/{}", shown(token));
            Err(Error::new(Code::HC_ERR_UNKNOWN_PROTOCOL, text).at(5))
        }
        _ => Err(Error::new(
            Code::HC_ERR_BAD_STATUS_LINE,
            "the version is not digit '.' digit",
        )
        .at(5)),
    }
}

fn status_code(digits: &[u8]) -> Option<u16> {
    let &[a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] = digits else {
        return None;
    };
    Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
}

fn reason(line: &[u8], from: usize) -> Result<core::ops::Range<usize>> {
    let (mut start, mut end) = (from, line.len());
    if let Some(at) = line[start..]
        .iter()
        .position(|&b| (b < 0x20 && b != b'\t') || b == 0x7f)
    {
        return Err(Error::new(
            Code::HC_ERR_BAD_HEADER,
            "a control byte stands in the reason phrase",
        )
        .at((start + at) as u64));
    }
    while start < end && is_ows(line[start]) {
        start += 1;
    }
    while end > start && is_ows(line[end - 1]) {
        end -= 1;
    }
    Ok(start..end)
}

/// Python splits the line at any run of white space, also before the version.
fn blank_separated_status_line(line: &[u8]) -> Option<StatusLine> {
    let skip = |mut at: usize| {
        while line.get(at).copied().is_some_and(is_ows) {
            at += 1;
        }
        at
    };
    let word_end = |at: usize| {
        at + line[at..]
            .iter()
            .position(|&b| is_ows(b))
            .unwrap_or(line.len() - at)
    };
    let version_at = skip(0);
    let version_end = word_end(version_at);
    let token = line.get(version_at..version_end)?.strip_prefix(b"HTTP/")?;
    let version = version_number(token).ok()?;
    let code_at = skip(version_end);
    let code_end = word_end(code_at);
    let status = status_code(line.get(code_at..code_end)?)?;
    let reason = reason(line, skip(code_end)).ok()?;
    Some(StatusLine {
        version,
        status,
        reason,
    })
}

/// What a line of a header section was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// A field, a fold, or something that the profile drops.
    Field,
    /// The empty line: the section ends here.
    End,
    /// A line that ends the fields, in the Python profile, though not the section: what
    /// follows up to the empty line is lost, and with it the certainty of where bodies end.
    FieldsLost,
}

/// Takes one line of a header section, its end included. `at` is where it stands in the
/// arena of `fields`, which holds the bytes already.
pub fn field_line(
    fields: &mut Fields,
    at: usize,
    line_len: usize,
    profile: Profile,
) -> Result<LineKind> {
    let line_end = at + line_len;
    let content_len = without_end(fields.bytes(at..line_end)).len();
    let line = fields.bytes(at..at + content_len);
    let bad = |text: &'static str, i: usize| {
        Err(Error::new(Code::HC_ERR_BAD_HEADER, text).at((at + i) as u64))
    };
    match line {
        [] => return Ok(LineKind::End),
        [b' ' | b'\t', ..] => return fold_line(fields, at, content_len, line_end, profile),
        _ => {}
    }
    let Some(colon) = line.iter().position(|&b| !is_tchar(b)) else {
        return if profile.has(Profile::LOST_FIELDS) {
            Ok(LineKind::FieldsLost)
        } else {
            bad("a header line has no colon", content_len)
        };
    };
    let value_starts = colon + 1;
    if line[colon] != b':' {
        // What no profile takes: a name that another recipient may read as another name.
        let no_colon = !line.contains(&b':') && check_value(line).is_none();
        return if no_colon && profile.has(Profile::LOST_FIELDS) {
            Ok(LineKind::FieldsLost)
        } else {
            bad("a header name holds a byte that a name cannot hold", colon)
        };
    }
    if let Some(i) = check_value(&line[value_starts..]) {
        return bad("a control byte stands in a header value", value_starts + i);
    }
    if colon == 0 {
        return if profile.has(Profile::EMPTY_NAME) {
            Ok(LineKind::Field)
        } else {
            bad("a header name is empty", 0)
        };
    }
    let (mut start, mut end) = (value_starts, content_len);
    while start < end && is_ows(line[start]) {
        start += 1;
    }
    while end > start && is_ows(line[end - 1]) {
        end -= 1;
    }
    fields.add(at..at + colon, at + start..at + end, line_end)?;
    Ok(LineKind::Field)
}

fn check_value(value: &[u8]) -> Option<usize> {
    if super::grammar::is_field_value(value) {
        None
    } else {
        super::grammar::bad_value_byte(value)
    }
}

/// A folded line (RFC 9112 section 5.2): one space in its place, or, in the Python profile,
/// the line end and the blanks as they are. Never where a value decides about framing.
fn fold_line(
    fields: &mut Fields,
    at: usize,
    content_len: usize,
    line_end: usize,
    profile: Profile,
) -> Result<LineKind> {
    let content = fields.bytes(at..at + content_len);
    if let Some(i) = check_value(content) {
        return Err(Error::new(
            Code::HC_ERR_BAD_HEADER,
            "a control byte stands in a header value",
        )
        .at((at + i) as u64));
    }
    if fields.is_empty() {
        return if profile.has(Profile::RAW_FOLD) {
            Ok(LineKind::Field)
        } else {
            let text = "the first header line is a continuation of nothing";
            Err(Error::new(Code::HC_ERR_BAD_HEADER, text).at(at as u64))
        };
    }
    let name = fields.last_name();
    if [&b"Content-Length"[..], b"Transfer-Encoding", b"Connection"]
        .iter()
        .any(|n| n.eq_ignore_ascii_case(name))
    {
        return Err(Error::new(
            Code::HC_ERR_BAD_FRAMING,
            "a field that decides about framing is folded",
        )
        .at(at as u64));
    }
    let blanks = content.iter().take_while(|b| is_ows(**b)).count();
    let trailing = content[blanks..]
        .iter()
        .rev()
        .take_while(|b| is_ows(**b))
        .count();
    let text = at + blanks..at + content_len - trailing;
    if profile.has(Profile::RAW_FOLD) {
        fields.fold_into_last(b"\r\n", at..text.end.max(at), line_end)?;
    } else {
        fields.fold_into_last(b" ", text, line_end)?;
    }
    Ok(LineKind::Field)
}

/// Counts what a section may hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineCount {
    /// Lines of the header section so far, folds and dropped ones included.
    pub lines: u64,
}

impl LineCount {
    /// Counts a line of a header section; `fields` is how many fields there are with it.
    /// Python counts lines, the empty one included, so that 99 fields are its most; here the
    /// limit is of fields.
    pub fn add(&mut self, fields: usize, limits: &Limits, profile: Profile) -> Result<()> {
        self.lines += 1;
        let most = limits.headers;
        let over = most != 0
            && most
                < if profile.has(Profile::COUNT_LINES) {
                    self.lines
                } else {
                    fields as u64
                };
        if over {
            return Err(Error::new(
                Code::HC_ERR_TOO_MANY_HEADERS,
                format!("got more than {most} headers"),
            ));
        }
        Ok(())
    }
}

/// Text of the peer, for a sentence: printable and short.
#[must_use]
pub fn shown(bytes: &[u8]) -> String {
    bytes
        .iter()
        .take(64)
        .map(|&b| {
            if (0x20..0x7f).contains(&b) {
                char::from(b)
            } else {
                '?'
            }
        })
        .collect()
}

//! The trailer section of a chunked body (RFC 9112 section 7.1.2), collected line by line under
//! the limits of a head, and kept apart from the header fields.

use super::fields::Fields;
use super::grammar::is_ows;
use super::lines::{self, LineKind};
use super::request::is_forbidden_trailer;
use super::{Limits, Profile};
use crate::error::{Code, Error, Result};

/// A trailer section being read.
#[derive(Debug, Default)]
pub struct Trailers {
    line: Vec<u8>,
    bytes: u64,
    lines: u64,
    fields: Fields,
    /// The line before was dropped, and what folds it goes with it.
    dropped: bool,
    /// A line that the profile lets hide those after it.
    lost: bool,
}

impl Trailers {
    /// The fields of a complete section.
    #[must_use]
    pub fn into_fields(self) -> Fields {
        self.fields
    }

    /// Takes up to one line. Returns how many bytes that was, and whether the section has ended.
    /// `position` is where the input stands in the coded body.
    pub fn take(
        &mut self,
        input: &[u8],
        position: u64,
        limits: &Limits,
        profile: Profile,
    ) -> Result<(usize, bool)> {
        // Where the line begins, however it was split.
        let line_at = position - self.line.len() as u64;
        let end = memchr::memchr(b'\n', input).map(|i| i + 1);
        let n = end.unwrap_or(input.len());
        self.check_size(n as u64, limits)
            .map_err(|e| e.at(line_at))?;
        self.bytes += n as u64;
        self.line.try_reserve(n)?;
        self.line
            .extend_from_slice(input.get(..n).unwrap_or_default());
        if end.is_none() {
            return Ok((n, false));
        }
        let mut line = core::mem::take(&mut self.line);
        let ended = self
            .whole_line(&line, limits, profile)
            .map_err(|e| e.at(line_at))?;
        line.clear();
        self.line = line;
        Ok((n, ended))
    }

    /// Whichever limit is passed first in the stream is the one that counts.
    fn check_size(&self, n: u64, limits: &Limits) -> Result<()> {
        let line_room = limits.line.saturating_sub(self.line.len() as u64);
        let head_room = limits.head.saturating_sub(self.bytes);
        if n <= line_room.min(head_room) {
            return Ok(());
        }
        if head_room < line_room {
            let text = format!("the trailers are larger than {} bytes", limits.head);
            return Err(Error::new(Code::HC_ERR_LIMIT, text));
        }
        let text = format!(
            "got more than {} bytes when reading trailer line",
            limits.line
        );
        Err(Error::new(Code::HC_ERR_LINE_TOO_LONG, text))
    }

    /// True when the line ends the section.
    fn whole_line(&mut self, line: &[u8], limits: &Limits, profile: Profile) -> Result<bool> {
        if lines::without_end(line).is_empty() {
            return Ok(true);
        }
        self.lines += 1;
        if limits.headers != 0 && self.lines > limits.headers {
            let text = format!("got more than {} trailers", limits.headers);
            return Err(Error::new(Code::HC_ERR_LIMIT, text));
        }
        let is_fold = line.first().copied().is_some_and(is_ows);
        // Python reads trailers and drops them unseen.
        if profile.has(Profile::DROP_TRAILERS) || self.lost || (is_fold && self.dropped) {
            return Ok(false);
        }
        let name_len = memchr::memchr(b':', line).unwrap_or(0);
        self.dropped = !is_fold && line.get(..name_len).is_some_and(is_forbidden_trailer);
        if self.dropped {
            return Ok(false);
        }
        let before = self.fields.len();
        let at = self.fields.append_raw(line)?;
        let kind = lines::field_line(&mut self.fields, at, line.len(), profile)?;
        self.lost = kind == LineKind::FieldsLost;
        self.dropped = !is_fold && self.fields.len() == before;
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fold_of_a_dropped_trailer_is_dropped() {
        let mut t = Trailers::default();
        let mut rest: &[u8] = b"A: 1\r\nContent-Length: 5\r\n 6\r\nB: 2\r\n 3\r\n\r\n";
        let mut ended = false;
        while let Ok((n, end)) = t.take(rest, 0, &Limits::default(), Profile::SAFE) {
            rest = &rest[n..];
            ended = end;
            if end || n == 0 {
                break;
            }
        }
        assert!(ended);
        let fields = t.into_fields();
        let read: Vec<_> = fields.iter().map(|f| (f.name, f.value)).collect();
        assert_eq!(read, [(&b"A"[..], &b"1"[..]), (b"B", b"2 3")]);
    }
}

//! The head of a response: status line and fields, from bytes that come in any pieces.
//!
//! The common case, a whole and plain head in one piece, is taken in one pass. Everything else
//! is read by `lines`, line by line, each looked at once: a head that drips in byte by byte
//! costs no more than the bytes, and gets the same verdict. The tests ask httparse
//! for a second opinion.

use super::fields::Fields;
use super::grammar::is_ows;
use super::lines::{self, LineCount, LineKind, StatusLine};
use super::plain_head::{self, PlainStatus};
use super::{Limits, Profile};
use crate::error::{Code, Error, Result};

/// A response head. Immutable once it is complete.
#[derive(Debug, Default)]
pub struct Head {
    /// 10 or 11.
    pub version: u8,
    /// 100 to 999.
    pub status: u16,
    /// The header fields.
    pub fields: Fields,
    reason: core::ops::Range<usize>,
    /// The raw status line, its end included, has so many bytes, and this one stood where the
    /// NUL behind the reason stands.
    status_line_len: usize,
    after_reason: u8,
    /// A malformed line hid the fields after it (Python profile): where the body ends is
    /// anybody's guess, so the connection is not used again.
    pub fields_lost: bool,
}

impl Head {
    /// One that nothing has been read into.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            version: 0,
            status: 0,
            fields: Fields::new(),
            reason: 0..0,
            status_line_len: 0,
            after_reason: 0,
            fields_lost: false,
        }
    }

    /// Bytes of memory that it holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.fields.capacity()
    }

    /// The reason phrase, which may be empty; a NUL follows it in memory.
    #[must_use]
    pub fn reason(&self) -> &[u8] {
        self.fields.bytes(self.reason.clone())
    }

    /// The reason phrase with its NUL.
    #[must_use]
    pub fn reason_with_nul(&self) -> &[u8] {
        self.fields.bytes(self.reason.start..self.reason.end + 1)
    }

    /// The bytes of the status line as they came, its end included; or of the line that was
    /// refused in its place.
    #[must_use]
    pub fn raw_status_line(&self) -> Vec<u8> {
        let mut line = self.fields.bytes(0..self.status_line_len).to_vec();
        if self.status != 0
            && let Some(b) = line.get_mut(self.reason.end)
        {
            *b = self.after_reason;
        }
        line
    }

    fn set_status(&mut self, line: StatusLine) {
        self.version = line.version;
        self.status = line.status;
        self.reason = line.reason;
    }

    fn clear(&mut self) {
        self.fields.clear();
        self.reason = 0..0;
        self.status_line_len = 0;
        self.fields_lost = false;
        self.status = 0;
        self.version = 0;
    }
}

/// Reads the heads of one answer: interim ones, then the final one.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeadReader {
    stage: Stage,
    /// Bytes of the unfinished line that have been searched for its end.
    scanned: usize,
    /// The line before was one that the profile drops.
    dropped: bool,
    count: LineCount,
    /// Bytes of earlier heads and of earlier lines of this one.
    bytes: u64,
    interim: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Start,
    Fields,
    /// Up to the empty line nothing counts any more.
    Lost,
}

/// How far a piece of input led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the input that are taken; the rest has to be there again next time.
    pub used: usize,
    /// The head is complete.
    pub done: bool,
}

impl HeadReader {
    /// For a header section without a status line in front.
    #[must_use]
    pub fn of_fields() -> Self {
        Self {
            stage: Stage::Fields,
            ..Self::default()
        }
    }

    /// Has anything of an answer been seen?
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.stage != Stage::Start || self.scanned > 0
    }

    /// The head just read was an interim one: counts it and goes on to the next.
    pub fn next_head(&mut self, limits: &Limits) -> Result<()> {
        self.interim += 1;
        let most = limits.interim;
        // Python's loop counts the final status line too: 99 interim ones pass, 100 do not.
        if self.interim >= most {
            return Err(Error::new(
                Code::HC_ERR_LIMIT,
                format!("got more than {most} interim responses"),
            ));
        }
        *self = Self {
            bytes: self.bytes,
            interim: self.interim,
            ..Self::default()
        };
        Ok(())
    }

    /// Takes what has arrived. `eof`: nothing will follow it.
    pub fn advance(
        &mut self,
        buf: &[u8],
        eof: bool,
        limits: &Limits,
        profile: Profile,
        head: &mut Head,
    ) -> Result<Progress> {
        self.advance_in(buf, buf.len(), eof, limits, profile, head)
    }

    /// The same for what stands in front of a larger buffer: `len` bytes have arrived, and the
    /// room behind them may be looked at, though what is in it does not count. That is worth a
    /// tenth of the pass, and lets a head that nothing follows take it.
    #[inline]
    pub fn advance_in(
        &mut self,
        room: &[u8],
        len: usize,
        eof: bool,
        limits: &Limits,
        profile: Profile,
        head: &mut Head,
    ) -> Result<Progress> {
        let buf = room.get(..len).unwrap_or(room);
        if self.stage == Stage::Start && self.scanned == 0 {
            if let Some(used) = whole_head(room, len, self.bytes, limits, profile, head) {
                self.bytes += used as u64;
                return Ok(Progress { used, done: true });
            }
            head.clear();
            self.count = LineCount::default();
        }
        self.by_lines(buf, eof, limits, profile, head)
    }

    fn by_lines(
        &mut self,
        buf: &[u8],
        eof: bool,
        limits: &Limits,
        profile: Profile,
        head: &mut Head,
    ) -> Result<Progress> {
        let mut used = 0;
        loop {
            let rest = &buf[used..];
            if self.stage == Stage::Start
                && profile.has(Profile::HTTP09)
                && lines::check_prefix(rest).is_err()
            {
                // All of it is the body, this line first.
                head.set_status(StatusLine {
                    version: 9,
                    status: 200,
                    reason: 0..0,
                });
                head.fields.append_raw(b"\0")?;
                return Ok(Progress { used, done: true });
            }
            if self.stage == Stage::Start {
                // Blanks in front, where they are taken, are no part of the status line.
                let lax = profile.has(Profile::STATUS_BLANKS);
                let blanks = rest.iter().take_while(|b| lax && is_ows(**b)).count();
                lines::check_prefix(&rest[blanks..]).map_err(|e| {
                    let at = e.offset + blanks as u64 + self.bytes;
                    e.at(at)
                })?;
            }
            if self.stage == Stage::Start
                && let Some(at) = stray_return(rest, self.scanned)
            {
                // It shows with the byte behind it; a limit may have shown before.
                self.check_size(at + 2, limits)?;
                let text = "a CR without LF stands in the status line";
                return Err(Error::new(Code::HC_ERR_BAD_STATUS_LINE, text).at(self.bytes));
            }
            let end = memchr::memchr(b'\n', &rest[self.scanned..]).map(|i| self.scanned + i + 1);
            let len = end.unwrap_or(rest.len());
            self.check_size(len, limits)?;
            let Some(len) =
                end.or((eof && profile.has(Profile::EOF_IN_HEAD) && len > 0).then_some(len))
            else {
                self.scanned = rest.len();
                if !eof {
                    return Ok(Progress { used, done: false });
                }
                return self.cut_off(used, profile, head);
            };
            self.scanned = 0;
            used += len;
            if self.line(&rest[..len], limits, profile, head)? {
                return Ok(Progress { used, done: true });
            }
        }
    }

    /// Judges one whole line. True at the end of the head.
    fn line(
        &mut self,
        line: &[u8],
        limits: &Limits,
        profile: Profile,
        head: &mut Head,
    ) -> Result<bool> {
        let base = self.bytes;
        self.bytes += line.len() as u64;
        let at = head.fields.append_raw(line)?;
        let placed = |e: Error| {
            let offset = base + e.offset.saturating_sub(at as u64);
            e.at(offset)
        };
        if self.stage == Stage::Start {
            head.status_line_len = line.len();
            let status = lines::status_line(lines::without_end(line), profile).map_err(placed)?;
            head.after_reason = head.fields.terminate(status.reason.end);
            head.set_status(status);
            self.stage = Stage::Fields;
            return Ok(false);
        }
        let is_end = lines::without_end(line).is_empty();
        let is_fold = line.first().copied().is_some_and(is_ows);
        if self.stage == Stage::Fields && !(is_fold && self.dropped) {
            let before = head.fields.len();
            match lines::field_line(&mut head.fields, at, line.len(), profile).map_err(placed)? {
                // What folds a dropped line is dropped with it, and no part of the field before.
                LineKind::Field => self.dropped = !is_fold && head.fields.len() == before,
                LineKind::End => {}
                LineKind::FieldsLost => {
                    head.fields_lost = true;
                    self.stage = Stage::Lost;
                }
            }
        }
        self.count.add(head.fields.len(), limits, profile)?;
        Ok(is_end)
    }

    /// Whichever limit is passed first in the stream is the one that counts, however the bytes
    /// come.
    fn check_size(&self, line_len: usize, limits: &Limits) -> Result<()> {
        let head_room = limits.head.saturating_sub(self.bytes);
        let line_len = line_len as u64;
        if line_len <= limits.line.min(head_room) {
            return Ok(());
        }
        if head_room < limits.line {
            return Err(too_big(limits));
        }
        let what = if self.stage == Stage::Start {
            "status line"
        } else {
            "header line"
        };
        let text = format!("got more than {} bytes when reading {what}", limits.line);
        Err(Error::new(Code::HC_ERR_LINE_TOO_LONG, text).at(self.bytes))
    }

    /// The connection ended before the head did.
    fn cut_off(&mut self, used: usize, profile: Profile, head: &mut Head) -> Result<Progress> {
        if !self.has_begun() {
            return Err(Error::new(
                Code::HC_ERR_REMOTE_DISCONNECTED,
                "Remote end closed connection without response",
            ));
        }
        if profile.has(Profile::EOF_IN_HEAD) && self.stage != Stage::Start {
            // Python takes the end of the stream for the end of the head.
            head.fields.append_raw(b"\0")?;
            return Ok(Progress { used, done: true });
        }
        Err(Error::new(
            Code::HC_ERR_INCOMPLETE,
            "the connection ended inside the response head",
        )
        .at(self.bytes))
    }
}

/// Where a CR stands that no LF follows. It ends no line, and has no place in a status line: a
/// peer that ends its lines in it would keep us waiting for one.
fn stray_return(rest: &[u8], scanned: usize) -> Option<usize> {
    let from = scanned.saturating_sub(1);
    let at = from + memchr::memchr2(b'\r', b'\n', rest.get(from..)?)?;
    matches!(rest.get(at..), Some([b'\r', next, ..]) if *next != b'\n').then_some(at)
}

#[cold]
fn too_big(limits: &Limits) -> Error {
    Error::new(
        Code::HC_ERR_LIMIT,
        format!("the response head is larger than {} bytes", limits.head),
    )
}

/// A whole head at once, if it is all there and plain: no folds, nothing that a profile has a
/// say about. `None`: the caller reads it by lines, and finds out what is the matter.
#[inline]
fn whole_head(
    room: &[u8],
    len: usize,
    bytes_before: u64,
    limits: &Limits,
    profile: Profile,
    head: &mut Head,
) -> Option<usize> {
    let mut status = PlainStatus::default();
    let used = plain_head::read(room, len, &mut head.fields, &mut status)?;
    let counted = head.fields.len() as u64 + u64::from(profile.has(Profile::COUNT_LINES));
    let too_many = limits.headers != 0 && counted > limits.headers;
    if used as u64 > limits.line || used as u64 + bytes_before > limits.head || too_many {
        return None;
    }
    head.after_reason = head.fields.terminate(status.line.reason.end);
    head.status_line_len = status.len;
    head.set_status(status.line);
    head.fields_lost = false;
    Some(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Shown = (u8, u16, Vec<u8>, Vec<(Vec<u8>, Vec<u8>)>, Vec<Vec<u8>>);

    fn show(head: &Head) -> Shown {
        let fields = head
            .fields
            .iter()
            .map(|f| (f.name.to_vec(), f.value.to_vec()))
            .collect();
        let mut out = [0; 256];
        let lines = (0..head.fields.len())
            .map(|i| {
                let n = head.fields.raw_line(i, &mut out).unwrap_or(0);
                out[..n].to_vec()
            })
            .collect();
        (
            head.version,
            head.status,
            head.reason().to_vec(),
            fields,
            lines,
        )
    }

    fn read(pieces: &[&[u8]], profile: Profile) -> Result<Option<Shown>> {
        let mut reader = HeadReader::default();
        let mut head = Head::default();
        let mut buf = Vec::new();
        for piece in pieces {
            buf.extend_from_slice(piece);
            // Behind what has arrived stands what an earlier message left there.
            let room = [&buf[..], b"Z: z\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"].concat();
            let (len, limits) = (buf.len(), Limits::default());
            let p = reader.advance_in(&room, len, false, &limits, profile, &mut head)?;
            buf.drain(..p.used);
            if p.done {
                return Ok(Some(show(&head)));
            }
        }
        Ok(None)
    }

    /// The fast way and the slow way agree, on the verdict and on every position.
    #[test]
    fn however_it_is_split() {
        let heads: &[&[u8]] = &[
            b"HTTP/1.1 200 OK\r\nA: b\r\nC:\r\nD:  e f \t\r\n\r\n",
            b"HTTP/1.0 404\r\n\r\n",
            b"HTTP/1.1 404 \r\n\r\n",
            b"HTTP/1.1 200 a \xe9 b \r\nx: \xff\r\n\r\n",
            b"HTTP/1.1 200 OK\nA: b\nC:d\n\n",
            b"HTTP/1.1 200 OK\nA: b\r\nC:d \n\r\n",
            b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\td\r\nE: f\r\n\r\n",
            b"HTTP/1.9 200 OK\r\n\r\n",
            b"HTTP/1.10 200 OK\r\n\r\n",
            b"HTTP/2.0 200 OK\r\n\r\n",
            b"HTTP/1.1 099 OK\r\n\r\n",
            b"HTTP/1.1 200OK\r\n\r\n",
            b"HTTP/1.1  200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nA b\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n: b\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nA: b\x0b\r\n\r\n",
            b"HTTP/1.1 200 O\0K\r\nA: b\r\n\r\n",
            b"\r\nHTTP/1.1 200 OK\r\n\r\n",
            b"http/1.1 200 OK\r\n\r\n",
        ];
        for head in heads {
            for profile in [Profile::SAFE, Profile::PYTHON] {
                let whole = read(&[head], profile);
                let bytes: Vec<&[u8]> = head.chunks(1).collect();
                let dripped = read(&bytes, profile);
                match (&whole, &dripped) {
                    (Ok(a), Ok(b)) => {
                        assert_eq!(a, b, "{head:?}");
                        assert!(a.is_some(), "{head:?}");
                        let from = head.iter().position(|b| *b == b'\n').map_or(0, |i| i + 1);
                        let lines = a.as_ref().map(|s| s.4.concat()).unwrap_or_default();
                        assert!(head[from..].starts_with(&lines), "{head:?}");
                    }
                    (Err(a), Err(b)) => {
                        assert_eq!((a.code, a.offset), (b.code, b.offset), "{head:?}")
                    }
                    _ => panic!("{head:?}: {whole:?} but {dripped:?}"),
                }
            }
        }
    }

    #[test]
    fn a_fold_of_a_dropped_line_is_dropped() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n: x\r\n y\r\nA: b\r\n c\r\n\r\n";
        let got = read(&[head], Profile::PYTHON).ok().flatten();
        let fields = got.map(|s| s.3).unwrap_or_default();
        let values: Vec<&[u8]> = fields.iter().map(|f| &*f.1).collect();
        assert_eq!(values, [&b"1"[..], b"b\r\n c"]);
    }
}

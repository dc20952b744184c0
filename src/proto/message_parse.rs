//! Bytes into a header message: a block of header lines up to the empty line, with or without
//! a status line before it. The lines themselves are judged in `lines`.

use super::fields::Fields;
use super::grammar::bad_value_byte;
use super::lines::{self, LineCount, LineKind};
use super::message::{Message, defect, status};
use super::message_item::{Text, push};
use super::{Limits, Profile};
use crate::error::{Code, Error, Result};

/// By which rules, and how much.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// What is accepted.
    pub profile: Profile,
    /// Only `line`, `headers` and `head` count here.
    pub limits: Limits,
    /// Nothing will follow the bytes that are there.
    pub eof: bool,
    /// A line without a colon is skipped by itself, as Python 2.7 does; otherwise, where the
    /// profile lets it pass at all, it hides what follows, as in Python 3.
    pub skip_bad_lines: bool,
}

/// Reads a block of header lines. Gives the message and how many bytes it took.
///
/// `HC_ERR_INCOMPLETE`: the empty line has not come yet. Errors carry the byte at which the
/// trouble stands.
pub fn parse(data: &[u8], how: &How) -> Result<(Message, usize)> {
    let mut reader = Reader {
        how,
        fields: Fields::new(),
        notes: Message::new(how.profile),
        count: LineCount::default(),
        stage: Stage::Start,
        orphan: false,
    };
    let mut at = 0;
    loop {
        let rest = data.get(at..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).map(|i| i + 1);
        let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        check_size(at, line.len(), &how.limits)?;
        let may_end = how.eof && how.profile.has(Profile::EOF_IN_HEAD);
        if end.is_none() && !may_end {
            let text = "the header block has not come to its end";
            return Err(Error::new(Code::HC_ERR_INCOMPLETE, text).at(data.len() as u64));
        }
        at += line.len();
        let over = if line.is_empty() {
            reader.notes.status = status::EOF;
            true
        } else {
            reader.line(line, at - line.len())?
        };
        if over {
            return Ok((reader.finish(at)?, at));
        }
    }
}

fn check_size(at: usize, line: usize, limits: &Limits) -> Result<()> {
    if line as u64 > limits.line {
        let text = format!(
            "got more than {} bytes when reading header line",
            limits.line
        );
        return Err(Error::new(Code::HC_ERR_LINE_TOO_LONG, text).at(at as u64));
    }
    if (at + line) as u64 > limits.head {
        let text = format!("the header block is larger than {} bytes", limits.head);
        return Err(Error::new(Code::HC_ERR_LIMIT, text).at(at as u64));
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A status line or mailbox lines may stand here.
    Start,
    Fields,
    /// Up to the empty line nothing counts any more.
    Lost,
}

struct Reader<'a> {
    how: &'a How,
    fields: Fields,
    /// Everything but the fields.
    notes: Message,
    count: LineCount,
    stage: Stage,
    /// The line before was dropped: what continues it must not continue an earlier field.
    orphan: bool,
}

impl Reader<'_> {
    /// Takes a whole line that stands at `at`. True at the end of the block.
    fn line(&mut self, line: &[u8], at: usize) -> Result<bool> {
        let placed = |e: Error, base: usize| {
            let offset = at as u64 + e.offset.saturating_sub(base as u64);
            e.at(offset)
        };
        if self.stage == Stage::Start {
            if line.starts_with(b"From ") && self.notes.reads_like_python() {
                if !self.notes.unixfrom.is_empty() {
                    self.notes.note(defect::MISPLACED_FROM)?;
                }
                push(&mut self.notes.unixfrom, line)?;
                return Ok(false);
            }
            self.stage = Stage::Fields;
            if at == 0 && line.starts_with(b"HTTP/") {
                let line = lines::without_end(line);
                lines::status_line(line, self.how.profile).map_err(|e| placed(e, 0))?;
                self.notes.start_line = Some(Text::new(line)?);
                return Ok(false);
            }
        }
        let is_end = lines::without_end(line).is_empty();
        if !is_end && self.stage == Stage::Fields {
            let base = self.fields.arena_len();
            self.field(line).map_err(|e| placed(e, base))?;
        }
        let (fields, how) = (self.fields.len(), self.how);
        self.count.add(fields, &how.limits, how.profile)?;
        Ok(is_end)
    }

    fn field(&mut self, line: &[u8]) -> Result<()> {
        let profile = self.how.profile;
        let is_fold = matches!(line, [b' ' | b'\t', ..]);
        let base = self.fields.arena_len();
        if is_fold && self.orphan {
            return match bad_value_byte(lines::without_end(line)) {
                None => self.note_orphan(),
                Some(i) => {
                    let text = "a control byte stands in a header value";
                    Err(Error::new(Code::HC_ERR_BAD_HEADER, text).at((base + i) as u64))
                }
            };
        }
        let before = self.fields.len();
        self.fields.append_raw(line)?;
        match lines::field_line(&mut self.fields, base, line.len(), profile)? {
            LineKind::FieldsLost if line.starts_with(b"From ") => {
                self.orphan = true;
                self.notes.status = status::NON_HEADER;
                self.notes.note(defect::MISPLACED_FROM)
            }
            LineKind::FieldsLost => {
                self.orphan = true;
                if !self.how.skip_bad_lines {
                    self.stage = Stage::Lost;
                }
                self.notes.note_lost_fields()
            }
            _ if is_fold && before == 0 => self.note_orphan(),
            _ if is_fold => Ok(()),
            _ => {
                self.orphan = self.fields.len() == before;
                if self.orphan {
                    self.notes.note(defect::NO_NAME)
                } else {
                    Ok(())
                }
            }
        }
    }

    fn note_orphan(&mut self) -> Result<()> {
        self.notes.status = status::NON_HEADER;
        self.notes.note(defect::ORPHAN_FOLD)
    }

    fn finish(self, used: usize) -> Result<Message> {
        let mut message = Message::from_fields(&self.fields, self.how.profile)?;
        message.unixfrom = self.notes.unixfrom;
        message.start_line = self.notes.start_line;
        message.status = self.notes.status;
        message.defects = self.notes.defects;
        message.body_at = Some(used);
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: &[u8], how: How) -> core::result::Result<(String, usize), (Code, u64)> {
        match parse(data, &how) {
            Ok((m, used)) => {
                let fields = (0..m.len()).filter_map(|i| m.get(i)).map(|f| {
                    let (name, value) = (f.name.escape_ascii(), f.value.escape_ascii());
                    format!("{name}={value};")
                });
                Ok((fields.collect(), used))
            }
            Err(e) => Err((e.code, e.offset)),
        }
    }

    const SAFE: How = How {
        profile: Profile::SAFE,
        limits: Limits {
            line: 100,
            headers: 5,
            head: 200,
            interim: 0,
            chunk_extensions: 0,
            drain: 0,
            requests: 0,
        },
        eof: false,
        skip_bad_lines: false,
    };
    const PYTHON: How = How {
        profile: Profile::PYTHON,
        limits: Limits {
            headers: 0,
            ..SAFE.limits
        },
        ..SAFE
    };

    #[test]
    fn blocks() {
        let good = b"A: b\r\nC:\r\na:  d \t\nE: f\r\n g\r\n\r\nbody";
        assert_eq!(
            read(good, SAFE),
            Ok(("A=b;C=;a=d;E=f g;".into(), good.len() - 4))
        );
        assert_eq!(
            read(good, PYTHON),
            Ok(("A=b;C=;a=d;E=f\\r\\n g;".into(), good.len() - 4))
        );
        assert_eq!(read(b"\r\n", SAFE), Ok((String::new(), 2)));
        let head = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
        assert_eq!(read(head, SAFE), Ok(("A=b;".into(), head.len())));
        for cut in 0..head.len() {
            let short = read(&head[..cut], SAFE);
            assert_eq!(short, Err((Code::HC_ERR_INCOMPLETE, cut as u64)));
            let cut_off = How { eof: true, ..SAFE };
            assert_eq!(read(&head[..cut], cut_off), short);
        }
    }

    #[test]
    fn what_is_refused_and_where() {
        use Code::*;
        let rows: &[(&[u8], Code, u64)] = &[
            (b"HTTP/1.1 20 OK\r\n\r\n", HC_ERR_BAD_STATUS_LINE, 9),
            (b"A: b\r\nB\r\n\r\n", HC_ERR_BAD_HEADER, 7),
            (b"A: b\r\nB : c\r\n\r\n", HC_ERR_BAD_HEADER, 7),
            (b"A: b\r\n: c\r\n\r\n", HC_ERR_BAD_HEADER, 6),
            (b" A: b\r\n\r\n", HC_ERR_BAD_HEADER, 0),
            (b"From me\r\nA: b\r\n\r\n", HC_ERR_BAD_HEADER, 4),
            (b"A: b\rC: d\r\n\r\n", HC_ERR_BAD_HEADER, 4),
            (
                b"A: b\r\nTransfer-Encoding: a\r\n b\r\n\r\n",
                HC_ERR_BAD_FRAMING,
                28,
            ),
        ];
        for (data, code, at) in rows {
            assert_eq!(
                read(data, SAFE),
                Err((*code, *at)),
                "{}",
                data.escape_ascii()
            );
        }
        let six = b"a:1\r\nb:2\r\nc:3\r\nd:4\r\ne:5\r\nf:6\r\n\r\n";
        assert_eq!(
            read(six, SAFE).map_err(|e| e.0),
            Err(HC_ERR_TOO_MANY_HEADERS)
        );
        // Python counts lines, the empty one too.
        let counting = How {
            limits: SAFE.limits,
            ..PYTHON
        };
        assert_eq!(
            read(&six[5..], counting).map_err(|e| e.0),
            Err(HC_ERR_TOO_MANY_HEADERS)
        );
        assert!(read(&six[10..], counting).is_ok());
        let long = [b'x'; 101];
        assert_eq!(read(&long, SAFE), Err((HC_ERR_LINE_TOO_LONG, 0)));
        let lines = [b"a: 23456\r\n".repeat(5), b" 2345678\r\n".repeat(16)].concat();
        assert_eq!(read(&lines, SAFE), Err((HC_ERR_LIMIT, 200)));
    }

    #[test]
    fn what_python_copes_with() {
        let text = |data: &[u8], how| {
            let (m, _) = parse(data, &how).unwrap();
            let raw: Vec<u8> = m.raw_lines().flatten().copied().collect();
            let defects: Vec<&str> = m.defects.iter().map(|d| d.to_str().unwrap()).collect();
            let status = m.status.to_str().unwrap().to_owned();
            (String::from_utf8(raw).unwrap(), status, defects.join(" "))
        };
        let bad = b"A: 1\r\nbad\r\n 2\r\nB: 3\r\n\r\n";
        let (non_header, no_separator) = (
            "Non-header line where header expected".to_owned(),
            "MissingHeaderBodySeparatorDefect",
        );
        assert_eq!(
            text(bad, PYTHON),
            ("A: 1\r\n".into(), non_header.clone(), no_separator.into())
        );
        let two_seven = How {
            skip_bad_lines: true,
            ..PYTHON
        };
        // The fold behind the dropped line does not become part of A.
        let found = text(bad, two_seven);
        assert_eq!(
            (found.0.as_str(), found.1),
            ("A: 1\r\nB: 3\r\n", non_header)
        );
        let noise = b"From me\r\n x\r\nA: 1\r\n: y\r\n z\r\nFrom you\r\nB: 3";
        let at_eof = How {
            eof: true,
            ..PYTHON
        };
        assert_eq!(
            text(noise, at_eof),
            (
                "A: 1\r\nB: 3\r\n".into(),
                "EOF in headers".into(),
                "FirstHeaderLineIsContinuationDefect InvalidHeaderDefect \
                 FirstHeaderLineIsContinuationDefect MisplacedEnvelopeHeaderDefect"
                    .into()
            )
        );
        assert_eq!(parse(noise, &at_eof).unwrap().0.unixfrom(), b"From me\r\n");
    }
}

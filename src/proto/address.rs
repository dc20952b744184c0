//! Lists of mail addresses (RFC 5322 section 3.4), as Python's `getaddrlist` reads them: From,
//! and whatever else old messages carry.
//!
//! Python's reader calls itself for groups and comments; this one counts how deep it is, so
//! that no input can exhaust the stack.

use super::message_item::{Text, push};
use crate::error::Result;

/// A name that people read, and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// May be empty.
    pub name: Text,
    /// "user@host"; empty when there is a name and no address that can be read.
    pub address: Text,
}

/// Reads a list. Elements of which nothing can be read are left out.
pub fn parse(list: &[u8]) -> Result<Vec<Address>> {
    let mut reader = Reader {
        list,
        pos: 0,
        comments: Vec::new(),
    };
    let mut found = Vec::new();
    let mut depth = 0_usize;
    while reader.peek().is_some() {
        if depth > 0 {
            reader.skip_blanks()?;
            if reader.peek() == Some(b';') {
                reader.pos += 1;
                depth -= 1;
                reader.end_of_element()?;
                continue;
            }
        }
        reader.comments.clear();
        let Some((name, address)) = reader.element(&mut depth)? else {
            continue;
        };
        if !(name.is_empty() && address.is_empty()) {
            found.try_reserve(1)?;
            found.push(Address {
                name: Text::new(&name)?,
                address: Text::new(&address)?,
            });
        }
    }
    Ok(found)
}

struct Reader<'a> {
    list: &'a [u8],
    pos: usize,
    comments: Vec<Vec<u8>>,
}

type Pair = (Vec<u8>, Vec<u8>);

fn ends_atom(b: u8) -> bool {
    b == b'.' || ends_phrase(b)
}

fn ends_phrase(b: u8) -> bool {
    is_blank(b) || is_special(b)
}

fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_special(b: u8) -> bool {
    b"()<>@,:;\"[]".contains(&b)
}

fn join(parts: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        push(&mut out, if i > 0 { b" " } else { b"" })?;
        push(&mut out, part)?;
    }
    Ok(out)
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.list.get(self.pos).copied()
    }

    /// One address, or the head of a group, which makes `depth` one more.
    fn element(&mut self, depth: &mut usize) -> Result<Option<Pair>> {
        self.skip_blanks()?;
        let start = self.pos;
        let mut phrase = self.phrase()?;
        self.skip_blanks()?;
        let found = match self.peek() {
            Some(b'.' | b'@') => {
                // No name after all: it is the address itself.
                self.pos = start;
                let address = self.addr_spec()?;
                Some((join(&self.comments)?, address))
            }
            Some(b':') => {
                self.pos += 1;
                *depth += 1;
                return Ok(None);
            }
            Some(b'<') => {
                let address = self.route_address()?;
                let mut name = join(&phrase)?;
                if !self.comments.is_empty() {
                    push(&mut name, b" (")?;
                    push(&mut name, &join(&self.comments)?)?;
                    push(&mut name, b")")?;
                }
                Some((name, address))
            }
            _ if !phrase.is_empty() => Some((join(&self.comments)?, phrase.swap_remove(0))),
            Some(b) if is_special(b) => {
                self.pos += 1;
                None
            }
            _ => None,
        };
        self.end_of_element()?;
        Ok(found)
    }

    fn end_of_element(&mut self) -> Result<()> {
        self.skip_blanks()?;
        if self.peek() == Some(b',') {
            self.pos += 1;
        }
        Ok(())
    }

    /// Skips blanks and comments; gives the blanks that are no line ends.
    fn skip_blanks(&mut self) -> Result<Vec<u8>> {
        let mut blanks = Vec::new();
        while let Some(b) = self.peek() {
            match b {
                b'\r' | b'\n' => self.pos += 1,
                b' ' | b'\t' => {
                    push(&mut blanks, &[b])?;
                    self.pos += 1;
                }
                b'(' => self.comment()?,
                _ => break,
            }
        }
        Ok(blanks)
    }

    fn phrase(&mut self) -> Result<Vec<Vec<u8>>> {
        let mut words = Vec::new();
        while let Some(b) = self.peek() {
            match b {
                b if is_blank(b) => self.pos += 1,
                b'(' => self.comment()?,
                b'"' => {
                    words.try_reserve(1)?;
                    words.push(self.delimited(b'"')?);
                }
                b if ends_phrase(b) => break,
                _ => {
                    words.try_reserve(1)?;
                    words.push(self.until(ends_phrase)?);
                }
            }
        }
        Ok(words)
    }

    /// What stands in angle brackets; a route before the address is skipped.
    fn route_address(&mut self) -> Result<Vec<u8>> {
        self.pos += 1;
        self.skip_blanks()?;
        let mut expect_route = false;
        while let Some(b) = self.peek() {
            if expect_route {
                self.domain()?;
                expect_route = false;
            } else {
                match b {
                    b'>' => {
                        self.pos += 1;
                        break;
                    }
                    b'@' => {
                        self.pos += 1;
                        expect_route = true;
                    }
                    b':' => self.pos += 1,
                    _ => {
                        let address = self.addr_spec()?;
                        self.pos += 1;
                        return Ok(address);
                    }
                }
            }
            self.skip_blanks()?;
        }
        Ok(Vec::new())
    }

    fn addr_spec(&mut self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        // Where blanks begin that count only if something other than a dot follows.
        let mut blanks_at = None;
        self.skip_blanks()?;
        while let Some(b) = self.peek() {
            let mut keep_blanks = true;
            match b {
                b'.' => {
                    out.truncate(blanks_at.take().unwrap_or(out.len()));
                    push(&mut out, b".")?;
                    self.pos += 1;
                    keep_blanks = false;
                }
                b'"' => {
                    let text = self.delimited(b'"')?;
                    push(&mut out, b"\"")?;
                    for &b in &text {
                        let escape: &[u8] = if b == b'"' || b == b'\\' { b"\\" } else { b"" };
                        push(&mut out, escape)?;
                        push(&mut out, &[b])?;
                    }
                    push(&mut out, b"\"")?;
                }
                b if ends_atom(b) => {
                    out.truncate(blanks_at.take().unwrap_or(out.len()));
                    break;
                }
                _ => push(&mut out, &self.until(ends_atom)?)?,
            }
            let blanks = self.skip_blanks()?;
            blanks_at = None;
            if keep_blanks && !blanks.is_empty() {
                blanks_at = Some(out.len());
                push(&mut out, &blanks)?;
            }
        }
        if self.peek() != Some(b'@') {
            return Ok(out);
        }
        self.pos += 1;
        self.skip_blanks()?;
        let domain = self.domain()?;
        if domain.is_empty() {
            // No address is better than half of one.
            return Ok(Vec::new());
        }
        push(&mut out, b"@")?;
        push(&mut out, &domain)?;
        Ok(out)
    }

    fn domain(&mut self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        while let Some(b) = self.peek() {
            match b {
                b' ' | b'\t' => self.pos += 1,
                b'(' => self.comment()?,
                b'[' => {
                    let literal = self.delimited(b']')?;
                    push(&mut out, b"[")?;
                    push(&mut out, &literal)?;
                    push(&mut out, b"]")?;
                }
                b'.' => {
                    self.pos += 1;
                    push(&mut out, b".")?;
                }
                // "a@b@c" names two hosts; which one is meant is anybody's guess.
                b'@' => return Ok(Vec::new()),
                b if ends_atom(b) => break,
                _ => push(&mut out, &self.until(ends_atom)?)?,
            }
        }
        Ok(out)
    }

    fn until(&mut self, ends: fn(u8) -> bool) -> Result<Vec<u8>> {
        let rest = self.list.get(self.pos..).unwrap_or_default();
        let len = rest.iter().position(|&b| ends(b)).unwrap_or(rest.len());
        let mut out = Vec::new();
        push(&mut out, rest.get(..len).unwrap_or_default())?;
        self.pos += len;
        Ok(out)
    }

    /// What stands up to `end` or a line end, backslashes taken off.
    fn delimited(&mut self, end: u8) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        let mut escaped = false;
        self.pos += 1;
        while let Some(b) = self.peek() {
            self.pos += 1;
            match b {
                _ if escaped => {
                    push(&mut out, &[b])?;
                    escaped = false;
                }
                b'\\' => escaped = true,
                b if b == end || b == b'\r' => break,
                _ => push(&mut out, &[b])?,
            }
        }
        Ok(out)
    }

    /// Keeps a comment; those inside it become part of it, without their brackets.
    fn comment(&mut self) -> Result<()> {
        let mut out = Vec::new();
        let (mut escaped, mut depth) = (false, 0_usize);
        while let Some(b) = self.peek() {
            self.pos += 1;
            match b {
                _ if escaped => {
                    push(&mut out, &[b])?;
                    escaped = false;
                }
                b'\\' => escaped = true,
                b'(' => depth += 1,
                b')' | b'\r' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                _ => push(&mut out, &[b])?,
            }
        }
        self.comments.try_reserve(1)?;
        self.comments.push(out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &[u8]) -> Vec<(String, String)> {
        let text = |t: &Text| String::from_utf8_lossy(t.as_bytes()).into_owned();
        let found = parse(list).unwrap();
        found
            .iter()
            .map(|a| (text(&a.name), text(&a.address)))
            .collect()
    }

    #[test]
    fn lists() {
        type Row = (&'static [u8], &'static [(&'static str, &'static str)]);
        let rows: &[Row] = &[
            (b"", &[]),
            (b"a@b", &[("", "a@b")]),
            (b"A B <a@b>, c@d (see)", &[("A B", "a@b"), ("see", "c@d")]),
            (b"\"X, Y\" <x@y.z> (note)", &[("X, Y", "x@y.z")]),
            (b"(n) \"X\" (m) <x@y>", &[("X (n m)", "x@y")]),
            (
                b"g: a@b, c@d; e@f",
                &[("", "a@b"), ("", "c@d"), ("", "e@f")],
            ),
            (b"undisclosed-recipients:;", &[]),
            (b"<@r1:a@b>", &[("", "a@b")]),
            (b"a@[127.0.0.1]", &[("", "a@[127.0.0.1]")]),
            (b"\"a\\\"b\"@c", &[("", "\"a\\\"b\"@c")]),
            (b"a . b @ c", &[("", "a.b@c")]),
            (b"postmaster", &[("", "postmaster")]),
            (b"a@b@c", &[("", "@c")]),
            (b",,a@b,", &[("", "a@b")]),
            (b"A\r\n B <a@b>", &[("A B", "a@b")]),
        ];
        for (list, want) in rows {
            let want: Vec<_> = want
                .iter()
                .map(|(n, a)| ((*n).into(), (*a).into()))
                .collect();
            assert_eq!(read(list), want, "{}", list.escape_ascii());
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        for byte in b"(:<@\"[;,.\\" {
            parse(&vec![*byte; 200_000]).unwrap();
        }
        let mut nested = b"g:".repeat(100_000);
        nested.extend_from_slice(b"a@b");
        assert_eq!(read(&nested), [("".to_owned(), "a@b".to_owned())]);
    }
}

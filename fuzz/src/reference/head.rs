//! Status line and fields.

pub type Field = (Vec<u8>, Vec<u8>);

#[derive(Debug, Default)]
pub struct Head {
    /// 10, or 11 for that and every later minor version.
    pub version: i32,
    pub minor: u8,
    pub status: u16,
    pub reason: Vec<u8>,
    pub fields: Vec<Field>,
    pub folded: bool,
    pub bare_lf: bool,
    pub clean: bool,
}

impl Head {
    pub fn has(&self, name: &str) -> bool {
        self.count(name) > 0
    }

    pub fn count(&self, name: &str) -> usize {
        self.values(name).count()
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let named = move |f: &&Field| f.0.eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().filter(named).map(|f| &f.1[..])
    }

    /// The elements of all fields with a name, empty ones left out (RFC 9110 section 5.6.1).
    pub fn list(&self, name: &str) -> Vec<Vec<u8>> {
        let elements = self.values(name).flat_map(|v| v.split(|b| *b == b','));
        elements
            .map(|e| trimmed(e).to_vec())
            .filter(|e| !e.is_empty())
            .collect()
    }
}

/// Without blanks around it.
pub fn trimmed(mut s: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = s {
        s = rest;
    }
    s
}

/// A line without its end, and the bytes behind it; `None` without an end.
pub fn line(input: &[u8]) -> Option<(&[u8], &[u8], bool)> {
    let at = input.iter().position(|b| *b == b'\n')?;
    let (line, rest) = (&input[..at], &input[at + 1..]);
    Some(match line {
        [line @ .., b'\r'] => (line, rest, false),
        _ => (line, rest, true),
    })
}

pub fn is_token(s: &[u8]) -> bool {
    !s.is_empty()
        && s.iter()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b))
}

/// What RFC 9110 section 5.5 lets stand in a value.
pub fn is_text(s: &[u8]) -> bool {
    s.iter().all(|b| *b == b'\t' || (*b >= 0x20 && *b != 0x7f))
}

/// One head and its length.
pub fn read(input: &[u8]) -> Option<(Head, usize)> {
    let mut head = Head {
        clean: true,
        ..Head::default()
    };
    let (first, mut rest, bare) = line(input)?;
    head.bare_lf |= bare;
    let [
        b'H',
        b'T',
        b'T',
        b'P',
        b'/',
        b'1',
        b'.',
        minor @ b'0'..=b'9',
        b' ',
        code @ ..,
    ] = first
    else {
        return None;
    };
    head.minor = minor - b'0';
    head.version = if *minor == b'0' { 10 } else { 11 };
    let (digits, after) = code.split_first_chunk::<3>()?;
    if !digits.iter().all(u8::is_ascii_digit) || digits[0] == b'0' {
        return None;
    }
    head.status = digits.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0'));
    match after {
        [] => head.clean = false,
        [b' ', reason @ ..] if is_text(reason) => head.reason = trimmed(reason).to_vec(),
        _ => return None,
    }
    loop {
        let (text, after, bare) = line(rest)?;
        rest = after;
        head.bare_lf |= bare;
        if text.is_empty() {
            break;
        }
        if !is_text(text) {
            return None;
        }
        if matches!(text[0], b' ' | b'\t') {
            let (name, value) = head.fields.last_mut()?;
            let framing = ["content-length", "transfer-encoding", "connection"];
            if framing
                .iter()
                .any(|n| name.eq_ignore_ascii_case(n.as_bytes()))
            {
                return None;
            }
            head.folded = true;
            value.push(b' ');
            value.extend_from_slice(trimmed(text));
            *value = trimmed(value).to_vec();
            continue;
        }
        let colon = text.iter().position(|b| *b == b':')?;
        if !is_token(&text[..colon]) {
            return None;
        }
        head.fields
            .push((text[..colon].to_vec(), trimmed(&text[colon + 1..]).to_vec()));
    }
    head.clean &= !head.folded && !head.bare_lf && head.minor <= 1;
    Some((head, input.len() - rest.len()))
}

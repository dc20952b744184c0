//! A second reading of responses, written from RFC 9112 alone and for nothing but being
//! obvious: whole inputs, no state, no speed. What the library makes of a message in its safe
//! profile has to agree with it.

pub mod chunked;
mod head;

pub use head::{Field, Head};

/// How the body of a message ends.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// After so many bytes of the input.
    At(usize),
    /// Not within the input.
    Cut,
    /// The connection is no longer HTTP; what is left begins here.
    Tunnel(usize),
}

/// What stands in an input.
#[derive(Debug)]
pub struct Message {
    /// The status codes of the responses before the final one.
    pub interim: Vec<u16>,
    pub head: Head,
    /// Where the final head stands.
    pub head_at: std::ops::Range<usize>,
    pub body: Vec<u8>,
    pub trailers: Vec<Field>,
    pub end: End,
    /// The length that Content-Length declares, where it counts.
    pub declared: Option<u64>,
    /// All of it keeps to the grammar of RFC 9112 to the letter: a recipient that refuses it
    /// is wrong.
    pub clean: bool,
}

/// What of the request the answer depends on.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub head: bool,
    pub connect: bool,
    pub upgrade: bool,
}

/// Reads the first answer. `None`: it is cut short in its head, or no answer at all.
/// `ended`: the peer closes behind the input.
pub fn read(input: &[u8], asked: Asked, ended: bool) -> Option<Message> {
    let mut at = 0;
    let mut interim = Vec::new();
    let mut clean = true;
    let (head, head_at) = loop {
        let (head, len) = head::read(&input[at..])?;
        clean &= head.clean;
        let range = at..at + len;
        if head.status >= 200 || head.status == 101 {
            break (head, range);
        }
        interim.push(head.status);
        at = range.end;
    };
    let rest = &input[head_at.end..];
    let mut m = Message {
        interim,
        head,
        head_at: head_at.clone(),
        body: Vec::new(),
        trailers: Vec::new(),
        end: End::Cut,
        declared: None,
        clean,
    };
    // RFC 9112 section 6.3, in its order.
    let status = m.head.status;
    if status == 101 {
        m.end = End::Tunnel(head_at.end);
        return asked.upgrade.then_some(m);
    }
    if asked.connect && (200..300).contains(&status) {
        m.end = End::Tunnel(head_at.end);
        return Some(m);
    }
    if asked.head || status == 204 || status == 304 {
        m.end = End::At(head_at.end);
        return Some(m);
    }
    let codings = m.head.list("transfer-encoding");
    let lengths = m.head.list("content-length");
    let (has_coding, has_length) = (
        m.head.has("transfer-encoding"),
        m.head.has("content-length"),
    );
    if has_coding {
        let once = codings.len() == 1 && m.head.count("transfer-encoding") == 1;
        m.clean &= once && !has_length && m.head.version == 11;
        if codings.len() == 1 && codings[0].eq_ignore_ascii_case(b"chunked") {
            let body = chunked::read(rest);
            m.body = body.data;
            m.trailers = body.trailers;
            m.clean &= body.clean;
            if let Some(n) = body.used {
                m.end = End::At(head_at.end + n);
            }
            return Some(m);
        }
        let only_identity = codings.iter().all(|c| c.eq_ignore_ascii_case(b"identity"));
        if !only_identity || has_length {
            return None;
        }
    } else if has_length {
        // More digits than any number needs are valid, and may be refused for being many.
        m.clean &=
            lengths.len() == 1 && lengths[0].len() <= 1024 && m.head.count("content-length") == 1;
        let mut values = lengths.iter().map(|v| decimal(v));
        let first = values.next()??;
        if values.any(|v| v != Some(first)) {
            return None;
        }
        m.declared = Some(first);
        let n = usize::try_from(first).ok().filter(|n| *n <= rest.len());
        m.body = rest[..n.unwrap_or(rest.len())].to_vec();
        if let Some(n) = n {
            m.end = End::At(head_at.end + n);
        }
        return Some(m);
    }
    m.body = rest.to_vec();
    if ended {
        m.end = End::At(input.len());
    }
    Some(m)
}

/// `1*DIGIT`, below 2^63.
fn decimal(s: &[u8]) -> Option<u64> {
    if s.is_empty() || !s.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(s)
        .ok()?
        .parse()
        .ok()
        .filter(|n| *n <= i64::MAX as u64)
}

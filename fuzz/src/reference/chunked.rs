//! The chunked transfer coding.

use super::head::{Field, is_text, is_token, line, trimmed};

#[derive(Debug, Default)]
pub struct Body {
    /// The decoded bytes before the end, or before whatever is wrong.
    pub data: Vec<u8>,
    pub trailers: Vec<Field>,
    /// The length of the whole coded body.
    pub used: Option<usize>,
    pub clean: bool,
    /// The trailer line before was dropped, and so is what folds it.
    dropped: bool,
}

/// Fields that are no trailers (RFC 9110 section 6.5.1): dropped.
const NO_TRAILERS: [&str; 13] = [
    "transfer-encoding",
    "content-length",
    "content-encoding",
    "content-type",
    "content-range",
    "connection",
    "trailer",
    "host",
    "keep-alive",
    "upgrade",
    "authorization",
    "proxy-authorization",
    "set-cookie",
];

/// Reads a body from the beginning of the input.
pub fn read(input: &[u8]) -> Body {
    let mut body = Body {
        clean: true,
        ..Body::default()
    };
    let mut rest = input;
    loop {
        let Some((size, clean, after)) = size_line(rest) else {
            return body;
        };
        body.clean &= clean;
        rest = after;
        if size == 0 {
            break;
        }
        let n = usize::try_from(size).unwrap_or(usize::MAX).min(rest.len());
        body.data.extend_from_slice(&rest[..n]);
        let Some(after) = rest[n..].strip_prefix(b"\r\n").filter(|_| n as u64 == size) else {
            return body;
        };
        rest = after;
    }
    while let Some((text, after, bare)) = line(rest) {
        rest = after;
        body.clean &= !bare;
        if text.is_empty() {
            body.used = Some(input.len() - rest.len());
            return body;
        }
        if !trailer(text, &mut body) {
            return body;
        }
    }
    body
}

/// The size, whether it is spelt as everybody spells it, and what follows.
fn size_line(input: &[u8]) -> Option<(u64, bool, &[u8])> {
    let digits = input.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let text = std::str::from_utf8(&input[..digits]).ok()?;
    let zeros = text.len() - text.trim_start_matches('0').len();
    let size = u64::from_str_radix(text, 16)
        .ok()
        .filter(|n| *n <= i64::MAX as u64)?;
    let after = &input[digits..];
    let end = after.windows(2).position(|w| w == b"\r\n")?;
    let tail = &after[..end];
    let blanks = tail
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    let fine = match &tail[blanks..] {
        [] => true,
        [b';', ext @ ..] => is_text(ext),
        _ => false,
    };
    let plain = tail.is_empty() && zeros < 8 && digits < 16;
    (fine && zeros <= 64 && blanks <= 64).then_some((size, plain, &after[end + 2..]))
}

/// Takes a line of the trailer section; false when it cannot be one.
fn trailer(text: &[u8], body: &mut Body) -> bool {
    let colon = text.iter().position(|b| *b == b':').unwrap_or(0);
    let name = &text[..colon];
    if NO_TRAILERS
        .iter()
        .any(|n| name.eq_ignore_ascii_case(n.as_bytes()))
    {
        body.clean &= is_text(text);
        body.dropped = true;
        return true;
    }
    let fold = matches!(text[0], b' ' | b'\t');
    if fold && body.dropped {
        body.clean = false;
        return true;
    }
    if fold && is_text(text) {
        body.clean = false;
        let Some((_, value)) = body.trailers.last_mut() else {
            return false;
        };
        value.push(b' ');
        value.extend_from_slice(trimmed(text));
        *value = trimmed(value).to_vec();
        return true;
    }
    if !is_token(name) || !is_text(&text[colon + 1..]) {
        return false;
    }
    body.dropped = false;
    body.trailers
        .push((name.to_vec(), trimmed(&text[colon + 1..]).to_vec()));
    true
}

//! What Content-Type and its like say: a type, and parameters behind semicolons.
//!
//! The safe reading knows quoted strings (RFC 9110 section 5.6.4). The other one is that of
//! Python 2.7's `mimetools`, which does not, so that a semicolon in quotes ends a parameter.

use super::grammar::is_token;
use super::message_item::push;
use crate::error::{Code, Error, Result};

/// How a value is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Quotes count.
    Quoted,
    /// They do not.
    Python,
}

/// The type in lower case: "text/html". What has none, or one that cannot be, is
/// "text/plain" (RFC 2045 section 5.2), though Python 2.7 hands on what cannot be.
pub fn content_type(value: Option<&[u8]>, reading: Reading) -> Result<Vec<u8>> {
    let value = value.unwrap_or(b"text/plain");
    let end = value.iter().position(|&b| b == b';').unwrap_or(value.len());
    let word = value.get(..end).unwrap_or_default().trim_ascii();
    let mut out = Vec::new();
    match reading {
        Reading::Python => {
            for (i, part) in word.split(|&b| b == b'/').enumerate() {
                push(&mut out, if i > 0 { b"/" } else { b"" })?;
                push(&mut out, part.trim_ascii())?;
            }
        }
        Reading::Quoted => {
            let (main, sub) = halves(word);
            let sound = is_token(main) && is_token(sub);
            push(&mut out, if sound { word } else { b"text/plain" })?;
        }
    }
    out.make_ascii_lowercase();
    Ok(out)
}

/// What stands before and behind the first slash.
#[must_use]
pub fn halves(content_type: &[u8]) -> (&[u8], &[u8]) {
    let slash = content_type.iter().position(|&b| b == b'/');
    match slash {
        Some(at) => {
            let (main, sub) = content_type.split_at(at);
            (main, sub.get(1..).unwrap_or_default())
        }
        None => (content_type, b""),
    }
}

/// Everything from the first semicolon on.
#[must_use]
pub fn parameter_text(value: &[u8]) -> &[u8] {
    let start = value.iter().position(|&b| b == b';');
    start.and_then(|at| value.get(at..)).unwrap_or_default()
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// As it is spelt; compared in any case.
    pub name: &'a [u8],
    /// As it is spelt, quotes included; `None` when there is no '='.
    pub value: Option<&'a [u8]>,
}

/// The parameters, in order. Empty ones count in Python's reading.
pub fn parameters(value: &[u8], reading: Reading) -> impl Iterator<Item = Parameter<'_>> {
    let mut rest = parameter_text(value);
    core::iter::from_fn(move || {
        loop {
            let text = rest.strip_prefix(b";")?;
            let end = match reading {
                Reading::Python => text.iter().position(|&b| b == b';').unwrap_or(text.len()),
                Reading::Quoted => end_outside_quotes(text),
            };
            let (element, after) = text.split_at(end);
            rest = after;
            let element = element.trim_ascii();
            if !element.is_empty() || reading == Reading::Python {
                return Some(parameter(element));
            }
        }
    })
}

pub(super) fn parameter(element: &[u8]) -> Parameter<'_> {
    match element.iter().position(|&b| b == b'=') {
        Some(at) => {
            let (name, value) = element.split_at(at);
            Parameter {
                name: name.trim_ascii(),
                value: value.get(1..).map(<[u8]>::trim_ascii),
            }
        }
        None => Parameter {
            name: element,
            value: None,
        },
    }
}

pub(super) fn end_outside_quotes(text: &[u8]) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (i, &b) in text.iter().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => return i,
            _ => {}
        }
    }
    text.len()
}

/// A value without its quotes.
pub fn unquoted(value: &[u8], reading: Reading) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    match (reading, value) {
        (Reading::Quoted, [b'"', rest @ ..]) => {
            let mut escaped = false;
            out.try_reserve(rest.len())?;
            for &b in rest {
                match b {
                    _ if escaped => {
                        out.push(b);
                        escaped = false;
                    }
                    b'\\' => escaped = true,
                    // What follows the closing quote says nothing.
                    b'"' => break,
                    _ => out.push(b),
                }
            }
        }
        (Reading::Python, [b'"', inner @ .., b'"']) => {
            let once = replaced(inner, br"\\", b"\\")?;
            out = replaced(&once, b"\\\"", b"\"")?;
        }
        (Reading::Python, [b'<', inner @ .., b'>']) => push(&mut out, inner)?,
        _ => push(&mut out, value)?,
    }
    Ok(out)
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(from) {
            push(&mut out, to)?;
            rest = after;
        } else {
            push(&mut out, &[first])?;
            rest = tail;
        }
    }
    Ok(out)
}

/// Appends `; name="value"`, or `; name` without a value: what a parameter looks like in a
/// field that is being made.
pub fn push_parameter(out: &mut Vec<u8>, name: &[u8], value: Option<&[u8]>) -> Result<()> {
    if !is_token(name) {
        let text = "the name of a parameter is no token";
        return Err(Error::new(Code::HC_ERR_INVALID_ARG, text));
    }
    push(out, b"; ")?;
    push(out, name)?;
    let Some(value) = value else {
        return Ok(());
    };
    push(out, b"=\"")?;
    for &b in value {
        if b == b'"' || b == b'\\' {
            push(out, b"\\")?;
        }
        push(out, &[b])?;
    }
    push(out, b"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &[u8], reading: Reading) -> Vec<(String, Option<String>)> {
        let text = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap();
        parameters(value, reading)
            .map(|p| {
                let value = p.value.map(|v| text(&unquoted(v, reading).unwrap()));
                (text(p.name), value)
            })
            .collect()
    }

    fn pair(name: &str, value: &str) -> (String, Option<String>) {
        (name.to_owned(), Some(value.to_owned()))
    }

    #[test]
    fn types() {
        let read = |v: &[u8], r| String::from_utf8(content_type(Some(v), r).unwrap()).unwrap();
        for reading in [Reading::Quoted, Reading::Python] {
            assert_eq!(read(b" Text/HTML ; charset=x", reading), "text/html");
            assert_eq!(content_type(None, reading).unwrap(), b"text/plain");
        }
        for (value, python) in [
            (&b"text"[..], "text"),
            (b"", ""),
            (b"a / b", "a/b"),
            (b"a/b/C", "a/b/c"),
            (b";a=b", ""),
        ] {
            assert_eq!(read(value, Reading::Quoted), "text/plain");
            assert_eq!(read(value, Reading::Python), python);
        }
        assert_eq!(halves(b"a/b/c"), (&b"a"[..], &b"b/c"[..]));
        assert_eq!(halves(b"a"), (&b"a"[..], &b""[..]));
    }

    #[test]
    fn quotes_count_in_one_reading() {
        let value = br#"a/b; Name="x; y\"z" ;; flag; t = u"#;
        let quoted = read(value, Reading::Quoted);
        assert_eq!(
            quoted,
            [
                pair("Name", "x; y\"z"),
                ("flag".into(), None),
                pair("t", "u")
            ]
        );
        let python = read(value, Reading::Python);
        assert_eq!(
            python,
            [
                pair("Name", "\"x"),
                pair(r#"y\"z""#, "").clone(),
                ("".into(), None),
                ("flag".into(), None),
                pair("t", "u")
            ]
            .map(|p| if p.0.starts_with('y') { (p.0, None) } else { p })
        );
    }

    #[test]
    fn unquoting() {
        let both = |v: &[u8]| {
            let quoted = unquoted(v, Reading::Quoted).unwrap();
            let python = unquoted(v, Reading::Python).unwrap();
            let text = |b| String::from_utf8(b).unwrap();
            (text(quoted), text(python))
        };
        let same = |s: &str| (s.to_owned(), s.to_owned());
        assert_eq!(both(b"plain"), same("plain"));
        assert_eq!(both(b"\"\""), same(""));
        assert_eq!(both(br#""a\"b\\c""#), same(r#"a"b\c"#));
        // Python replaces twice, and so takes a second backslash away.
        assert_eq!(both(br#""\\\"""#), same(r#"\""#));
        assert_eq!(both(br#""a\\"""#), (r"a\".into(), r#"a""#.into()));
        assert_eq!(both(b"\"open"), ("open".into(), "\"open".into()));
        assert_eq!(both(b"<a>"), ("<a>".into(), "a".into()));
        assert_eq!(both(b"\""), ("".into(), "\"".into()));
    }

    #[test]
    fn made_parameters_are_read_back() {
        let mut out = b"attachment".to_vec();
        push_parameter(&mut out, b"filename", Some(br#"a"b\;c"#)).unwrap();
        push_parameter(&mut out, b"flag", None).unwrap();
        assert_eq!(
            read(&out, Reading::Quoted),
            [pair("filename", r#"a"b\;c"#), ("flag".into(), None)]
        );
    }
}

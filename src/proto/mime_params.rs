//! Parameters with their extended form taken off (RFC 2231, RFC 8187): `name*=charset'lang'text`
//! with percent escapes, and values in pieces, `name*0=`, `name*1*=` and so on.
//!
//! Python's reading is that of Python 3's `email` package, in every detail that can be told
//! apart. The other one takes what the RFCs let stand: a charset only in front of the first
//! piece, pieces from 0 on without a gap, and of two parameters with one name the extended one.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::grammar::is_token;
use super::message_item::push;
use super::mime::{self, Parameter, Reading};
use crate::error::Result;

/// A parameter as it was meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// In lower case.
    pub name: Vec<u8>,
    /// The bytes of the value, in `charset`.
    pub value: Vec<u8>,
    /// The value was written in the extended form.
    pub is_extended: bool,
    /// The charset that the extended form names, maybe empty.
    pub charset: Option<Vec<u8>>,
    /// The language.
    pub language: Option<Vec<u8>>,
}

/// A piece of an extended value, or the whole of it.
struct Piece {
    name: Vec<u8>,
    /// Its place among all pieces of all names.
    place: usize,
    /// Its digits, without zeros in front; `None` when the value is whole.
    number: Option<Vec<u8>>,
    /// Percent escapes count.
    is_escaped: bool,
    text: Vec<u8>,
}

/// All parameters: the plain ones in order, those with an extended form after them. In the safe
/// reading the extended ones come first, which is how RFC 6266 wants them preferred.
pub fn decoded(value: &[u8], reading: Reading) -> Result<Vec<Decoded>> {
    let (mut plain, mut pieces) = (Vec::new(), Vec::new());
    let mut rest = match reading {
        Reading::Quoted => mime::parameter_text(value),
        Reading::Python => value.get(end_as_python_3(value)..).unwrap_or_default(),
    };
    while let Some(text) = rest.strip_prefix(b";") {
        let end = match reading {
            Reading::Quoted => mime::end_outside_quotes(text),
            Reading::Python => end_as_python_3(text),
        };
        let (element, after) = text.split_at(end);
        rest = after;
        let element = element.trim_ascii();
        if element.is_empty() && reading == Reading::Quoted {
            continue;
        }
        let p = mime::parameter(element);
        let name = lowered(p.name)?;
        let text = mime::unquoted(p.value.unwrap_or_default(), reading)?;
        match extended_name(&name, reading) {
            Some(extended) => {
                pieces.try_reserve(1)?;
                pieces.push(Piece {
                    name: copy(extended.base)?,
                    place: pieces.len(),
                    number: extended.number.map(copy).transpose()?,
                    is_escaped: extended.is_escaped,
                    text,
                });
            }
            None => {
                plain.try_reserve(1)?;
                plain.push(Decoded {
                    name,
                    value: text,
                    ..Decoded::default()
                });
            }
        }
    }
    let extended = joined(&mut pieces, reading)?;
    let (mut all, mut behind) = match reading {
        Reading::Quoted => (extended, plain),
        Reading::Python => (plain, extended),
    };
    all_of(&mut all, &mut behind)?;
    Ok(all)
}

fn all_of(all: &mut Vec<Decoded>, behind: &mut Vec<Decoded>) -> Result<()> {
    all.try_reserve(behind.len())?;
    all.append(behind);
    Ok(())
}

/// Pieces of one name put together, names in the order of their first pieces.
fn joined(pieces: &mut [Piece], reading: Reading) -> Result<Vec<Decoded>> {
    // Sorting in place: no memory that could be missing, whatever the peer has sent.
    pieces.sort_unstable_by(|a, b| {
        let python = || {
            let escaped = a.is_escaped.cmp(&b.is_escaped);
            a.text.cmp(&b.text).then(escaped)
        };
        let here = match reading {
            Reading::Python => python(),
            Reading::Quoted => Ordering::Equal,
        };
        let number = a.name.cmp(&b.name).then_with(|| by_number(a, b));
        number.then(here).then(a.place.cmp(&b.place))
    });
    let mut placed: Vec<(usize, Decoded)> = Vec::new();
    for group in pieces.chunk_by(|a, b| a.name == b.name) {
        let place = group.iter().map(|p| p.place).min().unwrap_or_default();
        if let Some(whole) = join(group, reading)? {
            placed.try_reserve(1)?;
            placed.push((place, whole));
        }
    }
    placed.sort_unstable_by_key(|p| p.0);
    let mut all = Vec::new();
    all.try_reserve_exact(placed.len())?;
    all.extend(placed.into_iter().map(|p| p.1));
    Ok(all)
}

/// The parameter of this name. Python's reading also finds it where the type should stand, as
/// in `Content-Disposition: filename=x`.
pub fn find(value: &[u8], name: &[u8], reading: Reading) -> Result<Option<Decoded>> {
    let first = Reading::Python == reading;
    if let Some(found) = first.then(|| in_place_of_the_type(value)).flatten()
        && found.name.eq_ignore_ascii_case(name)
    {
        return Ok(Some(Decoded {
            name: lowered(found.name)?,
            value: mime::unquoted(found.value.unwrap_or_default(), reading)?,
            ..Decoded::default()
        }));
    }
    let all = decoded(value, reading)?;
    Ok(all.into_iter().find(|p| p.name.eq_ignore_ascii_case(name)))
}

fn in_place_of_the_type(value: &[u8]) -> Option<Parameter<'_>> {
    let first = value.get(..end_as_python_3(value))?;
    Some(mime::parameter(first.trim_ascii()))
}

/// What the asterisks behind a name say.
struct Extended<'a> {
    base: &'a [u8],
    /// Digits without zeros in front.
    number: Option<&'a [u8]>,
    is_escaped: bool,
}

/// `name*`, `name*0` or `name*0*`: what is in front, the number, and whether escapes count.
fn extended_name(name: &[u8], reading: Reading) -> Option<Extended<'_>> {
    let star = name.iter().position(|&b| b == b'*')?;
    let (base, rest) = name.split_at(star);
    let rest = rest.get(1..)?;
    let is_name = match reading {
        Reading::Quoted => is_token(base),
        Reading::Python => {
            !base.is_empty() && base.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
        }
    };
    if !is_name {
        return None;
    }
    if rest.is_empty() {
        return Some(Extended {
            base,
            number: None,
            is_escaped: true,
        });
    }
    let (digits, is_escaped) = match rest.strip_suffix(b"*") {
        Some(digits) => (digits, true),
        None => (rest, false),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let zeros = digits.iter().take_while(|b| **b == b'0').count();
    if reading == Reading::Quoted && zeros > 0 && digits.len() > 1 {
        return None;
    }
    Some(Extended {
        base,
        number: digits.get(zeros..),
        is_escaped,
    })
}

/// By number, as if the digits were one.
fn by_number(a: &Piece, b: &Piece) -> Ordering {
    let key = |p: &Piece| p.number.as_ref().map(Vec::len);
    key(a).cmp(&key(b)).then_with(|| a.number.cmp(&b.number))
}

/// The value that these pieces, sorted, make.
fn join(group: &[Piece], reading: Reading) -> Result<Option<Decoded>> {
    let sound = match reading {
        Reading::Python => group,
        Reading::Quoted => &group[..sound(group)],
    };
    let Some(first) = sound.first() else {
        return Ok(None);
    };
    let mut out = Decoded {
        name: copy(&first.name)?,
        is_extended: sound.iter().any(|p| p.is_escaped),
        ..Decoded::default()
    };
    for (i, piece) in sound.iter().enumerate() {
        let mut text = &*piece.text;
        // RFC 2231 has the charset before the escapes are taken off; Python looks for it after.
        if i == 0
            && piece.is_escaped
            && reading == Reading::Quoted
            && let Some((charset, language, value)) = around_ticks(text)
        {
            out.charset = Some(copy(charset)?);
            out.language = Some(copy(language)?);
            text = value;
        }
        if piece.is_escaped {
            push(&mut out.value, &unescaped(text)?)?;
        } else {
            push(&mut out.value, text)?;
        }
    }
    if out.is_extended
        && reading == Reading::Python
        && let Some((charset, language, value)) = around_ticks(&out.value)
    {
        let value = copy(value)?;
        (out.charset, out.language) = (Some(copy(charset)?), Some(copy(language)?));
        out.value = value;
    }
    Ok(Some(out))
}

/// How many of the pieces count: the whole value if there is one, or those that follow each
/// other from 0 on. Of two with one number none behind the first does.
fn sound(group: &[Piece]) -> usize {
    let mut next = 0;
    for (i, piece) in group.iter().enumerate() {
        match piece.number.as_deref() {
            None => return 1,
            Some(digits) if number(digits) != Some(next) => return i,
            Some(_) => next += 1,
        }
    }
    group.len()
}

fn number(digits: &[u8]) -> Option<usize> {
    match digits {
        [] => Some(0),
        _ => core::str::from_utf8(digits).ok()?.parse().ok(),
    }
}

/// `charset'language'value`.
fn around_ticks(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut parts = text.splitn(3, |&b| b == b'\'');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// Without percent escapes; what is none stays.
fn unescaped(text: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    out.try_reserve_exact(text.len())?;
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        let octet = match rest {
            [b'%', high, low, ..] => digit(*high).zip(digit(*low)).map(|(h, l)| h << 4 | l),
            _ => None,
        };
        out.push(octet.unwrap_or(first));
        rest = octet.and_then(|_| rest.get(3..)).unwrap_or(tail);
    }
    Ok(out)
}

fn digit(b: u8) -> Option<u8> {
    char::from(b)
        .to_digit(16)
        .and_then(|d| u8::try_from(d).ok())
}

/// Where an element ends as Python 3's email package sees it: quotes without a backslash in
/// front are counted, and an element that has none before its semicolon is empty.
fn end_as_python_3(text: &[u8]) -> usize {
    let (mut quotes, mut last) = (0_usize, 0);
    for (i, &b) in text.iter().enumerate() {
        if b == b'"' && (i == 0 || last != b'\\') {
            quotes += 1;
        }
        if b == b';' && (i == 0 || quotes % 2 == 0) {
            return i;
        }
        last = b;
    }
    text.len()
}

fn lowered(text: &[u8]) -> Result<Vec<u8>> {
    let mut out = copy(text)?;
    out.make_ascii_lowercase();
    Ok(out)
}

fn copy(text: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    push(&mut out, text)?;
    Ok(out)
}

/// A charset as Python looks it up: marks of any kind between words are one underscore.
fn is_charset(charset: &[u8], name: &[u8]) -> bool {
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || *b == b'.';
    let words = charset.split(|b| !is_part(b)).filter(|w| !w.is_empty());
    let mut rest = Some(name);
    for (i, word) in words.enumerate() {
        let glue: &[u8] = if i > 0 { b"_" } else { b"" };
        let after = rest.and_then(|r| r.strip_prefix(glue));
        rest = after
            .and_then(|r| r.split_at_checked(word.len()))
            .and_then(|(head, tail)| head.eq_ignore_ascii_case(word).then_some(tail));
    }
    rest == Some(b"")
}

/// The value in UTF-8, if its charset is one that is understood here.
fn as_text<'a>(value: &'a [u8], charset: Option<&[u8]>) -> Result<Cow<'a, [u8]>> {
    let charset = charset.unwrap_or(b"us-ascii");
    let is = |names: &[&[u8]]| names.iter().any(|n| is_charset(charset, n));
    let mut out = Vec::new();
    if is(&[b"utf_8", b"utf8"]) {
        for chunk in value.utf8_chunks() {
            push(&mut out, chunk.valid().as_bytes())?;
            if !chunk.invalid().is_empty() {
                push(&mut out, "\u{FFFD}".as_bytes())?;
            }
        }
    } else if is(&[b"us_ascii", b"ascii"]) {
        for b in value {
            let c = if b.is_ascii() {
                char::from(*b)
            } else {
                '\u{FFFD}'
            };
            push(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes())?;
        }
    } else if is(&[b"iso_8859_1", b"iso8859_1", b"latin_1", b"latin1"]) {
        for b in value {
            push(&mut out, char::from(*b).encode_utf8(&mut [0; 4]).as_bytes())?;
        }
    } else {
        return Ok(Cow::Borrowed(value));
    }
    Ok(Cow::Owned(out))
}

impl Decoded {
    /// The value in UTF-8, if its charset is UTF-8, ASCII or Latin-1; as it is, if it has
    /// another, or none because it was not written in the extended form. Python takes quotes
    /// off what has been unquoted once, and so does its reading.
    pub fn text(&self, reading: Reading) -> Result<Vec<u8>> {
        let is_known = !self.charset.as_ref().is_some_and(Vec::is_empty);
        let text = if self.is_extended && is_known {
            as_text(&self.value, self.charset.as_deref())?
        } else {
            Cow::Borrowed(&*self.value)
        };
        let untouched = matches!(text, Cow::Borrowed(_));
        match reading {
            Reading::Python if untouched => mime::unquoted(&text, reading),
            _ => copy(&text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Seen = (String, String, Option<String>);

    fn seen(value: &[u8], reading: Reading) -> Vec<Seen> {
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        let all = decoded(value, reading).unwrap();
        let charset = |p: &Decoded| p.charset.as_deref().map(text);
        all.iter()
            .map(|p| (text(&p.name), text(&p.value), charset(p)))
            .collect()
    }

    fn one(name: &str, value: &str, charset: Option<&str>) -> Seen {
        (name.into(), value.into(), charset.map(str::to_owned))
    }

    #[test]
    fn extended_values() {
        for reading in [Reading::Quoted, Reading::Python] {
            for (value, expected) in [
                (
                    &b"a; n*=utf-8'en'%e2%82%ac%20x"[..],
                    one("n", "\u{20ac} x", Some("utf-8")),
                ),
                (b"a; N*=''x%zz%2", one("n", "x%zz%2", Some(""))),
                (b"a; n*=x%41", one("n", "xA", None)),
                (b"a; n*1=b; n*0=a; n*2=c", one("n", "abc", None)),
                (
                    b"a; n*0*=utf-8''%41; n*1=%41; n*2*=%41",
                    one("n", "A%41A", Some("utf-8")),
                ),
                (b"a; n*10=k; n*0=0; n*1=1; n*2=2; n*3=3; n*4=4; n*5=5; n*6=6; n*7=7; n*8=8; n*9=9",
                    one("n", "0123456789k", None)),
            ] {
                assert_eq!(seen(value, reading), [expected], "{reading:?}");
            }
        }
    }

    #[test]
    fn where_the_readings_differ() {
        let both = |v: &[u8]| (seen(v, Reading::Quoted), seen(v, Reading::Python));
        // A gap ends the value, or does not matter.
        let (safe, python) = both(b"a; n*0=a; n*2=c");
        assert_eq!(safe, [one("n", "a", None)]);
        assert_eq!(python, [one("n", "ac", None)]);
        let (safe, python) = both(b"a; n*1=a");
        assert_eq!(safe, []);
        assert_eq!(python, [one("n", "a", None)]);
        // Whose charset an escaped tick can make.
        let (safe, python) = both(b"a; n*=%27utf-8%27x");
        assert_eq!(safe, [one("n", "'utf-8'x", None)]);
        assert_eq!(python, [one("n", "x", Some(""))]);
        // A name with a hyphen.
        let (safe, python) = both(b"a; x-n*=u''%41");
        assert_eq!(safe, [one("x-n", "A", Some("u"))]);
        assert_eq!(python, [one("x-n*", "u''%41", None)]);
        // Leading zeros.
        let (safe, python) = both(b"a; n*00=x");
        assert_eq!(safe, [one("n*00", "x", None)]);
        assert_eq!(python, [one("n", "x", None)]);
        // The same piece twice.
        let (safe, python) = both(b"a; n*0=x; n*0=a");
        assert_eq!(safe, [one("n", "x", None)]);
        assert_eq!(python, [one("n", "ax", None)]);
        // Both forms of one name: RFC 6266 prefers the extended one.
        let (safe, python) = both(b"a; n=x; n*=u''y");
        assert_eq!(safe, [one("n", "y", Some("u")), one("n", "x", None)]);
        assert_eq!(python, [one("n", "x", None), one("n", "y", Some("u"))]);
    }

    #[test]
    fn text_in_utf_8() {
        let text = |value: &[u8]| {
            let p = find(value, b"N", Reading::Quoted).unwrap().unwrap();
            p.text(Reading::Quoted).unwrap()
        };
        assert_eq!(text(b"a; n*=UTF-8''%c3%a4%ff"), "\u{e4}\u{fffd}".as_bytes());
        assert_eq!(text(b"a; n*=iso-8859-1''%e4"), "\u{e4}".as_bytes());
        assert_eq!(text(b"a; n*=us-ascii''a%e4"), "a\u{fffd}".as_bytes());
        assert_eq!(text(b"a; n*=Latin.1''%e4"), b"\xe4");
        assert_eq!(text(b"a; n*= Latin--1''%e4"), "\u{e4}".as_bytes());
        assert_eq!(text(b"a; n*=%e4"), "\u{fffd}".as_bytes());
        assert_eq!(text(b"a; n*=koi8-r''%e4"), b"\xe4");
        assert_eq!(text(b"a; n=\xe4"), b"\xe4");
        assert_eq!(find(b"a; n=x", b"m", Reading::Quoted).unwrap(), None);
        // No type in front.
        assert_eq!(find(b"n=x", b"n", Reading::Quoted).unwrap(), None);
        assert!(find(b"n=x", b"n", Reading::Python).unwrap().is_some());
    }
}

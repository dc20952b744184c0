//! The alphabets of RFC 9110 and 9112, as tables and small scanners.

use wide::u8x16;

/// Is the byte a `tchar` (RFC 9110 section 5.6.2)?
#[inline]
#[must_use]
pub const fn is_tchar(b: u8) -> bool {
    TCHAR[b as usize]
}

const TCHAR: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        let c = b as u8;
        table[b] = c.is_ascii_alphanumeric()
            || matches!(
                c,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            );
        b += 1;
    }
    table
};

/// Is it a token: one `tchar` or more?
#[inline]
#[must_use]
pub fn is_token(s: &[u8]) -> bool {
    !s.is_empty() && token_end(s, 0) == s.len()
}

/// Where the token that begins at `at` ends. Sixteen bytes at a time: every name of every head
/// passes here.
#[inline(always)]
#[must_use]
pub fn token_end(s: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = s.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let others = not_in_common_names(chunk);
        if others != 0 {
            at += others.trailing_zeros() as usize;
            if !s.get(at).copied().is_some_and(is_tchar) {
                return at;
            }
            // One of the letters that are legal and rare.
            at += 1;
        } else {
            at += 16;
        }
    }
    while let Some(&[a, b, c, d]) = s.get(at..).and_then(<[u8]>::first_chunk::<4>) {
        if !(is_tchar(a) & is_tchar(b) & is_tchar(c) & is_tchar(d)) {
            break;
        }
        at += 4;
    }
    while s.get(at).copied().is_some_and(is_tchar) {
        at += 1;
    }
    at
}

/// A bit for each byte that is no letter, digit or hyphen: names are made of these, and the
/// other tchars are not worth their comparisons.
#[inline(always)]
pub(super) fn not_in_common_names(chunk: &[u8; 16]) -> u32 {
    let bytes = u8x16::new(*chunk);
    let up_to = |from: u8, most: u8, bytes: u8x16| {
        let above = bytes - u8x16::splat(from);
        above.min(u8x16::splat(most)).simd_eq(above)
    };
    // 0x20 makes capitals small, and no other byte a small letter.
    let letters = up_to(b'a', 25, bytes | u8x16::splat(0x20));
    let common = letters | up_to(b'0', 9, bytes) | bytes.simd_eq(u8x16::splat(b'-'));
    common.to_bitmask() ^ 0xffff
}

/// A bit for each control byte, DEL among them.
#[inline(always)]
pub(super) fn controls_of(chunk: &[u8; 16]) -> u32 {
    let bytes = u8x16::new(*chunk);
    let low = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    (low | bytes.simd_eq(u8x16::splat(0x7f))).to_bitmask()
}

/// A bit for each byte that is not visible ASCII.
#[inline(always)]
pub(super) fn not_visible_of(chunk: &[u8; 16]) -> u32 {
    let bytes = u8x16::new(*chunk);
    let above = bytes - u8x16::splat(0x21);
    let visible = above.min(u8x16::splat(0x7e - 0x21)).simd_eq(above);
    visible.to_bitmask() ^ 0xffff
}

/// A byte in every place of a word.
const fn every(b: u8) -> u64 {
    u64::from_ne_bytes([b; 8])
}

fn word(chunk: &[u8]) -> u64 {
    chunk.try_into().map_or(0, u64::from_ne_bytes)
}

/// The places of the control bytes of a word, DEL among them: the high bit of each. Exact up to
/// and including the first one.
#[inline]
const fn controls(w: u64) -> u64 {
    // Below 0x20 the subtraction borrows; 0x7F plus one reaches the high bit. Neither counts
    // where the high bit was set before.
    let below_blank = w.wrapping_sub(every(0x20));
    let delete = (w & every(0x7f)) + every(1);
    (below_blank | delete) & !w & every(0x80)
}

/// Where the first control byte from `at` on stands: TAB, line ends, DEL and all the others.
/// Sixteen bytes at a time, because every value of every head passes here.
#[inline(always)]
#[must_use]
pub fn find_control(s: &[u8], mut at: usize) -> Option<usize> {
    while let Some(chunk) = s.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let found = controls_of(chunk);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        at += 16;
    }
    while let Some(chunk) = s.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let found = controls(u64::from_le_bytes(*chunk));
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = s.get(at..)?;
    rest.iter()
        .position(|&b| b < 0x20 || b == 0x7f)
        .map(|i| at + i)
}

/// Does a field value hold only what RFC 9110 section 5.5 lets it hold: no control byte but
/// TAB?
#[inline]
#[must_use]
pub fn is_field_value(s: &[u8]) -> bool {
    find_control(s, 0).is_none() || bad_value_byte(s).is_none()
}

/// The position of the first byte that may not stand in a field value.
#[must_use]
pub fn bad_value_byte(s: &[u8]) -> Option<usize> {
    s.iter()
        .position(|&b| (b < 0x20 && b != b'\t') || b == 0x7f)
}

/// Are two names equal but for the case of ASCII letters? Independent of any locale.
#[inline]
#[must_use]
pub fn eq_ignore_case(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if a.len() < 8 {
        return a.iter().zip(b).all(|(x, y)| x.eq_ignore_ascii_case(y));
    }
    let last = a.len() - 8;
    let same = |at: usize| match (a.get(at..at + 8), b.get(at..at + 8)) {
        (Some(x), Some(y)) => lower(word(x)) == lower(word(y)),
        _ => false,
    };
    let mut at = 0;
    while at < last {
        if !same(at) {
            return false;
        }
        at += 8;
    }
    same(last)
}

/// Eight bytes, ASCII capitals made small.
#[inline]
const fn lower(w: u64) -> u64 {
    let low = w & every(0x7f);
    let from_a = low.wrapping_add(every(0x80 - b'A'));
    let beyond_z = low.wrapping_add(every(0x7f - b'Z'));
    let capital = (from_a ^ beyond_z) & !w & every(0x80);
    w | (capital >> 2)
}

/// Only visible ASCII, 0x21 to 0x7E: what a request target may hold on the wire.
#[inline]
#[must_use]
pub fn is_visible_ascii(s: &[u8]) -> bool {
    let mut bad = false;
    for &b in s {
        bad |= b.wrapping_sub(0x21) > 0x7e - 0x21;
    }
    !bad
}

/// Optional white space (RFC 9110 section 5.6.3).
#[inline]
#[must_use]
pub const fn is_ows(b: u8) -> bool {
    b == b' ' || b == b'\t'
}

/// Without the white space around it.
#[inline]
#[must_use]
pub fn trim_ows(mut s: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = s {
        if !is_ows(*first) {
            break;
        }
        s = rest;
    }
    while let [rest @ .., last] = s {
        if !is_ows(*last) {
            break;
        }
        s = rest;
    }
    s
}

/// The elements of a comma-separated list, empty ones left out (RFC 9110 section 5.6.1).
pub fn list_elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|&b| b == b',')
        .map(trim_ows)
        .filter(|e| !e.is_empty())
}

/// Does a comma-separated list hold this token, in any case?
#[must_use]
pub fn list_has(value: &[u8], token: &[u8]) -> bool {
    eq_ignore_case(value, token) || list_elements(value).any(|e| eq_ignore_case(e, token))
}

/// `1*DIGIT` that fits in 63 bits. Zeros in front are legal, and capped so that nobody can
/// make us look at a megabyte of them.
#[must_use]
pub fn decimal(s: &[u8]) -> Option<u64> {
    const MOST_DIGITS: usize = 1024;
    if s.is_empty() || s.len() > MOST_DIGITS {
        return None;
    }
    // Eighteen digits cannot overflow.
    if s.len() <= 18 {
        let mut n = 0;
        for &b in s {
            let d = b.wrapping_sub(b'0');
            if d > 9 {
                return None;
            }
            n = n * 10 + u64::from(d);
        }
        return Some(n);
    }
    let mut n: u64 = 0;
    for &b in s {
        if !b.is_ascii_digit() {
            return None;
        }
        n = n.checked_mul(10)?.checked_add(u64::from(b - b'0'))?;
    }
    (n <= i64::MAX as u64).then_some(n)
}

/// The decimal digits of a number, without allocation.
#[derive(Clone, Copy)]
pub struct Decimal {
    digits: [u8; 20],
    from: u8,
}

impl Decimal {
    /// The digits of `n`.
    #[must_use]
    pub fn of(mut n: u64) -> Self {
        let mut digits = [b'0'; 20];
        let mut from = 20_u8;
        for d in digits.iter_mut().rev() {
            from -= 1;
            *d = b'0' + (n % 10) as u8;
            n /= 10;
            if n == 0 {
                break;
            }
        }
        Self { digits, from }
    }

    /// As bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.digits
            .get(usize::from(self.from)..)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_words_are_values_by_bytes() {
        for len in 0..40 {
            for at in 0..len {
                for b in 0..=255_u8 {
                    let mut s = vec![b'x'; len];
                    s[at] = b;
                    assert_eq!(
                        is_field_value(&s),
                        bad_value_byte(&s).is_none(),
                        "{len} {at} {b}"
                    );
                }
            }
        }
    }

    #[test]
    fn tokens_by_sixteen_are_tokens_by_bytes() {
        for len in 0..40 {
            for at in 0..len {
                for b in 0..=255_u8 {
                    let mut s = vec![b'x'; len];
                    s[at] = b;
                    let end = if is_tchar(b) { len } else { at };
                    assert_eq!(token_end(&s, 0), end, "{len} {at} {b}");
                }
            }
        }
    }

    #[test]
    fn names_by_words_are_names_by_bytes() {
        for len in 0..40 {
            for at in 0..len {
                for (x, y) in
                    (0..=255_u8).flat_map(|x| [(x, x ^ 0x20), (x, x), (x, x.wrapping_add(1))])
                {
                    let (mut a, mut b) = (vec![b'q'; len], vec![b'Q'; len]);
                    a[at] = x;
                    b[at] = y;
                    assert_eq!(
                        eq_ignore_case(&a, &b),
                        a.eq_ignore_ascii_case(&b),
                        "{len} {at} {x} {y}"
                    );
                }
            }
        }
    }
}

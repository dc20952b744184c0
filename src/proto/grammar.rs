//! The alphabets of RFC 9110 and 9112, as tables and small scanners.

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
    !s.is_empty() && s.iter().all(|&b| is_tchar(b))
}

/// Does a field value hold only what RFC 9110 section 5.5 lets it hold: no control byte but
/// TAB? Written without an early exit so that the compiler makes vector code of it.
#[inline]
#[must_use]
pub fn is_field_value(s: &[u8]) -> bool {
    let mut bad = false;
    for &b in s {
        bad |= (b < 0x20 && b != b'\t') | (b == 0x7f);
    }
    !bad
}

/// The position of the first byte that may not stand in a field value.
#[must_use]
pub fn bad_value_byte(s: &[u8]) -> Option<usize> {
    s.iter()
        .position(|&b| (b < 0x20 && b != b'\t') || b == 0x7f)
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
    list_elements(value).any(|e| e.eq_ignore_ascii_case(token))
}

/// `1*DIGIT` that fits in 63 bits. Zeros in front are legal, and capped so that nobody can
/// make us look at a megabyte of them.
#[must_use]
pub fn decimal(s: &[u8]) -> Option<u64> {
    const MOST_DIGITS: usize = 1024;
    if s.is_empty() || s.len() > MOST_DIGITS {
        return None;
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

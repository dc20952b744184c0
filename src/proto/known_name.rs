//! Field names that the library knows by heart: compared with a name of a message in a few
//! instructions, because every field of every head is asked whether it is one of them.

/// A name of 4 letters or more, in any case.
pub(super) struct KnownName<const N: usize> {
    small: [u8; N],
    /// The bit that makes a capital small, where a letter stands. A hyphen has none, so that no
    /// other byte is taken for it.
    case: [u8; N],
}

impl<const N: usize> KnownName<N> {
    pub(super) const fn new(name: &[u8; N]) -> Self {
        let (mut small, mut case) = ([0; N], [0; N]);
        let mut i = 0;
        while i < N {
            if name[i].is_ascii_alphabetic() {
                case[i] = 0x20;
            }
            small[i] = name[i] | case[i];
            i += 1;
        }
        Self { small, case }
    }

    #[inline(always)]
    pub(super) fn is(&self, name: &[u8]) -> bool {
        let Ok(name) = <&[u8; N]>::try_from(name) else {
            return false;
        };
        let mut at = 0;
        if N < 8 {
            return self.is_same::<4>(name, 0) && self.is_same::<4>(name, N - 4);
        }
        while at + 8 < N {
            if !self.is_same::<8>(name, at) {
                return false;
            }
            at += 8;
        }
        self.is_same::<8>(name, N - 8)
    }

    /// Are these bytes the same? Of no more than a word.
    #[inline(always)]
    fn is_same<const W: usize>(&self, name: &[u8; N], at: usize) -> bool {
        word::<W>(name, at) | word::<W>(&self.case, at) == word::<W>(&self.small, at)
    }
}

#[inline(always)]
fn word<const W: usize>(bytes: &[u8], at: usize) -> u64 {
    let piece = bytes.get(at..).and_then(<[u8]>::first_chunk::<W>);
    let mut word = [0; 8];
    if let (Some(piece), Some(place)) = (piece, word.first_chunk_mut::<W>()) {
        *place = *piece;
    }
    u64::from_ne_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agrees<const N: usize>(known: &[u8; N]) {
        let name = KnownName::new(known);
        assert!(name.is(known) && name.is(&known.to_ascii_uppercase()));
        assert!(!name.is(&known[1..]) && !name.is(b""));
        for at in 0..N {
            for b in 0..=255 {
                let mut other = *known;
                other[at] = b;
                assert_eq!(
                    name.is(&other),
                    other.eq_ignore_ascii_case(known),
                    "{at} {b}"
                );
            }
        }
    }

    #[test]
    fn known_names_are_compared_like_others() {
        agrees(b"Host");
        agrees(b"Expect");
        agrees(b"Upgrade");
        agrees(b"Keep-Alive");
        agrees(b"Content-Length");
        agrees(b"Proxy-Connection");
        agrees(b"Transfer-Encoding");
        agrees(b"Proxy-Authorization");
    }
}

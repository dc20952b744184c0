//! Lines of a request head that are short, as nearly all are: they are put together in registers
//! and on the stack, and checked there, where whole vectors can be loaded across their ends. A
//! head is then written with one copy a line instead of five.

use super::grammar::{controls_of, not_in_common_names, not_visible_of};

const SIZE: usize = 144;
const VECTOR: usize = 16;

/// What is being put together. Whatever does not fit is left to the long way.
pub(super) struct ShortLine {
    bytes: [u8; SIZE],
    len: usize,
}

impl ShortLine {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; SIZE],
            len: 0,
        }
    }

    #[inline(always)]
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Adds bytes, if they fit; a vector always fits behind them.
    #[inline(always)]
    pub(super) fn put(&mut self, s: &[u8]) -> Option<()> {
        let room = SIZE - VECTOR;
        let end = self.len.checked_add(s.len()).filter(|end| *end <= room)?;
        copy_short(self.bytes.get_mut(self.len..end)?, s);
        self.len = end;
        Some(())
    }

    /// Is this its first byte that is not of a common name? Not when that is behind the vector.
    #[inline(always)]
    pub(super) fn is_name_up_to(&self, end: usize) -> bool {
        let Some(first) = self.bytes.first_chunk::<VECTOR>() else {
            return false;
        };
        let others = not_in_common_names(first);
        // A vector without others has its first one nowhere, which is not at 32.
        others != 0 && end != 0 && others.trailing_zeros() as usize == end
    }

    /// Is this the first byte behind `start` that is not visible?
    #[inline(always)]
    pub(super) fn is_visible_up_to(&self, start: usize, end: usize) -> bool {
        self.finds_at(start, end, not_visible_of)
    }

    /// Is this the first control byte behind `start`?
    #[inline(always)]
    pub(super) fn is_value_up_to(&self, start: usize, end: usize) -> bool {
        self.finds_at(start, end, controls_of)
    }

    #[inline(always)]
    fn finds_at(&self, start: usize, end: usize, masked: fn(&[u8; VECTOR]) -> u32) -> bool {
        let mut at = start;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let Some(chunk) = rest.first_chunk() else {
                return false;
            };
            let found = masked(chunk);
            if found != 0 {
                return at + found.trailing_zeros() as usize == end;
            }
            at += VECTOR;
        }
    }
}

/// Copies few bytes without a call: their beginning and their end, which may overlap.
#[inline(always)]
fn copy_short(to: &mut [u8], from: &[u8]) {
    match from.len() {
        17.. => {
            if from.len() > 32 || !copy_ends::<16>(to, from) {
                to.copy_from_slice(from);
            }
        }
        16 => to.copy_from_slice(from.first_chunk::<16>().unwrap_or(&[0; 16])),
        8..=15 => _ = copy_ends::<8>(to, from),
        4..=7 => _ = copy_ends::<4>(to, from),
        2..=3 => _ = copy_ends::<2>(to, from),
        _ => {
            for (to, from) in to.iter_mut().zip(from) {
                *to = *from;
            }
        }
    }
}

#[inline(always)]
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) -> bool {
    if let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) {
        let (first, last) = (*first, *last);
        if let Some(place) = to.first_chunk_mut() {
            *place = first;
        }
        if let Some(place) = to.last_chunk_mut() {
            *place = last;
        }
        return true;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_every_length_that_fits() {
        let from: Vec<u8> = (1..=255).collect();
        for len in 0..=SIZE {
            for before in [0, 1, 7, 20] {
                let mut line = ShortLine::new();
                assert!(line.put(&vec![b'-'; before]).is_some());
                let fits = before + len <= SIZE - VECTOR;
                assert_eq!(line.put(&from[..len]).is_some(), fits, "{before} {len}");
                let mut whole = vec![b'-'; before];
                if fits {
                    whole.extend_from_slice(&from[..len]);
                }
                assert_eq!(line.as_bytes(), whole, "{before} {len}");
                assert!(line.bytes[line.len..].iter().all(|b| *b == 0));
            }
        }
    }
}

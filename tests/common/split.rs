//! Where the bytes of a response are cut into pieces.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    Whole,
    /// Two pieces; the number is the length of the first.
    At(usize),
    Bytes,
}

impl Split {
    pub fn pieces(self, bytes: &[u8]) -> Vec<Vec<u8>> {
        match self {
            _ if bytes.is_empty() => Vec::new(),
            Self::Whole => vec![bytes.to_vec()],
            Self::At(n) => vec![bytes[..n].to_vec(), bytes[n..].to_vec()],
            Self::Bytes => bytes.iter().map(|b| vec![*b]).collect(),
        }
    }
}

/// Every two-way split of a short response.
///
/// A large one (over 4 KiB) is cut where something happens: beside every line end of its
/// first and last 256 bytes, around its middle, and around the sizes that buffers and
/// limits like to have. The rest of it is one run of equal bytes, and a cut in there is a
/// cut anywhere in there.
pub fn two_way(bytes: &[u8], large: bool) -> Vec<Split> {
    let len = bytes.len();
    if !large {
        return (1..len).map(Split::At).collect();
    }
    let mut at = Vec::new();
    for (i, b) in bytes.iter().enumerate() {
        if matches!(b, b'\r' | b'\n' | b';') && (i < 256 || i + 256 > len) {
            at.extend([i, i + 1]);
        }
    }
    for size in [len / 2, 4096, 8192, 16_384, 65_536, 262_144] {
        at.extend([size - 1, size, size + 1]);
    }
    at.retain(|n| (1..len).contains(n));
    at.sort_unstable();
    at.dedup();
    // A long run of short lines has more line ends there than add anything.
    let step = at.len().div_ceil(16);
    at.into_iter().step_by(step.max(1)).map(Split::At).collect()
}

//! A smaller input that shows the same violation.

use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

/// Cuts pieces out, large ones first, then makes bytes plain; the settings in the first
/// `prefix` bytes become 0 where that changes nothing. `same`: does the violation still show?
pub fn minimised(input: &[u8], prefix: usize, same: &mut dyn FnMut(&[u8]) -> bool) -> Vec<u8> {
    let end = Instant::now() + PATIENCE;
    let mut best = input.to_vec();
    loop {
        let before = best.clone();
        let mut piece = best.len().div_ceil(2).max(1);
        loop {
            let mut at = prefix.min(best.len());
            while at < best.len() && Instant::now() < end {
                let mut shorter = best.clone();
                shorter.drain(at..(at + piece).min(best.len()));
                if same(&shorter) {
                    best = shorter;
                } else {
                    at += piece;
                }
            }
            if piece == 1 {
                break;
            }
            piece = piece.div_ceil(2);
        }
        for at in 0..best.len() {
            for plain in if at < prefix { [0, 1] } else { [b'a', b'0'] } {
                if best[at] == plain || Instant::now() > end {
                    break;
                }
                let mut plainer = best.clone();
                plainer[at] = plain;
                if same(&plainer) {
                    best = plainer;
                    break;
                }
            }
        }
        if best == before || Instant::now() > end {
            return best;
        }
    }
}

//! Any sequence of calls of the C interface, legal and illegal, with handles that are NULL,
//! numbers that are none, transports that fail and frees in any order.
//!
//! What must hold after every call: no HC_ERR_INTERNAL unless a callback lied about a count;
//! the state is where hc_transition says, or where it was if the call was refused; a refused
//! call has changed nothing that can be asked for; the error record is that of the call; a
//! failed response says the same again. And at the end: every transport that was taken has
//! been destroyed once, no descriptor and no memory is left.

use crate::engine::{Checked, Target, signature};
use std::cell::RefCell;
use std::collections::HashSet;
use world::World;

mod bodies;
#[allow(
    clippy::undocumented_unsafe_blocks,
    reason = "World::call has one promise for all"
)]
mod calls;
#[allow(
    clippy::undocumented_unsafe_blocks,
    reason = "World::read has one promise for all"
)]
mod responses;
mod scripts;
#[allow(
    clippy::undocumented_unsafe_blocks,
    reason = "World::call has one promise for all"
)]
mod wires;
mod world;

#[derive(Default)]
pub struct Session {
    /// Pairs of neighbouring calls with their states and results that have been seen.
    seen: RefCell<HashSet<u64>>,
}

impl Target for Session {
    fn name(&self) -> &'static str {
        "session"
    }

    fn prefix(&self) -> usize {
        0
    }

    fn tokens(&self) -> &'static [&'static [u8]] {
        // Beginnings that lead somewhere: see `calls::Op` for the numbers.
        &[
            &[0, 0],
            &[0, 0, 2, 0, 0, 1, 0, 0],
            &[0, 0, 3, 0],
            &[11, 0, 0, 0, 0, 0],
            &[12, 0],
            &[15, 0, 0],
            &[16, 0],
            &[17, 0],
            &[19, 0, 0],
            &[21, 0, 255],
            &[22, 0, 0, 1],
            &[36, 0, 4, 1],
            &[37, 0],
        ]
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let mut seeds = Vec::new();
        // Over each kind of wire: request, answer, reading, each answer there is.
        for answer in 0..scripts::COUNT as u8 {
            for way in 0..3_u8 {
                let mut s = vec![0, 0];
                match way {
                    0 => s.extend_from_slice(&[2, 0, 1, 0, answer, 0, 0, 0]),
                    1 => s.extend_from_slice(&[3, 0, 19, 0, answer]),
                    _ => s.extend_from_slice(&[4, 0, answer]),
                }
                let exchange = [
                    11,
                    0,
                    answer % 6,
                    0,
                    0,
                    0,
                    21,
                    0,
                    255,
                    11,
                    0,
                    answer % 6,
                    0,
                    0,
                    0,
                    12,
                    0,
                ];
                s.extend_from_slice(&exchange);
                s.extend_from_slice(&[13, 0, answer % 9, 7, 13, 0, 0, 7, 12, 0]);
                seeds.push(s);
            }
        }
        // Three requests ahead, then their answers; the last of them may be one of any kind.
        for answer in 0..scripts::COUNT as u8 {
            let mut s = vec![0, 0, 3, 0, 36, 0, 4, 1];
            for _ in 0..3 {
                s.extend_from_slice(&[11, 0, 0, 0, 0, 0]);
            }
            s.extend_from_slice(&[37, 0, 19, 0, 0, 19, 0, answer]);
            for _ in 0..3 {
                s.extend_from_slice(&[12, 0, 13, 0, 0, 7, 17, 0]);
            }
            seeds.push(s);
        }
        seeds
    }

    fn describe(&self, _: &[u8]) -> String {
        "the steps are above".to_owned()
    }

    fn check(&self, input: &[u8]) -> Checked {
        let mut world = World::new();
        let outcome = world.run(input);
        let trace = world.finish(outcome)?;
        let mut new = 0;
        let mut seen = self.seen.borrow_mut();
        for pair in trace.windows(2) {
            let key = signature(pair);
            if seen.insert(key) {
                new = key;
            }
        }
        Ok(new)
    }
}

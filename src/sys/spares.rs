//! Memory that nobody needs for the moment, for whoever needs the like of it next. A handful of
//! places for the whole process: no lock, no thread-local destructor, nothing to do when the
//! library is loaded or a process forks, and nothing that grows with what the program does.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use super::helgrind;

/// How many are kept. Threads begin to look at places of their own, so it is also how many of
/// them get by without sharing a cache line.
const PLACES: usize = 16;

/// A cache line for each.
#[repr(align(64))]
struct Place<T>(AtomicPtr<T>);

/// See the module.
pub struct Spares<T: Send> {
    places: [Place<T>; PLACES],
}

impl<T: Send> Default for Spares<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Send> Spares<T> {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            places: [const { Place(AtomicPtr::new(ptr::null_mut())) }; PLACES],
        }
    }

    /// One of them, if there is any.
    #[inline]
    pub fn take(&self) -> Option<Box<T>> {
        let nearest = self.places.get(Self::nearest())?;
        // A miss is about to cost an allocation: then a look at all the others is cheap.
        Self::take_from(nearest).or_else(|| self.places.iter().find_map(Self::take_from))
    }

    /// Keeps it, or frees it if there is no room.
    #[inline]
    pub fn put(&self, spare: Box<T>) {
        let spare = Box::into_raw(spare);
        let is_kept = self
            .places
            .get(Self::nearest())
            .is_some_and(|p| Self::put_into(p, spare));
        if !is_kept {
            self.put_elsewhere(spare);
        }
    }

    #[cold]
    fn put_elsewhere(&self, spare: *mut T) {
        if !self.places.iter().any(|p| Self::put_into(p, spare)) {
            // SAFETY: `put` has made it of a box, and no place has taken it.
            drop(unsafe { Box::from_raw(spare) });
        }
    }

    #[inline]
    fn take_from(place: &Place<T>) -> Option<Box<T>> {
        if place.0.load(Ordering::Relaxed).is_null() {
            return None;
        }
        let spare = place.0.swap(ptr::null_mut(), Ordering::Acquire);
        if spare.is_null() {
            return None;
        }
        helgrind::received(spare.addr());
        // SAFETY: what is in a place was made of a box, and whoever swaps it out owns it.
        Some(unsafe { Box::from_raw(spare) })
    }

    #[inline]
    fn put_into(place: &Place<T>, spare: *mut T) -> bool {
        helgrind::sending(spare.addr());
        place
            .0
            .compare_exchange(ptr::null_mut(), spare, Ordering::Release, Ordering::Relaxed)
            .is_ok()
    }

    /// Where this thread begins to look: stacks are far apart, so that where one is tells threads
    /// apart well enough for a hint.
    #[inline]
    fn nearest() -> usize {
        let here = 0_u8;
        let stack = (&raw const here).addr() >> 18;
        stack.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as usize) >> (usize::BITS - 4)
    }
}

impl<T: Send> Drop for Spares<T> {
    fn drop(&mut self) {
        for place in &self.places {
            drop(Self::take_from(place));
        }
    }
}

const _: () = assert!(PLACES == 1 << 4);

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_was_put_is_taken_once() {
        let spares = Spares::new();
        assert!(spares.take().is_none());
        spares.put(Box::new(7));
        assert_eq!(spares.take(), Some(Box::new(7)));
        assert!(spares.take().is_none());
    }

    #[test]
    fn no_more_are_kept_than_there_are_places_and_the_others_are_freed() {
        let spares = Spares::new();
        let alive = Arc::new(());
        for _ in 0..PLACES + 5 {
            spares.put(Box::new(Arc::clone(&alive)));
        }
        assert_eq!(Arc::strong_count(&alive), 1 + PLACES);
        for _ in 0..PLACES {
            assert!(spares.take().is_some());
        }
        assert!(spares.take().is_none());
        spares.put(Box::new(Arc::clone(&alive)));
        drop(spares);
        assert_eq!(Arc::strong_count(&alive), 1);
    }

    #[test]
    fn threads_that_take_and_put_never_have_the_same_one() {
        let spares = Arc::new(Spares::new());
        let threads = [1_u64, 2, 3].map(|number| {
            let spares = Arc::clone(&spares);
            std::thread::spawn(move || {
                for round in 0..2000 {
                    let mut mine: Box<u64> = spares.take().unwrap_or_default();
                    let stamp = number << 32 | round;
                    *mine = stamp;
                    std::hint::spin_loop();
                    assert_eq!(*mine, stamp);
                    spares.put(mine);
                }
            })
        });
        for thread in threads {
            assert!(thread.join().is_ok());
        }
    }
}

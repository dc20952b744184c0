//! Ending what another thread waits for, from any thread and from a signal handler.
//!
//! Whoever waits has said on which descriptor; whoever cancels shuts that descriptor down, or
//! writes to it. The descriptor must not be closed in between, and its number not be used
//! again: a word per descriptor counts those who hold it, and taking it back waits for them.
//! That costs nothing while nobody cancels, and a blocked receive needs no second descriptor.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::sys::wake;

/// How a wait on a descriptor is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A socket: shutdown(2), which also ends a connect that is under way.
    Shutdown,
    /// An eventfd: it becomes readable.
    Signal,
}

/// A handle and the responses that took a connection of it along may wait at the same time,
/// each in a thread of its own. More than so many at once are not woken: they see the request
/// when they look.
const SLOTS: usize = 4;
/// Empty is 0. Otherwise the low half is the descriptor plus one, then the way, then whether it
/// was used, then a count of those who are using it.
const SIGNAL: u64 = 1 << 32;
/// A request was felt there.
const FELT: u64 = 1 << 33;
const HOLDER: u64 = 1 << 34;

/// See the module. Shared by a handle and its responses.
#[derive(Debug, Default)]
pub struct Cancel {
    requested: AtomicBool,
    slots: [AtomicU64; SLOTS],
}

impl Cancel {
    /// Ends what is under way, and what is begun before [`Self::reset`]. Async-signal-safe:
    /// atomic operations and one system call for each descriptor. errno is left as it was.
    pub fn request(&self) {
        // Before the look at the slots: whoever publishes looks at the flag afterwards.
        self.requested.store(true, Ordering::SeqCst);
        for slot in &self.slots {
            let Some(word) = hold(slot) else { continue };
            // What cannot be shut down or written to has ended already.
            if word & SIGNAL == 0 {
                wake::shut_down(descriptor(word));
            } else {
                wake::signal(descriptor(word));
            }
            slot.fetch_sub(HOLDER, Ordering::SeqCst);
        }
    }

    /// Has it been asked for?
    #[inline]
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::Relaxed)
    }

    /// A new beginning.
    pub fn reset(&self) {
        self.requested.store(false, Ordering::SeqCst);
    }

    /// From now on, until the result is dropped, a request is felt on this descriptor, which
    /// must stay open for as long. A request that came before is not: look at
    /// [`Self::is_requested`] afterwards. `None`: no room.
    #[must_use]
    pub fn publish(self: &Arc<Self>, fd: RawFd, way: Way) -> Option<Published> {
        let low = u64::from(u32::try_from(fd).ok()?) + 1;
        let word = low | if way == Way::Signal { SIGNAL } else { 0 };
        let slot = self.slots.iter().position(|slot| {
            slot.compare_exchange(0, word, Ordering::SeqCst, Ordering::Relaxed)
                .is_ok()
        })?;
        Some(Published {
            cancel: self.clone(),
            slot,
        })
    }
}

/// Takes hold of what is in a slot, if there is something.
fn hold(slot: &AtomicU64) -> Option<u64> {
    slot.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |word| {
        (word != 0).then_some((word | FELT) + HOLDER)
    })
    .ok()
}

fn descriptor(word: u64) -> RawFd {
    // The low half is a descriptor plus one.
    RawFd::try_from((word & 0xffff_ffff).wrapping_sub(1)).unwrap_or(-1)
}

/// A descriptor on which requests are felt.
#[derive(Debug)]
pub struct Published {
    cancel: Arc<Cancel>,
    slot: usize,
}

impl Published {
    /// Did a request end what went on here? Then an end of the stream says nothing about the
    /// peer, even after [`Cancel::reset`].
    #[must_use]
    pub fn was_felt(&self) -> bool {
        let slot = self.cancel.slots.get(self.slot);
        slot.is_some_and(|s| s.load(Ordering::SeqCst) & FELT != 0)
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        let Some(slot) = self.cancel.slots.get(self.slot) else {
            return;
        };
        loop {
            let word = slot.load(Ordering::SeqCst);
            // Only somebody in the middle of `request`, for a system call's time, keeps us.
            let free = word & (HOLDER - 1);
            if slot
                .compare_exchange(free, 0, Ordering::SeqCst, Ordering::Relaxed)
                .is_ok()
            {
                return;
            }
            std::thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_blocked_read_ends() {
        let cancel = Arc::<Cancel>::default();
        let Ok((mut ours, _theirs)) = UnixStream::pair() else {
            panic!("socketpair")
        };
        let published = cancel.publish(ours.as_raw_fd(), Way::Shutdown);
        assert!(published.is_some());
        let asker = cancel.clone();
        let thread = std::thread::spawn(move || asker.request());
        // Whether the request comes first or the read: it ends.
        assert!(matches!(ours.read(&mut [0; 8]), Ok(0)));
        assert!(thread.join().is_ok());
        assert!(cancel.is_requested());
        cancel.reset();
        assert!(!cancel.is_requested());
        assert!(published.is_some_and(|p| p.was_felt()));
    }

    #[test]
    fn a_descriptor_that_was_taken_back_is_left_alone() {
        let cancel = Arc::<Cancel>::default();
        let Ok((ours, theirs)) = UnixStream::pair() else {
            panic!("socketpair")
        };
        drop(cancel.publish(ours.as_raw_fd(), Way::Shutdown));
        cancel.request();
        let _ = theirs.set_nonblocking(true);
        let got = (&theirs).read(&mut [0; 8]).map_err(|e| e.kind());
        assert_eq!(got, Err(std::io::ErrorKind::WouldBlock));
    }

    #[test]
    fn slots_come_back_and_run_out() {
        let cancel = Arc::<Cancel>::default();
        let Ok((ours, _theirs)) = UnixStream::pair() else {
            panic!("socketpair")
        };
        let take = || cancel.publish(ours.as_raw_fd(), Way::Shutdown);
        for _ in 0..10 {
            let all: Vec<_> = (0..SLOTS).map(|_| take()).collect();
            assert!(all.iter().all(Option::is_some));
            assert!(take().is_none());
        }
        assert!(cancel.publish(-1, Way::Signal).is_none());
    }
}

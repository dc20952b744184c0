//! A lock, and a signal that is waited for under it. They are those of pthreads and not of the
//! standard library, which makes its own of futexes: helgrind and its kind know what pthreads
//! promise, and a program that hands connections from thread to thread wants to be checked.

use core::cell::{Cell, UnsafeCell};
use core::ops::{Deref, DerefMut};
use core::ptr;

const NS_PER_S: u64 = 1_000_000_000;

/// A value that one thread at a time can see.
pub struct Lock<T> {
    /// Boxed: a mutex must not move.
    raw: Box<UnsafeCell<libc::pthread_mutex_t>>,
    /// A panic has left the value in some state. Only looked at with the lock held.
    broken: Cell<bool>,
    value: UnsafeCell<T>,
}

// SAFETY: the mutex lets one thread at a time have the value, which may move between threads.
unsafe impl<T: Send> Send for Lock<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    /// Open.
    pub fn new(value: T) -> Self {
        Self {
            raw: Box::new(UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER)),
            broken: Cell::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits for it. `None`: somebody panicked while he had it.
    pub fn lock(&self) -> Option<Guard<'_, T>> {
        // SAFETY: initialised, and where it was.
        let result = unsafe { libc::pthread_mutex_lock(self.raw.get()) };
        self.guard(result)
    }

    /// Does not wait: `None` also when somebody has it.
    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        // SAFETY: initialised, and where it was.
        let result = unsafe { libc::pthread_mutex_trylock(self.raw.get()) };
        self.guard(result)
    }

    fn guard(&self, result: libc::c_int) -> Option<Guard<'_, T>> {
        if result != 0 {
            return None;
        }
        let guard = Guard(self);
        (!self.broken.get()).then_some(guard)
    }
}

impl<T> core::fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Lock").finish_non_exhaustive()
    }
}

impl<T> Drop for Lock<T> {
    fn drop(&mut self) {
        // SAFETY: nobody has it, because nobody else has a reference.
        unsafe { libc::pthread_mutex_destroy(self.raw.get()) };
    }
}

/// The right to see the value.
pub struct Guard<'a, T>(&'a Lock<T>);

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: this thread has the lock.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this thread has the lock, and the guard is borrowed exclusively.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broken.set(true);
        }
        // SAFETY: this thread has it.
        unsafe { libc::pthread_mutex_unlock(self.0.raw.get()) };
    }
}

/// What a thread waits for that has found nothing under the lock.
pub struct Signal {
    /// Boxed: it must not move.
    raw: Box<UnsafeCell<libc::pthread_cond_t>>,
}

// SAFETY: a condition variable is made for several threads.
unsafe impl Send for Signal {}
// SAFETY: as above.
unsafe impl Sync for Signal {}

impl Default for Signal {
    fn default() -> Self {
        Self::new()
    }
}

impl Signal {
    /// On the monotonic clock.
    #[must_use]
    pub fn new() -> Self {
        let raw = Box::new(UnsafeCell::new(libc::PTHREAD_COND_INITIALIZER));
        let mut attributes = core::mem::MaybeUninit::<libc::pthread_condattr_t>::uninit();
        let attributes = attributes.as_mut_ptr();
        // None of these can fail on Linux.
        // SAFETY: room for one.
        unsafe { libc::pthread_condattr_init(attributes) };
        // SAFETY: initialised.
        unsafe { libc::pthread_condattr_setclock(attributes, libc::CLOCK_MONOTONIC) };
        // SAFETY: room for one, and initialised attributes.
        unsafe { libc::pthread_cond_init(raw.get(), attributes) };
        // SAFETY: initialised, and not used any more.
        unsafe { libc::pthread_condattr_destroy(attributes) };
        Self { raw }
    }

    /// Wakes the one who waits.
    pub fn wake(&self) {
        // SAFETY: initialised, and where it was.
        unsafe { libc::pthread_cond_signal(self.raw.get()) };
    }

    /// Lets go of the lock until somebody wakes us, or until the monotonic clock shows `until`
    /// (nanoseconds). It may also end for no reason: the caller looks and waits again.
    pub fn wait<'a, T>(&self, guard: Guard<'a, T>, until: Option<u64>) -> Guard<'a, T> {
        let lock = guard.0.raw.get();
        match until {
            // SAFETY: both are initialised, and this thread has the lock.
            None => unsafe { libc::pthread_cond_wait(self.raw.get(), lock) },
            Some(ns) => {
                let at = libc::timespec {
                    tv_sec: libc::time_t::try_from(ns / NS_PER_S).unwrap_or(libc::time_t::MAX),
                    tv_nsec: (ns % NS_PER_S) as libc::c_long,
                };
                // SAFETY: as above, and a valid time.
                unsafe { libc::pthread_cond_timedwait(self.raw.get(), lock, ptr::from_ref(&at)) }
            }
        };
        guard
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        // SAFETY: nobody waits, because nobody else has a reference.
        unsafe { libc::pthread_cond_destroy(self.raw.get()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn one_at_a_time() {
        let lock = Arc::new(Lock::new(0));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let lock = lock.clone();
                std::thread::spawn(move || {
                    for _ in 0..1000 {
                        if let Some(mut n) = lock.lock() {
                            *n += 1;
                        }
                    }
                })
            })
            .collect();
        for thread in threads {
            assert!(thread.join().is_ok());
        }
        assert_eq!(lock.lock().map(|n| *n), Some(4000));
    }

    #[test]
    fn a_signal_ends_a_wait_and_so_does_the_clock() {
        let both = Arc::new((Lock::new(false), Signal::new()));
        let theirs = both.clone();
        let thread = std::thread::spawn(move || {
            if let Some(mut said) = theirs.0.lock() {
                *said = true;
                theirs.1.wake();
            }
        });
        let mut guard = both.0.lock();
        while let Some(said) = guard.take() {
            if *said {
                break;
            }
            guard = Some(both.1.wait(said, None));
        }
        assert!(thread.join().is_ok());
        let begin = crate::sys::clock::monotonic_ns();
        let until = begin + 2_000_000;
        let mut guard = both.0.lock();
        while let Some(held) = guard.take() {
            if crate::sys::clock::monotonic_ns() >= until {
                break;
            }
            guard = Some(both.1.wait(held, Some(until)));
        }
        assert!(crate::sys::clock::monotonic_ns() >= until);
    }

    #[test]
    fn a_panic_breaks_it_and_a_held_one_is_not_waited_for() {
        let lock = Arc::new(Lock::new(()));
        let held = lock.lock();
        let other = lock.clone();
        let tried = std::thread::spawn(move || other.try_lock().is_none()).join();
        assert!(tried.is_ok_and(|is_none| is_none));
        drop(held);
        let other = lock.clone();
        let thread = std::thread::spawn(move || {
            let _held = other.lock();
            panic!("on purpose, for the test");
        });
        assert!(thread.join().is_err());
        assert!(lock.lock().is_none());
        assert!(lock.try_lock().is_none());
    }
}

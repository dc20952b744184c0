//! A pool that threads share: its books under a lock, and the waiting. The lock is never held
//! while something is closed or a callback runs, and no thread of ours is behind it: what has to
//! be done is done by whoever calls.

use std::hash::Hash;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Arc, Weak};

use super::pool::{Grant, Pool, Returned, Rules, Stats, Ticket};
use crate::error::{Code, Error, Result};
use crate::sys::clock::monotonic_ns;
use crate::sys::fork::{self, Stamp};
use crate::sys::lock::{Guard, Lock, Signal};
use crate::sys::wake;

const NS_PER_MS: u64 = 1_000_000;

type Books<K, T> = Pool<K, T, Arc<Signal>>;

/// See the module. `X` is what else the pool has, for whoever made it.
pub struct SharedPool<K, T, X> {
    stamp: Stamp,
    state: Lock<State<K, T, X>>,
}

struct State<K, T, X> {
    books: Books<K, T>,
    /// Becomes readable when something may be free again. Made when it is asked for.
    event: Option<OwnedFd>,
    /// Somebody was refused since.
    missed: bool,
    extra: X,
}

impl<K, T, X> SharedPool<K, T, X>
where
    K: Clone + Eq + Hash,
{
    /// An empty one.
    pub fn new(extra: X) -> Self {
        let state = State {
            books: Pool::default(),
            event: None,
            missed: false,
            extra,
        };
        Self {
            stamp: fork::stamp(),
            state: Lock::new(state),
        }
    }

    /// A place for this key, and the kept connection that comes with it, if one does. Waits in
    /// line for as long as `wait_ms` says; negative is for ever.
    pub fn get(&self, key: &K, wait_ms: i64) -> Result<Option<T>> {
        let mut state = self.lock()?;
        let granted = match state.books.ask(key, now_ms()) {
            Some(grant) => Ok(grant),
            None if state.books.is_shut() => Err(cancelled()),
            None if wait_ms == 0 => {
                state.books.refuse();
                Err(exhausted())
            }
            None => {
                let signal = Arc::new(Signal::new());
                let ticket = state.books.queue_up(key.clone(), signal.clone())?;
                let until = u64::try_from(wait_ms).ok();
                let until =
                    until.map(|ms| monotonic_ns().saturating_add(ms.saturating_mul(NS_PER_MS)));
                // What is closed now is not kept open by our waiting.
                drop(settle(state));
                state = self.lock()?;
                let (back, granted) = wait_in_line(state, ticket, &signal, until);
                state = back;
                granted
            }
        };
        if granted.is_err() {
            state.missed = true;
            if let Some(event) = &state.event {
                wake::clear(event);
            }
        }
        drop(settle(state));
        let grant = granted?;
        // Before its place is used.
        drop(grant.evicted);
        Ok(grant.kept)
    }

    /// A place that was given out is free again; what was made of it may be kept.
    pub fn give_back(&self, key: &K, returned: Option<Returned<T>>) -> Result<()> {
        self.change(|books| books.give_back(key, returned, now_ms()))
    }

    /// Closes what has been kept for too long.
    pub fn trim(&self) -> Result<()> {
        self.change(|books| books.trim(now_ms()))
    }

    /// Closes everything that is kept.
    pub fn close_idle(&self) -> Result<()> {
        self.change(Pool::close_idle)
    }

    /// Ends every wait, now and for ever.
    pub fn shut(&self) -> Result<()> {
        self.change(Pool::shut)
    }

    /// What is set.
    pub fn rules(&self) -> Result<Rules> {
        Ok(self.lock()?.books.rules())
    }

    /// Sets it.
    pub fn set_rules(&self, set: impl FnOnce(&mut Rules)) -> Result<()> {
        self.change(|books| {
            let mut rules = books.rules();
            set(&mut rules);
            books.set_rules(rules, now_ms());
        })
    }

    /// How things stand.
    pub fn stats(&self) -> Result<Stats> {
        Ok(self.lock()?.books.stats())
    }

    /// Exchanges, or looks at, what else the pool has. What comes back is dropped by the caller,
    /// without the lock.
    pub fn with_extra<R>(&self, look: impl FnOnce(&mut X) -> R) -> Result<R> {
        Ok(look(&mut self.lock()?.extra))
    }

    /// A descriptor that is readable when something may have become free since the last refusal.
    pub fn event(&self) -> Result<RawFd> {
        let mut state = self.lock()?;
        if let Some(event) = &state.event {
            return Ok(event.as_raw_fd());
        }
        let event = wake::event().map_err(|e| Error::os(Code::HC_ERR_NOMEM, e, "eventfd"))?;
        let fd = event.as_raw_fd();
        // Whoever was refused before may have missed it.
        wake::signal(fd);
        state.event = Some(event);
        Ok(fd)
    }

    /// The end of it in a forked child: gives what is kept to `abandon`. When a thread of the parent
    /// was inside, the copy of it is not fit to be touched, and is left as it is. (Who waits in line
    /// holds on to the pool and to his signal, so these are not taken apart under his feet in a
    /// process where he is not.)
    pub fn end_in_child(self: Arc<Self>, abandon: impl FnMut(T)) {
        let Some(mut state) = self.state.try_lock() else {
            std::mem::forget(self);
            return;
        };
        state.books.close_idle();
        let kept = state.books.take_gone();
        drop(state);
        kept.into_iter().for_each(abandon);
    }

    /// Is this the process that made it?
    #[must_use]
    pub fn is_ours(&self) -> bool {
        fork::is_same_process(self.stamp)
    }

    fn lock(&self) -> Result<Guard<'_, State<K, T, X>>> {
        if !self.is_ours() {
            let text = "the pool belongs to the parent process";
            return Err(Error::new(Code::HC_ERR_FORKED, text));
        }
        self.state
            .lock()
            .ok_or_else(|| Error::new(Code::HC_ERR_INTERNAL, "the pool's books are broken"))
    }

    fn change(&self, op: impl FnOnce(&mut Books<K, T>)) -> Result<()> {
        let mut state = self.lock()?;
        op(&mut state.books);
        if std::mem::take(&mut state.missed)
            && let Some(event) = &state.event
        {
            wake::signal(event.as_raw_fd());
        }
        drop(settle(state));
        Ok(())
    }
}

/// Wakes whom the books want woken, and lets go of the lock. What comes back is to be dropped.
fn settle<K, T, X>(mut state: Guard<'_, State<K, T, X>>) -> Vec<T>
where
    K: Clone + Eq + Hash,
{
    for signal in state.books.take_ready() {
        signal.wake();
    }
    state.books.take_gone()
}

type Waited<'a, K, T, X> = (Guard<'a, State<K, T, X>>, Result<Grant<T>>);

fn wait_in_line<'a, K, T, X>(
    mut state: Guard<'a, State<K, T, X>>,
    ticket: Ticket,
    signal: &Signal,
    until: Option<u64>,
) -> Waited<'a, K, T, X>
where
    K: Clone + Eq + Hash,
{
    loop {
        if let Some(grant) = state.books.take_grant(ticket) {
            return (state, Ok(grant));
        }
        if state.books.is_shut() {
            return (state, Err(cancelled()));
        }
        if until.is_some_and(|at| monotonic_ns() >= at) {
            state.books.leave(ticket);
            return (state, Err(exhausted()));
        }
        state = signal.wait(state, until);
    }
}

/// A place that somebody has in a pool, until it is given back or dropped. It does not keep the
/// pool alive.
pub struct Lease<K, T, X>
where
    K: Clone + Eq + Hash,
{
    pool: Weak<SharedPool<K, T, X>>,
    key: K,
}

impl<K, T, X> Lease<K, T, X>
where
    K: Clone + Eq + Hash,
{
    /// The place under this key that was just given out.
    pub fn new(pool: &Arc<SharedPool<K, T, X>>, key: K) -> Self {
        Self {
            pool: Arc::downgrade(pool),
            key,
        }
    }

    /// Gives it back, with something to be kept.
    pub fn give_back(mut self, returned: Option<Returned<T>>) {
        self.end(returned);
    }

    fn end(&mut self, returned: Option<Returned<T>>) {
        if let Some(pool) = std::mem::take(&mut self.pool).upgrade() {
            // In a forked child there is nothing to tell the pool, and when it is broken nobody.
            let _ = pool.give_back(&self.key, returned);
        }
    }
}

impl<K, T, X> Drop for Lease<K, T, X>
where
    K: Clone + Eq + Hash,
{
    fn drop(&mut self) {
        self.end(None);
    }
}

fn now_ms() -> u64 {
    monotonic_ns() / NS_PER_MS
}

#[cold]
fn cancelled() -> Error {
    Error::new(Code::HC_ERR_CANCELLED, "the pool was shut down")
}

#[cold]
fn exhausted() -> Error {
    Error::new(
        Code::HC_ERR_POOL_EXHAUSTED,
        "no connection of the pool became free",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    type Numbers = SharedPool<&'static str, u32, ()>;

    fn of_one() -> Arc<Numbers> {
        let pool = Numbers::new(());
        assert!(pool.set_rules(|r| r.total = Some(1)).is_ok());
        Arc::new(pool)
    }

    fn returned(what: u32) -> Option<Returned<u32>> {
        Some(Returned {
            what,
            age_ms: 0,
            served: 0,
        })
    }

    fn code<T>(outcome: Result<T>) -> Code {
        outcome.map_or_else(|e| e.code, |_| Code::HC_OK)
    }

    #[test]
    fn who_waits_gets_what_is_given_back() {
        let pool = of_one();
        assert_eq!(pool.get(&"a", 0).ok(), Some(None));
        assert_eq!(code(pool.get(&"a", 0)), Code::HC_ERR_POOL_EXHAUSTED);
        assert_eq!(code(pool.get(&"a", 1)), Code::HC_ERR_POOL_EXHAUSTED);
        let theirs = pool.clone();
        let thread = std::thread::spawn(move || theirs.get(&"a", -1).ok().flatten());
        while pool.stats().is_ok_and(|s| s.waiting == 0) {
            std::thread::yield_now();
        }
        assert!(pool.give_back(&"a", returned(7)).is_ok());
        assert_eq!(thread.join().ok().flatten(), Some(7));
        assert!(pool.stats().is_ok_and(|s| (s.out, s.refused) == (1, 2)));
    }

    #[test]
    fn shutting_ends_waits_now_and_later() {
        let pool = of_one();
        assert_eq!(pool.get(&"a", 0).ok(), Some(None));
        let theirs = pool.clone();
        let thread = std::thread::spawn(move || code(theirs.get(&"b", -1)));
        while pool.stats().is_ok_and(|s| s.waiting == 0) {
            std::thread::yield_now();
        }
        assert!(pool.shut().is_ok());
        assert_eq!(thread.join().ok(), Some(Code::HC_ERR_CANCELLED));
        assert_eq!(code(pool.get(&"c", -1)), Code::HC_ERR_CANCELLED);
        assert!(pool.give_back(&"a", returned(1)).is_ok());
        assert_eq!(pool.stats().ok().map(|s| (s.out, s.idle)), Some((0, 0)));
    }

    #[test]
    fn a_place_comes_back_by_itself_and_outlives_the_pool() {
        let pool = of_one();
        assert_eq!(pool.get(&"a", 0).ok(), Some(None));
        drop(Lease::new(&pool, "a"));
        assert_eq!(pool.get(&"a", 0).ok(), Some(None));
        Lease::new(&pool, "a").give_back(returned(3));
        assert_eq!(pool.get(&"a", 0).ok(), Some(Some(3)));
        let lease = Lease::new(&pool, "a");
        drop(pool);
        lease.give_back(returned(3));
    }

    #[test]
    fn the_event_tells_of_what_came_free_since_a_refusal() {
        let pool = of_one();
        let Ok(fd) = pool.event() else {
            panic!("eventfd")
        };
        let told = || crate::sys::poll::wait(fd, true, false, 0) == Ok(true);
        assert_eq!(pool.get(&"a", 0).ok(), Some(None));
        assert_eq!(code(pool.get(&"a", 0)), Code::HC_ERR_POOL_EXHAUSTED);
        assert!(!told());
        assert!(pool.give_back(&"a", returned(1)).is_ok());
        assert!(told());
        assert_eq!(pool.get(&"a", 0).ok(), Some(Some(1)));
        assert!(told(), "it is not known who else has been refused");
        assert_eq!(code(pool.get(&"a", 0)), Code::HC_ERR_POOL_EXHAUSTED);
        assert!(!told());
        assert_eq!(pool.event().ok(), Some(fd));
    }
}

//! The books of a pool: who has how many connections out, what is kept, who waits. It keeps
//! things of any kind under keys of any kind, knows no lock and no clock (times are arguments),
//! and closes nothing: what is not kept any longer is put aside, for whoever asked to drop it
//! when no lock is held.
//!
//! What holds between two calls: nobody waits who could be served. Whatever frees a place gives
//! it away at once, to the first in the queue who can use it, so nobody who comes later can be
//! faster. (Only what is out stands in somebody's way: kept ones are used, or have to go. So
//! places come free when something is given back, and when a limit is raised, never by time.)

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::Hash;

use crate::error::Result;

/// What a program can set. `None` is without limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Connections of one key, out and kept.
    pub per_key: Option<u64>,
    /// Connections in all.
    pub total: Option<u64>,
    /// A connection that was kept for so many milliseconds is closed.
    pub idle_ms: Option<u64>,
    /// One that was opened so many milliseconds ago is not kept, or not given out, any more.
    pub age_ms: Option<u64>,
    /// One that has served so many requests is not kept.
    pub requests: Option<u64>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            per_key: Some(16),
            total: Some(256),
            idle_ms: Some(30_000),
            age_ms: None,
            requests: None,
        }
    }
}

/// How things stand, and what has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Kept now.
    pub idle: u64,
    /// Out now.
    pub out: u64,
    /// Waiting now.
    pub waiting: u64,
    /// Times that one was given out to be opened.
    pub opened: u64,
    /// Times that a kept one was given out.
    pub reused: u64,
    /// Kept ones that had to go for another key.
    pub evicted: u64,
    /// Kept ones whose time was over.
    pub expired: u64,
    /// Times that there was none.
    pub refused: u64,
}

/// Something that is given back to be kept.
#[derive(Debug)]
pub struct Returned<T> {
    /// What is kept.
    pub what: T,
    /// Milliseconds since it was opened.
    pub age_ms: u64,
    /// Requests that it has served.
    pub served: u64,
}

/// A place in the pool, and what may come with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Grant<T> {
    /// A kept one; without it the place is for a new one.
    pub kept: Option<T>,
    /// One that has to go first: its place it is.
    pub evicted: Option<T>,
}

/// Marks somebody who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

struct Idle<K, T> {
    key: K,
    what: T,
    since_ms: u64,
    born_ms: u64,
}

#[derive(Default)]
struct PerKey {
    out: u64,
    /// Kept ones by number, the oldest first.
    idle: VecDeque<u64>,
}

impl PerKey {
    fn count(&self) -> u64 {
        self.out + self.idle.len() as u64
    }
}

struct Waiting<K, W> {
    ticket: Ticket,
    key: K,
    waker: W,
}

/// See the module. `W` is what wakes somebody who waits.
pub struct Pool<K, T, W> {
    rules: Rules,
    stats: Stats,
    keys: HashMap<K, PerKey>,
    /// By number, which grows: the one that has been kept longest comes first.
    idle: BTreeMap<u64, Idle<K, T>>,
    last_number: u64,
    queue: VecDeque<Waiting<K, W>>,
    granted: HashMap<Ticket, Grant<T>>,
    /// To be woken.
    ready: Vec<W>,
    /// To be dropped.
    gone: Vec<T>,
    shut: bool,
}

impl<K, T, W> Default for Pool<K, T, W> {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            stats: Stats::default(),
            keys: HashMap::new(),
            idle: BTreeMap::new(),
            last_number: 0,
            queue: VecDeque::new(),
            granted: HashMap::new(),
            ready: Vec::new(),
            gone: Vec::new(),
            shut: false,
        }
    }
}

impl<K: Clone + Eq + Hash, T, W> Pool<K, T, W> {
    /// A place for this key, if there is one.
    pub fn ask(&mut self, key: &K, now_ms: u64) -> Option<Grant<T>> {
        self.expire(now_ms);
        self.admit(key, now_ms)
    }

    /// There was none, and nobody waits.
    pub fn refuse(&mut self) {
        self.stats.refused += 1;
    }

    /// Gets in line. `waker` comes out of [`Self::take_ready`] when it is worth to look.
    pub fn queue_up(&mut self, key: K, waker: W) -> Result<Ticket> {
        self.queue.try_reserve(1)?;
        let ticket = Ticket(self.next_number());
        let waiting = Waiting { ticket, key, waker };
        self.queue.push_back(waiting);
        Ok(ticket)
    }

    /// Has it been served?
    pub fn take_grant(&mut self, ticket: Ticket) -> Option<Grant<T>> {
        self.granted.remove(&ticket)
    }

    /// Leaves the line.
    pub fn leave(&mut self, ticket: Ticket) {
        self.queue.retain(|w| w.ticket != ticket);
        self.refuse();
    }

    /// One that was out is not any longer, and may be kept.
    pub fn give_back(&mut self, key: &K, returned: Option<Returned<T>>, now_ms: u64) {
        let Some(of_key) = self.keys.get_mut(key) else {
            return;
        };
        of_key.out = of_key.out.saturating_sub(1);
        self.stats.out = self.stats.out.saturating_sub(1);
        if let Some(returned) = returned {
            self.keep(key, returned, now_ms);
        }
        self.tidy(key);
        self.expire(now_ms);
        self.serve(now_ms);
    }

    /// Closes what has been kept for too long, or has become too old.
    pub fn trim(&mut self, now_ms: u64) {
        self.expire(now_ms);
        let rules = self.rules;
        let too_old = |i: &Idle<K, T>| is_over(i.born_ms, rules.age_ms, now_ms);
        let old: Vec<u64> = self
            .idle
            .iter()
            .filter_map(|(n, i)| too_old(i).then_some(*n))
            .collect();
        for number in old {
            self.remove(number);
            self.stats.expired += 1;
        }
    }

    /// Closes everything that is kept.
    pub fn close_idle(&mut self) {
        while self.remove_first() {}
    }

    /// From now on nothing is given out and nothing kept. Who waits is woken to find that out.
    pub fn shut(&mut self) {
        self.shut = true;
        while self.remove_first() {}
        self.ready.extend(self.queue.drain(..).map(|w| w.waker));
    }

    /// Has it been shut?
    #[must_use]
    pub fn is_shut(&self) -> bool {
        self.shut
    }

    /// What is set.
    #[must_use]
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// Sets it. Kept ones that are too many now go at once, the oldest first; those that are
    /// out when they are given back.
    pub fn set_rules(&mut self, rules: Rules, now_ms: u64) {
        self.rules = rules;
        if let Some(most) = rules.per_key {
            let mut over = Vec::new();
            for of_key in self.keys.values() {
                let count = of_key.count().saturating_sub(most);
                over.extend(of_key.idle.iter().take(to_size(count)));
            }
            for number in over {
                self.remove(number);
            }
        }
        while rules.total.is_some_and(|most| self.count() > most) && self.remove_first() {}
        self.trim(now_ms);
        self.serve(now_ms);
    }

    /// How things stand.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            idle: self.idle.len() as u64,
            waiting: self.queue.len() as u64,
            ..self.stats
        }
    }

    /// Those who are to be woken.
    pub fn take_ready(&mut self) -> Vec<W> {
        std::mem::take(&mut self.ready)
    }

    /// What is to be dropped.
    pub fn take_gone(&mut self) -> Vec<T> {
        std::mem::take(&mut self.gone)
    }

    fn admit(&mut self, key: &K, now_ms: u64) -> Option<Grant<T>> {
        let grant = self.find_place(key, now_ms);
        if grant.is_none() {
            self.tidy(key);
            return None;
        }
        self.stats.out += 1;
        match self.keys.get_mut(key) {
            Some(of_key) => of_key.out += 1,
            None => {
                let of_key = PerKey {
                    out: 1,
                    ..PerKey::default()
                };
                self.keys.insert(key.clone(), of_key);
            }
        }
        grant
    }

    fn find_place(&mut self, key: &K, now_ms: u64) -> Option<Grant<T>> {
        if self.shut {
            return None;
        }
        let mut grant = Grant {
            kept: self.pick(key, now_ms),
            evicted: None,
        };
        if grant.kept.is_some() {
            self.stats.reused += 1;
            return Some(grant);
        }
        let has = self.keys.get(key).map_or(0, PerKey::count);
        if self.rules.per_key.is_some_and(|most| has >= most) {
            return None;
        }
        if self.rules.total.is_some_and(|most| self.count() >= most) {
            // None of this key's: there are none.
            grant.evicted = Some(self.take_first()?);
            self.stats.evicted += 1;
        }
        self.stats.opened += 1;
        Some(grant)
    }

    /// The one of this key that was used last: the least likely to have been closed meanwhile.
    fn pick(&mut self, key: &K, now_ms: u64) -> Option<T> {
        loop {
            let number = *self.keys.get(key)?.idle.back()?;
            let idle = self.unlink(number)?;
            if !is_over(idle.born_ms, self.rules.age_ms, now_ms) {
                return Some(idle.what);
            }
            self.stats.expired += 1;
            self.gone.push(idle.what);
        }
    }

    fn keep(&mut self, key: &K, returned: Returned<T>, now_ms: u64) {
        let rules = self.rules;
        let has = self.keys.get(key).map_or(0, PerKey::count);
        let fits = !self.shut
            && rules.per_key.is_none_or(|most| has < most)
            && rules.total.is_none_or(|most| self.count() < most)
            && rules.requests.is_none_or(|most| returned.served < most)
            && rules.age_ms.is_none_or(|most| returned.age_ms < most)
            && rules.idle_ms != Some(0);
        let number = self.next_number();
        match self.keys.get_mut(key) {
            Some(of_key) if fits => of_key.idle.push_back(number),
            _ => return self.gone.push(returned.what),
        }
        let idle = Idle {
            key: key.clone(),
            what: returned.what,
            since_ms: now_ms,
            born_ms: now_ms.saturating_sub(returned.age_ms),
        };
        self.idle.insert(number, idle);
    }

    /// Gives places to those who wait, in their order, as far as there are any for them.
    fn serve(&mut self, now_ms: u64) {
        let mut i = 0;
        while i < self.queue.len() && self.has_room() {
            let Some(key) = self.queue.get(i).map(|w| w.key.clone()) else {
                return;
            };
            match self.admit(&key, now_ms) {
                Some(grant) => {
                    if let Some(served) = self.queue.remove(i) {
                        self.granted.insert(served.ticket, grant);
                        self.ready.push(served.waker);
                    }
                }
                None => i += 1,
            }
        }
    }

    /// Is there a place for anybody, whatever the key?
    fn has_room(&self) -> bool {
        !self.idle.is_empty() || self.rules.total.is_none_or(|most| self.count() < most)
    }

    fn expire(&mut self, now_ms: u64) {
        let most = self.rules.idle_ms;
        while let Some(first) = self.idle.values().next()
            && is_over(first.since_ms, most, now_ms)
        {
            self.remove_first();
            self.stats.expired += 1;
        }
    }

    fn count(&self) -> u64 {
        self.stats.out + self.idle.len() as u64
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn remove_first(&mut self) -> bool {
        let first = self.take_first();
        let was_one = first.is_some();
        self.gone.extend(first);
        was_one
    }

    fn remove(&mut self, number: u64) {
        let taken = self.unlink(number);
        if let Some(taken) = taken {
            self.tidy(&taken.key);
            self.gone.push(taken.what);
        }
    }

    fn take_first(&mut self) -> Option<T> {
        let number = *self.idle.keys().next()?;
        let taken = self.unlink(number)?;
        self.tidy(&taken.key);
        Some(taken.what)
    }

    fn unlink(&mut self, number: u64) -> Option<Idle<K, T>> {
        let idle = self.idle.remove(&number)?;
        if let Some(of_key) = self.keys.get_mut(&idle.key) {
            // It is nearly always the last or the first.
            if of_key.idle.back() == Some(&number) {
                of_key.idle.pop_back();
            } else if of_key.idle.front() == Some(&number) {
                of_key.idle.pop_front();
            } else {
                of_key.idle.retain(|n| *n != number);
            }
        }
        Some(idle)
    }

    /// Forgets a key of which there is nothing left: a program may go through millions.
    fn tidy(&mut self, key: &K) {
        if self.keys.get(key).is_some_and(|k| k.count() == 0) {
            self.keys.remove(key);
        }
    }
}

fn is_over(since_ms: u64, most: Option<u64>, now_ms: u64) -> bool {
    most.is_some_and(|most| now_ms.saturating_sub(since_ms) >= most)
}

fn to_size(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;

//! The books of a pool against a model that is too simple to be wrong: lists, searched from end
//! to end. Random calls from a fixed seed.

// A test that cannot go on has failed.
#![allow(clippy::expect_used)]

use httpclient::client::pool::{Grant, Pool, Returned, Rules, Ticket};

type Key = u8;

struct Random(u64);

impl Random {
    /// Below `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

#[derive(Clone, Copy, Debug)]
struct Thing {
    id: u32,
    born: u64,
    served: u64,
}

#[derive(Default)]
struct Model {
    rules: Rules,
    out: Vec<(Key, Thing)>,
    /// The one kept longest first.
    idle: Vec<(Key, Thing, u64)>,
    queue: Vec<(Key, u32)>,
}

impl Model {
    fn count(&self, key: Key) -> u64 {
        let out = self.out.iter().filter(|o| o.0 == key).count();
        (out + self.idle.iter().filter(|i| i.0 == key).count()) as u64
    }

    fn total(&self) -> u64 {
        (self.out.len() + self.idle.len()) as u64
    }

    fn expire(&mut self, now: u64) -> Vec<u32> {
        let over = |since: u64| self.rules.idle_ms.is_some_and(|most| now - since >= most);
        let gone = self.idle.iter().filter(|i| over(i.2)).map(|i| i.1.id);
        let gone = gone.collect();
        self.idle.retain(|i| !over(i.2));
        gone
    }

    /// What this key would get now: nothing, or a kept one, or the one that has to go for a new.
    fn admit(&mut self, key: Key, now: u64, gone: &mut Vec<u32>) -> Option<Grant<u32>> {
        while let Some(at) = self.idle.iter().rposition(|i| i.0 == key) {
            let (_, thing, _) = self.idle.remove(at);
            if self
                .rules
                .age_ms
                .is_some_and(|most| now - thing.born >= most)
            {
                gone.push(thing.id);
                continue;
            }
            self.out.push((key, thing));
            return Some(Grant {
                kept: Some(thing.id),
                evicted: None,
            });
        }
        if self
            .rules
            .per_key
            .is_some_and(|most| self.count(key) >= most)
        {
            return None;
        }
        let mut evicted = None;
        if self.rules.total.is_some_and(|most| self.total() >= most) {
            if self.idle.is_empty() {
                return None;
            }
            evicted = Some(self.idle.remove(0).1.id);
        }
        Some(Grant {
            kept: None,
            evicted,
        })
    }
}

/// Both side by side.
struct Both {
    model: Model,
    pool: Pool<Key, u32, u32>,
    tickets: Vec<(u32, Ticket)>,
    next: u32,
    now: u64,
}

impl Both {
    fn new_thing(&mut self) -> Thing {
        self.next += 1;
        Thing {
            id: self.next,
            born: self.now,
            served: 0,
        }
    }

    fn receive(&mut self, key: Key, grant: &Grant<u32>) {
        if grant.kept.is_none() {
            let thing = self.new_thing();
            self.model.out.push((key, thing));
        }
    }

    fn ask(&mut self, key: Key, waits: bool) {
        let mut gone = self.model.expire(self.now);
        let want = self.model.admit(key, self.now, &mut gone);
        let got = self.pool.ask(&key, self.now);
        assert_eq!(got, want);
        assert_eq!(self.pool.take_gone(), gone);
        match got {
            Some(grant) => self.receive(key, &grant),
            None if waits => {
                self.next += 1;
                let ticket = self.pool.queue_up(key, self.next).expect("memory");
                self.tickets.push((self.next, ticket));
                self.model.queue.push((key, self.next));
            }
            None => self.pool.refuse(),
        }
    }

    fn give_back(&mut self, at: usize, to_keep: bool) {
        let (key, mut thing) = self.model.out.remove(at);
        thing.served += 1;
        let rules = self.model.rules;
        let age = self.now - thing.born;
        let fits = to_keep
            && rules
                .per_key
                .is_none_or(|most| self.model.count(key) < most)
            && rules.total.is_none_or(|most| self.model.total() < most)
            && rules.requests.is_none_or(|most| thing.served < most)
            && rules.age_ms.is_none_or(|most| age < most)
            && rules.idle_ms != Some(0);
        let mut gone = Vec::new();
        if fits {
            self.model.idle.push((key, thing, self.now));
        } else if to_keep {
            gone.push(thing.id);
        }
        gone.extend(self.model.expire(self.now));
        let returned = to_keep.then_some(Returned {
            what: thing.id,
            age_ms: age,
            served: thing.served,
        });
        self.pool.give_back(&key, returned, self.now);
        self.serve(gone);
    }

    fn set_rules(&mut self, rules: Rules) {
        self.model.rules = rules;
        let mut gone = Vec::new();
        for key in 0..=Key::MAX {
            while rules
                .per_key
                .is_some_and(|most| self.model.count(key) > most)
                && let Some(at) = self.model.idle.iter().position(|i| i.0 == key)
            {
                gone.push(self.model.idle.remove(at).1.id);
            }
        }
        while rules.total.is_some_and(|most| self.model.total() > most)
            && !self.model.idle.is_empty()
        {
            gone.push(self.model.idle.remove(0).1.id);
        }
        gone.extend(self.trim_model());
        self.pool.set_rules(rules, self.now);
        self.serve(gone);
    }

    fn trim_model(&mut self) -> Vec<u32> {
        let mut gone = self.model.expire(self.now);
        let (most, now) = (self.model.rules.age_ms, self.now);
        let over = |born: u64| most.is_some_and(|most| now - born >= most);
        gone.extend(
            self.model
                .idle
                .iter()
                .filter(|i| over(i.1.born))
                .map(|i| i.1.id),
        );
        self.model.idle.retain(|i| !over(i.1.born));
        gone
    }

    /// The pool has served those who wait: in the order that the model says, and nobody is left
    /// who could have been.
    fn serve(&mut self, mut gone: Vec<u32>) {
        let mut woken = Vec::new();
        let mut i = 0;
        while let Some(&(key, name)) = self.model.queue.get(i) {
            let Some(want) = self.model.admit(key, self.now, &mut gone) else {
                i += 1;
                continue;
            };
            self.model.queue.remove(i);
            woken.push(name);
            let at = self.tickets.iter().position(|t| t.0 == name);
            let (_, ticket) = self.tickets.remove(at.expect("a ticket"));
            let got = self.pool.take_grant(ticket);
            assert_eq!(got.as_ref(), Some(&want));
            self.receive(key, &want);
        }
        assert_eq!(self.pool.take_ready(), woken);
        let mut pool_gone = self.pool.take_gone();
        pool_gone.sort_unstable();
        gone.sort_unstable();
        assert_eq!(pool_gone, gone);
    }

    fn leave(&mut self, at: usize) {
        let (_, name) = self.model.queue.remove(at);
        let at = self.tickets.iter().position(|t| t.0 == name);
        let (_, ticket) = self.tickets.remove(at.expect("a ticket"));
        self.pool.leave(ticket);
    }

    fn compare(&self) {
        let stats = self.pool.stats();
        assert_eq!(stats.idle, self.model.idle.len() as u64);
        assert_eq!(stats.out, self.model.out.len() as u64);
        assert_eq!(stats.waiting, self.model.queue.len() as u64);
        let rules = self.model.rules;
        if !self.model.idle.is_empty() {
            assert!(rules.total.is_none_or(|most| self.model.total() <= most));
        }
    }
}

fn maybe(random: &mut Random, n: u64) -> Option<u64> {
    (random.below(4) > 0).then(|| random.below(n) + 1)
}

fn random_rules(random: &mut Random) -> Rules {
    Rules {
        per_key: maybe(random, 5),
        total: maybe(random, 12),
        idle_ms: maybe(random, 60).map(|n| n - 1),
        age_ms: maybe(random, 200),
        requests: maybe(random, 8),
    }
}

#[test]
fn random_calls_do_what_the_model_does() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut queued, mut evicted, mut expired) = (0, 0, 0);
    for _ in 0..300 {
        let mut both = Both {
            model: Model::default(),
            pool: Pool::default(),
            tickets: Vec::new(),
            next: 0,
            now: 1000,
        };
        let keys = random.below(6) + 1;
        let rules = random_rules(&mut random);
        both.set_rules(rules);
        for _ in 0..300 {
            both.now += random.below(4);
            match random.below(100) {
                0..45 => {
                    let key = random.below(keys) as Key;
                    let waits = random.below(2) == 0;
                    both.ask(key, waits);
                    queued += both.model.queue.len();
                }
                45..90 if !both.model.out.is_empty() => {
                    let at = random.below(both.model.out.len() as u64) as usize;
                    let to_keep = random.below(5) > 0;
                    both.give_back(at, to_keep);
                }
                90..94 if !both.model.queue.is_empty() => {
                    both.leave(random.below(both.model.queue.len() as u64) as usize);
                }
                94..96 => {
                    let gone = both.trim_model();
                    both.pool.trim(both.now);
                    both.serve(gone);
                }
                96 => {
                    let gone = both.model.idle.drain(..).map(|i| i.1.id).collect();
                    both.pool.close_idle();
                    both.serve(gone);
                }
                97 => {
                    let rules = random_rules(&mut random);
                    both.set_rules(rules);
                }
                _ => both.now += random.below(50),
            }
            both.compare();
        }
        let stats = both.pool.stats();
        evicted += stats.evicted;
        expired += stats.expired;
    }
    // The dice have been where it matters.
    assert!(
        queued > 1000 && evicted > 100 && expired > 1000,
        "{queued} {evicted} {expired}"
    );
}

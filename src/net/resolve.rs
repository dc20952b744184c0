//! Names to addresses, without ever being held up by them. getaddrinfo(3) can take as long as
//! the name server likes and cannot be interrupted, so that it runs on a thread of its own,
//! which rings a bell when it is done. Nobody waits for that thread: who gives the question up
//! leaves it to itself, and what it finds out then is dropped.

use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Code, Error, Result};
use crate::sys::fork::{self, Stamp};
use crate::sys::lock::Lock;
use crate::sys::resolve::{self, EAI_AGAIN, ResolveError};
use crate::sys::{thread, wake};

/// Room for what the modules of nsswitch.conf(5) put on the stack.
const STACK: usize = 512 * 1024;
/// Lookups that were given up and still run. Each holds a thread until the name server answers
/// or the resolver loses patience, which by default is a matter of ten seconds for each server.
const MOST_GIVEN_UP: u32 = 64;

type Answer = core::result::Result<Vec<SocketAddr>, ResolveError>;

/// What the two sides share.
#[derive(Debug, Default)]
struct Desk {
    /// Rung when the answer is there. Gone when nobody waits for it any more: it is only ever
    /// rung and closed with the desk locked, so that its number is never another descriptor's.
    bell: Option<OwnedFd>,
    answer: Option<Answer>,
}

/// A question that was asked.
#[derive(Debug)]
pub struct Lookup {
    desk: Arc<Lock<Desk>>,
    bell: RawFd,
    stamp: Stamp,
}

impl Lookup {
    /// Asks.
    pub fn begin(host: &str, port: u16) -> Result<Self> {
        if given_up::count() >= MOST_GIVEN_UP {
            let text = format!(
                "{host}: {MOST_GIVEN_UP} lookups that were given up still wait for the name server"
            );
            return Err(Error::new(Code::HC_ERR_RESOLVE, text).with_os_error(EAI_AGAIN));
        }
        let bell = wake::event().map_err(|e| Error::os(Code::HC_ERR_RESOLVE, e, "eventfd"))?;
        let lookup = Self {
            bell: bell.as_raw_fd(),
            desk: Arc::new(Lock::new(Desk {
                bell: Some(bell),
                answer: None,
            })),
            stamp: fork::stamp(),
        };
        let (desk, host) = (lookup.desk.clone(), host.to_owned());
        let job = move || deliver(&desk, resolve::resolve(&host, port));
        if let Err(errno) = thread::detach(STACK, job) {
            lookup.close_bell();
            return Err(Error::os(
                Code::HC_ERR_RESOLVE,
                errno,
                "a thread for the lookup",
            ));
        }
        Ok(lookup)
    }

    /// Readable when there is an answer.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.bell
    }

    /// The answer, if it is there, and the bell, which is silent again.
    pub fn take(&self) -> Option<(Answer, Option<OwnedFd>)> {
        let mut desk = self.desk.lock()?;
        let answer = desk.answer.take()?;
        let bell = desk.bell.take();
        if let Some(bell) = &bell {
            wake::clear(bell);
        }
        Some((answer, bell))
    }

    /// Takes the bell away without a word to the thread, which does not exist.
    fn close_bell(&self) {
        if let Some(mut desk) = self.desk.lock() {
            desk.bell = None;
            desk.answer = Some(Ok(Vec::new()));
        }
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        // In a forked child the thread that may hold the lock does not exist; elsewhere, whoever
        // holds it is about to be done, and the bell goes with the desk.
        let Some(mut desk) = self.desk.try_lock() else {
            return;
        };
        if desk.bell.take().is_some() && desk.answer.is_none() && fork::is_same_process(self.stamp)
        {
            given_up::add();
        }
    }
}

/// The thread's last act.
fn deliver(desk: &Lock<Desk>, answer: Answer) {
    // Nothing panics while it has the desk, so it cannot be broken.
    let Some(mut desk) = desk.lock() else { return };
    match &desk.bell {
        Some(bell) => {
            let bell = bell.as_raw_fd();
            desk.answer = Some(answer);
            wake::signal(bell);
        }
        None => given_up::remove(),
    }
}

/// How many threads nobody waits for, in this process: one number together with the process it
/// holds for, because a forked child has none of them.
mod given_up {
    use super::{AtomicU64, Ordering, fork};

    static COUNT: AtomicU64 = AtomicU64::new(0);

    fn here() -> u64 {
        u64::from(fork::stamp().number()) << 32
    }

    fn of(word: u64) -> u32 {
        if word & !0xffff_ffff == here() {
            word as u32
        } else {
            0
        }
    }

    pub(super) fn count() -> u32 {
        of(COUNT.load(Ordering::Relaxed))
    }

    pub(super) fn add() {
        change(|n| n.saturating_add(1));
    }

    pub(super) fn remove() {
        change(|n| n.saturating_sub(1));
    }

    fn change(by: impl Fn(u32) -> u32) {
        let update = |word| Some(here() | u64::from(by(of(word))));
        let _ = COUNT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
    }
}

//! Addresses that are tried at the same time. The first that answers wins, the others are
//! closed, and what became of each stays on record.

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use super::cancel::{self, Cancel};
use super::deadline::Stopwatch;
use super::dialing::{Dialing, Refusal};
use super::endpoint::Endpoint;
use super::news::{News, Teller};
use super::tcp::Tcp;
use crate::sys::epoll::Epoll;
use crate::sys::error_number::{EAGAIN, ECANCELED, EINTR};
use crate::sys::poll::{self, Watched};
use crate::sys::{socket, unix};

/// As many as this are under way at once. A name can have thousands of addresses.
const MOST_RUNNING: usize = 16;

/// One address that was tried, laid out as C sees it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Attempt {
    /// The address and port in text, ending in a NUL.
    pub address: [u8; 64],
    /// errno; 0 for the one that worked.
    pub os_error: i32,
    /// How long it took.
    pub elapsed_ms: i32,
}

/// The same, not put into words yet: most connections are made at the first try.
#[derive(Debug)]
struct Runner {
    endpoint: Endpoint,
    watch: Stopwatch,
    /// As long as it is not known how it ended.
    fd: Option<OwnedFd>,
    /// The mode of the descriptor.
    nonblocking: bool,
    /// A Unix socket whose server has no room for it yet: nothing will say when it has.
    is_knocking: bool,
    outcome: Result<(), Refusal>,
    elapsed_ms: i64,
    teller: Teller,
}

/// How a connect goes about it.
pub(super) struct Way<'a> {
    /// connect(2) may wait by itself. That saves asking how it ended, and turning the socket into
    /// one that waits.
    pub(super) waits: bool,
    /// What ends it from elsewhere, when it waits.
    pub(super) cancel: Option<&'a Arc<Cancel>>,
    /// Where those that are under way are watched.
    pub(super) epoll: Option<&'a Epoll>,
}

impl Runner {
    /// True when it is connected already.
    fn begin(&mut self, dialing: &Dialing, way: &Way<'_>) -> Result<(OwnedFd, bool), Refusal> {
        // A connect to a Unix socket cannot be ended from elsewhere, so it must not wait.
        let may_wait = way.waits && matches!(self.endpoint, Endpoint::Ip(_));
        self.nonblocking = !may_wait;
        let fd = dialing.socket_for(&self.endpoint, self.nonblocking)?;
        let _published = match way.cancel {
            Some(cancel) if may_wait => {
                let published = cancel.publish(fd.as_raw_fd(), cancel::Way::Shutdown);
                // Too early or too late to be felt here.
                if published.is_none() || cancel.is_requested() {
                    socket::set_nonblocking(fd.as_fd(), true)?;
                    self.nonblocking = true;
                }
                published
            }
            _ => None,
        };
        match connect(&self.endpoint, &fd) {
            Ok(true) => return Ok((fd, true)),
            Ok(false) => {}
            Err(EAGAIN) if matches!(self.endpoint, Endpoint::Unix(_)) => {
                self.is_knocking = true;
                return Ok((fd, false));
            }
            // Shut down under our hands: the kernel's reason is not the true one.
            Err(_) if way.cancel.is_some_and(|c| c.is_requested()) => {
                return Err(Refusal::Os(ECANCELED));
            }
            Err(errno) => return Err(Refusal::Os(errno)),
        }
        if let Some(epoll) = way.epoll {
            epoll.add(fd.as_raw_fd(), true)?;
        }
        Ok((fd, false))
    }

    fn end(&mut self, outcome: Result<(), Refusal>) {
        self.outcome = outcome;
        let ns = self.watch.ns();
        self.elapsed_ms = i64::try_from(ns / 1_000_000).unwrap_or(i64::MAX);
        let errno = outcome.err().map_or(0, Refusal::errno);
        self.teller.tell(&News::Tried(&self.endpoint, errno, ns));
    }

    fn attempt(&self, unfinished: i32) -> Attempt {
        let mut address = [0; 64];
        // The longest IP address with zone and port has 58 bytes.
        let text = self.endpoint.to_string();
        for (to, from) in address.iter_mut().take(63).zip(text.bytes()) {
            *to = from;
        }
        let (os_error, ms) = match self.outcome {
            _ if self.fd.is_some() => (unfinished, self.watch.ms()),
            Ok(()) => (0, self.elapsed_ms),
            Err(refusal) => (refusal.errno(), self.elapsed_ms),
        };
        Attempt {
            address,
            os_error,
            elapsed_ms: i32::try_from(ms).unwrap_or(i32::MAX),
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Race {
    runners: Vec<Runner>,
    running: usize,
    /// The one that failed last.
    last_failed: Option<usize>,
    pub(super) teller: Teller,
}

impl Race {
    /// One more. `Some` when it is connected already.
    pub(super) fn start(
        &mut self,
        endpoint: Endpoint,
        dialing: &Dialing,
        way: &Way<'_>,
    ) -> Option<Tcp> {
        self.teller.tell(&News::Trying(&endpoint));
        let mut runner = Runner {
            teller: self.teller.clone(),
            watch: Stopwatch::start(),
            endpoint,
            fd: None,
            nonblocking: true,
            is_knocking: false,
            outcome: Ok(()),
            elapsed_ms: 0,
        };
        let mut connected = None;
        match runner.begin(dialing, way) {
            Ok((fd, true)) => {
                runner.end(Ok(()));
                connected = Some(Tcp::dialled(fd, runner.nonblocking));
            }
            Ok((fd, false)) => {
                runner.fd = Some(fd);
                self.running += 1;
            }
            Err(refusal) => {
                runner.end(Err(refusal));
                self.last_failed = Some(self.runners.len());
            }
        }
        self.runners.push(runner);
        connected
    }

    /// Looks who has arrived. The error is that of poll(2).
    pub(super) fn look(&mut self, epoll: Option<&Epoll>) -> Result<Look, i32> {
        if self.running == 0 {
            return Ok(Look::Nothing);
        }
        let mut watched = Vec::new();
        self.watch(&mut watched);
        match poll::wait_any(&mut watched, 0) {
            Ok(_) | Err(EINTR) => {}
            Err(errno) => return Err(errno),
        }
        // A connect that is still under way has no error yet, so readiness is what counts.
        let is_ready = |fd: RawFd| watched.iter().any(|w| w.fd() == fd && w.is_ready());
        let mut look = Look::Nothing;
        for (i, runner) in self.runners.iter_mut().enumerate() {
            let Some(fd) = runner.fd.take() else { continue };
            let outcome = match connect_again(runner, &fd) {
                None if is_ready(fd.as_raw_fd()) => {
                    Some(match socket::connect_result(fd.as_fd()) {
                        Ok(0) => Ok(()),
                        Ok(errno) | Err(errno) => Err(errno),
                    })
                }
                outcome => outcome,
            };
            match outcome {
                None => runner.fd = Some(fd),
                Some(Ok(())) => {
                    runner.end(Ok(()));
                    self.running -= 1;
                    return Ok(Look::Winner(Tcp::dialled(fd, runner.nonblocking)));
                }
                Some(Err(errno)) => {
                    if let Some(epoll) = epoll {
                        epoll.remove(fd.as_raw_fd());
                    }
                    runner.end(Err(Refusal::Os(errno)));
                    self.running -= 1;
                    self.last_failed = Some(i);
                    look = Look::OneFailed;
                }
            }
        }
        Ok(look)
    }

    /// Those that can be waited for.
    pub(super) fn watch(&self, watched: &mut Vec<Watched>) {
        let fds = self.runners.iter().filter(|r| !r.is_knocking);
        let fds = fds.filter_map(|r| r.fd.as_ref());
        watched.extend(fds.map(|fd| Watched::new(fd.as_raw_fd(), false, true)));
    }

    /// Does one of them have to be looked after from time to time?
    pub(super) fn is_knocking(&self) -> bool {
        self.runners.iter().any(|r| r.is_knocking && r.fd.is_some())
    }

    /// How many are under way?
    pub(super) fn running(&self) -> usize {
        self.running
    }

    /// Is there room for one more?
    pub(super) fn has_room(&self) -> bool {
        self.running < MOST_RUNNING
    }

    /// Was there none yet?
    pub(super) fn is_empty(&self) -> bool {
        self.runners.is_empty()
    }

    /// The endpoint that failed last, and why.
    pub(super) fn last_failure(&self) -> Option<(&Endpoint, Refusal)> {
        let runner = self.runners.get(self.last_failed?)?;
        Some((&runner.endpoint, runner.outcome.err()?))
    }

    /// Tells that those that are still under way are given up.
    pub(super) fn tell_unfinished(&self, errno: i32) {
        for r in self.runners.iter().filter(|r| r.fd.is_some()) {
            let news = News::Tried(&r.endpoint, errno, r.watch.ns());
            self.teller.tell(&news);
        }
    }

    /// How many there were.
    pub(super) fn len(&self) -> usize {
        self.runners.len()
    }

    /// What became of each, in the order in which they started. `unfinished` is the errno of
    /// those that are still under way.
    pub(super) fn attempts(&self, unfinished: i32) -> Vec<Attempt> {
        self.runners.iter().map(|r| r.attempt(unfinished)).collect()
    }

    /// The same when one has won: the others are given up.
    pub(super) fn attempts_of_winner(&self) -> Vec<Attempt> {
        if self.runners.len() > 1 {
            self.attempts(ECANCELED)
        } else {
            Vec::new()
        }
    }
}

/// What [`Race::look`] has seen.
#[derive(Debug)]
pub(super) enum Look {
    /// A connected socket.
    Winner(Tcp),
    /// One is out of it.
    OneFailed,
    /// No change.
    Nothing,
}

/// Knocks again, if that is what this one does.
fn connect_again(runner: &Runner, fd: &OwnedFd) -> Option<Result<(), i32>> {
    if !runner.is_knocking {
        return None;
    }
    match connect(&runner.endpoint, fd) {
        Err(EAGAIN) => None,
        outcome => Some(outcome.map(drop)),
    }
}

fn connect(endpoint: &Endpoint, fd: &OwnedFd) -> Result<bool, i32> {
    match endpoint {
        Endpoint::Ip(address) => socket::connect(fd.as_fd(), address),
        Endpoint::Unix(name) => unix::connect(fd.as_fd(), name.bytes()).map(|()| true),
    }
}

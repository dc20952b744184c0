//! From a name to a connected socket, step by step: where to look for addresses, then the race
//! between them (RFC 8305). Nothing in here waits unless it is asked to.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use super::cancel::{self, Cancel, Published};
use super::deadline::{Deadline, Stopwatch};
use super::dialing::{Dialing, Refusal};
use super::endpoint::Endpoint;
use super::names::Names;
use super::news::{News, Teller};
pub use super::race::Attempt;
use super::race::{Look, Race, Way};
use super::tcp::Tcp;
use super::{Interest, Step, Waited};
use crate::error::{Code, Error, Result};
use crate::sys::epoll::Epoll;
use crate::sys::error_number::EINTR;
use crate::sys::poll::{self, Watched};
use crate::sys::wake;

/// How often a server of this machine is asked again whether it has room.
const KNOCK_MS: i64 = 10;
/// How often a wait that nobody can end looks whether it should.
const LOOK_MS: i64 = 10;

/// A connection being made.
#[derive(Debug)]
pub struct Dial {
    /// Where hc_cancel is felt between two steps. Before what it names, which is closed after it.
    felt: Option<Published>,
    host: String,
    port: u16,
    dialing: Arc<Dialing>,
    deadline: Deadline,
    timeout_kind: i32,
    names: Names,
    race: Race,
    /// When the next address is tried, whatever the others do.
    next_start: Deadline,
    /// When a full server is asked again.
    next_knock: Deadline,
    /// What a program watches that does not wait in here.
    epoll: Option<Epoll>,
    /// Rung to end a wait for several things.
    bell: Option<OwnedFd>,
    /// It is in the set.
    bell_is_watched: bool,
    resolving: Option<Stopwatch>,
    resolve_ns: u64,
}

impl Dial {
    /// Begins; it fails with a timeout of this kind when the deadline passes.
    #[must_use]
    pub fn new(
        host: &str,
        port: u16,
        deadline: Deadline,
        timeout_kind: i32,
        dialing: &Arc<Dialing>,
    ) -> Self {
        Self {
            felt: None,
            host: host.to_owned(),
            port,
            dialing: dialing.clone(),
            deadline,
            timeout_kind,
            names: Names::Unasked,
            race: Race::default(),
            next_start: Deadline::NEVER,
            next_knock: Deadline::NEVER,
            epoll: None,
            bell: None,
            bell_is_watched: false,
            resolving: None,
            resolve_ns: 0,
        }
    }

    /// What happens is told to it.
    #[must_use]
    pub fn told_to(mut self, teller: Teller) -> Self {
        self.race.teller = teller;
        self
    }

    /// Tells that the addresses that are still being tried are given up.
    pub fn tell_unfinished(&self, errno: i32) {
        self.race.tell_unfinished(errno);
    }

    /// How long it took to find out the addresses; 0 before that.
    #[must_use]
    pub fn resolve_ns(&self) -> u64 {
        self.resolve_ns
    }

    /// How many addresses were tried so far.
    #[must_use]
    pub fn tried(&self) -> usize {
        self.race.len()
    }

    /// What was tried so far; those that are still under way have this errno.
    #[must_use]
    pub fn attempts(&self, unfinished: i32) -> Vec<Attempt> {
        self.race.attempts(unfinished)
    }

    /// The same after success, unless it was the first try that succeeded.
    #[must_use]
    pub fn attempts_of_winner(&self) -> Vec<Attempt> {
        self.race.attempts_of_winner()
    }

    /// Are the addresses known?
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        matches!(self.names, Names::Known(..))
    }

    /// When there is something to do, whatever the descriptor says.
    #[must_use]
    pub fn wake_up(&self) -> Deadline {
        self.deadline
            .or_earlier(self.next_start)
            .or_earlier(self.next_knock)
    }

    /// The descriptor to watch between steps. As long as one socket is all there can be, it is
    /// that; otherwise a set of them, which stays the same until the connection is made.
    #[must_use]
    pub fn fd(&self) -> Option<RawFd> {
        if let Some(epoll) = &self.epoll {
            return Some(epoll.fd());
        }
        let mut one = Vec::new();
        self.race.watch(&mut one);
        one.first().map(Watched::fd)
    }

    /// Goes on. `patient`: waiting is allowed, here or in [`Self::wait`]; otherwise the program
    /// waits for [`Self::fd`], which a request to cancel makes ready.
    pub fn step(&mut self, patient: bool, cancel: Option<&Arc<Cancel>>) -> Result<Step<Tcp>> {
        self.felt = None;
        self.next_knock = Deadline::NEVER;
        let step = self.advance(patient, cancel)?;
        if let (Step::Want(_), Some(cancel), false) = (&step, cancel, patient) {
            self.felt = match self.rung_in_set()? {
                Some(bell) => cancel.publish(bell, cancel::Way::Signal),
                None => self
                    .fd()
                    .and_then(|fd| cancel.publish(fd, cancel::Way::Shutdown)),
            };
            if self.felt.is_none() {
                self.next_knock = self.next_knock.or_earlier(Deadline::after_ms(LOOK_MS));
            }
        }
        Ok(step)
    }

    /// What makes the set ready when it is rung; `None` without a set.
    fn rung_in_set(&mut self) -> Result<Option<RawFd>> {
        if let Names::Asked(lookup) = &self.names {
            return Ok(Some(lookup.fd()));
        }
        if self.epoll.is_none() {
            return Ok(None);
        }
        let bell = self.own_bell();
        if let (Some(epoll), Some(bell), false) = (&self.epoll, bell, self.bell_is_watched) {
            let added = epoll.add(bell, false);
            added.map_err(|e| Error::os(Code::HC_ERR_CONNECT, e, "epoll_ctl"))?;
            self.bell_is_watched = true;
        }
        Ok(bell)
    }

    fn advance(&mut self, patient: bool, cancel: Option<&Arc<Cancel>>) -> Result<Step<Tcp>> {
        // What a socket says that was shut down under our hands is nothing to go by.
        if cancel.is_some_and(|c| c.is_requested()) {
            let text = format!("connecting to {} was cancelled", self.host);
            return Err(Error::new(Code::HC_ERR_CANCELLED, text));
        }
        if !self.is_resolved()
            && let Step::Want(i) = self.find_out(patient)?
        {
            return Ok(Step::Want(i));
        }
        let look = self.race.look(self.epoll.as_ref());
        match look.map_err(|e| Error::os(Code::HC_ERR_CONNECT, e, "poll"))? {
            Look::Winner(tcp) => return Ok(Step::Done(tcp)),
            Look::OneFailed => self.next_start = Deadline::NEVER,
            Look::Nothing => {}
        }
        // The first is tried even with no time at all.
        if !self.race.is_empty() && self.deadline.has_passed() {
            return Err(self.timed_out());
        }
        while self.may_start() {
            let Some(next) = self.names.next() else {
                break;
            };
            if let Some(tcp) = self.start(next, patient, cancel)? {
                return Ok(Step::Done(tcp));
            }
        }
        if !self.race.has_room() {
            // The next one comes when one of these has failed.
            self.next_start = Deadline::NEVER;
        }
        if self.race.running() == 0 {
            return Err(self.no_address_left());
        }
        if self.deadline.has_passed() {
            return Err(self.timed_out());
        }
        if self.race.is_knocking() {
            self.next_knock = Deadline::after_ms(KNOCK_MS);
        }
        Ok(Step::Want(self.interest()))
    }

    /// Waits until a step may get further.
    pub fn wait(&mut self, ms: i64, cancel: Option<&Arc<Cancel>>) -> Result<Waited> {
        let mut watched = Vec::new();
        let mut bell = None;
        if let Names::Asked(lookup) = &self.names {
            bell = Some(lookup.fd());
        } else {
            self.race.watch(&mut watched);
            if cancel.is_some() && watched.len() != 1 {
                bell = self.own_bell();
            }
        }
        watched.extend(bell.map(|fd| Watched::new(fd, true, false)));
        // What cancels the call is felt on the one socket there is, or on a bell.
        let published = cancel.and_then(|cancel| match (bell, &watched[..]) {
            (Some(bell), _) => cancel.publish(bell, cancel::Way::Signal),
            (None, [socket]) => cancel.publish(socket.fd(), cancel::Way::Shutdown),
            _ => None,
        });
        if cancel.is_some_and(|c| c.is_requested()) {
            return Ok(Waited::Ready);
        }
        let piece = match ms {
            _ if cancel.is_none() || published.is_some() => ms,
            0.. => ms.min(LOOK_MS),
            _ => LOOK_MS,
        };
        match poll::wait_any(&mut watched, piece) {
            Ok(false) if piece == ms => Ok(Waited::TimedOut),
            // The next step finds out what time it is.
            Ok(_) | Err(EINTR) => Ok(Waited::Ready),
            Err(e) => Err(Error::os(Code::HC_ERR_CONNECT, e, "poll")),
        }
    }

    fn own_bell(&mut self) -> Option<RawFd> {
        if self.bell.is_none() {
            self.bell = wake::event().ok();
        }
        self.bell.as_ref().map(AsRawFd::as_raw_fd)
    }

    /// What the descriptor is watched for.
    fn interest(&self) -> Interest {
        if self.epoll.is_some() {
            Interest::Read
        } else {
            Interest::Write
        }
    }

    /// What a program watches that does not wait in here, when it is more than one socket.
    fn make_set(&mut self) -> Result<()> {
        if self.epoll.is_none() {
            let epoll = Epoll::new();
            let epoll = epoll.map_err(|e| Error::os(Code::HC_ERR_CONNECT, e, "epoll_create1"))?;
            self.epoll = Some(epoll);
        }
        Ok(())
    }

    fn start(
        &mut self,
        endpoint: Endpoint,
        patient: bool,
        cancel: Option<&Arc<Cancel>>,
    ) -> Result<Option<Tcp>> {
        let is_last = !self.names.has_next();
        let is_alone = self.race.running() == 0 && (is_last || !self.dialing.is_racing());
        let is_only = self.race.is_empty() && is_last && is_tcp(&endpoint);
        if !patient && !is_only {
            self.make_set()?;
        }
        let way = Way {
            waits: patient && is_alone && !self.deadline.is_set(),
            cancel,
            epoll: self.epoll.as_ref(),
        };
        let connected = self.race.start(endpoint, &self.dialing, &way);
        self.next_start = if is_last || !self.dialing.is_racing() {
            Deadline::NEVER
        } else {
            Deadline::after_ms(self.dialing.stagger_ms)
        };
        Ok(connected)
    }

    /// Is it the next address's turn: nothing else is under way, or has been for long?
    fn may_start(&self) -> bool {
        let running = self.race.running();
        running == 0
            || self.dialing.is_racing()
                && self.race.has_room()
                && (!self.next_start.is_set() || self.next_start.has_passed())
    }

    /// Resolves the name, and tells of it.
    fn find_out(&mut self, patient: bool) -> Result<Step<()>> {
        let teller = self.race.teller.clone();
        let watch = *self.resolving.get_or_insert_with(|| {
            teller.tell(&News::Resolving(&self.host));
            Stopwatch::start()
        });
        let step = self.resolve(patient);
        if !matches!(step, Ok(Step::Want(_))) {
            self.resolve_ns = watch.ns();
        }
        match (&step, &self.names) {
            (Ok(Step::Done(())), Names::Known(first, rest)) => {
                let (first, rest) = (first.as_ref(), rest.as_slice());
                teller.tell(&News::Resolved(first, rest, self.resolve_ns));
            }
            (Err(e), _) => teller.tell(&News::Unresolved(e, self.resolve_ns)),
            _ => {}
        }
        step
    }

    fn resolve(&mut self, patient: bool) -> Result<Step<()>> {
        if matches!(self.names, Names::Unasked) {
            self.names = Names::ask(&self.host, self.port, &self.dialing)?;
        }
        let Names::Asked(lookup) = &self.names else {
            return Ok(Step::Done(()));
        };
        if let Some((answer, bell)) = lookup.take() {
            let addresses = answer.map_err(|e| {
                let text = format!("{}: {}", self.host, e.text);
                Error::new(Code::HC_ERR_RESOLVE, text).with_os_error(e.code)
            })?;
            self.bell = bell;
            self.names = Names::known(addresses);
            return Ok(Step::Done(()));
        }
        if self.deadline.has_passed() {
            return Err(self.timed_out());
        }
        if !patient && self.epoll.is_none() {
            let fd = lookup.fd();
            self.make_set()?;
            if let Some(epoll) = &self.epoll {
                let added = epoll.add(fd, false);
                added.map_err(|e| Error::os(Code::HC_ERR_RESOLVE, e, "epoll_ctl"))?;
                self.bell_is_watched = true;
            }
        }
        Ok(Step::Want(Interest::Read))
    }

    #[cold]
    fn timed_out(&self) -> Error {
        let doing = if self.is_resolved() {
            "connecting to"
        } else {
            "resolving"
        };
        let text = format!("{doing} {} took too long", self.host);
        Error::new(Code::HC_ERR_TIMEOUT, text).with_timeout(self.timeout_kind)
    }

    #[cold]
    fn no_address_left(&self) -> Error {
        match self.race.last_failure() {
            Some((endpoint, Refusal::Os(errno))) => {
                let doing = format!("connect to {endpoint}");
                Error::os(Code::HC_ERR_CONNECT, errno, &doing)
            }
            Some((endpoint, Refusal::Hook(value))) => {
                let text = format!("the socket callback refused to connect to {endpoint}");
                Error::new(Code::HC_ERR_CALLBACK, text).with_callback_value(value)
            }
            None => {
                let text = format!("{}: no address was found", self.host);
                Error::new(Code::HC_ERR_RESOLVE, text)
            }
        }
    }
}

fn is_tcp(endpoint: &Endpoint) -> bool {
    matches!(endpoint, Endpoint::Ip(_))
}

#[cfg(test)]
#[path = "dial_tests.rs"]
mod tests;

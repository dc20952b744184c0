//! A response: what is immutable from the moment its head was read, what changes as its body
//! is read, and the part that lives in the connection.

use super::connection::Connection;
use super::record::Record;
use crate::error::{Code, Error, Result};
use crate::net::Step;
use crate::net::deadline::Deadline;
use crate::proto::Profile;
use crate::proto::body::Body;
use crate::proto::fields::Fields;
use crate::proto::head::Head;
use crate::proto::reuse::CloseReason;

/// What `hc_getresponse` gives.
#[derive(Debug)]
pub struct Answer {
    /// The head: immutable.
    pub head: Box<Head>,
    /// Why the connection ends with this response, or that it does not.
    pub reason: CloseReason,
    /// Where the part that changes begins.
    pub begun: Begun,
    /// The body comes in chunks.
    pub chunked: bool,
    /// The connection that this response takes along, when it does.
    pub carrier: Option<Box<Connection>>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// How reading stands.
#[derive(Clone, Debug, Default)]
pub enum End {
    /// Its head has not been read (`hr_begin`).
    NotBegun,
    /// There may be more.
    #[default]
    Open,
    /// Read to its end.
    Done,
    /// Given up by the program.
    Closed,
    /// Broken off; every later call says so again.
    Failed(Error),
}

/// The part of a response that changes. Whoever reads has the connection too.
#[derive(Debug, Default)]
pub struct Response {
    pub(super) id: u64,
    /// The number of the request that it answers.
    pub(super) request: u64,
    /// How reading stands.
    pub end: End,
    /// The reading call that has to be finished before another.
    doing: Doing,
    /// How far it got.
    partial: u64,
    /// How far the last reading call got that was not finished, or failed.
    pub reported: u64,
    collected: Option<Box<Collected>>,
    /// Trailer fields, when the body had any.
    pub trailers: Option<Box<Fields>>,
    /// Its last failure.
    pub last_error: Option<Box<Record>>,
}

/// All that is known of a response that has just begun: the rest of it is as in one that is
/// empty, and need not be moved about.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    pub(super) id: u64,
    /// The number of its request.
    pub(super) request: u64,
    /// It has nothing to be read.
    pub(super) is_done: bool,
}

impl Begun {
    /// The response.
    #[must_use]
    pub fn into_response(self) -> Response {
        let mut response = Response::default();
        response.begin(self);
        response
    }
}

/// The part of an unread response that the connection holds.
#[derive(Debug)]
pub struct Live {
    pub(super) id: u64,
    pub(super) body: Body,
    pub(super) status: u16,
    /// Body bytes given to the caller.
    pub(super) delivered: u64,
    /// The rest of the connection is not HTTP.
    pub(super) is_tunnel: bool,
    /// When it has to have been read.
    pub(super) total: Deadline,
}

/// What `hr_read_all` has collected. Boxed, like all that few responses have: a response is
/// moved about.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// By the call that is under way: room that has been made, and how much of it is filled.
    pub(super) all: Vec<u8>,
    pub(super) len: usize,
    /// By earlier calls, which gave it out: it stays where it is.
    pub(super) kept: Vec<Vec<u8>>,
}

impl Live {
    /// The connection ended. `whole`: the caller wants all of the body; without that, Python's
    /// sized reads take a body cut short for a whole one.
    pub(super) fn ended(&mut self, profile: Profile, whole: bool) -> Result<()> {
        if profile.has(Profile::SHORT_READ) && !whole && matches!(self.body, Body::Length(_)) {
            self.body = Body::Done;
        }
        self.body.ended(self.delivered, profile)
    }
}

/// A reading call that takes several steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Doing {
    #[default]
    Nothing,
    ReadFull,
    ReadLine,
    ReadAll,
    Pour,
}

impl Response {
    /// May this call take bytes now? `room` is what its buffer holds: what an unfinished call
    /// has put into one is no offset into a smaller one.
    #[inline]
    pub(super) fn check_doing(&self, doing: Doing, room: u64) -> Result<()> {
        if self.doing == Doing::Nothing || (self.doing == doing && self.partial <= room) {
            return Ok(());
        }
        Err(Error::new(
            Code::HC_ERR_PENDING,
            "another reading call has to be finished first",
        ))
    }

    /// Runs a step of such a call; `step` is told how far it got before, and says how far it is.
    pub(super) fn go_on(
        &mut self,
        doing: Doing,
        room: u64,
        step: impl FnOnce(&mut Self, &mut u64) -> Result<Step<()>>,
    ) -> Result<Step<u64>> {
        self.reported = 0;
        self.check_doing(doing, room)?;
        let mut partial = std::mem::take(&mut self.partial);
        self.doing = Doing::Nothing;
        match step(self, &mut partial) {
            Ok(Step::Done(())) => Ok(Step::Done(partial)),
            Ok(Step::Want(i)) => {
                self.doing = doing;
                self.partial = partial;
                self.reported = partial;
                Ok(Step::Want(i))
            }
            Err(e) => {
                self.reported = partial;
                Err(e)
            }
        }
    }

    pub(super) fn collected(&mut self) -> &mut Collected {
        self.collected.get_or_insert_default()
    }

    /// Makes an empty one this one.
    #[inline]
    pub fn begin(&mut self, begun: Begun) {
        self.id = begun.id;
        self.request = begun.request;
        if begun.is_done {
            self.end = End::Done;
        }
    }

    /// The number of the request that it answers, among those of the handle; 0: it stands alone.
    #[must_use]
    pub fn request_id(&self) -> u64 {
        self.request
    }

    /// One whose head is still to be read.
    #[must_use]
    pub fn not_begun() -> Self {
        Self {
            end: End::NotBegun,
            ..Self::default()
        }
    }

    /// True if there may be more to read, false at the end; otherwise why not.
    #[inline]
    pub(super) fn check_open(&self) -> Result<bool> {
        match &self.end {
            End::Open => Ok(true),
            End::Done => Ok(false),
            End::NotBegun => Err(Error::new(
                Code::HC_ERR_RESPONSE_NOT_READY,
                "the head of the response has not been read",
            )),
            End::Closed => Err(closed()),
            End::Failed(e) => Err(e.clone()),
        }
    }
}

#[cold]
pub(super) fn closed() -> Error {
    Error::new(
        Code::HC_ERR_CLOSED,
        "the response was closed before its end",
    )
}

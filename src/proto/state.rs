//! The machine: which call is legal in which state, and where it leads.
//!
//! Two rules. Everything that changes the state of a connection stands in [`TRANSITIONS`];
//! a row that is not there is a refusal. And the machine knows nothing but states and
//! events: what a call does besides is the business of `client`.
//!
//! The six states are those of Python's `httplib`, with its names: three states of the
//! request, times whether an earlier response is still unread. A response whose head has
//! been read stays *unread* until its last byte has been read; whether some of it has been
//! read makes no difference.
//!
//! `docs/state-machine.md`, `docs/state-machine.svg` and `hc_transition` come from this table. A
//! connection that pipelines has the same states with a queue in front of the request: the few
//! rows that this adds stand in [`WITH_ROOM`] and [`WITH_QUEUE`].

use crate::error::Code;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum State {
    /// Nothing is going on; there may or may not be an open connection.
    Idle = 0,
    /// A request head is being written.
    RequestStarted = 1,
    /// The request head has been sent; its answer has not been asked for.
    RequestSent = 2,
    /// The head of a response has been read, its body has not been read to the end.
    UnreadResponse = 3,
    /// The next request head is being written while a response is unread.
    ReqStartedUnreadResponse = 4,
    /// The next request has been sent while a response is unread.
    ReqSentUnreadResponse = 5,
}

/// What can happen to a connection. The first ten are calls of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Event {
    /// `hc_connect`.
    Connect = 0,
    /// `hc_close`.
    Close = 1,
    /// `hc_putrequest`.
    PutRequest = 2,
    /// `hc_putheader` and its forms.
    PutHeader = 3,
    /// `hc_endheaders`.
    EndHeaders = 4,
    /// `hc_send`.
    Send = 5,
    /// `hc_finish_body`.
    FinishBody = 6,
    /// `hc_request`: `hc_putrequest`, `hc_putheader` and `hc_endheaders` in one.
    Request = 7,
    /// `hc_getresponse`, answered by a response that keeps the connection.
    GetResponse = 8,
    /// The response was read to its end, by any of the reading calls, or given up.
    ReadToEnd = 9,
    /// `hc_getresponse`, answered by a response that ends the connection: it takes the
    /// connection with it, as in Python, and the handle is free for the next one.
    GetLastResponse = 10,
    /// An error of the network or the peer: the connection is closed.
    Failed = 11,
}

impl State {
    /// All six, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Idle,
        Self::RequestStarted,
        Self::RequestSent,
        Self::UnreadResponse,
        Self::ReqStartedUnreadResponse,
        Self::ReqSentUnreadResponse,
    ];

    /// The state with this number.
    #[must_use]
    pub fn from_number(n: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|s| *s as i32 == n)
    }

    /// The name, NUL-terminated for C.
    #[must_use]
    pub const fn name(self) -> &'static core::ffi::CStr {
        match self {
            Self::Idle => c"Idle",
            Self::RequestStarted => c"Request-started",
            Self::RequestSent => c"Request-sent",
            Self::UnreadResponse => c"Unread-response",
            Self::ReqStartedUnreadResponse => c"Req-started-unread-response",
            Self::ReqSentUnreadResponse => c"Req-sent-unread-response",
        }
    }
}

impl Event {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::Connect,
        Self::Close,
        Self::PutRequest,
        Self::PutHeader,
        Self::EndHeaders,
        Self::Send,
        Self::FinishBody,
        Self::Request,
        Self::GetResponse,
        Self::ReadToEnd,
        Self::GetLastResponse,
        Self::Failed,
    ];

    /// The event that a call of the program with this number is.
    #[must_use]
    pub fn from_call_number(n: i32) -> Option<Self> {
        Self::ALL[..10].iter().copied().find(|e| *e as i32 == n)
    }

    /// The name of the call, NUL-terminated for C.
    #[must_use]
    pub const fn name(self) -> &'static core::ffi::CStr {
        match self {
            Self::Connect => c"hc_connect",
            Self::Close => c"hc_close",
            Self::PutRequest => c"hc_putrequest",
            Self::PutHeader => c"hc_putheader",
            Self::EndHeaders => c"hc_endheaders",
            Self::Send => c"hc_send",
            Self::FinishBody => c"hc_finish_body",
            Self::Request => c"hc_request",
            Self::GetResponse => c"hc_getresponse",
            Self::ReadToEnd => c"response read to its end",
            Self::GetLastResponse => c"hc_getresponse (last response)",
            Self::Failed => c"failure",
        }
    }

    /// What a call gets in a state that has no row for it.
    #[must_use]
    pub const fn refusal(self) -> Code {
        match self {
            Self::Connect => Code::HC_ERR_ALREADY_CONNECTED,
            Self::PutRequest | Self::Request => Code::HC_ERR_CANNOT_SEND_REQUEST,
            Self::PutHeader | Self::EndHeaders => Code::HC_ERR_CANNOT_SEND_HEADER,
            Self::Send | Self::FinishBody => Code::HC_ERR_CANNOT_SEND_BODY,
            Self::GetResponse | Self::GetLastResponse => Code::HC_ERR_RESPONSE_NOT_READY,
            Self::ReadToEnd => Code::HC_ERR_CLOSED,
            Self::Close | Self::Failed => Code::HC_ERR_INTERNAL,
        }
    }
}

/// The machine.
pub const TRANSITIONS: &[(State, Event, State)] = {
    use {Event as E, State as S};
    &[
        (S::Idle, E::Connect, S::Idle),
        (S::Idle, E::PutRequest, S::RequestStarted),
        (S::Idle, E::Request, S::RequestSent),
        (S::RequestStarted, E::Connect, S::RequestStarted),
        (S::RequestStarted, E::PutHeader, S::RequestStarted),
        (S::RequestStarted, E::EndHeaders, S::RequestSent),
        (S::RequestSent, E::Send, S::RequestSent),
        (S::RequestSent, E::FinishBody, S::RequestSent),
        (S::RequestSent, E::GetResponse, S::UnreadResponse),
        (S::RequestSent, E::GetLastResponse, S::Idle),
        (
            S::UnreadResponse,
            E::PutRequest,
            S::ReqStartedUnreadResponse,
        ),
        (S::UnreadResponse, E::Request, S::ReqSentUnreadResponse),
        (S::UnreadResponse, E::ReadToEnd, S::Idle),
        (
            S::ReqStartedUnreadResponse,
            E::PutHeader,
            S::ReqStartedUnreadResponse,
        ),
        (
            S::ReqStartedUnreadResponse,
            E::EndHeaders,
            S::ReqSentUnreadResponse,
        ),
        (S::ReqStartedUnreadResponse, E::ReadToEnd, S::RequestStarted),
        (S::ReqSentUnreadResponse, E::Send, S::ReqSentUnreadResponse),
        (
            S::ReqSentUnreadResponse,
            E::FinishBody,
            S::ReqSentUnreadResponse,
        ),
        (S::ReqSentUnreadResponse, E::ReadToEnd, S::RequestSent),
        // Closing is legal everywhere, and no failure leaves a state that is stuck.
        (S::Idle, E::Close, S::Idle),
        (S::RequestStarted, E::Close, S::Idle),
        (S::RequestSent, E::Close, S::Idle),
        (S::UnreadResponse, E::Close, S::Idle),
        (S::ReqStartedUnreadResponse, E::Close, S::Idle),
        (S::ReqSentUnreadResponse, E::Close, S::Idle),
        (S::Idle, E::Failed, S::Idle),
        (S::RequestStarted, E::Failed, S::Idle),
        (S::RequestSent, E::Failed, S::Idle),
        (S::UnreadResponse, E::Failed, S::Idle),
        (S::ReqStartedUnreadResponse, E::Failed, S::Idle),
        (S::ReqSentUnreadResponse, E::Failed, S::Idle),
    ]
};

/// Rows that stand before those of [`TRANSITIONS`] while the pipeline has room for another
/// request. The one that was sent joins the queue of those that wait for their answers.
pub const WITH_ROOM: &[(State, Event, State)] = {
    use {Event as E, State as S};
    &[
        (S::RequestSent, E::PutRequest, S::RequestStarted),
        (S::RequestSent, E::Request, S::RequestSent),
        (
            S::ReqSentUnreadResponse,
            E::PutRequest,
            S::ReqStartedUnreadResponse,
        ),
        (
            S::ReqSentUnreadResponse,
            E::Request,
            S::ReqSentUnreadResponse,
        ),
    ]
};

/// Rows that stand before those of [`TRANSITIONS`] while requests in front of the last one are
/// unanswered: the answer is to the oldest of them, and the last one stays where it is.
pub const WITH_QUEUE: &[(State, Event, State)] = {
    use {Event as E, State as S};
    &[
        (
            S::RequestStarted,
            E::GetResponse,
            S::ReqStartedUnreadResponse,
        ),
        (S::RequestStarted, E::GetLastResponse, S::RequestStarted),
        (S::RequestSent, E::GetResponse, S::ReqSentUnreadResponse),
    ]
};

/// What a pipeline adds to a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Another request may be sent before the last one is answered.
    pub has_room: bool,
    /// Requests before the last one are unanswered.
    pub is_waited_for: bool,
}

const REFUSED: u8 = u8::MAX;

/// The tables as matrices, so that a call looks its row up with one load.
const NEXT: [[u8; 12]; 6] = matrix(TRANSITIONS);
const NEXT_WITH_ROOM: [[u8; 12]; 6] = matrix(WITH_ROOM);
const NEXT_WITH_QUEUE: [[u8; 12]; 6] = matrix(WITH_QUEUE);

const fn matrix(rows: &[(State, Event, State)]) -> [[u8; 12]; 6] {
    let mut matrix = [[REFUSED; 12]; 6];
    let mut i = 0;
    while i < rows.len() {
        let (from, event, to) = rows[i];
        assert!(
            matrix[from as usize][event as usize] == REFUSED,
            "a row stands twice"
        );
        matrix[from as usize][event as usize] = to as u8;
        i += 1;
    }
    matrix
}

/// Where `event` leads from `state`, or the code of the refusal.
#[inline]
pub fn next(state: State, event: Event) -> Result<State, Code> {
    numbered(NEXT[state as usize][event as usize]).ok_or_else(|| event.refusal())
}

/// The same on a connection that pipelines.
#[inline]
pub fn next_in_pipeline(state: State, event: Event, queue: Queue) -> Result<State, Code> {
    let row = |rows: &[[u8; 12]; 6]| numbered(rows[state as usize][event as usize]);
    let room = queue.has_room.then(|| row(&NEXT_WITH_ROOM)).flatten();
    let waited_for = || queue.is_waited_for.then(|| row(&NEXT_WITH_QUEUE)).flatten();
    room.or_else(waited_for)
        .map_or_else(|| next(state, event), Ok)
}

#[inline]
fn numbered(n: u8) -> Option<State> {
    match n {
        0 => Some(State::Idle),
        1 => Some(State::RequestStarted),
        2 => Some(State::RequestSent),
        3 => Some(State::UnreadResponse),
        4 => Some(State::ReqStartedUnreadResponse),
        5 => Some(State::ReqSentUnreadResponse),
        _ => None,
    }
}

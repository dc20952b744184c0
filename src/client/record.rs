//! What is kept of the last failure, for whoever asks after it.

use std::borrow::Cow;

use crate::error::{Code, Fault};
use crate::net::dial::Attempt;
use crate::proto::state::State;

/// What was going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i32)]
pub enum Phase {
    /// Nothing on the network.
    #[default]
    None = 0,
    /// Resolving the name.
    Resolve = 1,
    /// Connecting.
    Connect = 2,
    /// Sending the request head.
    SendHead = 3,
    /// Sending the request body.
    SendBody = 4,
    /// Waiting for `100 Continue`.
    WaitContinue = 5,
    /// Reading the response head.
    ResponseHead = 6,
    /// Reading the response body.
    ResponseBody = 7,
    /// Reading the trailers.
    Trailers = 8,
    /// The TLS handshake, with the proxy or the origin.
    Tls = 9,
    /// Asking a proxy for a tunnel.
    Proxy = 10,
}

/// May the request be sent again?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i32)]
pub enum Resend {
    /// No: the server has answered, at least in part, or the request is not at fault.
    #[default]
    No = 0,
    /// Yes: not a byte of it was sent.
    NothingSent = 1,
    /// Probably: a kept connection ended without a byte of an answer, as it does when the
    /// server gave it up while the request was on its way. Safe for idempotent methods.
    ClosedUnread = 2,
    /// Unknown: it was sent, at least in part, and nothing was heard.
    Unknown = 3,
}

/// The last failure.
#[derive(Clone, Debug)]
pub struct Record {
    /// What failed.
    pub fault: Fault,
    /// When.
    pub phase: Phase,
    /// State before the call.
    pub state: State,
    /// May the request be sent again?
    pub resend: Resend,
    /// The connection had served an exchange before.
    pub reused: bool,
    /// Status of the response, once its head was read; 0 before.
    pub http_status: u16,
    /// Bytes of this exchange that were sent.
    pub sent: u64,
    /// Bytes of this exchange that were received.
    pub received: u64,
    /// Body bytes delivered.
    pub body_received: u64,
    /// Body bytes that were still to come, when known.
    pub body_expected: Option<u64>,
    /// How long the connection had been idle before this exchange; -1 if it was new.
    pub idle_ms: i64,
    /// Addresses tried.
    pub attempts: Vec<Attempt>,
    /// The sentence, ending in a NUL.
    pub text: Vec<u8>,
}

impl Record {
    /// A failure that nothing else is known of: a refusal.
    #[must_use]
    pub fn of(fault: Fault, state: State) -> Self {
        let text = sentence(&fault);
        Self {
            fault,
            phase: Phase::None,
            state,
            resend: Resend::No,
            reused: false,
            http_status: 0,
            sent: 0,
            received: 0,
            body_received: 0,
            body_expected: None,
            idle_ms: -1,
            attempts: Vec::new(),
            text,
        }
    }
}

fn sentence(fault: &Fault) -> Vec<u8> {
    let mut text = match &fault.text {
        Cow::Borrowed("") => fault.code.sentence().to_bytes().to_vec(),
        text => text.as_bytes().to_vec(),
    };
    text.retain(|b| *b != 0);
    text.push(0);
    text
}

/// The facts by which [`Resend`] is decided.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// Bytes of this exchange that were sent.
    pub sent: u64,
    /// Bytes of this exchange that were received.
    pub received: u64,
    /// The connection had served an exchange before.
    pub reused: bool,
}

impl Resend {
    /// Decides.
    #[must_use]
    pub fn decide(code: Code, facts: Facts) -> Self {
        if facts.received > 0 {
            return Self::No;
        }
        if facts.sent == 0 {
            return Self::NothingSent;
        }
        let peer_ended = matches!(
            code,
            Code::HC_ERR_REMOTE_DISCONNECTED | Code::HC_ERR_SEND | Code::HC_ERR_RECV
        );
        if facts.reused && peer_ended {
            Self::ClosedUnread
        } else {
            Self::Unknown
        }
    }
}

//! Responses that are read elsewhere: the program has sent the request over a wire of its own
//! and reads the answer with a response that stands alone. The state machine is told what has
//! happened there, and decides as it does for its own.

use super::config::Tuning;
use super::connection::{Connection, Pending};
use super::record::Phase;
use super::response::{End, Response};
use super::upload::Upload;
use crate::error::{Code, Error, Result};
use crate::net::deadline::{Deadline, Stopwatch};
use crate::proto::request::RequestFacts;
use crate::proto::reuse::CloseReason;
use crate::proto::state::Event;
use crate::sys::clock::Source;

/// What a response that stands alone has to know of its request.
#[derive(Clone, Copy, Debug)]
pub struct Expectation {
    /// The request still owes bytes of its body: whether there is an answer already, only the
    /// program can know.
    early: bool,
    facts: RequestFacts,
    tuning: Tuning,
    total: Deadline,
    /// What that is measured by.
    clock: Option<Source>,
}

impl Connection {
    /// `hc_response_expected`: may a response be asked for, and what of the request matters
    /// for its reading?
    pub fn expectation(&self) -> Result<Expectation> {
        self.check_handover()?;
        Ok(Expectation {
            early: self.upload.is_open(),
            facts: self.request,
            tuning: *self.tuning,
            total: self.exchange.total,
            clock: self.clock,
        })
    }

    fn check_handover(&self) -> Result<()> {
        self.check(Event::GetResponse, Pending::None)?;
        if self.has_queue() {
            return Err(Error::new(
                Code::HC_ERR_UNSUPPORTED,
                "the answers to pipelined requests are read here: see hc_getresponse",
            ));
        }
        Ok(())
    }

    /// The same, at the side of the response. What it tunes it has from the connection.
    pub fn expect(&mut self, response: &Response, expected: Expectation) -> Result<()> {
        if !matches!(response.end, End::NotBegun) {
            return Err(Error::new(
                Code::HC_ERR_INVALID_ARG,
                "the head of the response has been read already",
            ));
        }
        self.exchange.early = expected.early;
        self.request = expected.facts;
        *self.tuning.own() = expected.tuning;
        self.exchange.total = expected.total;
        self.clock = expected.clock;
        Ok(())
    }

    /// `hc_response_begun`: the head of the answer has been read elsewhere.
    pub fn response_begun(&mut self, reason: CloseReason) -> Result<()> {
        self.check_handover()?;
        self.upload = Upload::default();
        self.has_answer = false;
        if reason == CloseReason::Kept {
            self.event(Event::GetResponse);
            self.exchange.phase = Phase::ResponseBody;
        } else {
            self.event(Event::GetLastResponse);
            self.lose_wire();
            self.out.clear();
            self.exchange.phase = Phase::None;
        }
        Ok(())
    }

    /// `hc_response_done`: reading has come to an end elsewhere, at the end of the message or
    /// before it. What was not read still stands on the wire, so then the wire is given up.
    pub fn response_done(&mut self, is_whole: bool) -> Result<()> {
        self.check_not_pending()?;
        if self.check(Event::ReadToEnd, Pending::None).is_err() {
            let text = "there is no unread response";
            return Err(Error::new(Code::HC_ERR_RESPONSE_NOT_READY, text));
        }
        if is_whole {
            self.event(Event::ReadToEnd);
            if let Some(wire) = &mut self.wire {
                wire.served += 1;
                wire.idle = Stopwatch::start();
            }
            return Ok(());
        }
        let was_sent = self.check(Event::FinishBody, Pending::None).is_ok();
        if was_sent {
            // The next request went out on the same wire: its answer is lost with it.
            self.drop_connection();
            self.event(Event::Failed);
        } else {
            self.event(Event::ReadToEnd);
            self.lose_wire();
        }
        Err(Error::new(
            Code::HC_ERR_CLOSED,
            "the response was given up before its end, and the connection with it",
        ))
    }
}

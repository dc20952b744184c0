//! What may be pipelined: how deep, which request may be followed, and which may stand behind
//! others that are unanswered.

use super::body_source::BodySource;
use super::connection::{Connection, Pending};
use super::pipeline::{DEEPEST, MOST_BODY, Pipeline, body_has_to_wait, has_to_wait};
use super::upload::{Owed, Upload};
use crate::error::{Code, Error, Result};
use crate::proto::Profile;
use crate::proto::request::RequestFacts;
use crate::proto::state::{self, Event, Queue, State};

impl Connection {
    /// `hc_set_pipeline_depth`: 1 is none.
    pub fn set_pipeline_depth(&mut self, depth: u32) -> Result<()> {
        if !(1..=DEEPEST).contains(&depth) {
            let text = "a pipeline is 1 to 1024 requests deep";
            return Err(Error::new(Code::HC_ERR_INVALID_ARG, text));
        }
        if depth == 1 && self.pipeline.as_ref().is_none_or(|p| p.is_at_rest()) {
            // Off is what it was before: nothing is asked, nothing is kept.
            self.pipeline = self.pipeline.take().filter(|p| p.any_method);
        } else {
            self.pipeline.get_or_insert_default();
        }
        if let Some(p) = &mut self.pipeline {
            p.depth = depth;
        }
        Ok(())
    }

    /// How many requests may be unanswered.
    #[must_use]
    pub fn pipeline_depth(&self) -> u32 {
        self.pipeline.as_ref().map_or(1, |p| p.depth)
    }

    /// Methods that are not idempotent are pipelined too.
    pub fn set_pipeline_any_method(&mut self, on: bool) {
        if on || self.pipeline.is_some() {
            let p = self.pipeline.get_or_insert_default();
            p.any_method = on;
            p.depth = p.depth.max(1);
        }
    }

    /// Are they?
    #[must_use]
    pub fn pipelines_any_method(&self) -> bool {
        self.pipeline.as_ref().is_some_and(|p| p.any_method)
    }

    /// Are requests before the machine's own unanswered?
    #[inline]
    pub(super) fn is_waited_for(&self) -> bool {
        self.pipeline.as_ref().is_some_and(|p| p.is_waited_for())
    }

    /// Does anything wait for its answer in the queue?
    #[inline]
    pub(super) fn has_queue(&self) -> bool {
        self.pipeline.as_ref().is_some_and(|p| !p.queue.is_empty())
    }

    /// Where `event` leads on a connection that pipelines.
    #[inline(never)]
    pub(super) fn check_in_pipeline(&self, event: Event) -> Option<State> {
        let p = self.pipeline.as_ref()?;
        let queue = Queue {
            has_room: matches!(event, Event::PutRequest | Event::Request) && self.has_room(),
            is_waited_for: p.is_waited_for(),
        };
        state::next_in_pipeline(self.state(), event, queue).ok()
    }

    /// The same for what is happening, which was checked before.
    pub(super) fn next_in_pipeline(&self, event: Event) -> Option<State> {
        let queue = Queue {
            has_room: true,
            is_waited_for: self.is_waited_for(),
        };
        state::next_in_pipeline(self.state(), event, queue).ok()
    }

    /// While an answer is waited for, requests can be added behind those that were sent: that
    /// never has to wait.
    pub(super) fn may_overlap(&self, event: Event) -> bool {
        self.pipeline.is_some()
            && self.pending == Pending::GetResponse
            && matches!(
                event,
                Event::PutRequest | Event::PutHeader | Event::EndHeaders | Event::Request
            )
    }

    fn has_room(&self) -> bool {
        self.no_room().is_none()
    }

    /// Why no request may be sent before the last one is answered.
    pub(super) fn no_room(&self) -> Option<&'static str> {
        let p = self.pipeline.as_ref()?;
        let last = &self.request;
        let served = self.wire.as_ref().map_or(0, |w| w.served) + u64::from(self.live.is_some());
        let on_it = served.saturating_add(p.unanswered(self.state()) as u64);
        Some(if p.unanswered(self.state()) >= p.depth as usize {
            "as many requests are unanswered as may be: see hc_set_pipeline_depth"
        } else if on_it >= self.tuning.limits.requests {
            "the connection serves no more requests: see HC_LIMIT_REQUESTS"
        } else if p.broken.is_some() {
            "sending has failed: take the answers that have come"
        } else if self.upload.is_open() || self.upload.owed == Owed::Unchecked {
            "the last request may owe bytes of its body"
        } else if self.has_answer && p.queue.is_empty() || !self.out.is_sent() {
            "the last request has been answered early: take the answer"
        } else if last.is_connect || last.has_upgrade {
            "what follows an unanswered CONNECT or Upgrade may not be HTTP"
        } else if last.wants_close || last.version != 11 {
            "the connection ends with the answer to the last request"
        } else if !last.is_idempotent && !p.any_method {
            "the method of the last request is not idempotent: take its answer first"
        } else {
            return None;
        })
    }

    /// May this method stand behind unanswered requests?
    pub(super) fn check_method(&self, method: &[u8]) -> Result<()> {
        let (Some(p), Some(config)) = (&self.pipeline, &self.config) else {
            return Ok(());
        };
        if method == b"GET" && config.http_version == 11 {
            return Ok(());
        }
        let facts = RequestFacts::of_method(method, config.http_version);
        if p.unanswered(self.state()) == 0 {
            Ok(())
        } else if facts.version != 11 {
            Err(has_to_wait("only HTTP/1.1 is pipelined"))
        } else if facts.is_connect {
            Err(has_to_wait("CONNECT has to wait for the answers before it"))
        } else if !facts.is_idempotent && !p.any_method {
            Err(has_to_wait(
                "a method that is not idempotent has to wait for the answers before it",
            ))
        } else {
            Ok(())
        }
    }
}
/// The length of the body of a request that can be gathered, or why it cannot.
pub(super) fn gathered_body(
    p: &Pipeline,
    facts: &RequestFacts,
    upload: &Upload,
    body: &BodySource<'_>,
    profile: Profile,
) -> Result<usize> {
    let owes = upload.is_open() || upload.owed == Owed::Unchecked;
    if p.depth < 2 || facts.version != 11 || facts.is_connect || facts.has_upgrade {
        return Err(has_to_wait(
            "CONNECT and Upgrade have to wait for the answers before them",
        ));
    }
    if !facts.is_idempotent && !p.any_method {
        return Err(has_to_wait("the method is not idempotent"));
    }
    if body.is_none() && !owes {
        return Ok(0);
    }
    if facts.expects_continue {
        return Err(body_has_to_wait(
            "a body that waits for 100 Continue has to wait for the answers before it",
        ));
    }
    // Where the caller frames the body, nobody else knows where it ends.
    if profile.has(Profile::LOOSE_FRAMING) {
        return Err(body_has_to_wait(
            "a body has to wait for the answers before it while its framing is not checked",
        ));
    }
    match (body, body.length()) {
        (BodySource::None | BodySource::Stream { .. }, _) | (_, None) => Err(body_has_to_wait(
            "a body that is not at hand has to wait for the answers before it",
        )),
        (_, Some(n)) if n > MOST_BODY => Err(body_has_to_wait(
            "a body of more than 64 KiB has to wait for the answers before it",
        )),
        (_, Some(n)) if upload.framed || upload.owed == Owed::Length(n) => {
            Ok(usize::try_from(n).unwrap_or(0))
        }
        _ => Err(body_has_to_wait(
            "a body that is pushed has to wait for the answers before it",
        )),
    }
}

//! Reading the body of a response.

use super::connection::Connection;
use super::record::Record;
use super::response::{Collected, Doing, End, Live, Response, closed};
use super::wire::Receive;
use crate::error::{Code, Error, Result};
use crate::net::{Step, Transport};
use crate::proto::Profile;
use crate::proto::body::Body;

/// Buffers from this size on are received into directly; smaller ones share receives.
const DIRECT: usize = 8 * 1024;
/// How much `hr_read_all` asks memory for at a time at most: never by a length that the peer
/// declares and may not send.
const MOST_GROWTH: usize = 1024 * 1024;
const LEAST_GROWTH: usize = 4 * 1024;

/// Takes body bytes: says how many, and whether it wants more.
type Sink<'a> = dyn FnMut(&[u8]) -> Result<(usize, bool)> + 'a;

/// What the end of the connection inside a body is to a reading call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// A failure, or the end of the body, as the profile says.
    Judged,
    /// A failure: the caller wants all of it.
    Fails,
    /// The next call's affair: this one has got bytes already.
    Waits,
}

impl Connection {
    /// `hr_read` and `hr_read1`: some bytes, at least one; 0 at the end.
    #[inline]
    pub fn read(&mut self, response: &mut Response, out: &mut [u8]) -> Result<Step<usize>> {
        response.check_doing(Doing::Nothing, 0)?;
        self.read_part(response, out, Cut::Judged)
    }

    fn read_part(
        &mut self,
        response: &mut Response,
        out: &mut [u8],
        cut: Cut,
    ) -> Result<Step<usize>> {
        if !self.enter_body(response)? {
            return Ok(Step::Done(0));
        }
        if out.is_empty() {
            // A body that has nothing has been read to its end even so.
            return self.leave_body(response, Ok(Step::Done(0)));
        }
        let step = self.drive(|c| c.step_read(out, cut));
        self.leave_body(response, step)
    }

    /// True if the response is the one being read and may have more.
    #[inline]
    fn enter_body(&mut self, response: &mut Response) -> Result<bool> {
        let open = response.check_open()?;
        if open && self.live.as_ref().is_none_or(|l| l.id != response.id) {
            response.end = End::Closed;
            return Err(closed());
        }
        Ok(open)
    }

    /// Notes the end or the failure that a step met.
    #[inline]
    fn leave_body<T>(&mut self, response: &mut Response, step: Result<Step<T>>) -> Result<Step<T>> {
        match step {
            Ok(step) => {
                if self.live.as_ref().is_some_and(|l| l.body.is_done()) {
                    self.finish(response);
                }
                Ok(step)
            }
            Err(e) => Err(self.fail_body(response, e)),
        }
    }

    #[cold]
    fn fail_body(&mut self, response: &mut Response, e: Error) -> Error {
        response.end = End::Failed(e.clone());
        let e = self.fail(e);
        response.last_error.clone_from(&self.last_error);
        e
    }

    /// Keeps the reason of a reading call that failed, unless it is the failure of the body,
    /// which is kept already.
    #[cold]
    pub fn note_body(&self, response: &mut Response, e: &Error) {
        if !e.is_noted() && !matches!(response.end, End::Failed(_)) {
            response.last_error = Some(Box::new(Record::of((**e).clone(), self.state())));
        }
    }

    #[inline]
    fn step_read(&mut self, out: &mut [u8], cut: Cut) -> Result<Step<usize>> {
        let how = if self.is_patient() {
            Receive::Patiently
        } else {
            Receive::Now
        };
        let (Some(wire), Some(live)) = (&mut self.wire, &mut self.live) else {
            return Err(closed());
        };
        let (limits, profile) = (&self.tuning.limits, self.tuning.profile);
        loop {
            if live.body.is_done() {
                return Ok(Step::Done(0));
            }
            let bytes = wire.received_bytes();
            if !bytes.is_empty() {
                let (used, made) = live.body.take(bytes, out, limits, profile)?;
                wire.take(used);
                live.delivered += made as u64;
                if made > 0 || live.body.is_done() {
                    return Ok(Step::Done(made));
                }
                if used > 0 {
                    continue;
                }
            }
            let direct = live.body.direct();
            let most = usize::try_from(direct).unwrap_or(usize::MAX).min(out.len());
            let last = direct == most as u64 && matches!(live.body, Body::Length(_));
            let arrived = if most >= DIRECT || last {
                let step = wire.read_direct(
                    out.get_mut(..most).unwrap_or_default(),
                    last,
                    &self.tuning,
                    how,
                )?;
                if let Step::Done(n @ 1..) = step {
                    live.body.passed(n as u64);
                    live.delivered += n as u64;
                    return Ok(Step::Done(n));
                }
                step
            } else {
                wire.fill(&self.tuning, how, live.body.need())?
            };
            match arrived {
                Step::Want(i) => return Ok(Step::Want(i)),
                Step::Done(0) if cut == Cut::Waits && matches!(live.body, Body::Length(_)) => {
                    return Ok(Step::Done(0));
                }
                Step::Done(0) => {
                    live.ended(profile, cut == Cut::Fails)?;
                }
                Step::Done(_) => {}
            }
        }
    }

    /// `hr_read_full`: fills the buffer unless the body ends.
    pub fn read_full(&mut self, response: &mut Response, out: &mut [u8]) -> Result<Step<u64>> {
        self.fill(response, out, |_| Cut::Fails)
    }

    /// `hr_fread`: fills the buffer unless the body or the connection ends; which of the two it
    /// was says the next call.
    pub fn read_like_stdio(
        &mut self,
        response: &mut Response,
        out: &mut [u8],
    ) -> Result<Step<u64>> {
        self.fill(response, out, |filled| match filled {
            0 => Cut::Judged,
            _ => Cut::Waits,
        })
    }

    fn fill(
        &mut self,
        response: &mut Response,
        out: &mut [u8],
        cut: impl Fn(u64) -> Cut,
    ) -> Result<Step<u64>> {
        response.go_on(Doing::ReadFull, out.len() as u64, |response, filled| {
            loop {
                let at = usize::try_from(*filled).unwrap_or(usize::MAX);
                let rest = out.get_mut(at..).unwrap_or_default();
                if rest.is_empty() && at > 0 {
                    return Ok(Step::Done(()));
                }
                match self.read_part(response, rest, cut(*filled))? {
                    Step::Done(0) => return Ok(Step::Done(())),
                    Step::Done(n) => *filled += n as u64,
                    Step::Want(i) => return Ok(Step::Want(i)),
                }
            }
        })
    }

    /// `hr_readv`: at least one byte, and more only without waiting.
    pub fn read_vectored(
        &mut self,
        response: &mut Response,
        parts: &mut [std::io::IoSliceMut<'_>],
    ) -> Result<Step<usize>> {
        let mut total = 0;
        for part in parts.iter_mut().filter(|p| !p.is_empty()) {
            if total > 0 && !self.has_arrived() {
                break;
            }
            match self.read(response, part) {
                Ok(Step::Done(n)) => {
                    total += n;
                    if n < part.len() {
                        break;
                    }
                }
                Ok(Step::Want(i)) if total == 0 => return Ok(Step::Want(i)),
                Err(e) if total == 0 => return Err(e),
                // The failure is kept and comes with the next call.
                Ok(Step::Want(_)) | Err(_) => break,
            }
        }
        Ok(Step::Done(total))
    }

    /// `hr_peek`: body bytes that have arrived, not taken; none at the end.
    pub fn peek(&mut self, response: &mut Response) -> Result<Step<&[u8]>> {
        self.peek_part(response, Cut::Judged)
    }

    fn peek_part(&mut self, response: &mut Response, cut: Cut) -> Result<Step<&[u8]>> {
        if !self.enter_body(response)? {
            return Ok(Step::Done(&[]));
        }
        let step = self.drive(|c| c.step_peek(cut));
        match self.leave_body(response, step)? {
            Step::Want(i) => Ok(Step::Want(i)),
            Step::Done(()) => match (&self.wire, &self.live) {
                (Some(wire), Some(live)) => Ok(Step::Done(live.body.peek(wire.received_bytes()))),
                _ => Ok(Step::Done(&[])),
            },
        }
    }

    fn step_peek(&mut self, cut: Cut) -> Result<Step<()>> {
        let how = if self.is_patient() {
            Receive::Patiently
        } else {
            Receive::Now
        };
        let (Some(wire), Some(live)) = (&mut self.wire, &mut self.live) else {
            return Err(closed());
        };
        let (limits, profile) = (&self.tuning.limits, self.tuning.profile);
        loop {
            if live.body.is_done() {
                return Ok(Step::Done(()));
            }
            // Without room for output this takes framing only, up to the next data byte.
            let (used, _) = match live.body {
                Body::Chunked(_) => {
                    live.body
                        .take(wire.received_bytes(), &mut [], limits, profile)?
                }
                _ => (0, 0),
            };
            wire.take(used);
            if live.body.is_done() || !live.body.peek(wire.received_bytes()).is_empty() {
                return Ok(Step::Done(()));
            }
            match wire.fill(&self.tuning, how, live.body.need())? {
                Step::Want(i) => return Ok(Step::Want(i)),
                Step::Done(0) if cut == Cut::Waits && matches!(live.body, Body::Length(_)) => {
                    return Ok(Step::Done(()));
                }
                Step::Done(0) => live.ended(profile, cut == Cut::Fails)?,
                Step::Done(_) => {}
            }
        }
    }

    /// Takes bytes that were peeked at.
    fn consume(&mut self, response: &mut Response, n: usize) {
        let (Some(wire), Some(live)) = (&mut self.wire, &mut self.live) else {
            return;
        };
        wire.take(n);
        live.body.passed(n as u64);
        live.delivered += n as u64;
        if live.body.is_done() {
            self.finish(response);
        }
    }

    /// Hands the body to `sink`, piece by piece, until it takes no more. `sink` says how many
    /// bytes it took and whether it wants to go on.
    fn pour(
        &mut self,
        response: &mut Response,
        mut cut: Cut,
        sink: &mut Sink<'_>,
    ) -> Result<Step<()>> {
        loop {
            let bytes = match self.peek_part(response, cut)? {
                Step::Done([]) => return Ok(Step::Done(())),
                Step::Done(bytes) => bytes,
                Step::Want(i) => return Ok(Step::Want(i)),
            };
            let (n, more) = sink(bytes)?;
            self.consume(response, n);
            // Where a body cut short may pass for a whole one, that is not for the call to say
            // that got its last bytes: hr_read_all would say otherwise.
            if cut == Cut::Judged && self.tuning.profile.has(Profile::SHORT_READ) {
                cut = Cut::Waits;
            }
            if !more {
                return Ok(Step::Done(()));
            }
        }
    }

    /// `hr_readline`: through the next line feed, or to the end, or until the buffer is full.
    pub fn read_line(&mut self, response: &mut Response, out: &mut [u8]) -> Result<Step<u64>> {
        response.go_on(Doing::ReadLine, out.len() as u64, |response, filled| {
            if out.is_empty() {
                return Ok(Step::Done(()));
            }
            self.pour(response, Cut::Judged, &mut |bytes| {
                let at = usize::try_from(*filled).unwrap_or(usize::MAX);
                let room = out.get_mut(at..).unwrap_or_default();
                let line = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |i| i + 1);
                let n = line.min(room.len());
                for (to, from) in room.iter_mut().zip(&bytes[..n]) {
                    *to = *from;
                }
                *filled += n as u64;
                Ok((n, at + n < out.len() && bytes[..n].last() != Some(&b'\n')))
            })
        })
    }

    /// `hr_drain`: reads and drops up to `max` bytes.
    pub fn drain(&mut self, response: &mut Response, max: u64) -> Result<Step<u64>> {
        self.pour_up_to(response, max, &mut |bytes| Ok(bytes.len()))
    }

    /// `hr_to_fd`: the same, with somewhere to put the bytes.
    pub fn pour_up_to(
        &mut self,
        response: &mut Response,
        max: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<usize>,
    ) -> Result<Step<u64>> {
        response.go_on(Doing::Pour, max, |response, total| {
            let mut too_large = false;
            let step = self.pour(response, Cut::Fails, &mut |bytes| {
                let room = usize::try_from(max - *total).unwrap_or(usize::MAX);
                if room == 0 {
                    too_large = true;
                    return Ok((0, false));
                }
                let n = sink(&bytes[..bytes.len().min(room)])?;
                *total += n as u64;
                Ok((n, true))
            })?;
            if too_large {
                Err(too_many(max))
            } else {
                Ok(step)
            }
        })
    }

    /// `hr_read_all`: the rest of the body, if it is at most `max` bytes.
    pub fn read_all(&mut self, response: &mut Response, max: u64) -> Result<Step<()>> {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let step = response.go_on(Doing::ReadAll, 0, |response, _| {
            self.step_read_all(response, max)
        })?;
        Ok(match step {
            Step::Done(_) => Step::Done(()),
            Step::Want(i) => Step::Want(i),
        })
    }

    fn step_read_all(&mut self, response: &mut Response, max: usize) -> Result<Step<()>> {
        loop {
            let Collected { all, len, .. } = response.collected();
            if *len >= max {
                // Is that all there is?
                return match self.peek_part(response, Cut::Fails)? {
                    Step::Done([]) => Ok(Step::Done(())),
                    Step::Done(_) => Err(too_many(max as u64)),
                    Step::Want(i) => Ok(Step::Want(i)),
                };
            }
            let mut all = std::mem::take(all);
            let at = *len;
            if at == all.len() {
                let expected = self
                    .remaining(response)
                    .and_then(|n| usize::try_from(n).ok());
                let growth = expected
                    .unwrap_or(0)
                    .max(at)
                    .clamp(LEAST_GROWTH, MOST_GROWTH);
                if let Err(e) = reserve(&mut all, growth.min(max - at)) {
                    response.collected().all = all;
                    return Err(e);
                }
            }
            let room = all.len().min(max);
            let step = self.read_part(
                response,
                all.get_mut(at..room).unwrap_or_default(),
                Cut::Fails,
            );
            let collected = response.collected();
            collected.all = all;
            match step? {
                Step::Done(0) => return Ok(Step::Done(())),
                Step::Done(n) => collected.len += n,
                Step::Want(i) => return Ok(Step::Want(i)),
            }
        }
    }

    /// What `read_all` has collected; it stays where it is as long as the response lives, and
    /// ends in a NUL that is not counted.
    pub fn keep_all(response: &mut Response) -> Result<&[u8]> {
        let collected = response.collected();
        let mut all = std::mem::take(&mut collected.all);
        all.truncate(std::mem::take(&mut collected.len));
        all.try_reserve_exact(1)?;
        all.push(0);
        collected.kept.try_reserve(1)?;
        collected.kept.push(all);
        Ok(collected
            .kept
            .last()
            .and_then(|all| all.split_last())
            .map_or(&[], |(_, all)| all))
    }

    /// Is there anything to read without a receive?
    #[must_use]
    pub fn has_arrived(&self) -> bool {
        self.wire
            .as_ref()
            .is_some_and(|w| !w.received_bytes().is_empty())
    }

    /// Has reading come to an end, one way or the other?
    #[must_use]
    pub fn is_closed(&self, response: &Response) -> bool {
        if matches!(response.end, End::NotBegun) {
            return false;
        }
        !matches!(response.end, End::Open) || self.live.as_ref().is_none_or(|l| l.id != response.id)
    }

    /// Body bytes that are left, when the framing says so.
    #[must_use]
    pub fn remaining(&self, response: &Response) -> Option<u64> {
        match (&response.end, &self.live) {
            (End::Open, Some(live)) if live.id == response.id => live.body.remaining(),
            _ => Some(0),
        }
    }

    /// Bytes that are left of the open chunk.
    #[must_use]
    pub fn chunk_left(&self, response: &Response) -> Option<u64> {
        match &self.live {
            Some(Live {
                id,
                body: Body::Chunked(decoder),
                ..
            }) if *id == response.id => Some(decoder.chunk_left()),
            _ => None,
        }
    }

    /// Gives away what carries a connection that is no longer HTTP, with the bytes that have
    /// been received already.
    pub fn detach(&mut self, response: &mut Response) -> Result<(Box<dyn Transport>, Vec<u8>)> {
        self.enter_body(response)?;
        if !self.live.as_ref().is_some_and(|l| l.is_tunnel) {
            return Err(Error::new(
                Code::HC_ERR_UNSUPPORTED,
                "only 101, or 2xx to CONNECT, gives the connection away",
            ));
        }
        let Some(mut wire) = self.wire.take() else {
            return Err(closed());
        };
        let mut left = wire.received_bytes().to_vec();
        left.append(&mut wire.transport().take_unread());
        self.live = None;
        response.end = End::Done;
        Ok((wire.into_transport(), left))
    }
}

fn reserve(all: &mut Vec<u8>, growth: usize) -> Result<()> {
    all.try_reserve(growth)?;
    all.resize(all.len() + growth, 0);
    Ok(())
}

#[cold]
fn too_many(max: u64) -> Error {
    Error::new(
        Code::HC_ERR_TOO_LARGE,
        format!("the body has more than {max} bytes"),
    )
}

//! Reading calls that take a body piece by piece until they have what was asked for: a line, all
//! of it, so many bytes for somewhere else.

use std::os::fd::RawFd;

use super::connection::Connection;
use super::own_fd::OwnFd;
use super::reading::Cut;
use super::response::{Collected, Doing, Response};
use crate::error::{Code, Error, Result};
use crate::net::Step;
use crate::proto::Profile;

/// How much `hr_read_all` asks memory for at a time at most: never by a length that the peer
/// declares and may not send.
const MOST_GROWTH: usize = 1024 * 1024;
const LEAST_GROWTH: usize = 4 * 1024;

/// Takes body bytes: says how many, and whether it wants more.
type Sink<'a> = dyn FnMut(&[u8]) -> Result<(usize, bool)> + 'a;

impl Connection {
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
                // As hr_read without room: nothing is read, and a failure is told again.
                return Ok(match self.read_part(response, out, Cut::Judged)? {
                    Step::Done(_) => Step::Done(()),
                    Step::Want(i) => Step::Want(i),
                });
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

    /// `hr_to_fd`: writes up to `max` bytes to a descriptor of the program's.
    pub fn pour_to_fd(
        &mut self,
        response: &mut Response,
        fd: RawFd,
        max: u64,
    ) -> Result<Step<u64>> {
        let mut own = OwnFd::new(fd, self.body_total(), self.cancel());
        let step = self.pour_up_to(response, max, &mut |bytes| own.write(bytes));
        step.map_err(|e| match e.code {
            // That was the end of the response, wherever it was waiting.
            Code::HC_ERR_CANCELLED | Code::HC_ERR_TIMEOUT if !e.is_noted() => {
                self.fail_body(response, e)
            }
            _ => e,
        })
    }

    /// The same, with somewhere else to put the bytes.
    fn pour_up_to(
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

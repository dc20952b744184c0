//! A header section by itself, read over the transport of a response that stands alone.

use super::connection::Connection;
use super::record::Phase;
use super::response::{Answer, Begun, End, Response};
use super::wire::Receive;
use crate::error::{Code, Error, Result};
use crate::net::Step;
use crate::proto::body::Need;
use crate::proto::head::{Head, HeadReader};
use crate::proto::reuse::CloseReason;

impl Connection {
    /// `hr_begin_fields`.
    pub fn read_fields(&mut self, response: &mut Response) -> Result<Step<Answer>> {
        if !matches!(response.end, End::NotBegun) {
            return Err(Error::new(
                Code::HC_ERR_INVALID_ARG,
                "the response has begun already",
            ));
        }
        if !self.reader.has_begun() {
            self.reader = HeadReader::of_fields();
        }
        self.exchange.phase = Phase::ResponseHead;
        match self.drive(Self::step_fields) {
            Ok(Step::Done(())) => {
                let head = std::mem::take(&mut self.head);
                self.drop_connection();
                Ok(Step::Done(Answer {
                    head,
                    reason: CloseReason::Kept,
                    begun: Begun {
                        id: 0,
                        request: 0,
                        is_done: true,
                    },
                    chunked: false,
                    carrier: None,
                }))
            }
            Ok(Step::Want(i)) => Ok(Step::Want(i)),
            Err(e) => {
                response.end = End::Failed(e.clone());
                let e = self.fail(e);
                response.last_error = self.last_error().map(|r| Box::new(r.clone()));
                Err(e)
            }
        }
    }

    fn step_fields(&mut self) -> Result<Step<()>> {
        let how = if self.is_patient() {
            Receive::Patiently
        } else {
            Receive::Now
        };
        let Some(wire) = &mut self.wire else {
            return Err(Error::new(
                Code::HC_ERR_NOT_CONNECTED,
                "the connection is gone",
            ));
        };
        let limits = &self.tuning.limits;
        loop {
            let (bytes, eof) = (wire.received_bytes(), wire.is_at_eof());
            if !bytes.is_empty() || eof {
                let profile = wire.profile(&self.tuning);
                let progress = self
                    .reader
                    .advance(bytes, eof, limits, profile, &mut self.head)?;
                wire.take(progress.used);
                if progress.done {
                    return Ok(Step::Done(()));
                }
            }
            if let Step::Want(i) = wire.fill(&self.tuning, how, Need::Line)? {
                return Ok(Step::Want(i));
            }
        }
    }

    /// The head that is being read, or at which reading has failed.
    #[must_use]
    pub fn unfinished_head(&self) -> &Head {
        &self.head
    }
}

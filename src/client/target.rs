//! Where connections go: the host, and the tunnel behind it.

use std::sync::Arc;

use super::connection::{Connection, Pending};
use super::record::Phase;
use super::wire::Receive;
use crate::error::{Code, Error, Result};
use crate::net::Step;
use crate::net::dialing::Dialing;
use crate::proto::body::Need;
use crate::proto::head::{Head, HeadReader};
use crate::proto::hostport::HostPort;
use crate::proto::tunnel::{self, Tunnel};

/// A tunnel that is being made.
#[derive(Debug, Default)]
pub struct Tunnelling {
    /// Bytes of the CONNECT request that were sent.
    sent: usize,
    reader: HeadReader,
    pub(super) head: Head,
}

impl Connection {
    /// `hc_set_target`: requests and connections go there from now on; an open connection
    /// stays what it is.
    pub fn set_target(
        &mut self,
        host: &[u8],
        port: i32,
        default_port: u16,
        unchecked: bool,
    ) -> Result<()> {
        self.check_not_pending()?;
        let target = if unchecked {
            HostPort::parse_unchecked(host, port, default_port)?
        } else {
            HostPort::parse(host, port, default_port)?
        };
        let Some(config) = &mut self.config else {
            return Err(no_target());
        };
        self.rerouted += 1;
        config.target = target;
        config.default_port = default_port;
        config.host_unchecked = unchecked;
        config.name_host();
        Ok(())
    }

    /// How connections are made.
    #[must_use]
    pub fn dialing(&self) -> Option<&Dialing> {
        self.config.as_ref().map(|c| &*c.dialing)
    }

    /// Changes how the connections to come are made.
    pub fn change_dialing(&mut self, change: impl FnOnce(&mut Dialing)) -> Result<()> {
        self.check_not_pending()?;
        let Some(config) = &mut self.config else {
            return Err(no_target());
        };
        self.rerouted += 1;
        change(Arc::make_mut(&mut config.dialing));
        Ok(())
    }

    /// `hc_set_tunnel`.
    pub fn set_tunnel(&mut self, tunnel: Option<Tunnel>) -> Result<()> {
        self.check_not_pending()?;
        if self.wire.is_some() {
            return Err(Error::new(
                Code::HC_ERR_ALREADY_CONNECTED,
                "Can't set up tunnel for established connection",
            ));
        }
        let Some(config) = &mut self.config else {
            return Err(no_target());
        };
        self.rerouted += 1;
        config.tunnel = tunnel;
        config.name_host();
        Ok(())
    }

    /// `hc_tunnel_answer`: what the answer to CONNECT means, when the program has read it.
    pub fn judge_tunnel(&mut self, status: u16, reason: &[u8]) -> Result<()> {
        let judged = tunnel::judge(status, reason, self.tuning.profile);
        judged.map_err(|e| {
            let e = self.fail(e);
            if let Some(record) = &mut self.last_error {
                record.http_status = status;
            }
            e
        })
    }

    /// Goes on with the making of a tunnel: true when the proxy has made it.
    pub(super) fn step_tunnel(&mut self, t: &mut Tunnelling) -> Result<Step<()>> {
        let (Some(wire), Some(config)) = (&mut self.wire, &self.config) else {
            return Err(no_target());
        };
        let head = config.tunnel.as_ref().map_or(&[][..], |t| &t.head);
        self.exchange.phase = Phase::Proxy;
        while let Some(rest @ [_, ..]) = head.get(t.sent..) {
            match wire.write(&[std::io::IoSlice::new(rest)], false, &self.tuning)? {
                Step::Done(n) => t.sent += n,
                Step::Want(i) => return Ok(Step::Want(i)),
            }
        }
        let (limits, profile) = (&self.tuning.limits, self.tuning.profile);
        loop {
            let (bytes, eof) = (wire.received_bytes(), wire.is_at_eof());
            if !bytes.is_empty() || eof {
                let progress = t.reader.advance(bytes, eof, limits, profile, &mut t.head)?;
                wire.take(progress.used);
                if progress.done && t.head.status >= 200 {
                    // Whoever speaks first at the far end is not told from the proxy.
                    if t.head.status < 300 && !wire.received_bytes().is_empty() {
                        let text = "the proxy sent bytes before anything was asked through it";
                        return Err(Error::new(Code::HC_ERR_PROXY, text));
                    }
                    return Ok(Step::Done(()));
                }
                if progress.done {
                    t.reader.next_head(limits)?;
                    continue;
                }
            }
            if let Step::Want(i) = wire.fill(&self.tuning, Receive::Now, Need::Line)? {
                return Ok(Step::Want(i));
            }
        }
    }

    /// Is this a moment to change what the connections to come are made of?
    pub fn check_not_pending(&self) -> Result<()> {
        if self.pending == Pending::None {
            return Ok(());
        }
        Err(Error::new(
            Code::HC_ERR_PENDING,
            "another call has to be finished first",
        ))
    }
}

#[cold]
fn no_target() -> Error {
    Error::new(
        Code::HC_ERR_UNSUPPORTED,
        "a response has no connection to send requests on",
    )
}

//! From a transport that has been opened to a connection that carries requests, stage by
//! stage: what a proxy needs to be asked, what has to be agreed on with whoever is behind it.

use super::connection::{Connection, Origin};
use super::proxying::Way;
use super::record::Phase;
use super::secure::Hop;
use super::timeouts::{Due, TimeoutKind};
use super::tunnelling::Tunnelling;
use crate::error::{Error, Result};
use crate::net::{Interest, Step};
use crate::proto::socks::Socks;

/// What is being done. The order of the variants is the order of the stages.
#[derive(Debug)]
pub enum Stage {
    /// The proxy is asked for a tunnel.
    Tunnel(Box<Tunnelling>),
    /// The same in SOCKS.
    Socks(Box<Socks>),
    /// TLS with the next hop; true once it has begun.
    Secure(Hop, bool),
}

impl Stage {
    /// What is said to be going on meanwhile.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self {
            Self::Tunnel(_) | Self::Socks(_) => Phase::Proxy,
            Self::Secure(..) => Phase::Tls,
        }
    }
}

impl Connection {
    /// Is a connection being opened?
    pub(super) fn is_opening(&self) -> bool {
        self.dial.is_some() || self.making.is_some()
    }

    /// The stage that follows this one, or the first.
    pub(super) fn stage_after(&mut self, stage: Option<&Stage>) -> Result<Option<Stage>> {
        match stage {
            None if self.needs_proxy_tls() => Ok(Some(Stage::Secure(Hop::Proxy, false))),
            None | Some(Stage::Secure(Hop::Proxy, _)) => match self.stage_to_origin(false)? {
                None => Ok(self.stage_with_origin()),
                stage => Ok(stage),
            },
            Some(Stage::Tunnel(_) | Stage::Socks(_)) => Ok(self.stage_with_origin()),
            Some(Stage::Secure(Hop::Origin, _)) => Ok(None),
        }
    }

    /// The stage that leads from the proxy to the origin, if that is ours to make: without a
    /// socket it is the program's. `on_kept_wire`: the proxy has been asked on it before.
    pub(super) fn stage_to_origin(&mut self, on_kept_wire: bool) -> Result<Option<Stage>> {
        let config = match &self.config {
            Some(config) if !matches!(self.origin, Origin::SansIo { .. }) => config,
            _ => return Ok(None),
        };
        Ok(match config.way() {
            Way::Direct | Way::Forwarded => None,
            Way::Tunnel => {
                self.proxy_answer = None;
                let head = config.connect_head()?;
                Some(Stage::Tunnel(Box::new(Tunnelling::new(head, on_kept_wire))))
            }
            Way::Socks => match &config.proxy {
                None => None,
                Some(proxy) => Some(Stage::Socks(Box::new(proxy.socks_to(&config.target)?))),
            },
        })
    }

    /// The connection to the proxy that was kept when it refused a tunnel, if it still is as
    /// silent as it has to be, and the stage that goes on with it.
    pub(super) fn take_up_aside(&mut self) -> Result<Option<Stage>> {
        let Some(mut wire) = self.aside.take() else {
            return Ok(None);
        };
        if matches!(self.origin, Origin::SansIo { .. }) || !wire.transport().is_silent() {
            return Ok(None);
        }
        let stage = self.stage_to_origin(true)?;
        if matches!(stage, Some(Stage::Tunnel(_))) {
            wire.clocks.total = self.total;
            self.wire = Some(*wire);
            return Ok(stage);
        }
        Ok(None)
    }

    /// Goes on with whatever stage there is.
    pub(super) fn step_making(&mut self) -> Result<Step<()>> {
        while let Some(mut stage) = self.making.take() {
            self.begin_stage(&stage);
            let step = self.step_stage(&mut stage);
            self.end_stage(&stage, &step);
            match step {
                Ok(Step::Done(())) => self.making = self.stage_after(Some(&stage))?,
                Ok(Step::Want(i)) => {
                    self.making = Some(stage);
                    return self.not_open_yet(i);
                }
                Err(e) => match &stage {
                    Stage::Tunnel(t) if Self::was_dead(t, &e) => {
                        self.lose_wire();
                        return self.open();
                    }
                    Stage::Tunnel(_) | Stage::Socks(_) => {
                        return Err(self.blame_proxy(e, "while asking"));
                    }
                    Stage::Secure(Hop::Proxy, _) => return Err(self.blame_proxy(e, "in TLS with")),
                    Stage::Secure(Hop::Origin, _) => return Err(e),
                },
            }
        }
        // With a dial under way it has only begun.
        if self.dial.is_none() {
            self.opening_due = Due::NEVER;
        }
        Ok(Step::Done(()))
    }

    /// A failure that did not come out of the stage under way ends it all the same.
    #[cold]
    pub(super) fn fail_making(&mut self, e: Error) -> Error {
        match self.making.take() {
            None | Some(Stage::Secure(Hop::Origin, _)) => e,
            Some(Stage::Secure(Hop::Proxy, _)) => self.blame_proxy(e, "in TLS with"),
            Some(Stage::Tunnel(mut tunnelling)) => {
                self.give_up_tunnel(&mut tunnelling, &e);
                self.blame_proxy(e, "while asking")
            }
            Some(Stage::Socks(_)) => self.blame_proxy(e, "while asking"),
        }
    }

    fn step_stage(&mut self, stage: &mut Stage) -> Result<Step<()>> {
        match stage {
            Stage::Tunnel(tunnelling) => self.step_tunnel(tunnelling),
            Stage::Socks(socks) => self.step_socks(socks),
            Stage::Secure(hop, begun) => self.step_secure(*hop, begun),
        }
    }

    /// The peer is waited for: not for longer than this and opening may take in all.
    fn not_open_yet(&self, interest: Interest) -> Result<Step<()>> {
        let due = self.opening_due.or_earlier(self.tls_due, TimeoutKind::Tls);
        due.check()?;
        Ok(Step::Want(interest))
    }
}

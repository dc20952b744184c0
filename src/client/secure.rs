//! TLS on a connection that is being opened: with the origin, and with a proxy on the way to it.

use std::sync::Arc;

use super::config::TimeoutKind;
use super::connection::{Connection, Origin};
use super::making::Stage;
use super::record::Phase;
use super::timeouts::Due;
use crate::error::{Code, Error, Result};
use crate::net::deadline::Deadline;
use crate::net::tls::TlsConfig;
use crate::net::tls::agreed::Agreed;
use crate::net::{Patience, Step};
use crate::proto::proxy::Scheme;
use crate::proto::state::State;

/// Whom a handshake is with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// A proxy that is reached by TLS itself.
    Proxy,
    /// The host that requests are for.
    Origin,
}

impl Connection {
    /// `hc_set_tls`.
    pub fn set_tls(&mut self, tls: Option<Arc<TlsConfig>>) -> Result<()> {
        self.change_tls(tls, Hop::Origin)
    }

    /// `hc_set_proxy_tls`.
    pub fn set_proxy_tls(&mut self, tls: Option<Arc<TlsConfig>>) -> Result<()> {
        self.change_tls(tls, Hop::Proxy)
    }

    fn change_tls(&mut self, tls: Option<Arc<TlsConfig>>, hop: Hop) -> Result<()> {
        self.check_not_pending()?;
        let state = self.state();
        let Some(config) = &mut self.config else {
            return Err(Error::new(
                Code::HC_ERR_UNSUPPORTED,
                "a response has no connection to open",
            ));
        };
        if self.wire.is_some() {
            return Err(Error::new(
                Code::HC_ERR_ALREADY_CONNECTED,
                "TLS can be changed only without a connection (hc_close)",
            ));
        }
        // A head that was written for one way would be sent by another.
        if config.proxy.is_some() && state != State::Idle {
            return Err(Error::new(
                Code::HC_ERR_CANNOT_SEND_REQUEST,
                "with a proxy, TLS cannot be changed while a request is under way",
            ));
        }
        if let Some(tls) = &tls {
            tls.close();
        }
        match hop {
            Hop::Origin => config.tls = tls,
            Hop::Proxy => config.proxy_tls = tls,
        }
        self.rerouted += 1;
        self.aside = None;
        Ok(())
    }

    /// What was agreed on last.
    pub fn tls_agreed(&self) -> Result<&Agreed> {
        // A connection out of a pool has been agreed on by another handle.
        let open = self.wire.as_ref().and_then(|w| w.agreed());
        open.or(self.agreed.as_ref()).map(|a| &**a).ok_or_else(|| {
            Error::new(
                Code::HC_ERR_NOT_CONNECTED,
                "there was no TLS handshake on this handle",
            )
        })
    }

    /// Has the proxy to be spoken to by TLS? Without a socket that is the program's affair, as all
    /// that leads to the origin is.
    pub(super) fn needs_proxy_tls(&self) -> bool {
        let proxy = self.config.as_ref().and_then(|c| c.proxy.as_deref());
        proxy.is_some_and(|p| p.scheme == Scheme::Https)
            && !matches!(self.origin, Origin::SansIo { .. })
    }

    /// The last stage, if there is TLS with the origin.
    pub(super) fn stage_with_origin(&self) -> Option<Stage> {
        let is_tls = self.config.as_ref().is_some_and(|c| c.tls.is_some());
        is_tls.then_some(Stage::Secure(Hop::Origin, false))
    }

    /// Goes on with a handshake. `begun`: TLS has been put over the transport.
    pub(super) fn step_secure(&mut self, hop: Hop, begun: &mut bool) -> Result<Step<()>> {
        let is_patient = self.is_patient();
        let (Some(wire), Some(config)) = (&mut self.wire, &self.config) else {
            return Ok(Step::Done(()));
        };
        self.exchange.phase = Phase::Tls;
        // A transport that the program gave has not been opened by us: the time starts here.
        if !self.opening_due.at.is_set() {
            self.opening_due = Due::after_ms(self.tuning.timeouts.connect, TimeoutKind::Connect)
                .or_earlier(self.total, TimeoutKind::Total);
        }
        if !*begun {
            let to = match hop {
                Hop::Proxy => config.first_hop(),
                Hop::Origin => config.tunnel.as_ref().map_or(&config.target, |t| &t.target),
            };
            let tls = match hop {
                // Not the origin's: its certificates and pins are no business of the proxy's, and
                // the client's certificate above all.
                Hop::Proxy => config.proxy_tls.clone(),
                Hop::Origin => config.tls.clone(),
            };
            let tls = tls.unwrap_or_else(TlsConfig::shared_default);
            // Its own part of the work, such as reading the trusted certificates, is in it.
            self.tls_due = Deadline::after_ms(self.tuning.timeouts.tls);
            wire.wrap(|inner| tls.connect(inner, &to.host, to.port))?;
            *begun = true;
        }
        // A time that is set is kept by poll(2): it is the handshake's, not that of one receive.
        let is_timed = self.opening_due.at.is_set() || self.tls_due.is_set() || self.total.is_set();
        let patience = if is_patient && !is_timed {
            Patience::Ms(-1)
        } else {
            Patience::None
        };
        match wire.establish(patience)? {
            Step::Done(()) => {
                self.tls_due = Deadline::NEVER;
                if hop == Hop::Origin {
                    self.agreed = wire.agreed().cloned();
                }
                Ok(Step::Done(()))
            }
            Step::Want(i) => Ok(Step::Want(i)),
        }
    }
}

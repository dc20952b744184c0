//! Where connections go: the host, and the tunnel behind it.

use std::sync::Arc;

use super::connection::{Connection, Pending};
use crate::error::{Code, Error, Result};
use crate::net::dialing::Dialing;
use crate::proto::hostport::HostPort;
use crate::proto::tunnel::{self, Tunnel};

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
        if config.proxy.is_none() {
            // It led to the old target.
            self.aside = None;
        }
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
        self.aside = None;
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
        if tunnel.is_some() && config.proxy.is_some() {
            return Err(Error::new(
                Code::HC_ERR_UNSUPPORTED,
                "connections of this handle go through a proxy already (hc_set_proxy)",
            ));
        }
        if tunnel.is_none() {
            self.aside = None;
        }
        self.rerouted += 1;
        config.tunnel = tunnel.map(Box::new);
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
pub(super) fn no_target() -> Error {
    Error::new(
        Code::HC_ERR_UNSUPPORTED,
        "a response has no connection to send requests on",
    )
}

//! The proxy of a handle: setting it, and what it makes of connections and requests.

use super::config::Config;
use super::connection::Connection;
use super::target::no_target;
use crate::error::{Code, Error, Result};
use crate::proto::basic::Credentials;
use crate::proto::hostport::HostPort;
use crate::proto::proxy::{self, Proxy};
use crate::proto::request::RequestFacts;
use crate::proto::state::State;

/// How connections reach the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// They are opened to it.
    Direct,
    /// They are opened to a proxy, which is sent the requests.
    Forwarded,
    /// They are opened to a proxy, which is sent CONNECT.
    Tunnel,
    /// They are opened to a SOCKS proxy.
    Socks,
}

impl Config {
    /// How connections reach the origin.
    pub(super) fn way(&self) -> Way {
        match &self.proxy {
            _ if self.tunnel.is_some() => Way::Tunnel,
            None => Way::Direct,
            Some(p) if !p.scheme.is_http() => Way::Socks,
            Some(p) if p.forwards() && !self.is_tls() => Way::Forwarded,
            Some(_) => Way::Tunnel,
        }
    }

    /// Is the origin spoken to over TLS?
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// What connections are opened to.
    pub(super) fn first_hop(&self) -> &HostPort {
        self.proxy.as_ref().map_or(&self.target, |p| &p.at)
    }

    /// The request that makes a tunnel; nothing if there is to be none.
    pub fn connect_head(&self) -> Result<Vec<u8>> {
        match (&self.tunnel, &self.proxy) {
            (Some(tunnel), _) => Ok(tunnel.head.clone()),
            (None, Some(proxy)) if self.way() == Way::Tunnel => {
                Ok(proxy.tunnel_to(&self.target)?.head)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// What tells connections through one proxy from those through another, or through none:
    /// empty for none. It holds the credentials: not to be shown.
    #[must_use]
    pub fn proxy_key(&self) -> String {
        match (&self.proxy, &self.tunnel) {
            (Some(proxy), _) => proxy.key(),
            (None, Some(tunnel)) => format!("tunnel {}", tunnel.head.escape_ascii()),
            (None, None) => String::new(),
        }
    }

    /// The target of a request line, when the proxy has to be told more than the origin would.
    pub(super) fn target_for_proxy(&self, method: &[u8], target: &[u8]) -> Result<Option<Vec<u8>>> {
        if self.way() != Way::Forwarded {
            return Ok(None);
        }
        if self.host_unchecked {
            // Here it becomes part of a URL.
            HostPort::parse(self.target.host.as_bytes(), 0, self.target.port)?;
        }
        proxy::absolute_form(method, target, &self.target.host_header(self.default_port))
    }

    /// The proxy of a connection as it is called in failures.
    pub(super) fn proxy_place(&self) -> Option<String> {
        match (&self.proxy, &self.tunnel) {
            (Some(proxy), _) => Some(proxy.place()),
            (None, Some(_)) => {
                let at = self.target.host_header(0);
                Some(format!("http://{}", String::from_utf8_lossy(&at)))
            }
            (None, None) => None,
        }
    }
}

impl Connection {
    /// `hc_set_proxy`.
    pub fn set_proxy(&mut self, proxy: Option<Proxy>) -> Result<()> {
        let config = self.check_can_redirect()?;
        if proxy.is_some() && config.tunnel.is_some() {
            return Err(Error::new(
                Code::HC_ERR_UNSUPPORTED,
                "the host of this handle is a proxy already (hc_set_tunnel)",
            ));
        }
        let stays = match (&config.proxy, &proxy) {
            (Some(old), Some(new)) => old.is_same_place(new),
            _ => false,
        };
        config.proxy = proxy.map(Box::new);
        self.rerouted += 1;
        if !stays {
            self.aside = None;
        }
        Ok(())
    }

    /// `hc_tunnel_head`.
    pub fn connect_head(&mut self) -> Result<&[u8]> {
        let Some(config) = &mut self.config else {
            return Ok(&[]);
        };
        config.shown_head = config.connect_head()?;
        Ok(&config.shown_head)
    }

    /// `hc_set_proxy_auth`.
    pub fn set_proxy_credentials(&mut self, given: Option<Credentials>) -> Result<()> {
        self.proxy_to_change()?.set_credentials(given)?;
        self.rerouted += 1;
        Ok(())
    }

    /// `hc_set_proxy_headers`.
    pub fn set_proxy_fields<'a>(
        &mut self,
        count: usize,
        field: &dyn Fn(usize) -> Result<(&'a [u8], &'a [u8])>,
    ) -> Result<()> {
        self.proxy_to_change()?.set_fields(count, field)?;
        self.rerouted += 1;
        Ok(())
    }

    /// `hc_set_proxy_tunnel`.
    pub fn set_proxy_tunnel(&mut self, always: bool) -> Result<()> {
        let proxy = self.proxy_to_change()?;
        if always && !proxy.scheme.is_http() {
            return Err(Error::new(
                Code::HC_ERR_UNSUPPORTED,
                "a SOCKS proxy makes no tunnels with CONNECT",
            ));
        }
        proxy.always_tunnel = always;
        self.rerouted += 1;
        Ok(())
    }

    /// Adds what only the proxy is to see to the head of a request that it forwards.
    pub(super) fn tell_proxy(&mut self, facts: &mut RequestFacts) -> Result<()> {
        let config = self.config.as_ref();
        match config.and_then(|c| c.proxy.as_ref().filter(|_| c.way() == Way::Forwarded)) {
            Some(proxy) => proxy.add_fields(&mut self.out.head, facts),
            None => Ok(()),
        }
    }

    fn proxy_to_change(&mut self) -> Result<&mut Proxy> {
        self.check_can_redirect()?
            .proxy
            .as_deref_mut()
            .ok_or_else(|| Error::new(Code::HC_ERR_INVALID_ARG, "there is no proxy (hc_set_proxy)"))
    }

    /// May the way to the origin change now? Not while there is a connection, nor a head that
    /// was written for the old way: it may hold what only that proxy is to see.
    fn check_can_redirect(&mut self) -> Result<&mut Config> {
        self.check_not_pending()?;
        if self.wire.is_some() {
            return Err(Error::new(
                Code::HC_ERR_ALREADY_CONNECTED,
                "the proxy can be changed only without a connection (hc_close)",
            ));
        }
        if self.state() != State::Idle {
            return Err(Error::new(
                Code::HC_ERR_CANNOT_SEND_REQUEST,
                "the proxy cannot be changed while a request is under way",
            ));
        }
        self.config.as_mut().ok_or_else(no_target)
    }

    /// A failure on the way to the origin, with the name of the proxy in it. What the peer did
    /// wrong is the proxy's fault here.
    #[cold]
    pub(super) fn blame_proxy(&self, e: Error, doing: &str) -> Error {
        let place = self.config.as_ref().and_then(Config::proxy_place);
        let Some(place) = place else { return e };
        let code = match e.code {
            Code::HC_ERR_BAD_STATUS_LINE
            | Code::HC_ERR_UNKNOWN_PROTOCOL
            | Code::HC_ERR_BAD_HEADER
            | Code::HC_ERR_LINE_TOO_LONG
            | Code::HC_ERR_TOO_MANY_HEADERS
            | Code::HC_ERR_BAD_FRAMING
            | Code::HC_ERR_INCOMPLETE
            | Code::HC_ERR_REMOTE_DISCONNECTED
            | Code::HC_ERR_LIMIT
            | Code::HC_ERR_SEND
            | Code::HC_ERR_RECV => Code::HC_ERR_PROXY,
            code => code,
        };
        let text = format!("{} ({doing} the proxy {place})", e.text);
        e.restated(code, text)
    }
}

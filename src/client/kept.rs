//! What of a connection outlives its handle: the wire, under the name of where it leads, and the
//! mark of how it was opened. A pool keeps nothing else, so what one user of a handle has set
//! never reaches the next.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::clocks::Clocks;
use super::connection::{Connection, Pending};
use super::pool::Returned;
use super::shared_pool::{Lease, SharedPool};
use super::wire::Wire;
use crate::net::cancel::{Cancel, Published, Way};
use crate::net::dialing;
use crate::net::tls::TlsConfig;
use crate::proto::state::State;

/// Connections with the same key can stand in for each other. Not to be shown: the way through a
/// proxy has credentials.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key {
    host: String,
    port: u16,
    tls: Option<Identity>,
    proxy: String,
    partition: Vec<u8>,
}

/// One configuration is like no other, whatever is set in it. It is held on to, so that no later
/// one can have its place in memory.
#[derive(Clone)]
struct Identity(Arc<TlsConfig>);

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Identity {}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

impl Key {
    /// Where this handle's connections go, as far as it was told when it was made. The name of a
    /// host is the same in any case (RFC 3986 section 3.2.2).
    #[must_use]
    pub fn of(core: &Connection, partition: &[u8]) -> Option<Self> {
        let config = core.config.as_ref()?;
        Some(Self {
            host: config.target.host.to_ascii_lowercase(),
            port: config.target.port,
            tls: config.tls.clone().map(Identity),
            proxy: config.proxy_key(),
            partition: partition.to_vec(),
        })
    }
}

/// A connection that is kept.
pub struct Kept {
    wire: Wire,
    mark: Mark,
}

/// How connections are opened, by all that can be set on a handle. The key is made before the
/// program has had its say about a handle (hc_configure_fn), this afterwards: a connection goes
/// to a handle that would have opened the same one, even if the program sets different things on
/// handles of one key, which it promises not to.
#[derive(PartialEq, Eq)]
struct Mark {
    host: String,
    port: u16,
    tls: Option<Identity>,
    proxy: String,
    proxy_tls: Option<Identity>,
    dialing: dialing::Mark,
}

impl Mark {
    fn of(core: &Connection) -> Option<Self> {
        let config = core.config.as_ref()?;
        Some(Self {
            host: config.target.host.to_ascii_lowercase(),
            port: config.target.port,
            tls: config.tls.clone().map(Identity),
            proxy: config.proxy_key(),
            proxy_tls: config.proxy_tls.clone().map(Identity),
            dialing: config.dialing.mark(),
        })
    }
}

/// A pool of connections, with what else its maker has.
pub type Connections<X> = SharedPool<Arc<Key>, Kept, X>;
/// A place in it.
pub type Place<X> = Lease<Arc<Key>, Kept, X>;

impl Connection {
    /// How often something was changed that says where connections go.
    #[must_use]
    pub fn reroutings(&self) -> u32 {
        self.rerouted
    }

    /// Ends this handle's life, and gives its open connection out if another may have it: if
    /// nothing is under way on it, nothing but requests was ever sent on it, and it leads to where
    /// the key says, which it does if nothing was changed since. A response that was not read to
    /// its end is skipped, as far as it has arrived and is no longer than it may be. A pool cannot
    /// read a program's clock, so what was timed by one is not kept.
    pub fn part(&mut self, reroutings: u32) -> Option<Returned<Kept>> {
        if let Some(live) = &self.live {
            self.give_up_id(live.id);
        }
        let is_at_rest = self.state() == State::Idle
            && self.pending == Pending::None
            && self.dial.is_none()
            && self.making.is_none()
            && self.clock.is_none()
            && self.rerouted == reroutings;
        let wire = self.wire.take();
        let kept = wire
            .filter(|w| is_at_rest && w.is_ours && !w.is_raw)
            .and_then(|w| self.ready_to_part(w));
        self.close();
        kept
    }

    fn ready_to_part(&self, mut wire: Wire) -> Option<Returned<Kept>> {
        let mark = Mark::of(self)?;
        let is_clean = wire.pay_debt_at_once(&self.tuning)
            && wire.received_bytes().is_empty()
            && !wire.is_at_eof();
        (is_clean && wire.leave(self.cancel.as_ref())).then(|| Returned::from(Kept { wire, mark }))
    }

    /// The opposite: a new handle goes on with a connection that another has left, unless it has
    /// been given one of its own, or would have opened another, or goes by another clock.
    pub fn join(&mut self, kept: Kept) {
        let Kept { mut wire, mark } = kept;
        let is_same = Mark::of(self).is_some_and(|own| own == mark);
        if self.wire.is_none() && self.clock.is_none() && is_same {
            wire.traffic.ledger.clone_from(&self.ledger);
            wire.join(self.cancel.as_ref());
            self.wire = Some(wire);
        }
    }
}

impl Kept {
    /// Lets go of it in a forked child, without a byte on the wire.
    pub fn abandon(self) {
        self.wire.into_transport().abandon();
    }
}

impl Wire {
    /// Takes it out of reach of hc_cancel. False: that has shut it down already, or may have.
    fn leave(&mut self, cancel: Option<&Arc<Cancel>>) -> bool {
        self.traffic.settle();
        let published = self.published.take();
        let was_felt = published.as_ref().is_some_and(Published::was_felt);
        drop(published);
        // Whoever asks says so before he looks for descriptors, and none is out any more.
        !was_felt && cancel.is_none_or(|c| !c.is_requested())
    }

    /// It belongs to another handle now.
    fn join(&mut self, cancel: Option<&Arc<Cancel>>) {
        self.published = cancel.and_then(|c| c.publish(self.fd()?, Way::Shutdown));
        self.clocks = Clocks::default();
    }
}

impl From<Kept> for Returned<Kept> {
    fn from(kept: Kept) -> Self {
        Self {
            age_ms: u64::try_from(kept.wire.born.ms()).unwrap_or(0),
            served: kept.wire.served,
            what: kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::proxy::Proxy;
    use std::collections::HashSet;

    fn key(host: &[u8], tls: Option<&Arc<TlsConfig>>, proxy: &[u8], partition: &[u8]) -> Key {
        let core = match tls {
            Some(tls) => Connection::new_tls(host, 0, tls.clone()),
            None => Connection::new(host, 0),
        };
        let Ok(mut core) = core else {
            panic!("{}", host.escape_ascii())
        };
        if !proxy.is_empty() {
            let set = Proxy::parse(proxy).and_then(|p| core.set_proxy(Some(p)));
            assert!(set.is_ok(), "{}", proxy.escape_ascii());
        }
        let Some(key) = Key::of(&core, partition) else {
            panic!("a handle has a target")
        };
        key
    }

    #[test]
    // What may change in a configuration has no part in its identity.
    #[allow(clippy::mutable_key_type)]
    fn everything_that_tells_connections_apart_is_in_the_key() {
        let (a, b) = (TlsConfig::shared_default(), Arc::<TlsConfig>::default());
        let all = [
            key(b"h", None, b"", b""),
            key(b"g", None, b"", b""),
            key(b"h:81", None, b"", b""),
            key(b"h", Some(&a), b"", b""),
            key(b"h", Some(&b), b"", b""),
            key(b"h:80", Some(&a), b"", b""),
            key(b"h", None, b"p", b""),
            key(b"h", None, b"p:81", b""),
            key(b"h", None, b"socks5://p", b""),
            key(b"h", None, b"http://u:v@p", b""),
            key(b"h", None, b"http://u:w@p", b""),
            key(b"h", Some(&a), b"p", b""),
            key(b"h", None, b"", b"one"),
            key(b"h", None, b"", b"two"),
        ];
        let mut seen = HashSet::new();
        for (i, key) in all.iter().enumerate() {
            assert!(seen.insert(key.clone()), "number {i}");
        }
        assert!(seen.contains(&key(b"H:80", None, b"", b"")));
        assert!(seen.contains(&key(b"h:443", Some(&a), b"", b"")));
        assert!(seen.contains(&key(b"h", Some(&b), b"", b"")));
        assert!(seen.contains(&key(b"h", None, b"http://p:80", b"")));
    }
}

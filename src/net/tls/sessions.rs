//! Sessions that can be taken up again: in memory, shared by all connections of a
//! configuration, and never across servers.

use std::sync::Arc;

use rustls::NamedGroup;
use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use rustls::crypto::hash::Hash;
use rustls::pki_types::ServerName;

use crate::sys::lock::Lock;

/// All sessions of a configuration. rustls's own lock is one that helgrind cannot see, so there
/// is another around it; a handshake takes it four times.
#[derive(Debug)]
pub(super) struct Cache {
    door: Lock<()>,
    sessions: ClientSessionMemoryCache,
}

impl Cache {
    /// For so many servers.
    pub(super) fn new(most: usize) -> Self {
        Self {
            door: Lock::new(()),
            sessions: ClientSessionMemoryCache::new(most),
        }
    }

    fn inside<T>(&self, work: impl FnOnce(&ClientSessionMemoryCache) -> T) -> T {
        // Broken or not: what is behind it keeps itself whole.
        let _held = self.door.lock();
        work(&self.sessions)
    }
}

/// The part of the cache that belongs to one host, port and pair of names. rustls itself asks
/// by the name that it sends, which two servers on one machine share.
#[derive(Debug)]
pub(super) struct Drawer {
    cache: Arc<Cache>,
    key: ServerName<'static>,
}

impl Drawer {
    /// The drawer with this label. The cache sorts by server names, so the label becomes one.
    pub(super) fn new(cache: Arc<Cache>, label: &str, sha256: &dyn Hash) -> Option<Self> {
        let digest = sha256.hash(label.as_bytes());
        let mut name = String::with_capacity(65);
        for (i, byte) in digest.as_ref().iter().enumerate() {
            if i == 16 {
                name.push('.');
            }
            for half in [byte >> 4, byte & 15] {
                name.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
            }
        }
        let key = ServerName::try_from(format!("s{name}")).ok()?;
        Some(Self { cache, key })
    }
}

impl ClientSessionStore for Drawer {
    fn set_kx_hint(&self, _: ServerName<'static>, group: NamedGroup) {
        self.cache
            .inside(|all| all.set_kx_hint(self.key.clone(), group));
    }

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        self.cache.inside(|all| all.kx_hint(&self.key))
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.cache
            .inside(|all| all.set_tls12_session(self.key.clone(), value));
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.cache.inside(|all| all.tls12_session(&self.key))
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        self.cache.inside(|all| all.remove_tls12_session(&self.key));
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.cache
            .inside(|all| all.insert_tls13_ticket(self.key.clone(), value));
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.cache.inside(|all| all.take_tls13_ticket(&self.key))
    }
}

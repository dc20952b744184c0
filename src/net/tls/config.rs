//! A configuration: set, then closed, then shared by any number of connections on any thread.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::crypto::hash::{Hash, HashAlgorithm};
use rustls::pki_types::ServerName;
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use rustls::{ClientConfig, ClientConnection, SupportedCipherSuite};

use super::calendar::Stopped;
use super::reason::Reason;
use super::sessions::{Cache, Drawer};
use super::settings::{Settings, TLS_1_2, TLS_1_3, revocation, split};
use super::verify::Verifier;
use super::{Tls, names, provider, roots};
use crate::error::{Code, Error, Fault, Result};
use crate::net::Transport;
use crate::sys::lock::{Guard, Lock};

/// See the module.
pub struct TlsConfig {
    state: Lock<State>,
    built: OnceLock<Built>,
    /// Taken by every connection, though `built` alone would do for all but the first of them:
    /// what orders threads has to be visible to who checks it (sys/lock.rs).
    building: Lock<()>,
}

#[derive(Default)]
struct State {
    settings: Settings,
    is_closed: bool,
    /// What went wrong last.
    last: Option<Fault>,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            state: Lock::new(State::default()),
            built: OnceLock::new(),
            building: Lock::new(()),
        }
    }
}

/// What it comes to.
struct Built {
    base: ClientConfig,
    cache: Option<Arc<Cache>>,
    sha256: &'static dyn Hash,
    verifier: Arc<Verifier>,
    /// When the name that is sent is not the one that is checked: a verifier for each of the
    /// latter, because a session is taken up again only under the verifier that has made it.
    by_name: Lock<HashMap<ServerName<'static>, Arc<Verifier>>>,
    sni_name: Option<ServerName<'static>>,
    is_name_verified: bool,
    is_chain_verified: bool,
}

/// More hosts than that through one configuration that sends another name: the later ones have
/// no sessions.
const MOST_NAMES: usize = 1024;

impl std::fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsConfig").finish_non_exhaustive()
    }
}

impl TlsConfig {
    /// What connections use that name no other: the machine's roots, and sessions that the whole
    /// process shares.
    #[must_use]
    pub fn shared_default() -> Arc<Self> {
        static DEFAULT: OnceLock<Arc<TlsConfig>> = OnceLock::new();
        DEFAULT
            .get_or_init(|| {
                let config = Self::default();
                config.close();
                Arc::new(config)
            })
            .clone()
    }

    /// Sets something, unless it is too late for that. What went wrong is kept for
    /// [`Self::last_error`].
    pub fn change<T>(&self, set: impl FnOnce(&mut Settings) -> Result<T>) -> Result<T> {
        let mut state = self.state()?;
        let outcome = if state.is_closed {
            Err(Reason::Frozen.refuse(
                "the TLS configuration is in use, or was frozen: it can no longer be changed",
            ))
        } else {
            set(&mut state.settings)
        };
        if let Err(e) = &outcome {
            state.last = Some((**e).clone());
        }
        outcome
    }

    fn state(&self) -> Result<Guard<'_, State>> {
        self.state.lock().ok_or_else(broken)
    }

    /// Reads something that was set.
    pub fn look<T>(&self, get: impl FnOnce(&Settings) -> T) -> Result<T> {
        Ok(get(&self.state()?.settings))
    }

    /// Nothing can be set any more.
    pub fn close(&self) {
        if let Some(mut state) = self.state.lock() {
            state.is_closed = true;
        }
    }

    /// Is that so?
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state.lock().is_none_or(|state| state.is_closed)
    }

    /// The same, and what could still go wrong with it goes wrong now: the machine's roots are
    /// read.
    pub fn freeze(&self) -> Result<()> {
        self.close();
        match self.built() {
            Ok(_) => Ok(()),
            Err(e) => {
                self.state()?.last = Some((*e).clone());
                Err(e)
            }
        }
    }

    /// What went wrong last in one of these calls.
    #[must_use]
    pub fn last_error(&self) -> Option<Fault> {
        self.state.lock()?.last.clone()
    }

    /// TLS over this transport, to this host. Nothing is sent before
    /// [`Transport::establish`].
    pub fn connect(
        &self,
        inner: Box<dyn Transport>,
        host: &str,
        port: u16,
    ) -> Result<Box<dyn Transport>> {
        self.close();
        let built = self.built()?;
        let session = built.session(host, port)?;
        let verified = (built.is_chain_verified, built.is_name_verified);
        Ok(Box::new(Tls::new(inner, session, host, verified)))
    }

    fn built(&self) -> Result<&Built> {
        // One thread reads the roots, the others wait for it. A failure is not kept: the store may
        // be there next time.
        let _alone = self.building.lock().ok_or_else(broken)?;
        if let Some(built) = self.built.get() {
            return Ok(built);
        }
        let made = Built::new(&self.state()?.settings)?;
        Ok(self.built.get_or_init(|| made))
    }
}

/// Something has panicked in the middle of a change.
#[cold]
fn broken() -> Error {
    Error::new(Code::HC_ERR_INTERNAL, "the TLS configuration is broken")
}

impl Built {
    fn new(s: &Settings) -> Result<Self> {
        let mut crypto = provider();
        if let Some(list) = s.suites() {
            crypto.cipher_suites = names::suites(&split(list)?, &crypto)?;
        }
        let crypto = Arc::new(crypto);
        let sha256 = sha256()?;
        let verifier = Arc::new(verifier(s, &crypto, sha256)?);
        let clock: Arc<dyn TimeProvider> = match s.time {
            Some(seconds) => Arc::new(Stopped(seconds)),
            None => Arc::new(DefaultTimeProvider),
        };
        let versions: Vec<_> = [
            (TLS_1_3, &rustls::version::TLS13),
            (TLS_1_2, &rustls::version::TLS12),
        ]
        .into_iter()
        .filter(|(number, _)| (s.versions().0..=s.versions().1).contains(number))
        .map(|(_, version)| version)
        .collect();
        let builder = ClientConfig::builder_with_details(crypto, clock)
            .with_protocol_versions(&versions)
            .map_err(|_| {
                Reason::BadSetting
                    .refuse("none of the cipher suites fits the TLS versions that are allowed")
            })?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone());
        let mut base = match &s.identity {
            Some(key) => builder.with_client_cert_resolver(Arc::new(
                rustls::sign::SingleCertAndKey::from(key.clone()),
            )),
            None => builder.with_no_client_auth(),
        };
        base.alpn_protocols = s.alpn.iter().map(|p| p.to_bytes().to_vec()).collect();
        base.enable_sni = s.sni;
        // 0-RTT can be replayed by whoever has seen it.
        base.enable_early_data = false;
        base.resumption = Resumption::disabled();
        if let Some(secrets) = &s.secrets {
            base.key_log = secrets.clone();
        }
        Ok(Self {
            base,
            cache: (s.sessions > 0).then(|| Arc::new(Cache::new(s.sessions))),
            sha256,
            verifier,
            by_name: Lock::new(HashMap::new()),
            sni_name: match s.sni_name() {
                Some(name) => Some(names::server_name(&name.to_string_lossy())?),
                None => None,
            },
            is_chain_verified: !s.no_verify,
            is_name_verified: !s.no_verify && !s.no_name,
        })
    }

    fn session(&self, host: &str, port: u16) -> Result<ClientConnection> {
        let name = names::server_name(host)?;
        let mut config = self.base.clone();
        let mut sent = name.clone();
        if let Some(sni) = &self.sni_name {
            sent = sni.clone();
            if self.verifier.name.is_none() {
                config
                    .dangerous()
                    .set_certificate_verifier(self.verifier_for(&name));
            }
        }
        if let Some(cache) = &self.cache {
            // What a session stands for is who was meant, where, and by which names.
            let label = format!("{host}\n{port}\n{}", sent.to_str());
            if let Some(drawer) = Drawer::new(cache.clone(), &label, self.sha256) {
                config.resumption = Resumption::store(Arc::new(drawer));
            }
        }
        ClientConnection::new(Arc::new(config), sent).map_err(|e| super::explain::explain(&e, host))
    }

    fn verifier_for(&self, name: &ServerName<'static>) -> Arc<Verifier> {
        let made = || Arc::new(self.verifier.for_name(name.clone()));
        let Some(mut by_name) = self.by_name.lock() else {
            return made();
        };
        if let Some(verifier) = by_name.get(name) {
            return verifier.clone();
        }
        let verifier = made();
        if by_name.len() < MOST_NAMES {
            by_name.insert(name.clone(), verifier.clone());
        }
        verifier
    }
}

fn verifier(
    s: &Settings,
    crypto: &Arc<CryptoProvider>,
    sha256: &'static dyn Hash,
) -> Result<Verifier> {
    let web = if s.no_verify {
        None
    } else {
        let store = Arc::new(roots::store(s.roots, &s.cas)?);
        let mut builder = WebPkiServerVerifier::builder_with_provider(store, crypto.clone())
            .with_crls(s.crls.iter().cloned());
        if s.crl_check & revocation::CHAIN == 0 {
            builder = builder.only_check_end_entity_revocation();
        }
        if s.crl_check & revocation::ALLOW_UNKNOWN != 0 {
            builder = builder.allow_unknown_revocation_status();
        }
        if s.crl_check & revocation::ALLOW_EXPIRED == 0 {
            builder = builder.enforce_revocation_expiration();
        }
        Some(builder.build().map_err(|e| {
            Reason::RevocationListBad.refuse(format!("a revocation list cannot be used: {e}"))
        })?)
    };
    Ok(Verifier {
        web,
        checks_name: !s.no_name,
        name: match s.verify_name() {
            Some(name) => Some(names::server_name(&name.to_string_lossy())?),
            None => None,
        },
        algorithms: crypto.signature_verification_algorithms,
        named: Arc::new(s.cas.clone()),
        pins: Arc::new(s.pins.clone()),
        ask: s.ask.clone(),
        sha256,
    })
}

/// SHA-256 as the provider has it: every provider needs it for its cipher suites.
fn sha256() -> Result<&'static dyn Hash> {
    let suites = provider().cipher_suites;
    let found = suites.iter().find_map(|suite| {
        let SupportedCipherSuite::Tls13(suite) = suite else {
            return None;
        };
        let hash = suite.common.hash_provider;
        (hash.algorithm() == HashAlgorithm::SHA256).then_some(hash)
    });
    found.ok_or_else(|| Error::new(Code::HC_ERR_INTERNAL, "the crypto provider has no SHA-256"))
}

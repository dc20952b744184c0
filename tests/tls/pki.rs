//! Certificates made on the spot.
#![allow(clippy::unwrap_used)] // part of a test

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Someone who signs.
pub struct Authority {
    pub pem: String,
    pub der: CertificateDer<'static>,
    /// Those between it and its root, itself first; none for a root.
    chain: Vec<CertificateDer<'static>>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate, those above it, and its key.
pub struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
    pub pem: String,
    pub key_pem: String,
}

pub fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

impl Authority {
    pub fn root() -> Self {
        Self::root_with(|_| {})
    }

    /// One by another name.
    pub fn other() -> Self {
        Self::root_with(|p| {
            p.distinguished_name = rcgen::DistinguishedName::new();
            p.distinguished_name.push(DnType::CommonName, "Other Root");
        })
    }

    pub fn root_with(set: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority_params("Test Root");
        set(&mut params);
        let key = KeyPair::generate().unwrap();
        let cert = params.self_signed(&key).unwrap();
        Self {
            pem: cert.pem(),
            der: cert.der().clone(),
            chain: Vec::new(),
            issuer: Issuer::new(params, key),
        }
    }

    /// An authority below this one.
    pub fn below(&self, name: &str, set: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority_params(name);
        set(&mut params);
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        let mut chain = vec![cert.der().clone()];
        chain.extend(self.chain.iter().cloned());
        Self {
            pem: cert.pem(),
            der: cert.der().clone(),
            chain,
            issuer: Issuer::new(params, key),
        }
    }

    /// A server's certificate for these names.
    pub fn server(&self, names: &[&str]) -> Identity {
        self.server_with(names, |_| {})
    }

    pub fn server_with(
        &self,
        names: &[&str],
        set: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(params, set)
    }

    /// A client's certificate.
    pub fn client(&self) -> Identity {
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.distinguished_name.push(DnType::CommonName, "client");
        self.issue(params, |_| {})
    }

    fn issue(
        &self,
        mut params: CertificateParams,
        set: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        set(&mut params);
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        let mut chain = vec![cert.der().clone()];
        chain.extend(self.chain.iter().cloned());
        Identity::of(chain, &cert.pem(), &key)
    }

    /// A revocation list with these serial numbers.
    pub fn revocation_list(&self, serials: &[u64], until_year: i32) -> String {
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(until_year, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials
                .iter()
                .map(|serial| RevokedCertParams {
                    serial_number: SerialNumber::from(*serial),
                    revocation_time: date_time_ymd(2021, 1, 1),
                    reason_code: None,
                    invalidity_date: None,
                })
                .collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().pem().unwrap()
    }
}

impl Identity {
    fn of(chain: Vec<CertificateDer<'static>>, pem: &str, key: &KeyPair) -> Self {
        let key_pem = key.serialize_pem();
        Self {
            chain,
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            pem: format!("{pem}{key_pem}"),
            key_pem,
        }
    }

    /// One that has signed itself.
    pub fn self_signed(names: &[&str], set: impl FnOnce(&mut CertificateParams)) -> Self {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        set(&mut params);
        let key = KeyPair::generate().unwrap();
        let cert = params.self_signed(&key).unwrap();
        Self::of(vec![cert.der().clone()], &cert.pem(), &key)
    }
}

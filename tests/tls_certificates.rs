//! Rows 134 and 135: a certificate for each way in which one can be wrong, each with a reason of
//! its own and a sentence to act on.

mod common;
mod corpus;
mod tls;

use common::handle::zstring;
use rcgen::{
    BasicConstraints, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, NameConstraints, SanType,
    SerialNumber, date_time_ymd,
};
use std::ffi::{c_char, c_void};
use std::ptr;
use tls::config::*;
use tls::pki::{Authority, Identity};
use tls::served::{Served, Then, config, ok};
use tls::talk::{Outcome, Style, talk, talk_on};

/// One exchange without a socket; what goes wrong here does not depend on the wire.
fn ask(tls: &Tls, server: &Identity) -> Outcome {
    let served = Served::new(config(server), vec![(ok(b"fine"), Then::Stay)]);
    talk(Style::SansIo, usize::MAX, tls, served, 1)
}

/// The same with another host.
fn ask_for(host: &str, tls: &Tls, server: &Identity) -> Outcome {
    let served = Served::new(config(server), vec![(ok(b"fine"), Then::Stay)]);
    talk_on(&tls.conn(host, 0), Style::SansIo, usize::MAX, served, 1)
}

#[test]
fn row_134_a_good_one_is_good() {
    let root = Authority::root();
    let server = root.server(&["example.test"]);
    ask(&Tls::trusting(&root.pem), &server).assert_ok(b"fine");
    // Through authorities in between that the server sends.
    let below = root.below("Between", |_| {}).below("Below", |_| {});
    let server = below.server(&["example.test"]);
    ask(&Tls::trusting(&root.pem), &server).assert_ok(b"fine");
}

#[test]
fn row_134_unknown_issuer() {
    let (root, other) = (Authority::root(), Authority::other());
    let server = root.server(&["example.test"]);
    for style in Style::EVERY {
        let served = Served::new(config(&server), vec![]);
        let out = talk(style, usize::MAX, &Tls::trusting(&other.pem), served, 1);
        out.assert_failed(HC_ERR_TLS_CERTIFICATE, UNKNOWN_ISSUER, "not trusted here");
        assert!(out.fault.text.contains("example.test"), "{:?}", out.fault);
        // The server is told, and nothing of the request has reached it.
        assert!(out.served.trouble.is_some(), "{style:?}");
        assert_eq!(out.served.requests, 0, "{style:?}");
        assert_eq!(out.fault.phase, 9, "HC_PHASE_TLS");
        assert_eq!(out.fault.resend, 1, "HC_RESEND_NOTHING_SENT");
    }
}

#[test]
fn row_134_a_certificate_in_between_is_missing() {
    let root = Authority::root();
    let mut server = root.below("Between", |_| {}).server(&["example.test"]);
    server.chain.truncate(1);
    let out = ask(&Tls::trusting(&root.pem), &server);
    out.assert_failed(
        HC_ERR_TLS_CERTIFICATE,
        UNKNOWN_ISSUER,
        "certificates in between",
    );
}

#[test]
fn row_134_expired_with_the_date() {
    let root = Authority::root();
    let server = root.server_with(&["example.test"], |p| {
        p.not_before = date_time_ymd(2020, 1, 1);
        p.not_after = date_time_ymd(2021, 2, 3);
    });
    let out = ask(&Tls::trusting(&root.pem), &server);
    let says = "the certificate of example.test expired on 2021-02-03 00:00:00 UTC";
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, EXPIRED, says);
    // At a time when it was valid, it is.
    let tls = Tls::trusting(&root.pem);
    tls.time(1_600_000_000);
    ask(&tls, &server).assert_ok(b"fine");
}

#[test]
fn row_134_not_yet_valid() {
    let root = Authority::root();
    let server = root.server_with(&["example.test"], |p| {
        p.not_before = date_time_ymd(2100, 5, 6);
        p.not_after = date_time_ymd(2101, 1, 1);
    });
    let out = ask(&Tls::trusting(&root.pem), &server);
    let says = "is valid from 2100-05-06 00:00:00 UTC on";
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, NOT_YET_VALID, says);
}

#[test]
fn row_134_wrong_name_with_those_that_are_there() {
    let root = Authority::root();
    let server = root.server(&["a.test", "*.b.test", "192.0.2.7"]);
    let out = ask(&Tls::trusting(&root.pem), &server);
    let says = "is not for example.test, but for a.test, *.b.test, 192.0.2.7";
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, WRONG_NAME, says);
}

#[test]
fn row_134_a_common_name_is_no_name() {
    let root = Authority::root();
    let server = root.server_with(&[], |p| {
        p.distinguished_name
            .push(rcgen::DnType::CommonName, "example.test");
    });
    let out = ask(&Tls::trusting(&root.pem), &server);
    out.assert_failed(
        HC_ERR_TLS_CERTIFICATE,
        NO_NAME,
        "no subject alternative name",
    );
}

#[test]
fn row_134_wildcards_stand_for_one_label_at_the_left() {
    let root = Authority::root();
    let tls = Tls::trusting(&root.pem);
    let server = root.server(&["*.example.test"]);
    for host in ["a.example.test", "A-B.EXAMPLE.test", "a.example.test."] {
        ask_for(host, &tls, &server).assert_ok(b"fine");
    }
    for host in ["example.test", "a.b.example.test", "aexample.test"] {
        let out = ask_for(host, &tls, &server);
        out.assert_failed(HC_ERR_TLS_CERTIFICATE, WRONG_NAME, "*.example.test");
    }
}

#[test]
fn row_134_an_address_has_to_be_in_the_certificate_as_an_address() {
    let root = Authority::root();
    let tls = Tls::trusting(&root.pem);
    let server = root.server(&["192.0.2.7", "2001:db8::1"]);
    ask_for("192.0.2.7", &tls, &server).assert_ok(b"fine");
    ask_for("[2001:db8::1]", &tls, &server).assert_ok(b"fine");
    let out = ask_for("192.0.2.8", &tls, &server);
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, WRONG_NAME, "192.0.2.7");
    // Written as a name it does not count.
    let server = root.server_with(&[], |p| {
        p.subject_alt_names = vec![SanType::DnsName(
            "192.0.2.7".try_into().unwrap_or_else(|_| panic!("a name")),
        )];
    });
    let out = ask_for("192.0.2.7", &tls, &server);
    assert_eq!(out.status, HC_ERR_TLS_CERTIFICATE, "{:?}", out.fault);
}

#[test]
fn row_134_self_signed_and_not_trusted() {
    let root = Authority::root();
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let server = Identity::self_signed(&["example.test"], |p| p.is_ca = is_ca);
        let out = ask(&Tls::trusting(&root.pem), &server);
        let says = "has signed itself and is not trusted";
        out.assert_failed(HC_ERR_TLS_CERTIFICATE, SELF_SIGNED, says);
    }
}

/// As `openssl req -x509` makes it: an authority by its own words. The program has named this very
/// certificate, so it is trusted as what it is; name and dates are still looked at.
#[test]
fn row_134_self_signed_and_trusted_by_name() {
    for is_ca in [
        IsCa::NoCa,
        IsCa::ExplicitNoCa,
        IsCa::Ca(BasicConstraints::Unconstrained),
    ] {
        let server = Identity::self_signed(&["example.test"], |p| {
            p.is_ca = is_ca;
            p.not_before = date_time_ymd(2020, 1, 1);
            p.not_after = date_time_ymd(2090, 1, 1);
        });
        ask(&Tls::trusting(&server.pem), &server).assert_ok(b"fine");
        let out = ask_for("other.test", &Tls::trusting(&server.pem), &server);
        out.assert_failed(HC_ERR_TLS_CERTIFICATE, WRONG_NAME, "but for example.test");
        let late = Tls::trusting(&server.pem);
        late.time(4_000_000_000);
        let out = ask(&late, &server);
        out.assert_failed(HC_ERR_TLS_CERTIFICATE, EXPIRED, "expired on 2090-01-01");
        let early = Tls::trusting(&server.pem);
        early.time(1_000_000_000);
        let out = ask(&early, &server);
        out.assert_failed(HC_ERR_TLS_CERTIFICATE, NOT_YET_VALID, "2020-01-01");
        // Another one by the same name is another one.
        let twin = Identity::self_signed(&["example.test"], |p| p.is_ca = is_ca);
        let out = ask(&Tls::trusting(&twin.pem), &server);
        assert_eq!(out.status, HC_ERR_TLS_CERTIFICATE, "{:?}", out.fault);
    }
}

#[test]
fn row_134_an_authority_is_no_server() {
    let root = Authority::root();
    let server = root.server_with(&["example.test"], |p| {
        p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let out = ask(&Tls::trusting(&root.pem), &server);
    out.assert_failed(
        HC_ERR_TLS_CERTIFICATE,
        AUTHORITY_AS_SERVER,
        "certificate authority",
    );
}

#[test]
fn row_134_a_server_is_no_authority() {
    let root = Authority::root();
    let between = root.below("Between", |p| {
        p.is_ca = IsCa::ExplicitNoCa;
        p.key_usages.clear();
    });
    let out = ask(
        &Tls::trusting(&root.pem),
        &between.server(&["example.test"]),
    );
    let says = "not a certificate authority";
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, SERVER_AS_AUTHORITY, says);
}

#[test]
fn row_134_wrong_purpose() {
    let root = Authority::root();
    let server = root.server_with(&["example.test"], |p| {
        p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let out = ask(&Tls::trusting(&root.pem), &server);
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, WRONG_PURPOSE, "serverAuth");
}

#[test]
fn row_134_name_constraint() {
    let root = Authority::root();
    let between = root.below("Between", |p| {
        p.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("inside.test".into())],
            excluded_subtrees: vec![],
        });
    });
    let tls = Tls::trusting(&root.pem);
    let out = ask(&tls, &between.server(&["example.test"]));
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, NAME_CONSTRAINT, "may not speak");
    ask_for("a.inside.test", &tls, &between.server(&["a.inside.test"])).assert_ok(b"fine");
}

#[test]
fn row_134_chain_too_long() {
    let root = Authority::root();
    let mut authority = root.below("1", |_| {});
    for i in 2..=8 {
        authority = authority.below(&i.to_string(), |_| {});
    }
    let out = ask(
        &Tls::trusting(&root.pem),
        &authority.server(&["example.test"]),
    );
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, CHAIN_TOO_LONG, "more authorities");
    // Or longer than one of them allows.
    let between = root.below("Between", |p| {
        p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    });
    let below = between.below("Below", |_| {});
    let out = ask(&Tls::trusting(&root.pem), &below.server(&["example.test"]));
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, CHAIN_TOO_LONG, "more authorities");
}

#[test]
fn row_134_bad_signature() {
    let root = Authority::root();
    let mut server = root.server(&["example.test"]);
    let mut der = server.chain[0].to_vec();
    // The last byte belongs to the signature, but not to its coding.
    if let Some(last) = der.last_mut() {
        *last ^= 1;
    }
    server.chain[0] = der.into();
    let out = ask(&Tls::trusting(&root.pem), &server);
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, BAD_SIGNATURE, "damaged or forged");
    // To whom another authority by that name is known, the signature is wrong too.
    let out = ask(
        &Tls::trusting(&Authority::root().pem),
        &root.server(&["example.test"]),
    );
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, BAD_SIGNATURE, "by the same name");
}

/// Made with openssl, which still can: see make.sh beside the files.
#[test]
fn row_134_weak_key_and_weak_signature() {
    let root = include_str!("tls/weak/root.pem");
    let key = Identity::self_signed(&["x"], |_| {}).key;
    for (pem, reason, says) in [
        (
            include_str!("tls/weak/short-key.pem"),
            WEAK_KEY,
            "less than 2048 bits",
        ),
        (
            include_str!("tls/weak/by-short-key.pem"),
            WEAK_KEY,
            "less than 2048 bits",
        ),
        (include_str!("tls/weak/sha1.pem"), WEAK_SIGNATURE, "SHA-1"),
    ] {
        use rustls::pki_types::pem::PemObject;
        let chain = rustls::pki_types::CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .unwrap_or_else(|e| panic!("{e}"));
        // The certificate is refused before the key it is said to have is needed.
        let server = Identity {
            chain,
            key: key.clone_key(),
            pem: String::new(),
            key_pem: String::new(),
        };
        let tls = Tls::trusting(root);
        tls.time(1_800_000_000);
        ask(&tls, &server).assert_failed(HC_ERR_TLS_CERTIFICATE, reason, says);
    }
}

#[test]
fn row_134_revoked() {
    let root = Authority::root();
    let with = |serial: u64| {
        root.server_with(&["example.test"], |p| {
            p.serial_number = Some(SerialNumber::from(serial));
        })
    };
    let tls = |list: &str, bits: u32| {
        let tls = Tls::trusting(&root.pem);
        // SAFETY: `ok` passes the live handle, and the list outlives the call.
        tls.ok(|p| unsafe { hc_tls_add_crl(p, list.as_ptr().cast(), list.len()) });
        // SAFETY: as above.
        tls.ok(|p| unsafe { hc_tls_set_crl_check(p, bits) });
        tls
    };
    let list = root.revocation_list(&[1234], 2090);
    let out = ask(&tls(&list, 0), &with(1234));
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, REVOKED, "has been revoked");
    ask(&tls(&list, 0), &with(1235)).assert_ok(b"fine");
    // Without a list it is not looked for.
    ask(&Tls::trusting(&root.pem), &with(1234)).assert_ok(b"fine");
    // A list that is too old says nothing, unless that is wanted.
    let old = root.revocation_list(&[1234], 2021);
    let out = ask(&tls(&old, 0), &with(1235));
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, CRL_EXPIRED, "renewed by 2021-01-01");
    ask(&tls(&old, 4), &with(1235)).assert_ok(b"fine");
    let out = ask(&tls(&old, 4), &with(1234));
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, REVOKED, "has been revoked");
    // A list of somebody else says nothing either.
    let other = Authority::other();
    let foreign = other.revocation_list(&[], 2090);
    let out = ask(&tls(&foreign, 0), &with(1235));
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, UNKNOWN_REVOCATION, "unknown");
    ask(&tls(&foreign, 2), &with(1235)).assert_ok(b"fine");
    // Those in between count only if that is wanted.
    let between = root.below("Between", |p| {
        p.serial_number = Some(SerialNumber::from(77_u64))
    });
    let lists = root.revocation_list(&[77], 2090) + &between.revocation_list(&[], 2090);
    let server = between.server(&["example.test"]);
    ask(&tls(&lists, 0), &server).assert_ok(b"fine");
    let out = ask(&tls(&lists, 1), &server);
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, REVOKED, "has been revoked");
}

#[test]
fn row_135_verifying_is_switched_off_by_two_calls_of_their_own() {
    let (root, other) = (Authority::root(), Authority::other());
    let server = root.server(&["other.test"]);
    let off = |verify: i32, hostname: i32, ca: &str| {
        let tls = Tls::trusting(ca);
        // SAFETY: `ok` passes the live handle.
        tls.ok(|p| unsafe { hc_tls_dangerous_set_no_verify(p, verify) });
        // SAFETY: as above.
        tls.ok(|p| unsafe { hc_tls_dangerous_set_no_hostname(p, hostname) });
        tls
    };
    let out = ask(&off(0, 0, &root.pem), &server);
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, WRONG_NAME, "other.test");
    let out = ask(&off(0, 1, &root.pem), &server);
    out.assert_ok(b"fine");
    assert!(
        out.info
            .is_some_and(|i| i.chain_verified && !i.name_verified)
    );
    // Without the name, the chain still counts.
    let out = ask(&off(0, 1, &other.pem), &server);
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, UNKNOWN_ISSUER, "not trusted");
    let out = ask(&off(1, 0, &other.pem), &server);
    out.assert_ok(b"fine");
    assert!(
        out.info
            .is_some_and(|i| !i.chain_verified && !i.name_verified)
    );
}

#[test]
fn pins_are_for_the_servers_own_key() {
    let root = Authority::root();
    let (server, other) = (
        root.server(&["example.test"]),
        root.server(&["example.test"]),
    );
    let pinned = |of: &[&Identity]| {
        let tls = Tls::trusting(&root.pem);
        for identity in of {
            let pin = zstring(&pin(identity));
            // SAFETY: `ok` passes the live handle, and the string outlives the call.
            tls.ok(|p| unsafe { hc_tls_add_pin(p, pin.as_ptr()) });
        }
        tls
    };
    ask(&pinned(&[&server]), &server).assert_ok(b"fine");
    ask(&pinned(&[&other, &server]), &server).assert_ok(b"fine");
    let out = ask(&pinned(&[&other]), &server);
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, PIN, "pinned");
    // A pin adds to the other checks and replaces none.
    let tls = pinned(&[&server]);
    tls.time(1);
    let out = ask(&tls, &server);
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, NOT_YET_VALID, "valid from");
    // Where nothing else is checked, it still is.
    let tls = pinned(&[&other]);
    // SAFETY: `ok` passes the live handle.
    tls.ok(|p| unsafe { hc_tls_dangerous_set_no_verify(p, 1) });
    ask(&tls, &server).assert_failed(HC_ERR_TLS_CERTIFICATE, PIN, "pinned");
}

fn pin(identity: &Identity) -> String {
    let parsed = rustls::server::ParsedCertificate::try_from(&identity.chain[0])
        .unwrap_or_else(|e| panic!("{e}"));
    let suites = tls::served::provider();
    let sha256 = suites.cipher_suites.iter().find_map(|s| match s {
        rustls::SupportedCipherSuite::Tls13(s) => Some(s.common.hash_provider)
            .filter(|h| h.algorithm() == rustls::crypto::hash::HashAlgorithm::SHA256),
        rustls::SupportedCipherSuite::Tls12(_) => None,
    });
    let Some(sha256) = sha256 else {
        panic!("no SHA-256")
    };
    let spki = parsed.subject_public_key_info();
    format!("sha256//{}", base64(sha256.hash(spki.as_ref()).as_ref()))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let value = three
            .iter()
            .chain(&[0, 0])
            .take(3)
            .fold(0_u32, |v, b| (v << 8) | u32::from(*b));
        for i in 0..4 {
            if i > three.len() {
                text.push('=');
            } else {
                text.push(char::from(DIGITS[(value >> (18 - 6 * i)) as usize & 63]));
            }
        }
    }
    text
}

/// What a callback was asked, and what it answers.
struct Asked {
    answer: i32,
    hosts: Vec<String>,
    chains: Vec<Vec<Vec<u8>>>,
    verified: Vec<i32>,
    destroyed: u32,
}

unsafe extern "C" fn verify(
    user: *mut c_void,
    host: *const c_char,
    chain: *const Cert,
    count: usize,
    verified: i32,
) -> i32 {
    // SAFETY: the tests give an Asked, which outlives the configuration.
    let asked = unsafe { &mut *user.cast::<Asked>() };
    asked
        .hosts
        .push(common::handle::text(host).unwrap_or_default());
    // SAFETY: the library gives so many certificates.
    let chain = unsafe { std::slice::from_raw_parts(chain, count) };
    asked.chains.push(
        chain
            .iter()
            // SAFETY: each has so many bytes.
            .map(|c| unsafe { std::slice::from_raw_parts(c.data.cast::<u8>(), c.len) }.to_vec())
            .collect(),
    );
    asked.verified.push(verified);
    asked.answer
}

unsafe extern "C" fn destroyed(user: *mut c_void) {
    // SAFETY: as above.
    unsafe { (*user.cast::<Asked>()).destroyed += 1 };
}

#[test]
fn a_callback_can_refuse_and_cannot_accept() {
    let (root, other) = (Authority::root(), Authority::other());
    let between = root.below("Between", |_| {});
    let server = between.server(&["example.test"]);
    for (answer, ca, no_verify) in [
        (0, &root, 0),
        (77, &root, 0),
        (0, &other, 0),
        (0, &other, 1),
        (-5, &other, 1),
    ] {
        let mut asked = Asked {
            answer,
            hosts: Vec::new(),
            chains: Vec::new(),
            verified: Vec::new(),
            destroyed: 0,
        };
        let user: *mut c_void = (&raw mut asked).cast();
        let tls = Tls::trusting(&ca.pem);
        // SAFETY: `ok` passes the live handle; `asked` outlives the configuration.
        tls.ok(|p| unsafe { hc_tls_set_verify_callback(p, Some(verify), user, Some(destroyed)) });
        // SAFETY: as above.
        tls.ok(|p| unsafe { hc_tls_dangerous_set_no_verify(p, no_verify) });
        let out = ask(&tls, &server);
        drop(tls);
        assert_eq!(
            asked.destroyed, 1,
            "the connection is gone, and so is the handle"
        );
        if ptr::eq(ca, &raw const other) && no_verify == 0 {
            out.assert_failed(HC_ERR_TLS_CERTIFICATE, UNKNOWN_ISSUER, "not trusted");
            assert!(asked.hosts.is_empty(), "asked of what is refused anyway");
            continue;
        }
        if answer == 0 {
            out.assert_ok(b"fine");
        } else {
            out.assert_failed(HC_ERR_TLS_CERTIFICATE, CALLBACK, "refused by the program");
            assert_eq!(out.fault.callback_value, i64::from(answer));
        }
        assert_eq!(asked.hosts, ["example.test"]);
        assert_eq!(asked.verified, [1 - no_verify]);
        let chain: Vec<Vec<u8>> = server.chain.iter().map(|c| c.to_vec()).collect();
        assert_eq!(asked.chains, [chain]);
    }
}

//! What rustls says went wrong, as a reason and a sentence that a person can act on.

use rustls::{
    AlertDescription, CertificateError, Error as TlsError, InvalidMessage, OtherError,
    PeerIncompatible, PeerMisbehaved,
};

use super::calendar;
use super::identity::SigningFailed;
use super::reason::Reason;
use super::verify::Refusal;
use crate::error::{Code, Error};

/// `host` is who was meant.
#[cold]
pub(super) fn explain(e: &TlsError, host: &str) -> Error {
    match e {
        TlsError::InvalidCertificate(why) => certificate(why, host),
        TlsError::InvalidCertRevocationList(why) => {
            let text = format!("a revocation list for {host} cannot be used: {why:?}");
            Reason::RevocationListBad.error(Code::HC_ERR_TLS_CERTIFICATE, text)
        }
        TlsError::NoCertificatesPresented => {
            let text = format!("{host} has shown no certificate");
            Reason::NoCertificate.error(Code::HC_ERR_TLS_CERTIFICATE, text)
        }
        TlsError::AlertReceived(alert) => received(*alert, host),
        TlsError::PeerIncompatible(why) => incompatible(why, host),
        TlsError::PeerMisbehaved(
            PeerMisbehaved::SelectedUnofferedApplicationProtocol
            | PeerMisbehaved::UnsolicitedEncryptedExtension,
        ) => failed(
            Reason::Alpn,
            format!("{host} has chosen a protocol that was not offered (ALPN)"),
        ),
        TlsError::PeerMisbehaved(
            PeerMisbehaved::TooManyKeyUpdateRequests
            | PeerMisbehaved::TooManyEmptyFragments
            | PeerMisbehaved::TooManyWarningAlertsReceived
            | PeerMisbehaved::TooManyRenegotiationRequests,
        ) => too_much(host),
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => not_tls(host),
        TlsError::DecryptError => failed(
            Reason::Decrypt,
            format!("a record from {host} was damaged or forged on its way"),
        ),
        TlsError::Other(OtherError(inner)) if inner.is::<SigningFailed>() => {
            let value = inner.downcast_ref::<SigningFailed>().map_or(0, |f| f.0);
            let text = "the program's callback has not signed for the client certificate";
            let e = Reason::Signer.error(Code::HC_ERR_CALLBACK, text);
            e.with_callback_value(value)
        }
        TlsError::FailedToGetCurrentTime => failed(
            Reason::Other,
            "the time of day cannot be had, and certificates cannot be judged without it".into(),
        ),
        e => failed(
            Reason::Protocol,
            format!("{host} does not keep to the rules of TLS: {e}"),
        ),
    }
}

fn failed(reason: Reason, text: String) -> Error {
    reason.error(Code::HC_ERR_TLS, text)
}

/// What the peer sends comes to nothing.
#[cold]
pub(super) fn too_much(host: &str) -> Error {
    failed(
        Reason::TooMuch,
        format!("{host} keeps sending TLS messages without data"),
    )
}

/// The peer's first bytes are no TLS record.
#[cold]
pub(super) fn not_tls(host: &str) -> Error {
    failed(
        Reason::NotTls,
        format!("{host} answers with something that is not TLS: is the port right?"),
    )
}

/// The peer's first bytes are an HTTP response.
#[cold]
pub(super) fn plain_http(host: &str) -> Error {
    failed(
        Reason::PlainHttp,
        format!("{host} answers in plain HTTP: this port does not speak TLS"),
    )
}

fn certificate(why: &CertificateError, host: &str) -> Error {
    let (reason, text) = match why {
        CertificateError::UnknownIssuer => (
            Reason::UnknownIssuer,
            "was issued by an authority that is not trusted here, or the server does not send the \
             certificates in between; a private authority is added with hc_tls_add_ca_file"
                .to_owned(),
        ),
        CertificateError::ExpiredContext { time, not_after } => (
            Reason::Expired,
            format!(
                "expired on {} (it is {} here)",
                calendar::text(*not_after),
                calendar::text(*time)
            ),
        ),
        CertificateError::Expired => (
            Reason::Expired,
            "ends before it begins, so it is never valid".to_owned(),
        ),
        CertificateError::NotValidYetContext { time, not_before } => (
            Reason::NotYetValid,
            format!(
                "is valid from {} on (it is {} here: is the clock right?)",
                calendar::text(*not_before),
                calendar::text(*time)
            ),
        ),
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => (
            Reason::NoName,
            "has no subject alternative name, and its common name does not count".to_owned(),
        ),
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => (
            Reason::WrongName,
            format!(
                "is not for {}, but for {}",
                expected.to_str(),
                names(presented)
            ),
        ),
        CertificateError::Revoked => (Reason::Revoked, "has been revoked".to_owned()),
        CertificateError::UnknownRevocationStatus => (
            Reason::UnknownRevocation,
            "is in the domain of none of the revocation lists that were added, so whether it was \
             revoked is unknown"
                .to_owned(),
        ),
        CertificateError::ExpiredRevocationListContext { next_update, .. } => (
            Reason::RevocationListExpired,
            format!(
                "cannot be judged: its revocation list should have been renewed by {}",
                calendar::text(*next_update)
            ),
        ),
        CertificateError::BadSignature => (
            Reason::BadSignature,
            "or one in its chain has a wrong signature: it was damaged or forged, or another authority \
             by the same name is trusted here"
                .to_owned(),
        ),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
            Reason::WeakSignature,
            "or one in its chain is signed in a way that is no longer safe (SHA-1, MD5), or not \
             known"
                .to_owned(),
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => (
            Reason::WrongPurpose,
            "is not meant for TLS servers (its extended key usage lacks serverAuth)".to_owned(),
        ),
        CertificateError::BadEncoding | CertificateError::UnhandledCriticalExtension => {
            (Reason::BadEncoding, "cannot be read".to_owned())
        }
        CertificateError::Other(OtherError(inner)) => {
            if let Some(refusal) = inner.downcast_ref::<Refusal>() {
                return refused(refusal, host);
            }
            match inner.downcast_ref::<webpki::Error>() {
                Some(e) => by_webpki(e),
                None => (Reason::OtherCertificate, format!("was refused: {inner}")),
            }
        }
        other => (Reason::OtherCertificate, format!("was refused: {other}")),
    };
    let text = format!("the certificate of {host} {text}");
    reason.error(Code::HC_ERR_TLS_CERTIFICATE, text)
}

fn by_webpki(e: &webpki::Error) -> (Reason, String) {
    use webpki::Error as E;
    match e {
        E::NameConstraintViolation => (
            Reason::NameConstraint,
            "has a name for which an authority in its chain may not speak (name constraints)"
                .to_owned(),
        ),
        E::MaximumPathDepthExceeded | E::PathLenConstraintViolated => (
            Reason::ChainTooLong,
            "has more authorities in its chain than are allowed".to_owned(),
        ),
        E::CaUsedAsEndEntity => (
            Reason::AuthorityAsServer,
            "is that of a certificate authority, not of a server".to_owned(),
        ),
        E::EndEntityUsedAsCa => (
            Reason::ServerAsAuthority,
            "was issued by somebody who is not a certificate authority".to_owned(),
        ),
        E::UnsupportedCriticalExtension | E::UnsupportedCertVersion => (
            Reason::BadEncoding,
            format!("has something in it that is critical and not understood: {e}"),
        ),
        e => (Reason::OtherCertificate, format!("was refused: {e}")),
    }
}

fn refused(refusal: &Refusal, host: &str) -> Error {
    let text = match refusal.reason {
        Reason::SelfSigned => {
            "has signed itself and is not trusted; if it is the right one, add it with \
             hc_tls_add_ca_file"
        }
        Reason::WeakKey => "or one in its chain has an RSA key of less than 2048 bits",
        Reason::Pin => "has another public key than those that were pinned",
        Reason::Callback => "was refused by the program",
        _ => "was refused",
    };
    let text = format!("the certificate of {host} {text}");
    let e = refusal.reason.error(Code::HC_ERR_TLS_CERTIFICATE, text);
    e.with_callback_value(refusal.callback_value)
}

/// `DnsName("a.example")` is how webpki puts them.
fn names(presented: &[String]) -> String {
    const MOST: usize = 20;
    let mut text = String::new();
    for (i, name) in presented.iter().take(MOST).enumerate() {
        let bare = name.split_once('(').and_then(|(_, n)| n.strip_suffix(')'));
        text.push_str(if i > 0 { ", " } else { "" });
        text.push_str(bare.unwrap_or(name).trim_matches('"'));
    }
    if presented.len() > MOST {
        text.push_str(&format!(" and {} more", presented.len() - MOST));
    }
    text
}

fn received(alert: AlertDescription, host: &str) -> Error {
    let number = i32::from(u8::from(alert));
    let (reason, why) = match alert {
        AlertDescription::ProtocolVersion => (
            Reason::UnsupportedVersion,
            "it supports none of the TLS versions that were offered",
        ),
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => (
            Reason::NothingInCommon,
            "there is no cipher suite, key exchange or certificate that both sides support",
        ),
        AlertDescription::NoApplicationProtocol => (
            Reason::Alpn,
            "it speaks none of the protocols that were offered (ALPN)",
        ),
        AlertDescription::CertificateRequired => {
            (Reason::ClientCertificate, "it wants a client certificate")
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => (
            Reason::ClientCertificate,
            "it does not accept the client certificate",
        ),
        AlertDescription::UnrecognisedName => {
            (Reason::Alert, "it has no certificate for this name")
        }
        _ => (Reason::Alert, "it gives no other reason"),
    };
    let text = format!("{host} has broken off TLS with the alert {alert:?}: {why}");
    failed(reason, text).with_tls_alert(number)
}

fn incompatible(why: &PeerIncompatible, host: &str) -> Error {
    match why {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig => failed(
            Reason::UnsupportedVersion,
            format!("{host} supports none of the TLS versions that were offered"),
        ),
        why => failed(
            Reason::NothingInCommon,
            format!("{host} and this side have too little of TLS in common: {why:?}"),
        ),
    }
}

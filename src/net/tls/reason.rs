//! Why TLS failed, as a number that a program can switch on.

use crate::error::{Code, Error};

/// See the module. What C sees are the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Reason {
    /// It did not.
    None = 0,

    /// The issuer is not among the trusted ones, or a certificate in between is missing.
    UnknownIssuer = 1,
    /// It was valid once.
    Expired = 2,
    /// It will be valid.
    NotYetValid = 3,
    /// It is for other names.
    WrongName = 4,
    /// It has no subject alternative name; the common name does not count.
    NoName = 5,
    /// A revocation list has it.
    Revoked = 6,
    /// A signature is wrong.
    BadSignature = 7,
    /// It is not for servers: extended key usage.
    WrongPurpose = 8,
    /// An RSA key of less than 2048 bits.
    WeakKey = 9,
    /// Signed with what is no longer safe, or unknown: SHA-1.
    WeakSignature = 10,
    /// A certificate authority on the way may not speak for this name.
    NameConstraint = 11,
    /// More certificates on the way than are looked at, or than one of them allows.
    ChainTooLong = 12,
    /// It has signed itself and is not trusted.
    SelfSigned = 13,
    /// A certificate authority's own certificate, which is not that of a server.
    AuthorityAsServer = 14,
    /// It cannot be read, or has something critical that is not understood.
    BadEncoding = 15,
    /// No revocation list says whether it is revoked.
    UnknownRevocation = 16,
    /// A revocation list is too old.
    RevocationListExpired = 17,
    /// A revocation list cannot be used.
    RevocationListBad = 18,
    /// None of the pins fits.
    Pin = 19,
    /// The program's callback refused it.
    Callback = 20,
    /// Something else about it.
    OtherCertificate = 21,
    /// The server has none.
    NoCertificate = 22,
    /// A certificate in between is not one of an authority.
    ServerAsAuthority = 23,

    /// No version of TLS in common.
    UnsupportedVersion = 40,
    /// No cipher suite, group or signature scheme in common.
    NothingInCommon = 41,
    /// The protocol inside of TLS is not one that was offered.
    Alpn = 42,
    /// The peer sent an alert.
    Alert = 43,
    /// The connection ended without TLS's own end.
    Truncated = 44,
    /// The peer speaks HTTP without TLS.
    PlainHttp = 45,
    /// The peer speaks something else.
    NotTls = 46,
    /// The peer broke the rules of TLS.
    Protocol = 47,
    /// A record was not encrypted with the keys that were agreed on.
    Decrypt = 48,
    /// The peer keeps sending what is no data.
    TooMuch = 49,
    /// The server wants a certificate from us, or does not want the one it got.
    ClientCertificate = 50,
    /// Something else.
    Other = 51,

    /// A file cannot be read.
    File = 60,
    /// What was given is no certificate, key or list.
    BadPem = 61,
    /// The key does not belong to the certificate.
    KeyMismatch = 62,
    /// The key is encrypted.
    EncryptedKey = 63,
    /// Nothing to trust.
    EmptyStore = 64,
    /// An unknown or unusable name, version or number.
    BadSetting = 65,
    /// The configuration is in use: it can no longer be changed.
    Frozen = 66,
    /// The key cannot sign.
    Signer = 67,
}

impl Reason {
    /// A failure for this reason.
    #[cold]
    pub fn error(self, code: Code, text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        Error::new(code, text).with_tls_reason(self as i32)
    }

    /// A setting that cannot be used, for this reason.
    #[cold]
    pub fn refuse(self, text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        self.error(Code::HC_ERR_TLS_CONFIG, text)
    }
}

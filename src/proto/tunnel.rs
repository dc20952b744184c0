//! A tunnel through a proxy: the CONNECT request, and what its answer means (RFC 9110 section
//! 9.3.6).

use super::Profile;
use super::hostport::HostPort;
use super::lines::shown;
use super::request;
use crate::error::{Code, Error, Result};

/// Where a tunnel leads, and the request that makes it.
#[derive(Clone, Debug)]
pub struct Tunnel {
    /// Its far end.
    pub target: HostPort,
    /// The head of the CONNECT request, whole.
    pub head: Vec<u8>,
}

impl Tunnel {
    /// A tunnel to this host; `fields` go to the proxy and to nobody else. They are checked as
    /// strictly as can be in every profile: this head stands before all others.
    pub fn new<'a>(
        target: HostPort,
        count: usize,
        field: &dyn Fn(usize) -> Result<(&'a [u8], &'a [u8])>,
    ) -> Result<Self> {
        let authority = target.host_header(0);
        let mut own_host = false;
        for i in 0..count {
            let (name, _) = field(i)?;
            own_host |= name.eq_ignore_ascii_case(b"Host");
        }
        let mut head = Vec::new();
        let mut facts = request::start(
            &mut head,
            b"CONNECT",
            &authority,
            11,
            (!own_host).then_some(&*authority),
            false,
            Profile::SAFE,
        )?;
        for i in 0..count {
            let (name, value) = field(i)?;
            request::add_field(&mut head, &mut facts, name, &[value], Profile::SAFE)?;
        }
        request::finish(&mut head)?;
        Ok(Self { target, head })
    }
}

/// Is this answer to CONNECT a tunnel? Any 2xx is, but for Python, which takes 200 alone.
pub fn judge(status: u16, reason: &[u8], profile: Profile) -> Result<()> {
    let is_tunnel = if profile == Profile::PYTHON {
        status == 200
    } else {
        matches!(status, 200..=299)
    };
    if is_tunnel {
        return Ok(());
    }
    Err(refused(status, reason))
}

/// What is said of an answer that is none.
#[must_use]
pub fn refused(status: u16, reason: &[u8]) -> Error {
    Error::new(
        Code::HC_ERR_PROXY,
        format!("Tunnel connection failed: {status} {}", shown(reason))
            .trim_end()
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(host: &[u8], fields: &[(&'static [u8], &'static [u8])]) -> Option<Vec<u8>> {
        let target = HostPort::parse(host, 0, 80).ok()?;
        let get = |i: usize| Ok(fields[i]);
        Tunnel::new(target, fields.len(), &get).ok().map(|t| t.head)
    }

    #[test]
    fn heads() {
        assert_eq!(
            head(b"h:81", &[(b"A", b"b")]).as_deref(),
            Some(&b"CONNECT h:81 HTTP/1.1\r\nHost: h:81\r\nA: b\r\n\r\n"[..])
        );
        assert_eq!(
            head(b"[fe80::1%2]", &[(b"host", b"x")]).as_deref(),
            Some(&b"CONNECT [fe80::1]:80 HTTP/1.1\r\nhost: x\r\n\r\n"[..])
        );
        assert_eq!(head(b"h", &[(b"A", b"b\r\nC: d")]), None);
        assert_eq!(head(b"h", &[(b"A B", b"b")]), None);
    }

    #[test]
    fn answers() {
        assert!(judge(200, b"", Profile::PYTHON).is_ok());
        assert!(judge(204, b"", Profile::SAFE).is_ok());
        assert!(judge(204, b"", Profile::PYTHON).is_err());
        let refused = judge(407, b"Who are you", Profile::SAFE);
        assert!(refused.is_err_and(|e| e.text == "Tunnel connection failed: 407 Who are you"));
    }
}

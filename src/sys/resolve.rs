//! Names to addresses, by the system's own resolver: it knows nsswitch, mDNS and the rest.

use core::ptr;
use std::ffi::{CStr, CString};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// A refusal of the resolver.
#[derive(Clone, Debug)]
pub struct ResolveError {
    /// An `EAI_*` code, which is negative, or errno.
    pub code: i32,
    /// What gai_strerror(3) or strerror(3) says of it.
    pub text: String,
}

/// Try again later.
pub use libc::EAI_AGAIN;

/// Asks getaddrinfo(3), which may take long.
pub fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, ResolveError> {
    let Ok(name) = CString::new(host) else {
        return Err(ResolveError {
            code: libc::EAI_NONAME,
            text: "the name holds a NUL".to_owned(),
        });
    };
    // SAFETY: plain old data, for which all zeros is a value.
    let mut hints: libc::addrinfo = unsafe { core::mem::zeroed() };
    hints.ai_socktype = libc::SOCK_STREAM;
    hints.ai_flags = libc::AI_ADDRCONFIG;
    let mut list: *mut libc::addrinfo = ptr::null_mut();
    // SAFETY: name and hints are valid, and the list is ours to free when this succeeds.
    let code =
        unsafe { libc::getaddrinfo(name.as_ptr(), ptr::null(), &raw const hints, &raw mut list) };
    if code == libc::EAI_SYSTEM {
        let why = std::io::Error::last_os_error();
        return Err(ResolveError {
            code: why.raw_os_error().unwrap_or(code),
            text: why.to_string(),
        });
    }
    if code != 0 {
        // SAFETY: no pointers go in, and a static string comes out.
        let text = unsafe { libc::gai_strerror(code) };
        // SAFETY: as above.
        let text = unsafe { CStr::from_ptr(text) };
        return Err(ResolveError {
            code,
            text: text.to_string_lossy().into_owned(),
        });
    }
    let mut addresses = Vec::new();
    let mut entry = list;
    // SAFETY: each entry of the list is valid until it is freed, and its end is null.
    while let Some(info) = unsafe { entry.as_ref() } {
        if let Some(address) = address_of(info, port) {
            addresses.push(address);
        }
        entry = info.ai_next;
    }
    // SAFETY: getaddrinfo made it, and nothing points into it any more.
    unsafe { libc::freeaddrinfo(list) };
    if addresses.is_empty() {
        return Err(ResolveError {
            code: libc::EAI_NODATA,
            text: "the name has no address".to_owned(),
        });
    }
    Ok(addresses)
}

fn address_of(info: &libc::addrinfo, port: u16) -> Option<SocketAddr> {
    match info.ai_family {
        libc::AF_INET => {
            // SAFETY: an AF_INET entry points to a sockaddr_in.
            let a = unsafe { info.ai_addr.cast::<libc::sockaddr_in>().as_ref() }?;
            let ip = Ipv4Addr::from(a.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddr::V4(SocketAddrV4::new(ip, port)))
        }
        libc::AF_INET6 => {
            // SAFETY: an AF_INET6 entry points to a sockaddr_in6.
            let a = unsafe { info.ai_addr.cast::<libc::sockaddr_in6>().as_ref() }?;
            let ip = Ipv6Addr::from(a.sin6_addr.s6_addr);
            Some(SocketAddr::V6(SocketAddrV6::new(
                ip,
                port,
                a.sin6_flowinfo,
                a.sin6_scope_id,
            )))
        }
        _ => None,
    }
}

//! What a socket can be told before it connects.

use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::check;
use super::socket::set;

/// When the kernel asks a silent peer whether it still lives; 0 leaves a figure as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// Seconds of silence before the first question.
    pub idle_s: i32,
    /// Seconds between questions.
    pub interval_s: i32,
    /// Questions without an answer that end the connection.
    pub count: i32,
}

/// Turns it on.
pub fn set_keepalive(fd: BorrowedFd<'_>, how: KeepAlive) -> Result<(), i32> {
    set(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE, &1_i32)?;
    let figures = [
        (libc::TCP_KEEPIDLE, how.idle_s),
        (libc::TCP_KEEPINTVL, how.interval_s),
        (libc::TCP_KEEPCNT, how.count),
    ];
    for (name, value) in figures {
        if value > 0 {
            set(fd, libc::IPPROTO_TCP, name, &value)?;
        }
    }
    Ok(())
}

/// The longest name of an interface.
pub const LONGEST_INTERFACE: usize = libc::IFNAMSIZ - 1;

/// Everything goes through this interface.
pub fn bind_to_device(fd: BorrowedFd<'_>, name: &CStr) -> Result<(), i32> {
    let bytes = name.to_bytes_with_nul();
    // SAFETY: the name is valid for its length.
    check(unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_BINDTODEVICE,
            bytes.as_ptr().cast(),
            bytes.len() as libc::socklen_t,
        )
    })
    .map(drop)
}

/// The number of an interface.
pub fn interface_index(name: &CStr) -> Result<u32, i32> {
    // SAFETY: the name ends in a NUL.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(super::errno()),
        index => Ok(index),
    }
}

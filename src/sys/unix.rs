//! Sockets of the Unix domain.

use core::mem::{MaybeUninit, offset_of};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::check;

/// The longest name: a path of that many bytes has room for its NUL.
pub const LONGEST_NAME: usize =
    size_of::<libc::sockaddr_un>() - offset_of!(libc::sockaddr_un, sun_path) - 1;

/// A stream socket.
pub fn socket(nonblocking: bool) -> Result<OwnedFd, i32> {
    let mode = if nonblocking { libc::SOCK_NONBLOCK } else { 0 };
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | mode;
    // SAFETY: no pointers.
    let fd = check(unsafe { libc::socket(libc::AF_UNIX, kind, 0) })?;
    // SAFETY: socket(2) has just made it for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Connects to a path, or to an abstract name, which begins with a NUL. A socket in
/// non-blocking mode says `EAGAIN` when the server has not taken the connections before.
pub fn connect(fd: BorrowedFd<'_>, name: &[u8]) -> Result<(), i32> {
    if name.len() > LONGEST_NAME {
        return Err(libc::ENAMETOOLONG);
    }
    // SAFETY: plain old data, for which all zeros is a value.
    let mut address: libc::sockaddr_un = unsafe { MaybeUninit::zeroed().assume_init() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    for (to, from) in address.sun_path.iter_mut().zip(name) {
        *to = *from as libc::c_char;
    }
    // The NUL after a path counts; after an abstract name it would be a part of it.
    let end = usize::from(name.first() != Some(&0));
    let len = (offset_of!(libc::sockaddr_un, sun_path) + name.len() + end) as libc::socklen_t;
    // SAFETY: the address is valid for its length.
    check(unsafe { libc::connect(fd.as_raw_fd(), (&raw const address).cast(), len) }).map(drop)
}

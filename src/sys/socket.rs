//! Sockets. Every descriptor is close-on-exec from birth and no send raises SIGPIPE; both
//! without touching anything that belongs to the host program.

use core::mem::{MaybeUninit, size_of};
use std::io::{IoSlice, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use super::{check, check_count, errno};

/// Takes a descriptor that the program handed over.
///
/// # Safety
/// `fd` is open and nobody else will close it: the program promises that.
#[must_use]
pub unsafe fn take_over(fd: RawFd) -> OwnedFd {
    // SAFETY: forwarded to the caller.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Is this the number of an open stream socket?
pub fn check_stream_socket(fd: RawFd) -> Result<(), i32> {
    let kind = get_int(fd, libc::SOL_SOCKET, libc::SO_TYPE)?;
    // A SOCK_SEQPACKET socket is a stream whose pieces are marked; nothing here relies on
    // the marks.
    if kind == libc::SOCK_STREAM || kind == libc::SOCK_SEQPACKET {
        Ok(())
    } else {
        Err(libc::EINVAL)
    }
}

/// A TCP socket for this address, in blocking or non-blocking mode.
pub fn tcp_for(address: &SocketAddr, nonblocking: bool) -> Result<OwnedFd, i32> {
    let family = if address.is_ipv4() {
        libc::AF_INET
    } else {
        libc::AF_INET6
    };
    let mode = if nonblocking { libc::SOCK_NONBLOCK } else { 0 };
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | mode;
    // SAFETY: no pointers.
    let fd = check(unsafe { libc::socket(family, kind, 0) })?;
    // SAFETY: socket(2) has just made it for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Chooses the near end of a connection that is about to be made.
pub fn bind(fd: BorrowedFd<'_>, address: &SocketAddr) -> Result<(), i32> {
    let (storage, len) = sockaddr(address);
    // SAFETY: the address is valid for its length.
    check(unsafe { libc::bind(fd.as_raw_fd(), (&raw const storage).cast(), len) }).map(drop)
}

/// Begins to connect. `EINPROGRESS` is a success here: ask [`connect_result`] when the
/// socket is writable. So is `EINTR`, after which the kernel goes on by itself.
pub fn connect(fd: BorrowedFd<'_>, address: &SocketAddr) -> Result<bool, i32> {
    let (storage, len) = sockaddr(address);
    // SAFETY: the address is valid for its length.
    match check(unsafe { libc::connect(fd.as_raw_fd(), (&raw const storage).cast(), len) }) {
        Ok(_) => Ok(true),
        Err(libc::EINPROGRESS | libc::EINTR) => Ok(false),
        Err(e) => Err(e),
    }
}

/// The address as the kernel wants it, and its length.
fn sockaddr(address: &SocketAddr) -> (libc::sockaddr_storage, libc::socklen_t) {
    // SAFETY: plain old data, for which all zeros is a value.
    let mut storage: libc::sockaddr_storage = unsafe { MaybeUninit::zeroed().assume_init() };
    let place = (&raw mut storage).cast::<libc::c_void>();
    let len = match address {
        SocketAddr::V4(a) => {
            let raw = sockaddr_in(a);
            let len = size_of::<libc::sockaddr_in>();
            // SAFETY: the storage is larger than any address, and the two do not overlap.
            unsafe {
                core::ptr::copy_nonoverlapping((&raw const raw).cast::<libc::c_void>(), place, len)
            };
            len
        }
        SocketAddr::V6(a) => {
            let raw = sockaddr_in6(a);
            let len = size_of::<libc::sockaddr_in6>();
            // SAFETY: the storage is larger than any address, and the two do not overlap.
            unsafe {
                core::ptr::copy_nonoverlapping((&raw const raw).cast::<libc::c_void>(), place, len)
            };
            len
        }
    };
    (storage, len as libc::socklen_t)
}

fn sockaddr_in(a: &SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: a.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes(a.ip().octets()),
        },
        sin_zero: [0; 8],
    }
}

fn sockaddr_in6(a: &SocketAddrV6) -> libc::sockaddr_in6 {
    libc::sockaddr_in6 {
        sin6_family: libc::AF_INET6 as libc::sa_family_t,
        sin6_port: a.port().to_be(),
        sin6_flowinfo: a.flowinfo(),
        sin6_addr: libc::in6_addr {
            s6_addr: a.ip().octets(),
        },
        sin6_scope_id: a.scope_id(),
    }
}

/// How the connect ended: 0, or errno.
pub fn connect_result(fd: BorrowedFd<'_>) -> Result<i32, i32> {
    get_int(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_ERROR)
}

/// Small segments leave at once. Not every stream socket is TCP, so failure is no matter.
pub fn set_nodelay(fd: BorrowedFd<'_>) {
    let _ = set(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, &1_i32);
}

/// How long a blocking receive waits; negative is for ever.
pub fn set_receive_timeout(fd: BorrowedFd<'_>, ms: i64) -> Result<(), i32> {
    let ms = ms.max(0);
    // Zero would mean "for ever" to the kernel.
    let us = if ms == 0 { 0 } else { (ms % 1000) * 1000 };
    let value = libc::timeval {
        tv_sec: ms / 1000,
        tv_usec: us,
    };
    set(fd, libc::SOL_SOCKET, libc::SO_RCVTIMEO, &value)
}

/// Turns the descriptor's own non-blocking flag on or off.
pub fn set_nonblocking(fd: BorrowedFd<'_>, on: bool) -> Result<(), i32> {
    let mut value: libc::c_int = i32::from(on);
    // SAFETY: FIONBIO reads one int.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONBIO, &raw mut value) }).map(drop)
}

/// Bytes that were sent and that the other end has not acknowledged.
pub fn unsent(fd: BorrowedFd<'_>) -> Result<u64, i32> {
    let mut value: libc::c_int = 0;
    // SAFETY: TIOCOUTQ, which sockets know as SIOCOUTQ, writes one int.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCOUTQ, &raw mut value) })?;
    Ok(u64::try_from(value).unwrap_or(0))
}

/// Receives. `wait` lets the call block, as long as the receive timeout says, when the
/// descriptor itself is in blocking mode. 0 is the end of the stream.
#[inline]
pub fn receive(fd: BorrowedFd<'_>, buf: &mut [u8], wait: bool) -> Result<usize, i32> {
    let flags = if wait { 0 } else { libc::MSG_DONTWAIT };
    // SAFETY: the buffer is valid for its length.
    check_count(unsafe { libc::recv(fd.as_raw_fd(), buf.as_mut_ptr().cast(), buf.len(), flags) })
}

/// Receives into two buffers, the second when the first is full.
pub fn receive_two(
    fd: BorrowedFd<'_>,
    first: &mut [u8],
    second: &mut [u8],
    wait: bool,
) -> Result<usize, i32> {
    let mut parts = [IoSliceMut::new(first), IoSliceMut::new(second)];
    // SAFETY: plain old data, for which all zeros is a value.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = parts.as_mut_ptr().cast();
    message.msg_iovlen = parts.len();
    let flags = if wait { 0 } else { libc::MSG_DONTWAIT };
    // SAFETY: IoSliceMut has the layout of iovec, and both buffers are valid.
    check_count(unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut message, flags) })
}

/// What stands before a receive on a connection that should be silent: `Ok(true)` when there
/// is nothing, `Ok(false)` when there are bytes or the end of the stream.
pub fn is_silent(fd: BorrowedFd<'_>) -> Result<bool, i32> {
    let mut byte = [0_u8; 1];
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    // SAFETY: the buffer is valid for its length.
    match check_count(unsafe { libc::recv(fd.as_raw_fd(), byte.as_mut_ptr().cast(), 1, flags) }) {
        Ok(_) => Ok(false),
        Err(libc::EAGAIN) => Ok(true),
        Err(e) => Err(e),
    }
}

/// Sends without waiting and without SIGPIPE.
#[inline]
pub fn send(fd: BorrowedFd<'_>, buf: &[u8]) -> Result<usize, i32> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the buffer is valid for its length.
    check_count(unsafe { libc::send(fd.as_raw_fd(), buf.as_ptr().cast(), buf.len(), flags) })
}

/// The same from several buffers. `more`: something follows at once, so a short last segment
/// is better kept back for it.
pub fn send_all_of(fd: BorrowedFd<'_>, parts: &[IoSlice<'_>], more: bool) -> Result<usize, i32> {
    // SAFETY: plain old data, for which all zeros is a value.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = parts.as_ptr().cast_mut().cast();
    message.msg_iovlen = parts.len();
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL | if more { libc::MSG_MORE } else { 0 };
    // SAFETY: IoSlice has the layout of iovec, every buffer is valid, and sendmsg writes to
    // none of them.
    check_count(unsafe { libc::sendmsg(fd.as_raw_fd(), &raw const message, flags) })
}

/// Sends from a file inside the kernel. Waits unless the socket is in non-blocking mode.
///
/// sendfile(2) has no MSG_NOSIGNAL, so a SIGPIPE that it raises is caught on this thread:
/// blocked for the call and taken away afterwards, unless one was pending before. The
/// program's handlers and its mask are as they were when this returns.
pub fn send_file(fd: BorrowedFd<'_>, file: RawFd, offset: u64, most: usize) -> Result<usize, i32> {
    let mut at = libc::off64_t::try_from(offset).map_err(|_| libc::EOVERFLOW)?;
    let quiet = QuietPipe::begin()?;
    // SAFETY: the offset is valid and ours.
    let sent = check_count(unsafe { libc::sendfile64(fd.as_raw_fd(), file, &raw mut at, most) });
    // The signal also comes with a short count: the peer was found gone after some of it.
    quiet.end(sent != Ok(most));
    sent
}

/// SIGPIPE kept away from the program, for one call on this thread.
struct QuietPipe {
    old_mask: libc::sigset_t,
    was_pending: bool,
}

impl QuietPipe {
    fn begin() -> Result<Self, i32> {
        let pipe = sigpipe_set();
        // SAFETY: plain old data, for which all zeros is a value.
        let mut old_mask: libc::sigset_t = unsafe { MaybeUninit::zeroed().assume_init() };
        // SAFETY: both sets are valid.
        let failed =
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const pipe, &raw mut old_mask) };
        if failed != 0 {
            return Err(failed);
        }
        // One that was not blocked cannot have been waiting.
        // SAFETY: the set is valid and SIGPIPE is a signal.
        let was_blocked = unsafe { libc::sigismember(&raw const old_mask, libc::SIGPIPE) } == 1;
        let was_pending = was_blocked && is_sigpipe_pending();
        Ok(Self {
            old_mask,
            was_pending,
        })
    }

    fn end(self, raised: bool) {
        if raised && !self.was_pending {
            let pipe = sigpipe_set();
            let now = libc::timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            // SAFETY: set and time are valid, and nothing is to be told of the signal.
            unsafe { libc::sigtimedwait(&raw const pipe, core::ptr::null_mut(), &raw const now) };
        }
        // SAFETY: the old mask is valid, and the new one is not asked for.
        unsafe {
            libc::pthread_sigmask(
                libc::SIG_SETMASK,
                &raw const self.old_mask,
                core::ptr::null_mut(),
            )
        };
    }
}

fn is_sigpipe_pending() -> bool {
    // SAFETY: plain old data, for which all zeros is a value.
    let mut pending: libc::sigset_t = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: the set is valid.
    if unsafe { libc::sigpending(&raw mut pending) } != 0 {
        return false;
    }
    // SAFETY: the set is valid and SIGPIPE is a signal.
    unsafe { libc::sigismember(&raw const pending, libc::SIGPIPE) == 1 }
}

fn sigpipe_set() -> libc::sigset_t {
    // SAFETY: plain old data, for which all zeros is a value.
    let mut set: libc::sigset_t = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: the set is valid.
    unsafe { libc::sigemptyset(&raw mut set) };
    // SAFETY: the set is valid and SIGPIPE is a signal.
    unsafe { libc::sigaddset(&raw mut set, libc::SIGPIPE) };
    set
}

/// setsockopt(2).
pub(super) fn set<T>(fd: BorrowedFd<'_>, level: i32, name: i32, value: &T) -> Result<(), i32> {
    let len = size_of::<T>() as libc::socklen_t;
    // SAFETY: the value is valid for its length.
    check(unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            name,
            core::ptr::from_ref(value).cast(),
            len,
        )
    })
    .map(drop)
}

fn get_int(fd: RawFd, level: i32, name: i32) -> Result<i32, i32> {
    let mut value: libc::c_int = 0;
    let mut len = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: value and length are valid and match.
    let result =
        unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast(), &raw mut len) };
    if result < 0 { Err(errno()) } else { Ok(value) }
}

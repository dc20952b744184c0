//! The operating system: one thin function per call, errno as the error. Unsafe lives here
//! and in `ffi`, nowhere else. Nothing here decides.

pub mod clock;
pub mod environment;
pub mod epoll;
pub mod file;
pub mod fork;
pub mod helgrind;
pub mod lock;
pub mod options;
pub mod poll;
pub mod process;
pub mod resolve;
pub mod shared;
pub mod socket;
pub mod spares;
pub mod stdio;
#[cfg(test)]
pub mod testing;
pub mod thread;
pub mod unix;
pub mod wake;

/// errno of the call that has just failed.
fn errno() -> i32 {
    std::io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or(libc::EIO)
}

/// The result of a system call that returns -1 on failure.
fn check(result: libc::c_int) -> Result<libc::c_int, i32> {
    if result < 0 { Err(errno()) } else { Ok(result) }
}

/// The result of a system call that returns a count, or -1 on failure.
fn check_count(result: libc::ssize_t) -> Result<usize, i32> {
    usize::try_from(result).map_err(|_| errno())
}

/// The errno values that the rest of the crate tells apart.
pub mod error_number {
    pub use libc::{
        EADDRNOTAVAIL, EAGAIN, EALREADY, ECANCELED, ECONNABORTED, ECONNREFUSED, ECONNRESET,
        EINPROGRESS, EINTR, EINVAL, EIO, EISCONN, ENODEV, ENOSYS, ENOTCONN, ENOTSOCK, EPERM, EPIPE,
        ETIMEDOUT,
    };
}

//! The program's own files: request bodies read from them, response bodies written to them.

use core::mem::MaybeUninit;
use std::os::fd::RawFd;

use super::{check, check_count};

/// What a descriptor is, as far as a body cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file of this size: it can be read at any place.
    Regular(u64),
    /// A socket: it can be read on.
    Socket,
    /// A pipe or device: it can be read on.
    Stream,
}

/// Asks fstat(2).
pub fn kind(fd: RawFd) -> Result<FileKind, i32> {
    let mut stat = MaybeUninit::<libc::stat64>::uninit();
    // SAFETY: the place is valid for a stat64.
    check(unsafe { libc::fstat64(fd, stat.as_mut_ptr()) })?;
    // SAFETY: fstat64 has filled it.
    let stat = unsafe { stat.assume_init() };
    Ok(match stat.st_mode & libc::S_IFMT {
        libc::S_IFREG => FileKind::Regular(u64::try_from(stat.st_size).unwrap_or(0)),
        libc::S_IFSOCK => FileKind::Socket,
        _ => FileKind::Stream,
    })
}

/// Reads at a place, without moving the descriptor's own position.
pub fn read_at(fd: RawFd, buf: &mut [u8], offset: u64) -> Result<usize, i32> {
    let offset = libc::off64_t::try_from(offset).map_err(|_| libc::EOVERFLOW)?;
    loop {
        // SAFETY: the buffer is valid for its length.
        match check_count(unsafe { libc::pread64(fd, buf.as_mut_ptr().cast(), buf.len(), offset) })
        {
            Err(libc::EINTR) => {}
            other => return other,
        }
    }
}

/// Reads on.
pub fn read(fd: RawFd, buf: &mut [u8]) -> Result<usize, i32> {
    loop {
        // SAFETY: the buffer is valid for its length.
        match check_count(unsafe { libc::read(fd, buf.as_mut_ptr().cast(), buf.len()) }) {
            Err(libc::EINTR) => {}
            other => return other,
        }
    }
}

/// Writes some of it.
pub fn write(fd: RawFd, buf: &[u8]) -> Result<usize, i32> {
    loop {
        // SAFETY: the buffer is valid for its length.
        match check_count(unsafe { libc::write(fd, buf.as_ptr().cast(), buf.len()) }) {
            Err(libc::EINTR) => {}
            other => return other,
        }
    }
}

/// Writes some of it to a socket, as much as it takes without a wait. No SIGPIPE.
pub fn send(fd: RawFd, buf: &[u8]) -> Result<usize, i32> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    loop {
        // SAFETY: the buffer is valid for its length.
        match check_count(unsafe { libc::send(fd, buf.as_ptr().cast(), buf.len(), flags) }) {
            Err(libc::EINTR) => {}
            other => return other,
        }
    }
}

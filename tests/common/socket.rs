//! Descriptors for the tests: socket pairs, scratch files, and the few libc calls.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// How long any loop of the tests may take before it counts as a hang.
pub const PATIENCE: Duration = Duration::from_secs(20);

fn check(result: libc::c_int, what: &str) -> libc::c_int {
    assert!(result >= 0, "{what}: {}", io::Error::last_os_error());
    result
}

/// Two connected stream sockets, the client's and the server's.
pub fn pair() -> (OwnedFd, OwnedFd) {
    let mut fds = [-1; 2];
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC;
    // SAFETY: an array of two descriptors, as socketpair wants it.
    check(
        unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, fds.as_mut_ptr()) },
        "socketpair",
    );
    // SAFETY: fresh from socketpair and owned by nobody else.
    let client = unsafe { OwnedFd::from_raw_fd(fds[0]) };
    // SAFETY: as above.
    let server = unsafe { OwnedFd::from_raw_fd(fds[1]) };
    (client, server)
}

/// The server's end of a pair.
pub struct Peer(OwnedFd);

impl Peer {
    pub fn new(fd: OwnedFd) -> Self {
        Self(fd)
    }

    pub fn fd(&self) -> i32 {
        self.0.as_raw_fd()
    }

    /// Writes everything; `false` when the client is gone. Waits while the client's
    /// buffer is full.
    pub fn write(&self, mut data: &[u8]) -> bool {
        while !data.is_empty() {
            // SAFETY: pointer and length of one slice.
            let n = unsafe {
                libc::send(
                    self.fd(),
                    data.as_ptr().cast(),
                    data.len(),
                    libc::MSG_NOSIGNAL,
                )
            };
            if n < 0 {
                return false;
            }
            data = &data[n as usize..];
        }
        true
    }

    /// As much as fits without waiting; the count.
    pub fn write_some(&self, data: &[u8]) -> usize {
        let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
        // SAFETY: pointer and length of one slice.
        let n = unsafe { libc::send(self.fd(), data.as_ptr().cast(), data.len(), flags) };
        usize::try_from(n).unwrap_or(0)
    }

    /// What has arrived, without waiting; empty also at the end of the stream.
    pub fn read_now(&self) -> Vec<u8> {
        let mut buf = vec![0; 65_536];
        let flags = libc::MSG_DONTWAIT;
        // SAFETY: pointer and length of one buffer.
        let n = unsafe { libc::recv(self.fd(), buf.as_mut_ptr().cast(), buf.len(), flags) };
        buf.truncate(usize::try_from(n).unwrap_or(0));
        buf
    }

    /// Waits for bytes; empty at the end of the stream.
    pub fn read(&self) -> Vec<u8> {
        readable(self.fd(), PATIENCE);
        self.read_now()
    }

    /// Reads until `end` has come, and returns it all.
    pub fn read_until(&self, end: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let more = self.read();
            assert!(
                !more.is_empty(),
                "the client ended after {:?}",
                all.escape_ascii().to_string()
            );
            all.extend_from_slice(&more);
            if all.windows(end.len()).any(|w| w == end) {
                return all;
            }
        }
    }

    /// No more bytes from here; the client can still send.
    pub fn end(&self) {
        // SAFETY: an open descriptor. A client that is gone already makes it fail, which
        // is what was wanted.
        unsafe { libc::shutdown(self.fd(), libc::SHUT_WR) };
    }

    /// Bytes written here that the client has not taken out of its socket.
    pub fn unread_by_client(&self) -> i32 {
        let mut n = 0;
        // SAFETY: TIOCOUTQ stores one int.
        check(
            unsafe { libc::ioctl(self.fd(), libc::TIOCOUTQ, &raw mut n) },
            "TIOCOUTQ",
        );
        n
    }
}

/// Waits until the descriptor can be read; a test fails when that takes too long.
pub fn readable(fd: i32, patience: Duration) {
    assert!(
        poll(fd, libc::POLLIN, patience),
        "descriptor {fd} never became readable"
    );
}

pub fn poll(fd: i32, events: i16, patience: Duration) -> bool {
    let mut p = libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    let end = Instant::now() + patience;
    loop {
        let left = end.saturating_duration_since(Instant::now()).as_millis();
        // SAFETY: one pollfd.
        let n = unsafe { libc::poll(&raw mut p, 1, i32::try_from(left).unwrap_or(i32::MAX)) };
        let interrupted = n < 0 && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted;
        if !interrupted {
            return n > 0;
        }
    }
}

/// A file in memory.
pub struct Scratch(std::fs::File);

impl Scratch {
    pub fn new() -> Self {
        // SAFETY: a static name.
        let fd = unsafe { libc::memfd_create(c"body".as_ptr(), libc::MFD_CLOEXEC) };
        check(fd, "memfd_create");
        // SAFETY: fresh and owned by nobody else.
        Self(std::fs::File::from(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    pub fn fd(&self) -> i32 {
        self.0.as_raw_fd()
    }

    pub fn contents(&self) -> Vec<u8> {
        use std::os::unix::fs::FileExt;
        let len = self.0.metadata().map_or(0, |m| m.len() as usize);
        let mut all = vec![0; len];
        let read = self.0.read_exact_at(&mut all, 0);
        assert!(read.is_ok(), "{read:?}");
        all
    }
}

//! Bytes in, bytes out, over whatever carries them. A transport knows nothing of HTTP, and
//! whoever uses one knows nothing of sockets.
#![forbid(unsafe_code)]

pub mod cancel;
pub mod deadline;
pub mod dial;
pub mod dialing;
pub mod endpoint;
pub mod memory;
mod names;
pub mod news;
mod race;
pub mod recorded;
pub mod resolve;
pub mod tcp;
pub mod tls;

use std::io::IoSlice;
use std::os::fd::OwnedFd;
use std::os::fd::RawFd;
use std::sync::Arc;

use self::tls::agreed::Agreed;
use crate::error::Result;

/// What something that cannot go on waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Bytes to read.
    Read,
    /// Room to write.
    Write,
    /// Room to write, or an answer that makes writing pointless.
    Either,
}

impl Interest {
    /// Is readability waited for?
    #[must_use]
    pub fn reads(self) -> bool {
        self != Self::Write
    }

    /// Is writability waited for?
    #[must_use]
    pub fn writes(self) -> bool {
        self != Self::Read
    }
}

/// Every operation is a step: done, or not yet. "Not yet" is a value, not an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<T> {
    /// Finished, with this.
    Done(T),
    /// Call again when this has come.
    Want(Interest),
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Worth another step.
    Ready,
    /// The time is up.
    TimedOut,
    /// Nothing here can wait: the program has to.
    Cannot,
}

/// May a read block inside the transport, as long as that costs nothing extra?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// No.
    None,
    /// For so many milliseconds; negative is for ever.
    Ms(i64),
}

/// A connection that carries bytes.
pub trait Transport: Send {
    /// Does what has to be done before bytes can be carried: a handshake. Called until it is
    /// done, before anything else. Its last message may be held back for the first data.
    fn establish(&mut self, patience: Patience) -> Result<Step<()>> {
        let _ = patience;
        Ok(Step::Done(()))
    }

    /// Receives at least one byte; `Done(0)` is the end of the stream, for ever.
    fn read(&mut self, buf: &mut [u8], patience: Patience) -> Result<Step<usize>>;

    /// Receives into two buffers, the second when the first is full. A transport that cannot
    /// uses the first alone.
    fn read_two(
        &mut self,
        first: &mut [u8],
        second: &mut [u8],
        patience: Patience,
    ) -> Result<Step<usize>> {
        let _ = second;
        self.read(first, patience)
    }

    /// Must no byte be received beyond the message that is being read? Somebody else reads on
    /// from there.
    fn is_frugal(&self) -> bool {
        false
    }

    /// For a frugal transport: receives up to and including the next line feed, or less.
    fn read_line(&mut self, buf: &mut [u8]) -> Result<Step<usize>> {
        let one = buf.len().min(1);
        self.read(buf.get_mut(..one).unwrap_or_default(), Patience::None)
    }

    /// Sends some of the bytes, at least one.
    fn write(&mut self, parts: &[IoSlice<'_>], more: bool) -> Result<Step<usize>>;

    /// Bytes that were taken to be sent and have not reached the other end, as far as that can
    /// be known.
    fn unsent(&self) -> u64 {
        0
    }

    /// Sends what was taken and has not left yet; a transport that holds nothing back has nothing
    /// to do.
    fn flush(&mut self) -> Result<Step<()>> {
        Ok(Step::Done(()))
    }

    /// Counts bytes that leave, for a transport that holds some back: a peer that takes them
    /// slowly is not one that takes nothing.
    fn departed(&self) -> u64 {
        0
    }

    /// Sends from a file, if that can be done without the bytes passing through here.
    /// `Done(0)` is the end of the file.
    fn send_file(&mut self, file: RawFd, offset: u64, most: u64) -> Option<Result<Step<u64>>> {
        let _ = (file, offset, most);
        None
    }

    /// Waits until a step may succeed. `ms` negative is for ever.
    fn wait(&mut self, interest: Interest, ms: i64) -> Result<Waited>;

    /// The descriptor to wait for, if there is one.
    fn fd(&self) -> Option<RawFd>;

    /// Is there nothing to read, not even the end of the stream? Asked of a connection that
    /// should be silent, before it is used again.
    fn is_silent(&mut self) -> bool;

    /// Is it known without taking a byte that there is nothing to read?
    fn is_quiet(&mut self) -> bool {
        false
    }

    /// The stream has ended: did the peer mean it to, as far as that can be known?
    fn ended_cleanly(&self) -> bool {
        true
    }

    /// What was agreed on, if this is TLS.
    fn agreed(&self) -> Option<&Arc<Agreed>> {
        None
    }

    /// Takes what has arrived and was not read, from a transport that holds such bytes itself.
    fn take_unread(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// Gives the descriptor away.
    fn into_fd(self: Box<Self>) -> Option<OwnedFd> {
        None
    }

    /// Ends the connection without a byte on the wire; what the process shares with another
    /// (the parent of a fork) must stay usable there.
    fn abandon(self: Box<Self>) {}
}

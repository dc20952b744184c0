//! The ways to drive a connection. Each one carries the same pieces of the same answer;
//! the result must not depend on which.

pub mod blocking;
pub mod callback;
pub mod nonblocking;
pub mod sansio;

use super::api::*;
use super::handle::Conn;
use super::response::Resp;
use crate::corpus::End;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// The program owns the wire; pieces go in by `hc_feed`.
    SansIo,
    /// A socket, and a piece whenever a call would wait.
    NonBlocking,
    /// A socket, and a thread that writes the next piece when the last has been taken.
    Blocking,
    /// A transport of callbacks, one piece per read.
    Callback,
    /// The same, non-blocking: "not yet" before every piece, one byte per write.
    Dribble,
}

impl Driver {
    pub const EVERY: [Self; 5] = [
        Self::SansIo,
        Self::NonBlocking,
        Self::Blocking,
        Self::Callback,
        Self::Dribble,
    ];

    pub fn wire(self) -> Box<dyn Wire> {
        match self {
            Self::SansIo => Box::new(sansio::SansIo::default()),
            Self::NonBlocking => Box::new(nonblocking::NonBlocking::default()),
            Self::Blocking => Box::new(blocking::Blocking::default()),
            Self::Callback => Box::new(callback::Callback::new(false)),
            Self::Dribble => Box::new(callback::Callback::new(true)),
        }
    }
}

pub trait Wire {
    /// Gives an idle connection without a wire a fresh one.
    fn open(&mut self, c: &Conn);

    /// The same, but that nothing is asked of the wire yet: a proxy's answer may have to be loaded
    /// first. Not without a wire (sansio): there the program makes the tunnel.
    fn attach(&mut self, c: &Conn);

    /// The peer's next answer, in pieces. Called when the request has been sent.
    fn load(&mut self, pieces: Vec<Vec<u8>>, end: End);

    /// Makes the call until it does not wait any more. HC_WANT_READ comes back only when
    /// the peer has nothing more to say; a blocking driver says HC_ERR_TIMEOUT then.
    fn settle(&mut self, c: &Conn, r: Option<&Resp>, call: &mut dyn FnMut() -> i32) -> i32;

    /// Delivers the rest of the answer, which nobody has asked for.
    fn rush(&mut self, c: &Conn);

    /// Bytes of the answer that the library can have seen, where that is known exactly.
    fn supplied(&self) -> Option<usize>;

    /// After a detach that gave `fd`: the bytes that the library had not read.
    fn rest(&mut self, fd: i32) -> Vec<u8>;
}

/// The loop of a program without blocking calls, bounded so that a call that waits for
/// ever becomes a failed test.
pub fn settle_with(call: &mut dyn FnMut() -> i32, mut wait: impl FnMut(i32) -> bool) -> i32 {
    for _ in 0..4_000_000 {
        let status = call();
        let goes_on = (status == HC_WANT_READ || status == HC_WANT_WRITE) && wait(status);
        if !goes_on {
            return status;
        }
    }
    panic!("the call waits for ever");
}

/// Pieces in a queue, with the end of the stream behind them.
#[derive(Default)]
pub struct Queue {
    pieces: std::collections::VecDeque<Vec<u8>>,
    ends: bool,
    pub supplied: usize,
}

impl Queue {
    pub fn load(&mut self, pieces: Vec<Vec<u8>>, end: End) {
        self.pieces = pieces.into_iter().filter(|p| !p.is_empty()).collect();
        self.ends = end == End::Eof;
        self.supplied = 0;
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Takes at most `most` bytes of the next piece.
    pub fn next(&mut self, most: usize) -> Option<Vec<u8>> {
        let mut piece = self.pieces.pop_front()?;
        if piece.len() > most {
            self.pieces.push_front(piece.split_off(most));
        }
        self.supplied += piece.len();
        Some(piece)
    }

    /// Bytes of the next piece up to and including its first line feed.
    pub fn line_len(&self) -> usize {
        let piece = self.pieces.front().map_or(&[][..], |p| p);
        piece
            .iter()
            .position(|b| *b == b'\n')
            .map_or(piece.len(), |i| i + 1)
    }

    /// Puts back what did not fit.
    pub fn put_back(&mut self, rest: Vec<u8>) {
        self.supplied -= rest.len();
        if !rest.is_empty() {
            self.pieces.push_front(rest);
        }
    }

    /// True once, when the pieces are out and the stream ends behind them.
    pub fn take_end(&mut self) -> bool {
        self.is_empty() && std::mem::take(&mut self.ends)
    }

    /// The stream has an end that nobody has been told of.
    pub fn end_is_due(&self) -> bool {
        self.is_empty() && self.ends
    }

    pub fn take_all(&mut self) -> Vec<u8> {
        self.pieces.drain(..).flatten().collect()
    }
}

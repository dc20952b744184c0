//! Reading a response body: `(input, output) -> (used, made)`, whatever the framing.

use super::chunked::Decoder;
use super::framing::Framing;
use super::{Limits, Profile};
use crate::error::{Code, Error, Result};

/// What a reader that must not take a byte beyond the message may ask its transport for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The rest of a line.
    Line,
    /// So many bytes at most.
    Bytes(u64),
}

/// The rest of a body.
#[derive(Debug)]
pub enum Body {
    /// All of it has been read, or there was none.
    Done,
    /// So many bytes are left.
    Length(u64),
    /// Chunks.
    Chunked(Decoder),
    /// Until the connection ends.
    UntilClose,
}

impl Body {
    /// A body that has just begun.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        match framing {
            Framing::Empty | Framing::Length(0) => Self::Done,
            Framing::Length(n) => Self::Length(n),
            Framing::Chunked => Self::Chunked(Decoder::default()),
            Framing::UntilClose | Framing::Tunnel => Self::UntilClose,
        }
    }

    /// Has it been read to its end?
    #[inline]
    #[must_use]
    pub fn is_done(&self) -> bool {
        match self {
            Self::Done => true,
            Self::Length(n) => *n == 0,
            Self::Chunked(d) => d.is_done(),
            Self::UntilClose => false,
        }
    }

    /// Bytes left, when the framing says so.
    #[must_use]
    pub fn remaining(&self) -> Option<u64> {
        match self {
            Self::Done => Some(0),
            Self::Length(n) => Some(*n),
            Self::Chunked(d) => d.is_done().then_some(0),
            Self::UntilClose => None,
        }
    }

    /// What may be asked for without a byte beyond the body.
    #[must_use]
    pub fn need(&self) -> Need {
        match self {
            Self::Done => Need::Bytes(0),
            Self::Length(n) => Need::Bytes(*n),
            Self::Chunked(d) => d.need(),
            Self::UntilClose => Need::Bytes(u64::MAX),
        }
    }

    /// Takes body bytes from what has been received.
    #[inline]
    pub fn take(
        &mut self,
        input: &[u8],
        output: &mut [u8],
        limits: &Limits,
        profile: Profile,
    ) -> Result<(usize, usize)> {
        let most = match self {
            Self::Done => return Ok((0, 0)),
            Self::Chunked(d) => return d.decode(input, output, limits, profile),
            Self::Length(left) => usize::try_from(*left).unwrap_or(usize::MAX),
            Self::UntilClose => usize::MAX,
        };
        let n = most.min(input.len()).min(output.len());
        if let (Some(to), Some(from)) = (output.get_mut(..n), input.get(..n)) {
            to.copy_from_slice(from);
        }
        self.passed(n as u64);
        Ok((n, n))
    }

    /// Body bytes at the beginning of what has been received, not taken.
    #[must_use]
    pub fn peek<'a>(&self, input: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Done => &[],
            Self::Length(left) => {
                let n = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(input.len());
                input.get(..n).unwrap_or_default()
            }
            Self::Chunked(d) => d.peek(input),
            Self::UntilClose => input,
        }
    }

    /// How many of the next bytes on the wire are body bytes as they are: so many may be read
    /// straight into the caller's buffer.
    #[inline]
    #[must_use]
    pub fn direct(&self) -> u64 {
        match self {
            Self::Done => 0,
            Self::Length(left) => *left,
            Self::Chunked(d) => d.direct(),
            Self::UntilClose => u64::MAX,
        }
    }

    /// So many of them were.
    #[inline]
    pub fn passed(&mut self, n: u64) {
        match self {
            Self::Done | Self::UntilClose => {}
            Self::Length(left) => *left -= n.min(*left),
            Self::Chunked(d) => d.went_direct(n),
        }
    }

    /// The connection ended. Is that the end of the body, or is the body cut short?
    pub fn ended(&mut self, delivered: u64, profile: Profile) -> Result<()> {
        let text = match self {
            Self::Done => return Ok(()),
            Self::UntilClose if profile.has(Profile::CUT) => format!(
                "IncompleteRead({delivered} bytes read): the connection ended, but not TLS on it, \
                 so there may have been more"
            ),
            Self::UntilClose => {
                *self = Self::Done;
                return Ok(());
            }
            // Python takes the end of the stream for the end of the trailers.
            Self::Chunked(d) if profile.has(Profile::EOF_IN_TRAILERS) && d.in_trailer() => {
                *self = Self::Done;
                return Ok(());
            }
            Self::Chunked(_) => format!("IncompleteRead({delivered} bytes read)"),
            Self::Length(left) => {
                format!("IncompleteRead({delivered} bytes read, {left} more expected)")
            }
        };
        Err(Error::new(Code::HC_ERR_INCOMPLETE, text).at(delivered))
    }
}

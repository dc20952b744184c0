//! Where the body of a request comes from.

use std::io::IoSlice;
use std::os::fd::RawFd;

use crate::error::Result;

/// A body that is produced on demand.
pub trait BodyReader {
    /// Writes the next bytes to `buf`; 0 is the end.
    fn read(&mut self, buf: &mut [u8]) -> Result<usize>;
    /// Goes back to the beginning. False: it cannot.
    fn rewind(&mut self) -> bool;
}

/// The body given with a request. It is borrowed anew for each step, so that a call that is
/// continued keeps no pointer into the caller's memory.
pub enum BodySource<'a> {
    /// None: what the head declares is pushed later, or nothing is.
    None,
    /// Memory, in one piece or several.
    Slices(&'a [IoSlice<'a>]),
    /// A part of a regular file; `length` bytes from `offset` on.
    File {
        /// Its descriptor.
        fd: RawFd,
        /// First byte.
        offset: u64,
        /// How many.
        length: u64,
    },
    /// A descriptor that is read on to its end, or for `length` bytes.
    Stream {
        /// The descriptor.
        fd: RawFd,
        /// How many bytes, if that is known.
        length: Option<u64>,
    },
    /// Produced by the program.
    Reader {
        /// The producer.
        reader: &'a mut dyn BodyReader,
        /// How many bytes, if that is known.
        length: Option<u64>,
    },
}

impl BodySource<'_> {
    /// Is there none?
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Bytes that it has.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::None => Some(0),
            Self::Slices(slices) => Some(slices.iter().map(|s| s.len() as u64).sum()),
            Self::File { length, .. } => Some(*length),
            Self::Stream { length, .. } | Self::Reader { length, .. } => *length,
        }
    }

    /// Back to the beginning. False: it cannot.
    pub fn rewind(&mut self) -> bool {
        match self {
            Self::None | Self::Slices(_) | Self::File { .. } => true,
            Self::Stream { .. } => false,
            Self::Reader { reader, .. } => reader.rewind(),
        }
    }
}

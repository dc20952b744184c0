//! A short body, read into memory to be sent with its head.

use super::body_source::BodySource;
use crate::error::{Code, Error, Result};
use crate::proto::chunked::SizeLine;
use crate::sys::file;

/// Puts the body into `out`, as one chunk if it goes in chunks. It has `length` bytes, and is of
/// a kind that need not be waited for. Nothing is sent: a source that fails has done no harm.
pub(super) fn stage(
    body: &mut BodySource<'_>,
    length: usize,
    framed: bool,
    out: &mut Vec<u8>,
) -> Result<()> {
    const FRAMING: usize = 32;
    out.try_reserve(length + FRAMING)?;
    if framed && length == 0 {
        out.extend_from_slice(b"0\r\n\r\n");
        return Ok(());
    }
    if framed {
        out.extend_from_slice(SizeLine::of(length as u64).as_bytes());
    }
    let at = out.len();
    match body {
        BodySource::Slices(slices) => {
            for slice in *slices {
                out.extend_from_slice(slice);
            }
        }
        BodySource::File { fd, offset, .. } => fill(out, length, |room, got| {
            file::read_at(*fd, room, *offset + got)
                .map_err(|e| Error::os(Code::HC_ERR_FILE, e, "pread"))
        })?,
        BodySource::Reader { reader, .. } => fill(out, length, |room, _| reader.read(room))?,
        BodySource::None | BodySource::Stream { .. } => {}
    }
    if out.len() - at != length {
        return Err(Error::new(
            Code::HC_ERR_BODY_OWED,
            "the body ended before its declared length",
        ));
    }
    if framed {
        out.extend_from_slice(b"\r\n0\r\n\r\n");
    }
    Ok(())
}

/// Adds up to `length` bytes; `read` is given the room and told how many there are already.
fn fill(
    out: &mut Vec<u8>,
    length: usize,
    mut read: impl FnMut(&mut [u8], u64) -> Result<usize>,
) -> Result<()> {
    let at = out.len();
    out.resize(at + length, 0);
    let mut got = 0;
    while got < length {
        let room = out.get_mut(at + got..).unwrap_or_default();
        let most = room.len();
        match read(room, got as u64)? {
            0 => break,
            n if n > most => {
                return Err(Error::new(
                    Code::HC_ERR_CALLBACK,
                    "the body callback gave more than it was asked for",
                ));
            }
            n => got += n,
        }
    }
    out.truncate(at + got);
    Ok(())
}

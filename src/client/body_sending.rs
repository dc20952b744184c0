//! Sending the body that came with a request, from each kind of source, in steps.

use super::config::Tuning;
use super::outgoing::Outgoing;
use super::upload::Upload;
use super::wire::Wire;
use crate::error::{Code, Error, Result};
use crate::net::Step;
use crate::proto::chunked::{CHUNK_END, LAST_CHUNK, SizeLine};
use crate::sys::file;

/// Room in front of a block for the line of its chunk.
const SIZE_LINE_ROOM: usize = 18;
/// Behind a body that goes as one chunk.
const ONE_CHUNK_TAIL: &[u8] = b"\r\n0\r\n\r\n";

/// A body whose length is known goes as one chunk: puts its line into the block, and says
/// what follows the data.
pub(super) fn open_one_chunk(
    out: &mut Outgoing,
    up: &mut Upload,
    total: u64,
) -> Result<&'static [u8]> {
    if !up.framed {
        return Ok(&[]);
    }
    if !up.opened {
        match total {
            // An empty chunk would end the body; so does this.
            0 => out.push(b"0\r\n\r\n")?,
            n => out.push(SizeLine::of(n).as_bytes())?,
        }
        up.opened = true;
    }
    Ok(if total == 0 { &[] } else { ONE_CHUNK_TAIL })
}

pub(super) fn send_slices(
    out: &mut Outgoing,
    up: &mut Upload,
    wire: &mut Wire,
    slices: &[std::io::IoSlice<'_>],
    tail: &[u8],
    tuning: &Tuning,
) -> Result<Step<bool>> {
    let before = up.position;
    loop {
        match out.send_some(wire, slices, tail, &mut up.position, tuning)? {
            Step::Done(true) => return Ok(Step::Done(true)),
            Step::Done(false) if up.pace.is_due(up.position - before) => {
                return Ok(Step::Done(false));
            }
            Step::Done(false) => {}
            Step::Want(i) => return Ok(Step::Want(i)),
        }
    }
}

pub(super) fn send_file(
    out: &mut Outgoing,
    up: &mut Upload,
    wire: &mut Wire,
    (fd, offset, length): (i32, u64, u64),
    tail: &[u8],
    tuning: &Tuning,
) -> Result<Step<bool>> {
    loop {
        let left = length.saturating_sub(up.position);
        if let Step::Want(i) = out.flush(wire, left > 0, tuning)? {
            return Ok(Step::Want(i));
        }
        if left == 0 {
            if tail.is_empty() || up.ended {
                return Ok(Step::Done(true));
            }
            up.ended = true;
            out.push(tail)?;
            continue;
        }
        let at = offset + up.position;
        match wire.send_file(fd, at, left, tuning) {
            Some(Ok(Step::Done(0))) => return Err(file_too_short(left)),
            Some(Ok(Step::Done(n))) => {
                up.position += n;
                if up.pace.is_due(n) {
                    return Ok(Step::Done(false));
                }
            }
            Some(Ok(Step::Want(i))) => return Ok(Step::Want(i)),
            Some(Err(e)) => return Err(e),
            None => {
                let most = usize::try_from(left)
                    .unwrap_or(tuning.block)
                    .min(tuning.block);
                let room = out.block_room(most)?;
                let n = file::read_at(fd, room, at)
                    .map_err(|e| Error::os(Code::HC_ERR_FILE, e, "pread"))?;
                out.block.truncate(n);
                if n == 0 {
                    return Err(file_too_short(left));
                }
                up.position += n as u64;
                if up.pace.is_due(n as u64) {
                    return Ok(Step::Done(false));
                }
            }
        }
    }
}

#[cold]
fn file_too_short(left: u64) -> Error {
    Error::new(
        Code::HC_ERR_FILE,
        format!("the file ended {left} bytes before its declared length"),
    )
}

/// Sends what `read` gives, block by block.
pub(super) fn send_blocks(
    out: &mut Outgoing,
    up: &mut Upload,
    wire: &mut Wire,
    read: &mut dyn FnMut(&mut [u8]) -> Result<usize>,
    length: Option<u64>,
    tuning: &Tuning,
) -> Result<Step<bool>> {
    loop {
        // The first block joins the head in one packet.
        if !out.block.is_empty() || up.ended {
            if let Step::Want(i) = out.flush(wire, false, tuning)? {
                return Ok(Step::Want(i));
            }
            if up.ended {
                return Ok(Step::Done(true));
            }
        }
        let left = length.map_or(u64::MAX, |l| l.saturating_sub(up.position));
        let most = usize::try_from(left)
            .unwrap_or(tuning.block)
            .min(tuning.block);
        let before = if up.framed { SIZE_LINE_ROOM } else { 0 };
        let n = if most == 0 {
            0
        } else {
            let room = out.block_room(before + most)?;
            let n = read(&mut room[before..]);
            match n {
                Ok(n) if n <= most => n,
                Ok(_) => {
                    out.clear_block();
                    return Err(Error::new(
                        Code::HC_ERR_CALLBACK,
                        "the body callback gave more than it was asked for",
                    ));
                }
                Err(e) => {
                    out.clear_block();
                    return Err(e);
                }
            }
        };
        up.position += n as u64;
        if n > 0 {
            out.block.truncate(before + n);
            if up.framed {
                out.frame_block(SizeLine::of(n as u64).as_bytes(), before)?;
                out.push(CHUNK_END)?;
            }
            if up.pace.is_due(n as u64) {
                return Ok(Step::Done(false));
            }
            continue;
        }
        out.clear_block();
        up.ended = true;
        if let Some(short) = length
            .map(|l| l.saturating_sub(up.position))
            .filter(|s| *s > 0)
        {
            return Err(Error::new(
                Code::HC_ERR_BODY_OWED,
                format!("the body ended {short} bytes before its declared length"),
            ));
        }
        if up.framed {
            out.push(LAST_CHUNK)?;
            out.push(CHUNK_END)?;
        }
    }
}

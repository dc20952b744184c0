//! A whole and plain response head in one pass: the common case, and the warm path's largest
//! part. Whatever is not plain, or not all there, is left to `head`, which knows why.

use super::fields::{Fields, Placed};
use super::grammar::{controls_of, is_ows, is_tchar, not_in_common_names};
use super::lines::StatusLine;

/// Reads a head and fills in its fields; says how many bytes it has. `room` is the buffer behind
/// the first byte of the head, of which `len` bytes have arrived: vectors are loaded across that
/// end, and what is found beyond it counts for nothing. `None`: nothing is known, and the fields
/// are worthless.
///
/// Not inlined: its loop needs every register.
#[inline(never)]
pub(super) fn read(
    room: &[u8],
    len: usize,
    fields: &mut Fields,
    status: &mut PlainStatus,
) -> Option<usize> {
    *status = status_line(room)?;
    fields.clear();
    let mut at = status.len;
    let used = loop {
        let line = match short_line(room, at) {
            Some(line) => line,
            None => match any_line(room, at)? {
                Line::Field(placed) => placed,
                Line::Empty(end) => break end,
            },
        };
        at = line.line_end;
        // Memory that cannot be had is found out about, and told of, by whoever goes on.
        fields.place(line).ok()?;
    };
    if used > len {
        return None;
    }
    fields.fill(room.get(..used)?).ok()?;
    Some(used)
}

/// A field line as nearly all are: a name of ordinary letters, one blank, and a value of 1 to 31
/// bytes. Everything is looked for in one window of fixed size, in which no position has to be
/// checked.
#[inline(always)]
fn short_line(room: &[u8], at: usize) -> Option<Placed> {
    const WINDOW: usize = 80;
    let window: &[u8; WINDOW] = room.get(at..)?.first_chunk()?;
    let name = not_in_common_names(window.first_chunk()?).trailing_zeros() as usize & 31;
    let (&[b':', b' ', b'!'..=0xff], true) = (window.get(name..)?.first_chunk::<3>()?, name > 0)
    else {
        return None;
    };
    let value = name + 2;
    let behind = window.get(value..)?.first_chunk::<32>()?;
    let (first, second) = (behind.first_chunk()?, behind.last_chunk()?);
    let found = controls_of(first) | controls_of(second) << 16;
    let stop = (value + found.trailing_zeros() as usize) & 63;
    match *window.get(stop.wrapping_sub(1)..)?.first_chunk::<3>()? {
        [b'!'..=0xff, b'\r', b'\n'] => Some(Placed {
            name: at,
            name_end: at + name,
            value: at + value,
            value_end: at + stop,
            line_end: at + stop + 2,
        }),
        _ => None,
    }
}

enum Line {
    Field(Placed),
    /// The end of the head, and where what follows begins.
    Empty(usize),
}

/// Any line that is sound.
#[inline(never)]
fn any_line(room: &[u8], at: usize) -> Option<Line> {
    let chunk = sixteen(room, at)?;
    match *chunk {
        [b'\r', b'\n', ..] => return Some(Line::Empty(at + 2)),
        [b'\n', ..] => return Some(Line::Empty(at + 1)),
        _ => {}
    }
    let colon = name_end(room, at, chunk)?;
    let value = line_rest(room, colon + 1)?;
    Some(Line::Field(Placed {
        name: at,
        name_end: colon,
        value: value.start,
        value_end: value.end,
        line_end: value.line_end,
    }))
}

/// What the status line says, and how long it is.
#[derive(Debug, Default)]
pub(super) struct PlainStatus {
    pub(super) line: StatusLine,
    pub(super) len: usize,
}

/// The sixteen bytes from `at` on; none are left near the end of a full buffer.
#[inline(always)]
fn sixteen(room: &[u8], at: usize) -> Option<&[u8; 16]> {
    room.get(at..)?.first_chunk()
}

/// Where the colon stands behind the name that begins at `at`.
#[inline(always)]
fn name_end(room: &[u8], at: usize, chunk: &[u8; 16]) -> Option<usize> {
    // One bit more, for a colon behind sixteen letters.
    let others = not_in_common_names(chunk) | 1 << 16;
    let end = at + others.trailing_zeros() as usize;
    if end != at && room.get(end) == Some(&b':') {
        return Some(end);
    }
    long_name_end(room, at)
}

/// The same for names that are long or have one of the rare letters.
#[inline(never)]
fn long_name_end(room: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    loop {
        let others = not_in_common_names(sixteen(room, end)?);
        if others == 0 {
            end += 16;
            continue;
        }
        end += others.trailing_zeros() as usize;
        match *room.get(end)? {
            b':' if end != at => return Some(end),
            b if is_tchar(b) => end += 1,
            _ => return None,
        }
    }
}

/// The content of the rest of a line, without blanks around it, and where the next one begins.
struct LineRest {
    start: usize,
    end: usize,
    line_end: usize,
}

#[inline(always)]
fn line_rest(room: &[u8], mut start: usize) -> Option<LineRest> {
    // One blank in front as a rule, and not two.
    if let Some([b' ', b'!'..=0xff]) = room.get(start..)?.first_chunk::<2>() {
        start += 1;
    } else {
        while is_ows(*room.get(start)?) {
            start += 1;
        }
    }
    let mut stop = start;
    loop {
        let found = controls_of(sixteen(room, stop)?);
        if found == 0 {
            stop += 16;
            continue;
        }
        stop += found.trailing_zeros() as usize;
        // The byte before is there: a line begins with a name or a version.
        let [before, first, second] = *room.get(stop.wrapping_sub(1)..)?.first_chunk::<3>()?;
        let line_end = match (first, second) {
            (b'\r', b'\n') => stop + 2,
            (b'\n', _) => stop + 1,
            (b'\t', _) => {
                stop += 1;
                continue;
            }
            _ => return None,
        };
        let end = if is_ows(before) {
            end_without_blanks(room, start, stop)
        } else {
            stop
        };
        return Some(LineRest {
            start,
            end,
            line_end,
        });
    }
}

#[inline(never)]
fn end_without_blanks(room: &[u8], start: usize, mut end: usize) -> usize {
    while end > start && room.get(end - 1).copied().is_some_and(is_ows) {
        end -= 1;
    }
    end
}

/// A status line as it should be.
#[inline(always)]
fn status_line(room: &[u8]) -> Option<PlainStatus> {
    let (version, rest) = sixteen(room, 0)?.split_first_chunk::<8>()?;
    let version = match version {
        b"HTTP/1.1" => 11,
        b"HTTP/1.0" => 10,
        _ => return None,
    };
    let &[b' ', a, b, c, b' ' | b'\r' | b'\n', ..] = rest else {
        return None;
    };
    if !matches!((a, b, c), (b'1'..=b'9', b'0'..=b'9', b'0'..=b'9')) {
        return None;
    }
    let reason = line_rest(room, 12)?;
    let digit = |d: u8| u16::from(d - b'0');
    let line = StatusLine {
        version,
        status: digit(a) * 100 + digit(b) * 10 + digit(c),
        reason: reason.start..reason.end,
    };
    Some(PlainStatus {
        line,
        len: reason.line_end,
    })
}

//! Reads a body with any mixture of the calls there are.

use crate::engine::rng::Rng;
use httpclient::ffi::hr_response;
use httpclient::ffi::reading::{
    hr_drain, hr_peek, hr_read, hr_read_all, hr_read_full, hr_read1, hr_readline, hr_readv,
};
use httpclient::ffi::types::hc_iovec;
use std::ptr;

pub struct Read {
    /// 0 at the true end, 1 when nothing more comes, below 0 an error.
    pub code: i32,
    pub bytes: Vec<u8>,
    /// hr_drain counts and keeps nothing.
    pub dropped: u64,
    /// The call that met the end wanted all of the body.
    pub wanted_all: bool,
    pub complaint: Option<String>,
}

const ROOM: usize = 1 << 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Read,
    Read1,
    Full,
    Line,
    Vector,
    Peek,
    All,
    Drain,
}

/// Reads to the end. `more`: the call has to wait; is there more for it? Without `rng` it is
/// hr_read with a large buffer all the time.
pub fn to_the_end(
    r: *mut hr_response,
    mut rng: Option<&mut Rng>,
    more: &mut dyn FnMut() -> bool,
) -> Read {
    let mut read = Read {
        code: 0,
        bytes: Vec::new(),
        dropped: 0,
        wanted_all: false,
        complaint: None,
    };
    let mut buf = vec![0_u8; ROOM];
    // A body has fewer bytes than that, and each call takes one.
    for _ in 0..100_000 {
        let (call, room) = match &mut rng {
            None => (Call::Read, ROOM),
            Some(rng) => {
                let calls = [
                    Call::Read,
                    Call::Read1,
                    Call::Full,
                    Call::Line,
                    Call::Vector,
                    Call::Peek,
                ];
                let call = match rng.below(24) {
                    0 => Call::All,
                    1 => Call::Drain,
                    n => calls[n % calls.len()],
                };
                (call, *rng.pick(&[1, 2, 3, 7, 16, 64, ROOM]))
            }
        };
        read.wanted_all = matches!(call, Call::Full | Call::All | Call::Drain);
        let (code, done) = loop {
            let (code, n) = one(r, call, &mut buf[..room], &mut read);
            if code != 1 || !more() {
                break (code, n);
            }
        };
        if code != 0 || done {
            read.code = code;
            return read;
        }
    }
    read.complaint = Some("reading goes on for ever".to_owned());
    read
}

/// One call; true when it has come to the end.
fn one(r: *mut hr_response, call: Call, buf: &mut [u8], read: &mut Read) -> (i32, bool) {
    let (p, cap) = (buf.as_mut_ptr().cast(), buf.len());
    let mut n = 0;
    let mut data = ptr::null();
    let mut count = 0;
    // SAFETY: a live handle, a buffer of its length, and places for the results; in this block
    // and the ones below.
    let code = unsafe {
        match call {
            Call::Read => hr_read(r, p, cap, &raw mut n),
            Call::Read1 => hr_read1(r, p, cap, &raw mut n),
            Call::Full => hr_read_full(r, p, cap, &raw mut n),
            Call::Line => hr_readline(r, p, cap, &raw mut n),
            Call::Vector => {
                let half = cap / 2;
                let iov = [
                    hc_iovec { base: p, len: half },
                    hc_iovec {
                        base: ptr::null_mut(),
                        len: 0,
                    },
                    hc_iovec {
                        base: p.byte_add(half),
                        len: cap - half,
                    },
                ];
                hr_readv(r, iov.as_ptr(), iov.len(), &raw mut n)
            }
            Call::Peek => hr_peek(r, &raw mut data, &raw mut n),
            Call::All => hr_read_all(r, u64::MAX, &raw mut data, &raw mut n),
            Call::Drain => hr_drain(r, u64::MAX, &raw mut count),
        }
    } as i32;
    if code == 1 {
        return (code, false);
    }
    match call {
        Call::Peek => {
            // SAFETY: the library shows n bytes.
            let shown = (n > 0)
                .then(|| unsafe { std::slice::from_raw_parts(data.cast::<u8>(), n) }.to_vec());
            let Some(shown) = shown else {
                return (code, true);
            };
            let mut taken = 0;
            // SAFETY: as above.
            let status = unsafe { hr_read(r, p, cap, &raw mut taken) } as i32;
            if status != 0
                || taken == 0
                || taken.min(n) > 0 && buf[..taken.min(n)] != shown[..taken.min(n)]
            {
                read.complaint = Some(format!(
                    "hr_peek showed {n} bytes, hr_read gave {status}, {taken}"
                ));
            }
            read.bytes.extend_from_slice(&buf[..taken]);
            (code, false)
        }
        Call::All => {
            if n > 0 {
                // SAFETY: the library gives n bytes.
                read.bytes
                    .extend_from_slice(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), n) });
            }
            (code, true)
        }
        Call::Drain => {
            read.dropped += count;
            (code, true)
        }
        _ => {
            if n > cap {
                read.complaint = Some(format!("{call:?} gave {n} bytes for a buffer of {cap}"));
                return (code, true);
            }
            read.bytes.extend_from_slice(&buf[..n]);
            let early = call == Call::Line && n < cap && !buf[..n].ends_with(b"\n");
            let over = call == Call::Line && buf[..n.saturating_sub(1)].contains(&b'\n');
            if over {
                read.complaint = Some("hr_readline went over a line end".to_owned());
            }
            (code, n == 0 || (call == Call::Full && n < cap) || early)
        }
    }
}

//! Memory runs out: every allocation of at least 4 KiB that a call makes fails, once and
//! from then on, and the call says HC_ERR_NOMEM or does without. Nothing aborts: sizes that
//! the peer or the program chooses are asked for with care. Smaller blocks, whose size is
//! the library's own choice, are not failed; there Rust's way is to abort, and the
//! documentation says so.

mod common;
mod corpus;

use common::api::*;
use common::failing::{self, Failing, armed};
use common::handle::{Conn, c_headers, memory_body, name, zstring};
use common::pipelined::HC_ERR_CANNOT_SEND_REQUEST;
use common::response::Resp;
use common::talk;
use corpus::memory::{How, MIB, Scenario, scenario, scenarios};
use std::ffi::c_void;
use std::ptr;

#[global_allocator]
static ALLOCATOR: Failing = Failing;

/// A status, or what a wait is for.
fn check(status: i32) -> Result<(), i32> {
    if status == HC_OK { Ok(()) } else { Err(status) }
}

/// The exchange, as far as it goes. Only the calls of the library run armed.
fn run(s: &Scenario, c: &Conn) -> Result<(), i32> {
    let raw = c.raw();
    let (method, target) = (c"PUT", zstring(&s.target));
    let fields: Vec<_> = s.headers.iter().map(|(n, v)| (&n[..], &v[..])).collect();
    let list = c_headers(&fields);
    let upload = memory_body(&s.upload);
    let body = if s.upload.is_empty() {
        ptr::null()
    } else {
        &raw const upload
    };
    let (lp, ln) = (list.as_ptr(), list.len());
    let mut sent = 0;
    let status = settle(|| {
        let status = armed(|| {
            // SAFETY: strings, list and body outlive the call.
            unsafe { hc_request(raw, method.as_ptr(), target.as_ptr(), lp, ln, body, 0) }
        });
        if status == HC_WANT_WRITE {
            take_output(raw, &mut sent)?;
        }
        Ok(status)
    })?;
    check(status)?;
    take_output(raw, &mut sent)?;
    assert!(
        sent >= s.upload.len() + s.target.len(),
        "only {sent} bytes were sent"
    );

    let mut pieces = s.answer.chunks(s.piece.min(s.answer.len()));
    let mut response = ptr::null_mut();
    let status = settle(|| {
        // SAFETY: a live handle and a place for the result.
        let status = armed(|| unsafe { hc_getresponse(raw, &raw mut response) });
        if status == HC_WANT_READ {
            feed(raw, &mut pieces, s.ends)
        } else {
            Ok(status)
        }
    })?;
    check(status)?;
    let r = Resp::new(response);
    read(s, &r, raw, &mut pieces)
}

fn settle(mut step: impl FnMut() -> Result<i32, i32>) -> Result<i32, i32> {
    for _ in 0..10_000_000 {
        let status = step()?;
        if status <= HC_OK {
            return Ok(status);
        }
    }
    panic!("the call waits for ever");
}

fn take_output(raw: *mut hc_conn, sent: &mut usize) -> Result<(), i32> {
    loop {
        let (mut data, mut n) = (ptr::null::<c_void>(), 0);
        // SAFETY: places for pointer and length.
        check(armed(|| unsafe {
            hc_output(raw, &raw mut data, &raw mut n)
        }))?;
        if n == 0 {
            return Ok(());
        }
        *sent += n;
        // SAFETY: a live handle.
        check(armed(|| unsafe { hc_output_consumed(raw, n) }))?;
    }
}

/// Gives the next piece; a call goes on after that.
fn feed(
    raw: *mut hc_conn,
    pieces: &mut std::slice::Chunks<'_, u8>,
    ends: bool,
) -> Result<i32, i32> {
    let status = match pieces.next() {
        // SAFETY: pointer and length of one slice.
        Some(p) => armed(|| unsafe { hc_feed(raw, p.as_ptr().cast(), p.len()) }),
        // SAFETY: a live handle.
        None if ends => armed(|| unsafe { hc_feed_eof(raw) }),
        None => panic!("waits for more than the whole answer"),
    };
    check(status)?;
    Ok(HC_WANT_READ)
}

fn read(
    s: &Scenario,
    r: &Resp,
    raw: *mut hc_conn,
    pieces: &mut std::slice::Chunks<'_, u8>,
) -> Result<(), i32> {
    let raw_response = r.raw();
    let mut got = Vec::with_capacity(s.expected.len());
    let mut count = 0u64;
    let mut buf = vec![0u8; 200_000];
    loop {
        let (mut data, mut n) = (ptr::null::<c_void>(), 0usize);
        let (place, cap) = (buf.as_mut_ptr().cast(), buf.len());
        let status = settle(|| {
            let status = armed(|| match s.how {
                // SAFETY: places for the results; so in the calls below.
                How::All => unsafe {
                    hr_read_all(raw_response, u64::MAX, &raw mut data, &raw mut n)
                },
                // SAFETY: a buffer with its length.
                How::Line => unsafe { hr_readline(raw_response, place, cap, &raw mut n) },
                // SAFETY: see above.
                How::Peek => unsafe { hr_peek(raw_response, &raw mut data, &raw mut n) },
                // SAFETY: see above.
                How::Drain => unsafe { hr_drain(raw_response, u64::MAX, &raw mut count) },
            });
            if status == HC_WANT_READ {
                feed(raw, pieces, s.ends)
            } else {
                Ok(status)
            }
        })?;
        check(status)?;
        if s.how == How::Drain {
            assert_eq!(count, s.expected.len() as u64);
            return Ok(());
        }
        if s.how == How::Line {
            data = buf.as_ptr().cast();
        }
        if n > 0 {
            // SAFETY: the library says n bytes at data.
            got.extend_from_slice(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), n) });
        }
        if s.how == How::Peek && n > 0 {
            let mut taken = 0;
            let mut take = vec![0u8; n];
            let place = take.as_mut_ptr().cast();
            // SAFETY: a buffer with its length.
            check(armed(|| unsafe {
                hr_read(raw_response, place, n, &raw mut taken)
            }))?;
            assert!(taken > 0, "peeked bytes are there");
            got.truncate(got.len() - (n - taken));
        }
        if s.how == How::All || n == 0 {
            assert!(got == s.expected, "{}: other bytes than were sent", s.name);
            return Ok(());
        }
    }
}

/// Runs a scenario with allocation `fail_at` refused; how many were refused.
fn one(s: &Scenario, fail_at: usize, for_ever: bool) -> usize {
    let (_wire, c) = talk::sansio(s.profile);
    for (kind, n) in &s.limits {
        c.limit(*kind, *n);
    }
    failing::plan(fail_at, for_ever);
    let result = run(s, &c);
    let failed = failing::failed();
    failing::plan(usize::MAX, false);
    let context = || format!("{}, allocation {fail_at}, for ever: {for_ever}", s.name);
    match result {
        Ok(()) => {}
        Err(status) => {
            assert!(
                failed > 0,
                "{}: {} without a failed allocation",
                context(),
                name(status)
            );
            assert_eq!(status, HC_ERR_NOMEM, "{}: {}", context(), name(status));
        }
    }
    // The handle works on.
    assert_eq!(c.close(), HC_OK, "{}", context());
    let mut fresh = common::drivers::sansio::SansIo::default();
    common::drivers::Wire::open(&mut fresh, &c);
    let second = talk::exchange(&c, &mut fresh, talk::SECOND);
    assert_eq!(second, (200, b"second".to_vec()), "{}", context());
    failed
}

/// A scenario has as many large allocations as it has; more than this is a fault of its
/// own.
const MOST: usize = 2000;

#[test]
fn row_186_large_allocations_fail() {
    for s in scenarios() {
        for for_ever in [false, true] {
            let ended = (0..MOST).any(|fail_at| one(&s, fail_at, for_ever) == 0);
            assert!(ended, "{}: more than {MOST} large allocations", s.name);
        }
    }
}

/// The sweep above means something: there are large allocations to fail.
#[test]
fn row_186_the_allocator_is_asked() {
    let with_some = scenarios().iter().filter(|s| one(s, 0, false) > 0).count();
    assert!(
        with_some >= 10,
        "only {with_some} scenarios allocate 4 KiB or more"
    );
}

/// Requests are sent ahead while memory runs out: one that finds none is refused and changes
/// nothing, and the connection's end says what has become of each of the others.
fn ahead(fail_at: usize, for_ever: bool) -> usize {
    let (mut wire, c) = talk::sansio(HC_PROFILE_SAFE);
    assert_eq!(c.set_depth(64), HC_OK);
    let (raw, data) = (c.raw(), [b'x'; 3000]);
    let body = memory_body(&data);
    let mut sent = 0;
    failing::plan(fail_at, for_ever);
    for i in 0..50 {
        let body = if i % 2 == 0 {
            &raw const body
        } else {
            ptr::null()
        };
        let (method, target) = (c"PUT".as_ptr(), c"/".as_ptr());
        // SAFETY: strings and body outlive the call.
        let status = armed(|| unsafe { hc_request(raw, method, target, ptr::null(), 0, body, 0) });
        sent += usize::from(status == HC_OK);
        // Once sending has failed, for want of memory as for anything else, nothing follows.
        let refused = [HC_ERR_NOMEM, HC_ERR_CANNOT_SEND_REQUEST].contains(&status);
        let expected = status == HC_OK || (refused && failing::failed() > 0);
        assert!(expected, "{}", name(status));
        assert_eq!(c.unanswered().len(), sent);
    }
    let mut response = ptr::null_mut();
    // SAFETY: a live handle and a place for the result.
    let status = armed(|| unsafe { hc_getresponse(raw, &raw mut response) });
    let failed = failing::failed();
    let is_short = status == HC_ERR_NOMEM && failed > 0;
    if !is_short && sent > 0 {
        assert!(status > HC_OK, "{}", name(status));
        assert_eq!(c.feed_eof(), HC_OK);
        // SAFETY: as above.
        let status = armed(|| unsafe { hc_getresponse(raw, &raw mut response) });
        let ends = [HC_ERR_REMOTE_DISCONNECTED, HC_ERR_NOMEM, HC_WANT_WRITE];
        assert!(ends.contains(&status), "{}", name(status));
        if status == HC_WANT_WRITE {
            assert_eq!(c.close(), HC_OK);
        }
    }
    failing::plan(usize::MAX, false);
    assert_eq!(c.lost().len(), sent, "allocation {fail_at}, {for_ever}");
    assert_eq!((c.state(), c.unanswered()), (HC_STATE_IDLE, vec![]));
    common::drivers::Wire::open(&mut wire, &c);
    let second = talk::exchange(&c, &mut wire, talk::SECOND);
    assert_eq!(second, (200, b"second".to_vec()));
    failed
}

#[test]
fn row_186_large_allocations_fail_in_a_pipeline() {
    for for_ever in [false, true] {
        assert!(ahead(0, for_ever) > 0);
        let ended = (0..MOST).any(|fail_at| ahead(fail_at, for_ever) == 0);
        assert!(ended, "more than {MOST} large allocations");
    }
}

/// The largest block asked for during an exchange.
fn largest(s: &Scenario) -> usize {
    let (_wire, c) = talk::sansio(s.profile);
    for (kind, n) in &s.limits {
        c.limit(*kind, *n);
    }
    failing::plan(usize::MAX, false);
    let result = run(s, &c);
    // A body that is shorter than it says ends in an error; what counts is the memory.
    assert!(
        [Ok(()), Err(HC_ERR_INCOMPLETE)].contains(&result),
        "{}: {result:?}",
        s.name
    );
    failing::largest()
}

/// Nothing is allocated on the word of the peer.
#[test]
fn row_009_no_allocation_by_content_length() {
    let answer = corpus::ok(&[b"Content-Length: 9223372036854775807"], b"hello");
    let s = Scenario {
        ends: true,
        ..scenario("largest length", answer, b"")
    };
    // hr_read_all takes steps of up to 1 MiB, and a vector may double.
    assert!(largest(&s) < 4 * MIB, "{} bytes", largest(&s));
}

/// Each fold makes the value longer by two bytes, and must not cost a copy of all of it.
#[test]
fn row_055_memory_grows_with_the_folds() {
    let fold = [&b"A: x"[..], &b"\r\n y".repeat(5_000)].concat();
    let answer = corpus::ok(&[&fold, b"Content-Length: 2"], b"ok");
    for profile in [HC_PROFILE_SAFE, HC_PROFILE_PYTHON] {
        let s = Scenario {
            profile,
            limits: vec![(HC_LIMIT_HEADERS, 0)],
            ..scenario("folds", answer.clone(), b"ok")
        };
        assert!(
            largest(&s) < MIB,
            "{} bytes for a head of {}",
            largest(&s),
            answer.len()
        );
    }
}

#[test]
fn row_030_no_allocation_by_chunk_size() {
    let answer = corpus::chunked_ok(b"7fffffffffffffff\r\nhello");
    let s = Scenario {
        ends: true,
        ..scenario("largest chunk", answer, b"")
    };
    assert!(largest(&s) < MIB, "{} bytes", largest(&s));
}

/// A body that is not kept takes no more memory for being long.
#[test]
fn row_043_memory_does_not_grow_with_the_chunks() {
    let coded = [&b"1\r\nx\r\n".repeat(200_000)[..], b"0\r\n\r\n"].concat();
    let body = vec![b'x'; 200_000];
    let s = Scenario {
        how: How::Drain,
        piece: 5000,
        ..scenario("many chunks", corpus::chunked_ok(coded), &body)
    };
    assert!(largest(&s) < MIB / 4, "{} bytes", largest(&s));
}

//! Every call of a transport fails once, and from then on, in every way: the library
//! retries what is to be retried, reports the rest, delivers no wrong byte, does not hang,
//! and the handle works on after hc_close.

mod common;
mod corpus;

use common::api::*;
use common::faulty::{Call, Fault, Plan, Turn, attach};
use common::handle::{Conn, blank_body, memory_body, name};
use common::response::Resp;
use std::ffi::c_void;

/// What a scenario sends, and what it must get.
struct Scenario {
    name: &'static str,
    bodies: Vec<Body>,
    turns: Vec<Turn>,
    expected: Vec<&'static [u8]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    None,
    Memory,
    Callback,
}

const UPLOAD: &[u8] = b"the body of the request, END";
const PIECES: [&[u8]; 3] = [b"one, ", b"two, ", b"three"];

fn scenarios() -> Vec<Scenario> {
    let turn = |request_end: &'static [u8], answer: Vec<u8>| Turn {
        request_end,
        answer,
    };
    const HEAD: &[u8] = b"\r\n\r\n";
    let length = corpus::ok(&[b"Content-Length: 40"], [b'a'; 40]);
    let chunks = b"14\r\nbbbbbbbbbbbbbbbbbbbb\r\n3\r\nccc\r\n0\r\nX-T: 1\r\n\r\n";
    let chunked = corpus::chunked_ok(chunks);
    let interim = [b"HTTP/1.1 100 Continue\r\n\r\n", &length[..]].concat();
    const A: &[u8] = &[b'a'; 40];
    const BC: &[u8] = b"bbbbbbbbbbbbbbbbbbbbccc";
    vec![
        Scenario {
            name: "length, then chunked on the same connection",
            bodies: vec![Body::None, Body::None],
            turns: vec![turn(HEAD, length.clone()), turn(HEAD, chunked)],
            expected: vec![A, BC],
        },
        Scenario {
            name: "body from memory",
            bodies: vec![Body::Memory],
            turns: vec![turn(b", END", interim)],
            expected: vec![A],
        },
        Scenario {
            name: "body from a callback, chunked",
            bodies: vec![Body::Callback],
            turns: vec![turn(b"0\r\n\r\n", length)],
            expected: vec![A],
        },
    ]
}

/// The first error of a run: the status, its errno, and which body it cut where.
#[derive(Debug, PartialEq, Eq)]
struct Broken {
    status: i32,
    os_error: i32,
    /// A program with its own loop gave up waiting.
    gave_up: bool,
}

unsafe extern "C" fn give(buf: *mut c_void, cap: usize, user: *mut c_void) -> i64 {
    // SAFETY: `run` passes a counter that outlives the request.
    let next = unsafe { &mut *user.cast::<usize>() };
    let Some(piece) = PIECES.get(*next) else {
        return 0;
    };
    assert!(piece.len() <= cap, "no room for {} bytes", piece.len());
    *next += 1;
    // SAFETY: there is room for the piece.
    unsafe { piece.as_ptr().copy_to(buf.cast(), piece.len()) };
    piece.len() as i64
}

/// Calls until it no longer waits; a program that hears "not yet" 50 times gives up.
fn settle(mut call: impl FnMut() -> i32) -> i32 {
    for _ in 0..50 {
        let status = call();
        if status <= HC_OK {
            return status;
        }
    }
    HC_WANT_READ
}

fn broken(c: &Conn, r: Option<&Resp>, status: i32) -> Broken {
    let gave_up = status > HC_OK;
    let fault = r.map_or_else(|| c.last_error(), Resp::last_error);
    if !gave_up {
        assert_eq!(fault.code, status, "the record and the call");
    }
    Broken {
        status,
        os_error: fault.os_error,
        gave_up,
    }
}

/// Runs the exchanges up to the first error. `keep` gets the last response, so that the
/// caller can free it after its connection.
fn run(s: &Scenario, c: &Conn, keep: &mut Option<Resp>) -> Result<(), Broken> {
    for (body, expected) in s.bodies.iter().zip(&s.expected) {
        let memory = memory_body(UPLOAD);
        let mut next = 0usize;
        let mut callback = blank_body(HC_BODY_CALLBACK, HC_LENGTH_UNKNOWN);
        callback.read = Some(give);
        callback.user = (&raw mut next).cast();
        let (method, body) = match body {
            Body::None => ("GET", None),
            Body::Memory => ("POST", Some(&memory)),
            Body::Callback => ("PUT", Some(&callback)),
        };
        let status = settle(|| c.request(method, "/", &[], body, 0));
        if status != HC_OK {
            return Err(broken(c, None, status));
        }
        let status = settle(|| match c.getresponse() {
            Ok(r) => {
                *keep = Some(r);
                HC_OK
            }
            Err(status) => status,
        });
        if status != HC_OK {
            return Err(broken(c, None, status));
        }
        let Some(r) = keep.as_ref() else {
            unreachable!("set above")
        };
        let mut got = Vec::new();
        loop {
            let mut data = Vec::new();
            let status = settle(|| {
                let (status, bytes) = r.read(7);
                data = bytes;
                status
            });
            got.extend_from_slice(&data);
            assert!(expected.starts_with(&got), "wrong bytes: {got:?}");
            if status != HC_OK {
                return Err(broken(c, Some(r), status));
            }
            if data.is_empty() {
                assert_eq!(got, *expected, "a body that ended early looks complete");
                break;
            }
        }
    }
    Ok(())
}

/// What must come of this fault in this kind of call.
fn judge(plan: Plan, fired: Call, blocking: bool, result: &Result<(), Broken>) -> bool {
    let code = result.as_ref().err().map_or(HC_OK, |b| b.status);
    let errno = result.as_ref().err().map_or(0, |b| b.os_error);
    let gave_up = result.as_ref().err().is_some_and(|b| b.gave_up);
    match (plan.fault, fired) {
        (Fault::Errno(libc::EINTR | libc::EAGAIN), _) if !plan.for_ever => code == HC_OK,
        // On a slow machine the time is up before the program has given up.
        (Fault::Errno(libc::EAGAIN), _) if !blocking => gave_up || code == HC_ERR_TIMEOUT,
        // Interrupted for ever ends by the timeout; a non-blocking call may also say
        // "not yet" instead of trying on.
        (Fault::Errno(libc::EINTR), _) if !blocking && gave_up => true,
        (Fault::Errno(libc::EINTR | libc::EAGAIN), _) => code == HC_ERR_TIMEOUT,
        (Fault::Errno(e), Call::Read) => code == HC_ERR_RECV && errno == e,
        (Fault::Errno(e), Call::Write) => code == HC_ERR_SEND && errno == e,
        (Fault::Short, _) => code == HC_OK,
        (Fault::Zero, Call::Read) => {
            [HC_ERR_INCOMPLETE, HC_ERR_REMOTE_DISCONNECTED].contains(&code)
        }
        // A write that takes nothing is no progress: like "not yet", or a broken peer.
        (Fault::Zero, Call::Write) if !plan.for_ever => [HC_OK, HC_ERR_SEND].contains(&code),
        // When the library looks for an early answer then, that read is at the end as well.
        (Fault::Zero, Call::Write) => {
            let ends = [HC_ERR_SEND, HC_ERR_TIMEOUT, HC_ERR_REMOTE_DISCONNECTED];
            gave_up || ends.contains(&code)
        }
        (Fault::Lie, _) => code == HC_ERR_INTERNAL,
    }
}

fn connection(blocking: bool, profile: i32) -> Conn {
    let c = Conn::new(profile);
    c.nonblocking(!blocking);
    c.timeout(HC_TIMEOUT_READ, 20);
    c.timeout(HC_TIMEOUT_WRITE, 20);
    c
}

const PROFILES: [i32; 2] = [HC_PROFILE_SAFE, HC_PROFILE_PYTHON];

fn sweep(fault: Fault, profiles: &[i32]) {
    let mut failed = Vec::new();
    for s in scenarios() {
        for blocking in [true, false] {
            for &profile in profiles {
                // Without a fault: the number of calls to go through.
                let c = connection(blocking, profile);
                let wire = attach(&c, None, &s.turns);
                let good = run(&s, &c, &mut None);
                assert_eq!(good, Ok(()), "{} without a fault", s.name);
                let calls = wire.borrow().calls;
                drop(c);
                assert!(calls > 4, "{calls} calls only");
                for call in every_call(calls) {
                    for for_ever in [false, true] {
                        let plan = Plan {
                            fault,
                            call,
                            for_ever,
                        };
                        let run = || one(&s, blocking, profile, plan);
                        if let Err(panic) = std::panic::catch_unwind(run) {
                            failed.push(panic.downcast_ref::<String>().cloned());
                        }
                    }
                }
            }
        }
    }
    let first: Vec<_> = failed.iter().flatten().take(5).cloned().collect();
    assert!(
        failed.is_empty(),
        "{} runs failed:\n{}",
        failed.len(),
        first.join("\n")
    );
}

/// Every call of a scenario. In the python profile a head is read byte by byte, and the
/// hundreds of calls in the middle of a line are like each other: beyond 60 calls every
/// seventh is taken.
fn every_call(calls: usize) -> impl Iterator<Item = usize> {
    (0..calls).filter(move |n| calls <= 60 || *n < 12 || n % 7 == 0 || n + 12 > calls)
}

fn one(s: &Scenario, blocking: bool, profile: i32, plan: Plan) {
    let c = connection(blocking, profile);
    let wire = attach(&c, Some(plan), &s.turns);
    let mut kept = None;
    let result = run(s, &c, &mut kept);
    let context = || {
        let status = result.as_ref().err().map(|b| name(b.status));
        let mode = if blocking { "blocking" } else { "non-blocking" };
        let fired = wire.borrow().fired;
        format!(
            "{}, {mode}, profile {profile}, {plan:?} in {fired:?}: {result:?} {status:?}",
            s.name
        )
    };
    assert!(!wire.borrow().hangs, "hangs: {}", context());
    let Some(fired) = wire.borrow().fired else {
        // A read-ahead less, and the run is over before that call.
        assert_eq!(result, Ok(()), "{}", context());
        return;
    };
    assert!(judge(plan, fired, blocking, &result), "{}", context());
    assert_eq!(
        wire.borrow().reads_after_end,
        0,
        "the end is sticky: {}",
        context()
    );

    assert_eq!(c.close(), HC_OK, "{}", context());
    // A transport that lies leaves a handle that can only be freed.
    if plan.fault != Fault::Lie {
        assert_eq!(c.state(), HC_STATE_IDLE, "{}", context());
        assert_eq!(
            (wire.borrow().closed, wire.borrow().destroyed),
            (1, 1),
            "{}",
            context()
        );
        let fresh = attach(&c, None, &s.turns);
        assert_eq!(run(s, &c, &mut None), Ok(()), "after {}", context());
        assert!(!fresh.borrow().hangs);
    }
    // Either handle may go first.
    if plan.call.is_multiple_of(2) {
        drop(kept);
        drop(c);
    } else {
        drop(c);
        if let Some(r) = &kept {
            assert!(r.read(7).1.is_empty(), "a closed response gives bytes");
        }
        drop(kept);
    }
    assert!(wire.borrow().closed <= 1);
    assert_eq!(wire.borrow().destroyed, 1, "{}", context());
}

#[test]
fn row_183_interrupted() {
    sweep(Fault::Errno(libc::EINTR), &PROFILES);
}

#[test]
fn not_yet() {
    sweep(Fault::Errno(libc::EAGAIN), &PROFILES);
}

#[test]
fn reset() {
    sweep(Fault::Errno(libc::ECONNRESET), &PROFILES);
}

#[test]
fn broken_pipe() {
    sweep(Fault::Errno(libc::EPIPE), &PROFILES);
}

#[test]
fn timed_out_by_the_system() {
    sweep(Fault::Errno(libc::ETIMEDOUT), &PROFILES);
}

#[test]
fn row_195_short_counts() {
    sweep(Fault::Short, &PROFILES);
}

/// The end of the stream where no message ends. The python profile takes several such ends
/// for good ones, which `eof_sweep` has.
#[test]
fn row_196_zero() {
    sweep(Fault::Zero, &[HC_PROFILE_SAFE]);
}

#[test]
fn row_196_impossible_counts() {
    sweep(Fault::Lie, &PROFILES);
}

//! Deadlines over a wire in memory, by a clock that jumps: nothing here waits. Row 73 and row
//! 95 of the catalogue of bad input: a peer that always has another byte, but no second one.

use super::body_source::BodySource;
use super::config::{MinSpeed, TimeoutKind};
use super::connection::{Connection, Origin};
use super::record::{Phase, Record, Resend};
use super::request::{RequestFields, RequestFlags};
use super::response::Response;
use crate::error::{Code, Error};
use crate::net::Step;
use crate::net::deadline::test_clock;
use crate::net::memory::Pipe;

const NO_FIELDS: RequestFields<'_> = RequestFields {
    count: 0,
    get: &|_| Err(Error::new(Code::HC_ERR_INTERNAL, "there is none")),
};
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";

fn sans_io() -> Connection {
    let Ok(mut c) = Connection::new(b"example.test", 0) else {
        panic!("new")
    };
    let origin = Origin::SansIo {
        pipe: Pipe::default(),
        used: false,
    };
    assert!(c.set_origin(origin).is_ok());
    c
}

fn get(c: &mut Connection) -> Result<Step<()>, Error> {
    let flags = RequestFlags::default();
    c.request(b"GET", b"/", &NO_FIELDS, &mut BodySource::None, flags)
}

fn send_get(c: &mut Connection) {
    assert!(matches!(get(c), Ok(Step::Done(()))));
    let n = c.output().map_or(0, <[u8]>::len);
    assert!(n > 0 && c.output_consumed(n).is_ok());
}

fn feed(c: &mut Connection, bytes: &[u8]) {
    assert!(c.feed(bytes).is_ok());
}

/// The response whose head this is.
fn begin(c: &mut Connection, head: &[u8]) -> (Response, Option<Box<Connection>>) {
    feed(c, head);
    match c.get_response() {
        Ok(Step::Done(answer)) => (answer.begun.into_response(), answer.carrier),
        other => panic!("{other:?}"),
    }
}

fn record(c: &Connection) -> &Record {
    c.last_error().unwrap_or_else(|| panic!("no record"))
}

fn assert_timeout(c: &Connection, kind: TimeoutKind) {
    assert_eq!(record(c).fault.code, Code::HC_ERR_TIMEOUT);
    assert_eq!(record(c).fault.timeout, kind as i32);
}

/// Every `EVERY` milliseconds comes a byte, until the library has had enough. Says how long that
/// took.
const EVERY: u64 = 10;

fn drip(bytes: &[u8], mut take: impl FnMut(u8) -> bool) -> u64 {
    for (i, byte) in bytes.iter().cycle().take(1000).enumerate() {
        test_clock::advance(EVERY);
        if !take(*byte) {
            return (i as u64 + 1) * EVERY;
        }
    }
    panic!("it went on for ever")
}

#[test]
fn row_073_total_ends_a_head_that_drips() {
    // A head, the lines of one, and interim responses one after the other.
    for bytes in [
        &b"HTTP/1.1 200 OK\r\nA: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"[..],
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        let mut c = sans_io();
        c.timeouts_mut().total = 200;
        c.timeouts_mut().read = 50;
        c.timeouts_mut().first_byte = 50;
        send_get(&mut c);
        let took = drip(bytes, |byte| {
            feed(&mut c, &[byte]);
            matches!(c.get_response(), Ok(Step::Want(_)))
        });
        assert_eq!(took, 200);
        assert_timeout(&c, TimeoutKind::Total);
        let record = record(&c);
        assert_eq!(
            (record.phase, record.resend),
            (Phase::ResponseHead, Resend::No)
        );
        // The last one may not have been looked at any more.
        assert!((19..=20).contains(&record.received), "{}", record.received);
        assert!(record.sent > 30);
    }
}

#[test]
fn row_095_total_ends_a_body_that_drips() {
    const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const TO_EOF: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";
    const LONG: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n";
    for (head, before, bytes, phase) in [
        (LONG, &b""[..], &b"x"[..], Phase::ResponseBody),
        (TO_EOF, b"", b"x", Phase::ResponseBody),
        (CHUNKED, b"", b"1\r\nx\r\n", Phase::ResponseBody),
        // A chunk's line that never ends, and trailers that do not.
        (CHUNKED, b"1;a=", b"a", Phase::ResponseBody),
        (CHUNKED, b"0\r\nA: b", b"b", Phase::Trailers),
    ] {
        let mut c = sans_io();
        c.timeouts_mut().total = 300;
        c.timeouts_mut().read = 50;
        send_get(&mut c);
        test_clock::advance(100);
        let (mut r, mut carrier) = begin(&mut c, &[head, before].concat());
        let reader = carrier.as_deref_mut();
        let took = match reader {
            // A body without a length has taken its connection along, and its time.
            Some(carrier) => drip(bytes, |byte| {
                feed(&mut c, &[byte]);
                carrier.read(&mut r, &mut [0; 64]).is_ok()
            }),
            None => drip(bytes, |byte| {
                feed(&mut c, &[byte]);
                c.read(&mut r, &mut [0; 64]).is_ok()
            }),
        };
        assert_eq!(took, 200, "{phase:?}");
        let c = carrier.as_deref().unwrap_or(&c);
        assert_timeout(c, TimeoutKind::Total);
        assert_eq!(record(c).phase, phase);
        assert_eq!(record(c).http_status, 200);
        // What arrived in time was delivered.
        if bytes == b"x" {
            assert_eq!(record(c).body_received, 19);
        }
    }
}

#[test]
fn what_has_arrived_in_time_can_be_read_later() {
    let mut c = sans_io();
    c.timeouts_mut().total = 100;
    send_get(&mut c);
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello";
    let (mut r, _) = begin(&mut c, head);
    test_clock::advance(1000);
    let mut out = [0; 64];
    assert!(matches!(c.read(&mut r, &mut out), Ok(Step::Done(5))));
    let failed = c.read(&mut r, &mut out);
    assert!(failed.is_err_and(|e| e.code == Code::HC_ERR_TIMEOUT));
    assert_timeout(&c, TimeoutKind::Total);
    assert_eq!(record(&c).body_expected, Some(1));
    // The next request has a time of its own.
    send_get(&mut c);
    let _ = begin(&mut c, OK);
}

#[test]
fn the_next_request_does_not_change_the_time_of_an_unread_response() {
    let mut c = sans_io();
    c.timeouts_mut().total = 100;
    send_get(&mut c);
    let (mut first, _) = begin(&mut c, OK);
    test_clock::advance(90);
    send_get(&mut c);
    test_clock::advance(20);
    let failed = c.read(&mut first, &mut [0; 2]);
    assert!(failed.is_err_and(|e| e.code == Code::HC_ERR_TIMEOUT));

    let mut c = sans_io();
    c.timeouts_mut().total = 100;
    send_get(&mut c);
    let (mut first, _) = begin(&mut c, OK);
    test_clock::advance(90);
    send_get(&mut c);
    feed(&mut c, b"ab");
    assert!(matches!(c.read(&mut first, &mut [0; 2]), Ok(Step::Done(2))));
    test_clock::advance(20);
    let _ = begin(&mut c, OK);
}

#[test]
fn the_first_byte_has_a_time_of_its_own() {
    for early in [&b""[..], b"H", b"HTTP/1.1 102 Processing\r\n\r\n"] {
        let mut c = sans_io();
        c.timeouts_mut().first_byte = 100;
        send_get(&mut c);
        // Before anybody waits for it no time is measured.
        test_clock::advance(500);
        assert!(matches!(c.get_response(), Ok(Step::Want(_))));
        assert_eq!(c.wants().2.clamp(99, 100), c.wants().2);
        test_clock::advance(99);
        feed(&mut c, early);
        assert!(matches!(c.get_response(), Ok(Step::Want(_))));
        test_clock::advance(500);
        let second = c.get_response();
        if early.is_empty() {
            assert!(second.is_err());
            assert_timeout(&c, TimeoutKind::FirstByte);
            assert_eq!(record(&c).resend, Resend::Unknown);
        } else {
            assert!(matches!(second, Ok(Step::Want(_))));
            assert_eq!(c.wants().2, -1);
        }
    }
}

#[test]
fn the_wanted_time_is_that_of_the_nearest_deadline() {
    let mut c = sans_io();
    c.timeouts_mut().total = 1000;
    c.timeouts_mut().read = 300;
    send_get(&mut c);
    assert_eq!(c.wants().2, -1, "nothing is waited for");
    assert!(matches!(c.get_response(), Ok(Step::Want(_))));
    assert_eq!(c.wants().2.clamp(299, 300), c.wants().2);
    test_clock::advance(900);
    feed(&mut c, b"H");
    assert!(matches!(c.get_response(), Ok(Step::Want(_))));
    assert_eq!(c.wants().2.clamp(98, 100), c.wants().2);
}

/// A transfer of so many bytes every 10 ms: how long it is put up with.
fn transfer(bytes: usize, pause: bool) -> Option<u64> {
    let mut c = sans_io();
    c.tuning_mut().min_speed = MinSpeed {
        bytes_per_second: 1000,
        over_ms: 200,
    };
    send_get(&mut c);
    // The server thinks, which is not slowness.
    assert!(matches!(c.get_response(), Ok(Step::Want(_))));
    test_clock::advance(5000);
    let (mut r, _) = begin(&mut c, b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n");
    let mut out = [0; 64];
    assert!(matches!(c.read(&mut r, &mut out), Ok(Step::Want(_))));
    for turn in 1..300 {
        test_clock::advance(10);
        feed(&mut c, &b"xxxxxxxxxxxxxxxxxxxx"[..bytes]);
        for _ in 0..2 {
            match c.read(&mut r, &mut out) {
                Ok(Step::Done(_)) if pause => test_clock::advance(1000),
                Ok(_) => {}
                Err(_) => {
                    assert_timeout(&c, TimeoutKind::Speed);
                    assert_eq!(record(&c).phase, Phase::ResponseBody);
                    return Some(turn * 10);
                }
            }
        }
    }
    None
}

#[test]
fn row_095_minimum_speed() {
    let about = |took: Option<u64>, ms: u64| {
        assert!(
            took.is_some_and(|t| t.abs_diff(ms) <= 30),
            "{took:?}, not {ms}"
        );
    };
    about(transfer(0, false), 200);
    about(transfer(5, false), 400);
    // Just fast enough, and what the program does in between is its own affair.
    assert_eq!(transfer(11, false), None);
    assert_eq!(transfer(11, true), None);
    about(transfer(5, true), 400);
}

#[test]
fn a_burst_is_not_credited_for_ever() {
    let mut c = sans_io();
    c.tuning_mut().min_speed = MinSpeed {
        bytes_per_second: 10,
        over_ms: 200,
    };
    send_get(&mut c);
    let (mut r, _) = begin(&mut c, b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n");
    let mut out = [0; 64];
    assert!(matches!(c.read(&mut r, &mut out), Ok(Step::Want(_))));
    feed(&mut c, &[b'x'; 500]);
    while matches!(c.read(&mut r, &mut out), Ok(Step::Done(_))) {}
    test_clock::advance(190);
    assert!(matches!(c.read(&mut r, &mut out), Ok(Step::Want(_))));
    test_clock::advance(20);
    assert!(c.read(&mut r, &mut out).is_err());
    assert_timeout(&c, TimeoutKind::Speed);
}

/// Idle and age are no failures: the next request has another connection.
#[test]
fn old_connections_are_not_used_again() {
    let opened_after = |idle: i64, age: i64, pause: u64| {
        let mut c = sans_io();
        c.timeouts_mut().idle = idle;
        c.timeouts_mut().age = age;
        c.timeouts_mut().reuse_check = -1;
        for _ in 0..3 {
            send_get(&mut c);
            let (mut r, _) = begin(&mut c, OK);
            feed(&mut c, b"ab");
            assert!(matches!(c.read(&mut r, &mut [0; 2]), Ok(Step::Done(2))));
            test_clock::advance(pause);
        }
        c.opened_count()
    };
    assert_eq!(opened_after(-1, -1, 50), 1);
    assert_eq!(opened_after(100, 200, 50), 1);
    assert_eq!(opened_after(40, -1, 50), 3);
    assert_eq!(opened_after(-1, 80, 50), 2);
    assert_eq!(opened_after(0, -1, 0), 3);
}

#[test]
fn the_clock_is_read_for_deadlines_only() {
    let exchange = |c: &mut Connection| {
        let before = test_clock::reads();
        send_get(c);
        for byte in OK {
            assert!(matches!(c.get_response(), Ok(Step::Want(_))));
            feed(c, &[*byte]);
        }
        let (mut r, _) = begin(c, b"");
        feed(c, b"a");
        assert!(matches!(c.read(&mut r, &mut [0; 2]), Ok(Step::Done(1))));
        feed(c, b"b");
        assert!(matches!(c.read(&mut r, &mut [0; 2]), Ok(Step::Done(1))));
        test_clock::reads() - before
    };
    let mut c = sans_io();
    // Since when it is there; since when it has been idle.
    assert_eq!(exchange(&mut c), 2);
    // For how long it was idle; since when it is again.
    assert_eq!(exchange(&mut c), 2);
    c.timeouts_mut().total = 1000;
    assert!(exchange(&mut c) > OK.len() as u64);
}

#[test]
fn numbers_find_their_timeouts() {
    let mut c = sans_io();
    for (n, default) in [-1, -1, -1, 1000, 1, -1, -1, -1, -1, -1]
        .into_iter()
        .enumerate()
    {
        let n = i32::try_from(n).unwrap_or(-1);
        assert_eq!(c.timeouts_mut().by_number(n).copied(), Some(default), "{n}");
    }
    for n in [-1, TimeoutKind::Speed as i32, 11, i32::MAX] {
        assert_eq!(c.timeouts_mut().by_number(n), None);
    }
}

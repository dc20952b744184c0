//! Answers that come while the request is still being sent, rows 89, 90 and 92, through
//! the C interface.

mod common;
mod corpus;

use common::api::*;
use common::drivers::{Driver, Wire};
use common::handle::{Conn, memory_body, name};
use common::reader::Reader;
use common::server::HEAD_END;
use common::socket::{PATIENCE, Peer, pair, poll};
use common::talk;
use corpus::End;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const PROFILES: [i32; 2] = [HC_PROFILE_SAFE, HC_PROFILE_PYTHON];
const TOO_LARGE: &[u8] =
    b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 5\r\n\r\nlarge";
const DONE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";

/// More than any socket buffer takes.
fn upload() -> Vec<u8> {
    vec![b'u'; 8 << 20]
}

/// A server that reads the head, answers, and then runs `after` with its socket.
fn answers(
    answer: &'static [u8],
    after: impl FnOnce(Peer) + Send + 'static,
) -> (Conn, JoinHandle<()>) {
    let (client, server) = pair();
    let c = Conn::new(HC_PROFILE_SAFE);
    c.adopt(client);
    let thread = thread::spawn(move || {
        let peer = Peer::new(server);
        peer.read_until(HEAD_END);
        assert!(peer.write(answer));
        after(peer);
    });
    (c, thread)
}

/// The answer is there, whatever became of the request.
fn takes_the_answer(c: &Conn, sent: i32, status: i32, body: &[u8]) {
    let wire = &mut *Driver::Blocking.wire();
    assert!(
        [HC_OK, HC_ERR_EARLY_RESPONSE, HC_ERR_SEND].contains(&sent),
        "{} {:?}",
        name(sent),
        c.last_error()
    );
    assert_eq!(
        c.state(),
        HC_STATE_REQUEST_SENT,
        "the request counts as sent"
    );
    let r = talk::answer(c, wire).unwrap_or_else(|s| panic!("{} {:?}", name(s), c.last_error()));
    assert_eq!(r.status(), status);
    assert_ne!(
        r.will_close(),
        HC_KEEP_ALIVE,
        "half a request cannot be followed by another"
    );
    let got = talk::body(c, wire, &r, Reader::Read(3));
    assert_eq!((got.status, &got.bytes[..]), (HC_OK, body));
    assert_eq!(talk::get(c, wire), HC_ERR_NOT_CONNECTED);
}

#[test]
fn row_089_answer_and_close_while_uploading() {
    for profile in PROFILES {
        // Dropping the socket with most of the upload unread resets the connection.
        let (c, server) = answers(TOO_LARGE, drop);
        // SAFETY: `ok` passes the live handle.
        c.ok(|p| unsafe { hc_set_profile(p, profile) });
        let data = upload();
        let sent = c.request("POST", "/", &[], Some(&memory_body(&data)), 0);
        takes_the_answer(&c, sent, 413, b"large");
        server.join().unwrap();
    }
}

#[test]
fn row_089_pushed_body() {
    let (c, server) = answers(TOO_LARGE, drop);
    let sent = push_until_refused(&c);
    takes_the_answer(&c, sent, 413, b"large");
    server.join().unwrap();
}

/// The connection breaks and there is no answer: the call for it says so, and the handle
/// is idle again.
#[test]
fn row_089_close_without_an_answer() {
    for profile in PROFILES {
        let (c, server) = answers(b"", drop);
        // SAFETY: `ok` passes the live handle.
        c.ok(|p| unsafe { hc_set_profile(p, profile) });
        let data = upload();
        let sent = c.request("POST", "/", &[], Some(&memory_body(&data)), 0);
        assert_eq!(sent, HC_ERR_SEND, "{} {:?}", name(sent), c.last_error());
        if c.state() != HC_STATE_IDLE {
            let status = c.getresponse().err().unwrap_or(HC_OK);
            let expected = [HC_ERR_REMOTE_DISCONNECTED, HC_ERR_RECV];
            assert!(expected.contains(&status), "{}", name(status));
        }
        assert_eq!(c.state(), HC_STATE_IDLE);
        server.join().unwrap();
    }
}

/// Declares the upload and pushes it with hc_send until that is refused.
fn push_until_refused(c: &Conn) -> i32 {
    let data = upload();
    assert_eq!(c.putrequest(b"POST", b"/", 0), HC_OK);
    assert_eq!(
        c.putheader(b"Content-Length", data.len().to_string().as_bytes()),
        HC_OK
    );
    assert_eq!(c.endheaders(None, 0), HC_OK);
    let mut rest = &data[..];
    while !rest.is_empty() {
        let (status, n) = c.send(&rest[..rest.len().min(64 * 1024)]);
        if status != HC_OK {
            return status;
        }
        rest = &rest[n..];
    }
    HC_OK
}

/// The server answers, keeps the connection, and reads nothing: the upload stops.
#[test]
fn row_090_answer_before_the_end_of_the_upload() {
    for profile in PROFILES {
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let (c, server) = answers(DONE, move |_open| assert!(held.recv().is_err()));
        // SAFETY: `ok` passes the live handle.
        c.ok(|p| unsafe { hc_set_profile(p, profile) });
        let data = upload();
        let sent = c.request("POST", "/", &[], Some(&memory_body(&data)), 0);
        takes_the_answer(&c, sent, 200, b"done");
        drop(hold);
        server.join().unwrap();
    }
}

#[test]
fn row_090_pushed_body() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let (c, server) = answers(DONE, move |_open| assert!(held.recv().is_err()));
    let sent = push_until_refused(&c);
    assert_eq!(
        sent,
        HC_ERR_EARLY_RESPONSE,
        "{} {:?}",
        name(sent),
        c.last_error()
    );
    takes_the_answer(&c, sent, 200, b"done");
    drop(hold);
    server.join().unwrap();
}

/// A program with its own loop is told to watch both directions while it uploads.
#[test]
fn row_090_non_blocking_watches_both_directions() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let (c, server) = answers(DONE, move |_open| assert!(held.recv().is_err()));
    c.nonblocking(true);
    let data = upload();
    let body = memory_body(&data);
    let end = Instant::now() + PATIENCE;
    let sent = loop {
        let status = c.request("POST", "/", &[], Some(&body), 0);
        if status <= HC_OK {
            break status;
        }
        assert_eq!(status, HC_WANT_WRITE, "{}", name(status));
        let (fd, events, _) = c.want();
        assert_eq!(
            events,
            HC_EVENT_READ | HC_EVENT_WRITE,
            "an answer may come at any time"
        );
        assert!(Instant::now() < end, "the upload never ends");
        assert!(poll(fd, libc::POLLIN | libc::POLLOUT, PATIENCE));
    };
    c.nonblocking(false);
    takes_the_answer(&c, sent, 200, b"done");
    drop(hold);
    server.join().unwrap();
}

const EXPECT: [(&[u8], &[u8]); 1] = [(b"Expect", b"100-continue")];
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// No answer to the expectation: the body goes out when the time is up.
#[test]
fn row_092_expectation_never_answered() {
    for profile in PROFILES {
        let (client, server) = pair();
        let c = Conn::new(profile);
        c.timeout(HC_TIMEOUT_EXPECT_CONTINUE, 100);
        c.adopt(client);
        let server = thread::spawn(move || {
            let peer = Peer::new(server);
            let head = peer.read_until(HEAD_END);
            assert!(head.ends_with(HEAD_END), "the body came with the head");
            let start = Instant::now();
            assert_eq!(peer.read_until(b"body"), b"body");
            // The client's clock started a little before this one.
            assert!(
                start.elapsed() >= Duration::from_millis(50),
                "{:?}",
                start.elapsed()
            );
            assert!(peer.write(DONE));
            peer
        });
        let status = c.request("POST", "/", &EXPECT, Some(&memory_body(b"body")), 0);
        assert_eq!(status, HC_OK, "{:?}", c.last_error());
        let r = c.getresponse().unwrap();
        assert_eq!((r.status(), r.read(9)), (200, (HC_OK, b"done".to_vec())));
        drop(server.join().unwrap());
    }
}

#[test]
fn row_092_expectation_met() {
    for profile in PROFILES {
        let (mut wire, c) = talk::sansio(profile);
        c.timeout(HC_TIMEOUT_EXPECT_CONTINUE, 60_000);
        let body = memory_body(b"body");
        wire.load(vec![CONTINUE.to_vec()], End::Open);
        assert_eq!(
            talk::request(&c, &mut wire, "POST", &EXPECT, Some(&body)),
            HC_OK
        );
        wire.sent.extend(c.take_output());
        assert!(wire.sent.ends_with(b"\r\n\r\nbody"));
        wire.load(vec![DONE.to_vec()], End::Open);
        let r = talk::answer(&c, &mut wire).unwrap();
        assert_eq!((r.status(), r.will_close()), (200, HC_KEEP_ALIVE));
    }
}

/// A final answer instead of 100: the body stays here, and the connection, whose server
/// may wait for it, is not used again.
#[test]
fn row_092_expectation_refused() {
    for profile in PROFILES {
        let (mut wire, c) = talk::sansio(profile);
        c.timeout(HC_TIMEOUT_EXPECT_CONTINUE, 60_000);
        let body = memory_body(b"body");
        let refusal = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n";
        wire.load(vec![refusal.to_vec()], End::Open);
        let sent = talk::request(&c, &mut wire, "POST", &EXPECT, Some(&body));
        assert!(
            [HC_OK, HC_ERR_EARLY_RESPONSE].contains(&sent),
            "{}",
            name(sent)
        );
        let r = talk::answer(&c, &mut wire).unwrap();
        assert_eq!(r.status(), 417);
        assert_eq!(talk::body(&c, &mut wire, &r, Reader::All).status, HC_OK);
        wire.sent.extend(c.take_output());
        assert!(wire.sent.ends_with(HEAD_END), "the body was sent");
        assert_eq!(r.will_close(), HC_CLOSE_EARLY_RESPONSE);
        talk::refused_then_fresh(&c, &mut wire);
    }
}

/// The program that owns the wire is told how long to wait for the answer.
#[test]
fn row_092_time_to_wait_is_told() {
    let (mut wire, c) = talk::sansio(HC_PROFILE_SAFE);
    c.timeout(HC_TIMEOUT_EXPECT_CONTINUE, 5_000);
    let body = memory_body(b"body");
    assert_eq!(
        talk::request(&c, &mut wire, "POST", &EXPECT, Some(&body)),
        HC_WANT_READ
    );
    let (_, events, ms) = c.want();
    assert!(events & HC_EVENT_READ != 0);
    assert!((1..=5_000).contains(&ms), "{ms}");
}

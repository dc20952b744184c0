//! Faults between two exchanges on one connection, rows 87, 88 and 91, through the C
//! interface: may the connection be used again, and may the request be sent again?

mod common;
mod corpus;

use common::api::*;
use common::drivers::{Driver, Wire, nonblocking::NonBlocking};
use common::handle::{Conn, name};
use common::server::{HEAD_END, Server};
use common::socket::{Peer, pair};
use common::talk::{self, GET, SECOND};
use corpus::End;
use std::thread;
use std::time::Duration;

const EVIL: &[u8] = b"HTTP/1.1 200 EVIL\r\nContent-Length: 4\r\n\r\nevil";
const FIRST: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst";
const PROFILES: [i32; 2] = [HC_PROFILE_SAFE, HC_PROFILE_PYTHON];

#[test]
fn row_087_unsolicited_answer_on_an_idle_connection() {
    for profile in PROFILES {
        for driver in Driver::EVERY {
            let mut wire = driver.wire();
            let c = Conn::new(profile);
            c.timeout(HC_TIMEOUT_REUSE_CHECK, 0);
            wire.open(&c);
            assert_eq!(
                talk::exchange(&c, &mut *wire, FIRST),
                (200, b"first".to_vec())
            );
            wire.load(vec![EVIL.to_vec()], End::Open);
            wire.rush(&c);
            talk::refused_then_fresh(&c, &mut *wire);
        }
    }
}

/// The check happens by itself once the connection has been idle for the default time.
#[test]
fn row_087_check_after_the_default_idle_time() {
    for profile in PROFILES {
        let mut wire = NonBlocking::default();
        let c = Conn::new(profile);
        // SAFETY: a live handle.
        let default = unsafe { hc_get_timeout(c.raw(), HC_TIMEOUT_REUSE_CHECK) };
        assert_eq!(default, 1);
        wire.open(&c);
        assert_eq!(
            talk::exchange(&c, &mut wire, FIRST),
            (200, b"first".to_vec())
        );
        wire.load(vec![EVIL.to_vec()], End::Open);
        wire.rush(&c);
        // Idle time is what this is about, so time has to pass.
        thread::sleep(Duration::from_millis(5));
        talk::refused_then_fresh(&c, &mut wire);
    }
}

/// With auto-open the next request goes out on a new connection, by itself.
#[test]
fn row_087_reconnects_by_itself() {
    let server = Server::start(vec![
        Box::new(|peer| {
            peer.read_until(HEAD_END);
            assert!(peer.write(&[FIRST, EVIL].concat()));
        }),
        Box::new(|peer| {
            assert!(peer.read_until(HEAD_END).starts_with(b"GET / "));
            assert!(peer.write(SECOND));
        }),
    ]);
    let c = Conn::to(b"127.0.0.1", server.port.into()).unwrap();
    c.timeout(HC_TIMEOUT_REUSE_CHECK, 0);
    let mut wire = blocking();
    assert_eq!(read(&c, &mut *wire), (200, b"first".to_vec()));
    assert_eq!(read(&c, &mut *wire), (200, b"second".to_vec()));
    server.finish();
}

#[test]
fn row_088_server_closed_the_idle_connection() {
    for profile in PROFILES {
        for driver in [Driver::NonBlocking, Driver::Blocking] {
            // Found by the check before the request: nothing was sent.
            let mut wire = driver.wire();
            let c = Conn::new(profile);
            c.timeout(HC_TIMEOUT_REUSE_CHECK, 0);
            wire.open(&c);
            assert_eq!(
                talk::exchange(&c, &mut *wire, FIRST),
                (200, b"first".to_vec())
            );
            wire.load(vec![], End::Eof);
            wire.rush(&c);
            talk::refused_then_fresh(&c, &mut *wire);

            // Without the check the request goes out, and comes back as "send it again".
            c.timeout(HC_TIMEOUT_REUSE_CHECK, -1);
            wire.load(vec![], End::Eof);
            wire.rush(&c);
            assert_eq!(talk::get(&c, &mut *wire), HC_OK);
            let status = talk::answer(&c, &mut *wire).err();
            assert_eq!(status, Some(HC_ERR_REMOTE_DISCONNECTED), "{driver:?}");
            let fault = c.last_error();
            assert_eq!(
                (fault.reused, fault.resend),
                (1, HC_RESEND_CLOSED_UNREAD),
                "{fault:?}"
            );
            assert_eq!(c.state(), HC_STATE_IDLE);
        }
    }
}

/// A server that closes a first connection has read the request, for all we know.
#[test]
fn row_088_a_first_connection_is_not_resendable() {
    let mut wire = NonBlocking::default();
    let c = Conn::new(HC_PROFILE_SAFE);
    wire.open(&c);
    assert_eq!(talk::get(&c, &mut wire), HC_OK);
    wire.load(vec![], End::Eof);
    assert_eq!(
        talk::answer(&c, &mut wire).err(),
        Some(HC_ERR_REMOTE_DISCONNECTED)
    );
    let fault = c.last_error();
    assert_eq!(fault.reused, 0);
    assert!(![HC_RESEND_CLOSED_UNREAD, HC_RESEND_NOTHING_SENT].contains(&fault.resend));
}

/// A server that takes one request per connection and then says nothing.
fn one_answer_each(n: usize) -> Server {
    let script = (0..n).map(|_| {
        let act: common::server::Act = Box::new(|peer: &Peer| {
            peer.read_until(HEAD_END);
            assert!(peer.write(FIRST));
            peer.end();
        });
        act
    });
    Server::start(script.collect())
}

#[test]
fn row_088_retry_is_an_option() {
    let server = one_answer_each(3);
    let c = Conn::to(b"127.0.0.1", server.port.into()).unwrap();
    c.timeout(HC_TIMEOUT_REUSE_CHECK, -1);
    let mut wire = blocking();
    assert_eq!(read(&c, &mut *wire), (200, b"first".to_vec()));
    assert_eq!(talk::get(&c, &mut *wire), HC_OK);
    assert_eq!(
        talk::answer(&c, &mut *wire).err(),
        Some(HC_ERR_REMOTE_DISCONNECTED)
    );
    // The next request opens a connection of its own; then the option takes over.
    assert_eq!(read(&c, &mut *wire), (200, b"first".to_vec()));
    // SAFETY: `ok` passes the live handle.
    c.ok(|p| unsafe { hc_set_retry(p, 1) });
    assert_eq!(read(&c, &mut *wire), (200, b"first".to_vec()));
    server.finish();
}

/// What cannot be sent a second time is not: here a body from a callback that cannot
/// start again.
#[test]
fn row_088_no_retry_without_the_body() {
    unsafe extern "C" fn once(
        buf: *mut std::ffi::c_void,
        cap: usize,
        user: *mut std::ffi::c_void,
    ) -> i64 {
        // SAFETY: the test passes a flag that outlives the request.
        let done = unsafe { &mut *user.cast::<bool>() };
        if std::mem::replace(done, true) {
            return 0;
        }
        assert!(cap >= 4);
        // SAFETY: the buffer has room for cap bytes.
        unsafe { b"data".as_ptr().copy_to(buf.cast(), 4) };
        4
    }
    let server = one_answer_each(1);
    let c = Conn::to(b"127.0.0.1", server.port.into()).unwrap();
    c.timeout(HC_TIMEOUT_REUSE_CHECK, -1);
    // SAFETY: `ok` passes the live handle.
    c.ok(|p| unsafe { hc_set_retry(p, 1) });
    let mut wire = blocking();
    assert_eq!(read(&c, &mut *wire), (200, b"first".to_vec()));
    let mut done = false;
    let mut body = common::handle::blank_body(HC_BODY_CALLBACK, HC_LENGTH_UNKNOWN);
    body.read = Some(once);
    body.user = (&raw mut done).cast();
    let status = talk::request(&c, &mut *wire, "PUT", &[], Some(&body));
    let status = if status == HC_OK {
        talk::answer(&c, &mut *wire).err().unwrap_or(HC_OK)
    } else {
        status
    };
    assert!(
        [HC_ERR_REMOTE_DISCONNECTED, HC_ERR_SEND, HC_ERR_RECV].contains(&status),
        "{}",
        name(status)
    );
    server.finish();
}

/// A server that shuts its side after the answer: the answer is good, the next request
/// finds the end before it is sent.
#[test]
fn row_091_half_close_by_the_server() {
    for profile in PROFILES {
        for driver in Driver::EVERY {
            let mut wire = driver.wire();
            let c = Conn::new(profile);
            c.timeout(HC_TIMEOUT_REUSE_CHECK, 0);
            wire.open(&c);
            assert_eq!(talk::get(&c, &mut *wire), HC_OK);
            wire.load(vec![FIRST.to_vec()], End::Eof);
            let r = talk::answer(&c, &mut *wire).unwrap();
            let got = talk::body(&c, &mut *wire, &r, common::reader::Reader::All);
            assert_eq!((got.status, &got.bytes[..]), (HC_OK, &b"first"[..]));
            wire.rush(&c);
            talk::refused_then_fresh(&c, &mut *wire);
        }
    }
}

/// The client's side stays open until it is closed: the server sees no end of stream
/// between the request and hc_close.
#[test]
fn row_091_no_half_close_by_the_client() {
    let (client, server) = pair();
    let peer = Peer::new(server);
    let c = Conn::new(HC_PROFILE_SAFE);
    c.adopt(client);
    let mut wire = blocking();
    assert_eq!(talk::get(&c, &mut *wire), HC_OK);
    assert_eq!(peer.read_until(HEAD_END), GET);
    let end = |events| common::socket::poll(peer.fd(), events, Duration::ZERO);
    assert!(!end(libc::POLLIN), "an end of stream after the request");
    assert_eq!(c.close(), HC_OK);
    assert!(end(libc::POLLIN), "no end of stream after hc_close");
}

/// The driver of a connection that opens its own socket.
fn blocking() -> Box<dyn Wire> {
    Driver::Blocking.wire()
}

/// A GET on a connection whose server answers by itself.
fn read(c: &Conn, wire: &mut dyn Wire) -> (i32, Vec<u8>) {
    assert_eq!(talk::get(c, wire), HC_OK, "{:?}", c.last_error());
    let r = talk::answer(c, wire).unwrap_or_else(|s| panic!("{} {:?}", name(s), c.last_error()));
    let got = talk::body(c, wire, &r, common::reader::Reader::Read(64));
    assert_eq!(got.status, HC_OK, "{:?}", r.last_error());
    (r.status(), got.bytes)
}

//! Faults in the sequence of messages on one connection, rows 80 to 96, through the C
//! interface. Rows 87, 88 and 91, about a connection that has been used,
//! are in `rows_reuse.rs`; answers that come during an upload in `rows_upload.rs`.

mod common;
mod corpus;

use common::api::*;
use common::drivers::{Driver, Wire};
use common::handle::Conn;
use common::socket::{Peer, pair};
use common::talk::{self, GET, SECOND};
use corpus::End;
use std::thread;
use std::time::{Duration, Instant};

rows! { corpus::sequence::table();
    row_080_interim_responses => 80;
    row_081_unknown_interim_responses => 81;
    row_082_flood_of_interim_responses => 82;
    row_083_interim_response_with_a_body => 83;
    row_084_end_after_an_interim_response => 84;
    row_085_protocol_switch => 85;
    row_086_bytes_after_the_message => 86;
    row_093_end_at_each_point => 93;
    row_096_nothing_is_followed => 96;
}

const FIRST: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst";
const PROFILES: [i32; 2] = [HC_PROFILE_SAFE, HC_PROFILE_PYTHON];

/// A line end before the status line is as wrong in the second response as in the first.
#[test]
fn row_060_line_end_before_a_later_status_line() {
    for profile in PROFILES {
        for driver in Driver::EVERY {
            let mut wire = driver.wire();
            let c = Conn::new(profile);
            wire.open(&c);
            assert_eq!(
                talk::exchange(&c, &mut *wire, FIRST),
                (200, b"first".to_vec())
            );
            assert_eq!(talk::get(&c, &mut *wire), HC_OK);
            wire.load(vec![[b"\r\n", SECOND].concat()], End::Open);
            let status = talk::answer(&c, &mut *wire).err();
            assert_eq!(status, Some(HC_ERR_BAD_STATUS_LINE), "{driver:?}");
        }
    }
}

/// One byte per read and per write, and "not yet" before each of them, gives the same
/// wire as one piece.
#[test]
fn row_094_one_byte_at_a_time() {
    let body = common::handle::memory_body(b"0123456789");
    for profile in PROFILES {
        let mut sent = Vec::new();
        for dribble in [false, true] {
            let mut wire = common::drivers::callback::Callback::new(dribble);
            let c = Conn::new(profile);
            wire.open(&c);
            assert_eq!(
                talk::request(&c, &mut wire, "POST", &[], Some(&body)),
                HC_OK
            );
            wire.load(corpus_bytes(FIRST), End::Open);
            let r = talk::answer(&c, &mut wire).unwrap();
            let got = talk::body(&c, &mut wire, &r, common::reader::Reader::Read(1));
            assert_eq!((got.status, &got.bytes[..]), (HC_OK, &b"first"[..]));
            sent.push(wire.sent());
        }
        assert!(sent[0].ends_with(b"\r\nContent-Length: 10\r\n\r\n0123456789"));
        assert_eq!(sent[0], sent[1]);
    }
}

fn corpus_bytes(bytes: &[u8]) -> Vec<Vec<u8>> {
    common::split::Split::Bytes.pieces(bytes)
}

/// The read timeout is one per receive, as Python's is: a peer that drips can take longer
/// than it as a whole. A deadline for the whole exchange is a later addition; this test
/// holds what the read timeout does until then.
#[test]
fn row_095_the_read_timeout_is_per_receive() {
    const EACH: Duration = Duration::from_millis(40);
    let (client, server) = pair();
    let c = Conn::new(HC_PROFILE_SAFE);
    c.timeout(HC_TIMEOUT_READ, 400);
    c.adopt(client);
    let mut wire = blocking();
    assert_eq!(talk::get(&c, &mut *wire), HC_OK);
    let start = Instant::now();
    let drip = thread::spawn(move || {
        let peer = Peer::new(server);
        for b in &FIRST[..15] {
            // The slowness of the peer is what is tested.
            thread::sleep(EACH);
            assert!(peer.write(&[*b]));
        }
        peer
    });
    let status = talk::answer(&c, &mut *wire).err();
    assert_eq!(status, Some(HC_ERR_TIMEOUT), "{:?}", c.last_error());
    assert!(
        start.elapsed() >= 15 * EACH + Duration::from_millis(350),
        "{:?}",
        start.elapsed()
    );
    let fault = c.last_error();
    assert_eq!(
        (fault.phase, fault.timeout_kind),
        (HC_PHASE_RESPONSE_HEAD, HC_TIMEOUT_READ)
    );
    assert_eq!(c.state(), HC_STATE_IDLE);
    drop(drip.join());
}

/// What a first answer told us to remember is not sent with the second request.
#[test]
fn row_096_nothing_is_remembered() {
    let answer = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\
                   Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n";
    for profile in PROFILES {
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(talk::exchange(&c, &mut wire, answer), (401, Vec::new()));
        assert_eq!(wire.sent, GET);
        wire.sent.clear();
        assert_eq!(
            talk::exchange(&c, &mut wire, SECOND),
            (200, b"second".to_vec())
        );
        assert_eq!(wire.sent, GET);
    }
}

/// The driver of a connection that opens its own socket.
fn blocking() -> Box<dyn Wire> {
    Driver::Blocking.wire()
}

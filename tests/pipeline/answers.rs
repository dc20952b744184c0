//! Pipelined requests and their answers, however the connection is driven and however the answers
//! are cut: in order, each whole, each to the request it belongs to.

use crate::common::api::*;
use crate::common::drivers::Driver;
use crate::common::handle::memory_body;
use crate::common::pipelined::*;
use crate::common::reader::Reader;
use crate::common::split::{Split, two_way};
use crate::common::talk;
use crate::corpus::End;

const PROFILES: [i32; 2] = [HC_PROFILE_SAFE, HC_PROFILE_PYTHON];

/// Each kind of answer in the middle of others.
fn answers() -> Vec<u8> {
    [
        answer("first"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n".to_vec(),
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Wait\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nchu\r\n4\r\nnked\r\n0\r\nT: x\r\n\r\n".to_vec(),
        b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n".to_vec(),
        answer("last"),
    ]
    .concat()
}

const METHODS: [&str; 6] = ["GET", "HEAD", "OPTIONS", "DELETE", "GET", "TRACE"];
const BODIES: [(i32, &[u8]); 6] = [
    (200, b"first"),
    (200, b""),
    (200, b"chunked"),
    (204, b""),
    (304, b""),
    (200, b"last"),
];

fn converse(driver: Driver, profile: i32, split: Split, reader: Reader) {
    let mut wire = driver.wire();
    let c = deep(profile, &mut *wire, 8);
    for method in METHODS {
        send(&c, &mut *wire, method, None);
    }
    assert_eq!(c.unanswered(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(c.last_id(), 6);
    wire.load(split.pieces(&answers()), End::Open);
    for (i, (status, body)) in (1..).zip(BODIES) {
        let got = take(&c, &mut *wire, reader);
        assert_eq!(
            got,
            Ok((i, status, body.to_vec())),
            "{driver:?} {split:?} {reader:?} {:?}",
            c.last_error()
        );
    }
    assert_eq!(c.unanswered(), []);
    assert_eq!(c.state(), HC_STATE_IDLE);
    // The connection is as good as before.
    let again = talk::exchange(&c, &mut *wire, talk::SECOND);
    assert_eq!(again, (200, b"second".to_vec()), "{driver:?} {split:?}");
}

#[test]
fn every_answer_finds_its_request() {
    for driver in Driver::EVERY {
        for profile in PROFILES {
            for reader in [Reader::Read(1), Reader::Read(4096), Reader::All] {
                converse(driver, profile, Split::Whole, reader);
                converse(driver, profile, Split::Bytes, reader);
            }
        }
    }
}

#[test]
fn wherever_the_answers_are_cut() {
    // A blocking peer costs a change of threads for each piece.
    for driver in [
        Driver::SansIo,
        Driver::NonBlocking,
        Driver::Callback,
        Driver::Dribble,
    ] {
        for split in two_way(&answers(), false) {
            converse(driver, HC_PROFILE_SAFE, split, Reader::Read(64));
        }
    }
}

/// Nothing is sent twice, nothing is left out, and bodies stand where they belong.
#[test]
fn requests_leave_together_and_in_order() {
    let (mut wire, c) = talk::sansio(HC_PROFILE_SAFE);
    assert_eq!(c.set_depth(4), HC_OK);
    let body = memory_body(b"0123");
    send(&c, &mut wire, "GET", None);
    send(&c, &mut wire, "PUT", Some(&body));
    assert_eq!(
        c.request("PUT", "/", &[], Some(&body), HC_ENCODE_CHUNKED),
        HC_OK
    );
    // hc_output shows what was gathered.
    let sent = c.take_output();
    let put = "PUT / HTTP/1.1\r\nHost: example.test\r\nAccept-Encoding: identity\r\n";
    let want = [
        talk::GET,
        put.as_bytes(),
        b"Content-Length: 4\r\n\r\n0123",
        put.as_bytes(),
        b"Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n0\r\n\r\n",
    ]
    .concat();
    assert_eq!(
        sent.escape_ascii().to_string(),
        want.escape_ascii().to_string()
    );
    assert_eq!(
        c.feed(&[answer("a"), answer("b"), answer("c")].concat()),
        HC_OK
    );
    for (i, body) in (1..).zip(["a", "b", "c"]) {
        assert_eq!(
            take(&c, &mut wire, Reader::All),
            Ok((i, 200, body.as_bytes().to_vec()))
        );
    }
}

/// Several sends of one byte, or none at all for now: the next answer is read all the same.
#[test]
fn requests_that_the_peer_takes_slowly() {
    let mut wire = crate::common::drivers::callback::Callback::new(true);
    let c = deep(HC_PROFILE_SAFE, &mut wire, 4);
    use crate::common::drivers::Wire;
    send_gets(&c, &mut wire, 4);
    wire.load(
        Split::Bytes.pieces(&[answer("1"), answer("2"), answer("3"), answer("4")].concat()),
        End::Open,
    );
    for (i, body) in (1..).zip(["1", "2", "3", "4"]) {
        assert_eq!(
            take(&c, &mut wire, Reader::Read(9)),
            Ok((i, 200, body.as_bytes().to_vec()))
        );
    }
    let sent = wire.sent();
    assert_eq!(sent, talk::GET.repeat(4));
}

/// While answers are taken requests are added, always behind what is unanswered.
#[test]
fn a_pipeline_that_is_kept_full() {
    for driver in Driver::EVERY {
        let mut wire = driver.wire();
        let c = deep(HC_PROFILE_SAFE, &mut *wire, 3);
        send_gets(&c, &mut *wire, 3);
        for round in 1..=40u64 {
            wire.load(vec![answer(&round.to_string())], End::Open);
            assert_eq!(
                take(&c, &mut *wire, Reader::Read(100)),
                Ok((round, 200, round.to_string().into_bytes())),
                "{driver:?}"
            );
            wire.rush(&c);
            send(&c, &mut *wire, "GET", None);
            // Here an answer would be there before its request if that had not left.
            assert_eq!(wire.settle(&c, None, &mut || c.flush()), HC_OK);
            assert_eq!(c.unanswered(), [round + 1, round + 2, round + 3]);
        }
    }
}

/// A response that is given up stands in front of the next answer, as without a pipeline.
#[test]
fn a_response_that_is_not_read() {
    for driver in Driver::EVERY {
        for split in [Split::Whole, Split::Bytes] {
            let mut wire = driver.wire();
            let c = deep(HC_PROFILE_SAFE, &mut *wire, 3);
            send_gets(&c, &mut *wire, 3);
            wire.load(
                split.pieces(&[answer("dropped"), answer("closed"), answer("read")].concat()),
                End::Open,
            );
            drop(talk::answer(&c, &mut *wire).unwrap());
            assert_eq!(c.state(), HC_STATE_REQUEST_SENT);
            let r = talk::answer(&c, &mut *wire).unwrap();
            assert_eq!(c.state(), HC_STATE_REQ_SENT_UNREAD_RESPONSE);
            assert_eq!(r.close(), HC_OK);
            assert_eq!(
                take(&c, &mut *wire, Reader::All),
                Ok((3, 200, b"read".to_vec())),
                "{driver:?} {split:?}"
            );
        }
    }
}

/// The next answers are larger than any buffer, and the requests too: neither side waits for the
/// other for ever.
#[test]
fn both_sides_full() {
    use crate::common::socket::{Peer, pair};
    let (client, server) = pair();
    let c = crate::common::handle::Conn::new(HC_PROFILE_SAFE);
    c.adopt(client);
    assert_eq!(c.set_depth(64), HC_OK);
    let long = vec![b'x'; 15_000];
    // Sends its answer before it reads the next request, and reads nothing while it sends.
    let peer = std::thread::spawn(move || {
        let peer = Peer::new(server);
        let mut unread = Vec::new();
        let body = vec![b'y'; 300_000];
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        for _ in 0..64 {
            let end = loop {
                if let Some(at) = unread.windows(4).position(|w| w == b"\r\n\r\n") {
                    break at + 4;
                }
                let more = peer.read();
                assert!(!more.is_empty(), "the client has gone");
                unread.extend_from_slice(&more);
            };
            unread.drain(..end);
            assert!(peer.write(head.as_bytes()) && peer.write(&body));
        }
    });
    for _ in 0..64 {
        assert_eq!(c.request("GET", "/", &[(b"X", &long)], None, 0), HC_OK);
    }
    let mut wire = Driver::Blocking.wire();
    for i in 1..=64 {
        let (id, status, body) = take(&c, &mut *wire, Reader::Read(65_536)).unwrap();
        assert_eq!((id, status, body.len()), (i, 200, 300_000));
    }
    assert!(peer.join().is_ok());
}

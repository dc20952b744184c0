//! Pipelines whose connection ends before everything is answered: each answer that has come is
//! given, and of each request that is left it is known whether it can be sent again. And servers
//! that answer what was not asked: nothing that follows is believed.

use crate::common::api::*;
use crate::common::drivers::Driver;
use crate::common::handle::{Conn, memory_body};
use crate::common::pipelined::*;
use crate::common::reader::Reader;
use crate::common::socket::{Peer, pair};
use crate::common::split::Split;
use crate::common::talk;
use crate::corpus::End;

const SAFE: i32 = HC_PROFILE_SAFE;
const CLOSING: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbye";

fn each(mut test: impl FnMut(Driver, Split)) {
    for driver in Driver::EVERY {
        for split in [Split::Whole, Split::Bytes] {
            test(driver, split);
        }
    }
}

/// The server closes after `k` of five answers, without a word, at every place in between.
#[test]
fn closed_exactly_between_answers() {
    each(|driver, split| {
        for k in 1..5u64 {
            let mut wire = driver.wire();
            let c = deep(SAFE, &mut *wire, 8);
            send_gets(&c, &mut *wire, 5);
            let answers = answer("x").repeat(k as usize);
            wire.load(split.pieces(&answers), End::Eof);
            for id in 1..=k {
                assert_eq!(
                    take(&c, &mut *wire, Reader::Read(9)),
                    Ok((id, 200, b"x".to_vec()))
                );
            }
            let failed = take(&c, &mut *wire, Reader::Read(9));
            assert_eq!(failed, Err(HC_ERR_REMOTE_DISCONNECTED), "{driver:?} {k}");
            assert_eq!(c.last_error().resend, HC_RESEND_CLOSED_UNREAD);
            let lost: Vec<_> = (k + 1..=5)
                .map(|id| (id, HC_ERR_REMOTE_DISCONNECTED, HC_RESEND_CLOSED_UNREAD))
                .collect();
            assert_eq!(c.lost(), lost, "{driver:?} {split:?} {k}");
            assert_eq!((c.state(), c.unanswered()), (HC_STATE_IDLE, vec![]));
            // On another connection they are sent again.
            wire.open(&c);
            send_gets(&c, &mut *wire, 5 - k as usize);
            wire.load(split.pieces(&answers), End::Open);
            assert_eq!(
                take(&c, &mut *wire, Reader::Read(9)),
                Ok((6, 200, b"x".to_vec()))
            );
        }
    });
}

/// Without a single answer nobody knows what the server has done with the first.
#[test]
fn closed_before_the_first_answer() {
    each(|driver, split| {
        let mut wire = driver.wire();
        let c = deep(SAFE, &mut *wire, 8);
        send_gets(&c, &mut *wire, 2);
        wire.load(split.pieces(b""), End::Eof);
        let failed = take(&c, &mut *wire, Reader::All);
        assert_eq!(failed, Err(HC_ERR_REMOTE_DISCONNECTED));
        let unknown = |id| (id, HC_ERR_REMOTE_DISCONNECTED, HC_RESEND_UNKNOWN);
        assert_eq!(c.lost(), [unknown(1), unknown(2)], "{driver:?}");
    });
}

/// The end inside of an answer, in its head and in its body.
#[test]
fn closed_inside_an_answer() {
    each(|driver, split| {
        let whole = answer("whole");
        for cut in 1..whole.len() {
            let mut wire = driver.wire();
            let c = deep(SAFE, &mut *wire, 8);
            send_gets(&c, &mut *wire, 3);
            let bytes = [&whole[..], &whole[..cut]].concat();
            wire.load(split.pieces(&bytes), End::Eof);
            assert!(take(&c, &mut *wire, Reader::All).is_ok());
            let head = whole.len() - 5;
            let got = take(&c, &mut *wire, Reader::All);
            let code = got.unwrap_err();
            let behind = (3, code, HC_RESEND_CLOSED_UNREAD);
            if cut < head {
                assert!(code < HC_OK);
                assert_eq!(c.lost()[0], (2, code, HC_RESEND_NO), "{driver:?} {cut}");
                assert_eq!((c.lost()[1].0, c.lost().len()), (3, 2));
            } else {
                // The head was there, so it was answered: what is left is what is behind it.
                assert_eq!(code, HC_ERR_INCOMPLETE, "{driver:?} {cut}");
                assert_eq!(c.lost().len(), 1);
                assert_eq!(c.lost()[0].0, behind.0);
            }
        }
    });
}

/// A response that announces the end takes the connection along: nothing is sent any more, and
/// what is behind it can be sent again.
#[test]
fn an_answer_that_announces_the_end() {
    let last: [&[u8]; 4] = [
        CLOSING,
        b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nbye",
        b"HTTP/1.1 200 OK\r\n\r\nbye",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbye\r\n0\r\n\r\n",
    ];
    each(|driver, split| {
        for (i, last) in last.into_iter().enumerate() {
            let mut wire = driver.wire();
            let c = deep(SAFE, &mut *wire, 8);
            send_gets(&c, &mut *wire, 4);
            // What stands behind it is never taken for an answer.
            let behind = if i == 2 { Vec::new() } else { answer("evil") };
            let bytes = [&answer("1"), last, &behind].concat();
            wire.load(split.pieces(&bytes), End::Eof);
            assert!(take(&c, &mut *wire, Reader::All).is_ok());
            let r = talk::answer(&c, &mut *wire);
            let r = r.unwrap();
            assert_ne!(r.will_close(), HC_KEEP_ALIVE);
            assert_eq!(c.state(), HC_STATE_IDLE);
            let lost = |id| (id, HC_ERR_REMOTE_DISCONNECTED, HC_RESEND_CLOSED_UNREAD);
            assert_eq!(c.lost(), [lost(3), lost(4)], "{driver:?} {split:?} {i}");
            assert_eq!(c.getresponse().err(), Some(HC_ERR_RESPONSE_NOT_READY));
            let got = talk::body(&c, &mut *wire, &r, Reader::Read(5));
            assert_eq!((got.status, got.bytes), (HC_OK, b"bye".to_vec()));
        }
    });
}

/// One error in the framing, and nothing behind it is believed.
#[test]
fn an_error_poisons_what_follows() {
    let wrong: [(&[u8], i32); 5] = [
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab",
            HC_ERR_BAD_FRAMING,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            HC_ERR_BAD_CHUNK,
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\na",
            HC_ERR_BAD_HEADER,
        ),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            HC_ERR_BAD_FRAMING,
        ),
        (b"nonsense\r\n\r\n", HC_ERR_BAD_STATUS_LINE),
    ];
    each(|driver, split| {
        for (wrong, code) in wrong {
            let mut wire = driver.wire();
            let c = deep(SAFE, &mut *wire, 8);
            send_gets(&c, &mut *wire, 4);
            let bytes = [&answer("1"), wrong, &answer("evil"), &answer("evil")].concat();
            wire.load(split.pieces(&bytes), End::Open);
            assert!(take(&c, &mut *wire, Reader::All).is_ok());
            assert_eq!(take(&c, &mut *wire, Reader::All), Err(code), "{driver:?}");
            assert_eq!(c.state(), HC_STATE_IDLE);
            let lost = c.lost();
            let last = &lost[lost.len() - 2..];
            let unknown = |id| (id, code, HC_RESEND_UNKNOWN);
            assert_eq!(last, [unknown(3), unknown(4)], "{driver:?} {split:?}");
            assert_eq!(c.getresponse().err(), Some(HC_ERR_RESPONSE_NOT_READY));
        }
    });
}

/// One answer too many: it never becomes the answer to a later request.
#[test]
fn an_answer_that_nobody_asked_for() {
    for driver in [
        Driver::SansIo,
        Driver::NonBlocking,
        Driver::Blocking,
        Driver::Callback,
    ] {
        let mut wire = driver.wire();
        let c = deep(SAFE, &mut *wire, 8);
        send_gets(&c, &mut *wire, 2);
        let bytes = [answer("1"), answer("2"), answer("evil")].concat();
        wire.load(vec![bytes], End::Open);
        assert!(take(&c, &mut *wire, Reader::All).is_ok());
        assert!(take(&c, &mut *wire, Reader::All).is_ok());
        talk::refused_then_fresh(&c, &mut *wire);
    }
}

/// The same while a request is unanswered that has not left: what has arrived is no answer to it.
#[test]
fn an_answer_before_its_request() {
    let (mut wire, c) = talk::sansio(SAFE);
    assert_eq!(c.set_depth(8), HC_OK);
    use crate::common::drivers::Wire;
    send_gets(&c, &mut wire, 2);
    wire.load(
        vec![[answer("1"), answer("2"), answer("evil")].concat()],
        End::Open,
    );
    assert!(take(&c, &mut wire, Reader::All).is_ok());
    send_gets(&c, &mut wire, 1);
    assert!(take(&c, &mut wire, Reader::All).is_ok());
    assert_eq!(take(&c, &mut wire, Reader::All), Err(HC_ERR_BAD_FRAMING));
    assert_eq!(c.lost()[0].0, 3);
    assert_eq!(c.state(), HC_STATE_IDLE);
}

/// The server resets while requests are sent: the answers that it gave before are given out, and
/// the rest can be sent again; what never left says so.
#[test]
fn reset_while_sending() {
    let (client, server) = pair();
    let c = Conn::new(SAFE);
    c.adopt(client);
    assert_eq!(c.set_depth(1024), HC_OK);
    let mut wire = Driver::Blocking.wire();
    let long = vec![b'x'; 4_000];
    let get = || c.request("GET", "/", &[(b"X", &long)], None, 0);
    assert_eq!(get(), HC_OK);
    assert_eq!(get(), HC_OK);
    assert_eq!(c.flush(), HC_OK);
    let peer = Peer::new(server);
    assert!(!peer.read_until(b"\r\n\r\n").is_empty());
    assert!(peer.write(&[answer("1"), answer("2")].concat()));
    drop(peer);
    // Sending these fails, and nobody is told yet; then no more are taken.
    let mut taken = 0;
    while get() == HC_OK {
        taken += 1;
    }
    assert!((1..1000).contains(&taken));
    assert_eq!(get(), HC_ERR_CANNOT_SEND_REQUEST);
    assert!(c.last_error().text.contains("sending has failed"));
    for (id, body) in (1..).zip(["1", "2"]) {
        let got = take(&c, &mut *wire, Reader::All);
        assert_eq!(got, Ok((id, 200, body.as_bytes().to_vec())));
    }
    let failed = take(&c, &mut *wire, Reader::All);
    assert_eq!(failed, Err(HC_ERR_SEND));
    let lost = c.lost();
    assert_eq!((lost.len(), lost[0].0), (taken, 3));
    assert!(lost.iter().all(|l| l.1 == HC_ERR_SEND));
    let verdicts: Vec<_> = lost.iter().map(|l| l.2).collect();
    assert!(verdicts.is_sorted_by_key(|v| *v == HC_RESEND_NOTHING_SENT));
    assert_eq!(verdicts.last(), Some(&HC_RESEND_NOTHING_SENT));
}

/// hc_close leaves nothing to be guessed at.
#[test]
fn closed_by_the_program() {
    let (mut wire, c) = talk::sansio(SAFE);
    assert_eq!(c.set_depth(4), HC_OK);
    send_gets(&c, &mut wire, 2);
    assert!(!c.take_output().is_empty());
    send_gets(&c, &mut wire, 1);
    assert_eq!(c.close(), HC_OK);
    assert_eq!(
        c.lost(),
        [
            (1, HC_ERR_CLOSED, HC_RESEND_UNKNOWN),
            (2, HC_ERR_CLOSED, HC_RESEND_UNKNOWN),
            (3, HC_ERR_CLOSED, HC_RESEND_NOTHING_SENT)
        ]
    );
    assert_eq!((c.state(), c.unanswered()), (HC_STATE_IDLE, vec![]));
}

/// A timeout while the second answer is waited for; hc_cancel between answers.
#[test]
fn given_up_by_the_program() {
    for cancels in [false, true] {
        let (client, server) = pair();
        let c = Conn::new(SAFE);
        c.adopt(client);
        c.timeout(HC_TIMEOUT_READ, 50);
        assert_eq!(c.set_depth(4), HC_OK);
        let mut wire = Driver::Blocking.wire();
        send_gets(&c, &mut *wire, 3);
        let peer = Peer::new(server);
        assert!(peer.write(&answer("1")));
        assert!(take(&c, &mut *wire, Reader::All).is_ok());
        let code = if cancels {
            HC_ERR_CANCELLED
        } else {
            HC_ERR_TIMEOUT
        };
        if cancels {
            c.cancel();
        }
        assert_eq!(take(&c, &mut *wire, Reader::All), Err(code));
        let unknown = |id| (id, code, HC_RESEND_UNKNOWN);
        assert_eq!(c.lost(), [unknown(2), unknown(3)]);
        assert_eq!(c.state(), HC_STATE_IDLE);
    }
}

/// A body that is being read when the connection ends: that is the failure of its response, and
/// what is behind it can be sent again.
#[test]
fn ended_while_a_body_is_read() {
    let mut wire = Driver::SansIo.wire();
    let c = deep(SAFE, &mut *wire, 4);
    send_gets(&c, &mut *wire, 2);
    wire.load(
        vec![b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab".to_vec()],
        End::Eof,
    );
    let r = talk::answer(&c, &mut *wire).unwrap();
    let got = talk::body(&c, &mut *wire, &r, Reader::All);
    assert_eq!(
        (got.status, &got.bytes[..]),
        (HC_ERR_INCOMPLETE, &b"ab"[..])
    );
    assert_eq!(c.lost().len(), 1);
    assert_eq!((c.lost()[0].0, c.lost()[0].1), (2, HC_ERR_INCOMPLETE));
}

/// The record of each says how much of it had left.
#[test]
fn the_record_of_each_request() {
    let (mut wire, c) = talk::sansio(SAFE);
    assert_eq!(c.set_depth(4), HC_OK);
    let body = memory_body(b"0123456789");
    use crate::common::drivers::Wire;
    send(&c, &mut wire, "PUT", Some(&body));
    send(&c, &mut wire, "GET", None);
    wire.load(vec![], End::Eof);
    assert!(talk::answer(&c, &mut wire).is_err());
    let records = c.lost_records();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].1, c.last_error());
    assert!(records[1].1.text.len() > 10 && records[1].1.timeout_kind == -1);
}

/// The last answer while a head is being built: that goes out on the next connection.
#[test]
fn a_head_that_outlives_its_connection() {
    each(|driver, split| {
        let mut wire = driver.wire();
        let c = deep(SAFE, &mut *wire, 8);
        send_gets(&c, &mut *wire, 2);
        assert_eq!(c.putrequest(b"GET", b"/next", 0), HC_OK);
        wire.load(split.pieces(CLOSING), End::Eof);
        let r = talk::answer(&c, &mut *wire).unwrap();
        assert_eq!(r.will_close(), HC_CLOSE_PEER_ASKED);
        assert_eq!(c.state(), HC_STATE_REQUEST_STARTED, "{driver:?}");
        let lost = (2, HC_ERR_REMOTE_DISCONNECTED, HC_RESEND_CLOSED_UNREAD);
        assert_eq!(c.lost(), [lost]);
        assert_eq!(c.getresponse().err(), Some(HC_ERR_RESPONSE_NOT_READY));
        let got = talk::body(&c, &mut *wire, &r, Reader::All);
        assert_eq!((got.status, got.bytes), (HC_OK, b"bye".to_vec()));
        drop(r);
        assert_eq!(c.putheader(b"A", b"b"), HC_OK);
        wire.open(&c);
        let status = wire.settle(&c, None, &mut || c.endheaders(None, 0));
        assert_eq!(status, HC_OK, "{driver:?}");
        wire.load(split.pieces(&answer("next")), End::Open);
        let got = take(&c, &mut *wire, Reader::All);
        assert_eq!(got, Ok((3, 200, b"next".to_vec())), "{driver:?}");
    });
}

/// An answer to a request that has not left as a whole ends the connection, as it does without a
/// pipeline; what is behind it never left.
#[test]
fn an_answer_before_the_whole_request() {
    let (client, server) = pair();
    let c = Conn::new(SAFE);
    c.adopt(client);
    assert_eq!(c.set_depth(4), HC_OK);
    let mut wire = Driver::Blocking.wire();
    let long = vec![b'x'; 4_000_000];
    assert_eq!(c.request("GET", "/", &[(b"X", &long)], None, 0), HC_OK);
    send_gets(&c, &mut *wire, 1);
    assert_eq!(c.flush(), HC_WANT_WRITE);
    let peer = Peer::new(server);
    assert!(peer.write(&[answer("early"), answer("evil")].concat()));
    let r = talk::answer(&c, &mut *wire).unwrap();
    assert_eq!(r.will_close(), HC_CLOSE_EARLY_RESPONSE);
    assert_eq!(r.read(9), (HC_OK, b"early".to_vec()));
    let lost = (2, HC_ERR_REMOTE_DISCONNECTED, HC_RESEND_NOTHING_SENT);
    assert_eq!((c.lost(), c.state()), (vec![lost], HC_STATE_IDLE));
}

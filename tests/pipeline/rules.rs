//! What may be pipelined and when, and that a refused call leaves everything as it was. With a
//! depth of 1 nothing is different from before.

use crate::common::api::*;
use crate::common::drivers::Wire;
use crate::common::handle::{Conn, blank_body, memory_body};
use crate::common::pipelined::*;
use crate::common::reader::Reader;
use crate::common::talk;
use crate::corpus::End;

const SAFE: i32 = HC_PROFILE_SAFE;

fn wired(depth: u32) -> (crate::common::drivers::sansio::SansIo, Conn) {
    let (wire, c) = talk::sansio(SAFE);
    assert_eq!(c.set_depth(depth), HC_OK);
    (wire, c)
}

#[test]
fn the_depth_is_1_to_1024_and_1_unless_it_is_set() {
    let c = Conn::new(SAFE);
    assert_eq!(c.depth(), 1);
    for wrong in [0, 1025, u32::MAX] {
        assert_eq!(c.set_depth(wrong), HC_ERR_INVALID_ARG);
        assert_eq!(c.depth(), 1);
    }
    for depth in [1024, 2, 1] {
        assert_eq!(c.set_depth(depth), HC_OK);
        assert_eq!(c.depth(), depth);
    }
}

/// Without a depth the machine is the diagram, before and after one was set.
#[test]
fn off_is_as_it_was() {
    for was_on in [false, true] {
        let (mut wire, c) = talk::sansio(SAFE);
        if was_on {
            assert_eq!(c.set_depth(4), HC_OK);
            assert_eq!(c.set_depth(1), HC_OK);
        }
        send(&c, &mut wire, "GET", None);
        assert_eq!(c.take_output(), talk::GET);
        assert_eq!(c.unanswered(), [1]);
        let status = talk::get(&c, &mut wire);
        assert_eq!(status, HC_ERR_CANNOT_SEND_REQUEST);
        assert_eq!(c.putrequest(b"GET", b"/", 0), HC_ERR_CANNOT_SEND_REQUEST);
        assert_eq!(c.flush(), HC_OK);
        assert_eq!(c.close(), HC_OK);
        assert_eq!((c.lost(), c.unanswered()), (vec![], vec![]));
    }
}

/// As many as the depth says; then one for each answer that was taken.
#[test]
fn as_deep_as_it_was_set() {
    let (mut wire, c) = wired(3);
    send_gets(&c, &mut wire, 3);
    assert_eq!(talk::get(&c, &mut wire), HC_ERR_CANNOT_SEND_REQUEST);
    assert!(c.last_error().text.contains("hc_set_pipeline_depth"));
    assert_eq!(c.unanswered(), [1, 2, 3]);
    // The pipeline is full: what it has leaves by itself.
    assert_eq!(c.take_output(), talk::GET.repeat(3));
    wire.load(vec![answer("1")], End::Open);
    assert!(take(&c, &mut wire, Reader::All).is_ok());
    send_gets(&c, &mut wire, 1);
    assert_eq!(c.unanswered(), [2, 3, 4]);
    assert_eq!(talk::get(&c, &mut wire), HC_ERR_CANNOT_SEND_REQUEST);
    // Less from now on.
    assert_eq!(c.set_depth(1), HC_OK);
    wire.load(vec![answer("2").repeat(3)], End::Open);
    for id in 2..=4 {
        assert_eq!(talk::get(&c, &mut wire), HC_ERR_CANNOT_SEND_REQUEST);
        let got = take(&c, &mut wire, Reader::All);
        assert_eq!(got, Ok((id, 200, b"2".to_vec())));
    }
    send_gets(&c, &mut wire, 1);
}

/// Every state of a pipeline, every call: as hc_transition_in_pipeline says.
#[test]
fn each_call_in_each_state() {
    unsafe extern "C" {
        fn hc_transition_in_pipeline(state: i32, call: i32, unanswered: u32, depth: u32) -> i32;
    }
    const PUT: i32 = 2;
    const GET: i32 = 8;
    // Unanswered, whether a response is unread, whether a head is being built.
    for (count, unread, building) in [0, 1, 2, 3]
        .into_iter()
        .flat_map(|n| [(n, false), (n, true)])
        .flat_map(|(n, u)| [(n, u, false), (n, u, true)])
    {
        for call in [PUT, GET] {
            let (mut wire, c) = wired(3);
            let mut r = None;
            if unread {
                send_gets(&c, &mut wire, 1);
                wire.load(vec![answer("unread")], End::Open);
                r = Some(talk::answer(&c, &mut wire).unwrap());
            }
            send_gets(&c, &mut wire, count);
            if building {
                let status = c.putrequest(b"GET", b"/", 0);
                assert_eq!(status == HC_OK, count < 3);
                if status != HC_OK {
                    continue;
                }
            }
            let before = c.state();
            // SAFETY: numbers.
            let said = unsafe { hc_transition_in_pipeline(before, call, count as u32, 3) };
            wire.load(vec![answer("next")], End::Open);
            let next;
            let status = if call == PUT {
                c.putrequest(b"GET", b"/", 0)
            } else {
                match talk::answer(&c, &mut wire) {
                    Ok(r) => {
                        next = r;
                        assert_eq!(next.status(), 200);
                        assert_eq!(c.state(), said, "{count} {unread} {building}");
                        continue;
                    }
                    Err(status) => status,
                }
            };
            let got = if status == HC_OK { c.state() } else { status };
            assert_eq!(got, said, "{count} {unread} {building} {call}");
            if status != HC_OK {
                assert_eq!(c.state(), before);
            }
            drop(r);
        }
    }
}

/// Methods that are not idempotent wait for the answers before them, and are waited for.
#[test]
fn methods_that_are_not_idempotent() {
    for method in ["POST", "PATCH", "BREW", "get"] {
        let (mut wire, c) = wired(8);
        send_gets(&c, &mut wire, 1);
        let status = talk::request(&c, &mut wire, method, &[], None);
        assert_eq!(status, HC_ERR_CANNOT_SEND_REQUEST, "{method}");
        let status = c.putrequest(method.as_bytes(), b"/", 0);
        assert_eq!(status, HC_ERR_CANNOT_SEND_REQUEST, "{method}");
        assert_eq!(
            (c.state(), c.unanswered()),
            (HC_STATE_REQUEST_SENT, vec![1])
        );
        wire.load(vec![answer("1")], End::Open);
        assert!(take(&c, &mut wire, Reader::All).is_ok());
        // Alone it goes as ever; nothing may follow it.
        send(&c, &mut wire, method, None);
        assert_eq!(talk::get(&c, &mut wire), HC_ERR_CANNOT_SEND_REQUEST);
        wire.load(vec![answer("2")], End::Open);
        let got = take(&c, &mut wire, Reader::All);
        assert_eq!(got, Ok((2, 200, b"2".to_vec())));
        // Unless the program insists.
        c.dangerous(true);
        send(&c, &mut wire, method, None);
        send(&c, &mut wire, method, None);
        send_gets(&c, &mut wire, 1);
        assert_eq!(c.unanswered(), [3, 4, 5]);
        wire.load(vec![answer("x").repeat(3)], End::Open);
        for id in 3..=5 {
            let got = take(&c, &mut wire, Reader::All);
            assert_eq!(got, Ok((id, 200, b"x".to_vec())));
        }
    }
}

/// What may change the protocol or end the connection is followed by nothing, not even if the
/// program insists, and goes behind nothing that could be hurt.
#[test]
fn what_nothing_may_follow() {
    let cases: [(&str, &[crate::common::handle::Header<'_>]); 3] = [
        ("CONNECT", &[]),
        (
            "GET",
            &[(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")],
        ),
        ("GET", &[(b"Connection", b"close")]),
    ];
    for (i, (method, fields)) in cases.into_iter().enumerate() {
        let (mut wire, c) = wired(8);
        c.dangerous(true);
        assert_eq!(talk::request(&c, &mut wire, method, fields, None), HC_OK);
        assert_eq!(talk::get(&c, &mut wire), HC_ERR_CANNOT_SEND_REQUEST, "{i}");
        let (mut wire, c) = wired(8);
        c.dangerous(true);
        send_gets(&c, &mut wire, 1);
        let behind = talk::request(&c, &mut wire, method, fields, None);
        if i == 2 {
            assert_eq!(behind, HC_OK);
            continue;
        }
        assert_eq!(behind, HC_ERR_CANNOT_SEND_REQUEST, "{i}");
        assert_eq!(
            (c.state(), c.unanswered()),
            (HC_STATE_REQUEST_SENT, vec![1])
        );
        assert_eq!(c.take_output(), talk::GET);
    }
}

/// Bodies that are not at hand wait; the head that was built for one stays as it was, and goes
/// when the answers have been taken.
#[test]
fn bodies_that_have_to_wait() {
    let (long, short) = (vec![b'x'; 65_537], [b'y'; 3]);
    let mut unknown = blank_body(HC_BODY_CALLBACK, HC_LENGTH_UNKNOWN);
    unsafe extern "C" fn none(_: *mut std::ffi::c_void, _: usize, _: *mut std::ffi::c_void) -> i64 {
        0
    }
    unknown.read = Some(none);
    let long = memory_body(&long);
    let short = memory_body(&short);
    let pushed: &[(&[u8], &[u8])] = &[(b"Content-Length", b"3")];
    let expects: &[(&[u8], &[u8])] = &[(b"Expect", b"100-continue")];
    for (i, (fields, body)) in [
        (&[][..], Some(&long)),
        (&[][..], Some(&unknown)),
        (pushed, None),
        (expects, Some(&short)),
    ]
    .into_iter()
    .enumerate()
    {
        let (mut wire, c) = wired(8);
        c.timeout(HC_TIMEOUT_EXPECT_CONTINUE, 0);
        send_gets(&c, &mut wire, 2);
        assert_eq!(c.putrequest(b"PUT", b"/", 0), HC_OK);
        for (n, v) in fields {
            assert_eq!(c.putheader(n, v), HC_OK);
        }
        assert_eq!(c.endheaders(body, 0), HC_ERR_CANNOT_SEND_BODY, "{i}");
        assert_eq!(
            (c.state(), c.unanswered()),
            (HC_STATE_REQUEST_STARTED, vec![1, 2])
        );
        wire.load(vec![answer("1"), answer("2")], End::Open);
        for id in 1..=2 {
            assert_eq!(take(&c, &mut wire, Reader::All).map(|t| t.0), Ok(id));
            assert_eq!(c.state(), HC_STATE_REQUEST_STARTED);
        }
        let status = wire.settle(&c, None, &mut || c.endheaders(body, 0));
        assert_eq!(status, HC_OK, "{i}");
        if body.is_none() {
            assert_eq!(talk::get(&c, &mut wire), HC_ERR_CANNOT_SEND_REQUEST);
            assert_eq!(c.send(b"abc"), (HC_OK, 3));
        }
        // Behind it others may follow.
        send_gets(&c, &mut wire, 1);
        assert_eq!(c.unanswered(), [3, 4]);
        wire.load(vec![answer("3"), answer("4")], End::Open);
        for id in 3..=4 {
            assert_eq!(take(&c, &mut wire, Reader::All).map(|t| t.0), Ok(id));
        }
        assert_eq!(c.state(), HC_STATE_IDLE);
    }
}

/// A source that fails has done no harm: nothing of its request is gathered.
#[test]
fn a_body_that_fails() {
    unsafe extern "C" fn fails(
        _: *mut std::ffi::c_void,
        _: usize,
        _: *mut std::ffi::c_void,
    ) -> i64 {
        -9_999
    }
    let (mut wire, c) = wired(8);
    send_gets(&c, &mut wire, 1);
    let mut bad = blank_body(HC_BODY_CALLBACK, 3);
    bad.read = Some(fails);
    let status = talk::request(&c, &mut wire, "PUT", &[], Some(&bad));
    assert_eq!(status, HC_ERR_CALLBACK);
    assert_eq!(
        (c.state(), c.unanswered()),
        (HC_STATE_REQUEST_SENT, vec![1])
    );
    send_gets(&c, &mut wire, 1);
    assert_eq!(c.take_output(), talk::GET.repeat(2));
}

/// While an answer is waited for, requests can be added without a wait; nothing else can be done.
#[test]
fn requests_while_an_answer_is_waited_for() {
    for first_alone in [false, true] {
        let (mut wire, c) = wired(4);
        let long = vec![b'x'; 70_000];
        let body = memory_body(&long);
        let first = if first_alone { Some(&body) } else { None };
        send(&c, &mut wire, "PUT", first);
        let head = answer("1");
        assert_eq!(c.getresponse().err(), Some(HC_WANT_READ));
        let begun = c.feed(&head[..20]);
        assert_eq!((begun, c.getresponse().err()), (HC_OK, Some(HC_WANT_READ)));
        send_gets(&c, &mut wire, 1);
        assert_eq!(c.putrequest(b"GET", b"/", 0), HC_OK);
        assert_eq!(c.endheaders(None, 0), HC_OK);
        assert_eq!(c.finish_body(), HC_ERR_PENDING);
        assert!(c.take_output().ends_with(&talk::GET.repeat(2)));
        assert_eq!(c.feed(&head[20..]), HC_OK);
        assert_eq!(c.feed(&[answer("2"), answer("3")].concat()), HC_OK);
        for (id, body) in (1..).zip(["1", "2", "3"]) {
            let got = take(&c, &mut wire, Reader::All);
            assert_eq!(got, Ok((id, 200, body.as_bytes().to_vec())));
        }
    }
}

/// One connection serves no more than it may, also when they are sent ahead.
#[test]
fn requests_that_one_connection_serves() {
    const HC_LIMIT_REQUESTS: i32 = 6;
    let (mut wire, c) = wired(4);
    c.limit(HC_LIMIT_REQUESTS, 3);
    send_gets(&c, &mut wire, 2);
    wire.load(vec![answer("1"), answer("2"), answer("3")], End::Open);
    assert!(take(&c, &mut wire, Reader::All).is_ok());
    send_gets(&c, &mut wire, 1);
    assert_eq!(talk::get(&c, &mut wire), HC_ERR_CANNOT_SEND_REQUEST);
    assert!(take(&c, &mut wire, Reader::All).is_ok());
    assert_eq!(talk::get(&c, &mut wire), HC_ERR_CANNOT_SEND_REQUEST);
    assert!(take(&c, &mut wire, Reader::All).is_ok());
    // Without auto-open that is the end.
    assert_eq!(talk::get(&c, &mut wire), HC_ERR_NOT_CONNECTED);
}

/// A pipeline of HTTP/1.0 is none.
#[test]
fn http_10_is_not_pipelined() {
    unsafe extern "C" {
        fn hc_set_http_version(c: *mut hc_conn, version: i32) -> i32;
    }
    let (mut wire, c) = wired(4);
    // SAFETY: a live handle.
    c.ok(|p| unsafe { hc_set_http_version(p, 10) });
    send_gets(&c, &mut wire, 1);
    assert_eq!(talk::get(&c, &mut wire), HC_ERR_CANNOT_SEND_REQUEST);
    let (mut wire, c) = wired(4);
    send_gets(&c, &mut wire, 1);
    // SAFETY: a live handle.
    c.ok(|p| unsafe { hc_set_http_version(p, 10) });
    assert_eq!(talk::get(&c, &mut wire), HC_ERR_CANNOT_SEND_REQUEST);
}

/// Refused requests of every kind change nothing of what is under way.
#[test]
fn refused_in_the_middle() {
    let (mut wire, c) = wired(4);
    send(&c, &mut wire, "HEAD", None);
    c.dangerous(true);
    assert_eq!(c.putrequest(b"G T", b"/", 0), HC_ERR_INVALID_ARG);
    assert_eq!(c.putrequest(b"GET", b"/ x", 0), HC_ERR_INVALID_URL);
    let bad: &[(&[u8], &[u8])] = &[(b"A", b"b\r\nc")];
    assert_eq!(
        talk::request(&c, &mut wire, "GET", bad, None),
        HC_ERR_INVALID_ARG
    );
    assert_eq!(
        (c.state(), c.unanswered()),
        (HC_STATE_REQUEST_SENT, vec![1])
    );
    send_gets(&c, &mut wire, 1);
    // HEAD has no body, whatever a refused request was.
    wire.load(
        vec![
            b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n".to_vec(),
            answer("2"),
        ],
        End::Open,
    );
    assert_eq!(take(&c, &mut wire, Reader::All), Ok((1, 200, vec![])));
    assert_eq!(
        take(&c, &mut wire, Reader::All),
        Ok((2, 200, b"2".to_vec()))
    );
    let sent = wire.sent.escape_ascii().to_string();
    assert_eq!(sent.matches("HTTP/1.1").count(), 2, "{sent}");
}

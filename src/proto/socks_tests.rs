use super::*;

/// What we send, each time that it is our turn, and what the proxy answers to that.
type Turn = (&'static [u8], &'static [u8]);

fn host(host: &str, port: i32) -> HostPort {
    HostPort::parse(host.as_bytes(), port, 80).unwrap()
}

fn user(user: &[u8], password: &[u8]) -> Credentials {
    Credentials::new(user, password).unwrap()
}

/// Plays the turns, the answers in pieces of this size. What is left of the last one, or why it
/// failed.
fn play(mut socks: Socks, turns: &[Turn], piece: usize) -> core::result::Result<Vec<u8>, String> {
    for (i, (ours, theirs)) in turns.iter().enumerate() {
        assert_eq!(socks.output(), *ours, "turn {i}");
        while !socks.output().is_empty() {
            socks.sent(1);
        }
        let mut waiting = Vec::new();
        for part in theirs.chunks(piece) {
            waiting.extend_from_slice(part);
            let (used, done) = socks.advance(&waiting, false).map_err(|e| {
                assert_eq!(e.code, Code::HC_ERR_PROXY);
                e.text.to_string()
            })?;
            waiting.drain(..used);
            if done {
                assert_eq!(i, turns.len() - 1, "done too early");
                return Ok(waiting);
            }
        }
        assert_eq!(waiting, b"", "turn {i}");
    }
    match socks.advance(b"", true) {
        Ok(_) => panic!("not done, and does not mind"),
        Err(e) => Err(e.text.to_string()),
    }
}

fn plays(make: impl Fn() -> Socks, turns: &[Turn]) -> core::result::Result<Vec<u8>, String> {
    let whole = play(make(), turns, usize::MAX);
    for piece in 1..24 {
        let cut = play(make(), turns, piece);
        assert_eq!(cut.is_ok(), whole.is_ok(), "pieces of {piece}");
        if whole.is_err() {
            assert_eq!(cut, whole, "pieces of {piece}");
        }
    }
    whole
}

const GRANTED: &[u8] = b"\x05\0\0\x01\0\0\0\0\0\0";

#[test]
fn v5_without_user() {
    let turns: &[Turn] = &[
        (b"\x05\x01\x00", b"\x05\x00"),
        (b"\x05\x01\x00\x03\x01h\x00\x50", GRANTED),
    ];
    assert_eq!(
        plays(|| Socks::v5(&host("h", 0), None).unwrap(), turns),
        Ok(vec![])
    );
}

#[test]
fn v5_addresses() {
    for (name, bytes) in [
        (
            "192.0.2.1",
            &b"\x05\x01\x00\x01\xc0\x00\x02\x01\x1f\x90"[..],
        ),
        (
            "2001:db8::1",
            b"\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1f\x90",
        ),
        (
            "[fe80::1%eth0]",
            b"\x05\x01\x00\x04\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1f\x90",
        ),
    ] {
        let turns: &[Turn] = &[(b"\x05\x01\x00", b"\x05\x00"), (bytes, GRANTED)];
        let make = || Socks::v5(&host(name, 8080), None).unwrap();
        assert_eq!(plays(make, turns), Ok(vec![]), "{name}");
    }
}

#[test]
fn v5_answers_with_any_kind_of_address() {
    for answer in [
        &b"\x05\0\0\x01\x01\x02\x03\x04\x05\x06"[..],
        b"\x05\0\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0",
        b"\x05\0\0\x03\x03abc\0\0",
        b"\x05\0\0\x03\0\0\0",
    ] {
        let turns: &[Turn] = &[
            (b"\x05\x01\x00", b"\x05\x00"),
            (b"\x05\x01\x00\x03\x01h\x00\x50", answer),
        ];
        let make = || Socks::v5(&host("h", 0), None).unwrap();
        assert_eq!(plays(make, turns), Ok(vec![]));
    }
    // The longest that there is.
    let mut longest = b"\x05\0\0\x03\xff".to_vec();
    longest.extend_from_slice(&[b'n'; 257]);
    let mut socks = Socks::v5(&host("h", 0), None).unwrap();
    socks.sent(3);
    assert_eq!(socks.advance(b"\x05\x00", false).unwrap(), (2, false));
    socks.sent(8);
    longest.extend_from_slice(b"more");
    let taken = longest.len() - 4;
    assert_eq!(socks.advance(&longest, false).unwrap(), (taken, true));
}

#[test]
fn v5_with_user() {
    let make = || Socks::v5(&host("h", 443), Some(&user(b"me", b"pw"))).unwrap();
    let asked: &[Turn] = &[
        (b"\x05\x02\x00\x02", b"\x05\x02"),
        (b"\x01\x02me\x02pw", b"\x01\x00"),
        (b"\x05\x01\x00\x03\x01h\x01\xbb", GRANTED),
    ];
    assert_eq!(plays(make, asked), Ok(vec![]));
    let lax: &[Turn] = &[
        (b"\x05\x02\x00\x02", b"\x05\x02"),
        (b"\x01\x02me\x02pw", b"\x05\x00"),
        (b"\x05\x01\x00\x03\x01h\x01\xbb", GRANTED),
    ];
    assert_eq!(plays(make, lax), Ok(vec![]));
    let not_asked: &[Turn] = &[
        (b"\x05\x02\x00\x02", b"\x05\x00"),
        (b"\x05\x01\x00\x03\x01h\x01\xbb", GRANTED),
    ];
    assert_eq!(plays(make, not_asked), Ok(vec![]));
}

#[test]
fn v5_refusals_are_named() {
    for (code, word) in [
        (1, "general failure"),
        (2, "not allowed"),
        (3, "network unreachable"),
        (4, "host unreachable"),
        (5, "connection refused"),
        (6, "time to live"),
        (7, "command not supported"),
        (8, "kind of address"),
        (9, "unknown reason"),
        (255, "reply 255"),
    ] {
        // Whole, without the address, and with a kind of address that does not exist.
        for rest in [&b"\0\x01\0\0\0\0\0\0"[..], b"", b"\0\x09"] {
            let mut socks = Socks::v5(&host("h", 0), None).unwrap();
            socks.sent(3);
            socks.advance(b"\x05\x00", false).unwrap();
            socks.sent(8);
            let answer = [&[5, code], rest].concat();
            let e = socks.advance(&answer, false).unwrap_err();
            assert!(e.text.contains(word), "{code}: {}", e.text);
            assert_eq!(e.code, Code::HC_ERR_PROXY);
        }
    }
    let none: &[Turn] = &[(b"\x05\x01\x00", b"\x05\xff")];
    let e = plays(|| Socks::v5(&host("h", 0), None).unwrap(), none).unwrap_err();
    assert!(e.contains("wants authentication"), "{e}");
    let with = || Socks::v5(&host("h", 0), Some(&user(b"me", b""))).unwrap();
    let e = plays(with, &[(b"\x05\x02\x00\x02", b"\x05\xff")]).unwrap_err();
    assert!(e.contains("neither"), "{e}");
    let wrong: &[Turn] = &[
        (b"\x05\x02\x00\x02", b"\x05\x02"),
        (b"\x01\x02me\x00", b"\x01\x07"),
    ];
    let e = plays(with, wrong).unwrap_err();
    assert!(e.contains("status 7"), "{e}");
}

#[test]
fn v5_garbage() {
    let make = || Socks::v5(&host("h", 0), None).unwrap();
    for (answer, word) in [
        (&b"HTTP/1.1 400 Bad\r\n\r\n"[..], "not SOCKS"),
        (b"\x04\x5a", "not SOCKS"),
        (b"\x05\x02", "was not offered"),
        (b"\x05\x01", "was not offered"),
        (b"\x05", "closed the connection"),
        (b"", "closed the connection"),
        (b"\x05\x00\x05", "before it was asked"),
    ] {
        let e = play(make(), &[(b"\x05\x01\x00", answer)], usize::MAX).unwrap_err();
        assert!(e.contains(word), "{answer:?}: {e}");
    }
    for (answer, word) in [
        (&b"\x05\0\0\x02"[..], "unknown kind 2"),
        (b"\x04\0\0\x01", "not SOCKS"),
        (b"\x05\0\0", "closed the connection"),
        (b"\x05\0\0\x01\0\0\0\0\0", "closed the connection"),
        (b"\x05\0\0\x03\x05abc", "closed the connection"),
    ] {
        let turns: &[Turn] = &[
            (b"\x05\x01\x00", b"\x05\x00"),
            (b"\x05\x01\x00\x03\x01h\x00\x50", answer),
        ];
        let e = plays(make, turns).unwrap_err();
        assert!(e.contains(word), "{answer:?}: {e}");
    }
    // Something unasked before the first byte of ours.
    let e = make().advance(b"\x05", false).unwrap_err();
    assert!(e.text.contains("before it was asked"), "{}", e.text);
}

#[test]
fn bytes_behind_the_last_reply_are_left() {
    let turns: &[Turn] = &[
        (b"\x05\x01\x00", b"\x05\x00"),
        (
            b"\x05\x01\x00\x03\x01h\x00\x50",
            b"\x05\0\0\x01\0\0\0\0\0\0evil",
        ),
    ];
    let left = play(Socks::v5(&host("h", 0), None).unwrap(), turns, usize::MAX);
    assert_eq!(left, Ok(b"evil".to_vec()));
    let turns: &[Turn] = &[(
        b"\x04\x01\x00\x50\0\0\0\x01\0h\0",
        b"\0\x5a\0\0\0\0\0\0evil",
    )];
    let left = play(Socks::v4a(&host("h", 0), None).unwrap(), turns, usize::MAX);
    assert_eq!(left, Ok(b"evil".to_vec()));
}

#[test]
fn v4a() {
    let good = b"\0\x5a\0\0\0\0\0\0";
    let name = || Socks::v4a(&host("h.i", 0), Some(&user(b"me", b""))).unwrap();
    let turns: &[Turn] = &[(b"\x04\x01\x00\x50\0\0\0\x01me\0h.i\0", good)];
    assert_eq!(plays(name, turns), Ok(vec![]));
    let number = || Socks::v4a(&host("192.0.2.1", 0), None).unwrap();
    let turns: &[Turn] = &[(b"\x04\x01\x00\x50\xc0\x00\x02\x01\0", good)];
    assert_eq!(plays(number, turns), Ok(vec![]));
    assert!(Socks::v4a(&host("::1", 0), None).is_err());
    for (answer, word) in [
        (&b"\0\x5b\0\0\0\0\0\0"[..], "rejected"),
        (b"\0\x5c\0\0\0\0\0\0", "cannot reach the identd"),
        (b"\0\x5d\0\0\0\0\0\0", "another user"),
        (b"\0\x5e\0\0\0\0\0\0", "reply 94"),
        (b"\0\x5a\0\0\0\0\0", "7 bytes"),
        (b"", "0 bytes"),
        (b"\x05\x00", "not SOCKS"),
        (b"HTTP/1.1", "not SOCKS"),
    ] {
        let turns: &[Turn] = &[(b"\x04\x01\x00\x50\xc0\x00\x02\x01\0", answer)];
        let e = plays(number, turns).unwrap_err();
        assert!(e.contains(word), "{answer:?}: {e}");
    }
}

#[test]
fn lengths() {
    let long = [b'x'; 256];
    assert!(Socks::v5(&host("h", 0), Some(&user(&long[1..], &long[1..]))).is_ok());
    assert!(Socks::v5(&host("h", 0), Some(&user(&long, b"x"))).is_err());
    assert!(Socks::v5(&host("h", 0), Some(&user(b"x", &long))).is_err());
    assert!(Socks::v5(&host("h", 0), Some(&user(b"", b"x"))).is_err());
    assert!(Socks::v4a(&host("h", 0), Some(&user(&long, b""))).is_err());
    assert!(Socks::v4a(&host("h", 0), Some(&user(b"a\0b", b""))).is_err());
    assert!(Socks::v4a(&host("h", 0), Some(&user(b"a", b"b"))).is_err());
    assert!(Socks::v5(&host(&"h".repeat(255), 0), None).is_ok());
    let unchecked = |name: &[u8]| HostPort::parse_unchecked(name, 80, 80).unwrap();
    assert!(Socks::v5(&unchecked(&[b'h'; 256]), None).is_err());
    assert!(Socks::v5(&unchecked(b"h\0i"), None).is_err());
    assert!(Socks::v4a(&unchecked(b"h\0i"), None).is_err());
}

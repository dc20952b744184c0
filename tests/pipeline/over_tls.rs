//! The same over TLS, whose records keep to no message: what it has taken and not sent, and
//! answers that come in any pieces.

use crate::common::api::*;
use crate::common::handle::Conn;
use crate::common::socket::{PATIENCE, Peer, pair, poll};
use crate::tls::config::Tls;
use crate::tls::pki::Authority;
use crate::tls::served::{Served, Then, config, ok};
use std::thread::{JoinHandle, spawn};

const COUNT: u64 = 6;

fn answers(last: Then) -> Vec<(Vec<u8>, Then)> {
    (1..=COUNT)
        .map(|i| {
            let then = if i == COUNT { last } else { Then::Stay };
            (ok(i.to_string().as_bytes()), then)
        })
        .collect()
}

/// Plays the server at the other end of a socket, piece by piece.
fn carry(mut served: Served, peer: Peer, piece: usize) -> JoinHandle<Served> {
    spawn(move || {
        loop {
            let bytes = peer.read();
            if bytes.is_empty() {
                return served;
            }
            served.feed(&bytes);
            for part in served.drain().chunks(piece) {
                peer.write(part);
            }
            if served.ended {
                peer.end();
            }
        }
    })
}

/// Makes a call until it does not have to wait.
fn settle(c: &Conn, call: &mut dyn FnMut() -> i32) -> i32 {
    loop {
        let status = call();
        if status != HC_WANT_READ && status != HC_WANT_WRITE {
            return status;
        }
        let (fd, wanted, _) = c.want();
        let events = [
            (HC_EVENT_READ, libc::POLLIN),
            (HC_EVENT_WRITE, libc::POLLOUT),
        ];
        let events = events.iter().filter(|e| wanted & e.0 != 0);
        let events = events.fold(0, |all, e| all | e.1);
        assert!(poll(fd, events, PATIENCE), "it waits for ever");
    }
}

fn next(c: &Conn) -> Result<(u64, Vec<u8>), i32> {
    let mut got = None;
    let status = settle(c, &mut || match c.getresponse() {
        Ok(r) => {
            got = Some(r);
            HC_OK
        }
        Err(status) => status,
    });
    let r = got.ok_or(status)?;
    let mut body = Vec::new();
    let status = settle(c, &mut || {
        let (status, bytes) = r.read_all(1000);
        body = bytes;
        status
    });
    assert_eq!(status, HC_OK);
    Ok((r.request_id(), body))
}

/// Requests of 20 KB each, which are more than TLS takes at once.
#[test]
fn every_answer_finds_its_request() {
    let root = Authority::root();
    let server = root.server(&["example.test"]);
    let long = vec![b'x'; 20_000];
    for nonblocking in [false, true] {
        for piece in [1, 30, usize::MAX] {
            for last in [Then::Stay, Then::Cut] {
                let tls = Tls::trusting(&root.pem);
                let c = tls.conn("example.test", 0);
                let (client, fd) = pair();
                c.adopt(client);
                c.nonblocking(nonblocking);
                assert_eq!(c.set_depth(16), HC_OK);
                let served = Served::new(config(&server), answers(last));
                let carrier = carry(served, Peer::new(fd), piece);
                for _ in 0..COUNT {
                    let header: &[(&[u8], &[u8])] = &[(b"X", &long)];
                    let status = settle(&c, &mut || c.request("GET", "/", header, None, 0));
                    assert_eq!(status, HC_OK, "{:?}", c.last_error());
                }
                for i in 1..=COUNT {
                    assert_eq!(next(&c), Ok((i, i.to_string().into_bytes())));
                }
                if last == Then::Cut {
                    let status = settle(&c, &mut || c.request("GET", "/", &[], None, 0));
                    // Its end may have been seen by now, or be seen when the answer is asked for.
                    if status == HC_OK {
                        assert!(next(&c).is_err());
                        assert_eq!(c.lost().first().map(|l| l.0), Some(COUNT + 1));
                    }
                }
                c.close();
                assert!(carrier.join().is_ok_and(|s| s.requests as u64 >= COUNT));
            }
        }
    }
}

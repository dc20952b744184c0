//! Bodies that are sent over TLS: what it has taken and the socket has not, and servers that answer
//! without reading to the end.

mod common;
mod corpus;
mod tls;

use common::api::*;
use common::handle::{Conn, memory_body, name};
use common::socket::{PATIENCE, Peer, pair, poll};
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{JoinHandle, spawn};
use tls::config::*;
use tls::pki::{Authority, Identity};
use tls::served::{Served, Then, config, ok};

fn pki() -> (Authority, Identity) {
    let root = Authority::root();
    let server = root.server(&["example.test"]);
    (root, server)
}

/// Makes a call until it does not have to wait.
fn settle(c: &Conn, call: &mut dyn FnMut() -> i32) -> i32 {
    loop {
        let status = call();
        if status != HC_WANT_READ && status != HC_WANT_WRITE {
            return status;
        }
        let (fd, wanted, _) = c.want();
        let mut events = 0;
        if wanted & HC_EVENT_WRITE != 0 {
            events |= libc::POLLOUT;
        }
        if wanted & HC_EVENT_READ != 0 {
            events |= libc::POLLIN;
        }
        assert!(poll(fd, events, PATIENCE), "it waits for ever");
    }
}

/// What TLS has taken and the socket has not is still the library's to send: a call that sends is
/// done when it has left, and one that does not wait says so.
#[test]
fn a_long_upload_to_a_peer_that_is_slow() {
    let (root, server) = pki();
    let body: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 253) as u8).collect();
    for nonblocking in [false, true] {
        let tls = Tls::trusting(&root.pem);
        let c = tls.conn("example.test", 0);
        let (client, fd) = pair();
        c.adopt(client);
        c.nonblocking(nonblocking);
        let mut served = Served::new(config(&server), vec![(ok(b"thanks"), Then::Stay)]);
        let carrier = spawn(move || {
            let peer = Peer::new(fd);
            loop {
                let bytes = peer.read();
                if bytes.is_empty() {
                    return served;
                }
                served.feed(&bytes);
                peer.write(&served.drain());
            }
        });
        let given = memory_body(&body);
        let status = settle(&c, &mut || c.request("PUT", "/", &[], Some(&given), 0));
        assert_eq!(status, HC_OK, "{:?}", c.last_error());
        let mut got = None;
        let status = settle(&c, &mut || match c.getresponse() {
            Ok(r) => {
                got = Some(r);
                HC_OK
            }
            Err(status) => status,
        });
        assert_eq!(status, HC_OK, "{:?}", c.last_error());
        assert_eq!(got.map(|r| r.read(100).1), Some(b"thanks".to_vec()));
        c.close();
        let Ok(served) = carrier.join() else {
            panic!("the carrier failed")
        };
        assert_eq!((served.requests, served.trouble), (1, None));
        assert!(served.saw_close_notify);
    }
}

/// What the server does behind its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behind {
    /// It resets the connection.
    Reset,
    /// It keeps the connection, and reads nothing.
    Silence,
}

/// How the body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    Push,
    PushChunks,
    Memory,
}

fn small_buffer(fd: i32, option: libc::c_int) {
    let size: libc::c_int = 4096;
    // SAFETY: an open socket, and an option that is one int.
    let set = unsafe {
        libc::setsockopt(
            fd,
            libc::SOL_SOCKET,
            option,
            (&raw const size).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    assert_eq!(set, 0);
}

/// A server that answers when more has come than the head of the request, and reads none of it.
/// Both buffers in between are so small that the client's TLS is left with most of the body.
fn impatient(
    config: rustls::ServerConfig,
    behind: Behind,
    go: Receiver<()>,
) -> (OwnedFd, JoinHandle<()>) {
    let Ok(listener) = TcpListener::bind("127.0.0.1:0") else {
        panic!("no port")
    };
    small_buffer(listener.as_raw_fd(), libc::SO_RCVBUF);
    let client = listener.local_addr().and_then(TcpStream::connect);
    let (Ok(client), Ok((socket, _))) = (client, listener.accept()) else {
        panic!("no connection")
    };
    small_buffer(client.as_raw_fd(), libc::SO_SNDBUF);
    // An answer that waits for the tickets to be acknowledged is lost with the reset.
    assert!(socket.set_nodelay(true).is_ok());
    let server = spawn(move || {
        let linger = libc::linger {
            l_onoff: 1,
            l_linger: 0,
        };
        // SAFETY: an open socket, and the option's structure.
        let set = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_LINGER,
                (&raw const linger).cast(),
                size_of::<libc::linger>() as libc::socklen_t,
            )
        };
        assert_eq!(set, 0);
        let peer = Peer::new(socket.into());
        let mut served = Served::new(config, Vec::new());
        // The body says so by its length: a head alone is no request for `Served`.
        while !served.has_head() {
            served.feed(&peer.read());
            peer.write(&served.drain());
        }
        assert!(poll(peer.fd(), libc::POLLIN, PATIENCE), "no body comes");
        let answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 8\r\n\r\ntoo much";
        assert!(served.conn().writer().write_all(answer).is_ok());
        assert!(peer.write(&served.drain()));
        if behind == Behind::Silence {
            // Until the client has read the answer.
            let _ = go.recv_timeout(PATIENCE);
        }
    });
    (client.into(), server)
}

/// A server's answer is worth more than the failure to go on sending, also when only TLS is left
/// with bytes to send.
#[test]
fn an_answer_before_the_body_has_left() {
    let (root, server) = pki();
    let body = vec![b'x'; 500_000];
    for behind in [Behind::Reset, Behind::Silence] {
        for sending in [Sending::Push, Sending::PushChunks, Sending::Memory] {
            for nonblocking in [false, true] {
                let what = format!("{behind:?} {sending:?} {nonblocking}");
                let tls = Tls::trusting(&root.pem);
                let c = tls.conn("example.test", 0);
                c.auto_open(false);
                c.timeout(HC_TIMEOUT_WRITE, 5_000);
                c.nonblocking(nonblocking);
                let (done, go) = channel();
                let (client, thread) = impatient(config(&server), behind, go);
                c.adopt(client);
                let status = match sending {
                    Sending::Memory => {
                        let given = memory_body(&body);
                        settle(&c, &mut || c.request("PUT", "/", &[], Some(&given), 0))
                    }
                    _ => push(&c, sending, &body),
                };
                let expected = match sending {
                    Sending::Memory => HC_OK,
                    _ => HC_ERR_EARLY_RESPONSE,
                };
                assert_eq!(
                    status,
                    expected,
                    "{what} {} {:?}",
                    name(status),
                    c.last_error()
                );
                let mut got = None;
                let status = settle(&c, &mut || match c.getresponse() {
                    Ok(r) => {
                        got = Some(r);
                        HC_OK
                    }
                    Err(status) => status,
                });
                assert_eq!(status, HC_OK, "{what} {:?}", c.last_error());
                let Some(r) = got else { panic!("no response") };
                assert_eq!(
                    (r.status(), r.read(100).1),
                    (413, b"too much".to_vec()),
                    "{what}"
                );
                assert_eq!(r.will_close(), HC_CLOSE_EARLY_RESPONSE, "{what}");
                assert!(done.send(()).is_ok() || behind == Behind::Reset);
                assert!(thread.join().is_ok(), "{what}");
            }
        }
    }
}

/// Pieces that TLS takes whole and the socket does not.
fn push(c: &Conn, sending: Sending, body: &[u8]) -> i32 {
    let length = body.len().to_string();
    let framing: (&[u8], &[u8]) = match sending {
        Sending::PushChunks => (b"Transfer-Encoding", b"chunked"),
        _ => (b"Content-Length", length.as_bytes()),
    };
    assert_eq!(c.putrequest(b"PUT", b"/", 0), HC_OK);
    assert_eq!(c.putheader(framing.0, framing.1), HC_OK);
    let status = settle(c, &mut || c.endheaders(None, 0));
    assert_eq!(status, HC_OK, "{:?}", c.last_error());
    for piece in body.chunks(50_000) {
        let mut left = piece;
        while !left.is_empty() {
            let status = settle(c, &mut || {
                let (status, sent) = c.send(left);
                left = &left[sent..];
                status
            });
            if status != HC_OK {
                return status;
            }
        }
    }
    settle(c, &mut || c.finish_body())
}

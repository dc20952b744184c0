//! A scripted server on the loopback interface: each connection it accepts runs the next
//! closure of its script, in order, on one thread.

use super::socket::{PATIENCE, Peer, readable};
use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread::{self, JoinHandle};

pub type Act = Box<dyn FnOnce(&Peer) + Send>;

pub struct Server {
    pub port: u16,
    thread: JoinHandle<()>,
}

/// The end of a request head.
pub const HEAD_END: &[u8] = b"\r\n\r\n";

impl Server {
    #[allow(clippy::unwrap_used)] // part of a test
    /// A connection stays open until the whole script is over.
    pub fn start(script: Vec<Act>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = thread::spawn(move || {
            let mut open = Vec::new();
            for act in script {
                readable(listener.as_raw_fd(), PATIENCE);
                let (stream, _) = listener.accept().unwrap();
                let peer = Peer::new(OwnedFd::from(stream));
                act(&peer);
                open.push(peer);
            }
        });
        Self { port, thread }
    }

    /// Waits for the end of the script; a failed assertion in it fails the test.
    pub fn finish(self) {
        if let Err(panic) = self.thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

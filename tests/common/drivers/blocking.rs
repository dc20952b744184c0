//! A socket pair and blocking calls: a thread writes the next piece when the client has
//! taken the last one out of its socket.

use super::{Queue, Wire};
use crate::common::handle::Conn;
use crate::common::response::Resp;
use crate::common::socket::{PATIENCE, Peer, pair};
use crate::corpus::End;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

#[derive(Default)]
pub struct Blocking {
    peer: Option<Arc<Peer>>,
    writer: Option<Writer>,
}

struct Writer {
    thread: JoinHandle<()>,
    /// Do not wait for the client any more.
    rush: Arc<AtomicBool>,
}

impl Writer {
    fn start(peer: Arc<Peer>, mut queue: Queue) -> Self {
        let rush = Arc::new(AtomicBool::new(false));
        let hurry = Arc::clone(&rush);
        let thread = thread::spawn(move || {
            let end = Instant::now() + PATIENCE;
            while let Some(mut piece) = queue.next(usize::MAX) {
                let n = peer.write_some(&piece);
                queue.put_back(piece.split_off(n));
                // Nothing tells when a socket runs empty, so this asks again and again;
                // it lasts as long as the client's next read.
                while peer.unread_by_client() > 0 && !hurry.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                let gone = n == 0 && hurry.load(Ordering::Relaxed);
                if gone || Instant::now() > end {
                    return;
                }
            }
            if queue.take_end() {
                peer.end();
            }
        });
        Self { thread, rush }
    }

    fn finish(self) {
        self.rush.store(true, Ordering::Relaxed);
        assert!(self.thread.join().is_ok(), "the writing thread failed");
    }
}

impl Wire for Blocking {
    fn open(&mut self, c: &Conn) {
        let (client, server) = pair();
        self.peer = Some(Arc::new(Peer::new(server)));
        c.nonblocking(false);
        c.adopt(client);
    }

    fn attach(&mut self, c: &Conn) {
        self.open(c);
    }

    fn load(&mut self, pieces: Vec<Vec<u8>>, end: End) {
        let Some(peer) = &self.peer else {
            unreachable!("opened first")
        };
        let mut queue = Queue::default();
        queue.load(pieces, end);
        self.writer = Some(Writer::start(Arc::clone(peer), queue));
    }

    fn settle(&mut self, _: &Conn, _: Option<&Resp>, call: &mut dyn FnMut() -> i32) -> i32 {
        call()
    }

    fn rush(&mut self, _: &Conn) {
        if let Some(writer) = self.writer.take() {
            writer.finish();
        }
    }

    fn supplied(&self) -> Option<usize> {
        None // the thread may be one piece ahead
    }

    fn rest(&mut self, fd: i32) -> Vec<u8> {
        read_rest(fd)
    }
}

impl Drop for Blocking {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.rush.store(true, Ordering::Relaxed);
            // Its failure has been seen by `rush`, or a test is failing already.
            let _ = writer.thread.join();
        }
    }
}

/// What is still in a detached socket; closes it.
pub fn read_rest(fd: i32) -> Vec<u8> {
    assert!(fd >= 0, "detach gave no descriptor");
    // SAFETY: hr_detach handed the descriptor over.
    let socket = Peer::new(unsafe { OwnedFd::from_raw_fd(fd) });
    socket.read_now()
}

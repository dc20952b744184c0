//! A socket pair, and a program that writes the next piece whenever a call would wait.

use super::{Queue, Wire, settle_with};
use crate::common::api::*;
use crate::common::handle::Conn;
use crate::common::response::Resp;
use crate::common::socket::{Peer, pair};
use crate::corpus::End;

#[derive(Default)]
pub struct NonBlocking {
    peer: Option<Peer>,
    queue: Queue,
}

/// Writes the next piece; `false` when there is none, or no room.
fn write_next(peer: &Peer, queue: &mut Queue) -> bool {
    if let Some(mut piece) = queue.next(usize::MAX) {
        let n = peer.write_some(&piece);
        queue.put_back(piece.split_off(n));
        return n > 0;
    }
    let ends = queue.take_end();
    if ends {
        peer.end();
    }
    ends
}

impl Wire for NonBlocking {
    fn open(&mut self, c: &Conn) {
        let (client, server) = pair();
        self.peer = Some(Peer::new(server));
        c.nonblocking(true);
        c.adopt(client);
    }

    fn attach(&mut self, c: &Conn) {
        self.open(c);
    }

    fn load(&mut self, pieces: Vec<Vec<u8>>, end: End) {
        self.queue.load(pieces, end);
    }

    fn settle(&mut self, c: &Conn, r: Option<&Resp>, call: &mut dyn FnMut() -> i32) -> i32 {
        let Some(peer) = &self.peer else {
            unreachable!("opened first")
        };
        settle_with(call, |status| {
            // What a program would hand to poll must fit what the call said.
            let (fd, events) = match r {
                Some(r) => {
                    let (answer, fd, events, _) = r.want();
                    assert_eq!(answer, HC_OK, "hr_want");
                    (fd, events)
                }
                None => (c.want().0, c.want().1),
            };
            let wanted = if status == HC_WANT_READ {
                HC_EVENT_READ
            } else {
                HC_EVENT_WRITE
            };
            assert!(
                fd >= 0 && events & wanted != 0,
                "want: fd {fd}, events {events}"
            );
            status == HC_WANT_READ && write_next(peer, &mut self.queue)
        })
    }

    fn rush(&mut self, _: &Conn) {
        if let Some(peer) = &self.peer {
            while write_next(peer, &mut self.queue) {}
        }
    }

    fn supplied(&self) -> Option<usize> {
        Some(self.queue.supplied)
    }

    fn rest(&mut self, fd: i32) -> Vec<u8> {
        super::blocking::read_rest(fd)
    }
}

//! No wire at all: the test is the program that owns it.

use super::{Queue, Wire, settle_with};
use crate::common::api::*;
use crate::common::handle::Conn;
use crate::common::response::Resp;
use crate::corpus::End;

#[derive(Default)]
pub struct SansIo {
    queue: Queue,
    pub sent: Vec<u8>,
}

impl SansIo {
    fn more(&mut self, c: &Conn) -> bool {
        if let Some(piece) = self.queue.next(usize::MAX) {
            assert_eq!(c.feed(&piece), HC_OK, "hc_feed");
            return true;
        }
        let ends = self.queue.take_end();
        if ends {
            assert_eq!(c.feed_eof(), HC_OK, "hc_feed_eof");
        }
        ends
    }
}

impl Wire for SansIo {
    fn open(&mut self, c: &Conn) {
        self.sent.clear();
        // SAFETY: `ok` passes the live handle; the other arguments outlive the call.
        c.ok(|p| unsafe { hc_set_sansio(p) });
        c.connect();
    }

    fn attach(&mut self, _: &Conn) {
        unreachable!("without a wire the program makes the tunnel")
    }

    fn load(&mut self, pieces: Vec<Vec<u8>>, end: End) {
        self.queue.load(pieces, end);
    }

    fn settle(&mut self, c: &Conn, _: Option<&Resp>, call: &mut dyn FnMut() -> i32) -> i32 {
        settle_with(call, |status| {
            let output = c.take_output();
            self.sent.extend_from_slice(&output);
            if status == HC_WANT_WRITE {
                !output.is_empty()
            } else {
                self.more(c)
            }
        })
    }

    fn rush(&mut self, c: &Conn) {
        // A connection that gave up takes no more bytes, and need not.
        while let Some(piece) = self.queue.next(usize::MAX) {
            let _ = c.feed(&piece);
        }
        if self.queue.take_end() {
            let _ = c.feed_eof();
        }
    }

    fn supplied(&self) -> Option<usize> {
        Some(self.queue.supplied)
    }

    fn rest(&mut self, fd: i32) -> Vec<u8> {
        assert_eq!(fd, -1, "there is no descriptor to take away");
        self.queue.take_all()
    }
}

//! The memory of an exchange: the head that is sent, the buffer for what arrives, the head that
//! was read. A connection has it from the beginning of a request until its response has been
//! freed, and then gives it to whoever begins next, so that an idle connection holds no buffer
//! and one exchange after another allocates nothing.

use super::connection::{Connection, Pending};
use super::outgoing::Outgoing;
use super::wire::Wire;
use crate::proto::head::Head;
use crate::proto::state::State;
use crate::sys::spares::Spares;

/// A buffer that has grown beyond this served something unusual: it is freed.
const MOST: usize = 80 * 1024;

/// See the module. In a connection under way it is empty: its parts are in use.
#[derive(Debug, Default)]
pub struct Kit {
    out: Outgoing,
    head: Box<Head>,
    /// Of the response that was freed last.
    spare_head: Option<Box<Head>>,
    buf: Vec<u8>,
}

static KITS: Spares<Kit> = Spares::new();

impl Connection {
    /// A request begins.
    #[inline]
    pub(super) fn unpack(&mut self) {
        if self.out.head.capacity() > 0 {
            return;
        }
        if let Some(kit) = self.kit.take().or_else(|| KITS.take()) {
            self.use_kit(kit);
        }
    }

    #[inline]
    fn use_kit(&mut self, mut kit: Box<Kit>) {
        std::mem::swap(&mut self.out, &mut kit.out);
        if self.head.capacity() == 0 {
            std::mem::swap(&mut self.head, &mut kit.head);
        }
        if self.spare_head.is_none() {
            self.spare_head = kit.spare_head.take();
        }
        if let Some(wire) = &mut self.wire {
            wire.swap_buffer(&mut kit.buf);
        }
        self.kit = Some(kit);
    }

    /// A connection was opened for it.
    pub(super) fn equip(&mut self, wire: &mut Wire) {
        if let Some(kit) = &mut self.kit {
            wire.swap_buffer(&mut kit.buf);
        }
    }

    /// A connection is gone before its exchange is over.
    pub(super) fn strip(&mut self, mut wire: Wire) {
        if let Some(kit) = &mut self.kit
            && kit.buf.is_empty()
        {
            kit.buf = wire.take_buffer();
        }
    }

    /// A response takes the connection along, and with it the memory of the exchange.
    #[cold]
    pub(super) fn hand_on(&mut self, carrier: &mut Self) {
        carrier.kit = self.kit.take();
        std::mem::swap(&mut carrier.out, &mut self.out);
        std::mem::swap(&mut carrier.head, &mut self.head);
    }

    /// A response was freed. If that was the last of the exchange, nothing of it is needed.
    #[inline]
    pub(super) fn pack(&mut self) {
        let is_over = self.state() == State::Idle
            && self.pending == Pending::None
            && !self.has_answer
            && !self.reader.has_begun();
        if !is_over
            || self.wire.as_ref().is_some_and(|w| !w.is_at_rest())
            || self.pipeline.as_ref().is_some_and(|p| !p.is_at_rest())
        {
            return;
        }
        let mut kit = self.kit.take().unwrap_or_default();
        self.out.clear();
        std::mem::swap(&mut self.out, &mut kit.out);
        std::mem::swap(&mut self.head, &mut kit.head);
        kit.spare_head = self.spare_head.take();
        if let Some(wire) = &mut self.wire {
            wire.swap_buffer(&mut kit.buf);
        }
        kit.trim();
        KITS.put(kit);
    }
}

impl Kit {
    #[inline]
    fn trim(&mut self) {
        if self.buf.capacity() > MOST {
            self.buf = Vec::new();
        }
        if self.out.capacity() > MOST {
            self.out = Outgoing::default();
        }
        if self.head.capacity() > MOST {
            *self.head = Head::default();
        }
        self.spare_head.take_if(|h| h.capacity() > MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::body_source::BodySource;
    use crate::client::connection::Origin;
    use crate::client::request::{RequestFields, RequestFlags};
    use crate::error::{Code, Error};
    use crate::net::Step;
    use crate::net::memory::Pipe;

    fn connection() -> Connection {
        let made = Connection::new(b"example.test", 0).and_then(|mut c| {
            let (pipe, used) = (Pipe::default(), false);
            c.set_origin(Origin::SansIo { pipe, used }).map(|()| c)
        });
        made.unwrap_or_else(|e| panic!("{e:?}"))
    }

    /// A request and its answer, to where the response is freed.
    fn exchange(c: &mut Connection, answer: &[u8]) {
        let fields = RequestFields {
            count: 0,
            get: &|_| Err(Error::new(Code::HC_ERR_INTERNAL, "there is none")),
        };
        let flags = RequestFlags::default();
        let sent = c.request(b"GET", b"/", &fields, &mut BodySource::None, flags);
        assert!(matches!(sent, Ok(Step::Done(()))), "{sent:?}");
        let n = c.output().map_or(0, <[u8]>::len);
        assert!(c.output_consumed(n).is_ok());
        assert!(c.feed(answer).is_ok());
        let Ok(Step::Done(mut answer)) = c.get_response() else {
            panic!("no answer")
        };
        let carrier = answer.carrier.as_deref_mut();
        let reader = carrier.unwrap_or(c);
        let mut response = answer.begun.into_response();
        let mut body = [0; 16];
        while !matches!(reader.read(&mut response, &mut body), Ok(Step::Done(0))) {}
        reader.give_up(&mut response);
        reader.recycle(answer.head);
    }

    fn holds(c: &Connection) -> usize {
        let buffer = c.wire.as_ref().map_or(0, Wire::buffer_size);
        let heads = c.head.capacity() + usize::from(c.spare_head.is_some());
        buffer + heads + c.out.capacity() + usize::from(c.kit.is_some())
    }

    const KEPT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    #[test]
    fn an_idle_connection_holds_no_buffer() {
        let mut c = connection();
        for _ in 0..3 {
            exchange(&mut c, KEPT);
            assert!(c.wire.is_some());
            assert_eq!(holds(&c), 0);
        }
    }

    #[test]
    fn one_whose_peer_has_ended_it_holds_none_either() {
        let mut c = connection();
        exchange(&mut c, b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
        assert!(c.wire.is_none());
        assert_eq!(holds(&c), 0);
    }

    #[test]
    fn what_has_grown_beyond_the_usual_is_freed() {
        let mut kit = Kit {
            buf: Vec::with_capacity(MOST + 1),
            ..Kit::default()
        };
        kit.trim();
        assert_eq!(kit.buf.capacity(), 0);
        kit.buf = Vec::with_capacity(MOST);
        kit.trim();
        assert!(kit.buf.capacity() >= MOST);
    }

    /// A thousand idle handles are a thousand of these.
    #[test]
    fn a_connection_is_small() {
        let size = size_of::<Connection>();
        assert!(size <= 1312, "{size}");
    }
}

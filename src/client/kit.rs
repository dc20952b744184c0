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
    head: Head,
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

    /// A response was freed. If that was the last of the exchange, nothing of it is needed.
    #[inline]
    pub(super) fn pack(&mut self) {
        let is_over = self.state() == State::Idle && self.pending == Pending::None;
        if !is_over || self.wire.as_ref().is_some_and(|w| !w.is_at_rest()) {
            return;
        }
        let mut kit = self.kit.take().unwrap_or_default();
        self.out.clear();
        std::mem::swap(&mut self.out, &mut kit.out);
        std::mem::swap(&mut self.head, &mut kit.head);
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
            self.head = Head::default();
        }
    }
}

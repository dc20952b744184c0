//! The program's callbacks about names and sockets, as the net room wants them.

use core::ffi::{c_char, c_void};
use std::any::Any;
use std::ffi::CString;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::sync::Arc;

use super::network::hc_resolved;
use crate::error::{Code, Error, Result};
use crate::net::dialing::{Answered, Resolver, SocketHook};
use crate::net::endpoint::{Endpoint, Literal};

type Ask = unsafe extern "C" fn(*mut hc_resolve_sink, *const c_char, i32, *mut c_void) -> i32;
type Prepare = unsafe extern "C" fn(i32, *const c_char, *mut c_void) -> i32;

/// What the program gave along with a callback: dropped when that is not called any more.
pub(super) struct Given {
    pub(super) user: *mut c_void,
    pub(super) destroy: Option<unsafe extern "C" fn(*mut c_void)>,
}

// SAFETY: a handle may move between threads, and the program promises that `user` may too.
unsafe impl Send for Given {}
// SAFETY: it is used with the gate of its one handle shut.
unsafe impl Sync for Given {}

impl Drop for Given {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: the program's promise.
            unsafe { destroy(self.user) };
        }
    }
}

/// Where an hc_resolver_fn puts addresses, with hc_resolve_add. Opaque to C; valid during the
/// callback.
pub struct hc_resolve_sink {
    found: Vec<SocketAddr>,
    port: u16,
}

impl hc_resolve_sink {
    pub(super) fn add(&mut self, literal: Literal) -> Result<()> {
        self.found.try_reserve(1)?;
        self.found.push(literal.with_default_port(self.port));
        Ok(())
    }
}

/// hc_set_resolver.
pub(super) struct ResolverCallback {
    pub(super) ask: Ask,
    pub(super) given: Given,
}

impl ResolverCallback {
    pub(super) fn shared(ask: Ask, given: Given) -> Arc<dyn Resolver> {
        Arc::new(Self { ask, given })
    }

    /// The callback that a resolver is.
    pub(super) fn behind(resolver: &Arc<dyn Resolver>) -> Option<&Self> {
        let any: &dyn Any = &**resolver;
        any.downcast_ref()
    }
}

impl Resolver for ResolverCallback {
    fn resolve(&self, host: &str, port: u16, found: &mut Vec<SocketAddr>) -> Result<Answered> {
        let name = CString::new(host)
            .map_err(|_| Error::new(Code::HC_ERR_RESOLVE, "the name holds a NUL"))?;
        let mut sink = hc_resolve_sink {
            found: Vec::new(),
            port,
        };
        // SAFETY: name and sink are valid during the call; the rest is the program's promise.
        let answer = unsafe {
            (self.ask)(
                &raw mut sink,
                name.as_ptr(),
                i32::from(port),
                self.given.user,
            )
        };
        if answer == hc_resolved::HC_RESOLVED as i32 {
            *found = sink.found;
            Ok(Answered::Yes)
        } else if answer == hc_resolved::HC_RESOLVE_SYSTEM as i32 {
            Ok(Answered::AskSystem)
        } else {
            let text = format!("{host}: the resolver callback failed");
            Err(Error::new(Code::HC_ERR_CALLBACK, text).with_callback_value(i64::from(answer)))
        }
    }

    fn identity(&self) -> [usize; 2] {
        [self.ask as usize, self.given.user as usize]
    }
}

/// hc_set_socket_callback.
pub(super) struct SocketCallback {
    pub(super) prepare: Prepare,
    pub(super) given: Given,
}

impl SocketCallback {
    pub(super) fn shared(prepare: Prepare, given: Given) -> Arc<dyn SocketHook> {
        Arc::new(Self { prepare, given })
    }

    /// The callback that a hook is.
    pub(super) fn behind(hook: &Arc<dyn SocketHook>) -> Option<&Self> {
        let any: &dyn Any = &**hook;
        any.downcast_ref()
    }
}

impl SocketHook for SocketCallback {
    fn prepare(&self, fd: RawFd, endpoint: &Endpoint) -> i64 {
        let text = CString::new(endpoint.to_string()).unwrap_or_default();
        // SAFETY: the text is valid during the call; the rest is the program's promise.
        i64::from(unsafe { (self.prepare)(fd, text.as_ptr(), self.given.user) })
    }

    fn identity(&self) -> [usize; 2] {
        [self.prepare as usize, self.given.user as usize]
    }
}

//! Header messages: how they are made, and how fields are found in them.

use core::ffi::c_char;
use core::panic::AssertUnwindSafe;
use core::ptr;
use std::panic::catch_unwind;

use super::args::{Out, done, unknown};
use super::barrier::enter_response;
use super::options::hc_profile;
use super::response::{self, hr_response};
use super::types::hc_header;
use crate::client::connection::Connection;
use crate::client::response::Response;
use crate::error::{Code, Result, hc_status};
use crate::proto::Profile;
use crate::proto::address::Address;
use crate::proto::message::Message;
use crate::proto::message_item::Text;

const MAGIC: u32 = 0x686d_6d31;
const DEAD: u32 = 0xdead_0002;

pub(super) const NO_FIELD: hc_header = hc_header {
    name: ptr::null(),
    name_len: 0,
    value: ptr::null(),
    value_len: 0,
};

/// A header message: the fields of a head, in the order and spelling of the wire, to be looked
/// up, interpreted, changed and written. Opaque to C; made by hm_new, hm_parse or
/// hm_from_response, freed by hm_free. It belongs to one thread at a time, may move, and has
/// no part in any connection. Python: http.client.HTTPMessage, httplib.HTTPMessage.
///
/// Strings it gives out (Lifetime: next-call) stay until the message is changed or freed; those
/// of which it is said that they are put together, until the next call that puts one together.
pub struct hm_message {
    magic: u32,
    /// A call panicked inside it.
    poisoned: bool,
    pub(super) message: Message,
    /// What the last call put together.
    pub(super) made: Option<Text>,
    pub(super) addresses: Vec<Address>,
    fields: Vec<hc_header>,
}

impl hm_message {
    fn into_raw(message: Message) -> *mut Self {
        Box::into_raw(Box::new(Self {
            magic: MAGIC,
            poisoned: false,
            message,
            made: None,
            addresses: Vec::new(),
            fields: Vec::new(),
        }))
    }

    /// Keeps a text for C.
    pub(super) fn keep(&mut self, text: &[u8]) -> Result<*const c_char> {
        let kept = self.made.insert(Text::new(text)?);
        Ok(kept.as_bytes().as_ptr().cast())
    }

    /// The same for one that may be missing: NULL.
    pub(super) fn keep_any(&mut self, text: Option<&[u8]>) -> Result<*const c_char> {
        text.map_or(Ok(ptr::null()), |text| self.keep(text))
    }
}

/// Runs one operation of a message. A panic becomes a status and shuts the handle for good.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed, and nobody else uses it during the call.
pub(super) unsafe fn enter<T>(
    m: *mut hm_message,
    op: impl FnOnce(&mut hm_message) -> Result<T>,
) -> core::result::Result<T, Code> {
    // SAFETY: forwarded to the caller.
    let m = unsafe { m.as_mut() }.filter(|m| m.magic == MAGIC);
    let m = m.ok_or(Code::HC_ERR_INVALID_ARG)?;
    if m.poisoned {
        return Err(Code::HC_ERR_INTERNAL);
    }
    match catch_unwind(AssertUnwindSafe(|| op(m))) {
        Ok(outcome) => outcome.map_err(|e| e.code),
        Err(payload) => {
            m.poisoned = true;
            // The payload's own drop may panic too.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
            Err(Code::HC_ERR_INTERNAL)
        }
    }
}

/// The same for calls that only look.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed, and nobody changes it during the call.
pub(super) unsafe fn look<T>(
    m: *const hm_message,
    op: impl FnOnce(&Message) -> Result<T>,
) -> core::result::Result<T, Code> {
    // SAFETY: forwarded to the caller.
    let m = unsafe { m.as_ref() }.filter(|m| m.magic == MAGIC);
    let m = m.ok_or(Code::HC_ERR_INVALID_ARG)?;
    if m.poisoned {
        return Err(Code::HC_ERR_INTERNAL);
    }
    let outcome = catch_unwind(AssertUnwindSafe(|| op(&m.message)));
    outcome.map_or(Err(Code::HC_ERR_INTERNAL), |o| o.map_err(|e| e.code))
}

pub(super) fn profile(number: i32) -> Result<Profile> {
    match number {
        p if p == hc_profile::HC_PROFILE_SAFE as i32 => Ok(Profile::SAFE),
        p if p == hc_profile::HC_PROFILE_PYTHON as i32 => Ok(Profile::PYTHON),
        _ => Err(unknown("the profile is not an HC_PROFILE_* number")),
    }
}

/// Gives out a new message, or the reason why there is none.
///
/// # Safety
/// `out` is NULL or valid.
pub(super) unsafe fn give(
    out: *mut *mut hm_message,
    make: impl FnOnce() -> Result<Message>,
) -> hc_status {
    // SAFETY: forwarded to the caller.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(ptr::null_mut());
    match catch_unwind(AssertUnwindSafe(make)) {
        Ok(Ok(message)) => {
            out.set(hm_message::into_raw(message));
            Code::HC_OK
        }
        Ok(Err(e)) => e.code,
        Err(_) => Code::HC_ERR_INTERNAL,
    }
}

/// Makes an empty message.
///
/// @param profile an HC_PROFILE_* number: by which rules fields are added and read
/// @param out receives the message; NULL on failure
/// @return HC_OK; HC_ERR_INVALID_ARG. Ownership: free it with hm_free.
///
/// # Safety
/// `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_new(profile: i32, out: *mut *mut hm_message) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { give(out, || Ok(Message::new(self::profile(profile)?))) }
}

/// Frees a message.
///
/// @param m a message, or NULL
///
/// # Safety
/// `m` is NULL or a handle that has not been freed, and no other thread is using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_free(m: *mut hm_message) {
    // SAFETY: the caller's promise.
    let alive = unsafe { m.as_ref() }.is_some_and(|m| m.magic == MAGIC);
    if alive {
        // SAFETY: a live handle was made with Box::into_raw.
        let mut memory = unsafe { Box::from_raw(m) };
        memory.magic = DEAD;
        let _ = catch_unwind(AssertUnwindSafe(|| drop(memory)));
    }
}

/// Copies the header fields of a response into a message, which has nothing to do with the
/// response afterwards. It has the profile of the response's connection.
///
/// @param r a response
/// @param out receives the message; NULL on failure
/// @return HC_OK; HC_ERR_NOMEM; HC_ERR_INVALID_ARG; HC_ERR_BUSY; HC_ERR_FORKED. Ownership: free
/// it with hm_free. Python: HTTPResponse.msg, HTTPResponse.info.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_from_response(
    r: *const hr_response,
    out: *mut *mut hm_message,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(ptr::null_mut());
    // SAFETY: the caller's promise.
    let Some(head) = (unsafe { response::handle(r) }).map(hr_response::head) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    let copy = |core: &mut Connection, _: &mut Response| {
        let mut message = Message::from_fields(&head.fields, core.tuning().profile)?;
        if head.fields_lost {
            message.note_lost_fields()?;
        }
        out.set(hm_message::into_raw(message));
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter_response(r, copy) })
}

/// By which rules the fields of a message were read, are added and interpreted.
///
/// @param m a message
/// @return HC_LENIENT_* numbers, or-ed together: 0 for HC_PROFILE_SAFE; 0 for a bad handle
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get_lenient(m: *const hm_message) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { look(m, |m| Ok(m.profile().bits())) }.unwrap_or(0)
}

/// How many fields a message has; repeated names count each time.
///
/// @param m a message
/// @return how many; 0 for a bad handle. Python 3: len(msg).
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_count(m: *const hm_message) -> usize {
    // SAFETY: the caller's promise.
    unsafe { look(m, |m| Ok(m.len())) }.unwrap_or(0)
}

/// A field by its place: in the order of the wire, spelt as on the wire.
///
/// @param m a message
/// @param index 0 to hm_count - 1
/// @param out receives the field; all NULL and 0 on failure. Lifetime: next-call (one that
/// changes the message).
/// @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL. Python 3: msg.items().
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_at(
    m: *const hm_message,
    index: usize,
    out: *mut hc_header,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(NO_FIELD);
    let find = |m: &Message| {
        let field = m.get(index);
        let field = field.ok_or_else(|| unknown("there is no field at this index"))?;
        out.set(hc_header::from(field));
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { look(m, find) })
}

/// All fields as an array, which hc_request takes as it is.
///
/// @param m a message
/// @param out receives the array; NULL when there are no fields, and on failure. Lifetime:
/// next-call (one that changes the message, or this one).
/// @param count receives how many there are; 0 on failure
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_NOMEM. Python 3: msg.items().
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_fields(
    m: *mut hm_message,
    out: *mut *const hc_header,
    count: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = unsafe { Out::new(out) };
    // SAFETY: the caller's promise.
    let count = unsafe { Out::new(count) };
    if let Ok(out) = &out {
        out.set(ptr::null());
    }
    if let Ok(count) = &count {
        count.set(0);
    }
    let (Ok(out), Ok(count)) = (out, count) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    let list = |m: &mut hm_message| {
        m.fields.clear();
        m.fields.try_reserve(m.message.len())?;
        m.fields.extend(m.message.iter().map(hc_header::from));
        if !m.fields.is_empty() {
            out.set(m.fields.as_ptr());
        }
        count.set(m.fields.len());
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(m, list) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_status_and_shuts_the_message_for_good() {
        let m = hm_message::into_raw(Message::new(Profile::SAFE));
        // SAFETY: a handle that was just made.
        let boom: core::result::Result<(), Code> =
            unsafe { enter(m, |_| panic!("on purpose, for the test")) };
        assert_eq!(boom, Err(Code::HC_ERR_INTERNAL));
        // SAFETY: as above.
        let again = unsafe { enter(m, |_| Ok(())) };
        assert_eq!(again, Err(Code::HC_ERR_INTERNAL));
        // SAFETY: as above.
        assert_eq!(unsafe { look(m, |_| Ok(())) }, Err(Code::HC_ERR_INTERNAL));
        // SAFETY: freed once.
        unsafe { hm_free(m) };
    }
}

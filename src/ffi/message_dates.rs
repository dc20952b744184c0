//! Dates and addresses in a header message.

use core::ffi::c_char;
use core::ptr;
use std::time::{SystemTime, UNIX_EPOCH};

use super::args::{self, Out, Versioned, VersionedOut, done, unknown};
use super::message::{enter, hm_message, look};
use crate::error::{Code, Error, Result, hc_status};
use crate::proto::address;
use crate::proto::date::{self, Date};
use crate::proto::date_python::parse_like_python;
use crate::proto::message::Message;
use crate::proto::message_item::Text;

/// A date.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hm_date {
    /// Going in: sizeof(hm_date), which tells the library which fields there are.
    pub struct_size: usize,
    /// Seconds since 1970-01-01 00:00:00 UTC; of a date without a zone, as if it were UTC.
    pub seconds: i64,
    /// 0 to 9999, not counted from 1900 as in struct tm.
    pub year: i32,
    /// 1 to 12.
    pub month: i32,
    /// 1 to 31.
    pub day: i32,
    /// 0 to 23.
    pub hour: i32,
    /// 0 to 59.
    pub minute: i32,
    /// 0 to 60.
    pub second: i32,
    /// 0 for Sunday to 6, as in struct tm: by the calendar, whatever the text says.
    pub weekday: i32,
    /// Seconds east of UTC; 0 without a zone.
    pub utc_offset: i32,
    /// 1 when the text says in which zone it is, else 0.
    pub has_zone: i32,
    /// 0.
    pub reserved: i32,
}

// SAFETY: numbers, with the size in front.
unsafe impl Versioned for hm_date {
    const FIRST_SIZE: usize = size_of::<Self>();
}

fn shown(date: Date) -> hm_date {
    hm_date {
        struct_size: size_of::<hm_date>(),
        seconds: date.seconds(),
        year: date.year,
        month: date.month,
        day: date.day,
        hour: date.hour,
        minute: date.minute,
        second: date.second,
        weekday: date.weekday(),
        utc_offset: date.offset.unwrap_or(0),
        has_zone: i32::from(date.offset.is_some()),
        reserved: 0,
    }
}

fn read(text: &[u8], like_python: bool) -> Result<Date> {
    let found = if like_python {
        parse_like_python(text)
    } else {
        // Which century a year of two digits is in depends on the one we are in.
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        date::parse(text, now.map_or(0, |n| n.as_secs() as i64))
    };
    found.ok_or_else(|| Error::new(Code::HC_ERR_BAD_HEADER, "the value is no date"))
}

/// The date in the first field with a name: in HC_PROFILE_SAFE the three forms of RFC 9110
/// section 5.6.7, of which the first may also have a numeric zone; in HC_PROFILE_PYTHON
/// whatever Python makes out, if there is such a day and time. A year of two digits is the one
/// that is at most 50 years ahead; in HC_PROFILE_PYTHON it is from 1969 to 2068.
///
/// @param m a message
/// @param name in any case
/// @param out its struct_size going in; receives the date; unchanged on failure
/// @return HC_OK; HC_ERR_BAD_HEADER for a value that is no date; HC_ERR_INVALID_ARG, also when
/// there is no such field. Python 2.7: getdate, getdate_tz.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL; `out` is
/// valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_getdate(
    m: *const hm_message,
    name: *const c_char,
    out: *mut hm_date,
) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    // SAFETY: the caller's promise.
    let out = match unsafe { VersionedOut::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    let find = |m: &Message| {
        let value = m.values(name?).next();
        let value = value.ok_or_else(|| unknown("there is no field with this name"))?;
        out.set(&shown(read(value, m.reads_like_python())?));
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { look(m, find) })
}

/// One address out of a list.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hm_address {
    /// A name that people read, or a comment; may be empty.
    pub name: *const c_char,
    /// Its length in bytes.
    pub name_len: usize,
    /// "user@host"; empty when there is a name and no address that can be read.
    pub address: *const c_char,
    /// Its length in bytes.
    pub address_len: usize,
}

const NOBODY: hm_address = hm_address {
    name: ptr::null(),
    name_len: 0,
    address: ptr::null(),
    address_len: 0,
};

/// Reads the mail addresses in all fields with a name, as From and To have them. Groups are
/// resolved, and elements of which nothing can be read are left out.
///
/// @param m a message
/// @param name in any case
/// @param count receives how many there are, for hm_address_at; 0 on failure
/// @return HC_OK, also when there is no such field; HC_ERR_INVALID_ARG; HC_ERR_NOMEM. Python
/// 2.7: getaddrlist.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL; `count`
/// is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_getaddrlist(
    m: *mut hm_message,
    name: *const c_char,
    count: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    // SAFETY: the caller's promise.
    let count = match unsafe { Out::new(count) } {
        Ok(count) => count,
        Err(code) => return code,
    };
    count.set(0);
    let list = |m: &mut hm_message| {
        let name = name?;
        m.addresses.clear();
        let mut all = Vec::new();
        for value in m.message.values(name) {
            // The line end keeps an open quote of one field out of the next.
            let glue: &[u8] = if all.is_empty() { b"" } else { b"\r\n, " };
            all.try_reserve(glue.len() + value.len())?;
            all.extend_from_slice(glue);
            all.extend_from_slice(value);
        }
        m.addresses = address::parse(&all)?;
        count.set(m.addresses.len());
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(m, list) })
}

/// One of the addresses that the last hm_getaddrlist found.
///
/// @param m a message
/// @param index 0 to the count of hm_getaddrlist - 1
/// @param out receives the address; all NULL and 0 on failure. Lifetime: next-call (the next
/// hm_getaddrlist or hm_getaddr).
/// @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_address_at(
    m: *mut hm_message,
    index: usize,
    out: *mut hm_address,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(NOBODY);
    let find = |m: &mut hm_message| {
        let found = m.addresses.get(index);
        let found = found.ok_or_else(|| unknown("there is no address at this index"))?;
        let place = |text: &Text| (text.as_bytes().as_ptr().cast(), text.as_bytes().len());
        let (name, name_len) = place(&found.name);
        let (address, address_len) = place(&found.address);
        out.set(hm_address {
            name,
            name_len,
            address,
            address_len,
        });
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(m, find) })
}

/// The first mail address in the fields with a name.
///
/// @param m a message
/// @param name in any case
/// @param out receives the address; all NULL and 0 when there is none, and on failure.
/// Lifetime: next-call (the next hm_getaddrlist or hm_getaddr).
/// @return HC_OK, also when there is none; HC_ERR_INVALID_ARG; HC_ERR_NOMEM. Python 2.7:
/// getaddr.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL; `out` is
/// valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_getaddr(
    m: *mut hm_message,
    name: *const c_char,
    out: *mut hm_address,
) -> hc_status {
    if out.is_null() {
        return Code::HC_ERR_INVALID_ARG;
    }
    // SAFETY: the caller's promise.
    unsafe { out.write(NOBODY) };
    let mut count = 0;
    // SAFETY: the caller's promise, and a place of our own.
    let status = unsafe { hm_getaddrlist(m, name, &raw mut count) };
    if status != Code::HC_OK || count == 0 {
        return status;
    }
    // SAFETY: the caller's promise.
    unsafe { hm_address_at(m, 0, out) }
}

//! Memory runs out under a header message: every call whose need the caller or the peer
//! chooses says so, and leaves the message as it was.

// A test that panics has said what it had to say; so has what it calls.
#![allow(clippy::expect_used, dead_code, unreachable_pub)]
// One promise, that the handles live, covers a list of calls.
#![allow(clippy::multiple_unsafe_ops_per_block)]

#[path = "common/failing.rs"]
mod failing;

use std::ffi::{CString, c_char};
use std::ptr;

use failing::{Failing, armed};
use httpclient::error::Code;
use httpclient::ffi::hm_message;
use httpclient::ffi::message::*;
use httpclient::ffi::message_dates::hm_getaddrlist;
use httpclient::ffi::message_edit::*;
use httpclient::ffi::message_found::hm_unixfrom;
use httpclient::ffi::message_lookup::*;
use httpclient::ffi::message_parse::*;
use httpclient::ffi::message_raw::*;
use httpclient::ffi::message_values::*;
use httpclient::ffi::types::hc_header;

#[global_allocator]
static ALLOCATOR: Failing = Failing;

/// Fields large enough for the allocator to refuse, and enough of them.
fn block() -> Vec<u8> {
    let long = "v".repeat(5000);
    let people = "a@b, ".repeat(1500);
    let many = "N: n\r\n".repeat(1500);
    let text = format!(
        "From {long}\r\nA: {long}\r\n {long}\r\na: {long}\r\nTo: {people}\r\nContent-Type: \
         {long}/{long}; a=\"{long}\"; charset={long}\r\nContent-Transfer-Encoding: {long}\r\n{many}\r\n"
    );
    text.into_bytes()
}

fn parse(block: &[u8], out: &mut *mut hm_message) -> Code {
    let options = hm_parse_options {
        struct_size: size_of::<hm_parse_options>(),
        profile: 1,
        flags: 0,
        line_limit: 0,
        header_limit: u64::MAX,
        head_limit: 0,
    };
    // SAFETY: live arguments.
    unsafe {
        hm_parse(
            block.as_ptr().cast(),
            block.len(),
            &options,
            ptr::null_mut(),
            out,
        )
    }
}

fn written(m: *mut hm_message) -> Vec<u8> {
    let mut buf = vec![0_u8; 200_000];
    let mut len = 0;
    // SAFETY: live arguments.
    let status = unsafe { hm_to_bytes(m, 1, buf.as_mut_ptr().cast(), buf.len(), &mut len) };
    assert_eq!(status, Code::HC_OK);
    buf.truncate(len);
    buf
}

fn parsed(block: &[u8]) -> *mut hm_message {
    let mut m = ptr::null_mut();
    assert_eq!(parse(block, &mut m), Code::HC_OK);
    m
}

/// Refuses each large allocation of a call in turn, once and for ever, each time with a
/// message of its own. `call` is true when it succeeded, false when it said that memory ran
/// out: then the message is as it was.
fn sweep(name: &str, block: &[u8], mut call: impl FnMut(*mut hm_message) -> bool) {
    for for_ever in [false, true] {
        let mut at = 0;
        loop {
            let m = parsed(block);
            let before = written(m);
            failing::plan(at, for_ever);
            let succeeded = armed(|| call(m));
            let failed = failing::failed();
            failing::plan(usize::MAX, false);
            assert!(
                succeeded || written(m) == before,
                "{name}: {at} failed and left a change"
            );
            // SAFETY: made just now, freed once.
            unsafe { hm_free(m) };
            assert_eq!(succeeded, failed == 0, "{name}: allocation {at}");
            if failed == 0 {
                assert!(at > 0, "{name}: nothing large was asked for");
                break;
            }
            at += 1;
            assert!(at < 2000, "{name}: no end");
        }
    }
}

fn taken(status: Code) -> bool {
    assert!(
        status == Code::HC_OK || status == Code::HC_ERR_NOMEM,
        "{status:?}"
    );
    status == Code::HC_OK
}

#[test]
fn making_a_message() {
    let block = block();
    sweep("hm_parse", b"\r\n", |_| {
        let mut made = ptr::null_mut();
        let succeeded = taken(parse(&block, &mut made));
        assert_eq!(succeeded, !made.is_null());
        // SAFETY: made just now, freed once.
        unsafe { hm_free(made) };
        succeeded
    });
}

#[test]
fn asking_a_message() {
    let block = &block();
    let (a, to) = (c"a".as_ptr(), c"to".as_ptr());
    let (mut text, mut n) = (ptr::null(), 0);
    let (mut fields, mut count) = (ptr::null(), 0);
    let mut buf = vec![0_u8; 20_000];
    let (place, room) = (buf.as_mut_ptr().cast(), buf.len());
    let mut p = hc_header {
        name: ptr::null(),
        name_len: 0,
        value: ptr::null(),
        value_len: 0,
    };
    // SAFETY: live handles, strings and places, here and in all that follows.
    unsafe {
        sweep("getheader", block, |m| !hm_getheader(m, a).is_null());
        sweep("getheaders", block, |m| {
            !hm_getheaders_nth(m, a, 0).is_null()
        });
        sweep("joined", block, |m| {
            taken(hm_get_joined(m, a, place, room, &mut n))
        });
        sweep("raw_line", block, |m| {
            taken(hm_raw_line(m, 0, &mut text, &mut n))
        });
        sweep("all", block, |m| {
            taken(hm_getallmatchingheaders(m, a, &mut text, &mut n))
        });
        sweep("first", block, |m| {
            taken(hm_getfirstmatchingheader(m, a, &mut text, &mut n))
        });
        sweep("raw", block, |m| {
            taken(hm_getrawheader(m, a, &mut text, &mut n))
        });
        sweep("unixfrom", block, |m| !hm_unixfrom(m).is_null());
        sweep("type", block, |m| !hm_get_content_type(m).is_null());
        sweep("maintype", block, |m| !hm_get_maintype(m).is_null());
        sweep("subtype", block, |m| !hm_get_subtype(m).is_null());
        sweep("param", block, |m| {
            !hm_get_param(m, ptr::null(), a).is_null()
        });
        sweep("charset", block, |m| !hm_get_charset(m).is_null());
        sweep("encoding", block, |m| !hm_get_encoding(m).is_null());
        sweep("plist", block, |m| !hm_get_plist(m, 0).is_null());
        sweep("plisttext", block, |m| !hm_get_plisttext(m).is_null());
        sweep("param_count", block, |m| {
            hm_param_count(m, ptr::null()) == 2
        });
        sweep("param_at", block, |m| {
            taken(hm_param_at(m, ptr::null(), 0, &mut p))
        });
        sweep("addrlist", block, |m| {
            taken(hm_getaddrlist(m, to, &mut count))
        });
        sweep("fields", block, |m| {
            taken(hm_fields(m, &mut fields, &mut count))
        });
        sweep("distinct", block, |m| hm_distinct_count(m) == 5);
    }
}

type Change = unsafe extern "C" fn(*mut hm_message, *const c_char, *const c_char) -> Code;

#[test]
fn changing_a_message() {
    let long = CString::new(vec![b'w'; 6000]).expect("no NUL");
    let changes: [(&str, Change); 5] = [
        ("hm_add", hm_add),
        ("hm_set", hm_set),
        ("hm_replace", hm_replace),
        ("hm_addheader", hm_addheader),
        ("hm_addcontinue", hm_addcontinue),
    ];
    for (name, change) in changes {
        sweep(name, b"A: 1\r\nB: 2\r\n\r\n", |m| {
            // SAFETY: a live handle and strings.
            taken(unsafe { change(m, c"a".as_ptr(), long.as_ptr()) })
        });
    }
    let parameter = hc_header {
        name: c"p".as_ptr(),
        name_len: 1,
        value: long.as_ptr(),
        value_len: 6000,
    };
    sweep("hm_add_with", b"\r\n", |m| {
        // SAFETY: a live handle, strings and a place.
        taken(unsafe { hm_add_with(m, c"A".as_ptr(), c"b".as_ptr(), &parameter, 1) })
    });
}

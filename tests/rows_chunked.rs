//! Faults in chunked bodies, rows 30 to 43, through the C interface.

mod common;
mod corpus;

use common::api::*;
use common::drivers::callback::{Ahead, Callback};
use common::drivers::{Driver, Wire};
use common::handle::{Conn, name};
use common::reader::{self, Reader};
use common::split::Split;
use common::talk;
use corpus::End;

rows! { corpus::chunked::table();
    row_030_size_overflow => 30;
    row_031_size_with_sign_or_prefix => 31;
    row_032_blanks_after_the_size => 32;
    row_033_size_that_is_no_number => 33;
    row_034_long_extension => 34;
    row_035_many_extensions => 35;
    row_036_content_of_extensions => 36;
    row_037_data_without_its_line_end => 37;
    row_038_lf_line_ends => 38;
    row_039_cr_without_lf => 39;
    row_040_trailers_are_kept_apart => 40;
    row_041_number_and_size_of_trailers => 41;
    row_042_malformed_trailers => 42;
}

/// Line ends of LF are an option of their own.
#[test]
fn row_038_lf_line_ends_by_option() {
    for driver in Driver::EVERY {
        for split in [Split::Whole, Split::Bytes] {
            let mut wire = driver.wire();
            let c = Conn::new(HC_PROFILE_SAFE);
            // SAFETY: `ok` passes the live handle.
            c.ok(|p| unsafe { hc_set_lenient(p, HC_LENIENT_BARE_LF_CHUNKS) });
            wire.open(&c);
            assert_eq!(talk::get(&c, &mut *wire), HC_OK);
            let bytes = corpus::chunked_ok(b"3;x\nabc\n0\nX-T: 1\n\n");
            wire.load(split.pieces(&bytes), End::Open);
            let r = talk::answer(&c, &mut *wire).unwrap();
            let got = talk::body(&c, &mut *wire, &r, Reader::Read(7));
            assert_eq!(
                (got.status, &got.bytes[..]),
                (HC_OK, &b"abc"[..]),
                "{driver:?}"
            );
            assert_eq!(r.trailers(), [(b"X-T".to_vec(), b"1".to_vec())]);
        }
    }
}

/// Work in proportion to the bytes: a quadratic decoder does not end in the time of a
/// test.
#[test]
fn row_043_a_million_chunks_of_one_byte() {
    const CHUNKS: usize = 1_000_000;
    let coded = [&b"1\r\nx\r\n".repeat(CHUNKS)[..], b"0\r\n\r\n"].concat();
    let bytes = corpus::chunked_ok(coded);
    for (profile, how) in [
        (HC_PROFILE_SAFE, Reader::Read(65_536)),
        (HC_PROFILE_PYTHON, Reader::Read(65_536)),
        (HC_PROFILE_SAFE, Reader::Drain),
    ] {
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(talk::get(&c, &mut wire), HC_OK);
        wire.load(
            bytes.chunks(65_536).map(<[u8]>::to_vec).collect(),
            End::Open,
        );
        let r = talk::answer(&c, &mut wire).unwrap();
        let got = talk::body(&c, &mut wire, &r, how);
        assert_eq!(got.status, HC_OK);
        assert_eq!(got.counted.unwrap_or(got.bytes.len() as u64), CHUNKS as u64);
        assert!(got.bytes.iter().all(|b| *b == b'x'));
        assert_eq!(r.will_close(), HC_KEEP_ALIVE);
    }
}

/// A transport that must not be read ahead loses what belongs to the message, and no byte
/// of what follows it: whoever owns it reads on from there, as Python's own tests do.
#[test]
fn no_read_ahead_ends_with_the_message() {
    let trailers = b"3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n";
    let messages = [
        ("GET", corpus::ok(&[b"Content-Length: 5"], b"hello")),
        ("GET", corpus::ok(&[b"Content-Length: 0"], b"")),
        ("GET", corpus::chunked_ok(corpus::ABC)),
        ("GET", corpus::chunked_ok(trailers)),
        ("GET", corpus::message(b"HTTP/1.1 204 No Content", &[], b"")),
        ("HEAD", corpus::ok(&[b"Content-Length: 5"], b"")),
    ];
    for profile in [HC_PROFILE_SAFE, HC_PROFILE_PYTHON] {
        for ahead in [Ahead::No, Ahead::Lines] {
            for (method, message) in &messages {
                for how in reader::EVERY {
                    let left = left_behind(profile, ahead, method, message, how);
                    let shown = message.escape_ascii().to_string();
                    assert_eq!(left, b"next message", "{ahead:?} {how:?} {shown}");
                }
            }
        }
    }
}

/// What is still in the transport after the message.
fn left_behind(profile: i32, ahead: Ahead, method: &str, message: &[u8], how: Reader) -> Vec<u8> {
    let mut wire = Callback::reading_ahead(ahead);
    let c = Conn::new(profile);
    wire.open(&c);
    let sent = talk::request(&c, &mut wire, method, &[], None);
    assert_eq!(sent, HC_OK);
    wire.load(vec![[message, b"next message"].concat()], End::Open);
    let r = talk::answer(&c, &mut wire).unwrap_or_else(|s| panic!("{}", name(s)));
    let got = talk::body(&c, &mut wire, &r, how);
    assert_eq!(got.status, HC_OK);
    wire.rest(-1)
}

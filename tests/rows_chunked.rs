//! Faults in chunked bodies, rows 30 to 43, through the C interface.

mod common;
mod corpus;

use common::api::*;
use common::drivers::{Wire, callback::Callback};
use common::handle::Conn;
use common::reader::Reader;
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

/// The python profile takes from the transport what belongs to the message, and no byte
/// of what follows it: Python's own tests read that from the socket themselves.
#[test]
fn python_profile_reads_no_further_than_the_message() {
    let after = b"next message";
    let trailers = b"3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n";
    for (method, message) in [
        ("GET", corpus::ok(&[b"Content-Length: 5"], b"hello")),
        ("GET", corpus::ok(&[b"Content-Length: 0"], b"")),
        ("GET", corpus::chunked_ok(corpus::ABC)),
        ("GET", corpus::chunked_ok(trailers)),
        ("GET", corpus::message(b"HTTP/1.1 204 No Content", &[], b"")),
        ("HEAD", corpus::ok(&[b"Content-Length: 5"], b"")),
    ] {
        for how in [
            Reader::Read(65_536),
            Reader::All,
            Reader::Line(64),
            Reader::Peek,
            Reader::Read1(7),
        ] {
            let mut wire = Callback::new(false);
            let c = Conn::new(HC_PROFILE_PYTHON);
            wire.open(&c);
            assert_eq!(talk::request(&c, &mut wire, method, &[], None), HC_OK);
            wire.load(vec![[&message[..], after].concat()], End::Open);
            let r = talk::answer(&c, &mut wire).unwrap();
            let got = talk::body(&c, &mut wire, &r, how);
            assert_eq!(got.status, HC_OK);
            let left = wire.rest(-1);
            let shown = message.escape_ascii().to_string();
            assert_eq!(
                left.escape_ascii().to_string(),
                "next message",
                "{how:?} {shown}"
            );
        }
    }
}

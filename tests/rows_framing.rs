//! Faults of response framing, rows 1 to 25, through the C interface.

mod common;
mod corpus;

use common::api::*;
use common::drivers::{Driver, Wire};
use common::handle::Conn;
use common::reader::Reader;
use common::talk;
use corpus::End;

rows! { corpus::framing::table();
    row_001_chunked_wins_over_length => 1;
    row_002_differing_lengths => 2;
    row_003_equal_lengths => 3;
    row_004_differing_length_list => 4;
    row_005_length_with_sign_or_underscore => 5;
    row_006_negative_length => 6;
    row_007_length_that_is_no_number => 7;
    row_008_leading_zeros => 8;
    row_009_largest_length => 9;
    row_010_length_overflow => 10;
    row_011_chunked_twice => 11;
    row_012_gzip_then_chunked => 12;
    row_013_chunked_not_last => 13;
    row_014_identity_and_length => 14;
    row_015_spelling_of_chunked => 15;
    row_016_unknown_coding => 16;
    row_017_chunked_in_http_1_0 => 17;
    row_018_body_to_the_end => 18;
    row_019_statuses_without_body => 19;
    row_020_reset_content_with_body => 20;
    row_021_head_has_no_body => 21;
    row_022_connect_opens_a_tunnel => 22;
    row_023_connection_tokens => 23;
    row_024_http_1_0_keep_alive => 24;
    row_025_length_of_the_decoded_body => 25;
}

/// A caller that knows its server may take a body cut short for a whole one.
#[test]
fn row_025_short_bodies_by_option() {
    for driver in Driver::EVERY {
        let mut wire: Box<dyn Wire> = driver.wire();
        let c = Conn::new(HC_PROFILE_SAFE);
        // SAFETY: `ok` passes the live handle.
        c.ok(|p| unsafe { hc_set_lenient(p, HC_LENIENT_SHORT_READ) });
        wire.open(&c);
        assert_eq!(talk::get(&c, &mut *wire), HC_OK);
        let bytes = corpus::ok(&[b"Content-Length: 99"], b"hello");
        wire.load(vec![bytes], End::Eof);
        let r = talk::answer(&c, &mut *wire).unwrap();
        let got = talk::body(&c, &mut *wire, &r, Reader::Read(7));
        assert_eq!(
            (got.status, &got.bytes[..]),
            (HC_OK, &b"hello"[..]),
            "{driver:?}"
        );
    }
}

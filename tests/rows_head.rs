//! Faults in the syntax of the response head, rows 50 to 73, through the C interface.

mod common;
mod corpus;

use common::api::*;
use common::drivers::{Driver, Wire};
use common::handle::Conn;
use common::socket::{Peer, pair};
use common::talk;
use corpus::End;

rows! { corpus::head::table();
    row_050_bare_lf => 50;
    row_051_bare_cr_in_a_field => 51;
    row_052_cr_only => 52;
    row_053_nul => 53;
    row_054_control_and_high_bytes => 54;
    row_055_folded_fields => 55;
    row_056_fold_before_any_field => 56;
    row_057_blank_before_the_colon => 57;
    row_058_line_without_colon => 58;
    row_059_names_that_are_no_tokens => 59;
    row_060_line_end_before_the_status_line => 60;
    row_061_blanks_in_the_status_line => 61;
    row_062_statuses_that_are_no_three_digits => 62;
    row_063_statuses_over_599 => 63;
    row_064_no_reason => 64;
    row_065_minor_versions => 65;
    row_066_major_versions => 66;
    row_067_peers_that_speak_something_else => 67;
    row_068_number_of_fields => 68;
    row_069_length_of_a_line => 69;
    row_070_size_of_the_head => 70;
    row_071_numbers_of_a_million_digits => 71;
    row_072_two_locations => 72;
    row_073_head_without_end => 73;
}

/// Both of two contradicting fields are there for the program to see, in wire order and
/// spelling.
#[test]
fn row_072_both_values_are_exposed() {
    let bytes = corpus::ok(
        &[b"Location: /a", b"Content-Length: 0", b"location:  /b "],
        b"",
    );
    for profile in [HC_PROFILE_SAFE, HC_PROFILE_PYTHON] {
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(talk::get(&c, &mut wire), HC_OK);
        wire.load(vec![bytes.clone()], End::Open);
        let r = talk::answer(&c, &mut wire).unwrap();
        assert_eq!(r.header("LOCATION").as_deref(), Some("/a"));
        assert_eq!(r.header_nth("Location", 0).as_deref(), Some("/a"));
        assert_eq!(r.header_nth("Location", 1).as_deref(), Some("/b"));
        assert_eq!(r.header_nth("Location", 2), None);
        assert_eq!(r.header("X-None"), None);
        assert_eq!(r.raw_line(0), b"Location: /a\r\n");
        assert_eq!(r.raw_line(2), b"location:  /b \r\n");
        let names: Vec<_> = r.headers().into_iter().map(|(n, _)| n).collect();
        assert_eq!(names, [&b"Location"[..], b"Content-Length", b"location"]);
    }
}

/// A head that stops in the middle is ended by the read timeout. (A deadline over the
/// whole exchange, for a peer that keeps dripping, is a later addition; what holds until
/// then is in row 95.)
#[test]
fn row_073_head_that_stops() {
    for profile in [HC_PROFILE_SAFE, HC_PROFILE_PYTHON] {
        let (client, server) = pair();
        let peer = Peer::new(server);
        let c = Conn::new(profile);
        c.timeout(HC_TIMEOUT_READ, 30);
        c.adopt(client);
        let wire: &mut dyn Wire = &mut *Driver::Blocking.wire();
        assert_eq!(talk::get(&c, wire), HC_OK);
        assert!(peer.write(b"HTTP/1.1 200 OK\r\nA: "));
        assert_eq!(talk::answer(&c, wire).err(), Some(HC_ERR_TIMEOUT));
        let fault = c.last_error();
        assert_eq!(
            (fault.phase, fault.timeout_kind),
            (HC_PHASE_RESPONSE_HEAD, HC_TIMEOUT_READ)
        );
        assert_eq!((c.state(), c.fileno()), (HC_STATE_IDLE, -1));
    }
}

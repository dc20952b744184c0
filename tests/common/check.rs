//! Tries one row of a table in both profiles, by all drivers, splits and readers.

use super::api::*;
use super::drivers::{Driver, Wire};
use super::handle::{Conn, Fault, Header, name};
use super::reader::{self, Reader};
use super::response::Resp;
use super::seen::{Seen, differs};
use super::split::{Split, two_way};
use super::talk::{self, SECOND};
use crate::corpus::{Case, End, Outcome};
use std::cell::RefCell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Defines one test per row of a table, and one that no row of the table is left out.
#[macro_export]
macro_rules! rows {
    ($table:expr; $($test:ident => $row:expr;)+) => {
        $(#[test]
        fn $test() {
            assert!(stringify!($test).starts_with(&format!("row_{:03}_", $row)));
            $crate::common::check::row(&$table, $row);
        })+

        #[test]
        fn every_row_of_the_table_has_its_test() {
            let tested = [$($row),+];
            for case in &$table {
                assert!(tested.contains(&case.row), "row {} is not run", case.row);
            }
        }
    };
}

/// Runs the cases of a row; fails with the first deviation of each case, profile and
/// driver.
pub fn row(table: &[Case], row: u16) {
    let mut failed = Vec::new();
    let mut cases = 0;
    for case in table.iter().filter(|c| c.row == row) {
        cases += 1;
        for profile in [HC_PROFILE_SAFE, HC_PROFILE_PYTHON] {
            failed.extend(run_case(case, profile));
        }
    }
    assert!(cases > 0, "no case of row {row}");
    assert!(failed.is_empty(), "\n{}\n", failed.join("\n"));
}

fn run_case(case: &Case, profile: i32) -> Vec<String> {
    let mut failed = Vec::new();
    let mut first: Option<Seen> = None;
    for (turn, driver) in Driver::EVERY.into_iter().enumerate() {
        let mut deviations = 0;
        let mut message = String::new();
        // The rotation of readers over splits is shifted from driver to driver and from
        // profile to profile, so that a split meets several readers.
        let shift = 2 * turn + profile as usize;
        for (split, reader) in plan(case, profile, driver, shift) {
            let seen = catch_unwind(AssertUnwindSafe(|| {
                exchange(case, profile, driver, split, reader)
            }))
            .unwrap_or_else(|panic| complaint(&*panic));
            let base = first.get_or_insert_with(|| seen.clone());
            let want = case.expect(profile);
            let deviation = differs(&seen, want, reader, split == Split::Whole)
                .or_else(|| unlike(&seen, base, &want.outcome));
            if let Some(text) = deviation {
                deviations += 1;
                if deviations == 1 {
                    message = format!(
                        "row {} {:?} {} {driver:?} {split:?} {reader:?}: {text}",
                        case.row,
                        case.name,
                        ["safe", "python"][profile as usize],
                    );
                }
                // Enough to know; a deviation can cost a timeout each.
                if deviations == 2 {
                    break;
                }
            }
        }
        if deviations > 0 {
            failed.push(message);
        }
    }
    failed
}

fn complaint(panic: &(dyn std::any::Any + Send)) -> Seen {
    let text = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()))
        .unwrap_or_default();
    Seen {
        complaints: vec![format!("panic: {text}")],
        ..Seen::default()
    }
}

/// Which splits and readers a driver runs.
///
/// Whole and byte by byte meet every reader, a two-way split meets one of them in turn.
/// For the blocking driver every piece costs a change of threads: it does the two-way
/// splits of responses under 400 bytes only, and byte by byte with three of the readers.
/// Byte by byte ends at 128 KiB without any wire, at 16 KiB with callbacks, and at 4 KiB
/// on sockets.
fn plan(case: &Case, profile: i32, driver: Driver, shift: usize) -> Vec<(Split, Reader)> {
    let head_only = case.expect(profile).head_error.is_some();
    let len = case.response.len();
    let readers: &[Reader] = match (head_only, case.large) {
        (true, _) => &[Reader::Read(65_536)],
        (false, true) => &reader::COARSE,
        (false, false) => &reader::EVERY,
    };
    let mut plan: Vec<_> = readers.iter().map(|r| (Split::Whole, *r)).collect();
    if case.large {
        let most = match driver {
            Driver::SansIo => 128 * 1024,
            Driver::Callback | Driver::Dribble => 16 * 1024,
            Driver::NonBlocking | Driver::Blocking => 4096,
        };
        if len <= most {
            plan.push((Split::Bytes, readers[shift % readers.len()]));
        }
    } else {
        let most = if driver == Driver::Blocking {
            3
        } else {
            readers.len()
        };
        let turns = readers
            .iter()
            .cycle()
            .skip(shift)
            .take(most.min(readers.len()));
        plan.extend(turns.map(|r| (Split::Bytes, *r)));
    }
    if driver != Driver::Blocking || len < 400 {
        for (i, split) in two_way(&case.response, case.large).into_iter().enumerate() {
            plan.push((split, readers[(i + shift) % readers.len()]));
        }
    }
    plan
}

/// The first way in which a run differs from the first run of the same case.
fn unlike(seen: &Seen, base: &Seen, outcome: &Outcome) -> Option<String> {
    if seen.headers != base.headers || seen.trailers != base.trailers {
        return Some("other fields than in the first run".to_owned());
    }
    if (seen.closing, seen.remaining) != (base.closing, base.remaining) {
        return Some("another close reason or length than in the first run".to_owned());
    }
    // A short body is an error or not, depending on who reads.
    if *outcome != Outcome::ShortLength && seen.fault != base.fault {
        return Some(format!(
            "error record {:?}, and {:?} in the first run",
            seen.fault, base.fault
        ));
    }
    None
}

unsafe extern "C" fn note_interim(
    status: i32,
    headers: *const hc_header,
    count: usize,
    user: *mut c_void,
) {
    assert!(count == 0 || !headers.is_null());
    // SAFETY: `exchange` passes its list, which outlives the connection.
    unsafe { &*user.cast::<RefCell<Vec<i32>>>() }
        .borrow_mut()
        .push(status);
}

/// One request, the answer of the case, and an attempt at a second exchange.
fn exchange(case: &Case, profile: i32, driver: Driver, split: Split, how: Reader) -> Seen {
    let interim = RefCell::new(Vec::new());
    // Declared before the connection, so that it is dropped after it.
    let mut wire = driver.wire();
    let c = Conn::new(profile);
    // Asking the socket before every reuse makes the outcome certain.
    c.timeout(HC_TIMEOUT_REUSE_CHECK, 0);
    for (kind, n) in &case.limits {
        c.limit(*kind, *n);
    }
    let list = (&raw const interim).cast_mut().cast();
    // SAFETY: `ok` passes the live handle; the other arguments outlive the call.
    c.ok(|p| unsafe { hc_set_interim_callback(p, Some(note_interim), list) });
    wire.open(&c);

    let headers: Vec<Header<'_>> = case
        .headers
        .iter()
        .map(|(n, v)| (n.as_bytes(), v.as_bytes()))
        .collect();
    let mut request = || c.request(case.method, case.target, &headers, None, 0);
    let status = wire.settle(&c, None, &mut request);
    assert_eq!(
        status,
        HC_OK,
        "request: {} {:?}",
        name(status),
        c.last_error()
    );
    wire.load(split.pieces(&case.response), case.end);

    let mut seen = Seen::default();
    let mut kept = None;
    let mut waits = false;
    match talk::answer(&c, &mut *wire) {
        Err(status) => {
            waits = status > HC_OK;
            seen.head_error = Some(status);
            seen.supplied = if split == Split::Bytes {
                wire.supplied()
            } else {
                None
            };
            note_fault(&mut seen, &c.last_error(), status);
        }
        Ok(r) => {
            kept = body(
                &mut seen,
                &mut *wire,
                &c,
                r,
                how,
                &case.expect(profile).outcome,
            )
        }
    }
    seen.interim = interim.borrow().clone();
    if seen.complaints.is_empty() && !waits && seen.end <= HC_OK {
        assert_eq!(c.state(), HC_STATE_IDLE, "state after the exchange");
        seen.reused = Some(another(&mut *wire, &c));
    }
    drop(kept);
    seen
}

fn note_fault(seen: &mut Seen, fault: &Fault, status: i32) {
    if status >= HC_OK {
        return;
    }
    if fault.code != status {
        let text = format!(
            "the record says {}, the call {}",
            name(fault.code),
            name(status)
        );
        seen.complaints.push(text);
    }
    if fault.text.is_empty() {
        seen.complaints
            .push("an error without a sentence".to_owned());
    }
    seen.fault = Some((fault.code, fault.phase, fault.offset, fault.body_received));
    seen.text.clone_from(&fault.text);
}

/// Reads the body; now and then gives the finished response back, to be kept.
fn body(
    seen: &mut Seen,
    wire: &mut dyn Wire,
    c: &Conn,
    r: Resp,
    how: Reader,
    want: &Outcome,
) -> Option<Resp> {
    seen.status = r.status();
    seen.version = r.version();
    seen.reason = r.reason();
    seen.headers = r.headers();
    seen.remaining = r.remaining();
    seen.closing = r.will_close();
    if matches!(want, Outcome::Tunnel(_)) {
        wire.rush(c);
        let (status, fd, mut left) = r.detach();
        if status == HC_OK {
            left.extend(wire.rest(fd));
            seen.tunnel = Some(left);
        } else {
            seen.complaints.push(format!("detach: {}", name(status)));
        }
        return None;
    }
    let got = talk::body(c, wire, &r, how);
    seen.body = got.bytes;
    seen.counted = got.counted;
    seen.end = got.status;
    if got.status > HC_OK {
        return None; // it still waits, and the table will say that it must not
    }
    note_fault(seen, &r.last_error(), got.status);
    if !r.is_closed() {
        seen.complaints.push("not closed after its end".to_owned());
    }
    let (status, more) = r.read(8);
    if got.status == HC_OK && (status, more.len()) != (HC_OK, 0) || !more.is_empty() {
        seen.complaints
            .push(format!("after the end: {} and {more:?}", name(status)));
    }
    seen.trailers = r.trailers();
    if how == Reader::Read(1) {
        // A finished response that the program keeps does not hinder the connection.
        return Some(r);
    }
    None
}

/// Was a second exchange carried by the same wire? If not, it must work on a new one.
fn another(wire: &mut dyn Wire, c: &Conn) -> bool {
    wire.rush(c);
    let mut status = talk::get(c, wire);
    let reused = status != HC_ERR_NOT_CONNECTED;
    if !reused {
        assert_eq!(c.close(), HC_OK);
        wire.open(c);
        status = talk::get(c, wire);
    }
    assert_eq!(
        status,
        HC_OK,
        "second request: {} {:?}",
        name(status),
        c.last_error()
    );
    wire.load(vec![SECOND.to_vec()], End::Open);
    let r = talk::answer(c, wire)
        .unwrap_or_else(|s| panic!("second response: {} {:?}", name(s), c.last_error()));
    let got = talk::body(c, wire, &r, Reader::Read(64));
    assert_eq!(
        (got.status, &got.bytes[..]),
        (HC_OK, &b"second"[..]),
        "second body"
    );
    reused
}

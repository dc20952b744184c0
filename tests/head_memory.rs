//! A head without end, in one line, in many, or in one number: a limit ends it after a bounded
//! number of bytes, in bounded memory, in every profile.

// A test that panics has said what it had to say; so has what it calls.
#![allow(clippy::expect_used)]

mod common;
mod corpus;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::api::*;
use common::handle::name;
use common::talk;

/// Counts what is there, and the most that was.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(now, Relaxed);
        // SAFETY: forwarded to the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: forwarded to the caller.
        unsafe { System.dealloc(at, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Feeds a head, piece by piece, until it is refused: how, after how many bytes, and how much
/// memory that took.
fn fed(profile: i32, piece: &[u8], head: &mut dyn Iterator<Item = Vec<u8>>) -> (i32, usize, usize) {
    let (mut wire, c) = talk::sansio(profile);
    assert_eq!(talk::get(&c, &mut wire), HC_OK);
    let before = NOW.load(Relaxed);
    MOST.store(before, Relaxed);
    let mut bytes = 0;
    for next in std::iter::once(piece.to_vec()).chain(head) {
        bytes += next.len();
        // A connection that has given up takes no more.
        let taken = c.feed(&next);
        match c.getresponse() {
            Err(HC_WANT_READ) => assert_eq!(taken, HC_OK, "{}", name(taken)),
            Err(status) => return (status, bytes, MOST.load(Relaxed) - before),
            Ok(_) => panic!("the head came to an end"),
        }
    }
    (HC_OK, bytes, MOST.load(Relaxed) - before)
}

const TEN_MILLION: usize = 10_000_000;
const PIECE: usize = 4096;

/// `what`, over and over, in pieces, and `total` bytes of it at most.
fn repeated(what: &str, total: usize) -> impl Iterator<Item = Vec<u8>> {
    let piece = what.repeat(PIECE.div_ceil(what.len())).into_bytes();
    let count = total / piece.len() + 1;
    std::iter::repeat_n(piece, count)
}

// One test: the counters are the process's.
#[test]
fn row_070_heads_without_end_cost_little() {
    for profile in [HC_PROFILE_SAFE, HC_PROFILE_PYTHON] {
        for (what, most, expected) in [
            // 10 MB in lines, of which the limit of fields, 100, is soon passed.
            ("A: 0123456789abcdef\r\n", 8192, HC_ERR_TOO_MANY_HEADERS),
            // 100,000 lines of the shortest kind.
            ("A:\r\n", 8192, HC_ERR_TOO_MANY_HEADERS),
            // 10 MB in one line.
            ("aaaaaaaaaaaaaaaa", 80_000, HC_ERR_LINE_TOO_LONG),
            // 10 MB in one value, and a million folds of it.
            ("A: b\r\n c\r\n d\r\n e\r\n", 8192, HC_ERR_TOO_MANY_HEADERS),
        ] {
            let mut head = repeated(what, TEN_MILLION);
            let (status, bytes, memory) = fed(profile, b"HTTP/1.1 200 OK\r\n", &mut head);
            assert_eq!(status, expected, "{} for {what:?}", name(status));
            assert!(
                bytes <= most,
                "{bytes} bytes of {what:?} before the refusal"
            );
            assert!(memory <= 300_000, "{memory} bytes of memory for {what:?}");
        }
        // Folds without end: in the Python profile they count as lines.
        let mut head = repeated(" c\r\n", TEN_MILLION);
        let (status, bytes, memory) = fed(profile, b"HTTP/1.1 200 OK\r\nA: b\r\n", &mut head);
        assert!(
            [HC_ERR_TOO_MANY_HEADERS, HC_ERR_LIMIT].contains(&status),
            "{}",
            name(status)
        );
        assert!(
            bytes <= 300_000,
            "{bytes} bytes of folds before the refusal"
        );
        assert!(memory <= 2_000_000, "{memory} bytes of memory for folds");
        // A million digits.
        let mut digits = repeated("9", 1_000_000);
        let start = b"HTTP/1.1 200 OK\r\nContent-Length: ";
        let (status, bytes, memory) = fed(profile, start, &mut digits);
        assert_eq!(status, HC_ERR_LINE_TOO_LONG, "{}", name(status));
        assert!(
            bytes <= 80_000 && memory <= 300_000,
            "{bytes} bytes, {memory} of memory"
        );
    }
    // As many fields as fit: then the size of the head is what ends it.
    let (mut wire, c) = talk::sansio(HC_PROFILE_SAFE);
    c.limit(HC_LIMIT_HEADERS, 0);
    assert_eq!(talk::get(&c, &mut wire), HC_OK);
    let before = NOW.load(Relaxed);
    MOST.store(before, Relaxed);
    assert_eq!(c.feed(b"HTTP/1.1 200 OK\r\n"), HC_OK);
    let mut bytes = 0;
    let mut end = HC_OK;
    for piece in repeated("A:\r\n", 400_000) {
        bytes += piece.len();
        let _ = c.feed(&piece);
        match c.getresponse() {
            Err(HC_WANT_READ) => {}
            Err(status) => {
                end = status;
                break;
            }
            Ok(_) => panic!("the head came to an end"),
        }
    }
    let memory = MOST.load(Relaxed) - before;
    assert_eq!(end, HC_ERR_LIMIT, "{}", name(end));
    assert!(bytes <= 270_000, "{bytes} bytes before the refusal");
    assert!(memory <= 4_000_000, "{memory} bytes of memory");
}

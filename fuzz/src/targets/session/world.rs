//! The handles of a session, and the rules that every call is held to.

use super::scripts;
use crate::engine::{Violation, last_panic, violation};
use crate::peer::Peer;
use crate::seen::blank_info;
use crate::take::Take;
use httpclient::ffi::conn::{hc_fileno, hc_free, hc_host, hc_port};
use httpclient::ffi::driving::hc_connection_count;
use httpclient::ffi::errors::hc_last_error;
use httpclient::ffi::machine::{hc_state, hc_transition};
use httpclient::ffi::options::{
    hc_get_auto_open, hc_get_http_version, hc_get_lenient, hc_get_nonblocking, hc_get_profile,
    hc_get_retry,
};
use httpclient::ffi::options_limits::hc_get_limit;
use httpclient::ffi::pipeline::{
    hc_get_pipeline_dangerous_methods, hc_get_pipeline_depth, hc_lost_count, hc_lost_id,
    hc_transition_in_pipeline, hc_unanswered_count, hc_unanswered_id,
};
use httpclient::ffi::request::hc_body_owed;
use httpclient::ffi::response::hr_free;
use httpclient::ffi::timeouts::hc_get_timeout;
use httpclient::ffi::{hc_conn, hr_response};
use std::fs::File;
use std::os::fd::OwnedFd;

/// A step of the trace: what was called, in which state, and the result.
pub type Stepped = (&'static str, i32, i32);

pub struct Conn {
    pub raw: *mut hc_conn,
    /// Its transports.
    pub peers: Vec<usize>,
    /// Told lies, a handle may say HC_ERR_INTERNAL.
    pub lied: bool,
}

pub struct Resp {
    pub raw: *mut hr_response,
    /// Where it came from, as long as that is alive; `None` also when it took its connection along.
    pub conn: Option<usize>,
    pub peers: Vec<usize>,
    pub lied: bool,
    /// What it failed with.
    pub failed: Option<i32>,
}

#[derive(Default)]
pub struct World {
    pub conns: Vec<Option<Conn>>,
    pub responses: Vec<Option<Resp>>,
    /// With whether the library has taken them.
    pub peers: Vec<(Peer, bool)>,
    /// Other ends of sockets.
    pub sockets: Vec<OwnedFd>,
    /// What the interim callback writes to: it stays where it is when the world moves.
    #[allow(clippy::box_collection)]
    pub interim: Box<Vec<i32>>,
    /// Where bodies are written to and forgotten.
    pub sink: Option<File>,
    trace: Vec<Stepped>,
    log: Vec<String>,
    lowest_fd: i32,
}

/// More steps find nothing that these many do not.
const MOST_STEPS: usize = 48;

/// Codes with which a call is refused: nothing has happened.
const REFUSED: [i32; 12] = [-1, -2, -3, -5, -20, -21, -22, -24, -25, -26, -28, -29];

impl World {
    pub fn new() -> Self {
        // What stays open is opened before the first look at descriptors.
        super::wires::refusing_port();
        super::bodies::file();
        let sink = File::options().write(true).open("/dev/null").ok();
        Self {
            lowest_fd: lowest_fd(),
            sink,
            ..Self::default()
        }
    }

    pub fn run(&mut self, input: &[u8]) -> Result<(), Violation> {
        let mut t = Take::new(input);
        for _ in 0..MOST_STEPS {
            if t.is_empty() {
                break;
            }
            self.step(&mut t)?;
        }
        // What is left is freed in an order of the input's choice.
        while self.conns.iter().any(Option::is_some) || self.responses.iter().any(Option::is_some) {
            let i = t.below(self.conns.len() + self.responses.len());
            let from = (i..self.conns.len() + self.responses.len()).chain(0..i);
            for i in from {
                let free = match i.checked_sub(self.conns.len()) {
                    None => self.conns[i].is_some() && self.free_conn(i)?,
                    Some(i) => self.responses[i].is_some() && self.free_response(i)?,
                };
                if free {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The trace; or the violation with the steps that led to it.
    pub fn finish(mut self, outcome: Result<(), Violation>) -> Result<Vec<Stepped>, Violation> {
        let log = std::mem::take(&mut self.log);
        let outcome = outcome.and_then(|()| self.ended());
        if let Err(v) = outcome {
            // The handles are left as they are: one of them is broken, and the run goes on.
            std::mem::forget(self);
            return violation(v.kind, format!("{}\n{}", v.detail, log.join("\n")));
        }
        Ok(std::mem::take(&mut self.trace))
    }

    fn ended(&mut self) -> Result<(), Violation> {
        self.sockets.clear();
        for (peer, taken) in &self.peers {
            let (destroyed, complaint) = peer.with(|s| (s.destroyed, s.complaint.take()));
            if let Some(text) = complaint {
                return violation(format!("transport: {text}"), "");
            }
            if destroyed != u32::from(*taken) {
                return violation(
                    "transport not destroyed once",
                    format!("{destroyed} times, taken: {taken}"),
                );
            }
        }
        let now = lowest_fd();
        if now == self.lowest_fd {
            Ok(())
        } else {
            violation(
                "descriptor leak",
                format!("the lowest free one was {}, is {now}", self.lowest_fd),
            )
        }
    }

    /// Frees a connection, if there is one.
    pub fn free_conn(&mut self, i: usize) -> Result<bool, Violation> {
        let Some(conn) = self.conns.get_mut(i).and_then(Option::take) else {
            return Ok(false);
        };
        self.note("hc_free", -1, 0, format!("hc_free(c{i})"));
        self.gone(i);
        // SAFETY: alive until now.
        unsafe { hc_free(conn.raw) };
        self.peers_fine().map(|()| true)
    }

    pub fn free_response(&mut self, i: usize) -> Result<bool, Violation> {
        let Some(resp) = self.responses.get_mut(i).and_then(Option::take) else {
            return Ok(false);
        };
        self.note("hr_free", -1, 0, format!("hr_free(r{i})"));
        for (peer, _) in &self.peers {
            peer.with(|s| s.response = s.response.filter(|r| *r != resp.raw));
        }
        // SAFETY: alive until now.
        unsafe { hr_free(resp.raw) };
        self.peers_fine().map(|()| true)
    }

    /// A connection that is no more: nothing points to it.
    fn gone(&mut self, i: usize) {
        for resp in self.responses.iter_mut().flatten() {
            resp.conn = resp.conn.filter(|c| *c != i);
        }
        for (peer, _) in &self.peers {
            let alive = |c: &*mut hc_conn| self.conns.iter().flatten().any(|k| k.raw == *c);
            peer.with(|s| s.conn = s.conn.filter(|c| alive(c)));
        }
    }

    pub fn note(&mut self, what: &'static str, state: i32, result: i32, words: String) {
        if std::env::var_os("FUZZ_LOG").is_some() {
            eprintln!("{words} = {result}");
        }
        self.trace.push((what, state, result));
        self.log
            .push(format!("{words} = {result} (state was {state})"));
    }

    fn peers_fine(&mut self) -> Result<(), Violation> {
        for (peer, _) in &self.peers {
            if let Some(text) = peer.with(|s| s.complaint.take()) {
                return violation(format!("transport: {text}"), "");
            }
        }
        Ok(())
    }

    /// Marks what callbacks have freed, and who was lied to.
    fn freed_inside(&mut self) {
        for (n, (peer, _)) in self.peers.iter().enumerate() {
            let (freed_conn, freed_response, lied) = peer.with(|s| {
                (
                    std::mem::take(&mut s.freed_conn),
                    std::mem::take(&mut s.freed_response),
                    s.lied,
                )
            });
            for (i, slot) in self.conns.iter_mut().enumerate() {
                if let Some(c) = slot.as_mut().filter(|c| c.peers.contains(&n)) {
                    c.lied |= lied;
                    if freed_conn {
                        *slot = None;
                        for resp in self.responses.iter_mut().flatten() {
                            resp.conn = resp.conn.filter(|c| *c != i);
                        }
                    }
                }
            }
            for slot in &mut self.responses {
                if let Some(r) = slot.as_mut().filter(|r| r.peers.contains(&n)) {
                    r.lied |= lied;
                    if freed_response && peer.with(|s| s.dead_response) == Some(r.raw) {
                        *slot = None;
                    }
                }
            }
        }
    }

    /// Makes a call on a connection and holds it to the rules. `event`: the HC_CALL_* number.
    ///
    /// `f` gets a live handle, and what else it passes is alive during the call: that is what
    /// makes the calls in these closures sound.
    pub fn call(
        &mut self,
        i: usize,
        what: &'static str,
        event: Option<i32>,
        words: String,
        f: impl FnOnce(*mut hc_conn) -> i32,
    ) -> Result<i32, Violation> {
        let Some(conn) = self.conns.get(i).and_then(Option::as_ref) else {
            return Ok(0);
        };
        let raw = conn.raw;
        let before = asked(raw);
        let used = self.used(i);
        let st = f(raw);
        self.note(what, before[0] as i32, st, format!("{what}(c{i}{words})"));
        self.peers_fine()?;
        self.freed_inside();
        let Some(conn) = self.conns[i].as_ref() else {
            return Ok(st);
        };
        if conn.lied {
            return Ok(st);
        }
        if st == -120 {
            return violation(format!("HC_ERR_INTERNAL from {what} {}", last_panic()), "");
        }
        let after = asked(raw);
        let states = || format!("state {} -> {}", before[0], after[0]);
        if REFUSED.contains(&st) && before != after {
            return violation(
                format!("{what} refused with {st} changed something"),
                format!("{before:?}\n{after:?}"),
            );
        }
        // These are found out before a byte moves.
        let early = matches!(st, -29..=-28 | -26 | -24 | -22..=-20 | -2 | -1);
        if early && used != self.used(i) {
            return violation(format!("{what} refused with {st} used the transport"), "");
        }
        if after[0] == 0 && after[1] != 0 {
            return violation(format!("{what}: idle, and {} unanswered", after[1]), "");
        }
        if matches!(st, 1 | 2) && before[0] != after[0] {
            return violation(format!("{what} waits and changed the state"), states());
        }
        if st < 0 && !matches!(st, -1 | -3 | -4) {
            let mut info = blank_info();
            // SAFETY: a live handle, and a place for the record.
            unsafe { hc_last_error(raw, &raw mut info) };
            if (info.code, i64::from(info.state)) != (st, before[0]) {
                let found = format!("code {}, state {}; {}", info.code, info.state, states());
                return violation(format!("{what}: the record is another's"), found);
            }
        }
        let Some(event) = event else { return Ok(st) };
        let (waiting, depth) = (before[1] as u32, before[2] as u32);
        let next = hc_transition_in_pipeline(before[0] as i32, event, waiting, depth);
        if next < 0 && st != next && !matches!(st, -1 | -2 | -26) {
            return violation(
                format!("{what} gave {st}, the machine refuses with {next}"),
                states(),
            );
        }
        let right = match st {
            // A response tells by itself whether it leaves one unread.
            0 if event == 8 => true,
            0 => after[0] == i64::from(next),
            // Refused, or failed: these can be either.
            -67 | -66 | -27 | -6 => after[0] == 0 || after == before,
            // A kept connection that is found to have ended is gone, whatever state the call was in.
            -23 => after[0] == 0 || after[0] == before[0],
            _ if st > 0 || REFUSED.contains(&st) || st == -30 => after[0] == before[0],
            _ => after[0] == 0 || (event == 0 && after[0] == before[0]),
        };
        if right {
            Ok(st)
        } else {
            violation(
                format!("{what} gave {st} and led to another state"),
                states(),
            )
        }
    }

    /// Calls that transports of a connection have had.
    fn used(&self, i: usize) -> u64 {
        let peers = self.conns[i].iter().flat_map(|c| &c.peers);
        peers.map(|n| self.peers[*n].0.with(|s| s.calls)).sum()
    }

    /// Makes a reading call and holds it to the rules; `f` as for [`Self::call`].
    pub fn read(
        &mut self,
        i: usize,
        what: &'static str,
        words: &str,
        f: impl FnOnce(*mut hr_response) -> i32,
    ) -> Result<i32, Violation> {
        let Some(resp) = self.responses.get(i).and_then(Option::as_ref) else {
            return Ok(0);
        };
        let (raw, failed) = (resp.raw, resp.failed);
        let conn = resp
            .conn
            .and_then(|c| self.conns[c].as_ref())
            .map(|c| c.raw);
        let before = conn.map_or(-1, |c| asked(c)[0]);
        let st = f(raw);
        self.note(what, before as i32, st, format!("{what}(r{i}{words})"));
        self.peers_fine()?;
        self.freed_inside();
        let alive = |c: &*mut hc_conn| self.conns.iter().flatten().any(|k| k.raw == *c);
        let conn = conn.filter(alive);
        let Some(resp) = self.responses[i].as_mut() else {
            return Ok(st);
        };
        if resp.lied {
            return Ok(st);
        }
        if st == -120 {
            return violation(format!("HC_ERR_INTERNAL from {what} {}", last_panic()), "");
        }
        if let Some(code) = failed
            && st != code
            && !matches!(st, -1 | -5 | -7)
            && what != "hr_close"
            && what != "hr_set_..."
            // Nothing was asked for, nothing was said.
            && !words.starts_with(", 0,")
        {
            return violation(format!("{what} gave {st} after {code}"), "");
        }
        if matches!(st, -67 | -64..=-60 | -50..=-40) && st != -67 {
            resp.failed = Some(st);
        }
        let Some(conn) = conn else { return Ok(st) };
        let after = asked(conn)[0];
        let end = hc_transition(before as i32, 9);
        if after == before || after == i64::from(end) || (st < 0 && after == 0) {
            Ok(st)
        } else {
            violation(
                format!("{what} led to another state"),
                format!("{st}: {before} -> {after}"),
            )
        }
    }

    pub fn add_peer(&mut self, t: &mut Take<'_>) -> usize {
        self.peers.push((Peer::new(scripts::script(t)), false));
        self.peers.len() - 1
    }
}

/// All that can be asked of a connection without changing it; the state first.
fn asked(c: *mut hc_conn) -> Vec<i64> {
    // SAFETY: a live handle, for all of these.
    unsafe {
        let mut all = vec![
            i64::from(hc_state(c)),
            hc_unanswered_count(c) as i64,
            i64::from(hc_get_pipeline_depth(c)),
            i64::from(hc_get_pipeline_dangerous_methods(c)),
            hc_unanswered_id(c, 0) as i64,
            hc_lost_count(c) as i64,
            hc_lost_id(c, 0) as i64,
            i64::from(hc_fileno(c)),
            hc_connection_count(c) as i64,
            hc_body_owed(c) as i64,
            i64::from(hc_get_nonblocking(c)),
            i64::from(hc_get_auto_open(c)),
            i64::from(hc_get_http_version(c)),
            i64::from(hc_get_lenient(c)),
            i64::from(hc_get_profile(c)),
            i64::from(hc_get_retry(c)),
            i64::from(hc_port(c)),
            hc_host(c) as i64,
        ];
        all.extend((0..5).map(|k| hc_get_timeout(c, k)));
        all.extend((0..6).map(|k| hc_get_limit(c, k) as i64));
        all
    }
}

/// The next descriptor that would be given out.
fn lowest_fd() -> i32 {
    // SAFETY: a number in and a number out.
    let fd = unsafe { libc::dup(0) };
    // SAFETY: made just now.
    unsafe { libc::close(fd) };
    fd
}

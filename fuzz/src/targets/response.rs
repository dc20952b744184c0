//! Bytes of a response: the same verdict over every wire, in whatever pieces they come and
//! whatever calls read them; and in the safe profile the one that RFC 9112 gives.

use super::{WORDS, pieces};
use crate::common::api;
use crate::engine::rng::Rng;
use crate::engine::{Checked, Target, signature, violation};
use crate::exchange::{self, Setting, Wire};
use crate::reference::{self, Asked};
use crate::seeds;
use crate::seen::{End, Seen};
use crate::targets::response::opinion::{by_httparse, by_reference};
use std::ffi::CStr;

mod opinion;

pub struct Response;

/// method, profile, three bytes of leniencies, limits, end, three bytes for splits and readers.
const PREFIX: usize = 10;

const METHODS: [(&CStr, bool); 6] = [
    (c"GET", false),
    (c"HEAD", false),
    (c"CONNECT", false),
    (c"GET", true),
    (c"POST", false),
    (c"DELETE", false),
];

/// HC_LENIENT_*: all that Python's profile has.
const PYTHON: u32 = 0x7fff;

fn setting(input: &[u8]) -> Setting {
    let b = |i: usize| input.get(i).copied().unwrap_or(0);
    let (method, upgrade) = METHODS[usize::from(b(0)) % METHODS.len()];
    let lenient = match b(1) % 5 {
        0..=2 => 0,
        3 => PYTHON,
        _ => u32::from_le_bytes([b(2), b(3), b(4), 0]) & 0x1_ffff,
    };
    // HC_LIMIT_LINE, _HEADERS, _HEAD, _INTERIM, _CHUNK_EXTENSIONS
    let small = [(0, 40), (1, 3), (2, 120), (3, 2), (4, 6)];
    let limits = small
        .into_iter()
        .filter(|(kind, _)| b(5) >> kind & 1 != 0)
        .collect();
    Setting {
        method,
        upgrade,
        lenient,
        limits,
        ends: b(6) & 1 != 0,
    }
}

impl Target for Response {
    fn name(&self) -> &'static str {
        "response"
    }

    fn prefix(&self) -> usize {
        PREFIX
    }

    fn tokens(&self) -> &'static [&'static [u8]] {
        WORDS
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let of_row = |case: seeds::Case| {
            let method = match case.method {
                "HEAD" => 1,
                "CONNECT" => 2,
                _ if case
                    .headers
                    .iter()
                    .any(|h| h.0.eq_ignore_ascii_case("upgrade")) =>
                {
                    3
                }
                _ => 0,
            };
            let end = u8::from(case.end == seeds::End::Eof);
            [0_u8, 3].map(|profile| {
                let mut input = vec![method, profile, 0, 0, 0, 0, end, 1, 2, 3];
                input.extend_from_slice(&case.response);
                input
            })
        };
        seeds::rows().into_iter().flat_map(of_row).collect()
    }

    fn describe(&self, input: &[u8]) -> String {
        let s = setting(input);
        format!(
            "{:?}{}, leniencies {:#x}, limits {:?}, then {}",
            s.method,
            if s.upgrade { " with Upgrade" } else { "" },
            s.lenient,
            s.limits,
            if s.ends {
                "the end of the stream"
            } else {
                "nothing"
            },
        )
    }

    fn check(&self, input: &[u8]) -> Checked {
        let s = setting(input);
        let bytes = input.get(PREFIX..).unwrap_or_default();
        let random = signature(&input[..PREFIX.min(input.len())]);
        let mut rng = Rng::new(random, 0);
        let whole = exchange::run(&s, vec![bytes.to_vec()], Wire::SansIo, None);
        sane(&whole, "whole")?;
        let single = || bytes.iter().map(|b| vec![*b]).collect::<Vec<_>>();
        let dripped = exchange::run(&s, single(), Wire::SansIo, None);
        same(&s, &whole, &dripped, "byte by byte")?;
        let mut wires = vec![
            Wire::SansIo,
            Wire::Blocking,
            Wire::NonBlocking,
            Wire::Frugal {
                lines: rng.one_in(2),
            },
        ];
        // A response that stands alone knows the method only, and its bytes are all there is.
        if !s.upgrade {
            wires.push(Wire::Alone);
            if s.ends {
                wires.push(Wire::Bytes);
            }
        }
        for wire in wires {
            let parts = pieces(&mut rng, bytes);
            let other = exchange::run(&s, parts, wire, Some(&mut rng));
            same(&s, &whole, &other, &format!("{wire:?}"))?;
        }
        if s.lenient == 0 {
            let asked = Asked {
                head: s.method == c"HEAD",
                connect: s.method == c"CONNECT",
                upgrade: s.upgrade,
            };
            let message = reference::read(bytes, asked, s.ends);
            if let Some(message) = &message {
                by_interim(&whole, message)?;
            }
            by_reference(&s, &whole, message.as_ref(), bytes)?;
            if let Some(message) = &message {
                by_httparse(&whole, message, bytes)?;
            }
        }
        let framed = whole
            .head
            .as_ref()
            .map(|h| (h.status / 100, h.will_close, h.fields.len().min(4)));
        let much = (
            whole.body.len().min(3),
            whole.interim.len().min(3),
            whole.trailers.len().min(2),
        );
        Ok(signature((
            whole.end.code,
            plain(&whole.end.text),
            framed,
            much,
            s.lenient == 0,
        )))
    }
}

/// The list holds, for each interim response, its code and the lengths of its values.
fn by_interim(seen: &Seen, message: &reference::Message) -> Result<(), crate::engine::Violation> {
    let codes = seen
        .interim
        .iter()
        .filter(|n| (100..200).contains(*n))
        .count();
    if seen.head.is_some() && codes < message.interim.len() {
        return violation("an interim response is not told of", format!("{seen:?}"));
    }
    Ok(())
}

/// A sentence without its numbers, which do not make it another one.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_ascii_digit())
        .take(40)
        .collect()
}

/// What holds for each exchange by itself.
fn sane(seen: &Seen, how: &str) -> Result<(), crate::engine::Violation> {
    if seen.end.code == api::HC_ERR_INTERNAL {
        return violation(
            format!("HC_ERR_INTERNAL {}", crate::engine::last_panic()),
            how,
        );
    }
    if let Some(text) = &seen.complaint {
        return violation(
            format!("complaint {}", plain(text)),
            format!("{how}: {text}\n{seen:?}"),
        );
    }
    // Codes with which a message can end.
    if !matches!(seen.end.code, -63 | -50..=-40 | 0 | 1) {
        return violation(
            format!("code {}", seen.end.code),
            format!("{how}: {seen:?}"),
        );
    }
    Ok(())
}

/// HC_LENIENT_SHORT_READ, HC_LENIENT_HTTP09
const SHORT_READ: u32 = 16;

fn same(
    s: &Setting,
    whole: &Seen,
    other: &Seen,
    how: &str,
) -> Result<(), crate::engine::Violation> {
    sane(other, how)?;
    let differs = |what: &str| {
        let sort = match how {
            "byte by byte" => "split",
            _ if how.contains("SansIo") => "split or reader",
            _ => how,
        };
        violation(
            format!("{what} differs ({sort})"),
            format!("whole: {}\n{how}: {}", shown(whole), shown(other)),
        )
    };
    let alone = how == "Alone" || how == "Bytes";
    if whole.interim != other.interim && !alone {
        return differs("list of interim responses");
    }
    if whole.head != other.head {
        return differs("head");
    }
    let dropped = |a: &u8, b: &u8| a == b || *b == b'?';
    // A call that wants all of a body, or of a line, gives nothing while it waits.
    let waits = whole.end.code == End::WAITS && other.end.code == End::WAITS;
    let long_enough =
        whole.body.len() == other.body.len() || (waits && other.body.len() < whole.body.len());
    if !long_enough
        || !whole
            .body
            .iter()
            .zip(&other.body)
            .all(|(a, b)| dropped(a, b))
    {
        return differs("body");
    }
    if whole.leftover != other.leftover {
        return differs("rest of a tunnel");
    }
    // A body cut short ends cleanly for some calls then, and not for others.
    let either = |e: &End| e.code == 0 || e.code == api::HC_ERR_INCOMPLETE;
    if s.lenient & SHORT_READ != 0 && either(&whole.end) && either(&other.end) {
        return Ok(());
    }
    let limit = |e: &End| {
        matches!(
            e.code,
            api::HC_ERR_LINE_TOO_LONG | api::HC_ERR_TOO_MANY_HEADERS | api::HC_ERR_LIMIT
        )
    };
    if whole.end.code != other.end.code {
        return differs(if limit(&whole.end) || limit(&other.end) {
            "limit or fault"
        } else {
            "code"
        });
    }
    if whole.end.offset != other.end.offset {
        return differs("offset");
    }
    if whole.trailers != other.trailers {
        return differs("list of trailers");
    }
    Ok(())
}

fn shown(seen: &Seen) -> String {
    let head = seen
        .head
        .as_ref()
        .map(|h| (h.status, h.version, h.fields.len(), h.will_close));
    let text = |b: &[u8]| crate::engine::literal::rust(b);
    format!(
        "head {head:?} interim {:?} body {} trailers {} leftover {:?} end {} at {} {:?}",
        seen.interim,
        text(&seen.body),
        seen.trailers.len(),
        seen.leftover.as_deref().map(text),
        seen.end.code,
        seen.end.offset,
        seen.end.text,
    )
}

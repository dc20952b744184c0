//! The chunked decoder by itself.

use super::pieces;
use crate::engine::rng::Rng;
use crate::engine::{Checked, Target, Violation, literal, signature, violation};
use crate::reference;
use crate::seeds;
use httpclient::proto::body::Need;
use httpclient::proto::chunked::{Decoder, SizeLine};
use httpclient::proto::{Limits, Profile};

pub struct Chunked;

/// profile, limits, two bytes for pieces and room.
const PREFIX: usize = 4;

const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"0\r\n\r\n",
    b"0\r\n",
    b"3\r\nabc\r\n",
    b"a\r\n0123456789\r\n",
    b"1\r\nx\r\n",
    b";",
    b";a=b",
    b" ",
    b"\t",
    b"00",
    b"T: v\r\n",
    b"Content-Length: 3\r\n",
    b" fold\r\n",
    b":",
    b"7fffffffffffffff",
    b"8000000000000000",
    b"FFFFFFFFFFFFFFFF",
    b"0x",
    b"+",
    b"-",
];

#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    data: Vec<u8>,
    used: usize,
    done: bool,
    error: Option<(i32, u64)>,
    trailers: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Target for Chunked {
    fn name(&self) -> &'static str {
        "chunked"
    }

    fn prefix(&self) -> usize {
        PREFIX
    }

    fn tokens(&self) -> &'static [&'static [u8]] {
        WORDS
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let coded = |case: seeds::Case| {
            let at = case.response.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
            Some([&[0, 0, 1, 2], &case.response[at..]].concat())
        };
        seeds::rows().into_iter().filter_map(coded).collect()
    }

    fn describe(&self, input: &[u8]) -> String {
        let (limits, profile) = settings(input);
        format!("leniencies {:#x}, {limits:?}", profile.bits())
    }

    fn check(&self, input: &[u8]) -> Checked {
        let (limits, profile) = settings(input);
        let bytes = input.get(PREFIX..).unwrap_or_default();
        let mut rng = Rng::new(signature(&input[..PREFIX.min(input.len())]), 0);
        let rule = Rule { limits, profile };
        let (whole, text) = rule.decode(&[bytes.to_vec()], &mut || 1 << 16)?;
        let single: Vec<_> = bytes.iter().map(|b| vec![*b]).collect();
        alike(&whole, &rule.decode(&single, &mut || 1)?.0, "byte by byte")?;
        let parts = pieces(&mut rng, bytes);
        let mut room = || *rng.pick(&[1, 2, 3, 7, 30, 1000]);
        alike(&whole, &rule.decode(&parts, &mut room)?.0, "random")?;
        alike(&whole, &rule.frugal(bytes)?, "no byte too many")?;
        if profile == Profile::SAFE {
            compare(&whole, bytes, input.get(1).is_some_and(|b| b % 8 != 0))?;
        }
        for size in whole.data.iter().map(|b| u64::from(*b) << (b % 57)) {
            if SizeLine::of(size).as_bytes() != format!("{size:X}\r\n").as_bytes() {
                return violation("size line", size.to_string());
            }
        }
        let much = (
            whole.data.len().min(4),
            whole.trailers.len().min(3),
            whole.used == bytes.len(),
        );
        Ok(signature((
            whole.error.map(|e| e.0),
            text,
            whole.done,
            much,
        )))
    }
}

fn settings(input: &[u8]) -> (Limits, Profile) {
    let b = |i: usize| input.get(i).copied().unwrap_or(0);
    let profile = match b(0) % 4 {
        0 | 1 => Profile::SAFE,
        2 => Profile::PYTHON,
        _ => Profile::BARE_LF_CHUNKS,
    };
    let mut limits = Limits::default();
    if b(1) & 1 != 0 {
        limits.line = 20;
    }
    if b(1) & 2 != 0 {
        (limits.headers, limits.head) = (2, 40);
    }
    if b(1) & 4 != 0 {
        limits.chunk_extensions = 5;
    }
    (limits, profile)
}

struct Rule {
    limits: Limits,
    profile: Profile,
}

impl Rule {
    /// Gives the decoder what has arrived, and as much room as `room` says, until it is done.
    fn decode(
        &self,
        parts: &[Vec<u8>],
        room: &mut dyn FnMut() -> usize,
    ) -> Result<(Seen, String), Violation> {
        let mut decoder = Decoder::default();
        let mut seen = Seen::default();
        let mut buf: Vec<u8> = Vec::new();
        for part in parts {
            buf.extend_from_slice(part);
            loop {
                let mut out = vec![0; room()];
                let shown = decoder.peek(&buf).to_vec();
                let (used, made) = match decoder.decode(&buf, &mut out, &self.limits, self.profile)
                {
                    Ok(n) => n,
                    Err(e) => {
                        seen.error = Some((e.code as i32, e.offset));
                        return Ok((
                            seen,
                            e.text
                                .to_string()
                                .chars()
                                .filter(|c| !c.is_ascii_digit())
                                .collect(),
                        ));
                    }
                };
                if used > buf.len() || made > out.len() || made > used {
                    return violation(
                        "counts",
                        format!("used {used} of {}, made {made} of {}", buf.len(), out.len()),
                    );
                }
                let common = shown.len().min(made);
                if out[..common] != shown[..common] {
                    return violation("peek shows other bytes", literal::rust(&shown));
                }
                seen.data.extend_from_slice(&out[..made]);
                seen.used += used;
                buf.drain(..used);
                if (used, made) == (0, 0) {
                    break;
                }
            }
        }
        self.end(&mut decoder, &mut seen);
        Ok((seen, String::new()))
    }

    fn end(&self, decoder: &mut Decoder, seen: &mut Seen) {
        seen.done = decoder.is_done();
        if seen.done {
            let fields = decoder.take_trailers().unwrap_or_default();
            seen.trailers = fields
                .iter()
                .map(|f| (f.name.to_vec(), f.value.to_vec()))
                .collect();
        }
    }

    /// Never gives more than the decoder asks for, and lets data pass beside it.
    fn frugal(&self, bytes: &[u8]) -> Result<Seen, Violation> {
        let mut decoder = Decoder::default();
        let mut seen = Seen::default();
        let mut rest = bytes;
        while !rest.is_empty() && !decoder.is_done() {
            let direct = usize::try_from(decoder.direct())
                .unwrap_or(usize::MAX)
                .min(rest.len());
            if direct > 0 && seen.data.len() % 2 == 0 {
                let (data, after) = rest.split_at(direct);
                seen.data.extend_from_slice(data);
                seen.used += direct;
                decoder.went_direct(direct as u64);
                rest = after;
                continue;
            }
            let most = match decoder.need() {
                Need::Bytes(0) => return violation("asks for nothing", "and is not done"),
                Need::Bytes(n) => usize::try_from(n).unwrap_or(usize::MAX),
                Need::Line => rest
                    .iter()
                    .position(|b| *b == b'\n')
                    .map_or(rest.len(), |i| i + 1),
            };
            let mut given = &rest[..most.min(rest.len())];
            rest = &rest[given.len()..];
            while !given.is_empty() {
                let mut out = vec![0; given.len()];
                match decoder.decode(given, &mut out, &self.limits, self.profile) {
                    Ok((0, 0)) => return violation("more than a message", literal::rust(given)),
                    Ok((used, made)) => {
                        seen.data.extend_from_slice(&out[..made]);
                        seen.used += used;
                        given = &given[used..];
                    }
                    Err(e) => {
                        seen.error = Some((e.code as i32, e.offset));
                        return Ok(seen);
                    }
                }
            }
        }
        self.end(&mut decoder, &mut seen);
        Ok(seen)
    }
}

fn alike(whole: &Seen, other: &Seen, how: &str) -> Result<(), Violation> {
    let same = whole.data == other.data
        && whole.error == other.error
        && whole.trailers == other.trailers
        && (whole.error.is_some() || (whole.used, whole.done) == (other.used, other.done));
    let limit = |s: &Seen| matches!(s.error, Some((-50 | -44 | -43, _)));
    if same {
        Ok(())
    } else if whole.error.is_some() && other.error.is_some() && (limit(whole) || limit(other)) {
        violation(
            "limit or fault differs",
            format!("whole: {whole:?}\n{how}: {other:?}"),
        )
    } else {
        violation(
            format!("split ({how})"),
            format!("whole: {whole:?}\n{how}: {other:?}"),
        )
    }
}

fn compare(seen: &Seen, bytes: &[u8], limited: bool) -> Result<(), Violation> {
    let body = reference::chunked::read(bytes);
    let both = || format!("{seen:?}\n{body:?}");
    if seen.done {
        if body.used != Some(seen.used) || body.data != seen.data {
            return violation("another body than the reference's", both());
        }
        if body.trailers != seen.trailers {
            return violation("other trailers than the reference's", both());
        }
    } else if !body.data.starts_with(&seen.data) {
        return violation("body is not the beginning of the reference's", both());
    } else if body.used.is_some()
        && body.clean
        && !limited
        && !matches!(seen.error, Some((-50 | -43, _)))
    {
        return violation("sound body refused", both());
    }
    Ok(())
}

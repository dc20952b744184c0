//! Changes to an input: blind ones to bytes, and ones that know lines, numbers and words of
//! the protocol.

use super::rng::Rng;

/// Larger inputs find nothing that small ones with small limits do not find sooner.
const LONGEST: usize = 6000;

const BYTES: &[u8] = b"\0\x01\t\n\x0b\x0c\r\x1c \"+,-.0129:;=AFGafgx\x7f\x80\x85\xa0\xb2\xff";

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "5",
    "7",
    "8",
    "9",
    "10",
    "16",
    "255",
    "256",
    "00",
    "05",
    "7f",
    "ff",
    "FFF",
    "65535",
    "65536",
    "4294967295",
    "4294967296",
    "7fffffffffffffff",
    "8000000000000000",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "ffffffffffffffff",
    "10000000000000000",
    "-1",
    "+5",
    "0x5",
    "5_0",
    "",
];

/// A changed copy of `base`. Of its first `prefix` bytes, which are settings, single bytes
/// change and none moves.
pub fn mutated(
    rng: &mut Rng,
    base: &[u8],
    other: &[u8],
    prefix: usize,
    tokens: &[&[u8]],
) -> Vec<u8> {
    let mut input = base.to_vec();
    input.resize(input.len().max(prefix), 0);
    if prefix > 0 && rng.one_in(3) {
        for _ in 0..=rng.below(3) {
            let at = rng.below(prefix);
            input[at] = rng.byte();
        }
        if rng.one_in(4) {
            return input;
        }
    }
    let mut body = input.split_off(prefix);
    // Mostly a few changes: many at once make every input wrong in its first line.
    let most = 1 << rng.below(4);
    let times = 1 + rng.below(most);
    for _ in 0..times {
        change(
            rng,
            &mut body,
            other.get(prefix..).unwrap_or_default(),
            tokens,
        );
    }
    body.truncate(LONGEST);
    input.append(&mut body);
    input
}

fn change(rng: &mut Rng, body: &mut Vec<u8>, other: &[u8], tokens: &[&[u8]]) {
    let at = rng.below(body.len() + 1);
    match rng.below(16) {
        0 => {
            if let Some(b) = body.get_mut(at) {
                *b ^= 1 << rng.below(8);
            }
        }
        1 | 2 => {
            if let Some(b) = body.get_mut(at) {
                *b = *rng.pick(BYTES);
            }
        }
        3 => body.insert(
            at,
            if rng.one_in(2) {
                rng.byte()
            } else {
                *rng.pick(BYTES)
            },
        ),
        4 | 5 => insert(body, at, rng.pick::<&[u8]>(tokens)),
        6 => {
            let slice = slice_of(rng, body);
            let token = rng.pick(tokens).to_vec();
            body.splice(slice, token);
        }
        7 | 8 => {
            let slice = slice_of(rng, body);
            body.drain(slice);
        }
        9 => {
            let slice = slice_of(rng, body);
            let copy = body[slice].to_vec();
            let times = if rng.one_in(8) { 1 + rng.below(150) } else { 1 };
            insert(
                body,
                at,
                &copy.repeat(times.min(LONGEST / (copy.len() + 1) + 1)),
            );
        }
        10 => {
            let slice = slice_of(rng, other);
            insert(body, at, &other[slice]);
        }
        11 => {
            // The beginning of one and the end of the other.
            body.truncate(at);
            body.extend_from_slice(&other[rng.below(other.len() + 1)..]);
        }
        12 => number(rng, body, at),
        13 => lines(rng, body),
        14 => body.truncate(at),
        _ => {
            if let Some(b) = body.get_mut(at) {
                *b = b.wrapping_add(if rng.one_in(2) { 1 } else { 255 });
            }
        }
    }
}

fn insert(body: &mut Vec<u8>, at: usize, what: &[u8]) {
    body.splice(at..at, what.iter().copied());
}

/// Mostly short.
fn slice_of(rng: &mut Rng, body: &[u8]) -> std::ops::Range<usize> {
    let start = rng.below(body.len() + 1);
    let most = if rng.one_in(3) { body.len() } else { 8 };
    let len = rng.below((body.len() - start).min(most) + 1);
    start..start + len
}

/// Another number in place of the next one.
fn number(rng: &mut Rng, body: &mut Vec<u8>, from: usize) {
    let digit = |b: &u8| b.is_ascii_hexdigit();
    let Some(start) = body[from..].iter().position(u8::is_ascii_digit) else {
        return;
    };
    let start = from + start;
    let len = body[start..].iter().take_while(|b| digit(b)).count();
    body.splice(start..start + len, rng.pick(NUMBERS).bytes());
}

/// One line twice, elsewhere, or not at all; or another line end.
fn lines(rng: &mut Rng, body: &mut Vec<u8>) {
    let mut all: Vec<Vec<u8>> = body
        .split_inclusive(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    if all.is_empty() {
        return;
    }
    let (i, j) = (rng.below(all.len()), rng.below(all.len()));
    match rng.below(4) {
        0 => all.insert(j, all[i].clone()),
        1 => all.swap(i, j),
        2 => {
            all.remove(i);
        }
        _ => {
            let line = &mut all[i];
            if line.ends_with(b"\r\n") {
                let cut = line.len() - 2;
                line.splice(
                    cut..,
                    rng.pick::<&[u8]>(&[b"\n", b"\r", b"\r\r\n", b" \r\n", b""])
                        .to_vec(),
                );
            }
        }
    }
    *body = all.concat();
}

//! The chunked transfer coding (RFC 9112 section 7.1): decoder and encoder.
//!
//! The decoder is `(input, output) -> (used, made)` and may be stopped at any byte. Whole
//! chunks that lie in the input are taken in one loop; whatever is cut by the end of the
//! input, or has an extension, goes through the states byte by byte.

use super::body::Need;
use super::fields::Fields;
use super::trailers::Trailers;
use super::{Limits, Profile};
use crate::error::{Code, Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// In the size: digits seen so far (without zeros in front), zeros in front.
    Size {
        digits: u8,
        zeros: u8,
    },
    /// In blanks between size and extension or line end: how many.
    Blanks(u8),
    /// In an extension.
    Extension,
    /// After the CR of a size line.
    SizeLf,
    /// In data: what is left of it.
    Data,
    /// After data.
    DataCr,
    DataLf,
    /// In the trailer section.
    Trailer,
    Done,
}

/// Decodes one body.
#[derive(Debug)]
pub struct Decoder {
    at: At,
    /// Size being read, or data left.
    left: u64,
    extensions: u64,
    /// Position in the coded body, for errors.
    position: u64,
    /// Only bodies that have trailers pay for them.
    trailer: Option<Box<Trailers>>,
}

const MOST_SIZE_DIGITS: u8 = 16;
const MOST_ZEROS: u8 = 64;
const MOST_BLANKS: u8 = 64;

const HEX: [u8; 256] = {
    let mut table = [0xff_u8; 256];
    let mut i = 0;
    while i < 10 {
        table[b'0' as usize + i] = i as u8;
        i += 1;
    }
    let mut i = 0;
    while i < 6 {
        table[b'a' as usize + i] = 10 + i as u8;
        table[b'A' as usize + i] = 10 + i as u8;
        i += 1;
    }
    table
};

impl Default for Decoder {
    fn default() -> Self {
        Self {
            at: At::Size {
                digits: 0,
                zeros: 0,
            },
            left: 0,
            extensions: 0,
            position: 0,
            trailer: None,
        }
    }
}

impl Decoder {
    /// Is the body complete, trailers and all?
    #[inline]
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.at == At::Done
    }

    /// Data bytes that may be read from the connection straight into the caller's buffer.
    #[must_use]
    pub fn direct(&self) -> u64 {
        if self.at == At::Data { self.left } else { 0 }
    }

    /// So many data bytes went straight to the caller.
    pub fn went_direct(&mut self, n: u64) {
        self.left -= n.min(self.left);
        self.position += n;
        if self.left == 0 {
            self.at = At::DataCr;
        }
    }

    /// Data bytes at the beginning of `input` that can be shown without taking them.
    pub fn peek<'a>(&self, input: &'a [u8]) -> &'a [u8] {
        if self.at != At::Data {
            return &[];
        }
        let n = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(input.len());
        &input[..n]
    }

    /// The chunk that is open has so many bytes left.
    #[must_use]
    pub fn chunk_left(&self) -> u64 {
        self.direct()
    }

    /// What may be asked for without a byte beyond the body.
    #[must_use]
    pub fn need(&self) -> Need {
        match self.at {
            At::Data => Need::Bytes(self.left),
            At::DataCr => Need::Bytes(2),
            At::DataLf => Need::Bytes(1),
            At::Done => Need::Bytes(0),
            At::Size { .. } | At::Blanks(_) | At::Extension | At::SizeLf | At::Trailer => {
                Need::Line
            }
        }
    }

    /// In the trailer section, where only fields and the last line end are missing.
    #[must_use]
    pub fn in_trailer(&self) -> bool {
        self.at == At::Trailer
    }

    /// The trailer fields of a complete body.
    pub fn take_trailers(&mut self) -> Option<Fields> {
        self.trailer.take().map(|t| t.into_fields())
    }

    /// Decodes as much as input and output allow. Returns bytes used and bytes made.
    #[inline]
    pub fn decode(
        &mut self,
        input: &[u8],
        output: &mut [u8],
        limits: &Limits,
        profile: Profile,
    ) -> Result<(usize, usize)> {
        let (mut used, mut made) = (0, 0);
        while used < input.len() {
            if self.at
                == (At::Size {
                    digits: 0,
                    zeros: 0,
                })
            {
                let (u, m) = whole_chunks(&input[used..], &mut output[made..]);
                used += u;
                made += m;
                self.position += u as u64;
                if used == input.len() {
                    break;
                }
            }
            if self.at == At::Data {
                let n = usize::try_from(self.left)
                    .unwrap_or(usize::MAX)
                    .min(input.len() - used)
                    .min(output.len() - made);
                if n == 0 {
                    break;
                }
                output[made..made + n].copy_from_slice(&input[used..used + n]);
                used += n;
                made += n;
                self.went_direct(n as u64);
                continue;
            }
            if self.at == At::Done {
                break;
            }
            if self.at == At::Trailer && made > 0 {
                break;
            }
            if self.at == At::Trailer {
                let n = self.trailer_bytes(&input[used..], limits, profile)?;
                used += n;
                self.position += n as u64;
                continue;
            }
            // Data that was decoded is delivered before the trouble behind it is reported, which
            // is still there next time.
            match self.byte(input[used], limits, profile) {
                Ok(at) => self.at = at,
                Err(_) if made > 0 => break,
                Err(e) => return Err(e),
            }
            used += 1;
            self.position += 1;
        }
        Ok((used, made))
    }

    fn byte(&mut self, b: u8, limits: &Limits, profile: Profile) -> Result<At> {
        if b == b'\n' && profile.has(Profile::BARE_LF_CHUNKS) {
            match self.at {
                At::Size {
                    digits: 0,
                    zeros: 0,
                } => {}
                At::Size { .. } | At::Blanks(_) | At::Extension => self.at = At::SizeLf,
                At::DataCr => self.at = At::DataLf,
                _ => {}
            }
        }
        match self.at {
            At::Size { digits, zeros } => self.size_byte(b, digits, zeros),
            At::Blanks(n) => match b {
                b' ' | b'\t' if n < MOST_BLANKS => Ok(At::Blanks(n + 1)),
                b';' => self.extension_byte(limits),
                b'\r' => Ok(At::SizeLf),
                _ => {
                    Err(self.bad("a chunk size is followed by something that is not an extension"))
                }
            },
            At::Extension => match b {
                b'\r' => Ok(At::SizeLf),
                b if (b < 0x20 && b != b'\t') || b == 0x7f => {
                    Err(self.bad("a control byte stands in a chunk extension"))
                }
                _ => self.extension_byte(limits),
            },
            At::SizeLf => match b {
                b'\n' if self.left == 0 => Ok(At::Trailer),
                b'\n' => Ok(At::Data),
                _ => Err(self.bad("the line of a chunk size ends in CR without LF")),
            },
            At::DataCr if b == b'\r' => Ok(At::DataLf),
            At::DataLf if b == b'\n' => {
                self.left = 0;
                Ok(At::Size {
                    digits: 0,
                    zeros: 0,
                })
            }
            At::DataCr | At::DataLf => Err(self.bad("a chunk's data is not followed by CRLF")),
            At::Data | At::Trailer | At::Done => Ok(self.at),
        }
    }

    fn size_byte(&mut self, b: u8, digits: u8, zeros: u8) -> Result<At> {
        let seen = digits > 0 || zeros > 0;
        match HEX[b as usize] {
            0xff => match b {
                _ if !seen => Err(self.bad("a chunk size is not a hexadecimal number")),
                b'\r' => Ok(At::SizeLf),
                b' ' | b'\t' => Ok(At::Blanks(1)),
                b';' => {
                    self.extensions += 1;
                    Ok(At::Extension)
                }
                _ => Err(self.bad("a chunk size is not a hexadecimal number")),
            },
            0 if digits == 0 => {
                if zeros == MOST_ZEROS {
                    let text = format!("got more than {MOST_ZEROS} zeros when reading chunk size");
                    return Err(Error::new(Code::HC_ERR_LINE_TOO_LONG, text).at(self.position));
                }
                Ok(At::Size {
                    digits,
                    zeros: zeros + 1,
                })
            }
            d => {
                let grown = self.left.checked_mul(16).map(|n| n | u64::from(d));
                match grown {
                    Some(n) if digits < MOST_SIZE_DIGITS && n <= i64::MAX as u64 => self.left = n,
                    _ => return Err(self.bad("a chunk size does not fit in 63 bits")),
                }
                Ok(At::Size {
                    digits: digits + 1,
                    zeros,
                })
            }
        }
    }

    fn extension_byte(&mut self, limits: &Limits) -> Result<At> {
        self.extensions += 1;
        if self.extensions > limits.chunk_extensions {
            let text = format!(
                "got more than {} bytes of chunk extensions",
                limits.chunk_extensions
            );
            return Err(Error::new(Code::HC_ERR_LIMIT, text).at(self.position));
        }
        Ok(At::Extension)
    }

    fn trailer_bytes(&mut self, input: &[u8], limits: &Limits, profile: Profile) -> Result<usize> {
        if self.trailer.is_none() && input.starts_with(b"\r\n") {
            self.at = At::Done;
            return Ok(2);
        }
        let trailers = self.trailer.get_or_insert_default();
        let (n, ended) = trailers.take(input, self.position, limits, profile)?;
        if ended {
            self.at = At::Done;
        }
        Ok(n)
    }

    #[cold]
    fn bad(&self, text: &'static str) -> Error {
        Error::new(Code::HC_ERR_BAD_CHUNK, text).at(self.position)
    }
}

/// The chunks at the beginning of `input` that lie in it whole and fit the output whole, with
/// a plain size line and at least one byte. Everything else is left alone.
#[inline]
fn whole_chunks(input: &[u8], output: &mut [u8]) -> (usize, usize) {
    let (mut used, mut made) = (0, 0);
    loop {
        let rest = &input[used..];
        let mut size = 0_usize;
        let mut i = 0;
        // Seven digits cannot overflow and cover every chunk that fits a buffer.
        while i < 7 {
            let Some(&b) = rest.get(i) else {
                return (used, made);
            };
            let d = HEX[b as usize];
            if d == 0xff {
                break;
            }
            size = size << 4 | usize::from(d);
            i += 1;
        }
        if size == 0 || rest.get(i..i + 2) != Some(b"\r\n") {
            return (used, made);
        }
        let data = i + 2;
        let (Some(chunk), Some(out)) = (
            rest.get(data..data + size),
            output.get_mut(made..made + size),
        ) else {
            return (used, made);
        };
        if rest.get(data + size..data + size + 2) != Some(b"\r\n") {
            return (used, made);
        }
        out.copy_from_slice(chunk);
        used += data + size + 2;
        made += size;
    }
}

/// The line in front of a chunk of so many bytes.
#[derive(Clone, Copy)]
pub struct SizeLine {
    bytes: [u8; 18],
    from: u8,
}

impl SizeLine {
    /// `size` in hexadecimal and CRLF.
    #[must_use]
    pub fn of(mut size: u64) -> Self {
        let mut bytes = [b'\n'; 18];
        bytes[16] = b'\r';
        let mut from = 16_u8;
        while from > 0 {
            from -= 1;
            bytes[usize::from(from)] = b"0123456789ABCDEF"[(size & 15) as usize];
            size >>= 4;
            if size == 0 {
                break;
            }
        }
        Self { bytes, from }
    }

    /// As bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[usize::from(self.from)..]
    }
}

/// After the data of every chunk.
pub const CHUNK_END: &[u8] = b"\r\n";
/// The last chunk; trailer lines and an empty line follow.
pub const LAST_CHUNK: &[u8] = b"0\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(pieces: &[&[u8]], out_size: usize) -> Result<(Vec<u8>, bool, Vec<u8>)> {
        let mut decoder = Decoder::default();
        let (mut got, mut rest) = (Vec::new(), Vec::new());
        for piece in pieces {
            rest.extend_from_slice(piece);
            loop {
                let mut out = vec![0; out_size];
                let (used, made) =
                    decoder.decode(&rest, &mut out, &Limits::default(), Profile::SAFE)?;
                rest.drain(..used);
                got.extend_from_slice(&out[..made]);
                if made == 0 {
                    break;
                }
            }
        }
        Ok((got, decoder.is_done(), rest))
    }

    #[test]
    fn however_it_is_split() {
        let body = b"3\r\nabc\r\n00A;x=\"y\" \r\n0123456789\r\n1 \r\n-\r\n0\r\nT: v\r\n\r\nrest";
        for out_size in [1, 2, 7, 64] {
            let whole = decode(&[body], out_size);
            let bytes: Vec<&[u8]> = body.chunks(1).collect();
            for pieces in [&bytes[..], &[&body[..9], &body[9..]]] {
                match (&whole, decode(pieces, out_size)) {
                    (Ok(a), Ok(b)) => assert_eq!(*a, b),
                    other => panic!("{other:?}"),
                }
            }
            assert!(
                whole
                    .is_ok_and(|(b, done, rest)| b == b"abc0123456789-" && done && rest == b"rest")
            );
        }
    }

    #[test]
    fn size_lines() {
        for (n, s) in [
            (0, "0\r\n"),
            (10, "A\r\n"),
            (16, "10\r\n"),
            (u64::MAX, "FFFFFFFFFFFFFFFF\r\n"),
        ] {
            assert_eq!(SizeLine::of(n).as_bytes(), s.as_bytes());
        }
    }
}

//! Requests from whatever a caller passes: on the wire stands exactly what was accepted, line
//! by line, and not one line more.

use crate::engine::{Checked, Target, Violation, literal, signature, violation};
use crate::reference::chunked;
use crate::seen::bytes as text;
use crate::take::{Take, put};
use httpclient::ffi::conn::{hc_free, hc_host, hc_new_n, hc_port};
use httpclient::ffi::driving::hc_set_sansio;
use httpclient::ffi::hc_conn;
use httpclient::ffi::machine::hc_state;
use httpclient::ffi::options::{hc_set_http_version, hc_set_lenient, hc_set_profile};
use httpclient::ffi::request::{
    hc_body_owed, hc_endheaders, hc_finish_body, hc_putrequest_n, hc_send,
};
use httpclient::ffi::types::hc_header;
use std::ptr;

mod put;
mod wire;

use put::{Put, is_framing, is_token};
use wire::{authority, count_lines, output};

pub struct Request;

const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n ",
    b"\n\t",
    b"\0",
    b" ",
    b"\t",
    b":",
    b"/",
    b"?",
    b"#",
    b"@",
    b"[::1]",
    b"%25eth0",
    b"\\",
    b"Host",
    b"Content-Length",
    b"Transfer-Encoding",
    b"chunked",
    b"Connection",
    b"Expect",
    b"100-continue",
    b"http://h/",
    b"//h:1/",
    b"*",
    b"GET",
    b"65535",
    b"65536",
    b"\x7f",
    b"\x80",
    b"\xc3\xa9",
    b" HTTP/1.1\r\nX: y\r\n",
];

impl Target for Request {
    fn name(&self) -> &'static str {
        "request"
    }

    fn prefix(&self) -> usize {
        0
    }

    fn tokens(&self) -> &'static [&'static [u8]] {
        WORDS
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let mut seeds = Vec::new();
        let hosts: [&[u8]; 5] = [
            b"example.test",
            b"h:8080",
            b"[::1]:81",
            b"fe80::1%eth0",
            b"127.0.0.1",
        ];
        let targets: [&[u8]; 6] = [b"/", b"", b"/a?b=c", b"http://u@o:9/p", b"*", b"h:443"];
        let fields: [(&[u8], &[u8]); 8] = [
            (b"Accept", b"*/*"),
            (b"X", b"a\r\n b"),
            (b"Content-Length", b"5"),
            (b"Transfer-Encoding", b"chunked"),
            (b"Host", b"other"),
            (b"na me", b"v\xff"),
            (b"Upgrade", b""),
            (b"Connection", b"close"),
        ];
        for (i, host) in hosts.iter().enumerate() {
            for (j, target) in targets.iter().enumerate() {
                for profile in [0, 1] {
                    let mut s = vec![profile, (j % 3) as u8];
                    put(&mut s, host);
                    s.extend_from_slice(&[0, (i % 4) as u8]);
                    put(&mut s, [&b"GET"[..], b"POST", b"x-y"][i % 3]);
                    put(&mut s, target);
                    s.push(3);
                    for k in 0..3 {
                        let (name, value) = fields[(i * 3 + j + k) % fields.len()];
                        s.push((k % 5) as u8);
                        put(&mut s, name);
                        put(&mut s, value);
                    }
                    s.extend_from_slice(&[2, 3]);
                    s.extend_from_slice(b"abc");
                    seeds.push(s);
                }
            }
        }
        seeds
    }

    fn describe(&self, input: &[u8]) -> String {
        format!("{:?}", Asked::read(input))
    }

    fn check(&self, input: &[u8]) -> Checked {
        let asked = Asked::read(input);
        let mut c: *mut hc_conn = ptr::null_mut();
        // SAFETY: bytes of that length, and a place for the handle.
        let made = unsafe {
            hc_new_n(
                asked.host.as_ptr().cast(),
                asked.host.len(),
                asked.port,
                &raw mut c,
            )
        } as i32;
        if (made == 0) == c.is_null() || !(-2..=0).contains(&made) {
            return violation("hc_new_n", format!("{made}, {c:?}"));
        }
        let outcome = if c.is_null() { Ok(0) } else { asked.checked(c) };
        // SAFETY: freed once.
        unsafe { hc_free(c) };
        outcome.map(|s| signature((made, s)))
    }
}

#[derive(Debug)]
struct Asked {
    python: bool,
    lenient: Option<u32>,
    version: i32,
    host: Vec<u8>,
    port: i32,
    flags: u32,
    method: Vec<u8>,
    target: Vec<u8>,
    fields: Vec<(Vec<u8>, Put)>,
    body: Vec<u8>,
}

impl Asked {
    fn read(input: &[u8]) -> Self {
        let mut t = Take::new(input);
        let profile = t.byte();
        let mut asked = Self {
            python: profile & 1 != 0,
            lenient: (profile & 0x1e == 0x1e).then_some(0),
            version: if t.byte() % 4 == 2 { 10 } else { 11 },
            host: t.bytes().to_vec(),
            port: [0, 0, 80, 8080, 65_535, 65_536, -1][t.below(7)],
            flags: u32::from(t.byte() & 3),
            method: t.bytes().to_vec(),
            target: t.bytes().to_vec(),
            fields: Vec::new(),
            body: Vec::new(),
        };
        if asked.lenient.is_some() {
            asked.lenient = Some(t.word() & 0x1_ffff);
        }
        for _ in 0..t.below(8) {
            let kind = t.byte();
            let name = t.bytes().to_vec();
            let value = t.bytes();
            asked.fields.push((name, Put::of(kind, value)));
        }
        asked.body = t.bytes().to_vec();
        asked
    }

    fn lenient(&self, bit: u32) -> bool {
        self.lenient.map_or(self.python, |bits| bits & bit != 0)
    }

    fn checked(&self, c: *mut hc_conn) -> Checked {
        // SAFETY: a live handle; bytes and strings as long as they say, in all blocks below.
        unsafe {
            hc_set_profile(c, i32::from(self.python));
            if let Some(bits) = self.lenient {
                hc_set_lenient(c, bits);
            }
            hc_set_http_version(c, self.version);
            hc_set_sansio(c);
        }
        let (m, t) = (&self.method, &self.target);
        // SAFETY: as above.
        let started = unsafe {
            hc_putrequest_n(
                c,
                m.as_ptr().cast(),
                m.len(),
                t.as_ptr().cast(),
                t.len(),
                self.flags,
            ) as i32
        };
        let sound = is_token(m) && m.len() <= 64 && t.iter().all(|b| (0x21..=0x7e).contains(b));
        if sound && started != 0 {
            return violation("a sound request line is refused", started.to_string());
        }
        // HC_LENIENT_ANY_METHOD
        if !sound && started == 0 && !self.lenient(4096) {
            return violation("an unsound request line is accepted", literal::rust(m));
        }
        // SAFETY: as above.
        let state = unsafe { hc_state(c) };
        if started != 0 {
            return if state == 0 {
                Ok(signature(started))
            } else {
                violation("refused, but", state.to_string())
            };
        }
        // SAFETY: as above.
        let (host, port) = unsafe { (text(hc_host(c)), hc_port(c)) };
        let mut expected = self.first_lines(&host, port);
        let mut lines = expected.len();
        let mut codes = Vec::new();
        for (name, put) in &self.fields {
            let code = put.to(c, name);
            codes.push(code);
            // HC_LENIENT_LOOSE_FIELDS
            if code == 0 && !self.lenient(8192) && !(is_token(name) && put.is_sound()) {
                return violation("an unsound field is accepted", literal::rust(name));
            }
            if code == 0 {
                expected.push([name, &b": "[..], &put.joined(self.lenient(8192))].concat());
                lines += 1;
            } else if code != -1 {
                return violation(format!("hc_putheader gave {code}"), literal::rust(name));
            } else if is_token(name) && put.is_sound() && !is_framing(name) {
                return violation("a sound field is refused", literal::rust(name));
            }
        }
        expected.push(Vec::new());
        // SAFETY: as above.
        let ended = unsafe { hc_endheaders(c, ptr::null(), 0) } as i32;
        let wire = output(c);
        let want = [expected.join(&b"\r\n"[..]), b"\r\n".to_vec()].concat();
        if !matches!(ended, 0 | 2) {
            return violation(format!("hc_endheaders gave {ended}"), literal::rust(&want));
        }
        if wire != want {
            return violation(
                "other bytes on the wire",
                format!("{}\nwanted {}", literal::rust(&wire), literal::rust(&want)),
            );
        }
        count_lines(&wire, lines)?;
        if self.lenient.unwrap_or(u32::from(self.python)) == 0 && sound {
            self.by_httparse(&wire, lines - 1)?;
        }
        let sent = self.push(c, ended)?;
        Ok(signature((
            codes.len(),
            codes.iter().filter(|c| **c == 0).count(),
            sent,
            lines,
        )))
    }

    /// The request line, Host and Accept-Encoding.
    fn first_lines(&self, host: &[u8], port: i32) -> Vec<Vec<u8>> {
        let target: &[u8] = if self.target.is_empty() {
            b"/"
        } else {
            &self.target
        };
        let version: &[u8] = if self.version == 10 {
            b" HTTP/1.0"
        } else {
            b" HTTP/1.1"
        };
        let mut lines = vec![[&self.method, &b" "[..], target, version].concat()];
        if self.version == 10 {
            return lines;
        }
        if self.flags & 1 == 0 {
            let name = host.split(|b| *b == b'%').next().unwrap_or_default();
            let mut value = if host.contains(&b':') {
                [b"[", name, b"]"].concat()
            } else {
                host.to_vec()
            };
            if port != 80 {
                value.extend_from_slice(format!(":{port}").as_bytes());
            }
            let own = authority(target).map_or(value, <[u8]>::to_vec);
            lines.push([b"Host: ", &own[..]].concat());
        }
        if self.flags & 2 == 0 {
            lines.push(b"Accept-Encoding: identity".to_vec());
        }
        lines
    }

    fn by_httparse(&self, wire: &[u8], fields: usize) -> Result<(), Violation> {
        let mut room = [httparse::EMPTY_HEADER; 16];
        let mut other = httparse::Request::new(&mut room);
        let outcome = other.parse(wire);
        let same = outcome == Ok(httparse::Status::Complete(wire.len()))
            && other.method.map(str::as_bytes) == Some(&self.method)
            && other.headers.len() == fields;
        if same {
            Ok(())
        } else {
            violation(
                "httparse reads another request",
                format!("{outcome:?} {other:?}"),
            )
        }
    }

    /// Sends a body as the head declares it, and trailers of the first field.
    fn push(&self, c: *mut hc_conn, ended: i32) -> Result<i32, Violation> {
        // SAFETY: a live handle; bytes as long as they say, in all blocks below.
        let owed = unsafe { hc_body_owed(c) };
        // SAFETY: as above.
        if ended != 0 && unsafe { hc_endheaders(c, ptr::null(), 0) } as i32 != 0 {
            return violation("the head is sent, and hc_endheaders waits", "");
        }
        // SAFETY: as above.
        let owed_now = unsafe { hc_body_owed(c) };
        let mut sent = 0;
        // SAFETY: as above.
        let st =
            unsafe { hc_send(c, self.body.as_ptr().cast(), self.body.len(), &raw mut sent) } as i32;
        if owed_now != u64::MAX {
            let data = output(c);
            // HC_LENIENT_LOOSE_FRAMING: what the caller declares is not held against the body.
            let too_many = data.len() as u64 > owed_now && !self.lenient(16_384);
            if too_many || !self.body.starts_with(&data) {
                return violation(
                    "other body bytes",
                    format!("owed {owed}: {}", literal::rust(&data)),
                );
            }
            return Ok(st);
        }
        let trailers: Vec<hc_header> = self
            .fields
            .iter()
            .filter_map(|(name, put)| match put {
                Put::Counted(value) => Some(hc_header {
                    name: name.as_ptr().cast(),
                    name_len: name.len(),
                    value: value.as_ptr().cast(),
                    value_len: value.len(),
                }),
                _ => None,
            })
            .take(1)
            .collect();
        let mut data = output(c);
        // SAFETY: as above.
        let mut finish = |list: &[hc_header]| unsafe {
            let st = hc_finish_body(c, list.as_ptr(), list.len()) as i32;
            data.extend_from_slice(&output(c));
            if st == 2 {
                hc_finish_body(c, list.as_ptr(), list.len()) as i32
            } else {
                st
            }
        };
        let mut count = trailers.len();
        let mut st = finish(&trailers);
        if st != 0 {
            count = 0;
            st = finish(&[]);
        }
        let body = chunked::read(&data);
        let same =
            body.used == Some(data.len()) && body.data == self.body && body.trailers.len() == count;
        if st == 0 && same {
            Ok(0)
        } else {
            violation(
                "the body in chunks is another",
                format!("{st} {} {body:?}", literal::rust(&data)),
            )
        }
    }
}

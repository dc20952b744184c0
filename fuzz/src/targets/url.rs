//! URLs: whatever can be taken apart can be put together again, and taken apart the same way.

use crate::engine::{Checked, Target, literal, signature, violation};
use crate::seen::bytes as text;
use httpclient::ffi::url::{
    hc_url, hc_url_free, hc_url_get, hc_url_geturl, hc_url_port, hc_url_split_n,
};
use std::ptr;

pub struct Url;

const WORDS: &[&[u8]] = &[
    b"http",
    b"://",
    b"//",
    b"/",
    b":",
    b"?",
    b"#",
    b"@",
    b"[",
    b"]",
    b"[::1]",
    b"%eth0",
    b"80",
    b":65536",
    b"..",
    b";",
    b"\t",
    b"\n",
    b"\0",
    b" ",
    b"\\",
    b"file",
    b"\xe2\x84\x80",
    b"a.b",
    b"x-+.1",
    b":0",
    b"v1.a:b",
];

impl Target for Url {
    fn name(&self) -> &'static str {
        "url"
    }

    fn prefix(&self) -> usize {
        2
    }

    fn tokens(&self) -> &'static [&'static [u8]] {
        WORDS
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let urls: [&[u8]; 10] = [
            b"http://user:pw@Host:80/path;p?q=1#f",
            b"http://[::1]:8080/",
            b"//h/p",
            b"h:80",
            b"",
            b"?q",
            b"#f",
            b"mailto:a@b",
            b"http://[fe80::1%25en0]/x?y#z",
            b"/a/b//c",
        ];
        (0..4)
            .flat_map(|g| urls.map(|u| [&[g, 1], u].concat()))
            .collect()
    }

    fn describe(&self, input: &[u8]) -> String {
        let (generation, fragments) = settings(input);
        format!("generation {generation}, fragments {fragments}")
    }

    fn check(&self, input: &[u8]) -> Checked {
        let (generation, fragments) = settings(input);
        let url = input.get(2..).unwrap_or_default();
        let first = split(url, generation, fragments);
        let Ok(parts) = first else {
            let code = first.err().unwrap_or_default();
            return if matches!(code, -1 | -2) {
                Ok(signature(code))
            } else {
                violation("code", code.to_string())
            };
        };
        for part in &parts.texts {
            // No part of any URL makes a line of a request end.
            if part
                .iter()
                .flatten()
                .any(|b| matches!(b, 0 | b'\r' | b'\n'))
                && generation == 0
            {
                return violation("a line end in a part", literal::rust(url));
            }
        }
        let again = split(&parts.whole, generation, fragments);
        if fragments == 0 && url.contains(&b'#') {
            // "//host#" then has the path "#", which geturl puts behind a '/', as Python does.
            return Ok(signature((generation, fragments)));
        }
        if generation == 2 && is_host_and_port(&parts.whole) {
            // What stood behind the digits made it a scheme and a path; as Python 2.7 has it, a
            // name, ':' and nothing but digits is a path.
            return Ok(signature((generation, fragments, 1)));
        }
        match again {
            Ok(again) if again == parts => {
                let there: Vec<bool> = parts.texts.iter().map(Option::is_some).collect();
                let empty: Vec<bool> = parts.texts.iter().flatten().map(Vec::is_empty).collect();
                Ok(signature((
                    generation,
                    there,
                    empty,
                    parts.port.0,
                    parts.port.1 >= 0,
                )))
            }
            again => violation(
                "put together and split again it is another",
                format!(
                    "{} -> {}\n{parts:?}\n{again:?}",
                    literal::rust(url),
                    literal::rust(&parts.whole)
                ),
            ),
        }
    }
}

fn settings(input: &[u8]) -> (i32, i32) {
    let b = |i: usize| i32::from(input.get(i).copied().unwrap_or(0));
    ([0, 1, 2, 0, 9][(b(0) % 5) as usize], b(1) & 1)
}

fn is_host_and_port(url: &[u8]) -> bool {
    let colon = url.iter().position(|b| *b == b':');
    colon.is_some_and(|at| url[at + 1..].iter().all(u8::is_ascii_digit))
}

#[derive(Debug, PartialEq, Eq)]
struct Parts {
    texts: Vec<Option<Vec<u8>>>,
    port: (i32, i32),
    whole: Vec<u8>,
}

fn split(url: &[u8], generation: i32, fragments: i32) -> Result<Parts, i32> {
    let mut u: *mut hc_url = ptr::null_mut();
    // SAFETY: bytes of that length, no scheme, and a place for the handle.
    let st = unsafe {
        hc_url_split_n(
            url.as_ptr().cast(),
            url.len(),
            ptr::null(),
            0,
            fragments,
            generation,
            &raw mut u,
        )
    } as i32;
    if st != 0 {
        assert!(u.is_null(), "a handle and {st}");
        return Err(st);
    }
    let part = |n: i32| {
        let mut len = 0;
        // SAFETY: a live handle.
        let p = unsafe { hc_url_get(u, n, &raw mut len) };
        let bytes = text(p);
        assert_eq!(bytes.len(), len, "a part with a NUL in it");
        (!p.is_null()).then_some(bytes)
    };
    let mut port = -2;
    // SAFETY: a live handle, and a place for the number.
    let port_status = unsafe { hc_url_port(u, &raw mut port) } as i32;
    let parts = Parts {
        texts: (0..9).map(part).collect(),
        port: (port_status, port),
        // SAFETY: a live handle.
        whole: text(unsafe { hc_url_geturl(u, ptr::null_mut()) }),
    };
    assert!(
        part(9).is_none() && part(-1).is_none(),
        "a part that there is not"
    );
    // SAFETY: freed once.
    unsafe { hc_url_free(u) };
    Ok(parts)
}

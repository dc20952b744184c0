//! A field as a caller puts it.

use httpclient::ffi::hc_conn;
use httpclient::ffi::request::{hc_putheader_int, hc_putheader_n, hc_putheader_values};
use std::ffi::CString;
use std::ptr;

/// How a field is put.
#[derive(Debug)]
pub enum Put {
    Counted(Vec<u8>),
    Values(Vec<CString>),
    Int(i64),
}

impl Put {
    pub fn of(kind: u8, value: &[u8]) -> Self {
        match kind % 5 {
            3 => {
                let parts = value.split(|b| *b == b'|' || *b == 0);
                Self::Values(parts.filter_map(|p| CString::new(p).ok()).collect())
            }
            4 => Self::Int(value.iter().fold(0_i64, |n, b| {
                n.wrapping_mul(251).wrapping_add(i64::from(*b))
            })),
            _ => Self::Counted(value.to_vec()),
        }
    }

    pub fn to(&self, c: *mut hc_conn, name: &[u8]) -> i32 {
        let zero = CString::new(name).unwrap_or_default();
        // SAFETY: a live handle; bytes and strings as long as they say.
        (unsafe {
            match self {
                Self::Counted(v) => hc_putheader_n(
                    c,
                    name.as_ptr().cast(),
                    name.len(),
                    v.as_ptr().cast(),
                    v.len(),
                ),
                // A name with a NUL in it is none for these two: it is put as it is, counted.
                _ if zero.is_empty() => {
                    hc_putheader_n(c, name.as_ptr().cast(), name.len(), ptr::null(), 0)
                }
                Self::Values(v) => {
                    let list: Vec<_> = v.iter().map(|s| s.as_ptr()).collect();
                    hc_putheader_values(c, zero.as_ptr(), list.as_ptr(), list.len())
                }
                Self::Int(n) => hc_putheader_int(c, zero.as_ptr(), *n),
            }
        }) as i32
    }

    pub fn joined(&self, fold: bool) -> Vec<u8> {
        match self {
            Self::Counted(v) => v.clone(),
            Self::Values(v) => {
                let parts: Vec<_> = v.iter().map(|s| s.as_bytes()).collect();
                parts.join(if fold { &b"\r\n\t"[..] } else { b", " })
            }
            Self::Int(n) => n.to_string().into_bytes(),
        }
    }

    pub fn is_sound(&self) -> bool {
        self.joined(false)
            .iter()
            .all(|b| *b == b'\t' || (*b >= 0x20 && *b != 0x7f))
    }
}

pub fn is_token(s: &[u8]) -> bool {
    !s.is_empty()
        && s.iter()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b))
}

/// Fields that may be refused for what stands beside them.
pub fn is_framing(name: &[u8]) -> bool {
    ["host", "content-length", "transfer-encoding"]
        .iter()
        .any(|n| name.eq_ignore_ascii_case(n.as_bytes()))
}

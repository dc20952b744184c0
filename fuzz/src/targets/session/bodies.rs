//! Request bodies of every kind, sound and unsound.

use crate::take::Take;
use httpclient::ffi::types::{hc_body, hc_iovec};
use std::ffi::c_void;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::OnceLock;

pub static DATA: [u8; 4096] = [b'd'; 4096];

/// What a body callback returns, one number a call; 0 when they are used up.
pub struct Source {
    steps: Vec<i64>,
    at: usize,
    rewinds: bool,
    pub lied: bool,
}

unsafe extern "C" fn read(buf: *mut c_void, cap: usize, user: *mut c_void) -> i64 {
    // SAFETY: `Body::read` made the pointer, and the body outlives the call.
    let source = unsafe { &mut *user.cast::<Source>() };
    let step = source.steps.get(source.at).copied().unwrap_or(0);
    source.at += 1;
    match usize::try_from(step) {
        Ok(9999) => {
            source.lied = true;
            cap as i64 + 1
        }
        Ok(n) => {
            let n = n.min(cap);
            // SAFETY: the library gives a buffer of cap bytes.
            unsafe { buf.cast::<u8>().write_bytes(b'c', n) };
            n as i64
        }
        Err(_) => step,
    }
}

unsafe extern "C" fn rewind(user: *mut c_void) -> i32 {
    // SAFETY: as in `read`.
    let source = unsafe { &mut *user.cast::<Source>() };
    source.at = 0;
    i32::from(!source.rewinds)
}

/// A body and what it points to.
pub struct Body {
    /// `None`: NULL is passed.
    given: Option<Box<hc_body>>,
    pub source: Box<Source>,
    _pieces: Vec<hc_iovec>,
}

/// A regular file of 300 bytes, for the life of the process.
pub fn file() -> i32 {
    static FILE: OnceLock<Option<File>> = OnceLock::new();
    let make = || {
        let path = std::env::temp_dir().join(format!("httpclient-fuzz-{}", std::process::id()));
        std::fs::write(&path, &DATA[..300]).ok()?;
        let file = File::open(&path).ok();
        // The descriptor is all that is needed.
        let _ = std::fs::remove_file(&path);
        file
    };
    FILE.get_or_init(make)
        .as_ref()
        .map_or(-1, AsRawFd::as_raw_fd)
}

impl Body {
    pub fn read(t: &mut Take<'_>) -> Self {
        let kind = t.byte();
        let mut source = Box::new(Source {
            steps: Vec::new(),
            at: 0,
            rewinds: kind & 64 != 0,
            lied: false,
        });
        let mut pieces = Vec::new();
        if kind % 16 < 7 {
            return Self {
                given: None,
                source,
                _pieces: pieces,
            };
        }
        let len = [0, 1, 5, 300, 4096][t.below(5)];
        let mut b = hc_body {
            struct_size: size_of::<hc_body>(),
            kind: 1,
            fd: -1,
            length: len as u64,
            offset: 0,
            data: DATA.as_ptr().cast(),
            iov: ptr::null(),
            iov_count: 0,
            read: None,
            rewind: None,
            user: ptr::null_mut(),
        };
        match kind % 16 {
            7 => b.kind = *t.pick(&[0, 6, -1, i32::MAX]),
            8 => {
                // Pointers that are NULL, lengths that nothing has, sizes of another struct.
                match t.below(4) {
                    0 => b.data = ptr::null(),
                    1 => b.length = u64::MAX - u64::from(t.byte()),
                    2 => b.struct_size = usize::from(t.byte()),
                    _ => b.length = 1 << 63,
                }
            }
            9 | 10 => {
                b.kind = 2;
                let base = DATA.as_ptr().cast_mut().cast();
                for _ in 0..t.below(4) {
                    pieces.push(hc_iovec {
                        base,
                        len: usize::from(t.byte()),
                    });
                }
                if t.below(8) == 0 {
                    pieces.push(hc_iovec {
                        base: ptr::null_mut(),
                        len: usize::from(t.byte() & 1),
                    });
                }
                (b.iov, b.iov_count) = (pieces.as_ptr(), pieces.len());
            }
            11 => {
                b.kind = 3;
                b.fd = if t.below(8) == 0 { -1 } else { file() };
                b.length = *t.pick(&[u64::MAX, 0, 10, 300, 301]);
                b.offset = *t.pick(&[0, 0, 1, 300, 301, u64::MAX]);
            }
            12..=14 => {
                b.kind = 4;
                b.length = *t.pick(&[u64::MAX, u64::MAX, 0, 5, 12]);
                for _ in 0..t.below(5) {
                    source
                        .steps
                        .push(*t.pick(&[5, 1, 12, 4096, 0, -1, -5000, i64::MIN, 9999]));
                }
                b.read = (t.below(16) != 0).then_some(read as _);
                b.rewind = t.flag().then_some(rewind as _);
                b.user = (&raw mut *source).cast();
            }
            _ => {}
        }
        Self {
            given: Some(Box::new(b)),
            source,
            _pieces: pieces,
        }
    }

    pub fn may_lie(&self) -> bool {
        self.source.steps.contains(&9999)
    }

    pub fn as_ptr(&self) -> *const hc_body {
        self.given.as_deref().map_or(ptr::null(), ptr::from_ref)
    }
}

//! Bytes as source text, to be pasted into a test.

/// `b"..."` for Rust.
pub fn rust(bytes: &[u8]) -> String {
    quoted(bytes, "b\"", |b| format!("\\x{b:02x}"))
}

/// `"..."` for C. Octal, because C's \x takes every hexadecimal digit behind it.
pub fn c(bytes: &[u8]) -> String {
    quoted(bytes, "\"", |b| format!("\\{b:03o}"))
}

fn quoted(bytes: &[u8], open: &str, other: impl Fn(u8) -> String) -> String {
    let mut out = open.to_owned();
    for &b in bytes {
        match b {
            b'\r' => out.push_str("\\r"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(b));
            }
            0x20..=0x7e => out.push(char::from(b)),
            _ => out.push_str(&other(b)),
        }
    }
    out.push('"');
    out
}

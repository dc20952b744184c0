//! What was told, in lines that a person can read, as `curl -v` prints them: `*` is what the
//! library does, `>` what it sends, `<` what it gets.

use super::timeouts::TimeoutKind;
use super::trace::{Entry, Kind};
use crate::error::{Code, Result};
use crate::net::Interest;

/// Adds the lines to `out`, each with its line feed. A byte that a terminal might obey is
/// written as `\xNN`: what a server sends is not to move the cursor.
pub fn write(entry: &Entry<'_>, out: &mut Vec<u8>) -> Result<()> {
    match entry.kind {
        Kind::RequestHead => head(b"> ", entry.bytes, out),
        Kind::ResponseHead => head(b"< ", entry.bytes, out),
        Kind::ProxyBegin => {
            said(entry, out)?;
            head(b"> ", entry.bytes, out)
        }
        Kind::ProxyEnd | Kind::ResponseEnd => {
            head(b"< ", entry.bytes, out)?;
            said(entry, out)
        }
        Kind::RequestBody => line(b"> ", &body(entry), out),
        Kind::ResponseBody => line(b"< ", &body(entry), out),
        _ => said(entry, out),
    }
}

fn said(entry: &Entry<'_>, out: &mut Vec<u8>) -> Result<()> {
    line(b"* ", sentence(entry).as_bytes(), out)
}

fn body(entry: &Entry<'_>) -> Vec<u8> {
    let of = entry.total.map_or(String::new(), |n| format!(" of {n}"));
    format!("({} bytes of body{of})", entry.count).into_bytes()
}

fn sentence(entry: &Entry<'_>) -> String {
    let text = entry.text.to_string_lossy();
    let number = entry.connection;
    let took = entry.elapsed_ns.map_or(String::new(), |ns| {
        format!(" in {}.{:03} ms", ns / 1_000_000, ns / 1000 % 1000)
    });
    match entry.kind {
        Kind::ResolveBegin => format!("Resolving {text}"),
        Kind::ResolveEnd if entry.code == Code::HC_OK => format!("Resolved{took}: {text}"),
        Kind::ResolveEnd => format!("Not resolved{took}: {text}"),
        Kind::ConnectBegin => format!("Trying {text}"),
        Kind::ConnectEnd if entry.os_error == 0 => format!("Connected to {text}{took}"),
        Kind::ConnectEnd => {
            let why = std::io::Error::from_raw_os_error(entry.os_error);
            format!("No connection to {text}{took}: {why}")
        }
        Kind::TlsBegin => format!("TLS handshake with {text}"),
        Kind::TlsEnd => format!("TLS handshake done{took}: {text}"),
        Kind::ProxyBegin => format!("Asking the proxy for {text}"),
        Kind::ProxyEnd => format!("The proxy has answered{took}"),
        Kind::Opened => format!("Connection {number} is open"),
        Kind::Reuse if entry.reused => format!(
            "Connection {number} is used again after {} ms: {text}",
            entry.idle_ms
        ),
        Kind::Reuse => format!(
            "Connection {number} is not used again after {} ms: {text}",
            entry.idle_ms
        ),
        Kind::ResponseEnd if entry.code == Code::HC_OK => {
            format!("The response has ended after {} bytes", entry.count)
        }
        Kind::ResponseEnd => format!(
            "The response was left after {} bytes: {}",
            entry.count,
            entry.code.sentence().to_string_lossy()
        ),
        Kind::Keep if entry.reason == 0 => format!("Connection {number} is kept"),
        Kind::Keep => format!("Connection {number} ends with this response: {text}"),
        Kind::Closed => format!("Connection {number} is closed"),
        Kind::State => format!(
            "State {} -> {}",
            entry.state_before.name().to_string_lossy(),
            entry.state.name().to_string_lossy()
        ),
        Kind::Wait => waiting(entry),
        Kind::Timeout => format!("A timeout has passed: {}", timeout(entry.timeout_kind)),
        Kind::Retry => "The request is sent again".to_owned(),
        Kind::Cancelled => "hc_cancel was called".to_owned(),
        Kind::Failed => format!("{}: {text}", entry.code.name().to_string_lossy()),
        Kind::RequestHead | Kind::RequestBody | Kind::ResponseHead | Kind::ResponseBody => {
            String::new()
        }
    }
}

fn waiting(entry: &Entry<'_>) -> String {
    let what = match entry.interest {
        Some(Interest::Read) => "Waiting for bytes",
        Some(Interest::Write) => "Waiting for room to send",
        _ => "Waiting for room to send, or an answer",
    };
    match entry.timeout_ms {
        0.. => format!("{what}, {} ms at most", entry.timeout_ms),
        _ => what.to_owned(),
    }
}

fn timeout(number: i32) -> &'static str {
    match TimeoutKind::from_number(number) {
        Some(TimeoutKind::Connect) => "connecting",
        Some(TimeoutKind::Read) => "receiving",
        Some(TimeoutKind::Write) => "sending",
        Some(TimeoutKind::ExpectContinue) => "100 Continue",
        Some(TimeoutKind::Total) => "the whole request",
        Some(TimeoutKind::FirstByte) => "the first byte of the answer",
        Some(TimeoutKind::Tls) => "the TLS handshake",
        Some(TimeoutKind::Speed) => "the minimum speed",
        Some(TimeoutKind::ReuseCheck | TimeoutKind::Idle | TimeoutKind::Age) => "keeping",
        None => "unknown",
    }
}

fn head(mark: &[u8], bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
    for one in bytes.split_inclusive(|b| *b == b'\n') {
        let one = one.strip_suffix(b"\n").unwrap_or(one);
        line(mark, one.strip_suffix(b"\r").unwrap_or(one), out)?;
    }
    Ok(())
}

fn line(mark: &[u8], text: &[u8], out: &mut Vec<u8>) -> Result<()> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.try_reserve(mark.len() + 4 * text.len() + 1)?;
    out.extend_from_slice(mark);
    for &b in text {
        match b {
            b'\t' | b' '..=b'~' => out.push(b),
            _ => {
                let digit = |n: u8| HEX.get(usize::from(n)).copied().unwrap_or(b'?');
                out.extend_from_slice(&[b'\\', b'x', digit(b >> 4), digit(b & 15)]);
            }
        }
    }
    out.push(b'\n');
    Ok(())
}

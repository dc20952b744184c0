//! Two other readers of the same bytes: our reference, and httparse.

use crate::engine::{Violation, literal, violation};
use crate::exchange::Setting;
use crate::reference::{self, Message};
use crate::seen::Seen;

/// The safe profile against RFC 9112: what it takes the reference can read, with the same
/// result; and what is beyond reproach it takes.
pub fn by_reference(
    s: &Setting,
    seen: &Seen,
    message: Option<&Message>,
    bytes: &[u8],
) -> Result<(), Violation> {
    let Some(head) = &seen.head else {
        let reproach = message.is_none_or(|m| !m.clean) || !s.limits.is_empty();
        // A default limit can be met too: 100 interim responses, 100 fields.
        let limit = matches!(seen.end.code, -50 | -44 | -43);
        return if reproach || limit {
            Ok(())
        } else {
            violation(
                "sound head refused",
                format!("{} {:?}\n{message:?}", seen.end.code, seen.end.text),
            )
        };
    };
    let Some(m) = message else {
        return violation("unsound head accepted", format!("{head:?}"));
    };
    let same_head = head.status == i32::from(m.head.status)
        && head.version == m.head.version
        && head.reason == m.head.reason
        && head.fields == m.head.fields;
    if !same_head {
        return violation(
            "another head than the reference's",
            format!("{head:?}\n{:?}", m.head),
        );
    }
    let from = &bytes[m.head_at.clone()];
    let lines = head.raw.concat();
    if !from.windows(lines.len().max(1)).any(|w| w == lines) && !lines.is_empty() {
        return violation("raw lines are not those of the head", literal::rust(&lines));
    }
    if seen.body.len() as u64 > m.declared.unwrap_or(u64::MAX) {
        return violation(
            "body longer than declared",
            format!("{} bytes", seen.body.len()),
        );
    }
    if let reference::End::Tunnel(at) = m.end {
        return if seen.leftover.as_deref() == Some(&bytes[at..]) {
            Ok(())
        } else {
            violation(
                "another rest of a tunnel than the reference's",
                format!("{seen:?}"),
            )
        };
    }
    let ended = match m.end {
        reference::End::At(_) => true,
        reference::End::Cut | reference::End::Tunnel(_) => false,
    };
    match seen.end.code {
        0 if !ended => violation(
            "a message cut short is complete",
            format!("{seen:?}\n{m:?}"),
        ),
        0 if seen.body != m.body => violation(
            "another body than the reference's",
            format!("{seen:?}\n{m:?}"),
        ),
        0 if seen.trailers != m.trailers => violation(
            "other trailers than the reference's",
            format!("{seen:?}\n{m:?}"),
        ),
        0 => Ok(()),
        // Some of what was sent, and the beginning of it.
        _ if !m.body.starts_with(&seen.body) => violation(
            "body is not the beginning of the reference's",
            format!("{seen:?}\n{m:?}"),
        ),
        -50 | -43 => Ok(()),
        _ if ended && m.clean && s.limits.is_empty() => {
            violation("sound body refused", format!("{seen:?}\n{m:?}"))
        }
        _ => Ok(()),
    }
}

/// What the safe profile takes for a head httparse takes too, and reads it alike, except:
///
/// * folded lines, which it does not take;
/// * HTTP/1.2 to 1.9, which it does not take;
/// * a reason with bytes from 0x80 on, which it drops;
/// * several blanks before a reason, which it keeps;
/// * what its own limit of fields is passed by.
pub fn by_httparse(seen: &Seen, m: &Message, bytes: &[u8]) -> Result<(), Violation> {
    let Some(head) = &seen.head else {
        return Ok(());
    };
    if m.head.folded || m.head.minor > 1 {
        return Ok(());
    }
    let mut fields = [httparse::EMPTY_HEADER; 128];
    let mut other = httparse::Response::new(&mut fields);
    let from = &bytes[m.head_at.start..];
    match other.parse(from) {
        Ok(httparse::Status::Complete(n)) if n == m.head_at.len() => {}
        Err(httparse::Error::TooManyHeaders) => return Ok(()),
        outcome => return violation(format!("httparse: {outcome:?}"), format!("{head:?}")),
    }
    let same = other.code.map(i32::from) == Some(head.status)
        && other.version.map(|v| i32::from(v) + 10) == Some(head.version)
        && other.headers.len() == head.fields.len()
        && other
            .headers
            .iter()
            .zip(&head.fields)
            .all(|(a, b)| a.name.as_bytes() == b.0 && trim(a.value) == &b.1[..]);
    let reason = other
        .reason
        .unwrap_or_default()
        .trim_matches([' ', '\t'])
        .as_bytes();
    if same && (reason == head.reason || !head.reason.is_ascii()) {
        Ok(())
    } else {
        violation(
            "httparse reads another head",
            format!("{head:?}\n{other:?}"),
        )
    }
}

fn trim(value: &[u8]) -> &[u8] {
    let mut value = value;
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

//! Heads as they may be shown to whoever debugs: without what gives its reader the user's rights.
//!
//! The values of the fields that carry credentials are replaced, folds included, and so is the
//! user and password in front of a host in the request's target. What stands in a query or in a
//! field of the program's own invention is not known to be a secret, and is shown.
//!
//! A challenge (WWW-Authenticate, Proxy-Authenticate) and what follows it (Authentication-Info)
//! give nobody anything, and are what one looks for when an authentication fails.

use crate::error::Result;

/// In place of a secret.
pub const PLACEHOLDER: &[u8] = b"[redacted]";

/// The fields whose values are secrets.
const SECRET: [&[u8]; 6] = [
    b"Authorization",
    b"Proxy-Authorization",
    b"Cookie",
    b"Cookie2",
    b"Set-Cookie",
    b"Set-Cookie2",
];

/// Adds a head, its first line included, to `out`. True if something was replaced.
pub fn head(raw: &[u8], out: &mut Vec<u8>) -> Result<bool> {
    let end = memchr::memchr(b'\n', raw).map_or(raw.len(), |i| i + 1);
    let (first, rest) = raw.split_at(end);
    if secret_name(first).is_some() {
        return fields(raw, out);
    }
    let in_target = target(first, out)?;
    Ok(fields(rest, out)? | in_target)
}

/// Adds header or trailer lines to `out`. True if something was replaced.
///
/// When in doubt it is a secret: a name counts whatever stands before it on its line (a fold of
/// nothing) or behind it (a blank, or no colon at all), and a lone CR may begin a line, because
/// there are readers to whom it does.
pub fn fields(raw: &[u8], out: &mut Vec<u8>) -> Result<bool> {
    let mut redacted = false;
    let mut rest = raw;
    while !rest.is_empty() {
        let Some(name_end) = secret_name(rest) else {
            let len = memchr::memchr2(b'\n', b'\r', rest).map_or(rest.len(), |i| i + 1);
            let (line, after) = rest.split_at(len);
            push(out, line)?;
            rest = after;
            continue;
        };
        let end = unfolded_end(rest);
        let (line, after) = rest.split_at(end);
        let (name, value) = line.split_at(name_end);
        let line_end: &[u8] = match value {
            [.., b'\r', b'\n'] => b"\r\n",
            [.., b'\n'] => b"\n",
            _ => b"",
        };
        push(out, name)?;
        push(out, b" ")?;
        push(out, PLACEHOLDER)?;
        push(out, line_end)?;
        redacted = true;
        rest = after;
    }
    Ok(redacted)
}

/// Does this line begin with the name of a secret? Where its value begins.
fn secret_name(line: &[u8]) -> Option<usize> {
    let blank = |b: &&u8| matches!(**b, b' ' | b'\t');
    let at = line.iter().take_while(blank).count();
    let rest = line.get(at..)?;
    let name = SECRET.into_iter().find(|name| {
        let is_name = rest
            .get(..name.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(name));
        is_name && rest.get(name.len()).is_none_or(|b| !is_of_name(*b))
    })?;
    let after = rest.get(name.len()..)?;
    let blanks = after.iter().take_while(blank).count();
    let colon = usize::from(after.get(blanks) == Some(&b':'));
    Some(at + name.len() + if colon == 1 { blanks + 1 } else { 0 })
}

/// Could this byte make another name of it?
fn is_of_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// Where a field ends whose value goes on for as long as lines begin with a blank.
fn unfolded_end(lines: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', lines)
        .find(|i| !matches!(lines.get(i + 1), Some(b' ' | b'\t')))
        .map_or(lines.len(), |i| i + 1)
}

/// Adds the first line of a head. Only a target in absolute form can hold credentials, and they
/// end at the last `@` before the path.
fn target(line: &[u8], out: &mut Vec<u8>) -> Result<bool> {
    let secret = memchr::memmem::find(line, b"://").and_then(|i| {
        let from = i + 3;
        let authority = line.get(from..)?;
        let end = authority
            .iter()
            .position(|b| matches!(b, b'/' | b'?' | b'#' | b' ' | b'\r' | b'\n'));
        let authority = authority.get(..end.unwrap_or(authority.len()))?;
        let at = memchr::memrchr(b'@', authority)?;
        Some(from..from + at)
    });
    let Some(secret) = secret else {
        push(out, line)?;
        return Ok(false);
    };
    push(out, line.get(..secret.start).unwrap_or_default())?;
    push(out, PLACEHOLDER)?;
    push(out, line.get(secret.end..).unwrap_or_default())?;
    Ok(true)
}

fn push(out: &mut Vec<u8>, bytes: &[u8]) -> Result<()> {
    out.try_reserve(bytes.len())?;
    out.extend_from_slice(bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &str) -> String {
        let mut out = Vec::new();
        assert!(head(raw.as_bytes(), &mut out).is_ok());
        String::from_utf8_lossy(&out).into_owned()
    }

    fn shown_fields(raw: &str) -> (String, bool) {
        let mut out = Vec::new();
        let redacted = fields(raw.as_bytes(), &mut out).is_ok_and(|r| r);
        (String::from_utf8_lossy(&out).into_owned(), redacted)
    }

    #[test]
    fn row_201_secrets_are_replaced_and_the_rest_is_not() {
        assert_eq!(
            shown(
                "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic c2VjcmV0\r\nCookie:a=secret\r\n\
                 Proxy-Authorization:\tBearer secret\r\nX-Authorization: plain\r\n\r\n"
            ),
            "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: [redacted]\r\nCookie: [redacted]\r\n\
             Proxy-Authorization: [redacted]\r\nX-Authorization: plain\r\n\r\n"
        );
        let answer = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"r\"\r\n\
                      Authentication-Info: nextnonce=\"n\"\r\nSet-Cookies: no\r\n\r\n";
        assert_eq!(shown(answer), answer);
    }

    #[test]
    fn row_201_in_any_case_and_however_it_is_written() {
        for line in [
            "set-cookie: secret\r\n",
            "SET-COOKIE:secret\r\n",
            "Set-Cookie : secret\r\n",
            " Set-Cookie: secret\r\n",
            "Set-Cookie secret\r\n",
            "Set-Cookie2: secret\r\n",
            "Cookie2: secret\n",
            "Set-Cookie: a\r\n secret\r\n\tsecret too\r\n",
            "Set-Cookie:\r\n secret\r\n",
            "Set-Cookie: a\rsecret\r\n",
            "X: y\rSet-Cookie: secret\r\n",
            "X: y\r\n Set-Cookie: secret\r\n",
            "Set-Cookie: secret",
        ] {
            let (text, redacted) = shown_fields(line);
            assert!(redacted, "{line:?}");
            assert!(!text.contains("secret"), "{line:?}: {text:?}");
            assert!(text.contains("[redacted]"), "{line:?}: {text:?}");
            let ends = |s: &str| s.ends_with("\r\n") || s.ends_with('\n');
            assert_eq!(ends(line), ends(&text), "{line:?}");
        }
    }

    #[test]
    fn every_one_of_many_lines() {
        let many = "Set-Cookie: secret\r\nA: b\r\n".repeat(100);
        let (text, _) = shown_fields(&many);
        assert_eq!(text, "Set-Cookie: [redacted]\r\nA: b\r\n".repeat(100));
        // Trailers are lines like any other.
        let (text, redacted) = shown_fields("Digest: x\r\nset-cookie: secret\r\n");
        assert_eq!(text, "Digest: x\r\nset-cookie: [redacted]\r\n");
        assert!(redacted);
        assert_eq!(shown_fields(""), (String::new(), false));
    }

    #[test]
    fn what_follows_a_fold_is_shown_again() {
        let (text, _) = shown_fields("Cookie: a\r\n b\r\nHost: h\r\n\r\n");
        assert_eq!(text, "Cookie: [redacted]\r\nHost: h\r\n\r\n");
    }

    #[test]
    fn credentials_in_a_target() {
        for (raw, want) in [
            (
                "GET http://u:p@h/a@b HTTP/1.1\r\n",
                "GET http://[redacted]@h/a@b HTTP/1.1\r\n",
            ),
            (
                "GET http://u:p@q@h HTTP/1.1\r\n",
                "GET http://[redacted]@h HTTP/1.1\r\n",
            ),
            (
                "GET http://h/?u=http://u:p@x HTTP/1.1\r\n",
                "GET http://h/?u=http://u:p@x HTTP/1.1\r\n",
            ),
            ("GET /a@b HTTP/1.1\r\n", "GET /a@b HTTP/1.1\r\n"),
            ("HTTP/1.1 200 a@b\r\n", "HTTP/1.1 200 a@b\r\n"),
            ("GET http://", "GET http://"),
        ] {
            assert_eq!(shown(raw), want);
        }
    }
}

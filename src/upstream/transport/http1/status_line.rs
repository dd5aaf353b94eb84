//! The first line of an answer (RFC 9112 section 4); pure.
//! `head` reads on behind it; whether the bytes begin like HTTP/1 at all `sniff` has said before.

use http::StatusCode;

use super::head::{Fault, START, shown, shown_at};
use crate::failure::Cause;

/// What a status line says.
#[derive(Debug, PartialEq, Eq)]
pub struct StatusLine<'a> {
    /// 100 to 599.
    pub status: StatusCode,
    /// Whether it says HTTP/1.1 or more; else HTTP/1.0.
    pub http11: bool,
    /// Its reason phrase.
    pub reason: &'a [u8],
}

/// Reads `line`, without its end. A minor version that nobody knows is read as the highest known one (RFC 9110 section
/// 2.5).
///
/// # Errors
/// Says whether the status is wrong or the line around it.
pub fn read(line: &[u8]) -> Result<StatusLine<'_>, Fault> {
    parse(line).ok_or_else(|| fault(line))
}

fn parse(line: &[u8]) -> Option<StatusLine<'_>> {
    let [minor, b' ', a @ b'1'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line.strip_prefix(START)? else {
        return None;
    };
    let reason = match rest {
        [] => rest,
        [b' ', reason @ ..] if reason.iter().copied().all(in_words) => reason,
        _ => return None,
    };
    let status = StatusCode::from_bytes(&[*a, *b, *c]).ok()?;
    Some(StatusLine { status, http11: *minor != b'0', reason })
}

/// Whether a reason phrase may have this byte.
fn in_words(byte: u8) -> bool {
    byte == b'\t' || !byte.is_ascii_control()
}

fn fault(line: &[u8]) -> Fault {
    let malformed = |what: &str, at: usize| {
        Fault::new(Cause::ResponseHeadMalformed, format!("the status line {what}: {}", shown_at(line, at)))
            .next("Correct the status line that the application writes: `HTTP/1.1 200 OK` (RFC 9112 section 4).")
    };
    let behind = START.len() + 1;
    match line.get(behind) {
        None | Some(b' ') => {}
        Some(b'0'..=b'9') => return malformed("names an unknown version", 0),
        Some(_) => return malformed("has no blank behind its version", behind),
    }
    let rest = line.get(behind + 1..).unwrap_or_default();
    let word = rest.split(|byte| *byte == b' ').next().unwrap_or_default();
    match word {
        [] if !rest.is_empty() => malformed("has more than one blank before its status", behind),
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9'] if parse(&line[..=behind + word.len()]).is_some() => {
            let at = line.iter().position(|byte| !in_words(*byte)).unwrap_or_default();
            malformed("has a character that no reason phrase may have", at)
        }
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9'] => {
            let evidence = format!("the status is {}, outside 100 to 599", String::from_utf8_lossy(word));
            Fault::new(Cause::ResponseBadStatus, evidence)
        }
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', other, ..] if !other.is_ascii_digit() => {
            malformed("has no blank behind its status", behind)
        }
        _ => Fault::new(Cause::ResponseBadStatus, format!("the status line is {}", shown(line))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_status_version_and_reason() {
        for (line, status, http11, reason) in [
            ("HTTP/1.1 200 OK", 200, true, "OK"),
            ("HTTP/1.1 200", 200, true, ""),
            ("HTTP/1.1 200 ", 200, true, ""),
            ("HTTP/1.0 404 Not\tFound", 404, false, "Not\tFound"),
            ("HTTP/1.2 299 Odd", 299, true, "Odd"),
            ("HTTP/1.9 599  été", 599, true, " été"),
        ] {
            let read = read(line.as_bytes()).unwrap();
            assert_eq!((read.status.as_u16(), read.http11, read.reason), (status, http11, reason.as_bytes()), "{line}");
        }
    }

    #[test]
    fn a_bad_status_is_told_from_a_bad_line() {
        use Cause::{ResponseBadStatus as Status, ResponseHeadMalformed as Line};
        for (line, cause, said) in [
            ("HTTP/1.1 099 X", Status, "is 099, outside"),
            ("HTTP/1.1 600 X", Status, "is 600, outside"),
            ("HTTP/1.1 600 X\0", Status, "is 600, outside"),
            ("HTTP/1.1 2000 X", Status, "HTTP/1.1 2000"),
            ("HTTP/1.1 20 X", Status, "HTTP/1.1 20"),
            ("HTTP/1.1 2xx X", Status, "2xx"),
            ("HTTP/1.1 -200 X", Status, "-200"),
            ("HTTP/1.1 ", Status, "HTTP/1.1"),
            ("HTTP/1.1", Status, "HTTP/1.1"),
            ("HTTP/1.1 200 O\0K", Line, "reason phrase may have: \"HTTP/1.1 200 O\\x00K"),
            ("HTTP/1.1 200 OK, and so on, and so forth\u{1}", Line, "…\"on, and so forth\\x01"),
            ("HTTP/1.1 200\tOK", Line, "no blank behind its status"),
            ("HTTP/1.1 200OK", Line, "no blank behind its status"),
            ("HTTP/1.1  200 OK", Line, "more than one blank"),
            ("HTTP/1.1\t200 OK", Line, "no blank behind its version"),
            ("HTTP/1.10 200 OK", Line, "unknown version"),
        ] {
            let fault = read(line.as_bytes()).unwrap_err();
            assert_eq!(fault.cause, cause, "{line:?}: {}", fault.evidence);
            assert!(fault.evidence.contains(said), "{line:?}: {}", fault.evidence);
            assert_eq!(fault.next.is_some(), cause == Line, "{line:?}");
        }
    }
}

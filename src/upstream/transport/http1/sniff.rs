//! What the first bytes of an answer are, where they are no HTTP/1; pure.
//! `head` asks before it reads anything else, because a wrong port or scheme is told from a broken application here.

use super::head::{Fault, START, begins, shown};
use crate::failure::Cause;

/// Whether the first bytes can be an HTTP/1 status line.
///
/// # Errors
/// Names the other protocol.
pub fn protocol(bytes: &[u8]) -> Result<(), Fault> {
    if begins(bytes) {
        return match bytes.get(START.len()) {
            None | Some(b'0'..=b'9') => Ok(()),
            Some(_) => {
                let evidence = format!("the status line names an unknown version: {}", shown(bytes));
                Err(Fault::new(Cause::ResponseHeadMalformed, evidence).next("Correct the status line."))
            }
        };
    }
    Err(match bytes {
        // An alert or a handshake record of TLS (RFC 8446 section 5.1).
        [0x15 | 0x16, 0x03, ..] => {
            let evidence = format!("the server speaks TLS on this port: {}", shown(bytes));
            Fault::new(Cause::ResponseIsTls, evidence).in_protocol(false)
        }
        [0x15 | 0x16] => return Ok(()),
        [b'\r' | b'\n', ..] => {
            let evidence = format!("an empty line before the status line: {}", shown(bytes));
            Fault::new(Cause::ResponseHeadMalformed, evidence).next(
                "Correct what writes an empty line before the status line; it may also be left over from a body that is \
                 longer than was said.",
            )
        }
        _ => {
            let (what, next) = other(bytes);
            let evidence = format!("the answer {what}: {}", shown(bytes));
            Fault { next, ..Fault::new(Cause::ResponseNotHttp, evidence).in_protocol(false) }
        }
    })
}

/// What is to be said of it, and what to do about it.
fn other(bytes: &[u8]) -> (&'static str, Option<&'static str>) {
    const HTTP2: Option<&str> =
        Some("Let the server take HTTP/1.1 at this port, or write one that does into `servers`.");
    const BEFORE: Option<&str> = Some(
        "Correct what the application or its script prints before the status line: a blank, or a file that was saved with \
         a byte order mark.",
    );
    match bytes {
        // A SETTINGS or GOAWAY frame on stream 0 (RFC 9113 sections 6.5 and 6.8).
        [0, 0, _, 4 | 7, _, 0, 0, 0, 0, ..] => ("is not HTTP/1 but HTTP/2", HTTP2),
        _ if bytes.starts_with(b"PRI * HTTP/2") => ("is not one but the preface of HTTP/2, which clients send", HTTP2),
        _ if bytes.starts_with(b"HTTP/") => ("is not HTTP/1 but another version of HTTP", HTTP2),
        [1, 3 | 6 | 7, ..] => ("is not HTTP/1 but FastCGI", None),
        // A greeting or an error of protocol 10; the packet's length stands before it.
        [_, _, 0, 0, 0x0a | 0xff, ..] => ("is not HTTP/1 but MySQL or MariaDB", None),
        [0xef, 0xbb, 0xbf, rest @ ..] if begins(rest) => ("has a byte order mark before its status line", BEFORE),
        [b' ' | b'\t', ..] if begins(bytes.trim_ascii_start()) => ("has a blank before its status line", BEFORE),
        [b'<', ..] => ("is not HTTP/1 but bare HTML or XML", None),
        _ if bytes.starts_with(b"SSH-") => ("is not HTTP/1 but SSH", None),
        _ if bytes.starts_with(b"220 ") || bytes.starts_with(b"220-") => ("is not HTTP/1 but SMTP or FTP", None),
        _ if bytes.starts_with(b"+OK") => ("is not HTTP/1 but POP3", None),
        _ if bytes.starts_with(b"* OK") => ("is not HTTP/1 but IMAP", None),
        _ if bytes.starts_with(b"-ERR") => ("is not HTTP/1 but a line protocol such as Redis", None),
        _ => ("is not HTTP/1 but something else", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_protocols_are_called_by_their_names() {
        let rows: &[(&[u8], &str)] = &[
            (b"\0\0\x06\x04\0\0\0\0\0\0\x03", "HTTP/2:"),
            (b"\0\0\x08\x07\0\0\0\0\0\0\0", "HTTP/2:"),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "the preface of HTTP/2"),
            (b"HTTP/2.0 200 OK", "another version of HTTP"),
            (b"\x01\x06\0\x01", "FastCGI"),
            (b"\x4a\0\0\0\x0a8.0.36\0", "MySQL"),
            (b"\xef\xbb\xbfHTTP/1.1 200 OK", "byte order mark"),
            (b" HTTP/1.1 200 OK", "blank"),
            (b"<html>", "HTML"),
            (b"SSH-2.0-OpenSSH_9.6", "SSH"),
            (b"220 mail.example ESMTP", "SMTP or FTP"),
            (b"220-Welcome", "SMTP or FTP"),
            (b"+OK POP3 ready", "POP3"),
            (b"* OK IMAP4rev1", "IMAP"),
            (b"-ERR wrong number of arguments", "Redis"),
            (b"ICY 200 OK", "something else"),
        ];
        for (bytes, said) in rows {
            let fault = protocol(bytes).unwrap_err();
            assert_eq!((fault.cause, fault.http), (Cause::ResponseNotHttp, false), "{}", fault.evidence);
            assert!(fault.evidence.contains(said), "{said}: {}", fault.evidence);
        }
        assert_eq!(protocol(b"\x16\x03").unwrap_err().cause, Cause::ResponseIsTls);
        assert!(protocol(b"HTTP/1.7 ").is_ok() && protocol(b"HT").is_ok() && protocol(b"\x15").is_ok());
    }
}

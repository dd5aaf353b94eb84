//! Answers what is no request: the HTTP server could not read it, or it never became whole.
//! Names the cause from the bytes themselves, writes the page and the log line that every refused request gets.

use std::{
    rc::Rc,
    time::{Instant, SystemTime},
};

use http::{HeaderMap, Method, Request, Version};

use super::{Reception, connection::write, io::Watch, tap};
use crate::{
    config::settings::Limits,
    failure::{Cause, Failure},
    limits,
    message::{Record, authority::authority, forwarded::Forwarding, too_large as body_too_large},
    socket::Socket,
    stack::{self, Shared},
};

/// The failure of bytes that `error` says are no request.
pub fn unreadable(error: &hyper::Error, head: &[u8], limits: &Limits) -> Box<Failure> {
    let fields = tap::fields(head);
    if error.is_parse_too_large() {
        return endless(&fields, limits).unwrap_or_else(|| too_large(head, limits));
    }
    let line = first_line(head);
    if version_is_unknown(line) {
        return Failure::new(
            Cause::RequestVersionUnsupported,
            format!("the request line ends in a version that is not HTTP/1.0 or 1.1: {}", shown(line)),
        );
    }
    let values = |name| fields.get_all(name).iter().map(|value| value.as_bytes().trim_ascii().to_vec()).collect();
    let codings: Vec<Vec<u8>> = values(http::header::TRANSFER_ENCODING);
    let lengths: Vec<Vec<u8>> = values(http::header::CONTENT_LENGTH);
    let is_10 = line.ends_with(b"HTTP/1.0");
    let chunked = codings.len() == 1 && codings[0].eq_ignore_ascii_case(b"chunked");
    if !codings.is_empty() && (is_10 || !lengths.is_empty()) {
        let beside = if is_10 { "in an HTTP/1.0 request" } else { "beside Content-Length" };
        return Failure::new(
            Cause::RequestFramingConflict,
            format!("Transfer-Encoding {} {beside}", shown(&codings.join(&b", "[..]))),
        );
    }
    if !codings.is_empty() && !chunked && codings.iter().all(|coding| is_token_list(coding)) {
        return Failure::new(
            Cause::RequestTransferCodingUnsupported,
            format!("Transfer-Encoding is {}, only chunked is understood", shown(&codings.join(&b", "[..]))),
        );
    }
    let plain = |length: &Vec<u8>| !length.is_empty() && length.iter().all(u8::is_ascii_digit);
    if lengths.len() > 1 || lengths.iter().any(|length| !plain(length) || length.len() > limits::LENGTH_DIGITS) {
        return Failure::new(
            Cause::RequestFramingConflict,
            format!("Content-Length is {}, which is not one length", shown(&lengths.join(&b" and "[..]))),
        );
    }
    Failure::new(Cause::RequestMalformed, format!("{error}; it starts with {}", shown(head)))
}

/// The failure of a head that did not become whole in time.
pub fn late_head(head: &[u8], limits: &Limits) -> Box<Failure> {
    Failure::new(
        Cause::RequestHeaderTimeout,
        format!(
            "{} bytes of a request head came within {}: {}",
            head.len(),
            humantime::format_duration(limits.header_timeout),
            shown(head)
        ),
    )
}

/// The failure of a head that was not whole when the gateway ended.
pub fn stopped(head: &[u8]) -> Box<Failure> {
    let evidence = format!("{} bytes of a request head had come when the gateway ended: {}", head.len(), shown(head));
    let mut failure = Failure::new(Cause::GatewayDraining, evidence);
    failure.retry_after = Some(limits::DRAINING_RETRY_AFTER);
    failure
}

/// The failure of a body that is longer than the server can count.
fn endless(fields: &HeaderMap, limits: &Limits) -> Option<Box<Failure>> {
    let mut lengths = fields.get_all(http::header::CONTENT_LENGTH).iter();
    let length = lengths.next().filter(|_| lengths.next().is_none())?.to_str().ok()?.parse::<u64>().ok()?;
    (length > limits::BODY_COUNTED).then(|| body_too_large(limits.body_size, &format!("Content-Length is {length}")))
}

fn too_large(head: &[u8], limits: &Limits) -> Box<Failure> {
    if memchr::memchr(b'\n', head).is_none_or(|at| at > limits.header_size) {
        return Failure::new(
            Cause::RequestUriTooLong,
            format!("the request line has {} bytes or more: {}", head.len(), shown(head)),
        );
    }
    let largest = head.split(|byte| *byte == b'\n').skip(1).max_by_key(|line| line.len()).unwrap_or_default();
    let name = largest.split(|byte| *byte == b':').next().unwrap_or_default();
    Failure::new(
        Cause::RequestHeaderTooLarge,
        format!(
            "the head has {} bytes or more or over {} fields; the largest is {} with {} bytes",
            head.len(),
            limits.headers,
            shown(name),
            largest.len()
        ),
    )
}

/// Writes the answer and the log lines of a refusal.
pub async fn answer(socket: &mut Socket, failure: Box<Failure>, watch: &Watch, reception: &Reception) {
    let shared = &reception.shared;
    let head = watch.unread_head();
    let record = record(&head, watch, shared);
    let (answer, body) = stack::refused(failure, &record, shared).into_parts();
    let mut bytes = format!("HTTP/1.1 {}\r\n", answer.status).into_bytes();
    for (name, value) in &answer.headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    bytes.extend_from_slice(b"\r\n");
    if record.head.method != Method::HEAD {
        bytes.extend_from_slice(&body);
        record.bytes_out.set(body.len() as u64);
    }
    write(socket, &bytes, reception).await;
    shared.log(&record);
}

/// A record of what was understood.
fn record(head: &[u8], watch: &Watch, shared: &Shared) -> Rc<Record> {
    let mut words = first_line(head).split(|byte| *byte == b' ');
    let method = words.next().and_then(|word| Method::from_bytes(word).ok()).unwrap_or(Method::GET);
    let mut request = Request::new(());
    *request.method_mut() = method;
    if let Some(uri) = words.next().and_then(|word| http::Uri::try_from(word).ok()) {
        *request.uri_mut() = uri;
    }
    let is_10 = first_line(head).ends_with(b"HTTP/1.0");
    *request.version_mut() = if is_10 { Version::HTTP_10 } else { Version::HTTP_11 };
    *request.headers_mut() = tap::fields(head);
    let (parts, ()) = request.into_parts();
    let received = SystemTime::now();
    let connection = &watch.connection;
    let forwarding = Forwarding::new(connection.peer, connection.scheme, &parts.headers, &shared.settings.gateway);
    let authority = authority(&parts, &shared.authorities);
    let record = Record::new(parts, shared.ids.next(received), connection, forwarding, (Instant::now(), received));
    if let Ok(authority) = authority {
        // The cell is empty: the guard that fills it has not been passed.
        let _ = record.authority.set(authority);
    }
    Rc::new(record)
}

fn first_line(head: &[u8]) -> &[u8] {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Whether a line is a request line with a version of HTTP that is spoken otherwise, or not at all.
fn version_is_unknown(line: &[u8]) -> bool {
    let version = line.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    let digits = version.strip_prefix(b"HTTP/").unwrap_or_default();
    let well_formed = matches!(digits, [major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit());
    well_formed && !matches!(digits, b"1.0" | b"1.1")
}

fn is_token_list(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.,; =".contains(byte))
}

fn shown(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes[..bytes.len().min(limits::EVIDENCE_BYTES)].escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_unknown_only_when_it_is_one() {
        for (line, expected) in [
            (&b"GET / HTTP/2.0"[..], true),
            (b"PRI * HTTP/2.0", true),
            (b"GET / HTTP/1.2", true),
            (b"GET / HTTP/1.1", false),
            (b"GET / HTTQ/1.1", false),
            (b"GET /", false),
            (b"", false),
        ] {
            assert_eq!(version_is_unknown(line), expected, "{}", line.escape_ascii());
        }
    }
}

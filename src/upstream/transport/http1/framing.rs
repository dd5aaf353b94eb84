//! Where the body of an answer ends, by RFC 9112 section 6.3 to the letter; pure.
//! Reads a head, leaves the bytes themselves to `chunked` and the exchange.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::head::{Fault, Head, Stated, shown};
use crate::failure::{Cause, Parameter};

/// How a body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    None,
    /// This many bytes.
    Length(u64),
    /// Chunks, then trailers.
    Chunked,
    /// Everything until the connection ends.
    UntilClose,
}

/// How the body of the answer `head` to a request is delimited.
///
/// # Errors
/// Two lengths, a length beside a transfer coding, a coding that is not exactly `chunked`.
pub fn framing(head: &Head, answers_head: bool) -> Result<Framing, Fault> {
    let codings = coding(head)?;
    let length = match head.stated {
        Stated::Nothing => None,
        Stated::Plain(length) => Some(length),
        Stated::Unclear => length(&head.fields)?,
    };
    if let Some(coding) = codings {
        if length.is_some() {
            return Err(Fault::new(
                Cause::ResponseFramingConflict,
                format!("Content-Length together with Transfer-Encoding: {coding}"),
            ));
        }
        if !head.http11 {
            return Err(Fault::new(
                Cause::ResponseFramingConflict,
                format!("Transfer-Encoding: {coding} in an HTTP/1.0 answer"),
            )
            .next(
                "Let the application answer with HTTP/1.1 where it sends chunks, or without Transfer-Encoding (RFC 9112 \
                 section 6.1).",
            ));
        }
    }
    let bodiless = answers_head
        || head.status.is_informational()
        || head.status == StatusCode::NO_CONTENT
        || head.status == StatusCode::NOT_MODIFIED;
    Ok(match (bodiless, codings, length) {
        (true, ..) => Framing::None,
        (false, Some(_), _) => Framing::Chunked,
        (false, None, Some(length)) => Framing::Length(length),
        (false, None, None) => Framing::UntilClose,
    })
}

/// Whether the connection may serve another request after this answer (RFC 9112 section 9.3).
#[must_use]
pub fn keeps_alive(head: &Head, framing: Framing) -> bool {
    framing != Framing::UntilClose && !head.named.close && (head.http11 || head.named.keep_alive)
}

/// The transfer coding, when there is one: `chunked`.
fn coding(head: &Head) -> Result<Option<&'static str>, Fault> {
    let mut values = head.hop_values(header::TRANSFER_ENCODING);
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_none() && first.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") {
        return Ok(Some("chunked"));
    }
    let all: Vec<&[u8]> = head.hop_values(header::TRANSFER_ENCODING).map(HeaderValue::as_bytes).collect();
    let all = all.join(&b", "[..]);
    Err(unknown_coding(&all))
}

/// Names what of the transfer codings in `all` cannot be decoded, or that there is nothing to decode.
fn unknown_coding(all: &[u8]) -> Fault {
    let names: Vec<_> = all
        .split(|byte| *byte == b',')
        .map(|item| item.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    let evidence = format!("Transfer-Encoding is {}, only chunked can be decoded", shown(all));
    let fault = Fault::new(Cause::ResponseTransferCoding, evidence);
    let Some(name) = names.iter().find(|name| *name != b"chunked").or(names.first()) else {
        return fault.next("Take the empty Transfer-Encoding out of the application.");
    };
    let fault = match &name[..] {
        b"chunked" if names.len() > 1 => fault.next(
            "Say `chunked` once: the application sets it by hand, or something between it and the gateway adds it again.",
        ),
        b"chunked" => fault.next("Take the parameters away: `chunked` has none."),
        b"identity" => fault.next("Take `identity` out of Transfer-Encoding: it no longer exists (RFC 9112 section 7)."),
        _ => fault,
    };
    match str::from_utf8(name) {
        Ok(name) if HeaderName::from_bytes(name.as_bytes()).is_ok() => {
            fault.parameter("coding", Parameter::Text(name.to_owned()))
        }
        _ => fault,
    }
}

/// The one Content-Length; equal repetitions count as one (RFC 9110 section 8.6).
fn length(fields: &HeaderMap) -> Result<Option<u64>, Fault> {
    let mut found = None;
    for value in fields.get_all(header::CONTENT_LENGTH) {
        for item in value.as_bytes().split(|byte| *byte == b',') {
            let digits = item.trim_ascii();
            let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
            let number = plain.then(|| std::str::from_utf8(digits).ok()?.parse::<u64>().ok()).flatten();
            let Some(number) = number else {
                return Err(Fault::new(
                    Cause::ResponseFramingConflict,
                    format!("Content-Length is {}, which is no length", shown(value.as_bytes())),
                )
                .next("Correct what the application writes into Content-Length: digits and nothing else."));
            };
            if found.is_some_and(|other| other != number) {
                return Err(Fault::new(
                    Cause::ResponseFramingConflict,
                    format!("two lengths, {} and {number}", found.unwrap_or_default()),
                ));
            }
            found = Some(number);
        }
    }
    Ok(found)
}

//! Lets only requests through that can be understood in one way: target, Host, framing, expectations, size.
//! What is refused here never reaches an upstream; the path is judged with its route.

use std::rc::Rc;

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header, request};

use super::{checked::Check, shared::Shared};
use crate::{
    config::settings::Limits,
    failure::{Cause, Failure, Parameter, Result},
    limits,
    message::{Body, Record, Request, UNCLEAR, authority},
};

/// The layer's check.
#[derive(Clone)]
pub struct Guard {
    shared: Rc<Shared>,
}

impl Guard {
    /// With what the worker has.
    pub fn new(shared: &Rc<Shared>) -> Self {
        Self { shared: Rc::clone(shared) }
    }

    fn judge(&self, record: &Record) -> Result<()> {
        let head = &record.head;
        if record.connection.unclear.get() {
            return Err(Failure::new(Cause::RequestMalformed, format!("the chunked body is not valid: {UNCLEAR}")));
        }
        if head.method == Method::CONNECT {
            return Err(Failure::new(Cause::RequestNotSupported, "CONNECT: this is no forward proxy")
                .parameter("status-code", Parameter::Number(u64::from(StatusCode::NOT_IMPLEMENTED.as_u16()))));
        }
        let authority = authority::authority(head, &self.shared.authorities).map_err(|problem| {
            let host = head.headers.get(header::HOST).map_or("none", |_| "one");
            Failure::new(problem.cause(), format!("{problem} (target {}, Host: {host})", shown(&head.uri.to_string())))
        })?;
        // The cell is empty: this layer is the only one that fills it.
        let _ = record.authority.set(authority);
        line(head, &self.shared.settings.limits)?;
        size(&head.headers, &self.shared.settings.limits)?;
        if record.present.transfer_encoding {
            coding(&head.headers)?;
        }
        if record.present.expect {
            expectation(head.version, &head.headers)?;
        }
        Ok(())
    }
}

impl Check for Guard {
    fn check(&self, request: &mut Request) -> Result<Option<Response<Body>>> {
        self.judge(&request.record)?;
        Ok(None)
    }
}

/// The request line may not be longer than a whole head.
fn line(head: &request::Parts, limits: &Limits) -> Result<()> {
    let target = head.uri.path().len() + head.uri.query().map_or(0, str::len);
    if target <= limits.header_size {
        return Ok(());
    }
    let evidence = format!("the target has {target} bytes, the limit is {}", limits.header_size);
    Err(Failure::new(Cause::RequestUriTooLong, evidence))
}

/// The head may not be larger than the limits say.
fn size(headers: &HeaderMap, limits: &Limits) -> Result<()> {
    let count = headers.len();
    // Each line costs two more bytes for ": " and two for its end.
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if count <= limits.headers && bytes <= limits.header_size {
        return Ok(());
    }
    let largest = headers.iter().max_by_key(|(_, value)| value.len());
    let largest =
        largest.map_or_else(String::new, |(name, value)| format!("; the largest is {name} with {} bytes", value.len()));
    Err(Failure::new(
        Cause::RequestHeaderTooLarge,
        format!(
            "{count} fields with {bytes} bytes in all, the limits are {} and {}{largest}",
            limits.headers, limits.header_size
        ),
    ))
}

/// Only `chunked` can be decoded (RFC 9112 section 6.1).
fn coding(headers: &HeaderMap) -> Result<()> {
    let mut values = headers.get_all(header::TRANSFER_ENCODING).iter();
    let (Some(first), second) = (values.next(), values.next()) else { return Ok(()) };
    if second.is_none() && first.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    let evidence = format!("Transfer-Encoding is {}, only chunked is understood", shown(&format!("{first:?}")));
    Err(Failure::new(Cause::RequestTransferCodingUnsupported, evidence))
}

/// Only `100-continue` can be met (RFC 9110 section 10.1.1); HTTP/1.0 has no expectations.
fn expectation(version: Version, headers: &HeaderMap) -> Result<()> {
    let unmet = |value: &&HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    match headers.get_all(header::EXPECT).iter().find(unmet) {
        Some(value) if version != Version::HTTP_10 => {
            let evidence = format!("Expect is {}, only 100-continue can be met", shown(&format!("{value:?}")));
            Err(Failure::new(Cause::RequestExpectationFailed, evidence))
        }
        _ => Ok(()),
    }
}

/// A value from the request as evidence, cut short.
fn shown(text: &str) -> String {
    text.chars().take(limits::EVIDENCE_TEXT).collect()
}

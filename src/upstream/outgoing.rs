//! The request as it goes to an upstream: every field is looked at once, and written or left out.
//! Used for each attempt anew; what the fields mean is decided in `message`, what the route edits in its settings.

use std::{borrow::Cow, io::Write};

use http::{HeaderName, HeaderValue, Method, Version, header};

use super::member::Member;
use crate::{
    config::settings::{HostHeader, Upstream},
    failure::{Cause, Failure, Result},
    limits,
    message::{Length, Record, hop},
};

/// How this gateway names itself.
pub struct Identity {
    /// Its member of Via in requests: the name, and in a comment the instance, by which it knows its own requests again.
    via: String,
    name: String,
    instance: String,
    /// Its member of Via in answers that came over HTTP/1.0 and over HTTP/1.1.
    received: [HeaderValue; 2],
}

impl Identity {
    /// A gateway called `name`; every running instance gets a number of its own.
    #[must_use]
    pub fn new(name: &str, instance: u64) -> Self {
        let instance = format!("({instance:016x})");
        let received = ["1.0", "1.1"].map(|version| {
            HeaderValue::try_from(format!("{version} {name}")).unwrap_or(HeaderValue::from_static("1.0 gateway"))
        });
        Self { via: format!("1.1 {name} {instance}"), name: name.to_owned(), instance, received }
    }

    /// Its member of Via for an answer.
    #[must_use]
    pub fn received(&self, http11: bool) -> &HeaderValue {
        &self.received[usize::from(http11)]
    }
}

/// Refuses a request that has passed this gateway before (RFC 9110 section 7.6.3).
///
/// Several gateways in a row often have the same name, so the name alone is no proof; the instance in the comment is,
/// and so is a name that comes again and again.
///
/// # Errors
/// `proxy-loop`
pub fn check_loop(record: &Record, identity: &Identity) -> Result<()> {
    if !record.present.via {
        return Ok(());
    }
    let mut own = 0;
    for via in record.head.headers.get_all(header::VIA) {
        let via = via.as_bytes();
        if memchr::memmem::find(via, identity.instance.as_bytes()).is_some() {
            own = limits::VIA_REPEATS;
        }
        own += via.split(|byte| *byte == b',').filter(|member| received_by(member) == identity.name.as_bytes()).count();
    }
    if own < limits::VIA_REPEATS {
        return Ok(());
    }
    let route = record.route.get().map(|route| route.name.as_str()).unwrap_or_default();
    let upstream = record.upstream.get().map(|name| &**name).unwrap_or_default();
    Err(Failure::new(
        Cause::ProxyLoop,
        format!(
            "this gateway is already named in Via: route {route} sends to upstream {upstream}, which leads back here"
        ),
    )
    .next(format!("give `servers` of upstream {upstream} the address of the application itself")))
}

/// The second word of a Via member: who received the message.
fn received_by(member: &[u8]) -> &[u8] {
    member.trim_ascii().split(|byte| *byte == b' ').nth(1).unwrap_or_default()
}

/// The request's head for `member`. `expects` passes on `Expect: 100-continue`.
#[must_use]
pub fn head(
    record: &Record,
    upstream: &Upstream,
    member: &Member,
    identity: &Identity,
    (length, expects): (Length, bool),
) -> Vec<u8> {
    let headers = &record.head.headers;
    let named = if record.present.connection { hop::Named::of(headers) } else { hop::Named::default() };
    let edits = record.route.get().map(|route| &route.request_headers);
    let edited = |name: &HeaderName| {
        edits.is_some_and(|edits| edits.remove.contains(name) || edits.set.iter().any(|(set, _)| set == name))
    };
    let mut out = Vec::with_capacity(limits::REQUEST_HEAD);
    out.extend_from_slice(record.head.method.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(record.forwarded_path().as_bytes());
    if let Some(query) = record.query() {
        out.push(b'?');
        out.extend_from_slice(query.as_bytes());
    }
    out.extend_from_slice(b" HTTP/1.1\r\n");
    line(&mut out, b"host", host(record, upstream, member));
    for (name, value) in headers {
        let stays = hop::is_hop_by_hop(name)
            || is_own(name)
            || record.forwarding.replaces(name)
            || named.contains(name)
            || hop::deceives(name)
            || edited(name);
        if *name == header::MAX_FORWARDS && matches!(record.head.method, Method::OPTIONS | Method::TRACE) {
            line(&mut out, b"max-forwards", one_less(value).as_bytes());
        } else if !stays {
            line(&mut out, name.as_str().as_bytes(), value.as_bytes());
        }
    }
    match length {
        Length::None => {}
        Length::Exact(length) => {
            // Writing to memory cannot fail.
            let _ = write!(out, "content-length: {length}\r\n");
        }
        Length::Unknown => line(&mut out, b"transfer-encoding", b"chunked"),
    }
    if expects {
        line(&mut out, b"expect", b"100-continue");
    }
    if record.present.te && hop::accepts_trailers(headers) {
        line(&mut out, b"te", b"trailers");
        line(&mut out, b"connection", b"te");
    }
    via(&mut out, record, identity);
    line(&mut out, b"x-request-id", record.id.as_bytes());
    if let Some(authority) = record.authority.get() {
        record.forwarding.write(headers, authority, edited, &mut out);
    }
    for (name, value) in edits.into_iter().flat_map(|edits| &edits.set) {
        line(&mut out, name.as_str().as_bytes(), value.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// Fields that are written apart from the loop over what came.
fn is_own(name: &HeaderName) -> bool {
    matches!(*name, header::HOST | header::CONTENT_LENGTH | header::EXPECT | header::VIA) || name == "x-request-id"
}

fn host<'a>(record: &'a Record, upstream: &'a Upstream, member: &'a Member) -> &'a [u8] {
    match &upstream.host_header {
        HostHeader::Literal(value) => value.as_bytes(),
        HostHeader::Upstream => member.authority.as_bytes(),
        HostHeader::Pass => match record.authority.get() {
            Some(authority) if !authority.sent.is_empty() => authority.sent.as_bytes(),
            // An HTTP/1.0 client may leave Host out, an HTTP/1.1 request may not.
            _ => member.authority.as_bytes(),
        },
    }
}

/// Max-Forwards behind this hop (RFC 9110 section 7.6.2). What is no number is passed on as it came.
fn one_less(value: &HeaderValue) -> Cow<'_, str> {
    match value.to_str() {
        Ok(text) => text.parse::<u64>().map_or(text.into(), |left| left.saturating_sub(1).to_string().into()),
        Err(_) => "0".into(),
    }
}

/// What came, and this gateway behind it.
fn via(out: &mut Vec<u8>, record: &Record, identity: &Identity) {
    out.extend_from_slice(b"via: ");
    for via in record.present.via.then(|| record.head.headers.get_all(header::VIA)).into_iter().flatten() {
        out.extend_from_slice(via.as_bytes());
        out.extend_from_slice(b", ");
    }
    let received = match record.head.version {
        Version::HTTP_10 => identity.via.replacen("1.1", "1.0", 1),
        _ => String::new(),
    };
    let own = if received.is_empty() { &identity.via } else { &received };
    out.extend_from_slice(own.as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

//! Whom a request is for: the authority of an absolute target, else the one Host field (RFC 9112 section 3.2).
//! Comes before routing; what cannot be understood in one way only is refused, whatever the version allows.

use std::{cell::RefCell, fmt, net::Ipv6Addr, rc::Rc};

use http::{HeaderValue, Method, Version, header::HOST, request, uri::Scheme};

use super::record::Authority;
use crate::{failure::Cause, limits};

/// Why it cannot be said whom a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorityProblem {
    /// HTTP/1.1 without a Host field.
    NoHost,
    /// More than one Host field, equal ones included.
    TwoHosts,
    /// An empty Host field in HTTP/1.1.
    EmptyHost,
    /// Something that is no host name or address: spaces, slashes, userinfo, commas, escapes, empty labels, too long.
    BadHost,
    /// A port that is no number up to 65535.
    BadPort,
    /// An absolute target that is neither `http` nor `https`.
    BadScheme,
    /// `*` with a method other than OPTIONS (RFC 9112 section 3.2.4).
    Asterisk,
    /// A bare `host:port` with a method other than CONNECT (RFC 9112 section 3.2.3).
    BareAuthority,
    /// CONNECT: a gateway opens no tunnels.
    Connect,
}

impl AuthorityProblem {
    /// The cause to answer with.
    #[must_use]
    pub fn cause(self) -> Cause {
        match self {
            Self::Connect => Cause::RequestNotSupported,
            Self::NoHost
            | Self::TwoHosts
            | Self::EmptyHost
            | Self::BadHost
            | Self::BadPort
            | Self::BadScheme
            | Self::Asterisk
            | Self::BareAuthority => Cause::RequestMalformed,
        }
    }
}

impl fmt::Display for AuthorityProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHost => "the HTTP/1.1 request has no Host field",
            Self::TwoHosts => "the request has more than one Host field",
            Self::EmptyHost => "the Host field is empty",
            Self::BadHost => "the request's host is no host name or address",
            Self::BadPort => "the port of the request's host is no number up to 65535",
            Self::BadScheme => "the absolute target is neither http nor https",
            Self::Asterisk => "the target * is for OPTIONS only",
            Self::BareAuthority => "the target host:port is for CONNECT only",
            Self::Connect => "CONNECT asks for a tunnel, and a gateway opens none",
        })
    }
}

impl std::error::Error for AuthorityProblem {}

/// Whom the request is for. The Host field must be right even where an absolute target replaces it
/// (RFC 9112 sections 3.2 and 3.2.2). Empty for HTTP/1.0 without a Host.
///
/// What was `known` is not understood again.
///
/// # Errors
/// The first problem found, of the method and target before the Host field.
pub fn authority(head: &request::Parts, known: &Known) -> Result<Rc<Authority>, AuthorityProblem> {
    if head.method == Method::CONNECT {
        return Err(AuthorityProblem::Connect);
    }
    let target = match (head.uri.scheme(), head.uri.authority()) {
        (None, None) => None,
        (None, Some(_)) => return Err(AuthorityProblem::BareAuthority),
        (Some(scheme), Some(authority)) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => Some(authority),
        (Some(_), _) => return Err(AuthorityProblem::BadScheme),
    };
    if head.uri.path() == "*" && head.method != Method::OPTIONS {
        return Err(AuthorityProblem::Asterisk);
    }
    let host = host_field(head, known)?;
    match target {
        None => Ok(host),
        Some(target) => known.understand(target.as_str().as_bytes()),
    }
}

fn host_field(head: &request::Parts, known: &Known) -> Result<Rc<Authority>, AuthorityProblem> {
    let mut fields = head.headers.get_all(HOST).iter();
    let old = head.version < Version::HTTP_11;
    // HTTP/2 and later name the authority in the target (RFC 9113 section 8.3.1).
    let optional = old || (head.version > Version::HTTP_11 && head.uri.authority().is_some());
    match (fields.next(), fields.next()) {
        (Some(_), Some(_)) => Err(AuthorityProblem::TwoHosts),
        (Some(value), None) if !value.is_empty() => known.understand(value.as_bytes()),
        (Some(_), None) if !old => Err(AuthorityProblem::EmptyHost),
        (None, _) if !optional => Err(AuthorityProblem::NoHost),
        _ => Ok(Rc::new(Authority { sent: HeaderValue::from_static(""), host_len: 0, host: "".into() })),
    }
}

/// The authorities that a worker has understood lately: most of its requests are for one of few hosts. A table without
/// an order, in which one that comes takes the place of another.
#[derive(Debug, Default)]
pub struct Known([RefCell<Option<Rc<Authority>>>; limits::AUTHORITIES]);

impl Known {
    fn understand(&self, sent: &[u8]) -> Result<Rc<Authority>, AuthorityProblem> {
        let mut place = self.0[Self::place(sent)].borrow_mut();
        if let Some(known) = place.as_ref().filter(|known| known.sent.as_bytes() == sent) {
            return Ok(Rc::clone(known));
        }
        let authority = Rc::new(understand(sent)?);
        *place = Some(Rc::clone(&authority));
        Ok(authority)
    }

    /// Names of one site differ in front, if at all. The factor mixes also what is left of a sum in a small table.
    fn place(sent: &[u8]) -> usize {
        let front = sent.iter().take(limits::AUTHORITY_FRONT);
        front.fold(sent.len(), |sum, byte| sum.wrapping_mul(37).wrapping_add(usize::from(*byte))) % limits::AUTHORITIES
    }
}

fn understand(sent: &[u8]) -> Result<Authority, AuthorityProblem> {
    let host_len = host_len(sent)?;
    // `host_len` lets ASCII through only, so nothing is lost.
    let host = String::from_utf8_lossy(&sent[..host_len]).to_ascii_lowercase().into_boxed_str();
    let sent = HeaderValue::from_bytes(sent).map_err(|_| AuthorityProblem::BadHost)?;
    Ok(Authority { sent, host_len, host })
}

/// How much of `host[:port]` is the host, brackets included: a name of letters, digits, `-`, `.`, `_` and `~` without
/// empty labels (a closing dot is allowed), an IPv4 address, or an IPv6 address in brackets.
///
/// Stricter than RFC 3986 section 3.2.2: no escapes and no sub-delims, which no DNS name has and which servers read
/// in different ways.
///
/// # Errors
/// `BadHost` or `BadPort`.
pub fn host_len(value: &[u8]) -> Result<usize, AuthorityProblem> {
    let (end, port) = if value.first() == Some(&b'[') {
        let close = memchr::memchr(b']', value).ok_or(AuthorityProblem::BadHost)?;
        let address = std::str::from_utf8(&value[1..close]).map_err(|_| AuthorityProblem::BadHost)?;
        address.parse::<Ipv6Addr>().map_err(|_| AuthorityProblem::BadHost)?;
        (close + 1, value.get(close + 1))
    } else {
        let end = memchr::memchr(b':', value).unwrap_or(value.len());
        if !is_name(&value[..end]) {
            return Err(AuthorityProblem::BadHost);
        }
        (end, value.get(end))
    };
    match port {
        None => Ok(end),
        Some(b':') if is_port(&value[end + 1..]) => Ok(end),
        Some(b':') => Err(AuthorityProblem::BadPort),
        Some(_) => Err(AuthorityProblem::BadHost),
    }
}

fn is_name(name: &[u8]) -> bool {
    let mut before = b'.';
    for &byte in name {
        if !IN_NAMES[usize::from(byte)] || (byte == b'.' && before == b'.') {
            return false;
        }
        before = byte;
    }
    !name.is_empty() && name.len() <= limits::HOST_LENGTH
}

/// The bytes that names are made of, dots included.
const IN_NAMES: [bool; 256] = {
    let mut fits = [false; 256];
    let mut byte = 0u8;
    while byte.is_ascii() {
        fits[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    fits
};

/// An empty port is legal (RFC 3986 section 3.2.3).
fn is_port(port: &[u8]) -> bool {
    let number = port.iter().try_fold(0u16, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
        value.checked_mul(10)?.checked_add(u16::from(digit))
    });
    number.is_some()
}

#[cfg(test)]
mod tests;

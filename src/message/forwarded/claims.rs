//! What the forwarding fields of a request claim, element by element, oldest first, without allocation.
//! `forwarded` decides how much of it is believed.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, header::FORWARDED};

use super::address;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Which field the list of addresses is read from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Claims {
    /// There is none.
    None,
    /// X-Forwarded-For, with so many elements.
    XForwarded(usize),
    /// Forwarded, with so many elements.
    Forwarded(usize),
}

/// What one element says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'a> {
    /// `None`: `unknown`, an obfuscated name, or nonsense.
    pub(super) address: Option<IpAddr>,
    pub(super) scheme: Option<&'static str>,
    pub(super) host: Option<&'a [u8]>,
}

impl Claims {
    /// The field to read, and how long its list is.
    pub(super) fn of(headers: &HeaderMap, rfc7239_first: bool) -> Self {
        let x_forwarded = headers.contains_key(X_FORWARDED_FOR);
        let forwarded = headers.contains_key(FORWARDED);
        let mut claims = match (x_forwarded, forwarded) {
            (false, false) => return Self::None,
            (true, true) if rfc7239_first => Self::Forwarded(0),
            (true, _) => Self::XForwarded(0),
            (false, true) => Self::Forwarded(0),
        };
        let mut count = 0;
        claims.each(headers, |_| count += 1);
        if let Self::XForwarded(len) | Self::Forwarded(len) = &mut claims {
            *len = count;
        }
        claims
    }

    /// Elements in the list.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::XForwarded(len) | Self::Forwarded(len) => *len,
        }
    }

    /// Every element; `None` stands for a field line that cannot be read.
    pub(super) fn each<'a>(&self, headers: &'a HeaderMap, mut told: impl FnMut(Option<Claim<'a>>)) {
        match self {
            Self::None => {}
            Self::XForwarded(_) => {
                for value in headers.get_all(X_FORWARDED_FOR) {
                    for element in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                        told(Some(Claim { address: address(element), scheme: None, host: None }));
                    }
                }
            }
            Self::Forwarded(_) => {
                for value in headers.get_all(FORWARDED) {
                    forwarded(value.as_bytes(), &mut told);
                }
            }
        }
    }
}

/// The last member of X-Forwarded-Proto: the nearest proxy's word.
pub(super) fn x_forwarded_proto(headers: &HeaderMap) -> Option<&'static str> {
    scheme(last(headers, &X_FORWARDED_PROTO)?)
}

/// The last member of X-Forwarded-Host.
pub(super) fn x_forwarded_host(headers: &HeaderMap) -> Option<&[u8]> {
    last(headers, &X_FORWARDED_HOST)
}

fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let value = headers.get_all(name).iter().map(HeaderValue::as_bytes).next_back()?;
    value.rsplit(|byte| *byte == b',').next().map(<[u8]>::trim_ascii)
}

fn scheme(text: &[u8]) -> Option<&'static str> {
    ["http", "https"].into_iter().find(|known| text.eq_ignore_ascii_case(known.as_bytes()))
}

/// RFC 7239 section 4: elements separated by commas, pairs by semicolons, values tokens or quoted strings.
fn forwarded<'a>(line: &'a [u8], told: &mut impl FnMut(Option<Claim<'a>>)) {
    let mut claim = Claim { address: None, scheme: None, host: None };
    let mut rest = line;
    loop {
        let Some((name, value, after)) = pair(rest) else { return told(None) };
        if name.eq_ignore_ascii_case(b"for") {
            claim.address = address(value);
        } else if name.eq_ignore_ascii_case(b"proto") {
            claim.scheme = scheme(value);
        } else if name.eq_ignore_ascii_case(b"host") {
            claim.host = Some(value);
        }
        match after.split_first() {
            None => return told(Some(claim)),
            Some((b';', after)) => rest = after,
            Some((_, after)) => {
                told(Some(claim));
                claim = Claim { address: None, scheme: None, host: None };
                rest = after;
            }
        }
    }
}

/// The first pair and what follows it: nothing, or a semicolon or comma and more. An empty pair is legal.
/// Escapes in quoted strings are refused: no address, scheme or host needs one.
fn pair(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let end = memchr::memchr3(b'=', b';', b',', text).unwrap_or(text.len());
    let name = text[..end].trim_ascii();
    if text.get(end) != Some(&b'=') {
        return name.is_empty().then_some((name, name, &text[end..]));
    }
    let text = &text[end + 1..];
    if text.first() == Some(&b'"') {
        let close = 1 + memchr::memchr2(b'"', b'\\', &text[1..]).filter(|at| text[1 + at] == b'"')?;
        let after = text[close + 1..].trim_ascii_start();
        return matches!(after.first(), None | Some(b';' | b',')).then_some((name, &text[1..close], after));
    }
    let end = memchr::memchr2(b';', b',', text).unwrap_or(text.len());
    Some((name, text[..end].trim_ascii(), &text[end..]))
}

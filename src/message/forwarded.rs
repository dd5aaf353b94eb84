//! Who asks, and what upstreams are told about it: X-Forwarded-*, X-Real-IP and Forwarded (RFC 7239).
//! Only a trusted proxy's word counts, and a stranger's is never passed on; whom the request is for comes from `authority`.

mod claims;

use std::{
    io::Write,
    net::{IpAddr, SocketAddr},
};

use http::{HeaderMap, HeaderName};

use self::claims::{Claim, Claims};
use super::{authority::host_len, hop, record::Authority};
use crate::config::settings::{ForwardedStyle, Gateway};

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// What is known about the client of one request.
#[derive(Debug, Clone, Copy)]
pub struct Forwarding {
    /// Who asks: the peer, or the last address in a trusted proxy's list that is no trusted proxy itself.
    /// `None` on a Unix socket, whose peer has no address and so is never trusted.
    pub client: Option<IpAddr>,
    /// `http` or `https`, as the client sees it.
    pub scheme: &'static str,
    peer: Option<IpAddr>,
    trusted: bool,
    style: ForwardedStyle,
    claims: Claims,
    /// How many of the claims' last elements are believed.
    believed: usize,
}

impl Forwarding {
    /// Reads what a trusted peer says about the client; of anybody else's fields nothing is read.
    ///
    /// Where a request has both, X-Forwarded-For goes before Forwarded, with the style `rfc7239` the other way round:
    /// a proxy that sets one of them may pass the other one on as it came. `scheme` is the connection's own.
    #[must_use]
    pub fn new(peer: Option<IpAddr>, scheme: &'static str, headers: &HeaderMap, gateway: &Gateway) -> Self {
        let peer = peer.map(|peer| peer.to_canonical());
        let trusted = peer.is_some_and(|peer| gateway.trusts(peer));
        let mut known =
            Self { client: peer, scheme, peer, trusted, style: gateway.forwarded, claims: Claims::None, believed: 0 };
        if trusted {
            known.claims = Claims::of(headers, known.style == ForwardedStyle::Rfc7239);
            known.believe(headers, gateway);
        }
        known
    }

    /// Whether an incoming field is left out because [`Forwarding::write`] says it anew, or because a stranger sent it.
    /// With the style `off` nothing is said anew, and a trusted proxy's fields pass as they came.
    #[must_use]
    pub fn replaces(&self, name: &HeaderName) -> bool {
        let name = name.as_str();
        let said = self.style != ForwardedStyle::Off
            && matches!(name, "forwarded" | "x-forwarded-for" | "x-forwarded-host" | "x-forwarded-proto" | "x-real-ip");
        said || (!self.trusted && hop::is_forwarding(name))
    }

    /// Appends the finished field lines (`name: value\r\n`) that the style asks for. `headers` are those that `new`
    /// read; X-Forwarded-Proto and -Host are left out where a route has `edited` them.
    pub fn write(
        &self,
        headers: &HeaderMap,
        authority: &Authority,
        edited: impl Fn(&HeaderName) -> bool,
        into: &mut Vec<u8>,
    ) {
        let host = self.host(headers, authority);
        if matches!(self.style, ForwardedStyle::XForwarded | ForwardedStyle::Both) {
            into.extend_from_slice(b"x-forwarded-for: ");
            self.each(headers, |address, _| {
                plain(address, into);
                into.extend_from_slice(b", ");
            });
            plain(self.peer, into);
            if !edited(&X_FORWARDED_PROTO) {
                into.extend_from_slice(b"\r\nx-forwarded-proto: ");
                into.extend_from_slice(self.scheme.as_bytes());
            }
            if !host.is_empty() && !edited(&X_FORWARDED_HOST) {
                into.extend_from_slice(b"\r\nx-forwarded-host: ");
                into.extend_from_slice(host);
            }
            if self.client.is_some() {
                into.extend_from_slice(b"\r\nx-real-ip: ");
                plain(self.client, into);
            }
            into.extend_from_slice(b"\r\n");
        }
        if matches!(self.style, ForwardedStyle::Rfc7239 | ForwardedStyle::Both) {
            into.extend_from_slice(b"forwarded: ");
            self.each(headers, |address, at| {
                node(address, into);
                if at == 0 {
                    self.facts(host, into);
                }
                into.extend_from_slice(b", ");
            });
            node(self.peer, into);
            if self.believed == 0 {
                self.facts(host, into);
            }
            into.extend_from_slice(b"\r\n");
        }
    }

    /// The client is the last address that is no trusted proxy; everything before it, or before something that is no
    /// address, is hearsay.
    fn believe(&mut self, headers: &HeaderMap, gateway: &Gateway) {
        let (mut client, mut scheme, mut believed) = (None, None, 0);
        self.claims.each(headers, |claim| match claim {
            None | Some(Claim { address: None, .. }) => (client, scheme, believed) = (None, None, 0),
            Some(Claim { address: Some(address), scheme: said, .. }) => {
                if client.is_none() || !gateway.trusts(address) {
                    (client, scheme, believed) = (Some(address), said, 0);
                }
                believed += 1;
            }
        });
        self.believed = believed;
        self.client = client.or(self.client);
        self.scheme = match self.claims {
            Claims::Forwarded(_) => scheme,
            Claims::XForwarded(_) | Claims::None => claims::x_forwarded_proto(headers),
        }
        .unwrap_or(self.scheme);
    }

    /// The host that the client asked for, as the first believed proxy saw it, else as it came.
    fn host<'a>(&self, headers: &'a HeaderMap, authority: &'a Authority) -> &'a [u8] {
        let mut said = None;
        if self.trusted && self.style != ForwardedStyle::Off {
            let first = self.claims.len().saturating_sub(self.believed);
            let mut at = 0;
            self.claims.each(headers, |claim| {
                if at == first {
                    said = claim.and_then(|claim| claim.host);
                }
                at += 1;
            });
            if !matches!(self.claims, Claims::Forwarded(_)) {
                said = claims::x_forwarded_host(headers);
            }
        }
        said.filter(|host| host_len(host).is_ok()).unwrap_or(authority.sent.as_bytes())
    }

    /// Every believed address with its position among them, oldest first.
    fn each(&self, headers: &HeaderMap, mut told: impl FnMut(Option<IpAddr>, usize)) {
        let first = self.claims.len() - self.believed;
        let mut at = 0;
        self.claims.each(headers, |claim| {
            if at >= first {
                told(claim.and_then(|claim| claim.address), at - first);
            }
            at += 1;
        });
    }

    /// What the element of the client says besides its address.
    fn facts(&self, host: &[u8], into: &mut Vec<u8>) {
        if !host.is_empty() {
            // A host passes `host_len` and a port is digits, so nothing needs an escape; colons and brackets need quotes.
            let quote: &[u8] = if host.iter().any(|byte| matches!(byte, b':' | b'[')) { b"\"" } else { b"" };
            into.extend_from_slice(b";host=");
            into.extend_from_slice(quote);
            into.extend_from_slice(host);
            into.extend_from_slice(quote);
        }
        into.extend_from_slice(b";proto=");
        into.extend_from_slice(self.scheme.as_bytes());
    }
}

fn plain(address: Option<IpAddr>, into: &mut Vec<u8>) {
    match address {
        Some(address) => write_address(address, into),
        None => into.extend_from_slice(b"unknown"),
    }
}

/// Appends an address as text. Every request says its client's several times, so the common kind goes without `fmt`.
pub fn write_address(address: IpAddr, into: &mut Vec<u8>) {
    match address {
        IpAddr::V4(address) => {
            let mut text = [0; "255.255.255.255.".len()];
            let mut end = 0;
            for octet in address.octets() {
                let (digits, len) = OCTETS[usize::from(octet)];
                text[end..end + digits.len()].copy_from_slice(&digits);
                end += len;
            }
            // Behind each octet stands a dot; the last one is left out.
            into.extend_from_slice(&text[..end - 1]);
        }
        IpAddr::V6(address) => write(into, format_args!("{address}")),
    }
}

/// Every octet in decimal with a dot behind it, and how long that is.
const OCTETS: [([u8; 4], usize); 256] = {
    let mut octets = [([b'.'; 4], 0); 256];
    let mut number = 0;
    while number < octets.len() {
        let (digits, len) = &mut octets[number];
        if number >= 100 {
            digits[*len] = DIGITS[number / 100];
            *len += 1;
        }
        if number >= 10 {
            digits[*len] = DIGITS[number / 10 % 10];
            *len += 1;
        }
        digits[*len] = DIGITS[number % 10];
        *len += 2;
        number += 1;
    }
    octets
};
const DIGITS: &[u8; 10] = b"0123456789";

/// RFC 7239 section 6: an IPv6 address stands in brackets and quotes.
fn node(address: Option<IpAddr>, into: &mut Vec<u8>) {
    match address {
        Some(IpAddr::V6(address)) => write(into, format_args!("for=\"[{address}]\"")),
        Some(address) => {
            into.extend_from_slice(b"for=");
            write_address(address, into);
        }
        None => into.extend_from_slice(b"for=unknown"),
    }
}

fn write(into: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    into.write_fmt(text).expect("a Vec takes whatever is written");
}

/// `address`, `address:port`, `[address]` or `[address]:port`.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let found = bare.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|found| found.ip()));
    found.map(|found| found.to_canonical())
}

#[cfg(test)]
mod tests;

//! What a hash goes by: the client's address, a field or a cookie, as a number that is the same everywhere and always.
//! `hash` finds the member by it; a request without the key has none.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, header::COOKIE};

use crate::config::settings::HashKey;

/// The key of a request from `client` with these `fields`; `None` where it has none.
#[must_use]
pub fn of(key: &HashKey, client: Option<IpAddr>, fields: &HeaderMap) -> Option<u64> {
    match key {
        HashKey::ClientIp => Some(match client?.to_canonical() {
            IpAddr::V4(address) => hash(&address.octets()),
            // A household has a network of 64 bits, and changes the rest of its addresses daily.
            IpAddr::V6(address) => hash(&address.octets()[..8]),
        }),
        HashKey::Header(name) => {
            fields.get(name).map(HeaderValue::as_bytes).filter(|value| !value.is_empty()).map(hash)
        }
        HashKey::Cookie(name) => {
            fields.get_all(COOKIE).iter().find_map(|value| cookie(value.as_bytes(), name)).map(hash)
        }
    }
}

/// The value of the first cookie `name` of a Cookie field (RFC 6265 section 4.2.1), unless it is empty.
fn cookie<'a>(field: &'a [u8], name: &str) -> Option<&'a [u8]> {
    field
        .split(|byte| *byte == b';')
        .filter_map(|pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="))
        .find(|value| !value.is_empty())
}

/// FNV-1a, mixed. Not for secrets: who can choose keys can choose their member, which the bound on load makes harmless.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    let one = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    mix(bytes.iter().fold(0xcbf2_9ce4_8422_2325, one))
}

/// Spreads every bit over all of them (the end of splitmix64).
#[must_use]
pub fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn fields(lines: Lines) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    type Lines = &'static [(&'static str, &'static str)];

    #[test]
    fn a_key_is_found_where_it_stands() {
        let cookie = HashKey::Cookie("sid".to_owned());
        let header = HashKey::Header(HeaderName::from_static("x-user"));
        let rows: [(&HashKey, Lines, Option<&[u8]>); 9] = [
            (&header, &[("x-user", "ann")], Some(b"ann")),
            (&header, &[("x-user", "")], None),
            (&header, &[("x-other", "ann")], None),
            (&cookie, &[("cookie", "sid=1")], Some(b"1")),
            (&cookie, &[("cookie", "a=2;  sid=1 ; b=3")], Some(b"1")),
            (&cookie, &[("cookie", "xsid=2; sidx=3; sid=; sid")], None),
            (&cookie, &[("cookie", "a=1"), ("cookie", "sid=a=b")], Some(b"a=b")),
            (&cookie, &[], None),
            (&HashKey::ClientIp, &[], None),
        ];
        for (key, lines, expected) in rows {
            assert_eq!(of(key, None, &fields(lines)), expected.map(hash), "{key:?} in {lines:?}");
        }
    }

    #[test]
    fn a_client_keeps_its_key_within_its_network() {
        let key = |address: &str| of(&HashKey::ClientIp, Some(address.parse().unwrap()), &HeaderMap::new()).unwrap();
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
    }

    #[test]
    fn the_hash_is_the_same_in_every_version() {
        assert_eq!(hash(b"goodgate"), hash(b"goodgate"));
        assert_eq!(format!("{:x}", hash(b"")), "f52a15e9a9b5e89b");
    }
}

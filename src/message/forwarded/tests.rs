//! Peers and their words: who is believed, and what the upstream hears.

use std::{rc::Rc, time::Duration};

use http::{HeaderValue, Method, Request, header::HOST};

use super::*;
use crate::message::authority::{Known, authority};

fn gateway(style: ForwardedStyle) -> Gateway {
    Gateway {
        name: "g".to_owned(),
        workers: 1,
        shutdown_grace: Duration::ZERO,
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
        forwarded: style,
        spool: None,
    }
}

/// `name: value` lines.
fn headers(lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn to(host: &str) -> Rc<Authority> {
    let request = Request::builder().method(Method::GET).uri("/").header(HOST, host).body(()).unwrap();
    authority(&request.into_parts().0, &Known::default()).unwrap()
}

fn peer(text: &str) -> Option<IpAddr> {
    (text != "unix").then(|| text.parse().unwrap())
}

/// What the upstream hears, as one text.
fn told(style: ForwardedStyle, from: &str, lines: &[&str], host: &str) -> String {
    let headers = headers(lines);
    let forwarding = Forwarding::new(peer(from), "http", &headers, &gateway(style));
    let mut text = Vec::new();
    forwarding.write(&headers, &to(host), |_| false, &mut text);
    String::from_utf8(text).unwrap().replace("\r\n", "|")
}

#[test]
fn the_client_is_the_last_address_that_is_no_trusted_proxy() {
    let x = |list: &str| vec![format!("x-forwarded-for: {list}")];
    let f = |list: &str| vec![format!("forwarded: {list}")];
    for (from, lines, expected) in [
        ("192.0.2.1", vec![], "192.0.2.1 http"),
        ("192.0.2.1", x("6.6.6.6"), "192.0.2.1 http"),
        ("192.0.2.1", f("for=6.6.6.6;proto=https"), "192.0.2.1 http"),
        ("192.0.2.1", vec!["x-forwarded-proto: https".to_owned()], "192.0.2.1 http"),
        ("unix", x("6.6.6.6"), "- http"),
        ("10.0.0.1", vec![], "10.0.0.1 http"),
        ("10.0.0.1", x("203.0.113.9"), "203.0.113.9 http"),
        ("::ffff:10.0.0.1", x("203.0.113.9"), "203.0.113.9 http"),
        ("fd00::1", x("2001:db8::1"), "2001:db8::1 http"),
        ("10.0.0.1", x("6.6.6.6, 203.0.113.9"), "203.0.113.9 http"),
        ("10.0.0.1", x("6.6.6.6, 203.0.113.9, 10.0.0.2,10.0.0.3"), "203.0.113.9 http"),
        ("10.0.0.1", x("10.0.0.3, 10.0.0.2"), "10.0.0.3 http"),
        ("10.0.0.1", x("6.6.6.6, unknown, 10.0.0.2"), "10.0.0.2 http"),
        ("10.0.0.1", x("6.6.6.6, unknown"), "10.0.0.1 http"),
        ("10.0.0.1", x("6.6.6.6, "), "10.0.0.1 http"),
        ("10.0.0.1", x("203.0.113.9:4711"), "203.0.113.9 http"),
        ("10.0.0.1", x("[2001:db8::1]:4711"), "2001:db8::1 http"),
        ("10.0.0.1", x("[2001:db8::1]"), "2001:db8::1 http"),
        ("10.0.0.1", [x("203.0.113.9"), x("10.0.0.2")].concat(), "203.0.113.9 http"),
        ("10.0.0.1", [x("203.0.113.9"), vec!["x-forwarded-proto: HTTPS".to_owned()]].concat(), "203.0.113.9 https"),
        ("10.0.0.1", vec!["x-forwarded-proto: http, https".to_owned()], "10.0.0.1 https"),
        ("10.0.0.1", vec!["x-forwarded-proto: gopher".to_owned()], "10.0.0.1 http"),
        ("10.0.0.1", f("for=203.0.113.9;proto=https"), "203.0.113.9 https"),
        ("10.0.0.1", f("For=\"[2001:db8::1]:80\" ; Proto=https;;by=_x, for=10.0.0.2"), "2001:db8::1 https"),
        ("10.0.0.1", f("for=6.6.6.6;proto=https, for=203.0.113.9"), "203.0.113.9 http"),
        ("10.0.0.1", f("for=6.6.6.6, for=_hidden;proto=https, for=10.0.0.2"), "10.0.0.2 http"),
        ("10.0.0.1", f("for=6.6.6.6, for=\"203.0.113.9"), "10.0.0.1 http"),
        ("10.0.0.1", f("for=\"6.6.6.6\\\"\", for=10.0.0.2"), "10.0.0.1 http"),
        ("10.0.0.1", f("for=203.0.113.9;host=\"a,for=6.6.6.6\""), "203.0.113.9 http"),
        ("10.0.0.1", f("nonsense"), "10.0.0.1 http"),
        ("10.0.0.1", [x("203.0.113.9"), f("for=6.6.6.6;proto=https")].concat(), "203.0.113.9 http"),
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let found = Forwarding::new(peer(from), "http", &headers(&lines), &gateway(ForwardedStyle::XForwarded));
        let client = found.client.map_or("-".to_owned(), |client| client.to_string());
        assert_eq!(format!("{client} {}", found.scheme), expected, "{from} {lines:?}");
    }
}

#[test]
fn the_upstream_hears_what_is_known_and_never_a_strangers_word() {
    use ForwardedStyle::{Both, Off, Rfc7239, XForwarded};
    let lies = &[
        "x-forwarded-for: 6.6.6.6",
        "x-real-ip: 6.6.6.6",
        "forwarded: for=6.6.6.6;host=evil;proto=https",
        "x-forwarded-host: evil",
        "x-forwarded-proto: https",
    ][..];
    let chain = &[
        "x-forwarded-for: 6.6.6.6, 203.0.113.9, 10.0.0.2",
        "x-forwarded-proto: https",
        "x-forwarded-host: shop.test:8443",
    ][..];
    let rfc = &["forwarded: for=6.6.6.6, for=\"[2001:db8::1]\";host=shop.test;proto=https, for=10.0.0.2"][..];
    for (style, from, lines, host, expected) in [
        (
            XForwarded,
            "192.0.2.1",
            lies,
            "a.test:80",
            "x-forwarded-for: 192.0.2.1|x-forwarded-proto: http|x-forwarded-host: a.test:80|x-real-ip: 192.0.2.1|",
        ),
        (Rfc7239, "192.0.2.1", lies, "a.test", "forwarded: for=192.0.2.1;host=a.test;proto=http|"),
        (Rfc7239, "2001:db8::7", lies, "a.test:80", "forwarded: for=\"[2001:db8::7]\";host=\"a.test:80\";proto=http|"),
        (Rfc7239, "::ffff:192.0.2.1", lies, "[::1]", "forwarded: for=192.0.2.1;host=\"[::1]\";proto=http|"),
        (
            Both,
            "192.0.2.1",
            lies,
            "a.test",
            "x-forwarded-for: 192.0.2.1|x-forwarded-proto: http|x-forwarded-host: a.test|x-real-ip: 192.0.2.1|\
          forwarded: for=192.0.2.1;host=a.test;proto=http|",
        ),
        (Off, "192.0.2.1", lies, "a.test", ""),
        (
            Both,
            "unix",
            lies,
            "a.test",
            "x-forwarded-for: unknown|x-forwarded-proto: http|x-forwarded-host: a.test|\
          forwarded: for=unknown;host=a.test;proto=http|",
        ),
        (
            XForwarded,
            "10.0.0.1",
            chain,
            "a.test",
            "x-forwarded-for: 203.0.113.9, 10.0.0.2, 10.0.0.1|x-forwarded-proto: https|\
          x-forwarded-host: shop.test:8443|x-real-ip: 203.0.113.9|",
        ),
        (
            Rfc7239,
            "10.0.0.1",
            chain,
            "a.test",
            "forwarded: for=203.0.113.9;host=\"shop.test:8443\";proto=https, for=10.0.0.2, for=10.0.0.1|",
        ),
        (
            Rfc7239,
            "10.0.0.1",
            rfc,
            "a.test",
            "forwarded: for=\"[2001:db8::1]\";host=shop.test;proto=https, for=10.0.0.2, for=10.0.0.1|",
        ),
        (
            XForwarded,
            "10.0.0.1",
            rfc,
            "a.test",
            "x-forwarded-for: 2001:db8::1, 10.0.0.2, 10.0.0.1|x-forwarded-proto: https|\
          x-forwarded-host: shop.test|x-real-ip: 2001:db8::1|",
        ),
        (
            XForwarded,
            "10.0.0.1",
            &["x-forwarded-host: e\"vil"],
            "a.test",
            "x-forwarded-for: 10.0.0.1|x-forwarded-proto: http|x-forwarded-host: a.test|x-real-ip: 10.0.0.1|",
        ),
        (
            Rfc7239,
            "10.0.0.1",
            &["forwarded: for=unknown;host=evil;proto=https"],
            "a.test",
            "forwarded: for=10.0.0.1;host=a.test;proto=http|",
        ),
        (
            Rfc7239,
            "10.0.0.1",
            &["x-forwarded-for: 203.0.113.9", "forwarded: for=203.0.113.8"],
            "a.test",
            "forwarded: for=203.0.113.8;host=a.test;proto=http, for=10.0.0.1|",
        ),
    ] {
        assert_eq!(told(style, from, lines, host), expected, "{style:?} {from} {lines:?}");
    }
}

#[test]
fn incoming_fields_are_left_out_where_they_are_said_anew_or_come_from_strangers() {
    use ForwardedStyle::{Off, Rfc7239, XForwarded};
    for (style, from, name, replaced) in [
        (XForwarded, "192.0.2.1", "x-forwarded-for", true),
        (XForwarded, "192.0.2.1", "x-forwarded-port", true),
        (XForwarded, "192.0.2.1", "forwarded", true),
        (XForwarded, "192.0.2.1", "x-real-ip", true),
        (XForwarded, "192.0.2.1", "x-other", false),
        (XForwarded, "10.0.0.1", "x-forwarded-for", true),
        (XForwarded, "10.0.0.1", "forwarded", true),
        (XForwarded, "10.0.0.1", "x-forwarded-port", false),
        (Rfc7239, "10.0.0.1", "x-real-ip", true),
        (Off, "192.0.2.1", "x-forwarded-for", true),
        (Off, "192.0.2.1", "forwarded", true),
        (Off, "unix", "x-forwarded-anything", true),
        (Off, "10.0.0.1", "x-forwarded-for", false),
        (Off, "10.0.0.1", "forwarded", false),
    ] {
        let found = Forwarding::new(peer(from), "http", &HeaderMap::new(), &gateway(style));
        assert_eq!(found.replaces(&name.parse().unwrap()), replaced, "{style:?} {from} {name}");
    }
}

#[test]
fn addresses_are_written_as_the_standard_library_writes_them() {
    let octets = [0, 1, 9, 10, 11, 19, 99, 100, 101, 110, 199, 200, 255];
    let v4 = octets.iter().flat_map(|first| octets.map(|last| IpAddr::from([*first, last, 10, last])));
    for address in v4.chain(["::1", "2001:db8::a"].map(|text| text.parse().unwrap())) {
        let mut written = Vec::new();
        write_address(address, &mut written);
        assert_eq!(String::from_utf8_lossy(&written), address.to_string());
    }
}

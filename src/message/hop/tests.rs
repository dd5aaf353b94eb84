//! Tables of what `hop` lets through and what it refuses.

use super::*;

fn name(name: &str) -> HeaderName {
    name.parse().unwrap()
}

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    lines.iter().map(|(field, value)| (name(field), value.parse().unwrap())).collect()
}

#[test]
fn fields_of_one_connection_do_not_pass() {
    for (field, hop) in [
        ("Connection", true),
        ("Keep-Alive", true),
        ("Proxy-Connection", true),
        ("Proxy-Authorization", true),
        ("Proxy-Authenticate", true),
        ("TE", true),
        ("Transfer-Encoding", true),
        ("Upgrade", true),
        ("HTTP2-Settings", true),
        ("Trailer", false),
        ("Content-Length", false),
        ("Host", false),
        ("Authorization", false),
        ("Proxy-Status", false),
        ("X-A", false),
    ] {
        assert_eq!(is_hop_by_hop(&name(field)), hop, "{field}");
    }
}

#[test]
fn fields_named_in_connection_do_not_pass_but_the_gateways_own_do() {
    let headers = headers(&[
        ("connection", "Close, X-Hop ,,x-absent, Host"),
        ("connection", "Content-Length, X-Forwarded-For, x-real-ip, Via, Date, X-Request-Id, bad name, X-HOP, te"),
        ("x-hop", "1"),
        ("close", "1"),
        ("host", "a"),
        ("content-length", "5"),
        ("x-forwarded-for", "6.6.6.6"),
        ("x-real-ip", "6.6.6.6"),
        ("via", "1.1 a"),
        ("date", "x"),
        ("te", "x"),
        ("x-request-id", "1"),
        ("x-other", "1"),
    ]);
    let named = Named::of(&headers);
    assert!(named.close && !named.keep_alive && !named.upgrade);
    for field in headers.keys() {
        assert_eq!(named.contains(field), field == "x-hop" || field == "close", "{field}");
    }
    assert_eq!(named.fields.len(), 2);
}

#[test]
fn the_common_connection_fields_need_no_memory() {
    for (value, expected) in [
        ("keep-alive", (false, true, false)),
        ("close", (true, false, false)),
        ("Keep-Alive, Upgrade", (false, true, true)),
        ("", (false, false, false)),
    ] {
        let named = Named::of(&headers(&[("connection", value), ("keep-alive", "timeout=5")]));
        assert_eq!((named.close, named.keep_alive, named.upgrade), expected, "{value}");
        assert_eq!(named.fields.capacity(), 0, "{value}");
    }
}

#[test]
fn names_that_could_be_taken_for_others_are_dropped() {
    for (field, deceptive) in [
        ("Proxy", true),
        ("X_Forwarded_For", true),
        ("X-Forwarded_Proto", true),
        ("x_forwarded_anything", true),
        ("X_Real_IP", true),
        ("X_Request_Id", true),
        ("Content_Length", true),
        ("Content_Type", true),
        ("Transfer_Encoding", true),
        ("Proxy_Authorization", true),
        ("Remote_User", true),
        ("True_Client_IP", true),
        ("X_Custom", false),
        ("sec_ch_ua", false),
        ("X-Forwarded-For", false),
        ("Proxy-Status", false),
        ("Content-Length", false),
    ] {
        assert_eq!(deceives(&name(field)), deceptive, "{field}");
    }
}

#[test]
fn trailers_that_should_have_come_first_do_not_pass() {
    for (field, passes) in [
        ("X-T", true),
        ("grpc-status", true),
        ("Server-Timing", true),
        ("ETag", true),
        ("Digest", true),
        ("Content-Length", false),
        ("Transfer-Encoding", false),
        ("Host", false),
        ("X-Real-IP", false),
        ("X-Forwarded-For", false),
        ("X_Forwarded_For", false),
        ("Forwarded", false),
        ("X-Request-Id", false),
        ("Authorization", false),
        ("Cookie", false),
        ("Set-Cookie", false),
        ("If-Match", false),
        ("Content-Type", false),
        ("Connection", false),
        ("Trailer", false),
        ("Via", false),
    ] {
        assert_eq!(trailer_may_pass(&name(field)), passes, "{field}");
    }
}

#[test]
fn trailers_that_connection_names_do_not_pass() {
    let trailers = headers(&[("x-a", "1"), ("x-b", "2"), ("x-b", "3"), ("host", "4")]);
    let left = |values: &[&'static str]| {
        let values: Vec<_> = values.iter().map(|value| HeaderValue::from_static(value)).collect();
        passing(trailers.clone(), &values)
    };
    assert_eq!(left(&[]), headers(&[("x-a", "1"), ("x-b", "2"), ("x-b", "3")]));
    assert_eq!(left(&["keep-alive", "te,X-B"]), headers(&[("x-a", "1")]));
}

#[test]
fn only_trailers_is_read_from_te() {
    for (value, expected) in [("trailers", true), ("deflate;q=0.5, Trailers", true), ("deflate", false), ("", false)] {
        assert_eq!(accepts_trailers(&headers(&[("te", value)])), expected, "{value}");
    }
    assert!(!accepts_trailers(&HeaderMap::new()));
}

proptest::proptest! {
    #[test]
    fn a_connection_list_hides_what_it_names_and_nothing_else(
        members in proptest::collection::vec("[ \t]?(close|Upgrade|x-[ab]|X-C|host|te|via|[!-+\\--~]{0,4})[ \t]?", 0..8),
    ) {
        let mut headers = headers(&[
            ("x-a", "1"),
            ("x-b", "1"),
            ("x-c", "1"),
            ("close", "1"),
            ("host", "a"),
            ("te", "b"),
            ("via", "c"),
        ]);
        headers.insert(CONNECTION, members.join(",").parse().unwrap());
        let said = |name: &str| members.iter().any(|member| member.trim().eq_ignore_ascii_case(name));
        let named = Named::of(&headers);
        proptest::prop_assert_eq!((named.close, named.upgrade), (said("close"), said("upgrade")));
        for field in headers.keys() {
            let own = !matches!(field.as_str(), "x-a" | "x-b" | "x-c" | "close");
            proptest::prop_assert_eq!(named.contains(field), !own && said(field.as_str()), "{}", field);
        }
    }
}

//! Tables of what `authority` lets through and what it refuses.

use http::Request;

use super::*;

fn head(method: &str, target: &str, version: Version, hosts: &[&[u8]]) -> request::Parts {
    let mut request = Request::builder().method(method).uri(target).version(version);
    for host in hosts {
        request = request.header(HOST, HeaderValue::from_bytes(host).unwrap());
    }
    request.body(()).unwrap().into_parts().0
}

#[test]
fn a_host_is_read_without_its_port_and_in_lower_case() {
    for (sent, host) in [
        ("good.test", "good.test"),
        ("good.test:8080", "good.test"),
        ("good.test:", "good.test"),
        ("GOOD.test:80", "good.test"),
        ("good.test.", "good.test."),
        ("under_score-1", "under_score-1"),
        ("127.0.0.1:65535", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("[FE80::1]:80", "[fe80::1]"),
    ] {
        let found = authority(&head("GET", "/", Version::HTTP_11, &[sent.as_bytes()]), &Known::default()).unwrap();
        assert_eq!(&*found.host, host, "{sent}");
        assert_eq!(found.sent, sent);
    }
}

#[test]
fn what_was_understood_is_used_again_for_the_same_bytes_only() {
    let known = Known::default();
    let of = |target: &str, hosts: &[&[u8]]| authority(&head("GET", target, Version::HTTP_11, hosts), &known);
    let first = of("/", &[b"a.test:80"]).unwrap();
    assert!(Rc::ptr_eq(&first, &of("/", &[b"a.test:80"]).unwrap()));
    assert!(Rc::ptr_eq(&first, &of("http://a.test:80/", &[b"b.test"]).unwrap()));
    for sent in ["a.test", "A.test:80", "a.test:8", "b.test:80"] {
        assert_eq!(of("/", &[sent.as_bytes()]).unwrap().sent, sent);
    }
    assert_eq!(of("/", &[b"a.test:80", b"a.test:80"]), Err(AuthorityProblem::TwoHosts));
    assert_eq!(of("/", &[]), Err(AuthorityProblem::NoHost));
    let none = authority(&head("GET", "/", Version::HTTP_10, &[]), &known).unwrap();
    assert_eq!(&*none.host, "");
    assert_eq!(of("/", &[b""]), Err(AuthorityProblem::EmptyHost));
}

#[test]
fn more_hosts_than_there_is_room_for_are_told_apart() {
    let known = Known::default();
    for round in 0..3 {
        for number in 0..limits::AUTHORITIES * 4 {
            let sent = format!("{number}.test");
            let found = authority(&head("GET", "/", Version::HTTP_11, &[sent.as_bytes()]), &known).unwrap();
            assert_eq!((&*found.host, found.sent.as_bytes()), (&*sent, sent.as_bytes()), "{round}");
        }
    }
}

#[test]
fn a_host_that_is_none_is_refused() {
    use AuthorityProblem::{BadHost, BadPort, EmptyHost};
    let long = "a".repeat(limits::HOST_LENGTH + 1);
    for (sent, problem) in [
        (&b"a b.test"[..], BadHost),
        (b"a.test/../x", BadHost),
        (b"a.test\\x", BadHost),
        (b"user@a.test", BadHost),
        (b"user:pass@a.test", BadPort),
        (b"a.test, b.test", BadHost),
        (b"a.test,b.test", BadHost),
        (b"a.te\tst", BadHost),
        (b"a.te\xffst", BadHost),
        (b"a%2etest", BadHost),
        (b"a..test", BadHost),
        (b".test", BadHost),
        (b".", BadHost),
        (b":80", BadHost),
        (b"[::1", BadHost),
        (b"[::1]x", BadHost),
        (b"[fe80::1%eth0]", BadHost),
        (b"[v1.x]", BadHost),
        (b"::1", BadHost),
        (b"a?b", BadHost),
        (b"a#b", BadHost),
        (b"a.test:80x", BadPort),
        (b"a.test:-1", BadPort),
        (b"a.test:+1", BadPort),
        (b"a.test:65536", BadPort),
        (b"a.test:99999999999999999999", BadPort),
        (b"a.test:80:80", BadPort),
        (b"[::1]:x", BadPort),
        (long.as_bytes(), BadHost),
        (b"", EmptyHost),
    ] {
        let found = authority(&head("GET", "/", Version::HTTP_11, &[sent]), &Known::default());
        assert_eq!(found, Err(problem), "{:?}", String::from_utf8_lossy(sent));
    }
}

#[test]
fn http_1_1_needs_exactly_one_host_and_http_1_0_none() {
    use AuthorityProblem::{NoHost, TwoHosts};
    for (version, hosts, expected) in [
        (Version::HTTP_11, &[][..], Err(NoHost)),
        (Version::HTTP_11, &[&b"a"[..], b"b"], Err(TwoHosts)),
        (Version::HTTP_11, &[b"a", b"a"], Err(TwoHosts)),
        (Version::HTTP_11, &[b"a", b""], Err(TwoHosts)),
        (Version::HTTP_10, &[b"a", b"a"], Err(TwoHosts)),
        (Version::HTTP_10, &[], Ok("")),
        (Version::HTTP_10, &[b""], Ok("")),
        (Version::HTTP_10, &[b"A:1"], Ok("a")),
    ] {
        let found = authority(&head("GET", "/", version, hosts), &Known::default());
        let host = found.as_ref().map(|found| &*found.host).map_err(|problem| *problem);
        assert_eq!(host, expected, "{version:?} {hosts:?}");
    }
}

#[test]
fn an_absolute_target_replaces_a_host_that_must_be_right_all_the_same() {
    use AuthorityProblem::{BadHost, BadScheme, NoHost};
    for (target, hosts, expected) in [
        ("http://a.test/t", &[&b"b.test"[..]][..], Ok("a.test")),
        ("https://A.test:8443/t", &[b"b.test"], Ok("a.test:8443")),
        ("http://[::1]/", &[b"b.test"], Ok("[::1]")),
        ("http://user@a.test/", &[b"a.test"], Err(BadHost)),
        ("http://a.test/", &[], Err(NoHost)),
        ("http://a.test/", &[b"a b"], Err(BadHost)),
        ("ftp://a.test/", &[b"a.test"], Err(BadScheme)),
    ] {
        let found = authority(&head("GET", target, Version::HTTP_11, hosts), &Known::default());
        let sent = found.map(|found| found.sent.to_str().unwrap().to_ascii_lowercase());
        assert_eq!(sent.as_deref().map_err(|problem| *problem), expected, "{target}");
    }
}

#[test]
fn every_form_of_target_has_its_methods() {
    use AuthorityProblem::{Asterisk, BareAuthority, Connect};
    for (method, target, problem) in [
        ("GET", "/", None),
        ("OPTIONS", "*", None),
        ("GET", "*", Some(Asterisk)),
        ("GET", "a.test:80", Some(BareAuthority)),
        ("CONNECT", "a.test:80", Some(Connect)),
    ] {
        let found = authority(&head(method, target, Version::HTTP_11, &[b"a.test"]), &Known::default());
        assert_eq!(found.err(), problem, "{method} {target}");
    }
    assert_eq!(Connect.cause(), Cause::RequestNotSupported);
    assert_eq!(Asterisk.cause(), Cause::RequestMalformed);
}

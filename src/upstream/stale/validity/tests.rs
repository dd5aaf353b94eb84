//! What may be kept and for how long, on simulated time.

use std::time::UNIX_EPOCH;

use super::*;
use crate::observe::sample;

const NOW: Duration = Duration::from_secs(1_000_000_000);

fn fields(list: &[(&'static str, &str)]) -> HeaderMap {
    list.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect()
}

fn kept(answer: &[(&'static str, &str)]) -> Option<Validity> {
    Validity::of(&sample::record("http://a/", &[]), StatusCode::OK, &fields(answer), UNIX_EPOCH + NOW)
}

/// Fields of an answer, seconds that have passed, and what follows.
type Row<'a> = (&'a [(&'static str, &'a str)], u64, Option<(u64, i64)>);

/// Age and remaining freshness after `seconds`.
fn after(answer: &[(&'static str, &str)], seconds: u64) -> Option<(u64, i64)> {
    let now = UNIX_EPOCH + NOW + Duration::from_secs(seconds);
    let freshness = kept(answer)?.stands_in(&sample::record("http://a/", &[]), now)?;
    Some((freshness.age.as_secs(), freshness.ttl))
}

#[test]
fn an_answer_stands_in_as_long_as_it_and_the_rfc_allow() {
    let plain: &[_] = &[("cache-control", "max-age=60")];
    let aged: &[_] = &[("cache-control", "max-age=60"), ("age", "20")];
    let limited: &[_] = &[("cache-control", "max-age=60, stale-if-error=30")];
    let unread: &[_] = &[("cache-control", "max-age=60, stale-if-error=soon")];
    let strict: &[_] = &[("cache-control", "Max-Age=60, Must-Revalidate")];
    let shared: &[_] = &[("cache-control", "max-age=600, s-maxage=\"60\"")];
    let rows: &[Row<'_>] = &[
        (plain, 0, Some((0, 60))),
        (plain, 50, Some((50, 10))),
        (plain, 100, Some((100, -40))),
        (aged, 50, Some((70, -10))),
        (limited, 90, Some((90, -30))),
        (limited, 91, None),
        (unread, 60, Some((60, 0))),
        (unread, 61, None),
        (strict, 60, Some((60, 0))),
        (strict, 61, None),
        (shared, 59, Some((59, 1))),
        (shared, 61, None),
        (&[], 5, Some((5, -5))),
    ];
    for (answer, seconds, expected) in rows {
        assert_eq!(after(answer, *seconds), *expected, "{answer:?} after {seconds} s");
    }
}

#[test]
fn what_cannot_be_read_is_not_kept() {
    for answer in [
        fields(&[("cache-control", "max-age=60, x=\u{e9}")]),
        fields(&[("vary", "accept, \u{e9}")]),
        fields(&[("vary", "accept language")]),
        fields(&[("age", "-1")]),
        fields(&[("age", "18446744073709551615")]),
        fields(&[("content-range", "bytes 0-1/2")]),
    ] {
        let record = sample::record("http://a/", &[]);
        assert!(Validity::of(&record, StatusCode::OK, &answer, UNIX_EPOCH + NOW).is_none(), "{answer:?}");
    }
    assert!(kept(&[]).is_some());
}

#[test]
fn a_clock_that_is_set_back_makes_nothing_older_or_fresher() {
    let validity = kept(&[("cache-control", "max-age=60")]).unwrap();
    let before = UNIX_EPOCH + NOW - Duration::from_secs(500);
    let freshness = validity.stands_in(&sample::record("http://a/", &[]), before).unwrap();
    assert_eq!((freshness.age.as_secs(), freshness.ttl), (0, 60));
}

/// Whether `answer` to a request with `first` is kept, and whether it stands in for one with `second`.
fn stands(answer: &[(&'static str, &str)], first: &[(&str, &[u8])], second: &[(&str, &[u8])]) -> (bool, bool) {
    let now = UNIX_EPOCH + NOW;
    let kept = Validity::of(&sample::record("http://a/", first), StatusCode::OK, &fields(answer), now);
    let there = kept.is_some();
    (there, kept.is_some_and(|kept| kept.stands_in(&sample::record("http://a/", second), now).is_some()))
}

#[test]
fn what_somebody_got_by_a_credential_is_for_nobody_else() {
    for name in
        ["authorization", "x-api-key", "apikey", "x-access-token", "x-auth-user", "x-session-id", "client-secret"]
    {
        let who: &[(&str, &[u8])] = &[(name, b"me")];
        let other: &[(&str, &[u8])] = &[(name, b"you")];
        assert_eq!(stands(&[], who, &[]), (false, false), "{name}");
        assert_eq!(stands(&[], &[], who), (true, false), "{name}");
        assert_eq!(stands(&[("cache-control", "public")], who, &[]), (true, true), "{name}");
        assert_eq!(stands(&[("cache-control", "s-maxage=60")], who, who), (true, true), "{name}");
        let named = name != "authorization";
        assert_eq!(stands(&[("vary", name)], who, who), (named, named), "{name}");
        assert_eq!(stands(&[("vary", name)], who, other), (named, false), "{name}");
        assert_eq!(stands(&[("vary", name)], &[], who), (true, false), "{name}");
    }
    let checked = stands(&[("cache-control", "must-revalidate, max-age=60")], &[("authorization", b"x")], &[]);
    assert_eq!(checked, (false, false));
    let usual: &[(&str, &[u8])] = &[("accept", b"*/*"), ("user-agent", b"me"), ("accept-language", b"de")];
    assert_eq!(stands(&[], usual, usual), (true, true));
}

#[test]
fn a_request_with_a_body_is_answered_by_the_application_alone() {
    let rows: [(&str, &[u8], bool); 4] = [
        ("content-length", b"0", true),
        ("content-length", b"5", false),
        ("content-length", b"00", false),
        ("transfer-encoding", b"chunked", false),
    ];
    for (name, value, expected) in rows {
        assert_eq!(stands(&[], &[(name, value)], &[]), (expected, expected), "{name}: {value:?}");
        assert_eq!(stands(&[], &[], &[(name, value)]), (true, expected), "{name}: {value:?}");
    }
}

#[test]
fn what_differs_by_a_field_of_the_gateway_is_not_kept() {
    for name in ["X-Forwarded-For", "x-forwarded-proto", "X-Real-IP", "Forwarded", "Via", "x-request-id"] {
        assert!(kept(&[("vary", &format!("Accept, {name}"))]).is_none(), "{name}");
    }
    assert!(kept(&[("vary", "Accept, Host, X-Forward")]).is_some());
}

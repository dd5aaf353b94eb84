//! Every answer that a failure can get, looked at as a client would.
//! The screenshots that people look at come from `write_pages_to_look_at`.

mod languages;

use std::{
    collections::BTreeMap,
    time::{Duration, UNIX_EPOCH},
};

use super::*;
use crate::{
    config::settings::{ForwardedStyle, RetryAfter},
    failure::{Cause, Class, Delivered},
};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const ID: &str = "0198c0de-7a5b-7c3e-9f21-3b6d0c8e4a17";

/// A request, and the settings that it meets.
struct Client {
    method: Method,
    headers: HeaderMap,
    host: String,
    gateway: Gateway,
    errors: Errors,
}

impl Client {
    fn new(method: Method, accept: &'static str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        Self {
            method,
            headers,
            host: "shop.example.com".into(),
            gateway: Gateway {
                name: "goodgate".into(),
                workers: 1,
                shutdown_grace: Duration::ZERO,
                trusted_proxies: Vec::new(),
                forwarded: ForwardedStyle::Off,
                spool: None,
            },
            errors: Errors {
                statuses: BTreeMap::new(),
                languages: Language::ALL.to_vec(),
                retry_after: RetryAfter::Auto,
                contact: Some("support@example.com".into()),
                auto_retry: true,
                pages: Pages::default(),
                intercept: Vec::new(),
            },
        }
    }

    fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            method: &self.method,
            headers: &self.headers,
            host: &self.host,
            request_id: ID,
            received: UNIX_EPOCH + Duration::from_secs(1_764_000_767),
            date: HeaderValue::from_static("Mon, 24 Nov 2025 16:12:47 GMT"),
            server: HeaderValue::from_static("goodgate"),
            gateway: &self.gateway,
            errors: &self.errors,
        }
    }

    fn ask(&self, failure: &Failure) -> Response<Bytes> {
        answer(failure, &self.asked())
    }

    fn read(&self, failure: &Failure) -> String {
        String::from_utf8(self.ask(failure).into_body().to_vec()).unwrap()
    }
}

fn failure(cause: Cause, delivered: Delivered) -> Box<Failure> {
    let mut failure = Failure::new(cause, "EVIDENCE 10.9.8.7:3000").delivered(delivered);
    failure.member = Some("http://member.internal:3000".into());
    failure.next = Some("NEXT-STEP".into());
    failure
}

/// The story of a failure with all that a story can have.
pub(super) fn story_of_a_refused_connection(look: impl FnOnce(&Story<'_>)) {
    let client = Client::new(Method::GET, BROWSER);
    look(&Story::new(&failure(Cause::ConnectRefused, Delivered::No), &client.asked()));
}

fn field<'a>(response: &'a Response<Bytes>, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

/// Every cause × verdict × method × language × form.
fn all(mut look: impl FnMut(&Failure, &Client, Response<Bytes>)) {
    for cause in Cause::ALL {
        for delivered in [Delivered::No, Delivered::Maybe, Delivered::Yes] {
            for method in [Method::GET, Method::POST] {
                for language in Language::ALL {
                    for accept in [BROWSER, "application/json", "*/*"] {
                        let client = Client::new(method.clone(), accept).header("accept-language", language.tag());
                        let failure = failure(*cause, delivered);
                        look(&failure, &client, client.ask(&failure));
                    }
                }
            }
        }
    }
}

#[test]
fn every_answer_is_whole_and_shows_nothing_that_is_not_public() {
    all(|failure, client, response| {
        let body = std::str::from_utf8(response.body()).unwrap();
        let language = field(&response, "content-language").unwrap();
        let what = format!("{failure} {} {language} {body}", client.method);
        assert_eq!(field(&response, "content-length"), Some(body.len().to_string().as_str()));
        assert_eq!(client.headers["accept-language"], language);
        assert_eq!(field(&response, "cache-control"), Some("no-store"));
        assert_eq!(field(&response, "vary"), Some("Accept, Accept-Language"));
        assert_eq!(field(&response, "x-content-type-options"), Some("nosniff"));
        assert_eq!(field(&response, "x-request-id"), Some(ID));
        assert_eq!(field(&response, "server"), Some("goodgate"));
        assert!(field(&response, "content-security-policy").unwrap().starts_with("default-src 'none'"));
        assert!(httpdate::parse_http_date(field(&response, "date").unwrap()).is_ok());
        assert!(field(&response, "connection").is_none() && field(&response, "retry-after").is_none());
        let verdict = format!("delivered={}", failure.delivered.as_str());
        assert!(field(&response, "proxy-status").unwrap().contains(&verdict));

        assert!(body.len() < 8 * crate::limits::KIB, "{} bytes: {what}", body.len());
        let language = Language::from_tag(language).unwrap();
        assert_eq!(language.titles().iter().filter(|title| body.contains(*title)).count(), 1, "{what}");
        for part in [ID, "shop.example.com", "support@example.com"] {
            assert!(body.contains(part) || body.starts_with('{'), "{part} in {what}");
        }
        for secret in ["EVIDENCE", "10.9.8.7", "member.internal", "NEXT-STEP", failure.cause.id()] {
            // The class `busy` and the like are public words; a cause's id never is.
            assert!(!body.contains(secret), "{secret} in {what}");
            assert!(response.headers().values().all(|value| !value.to_str().unwrap().contains(secret)), "{what}");
        }
        for phrase in ["Bad Gateway", "Gateway Timeout", "Service Unavailable", "{}", "  \n"] {
            assert!(!body.contains(phrase), "{phrase} in {what}");
        }
    });
}

#[test]
fn no_headline_says_a_status() {
    for language in Language::ALL {
        let titles = language.titles();
        assert_eq!(titles.len(), 18, "seven classes with one headline, your-request with eleven");
        for title in titles {
            assert!(!title.contains(|c: char| c.is_ascii_digit()) && title.len() > 10, "{title}");
        }
    }
}

#[test]
fn the_sentence_about_delivery_depends_on_verdict_and_method() {
    let no = "Your request was not passed on. Nothing was submitted; trying again is safe.";
    let unknown = "We do not know whether your request was carried out. Check before you send it again, so that \
                   nothing is ordered or paid twice.";
    let reload = "You can reload this page.";
    let rows = [
        (Delivered::No, Method::GET, no, true),
        (Delivered::No, Method::POST, no, true),
        (Delivered::Maybe, Method::GET, reload, true),
        (Delivered::Maybe, Method::POST, unknown, false),
        (Delivered::Maybe, Method::DELETE, unknown, true),
        (Delivered::Maybe, Method::from_bytes(b"PURGE").unwrap(), unknown, false),
        (Delivered::Yes, Method::GET, reload, true),
        (Delivered::Yes, Method::POST, "The site received your request, but its answer was lost", false),
    ];
    for (delivered, method, sentence, safe) in rows {
        let failure = failure(Cause::UpstreamClosedNoResponse, delivered);
        for accept in [BROWSER, "text/plain", "application/json"] {
            let body = Client::new(method.clone(), accept).read(&failure);
            assert!(body.contains(sentence), "{method} {delivered:?}: {body}");
        }
        let problem: serde_json::Value =
            serde_json::from_str(&Client::new(method, "application/json").read(&failure)).unwrap();
        assert_eq!(problem["retry"]["safe"], safe);
        assert_eq!(problem["delivered"], delivered.as_str());
    }
}

#[test]
fn a_fault_of_the_request_is_not_excused_and_comes_with_advice() {
    let page = Client::new(Method::POST, BROWSER).read(&failure(Cause::RequestBodyTooLarge, Delivered::No));
    assert!(page.contains("What you sent is too large") && page.contains("Send a smaller file"));
    assert!(!page.contains("not your fault") && !page.contains("trying again is safe"));
    // Part of it was passed on: what matters now is not to send it twice.
    let page = Client::new(Method::POST, BROWSER).read(&failure(Cause::RequestBodyTimeout, Delivered::Maybe));
    assert!(page.contains("Check before you send it again") && !page.contains("try again"));
}

#[test]
fn the_page_reloads_itself_only_where_that_is_safe_and_of_use() {
    let rows = [
        (Method::GET, Cause::ConnectRefused, Delivered::No, true, true),
        (Method::GET, Cause::ResponseHeaderTimeout, Delivered::Maybe, true, true),
        (Method::POST, Cause::ConnectRefused, Delivered::No, true, false),
        (Method::PUT, Cause::ConnectRefused, Delivered::No, true, false),
        (Method::GET, Cause::DnsNxdomain, Delivered::No, true, false),
        (Method::GET, Cause::RouteNoMatch, Delivered::No, true, false),
        (Method::GET, Cause::ConnectRefused, Delivered::No, false, false),
    ];
    for (method, cause, delivered, auto_retry, reloads) in rows {
        let mut client = Client::new(method.clone(), BROWSER);
        client.errors.auto_retry = auto_retry;
        let page = client.read(&failure(cause, delivered));
        let after = page.split("http-equiv=\"refresh\" content=\"").nth(1);
        assert_eq!(after.is_some(), reloads, "{method} {cause:?}");
        assert_eq!(page.contains("tries again by itself"), reloads);
        if let Some(after) = after {
            let seconds: u64 = after.split('"').next().unwrap().parse().unwrap();
            assert!((10..=12).contains(&seconds), "{seconds}");
        }
    }
}

#[test]
fn retry_after_is_said_only_with_a_real_number_and_grows_by_a_fifth_at_most() {
    let minutes = |minutes| Some(Duration::from_mins(minutes));
    let fixed = RetryAfter::Fixed(Duration::from_secs(100));
    let rows = [
        (Cause::UpstreamMaintenance, minutes(10), RetryAfter::Auto, Some(600)),
        (Cause::UpstreamMaintenance, None, RetryAfter::Auto, None),
        (Cause::UpstreamMaintenance, minutes(10), RetryAfter::Off, None),
        (Cause::UpstreamMaintenance, minutes(10), fixed, Some(600)),
        (Cause::ConnectBacklogFull, None, fixed, Some(100)),
        (Cause::ConnectRefused, minutes(1), RetryAfter::Auto, None),
        (Cause::ConnectRefused, None, fixed, None),
    ];
    for (cause, known, setting, expected) in rows {
        let mut client = Client::new(Method::GET, "application/json");
        client.errors.retry_after = setting;
        let mut failure = failure(cause, Delivered::No);
        failure.retry_after = known;
        let response = client.ask(&failure);
        let said = field(&response, "retry-after").map(|seconds| seconds.parse::<u64>().unwrap());
        let problem: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(problem["retry"]["after"].as_u64(), said);
        match (expected, said) {
            (None, None) => {}
            (Some(least), Some(said)) => assert!((least..=least * 6 / 5).contains(&said), "{least} {said}"),
            other => panic!("{cause:?}: {other:?}"),
        }
    }
    let mut maintenance = failure(Cause::UpstreamMaintenance, Delivered::No);
    for (known, said) in [(5, "about 5 s"), (3000, "min."), (90_000, "h.")] {
        maintenance.retry_after = Some(Duration::from_secs(known));
        let text = Client::new(Method::GET, "*/*").read(&maintenance);
        assert!(text.contains("Please come back in about ") && (text.contains(said) || known == 5), "{text}");
    }
}

#[test]
fn what_comes_from_the_request_cannot_become_markup() {
    let mut client = Client::new(Method::GET, BROWSER);
    client.host = "\"><script>alert('1')</script>&\r\nX: y\u{202e}".into();
    client.errors.contact = Some("javascript:alert(1)@<b>".into());
    let failure = failure(Cause::RouteNoMatch, Delivered::No);
    let page = client.read(&failure);
    assert!(!page.contains("<script") && !page.contains("alert('1')") && !page.contains("href=\"javascript"));
    assert!(page.contains("&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;??X:?y?"), "{page}");
    assert!(page.contains("javascript:alert(1)@&lt;b&gt;"));
    client.headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    let text = client.read(&failure);
    assert!(!text.contains('\u{202e}') && !text.contains("\nX: y"), "{text}");
    client.host = "\u{7f}\"<".repeat(100_000);
    client.headers.insert(header::ACCEPT, HeaderValue::from_static(BROWSER));
    let page = client.read(&failure);
    assert!(page.contains('…') && page.len() < 8 * crate::limits::KIB, "{}", page.len());
}

#[test]
fn contacts_become_links_where_they_can() {
    let failure = failure(Cause::ConnectRefused, Delivered::No);
    let rows = [
        ("support@example.com", "<a href=\"mailto:support@example.com\">support@example.com</a>"),
        ("mailto:a@b.example", "<a href=\"mailto:a@b.example\">a@b.example</a>"),
        ("https://help.example/?a=1&b=2", "<a href=\"https://help.example/?a=1&amp;b=2\">"),
        ("+49 30 1234", "<dd dir=\"ltr\">+49 30 1234</dd>"),
    ];
    for (contact, expected) in rows {
        let mut client = Client::new(Method::GET, BROWSER);
        client.errors.contact = Some(contact.into());
        assert!(client.read(&failure).contains(expected), "{contact}");
    }
}

#[test]
fn the_problem_document_has_the_agreed_members() {
    let response =
        Client::new(Method::POST, "application/problem+json").ask(&failure(Cause::DnsNxdomain, Delivered::No));
    assert_eq!(field(&response, "content-type"), Some("application/problem+json"));
    let problem: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    let expected = serde_json::json!({
        "type": "urn:goodgate:problem:unreachable",
        "title": "This site cannot be reached right now",
        "status": 502,
        "detail": "We could not connect to the server behind this site. This is not your fault: your device and your \
                   connection are working. Your request was not passed on. Nothing was submitted; trying again is safe.",
        "instance": format!("urn:uuid:{ID}"),
        "cause": "unreachable",
        "request_id": ID,
        "time": "2025-11-24T16:12:47Z",
        "delivered": "no",
        "retry": { "safe": true, "after": null },
    });
    assert_eq!(problem, expected);
    let response = Client::new(Method::GET, "application/json").ask(&failure(Cause::DnsNxdomain, Delivered::No));
    assert_eq!(field(&response, "content-type"), Some("application/json"));
}

#[test]
fn parts_of_pages_get_the_fields_without_a_body() {
    let client = Client::new(Method::GET, BROWSER).header("sec-fetch-dest", "image");
    let response = client.ask(&failure(Cause::ConnectRefused, Delivered::No));
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert!(response.body().is_empty());
    assert_eq!(field(&response, "content-length"), Some("0"));
    assert_eq!(field(&response, "proxy-status"), Some("goodgate;error=connection_refused;delivered=no"));
}

#[test]
fn grpc_calls_get_a_grpc_status_that_never_invites_a_second_delivery() {
    let rows = [
        (Cause::ConnectRefused, Delivered::No, "14"),
        (Cause::SendResetReused, Delivered::Maybe, "13"),
        (Cause::SendClosedBeforeWrite, Delivered::No, "14"),
        (Cause::ResponseHeaderTimeout, Delivered::Maybe, "4"),
        (Cause::RouteNoMatch, Delivered::No, "12"),
        (Cause::PolicyDenied, Delivered::No, "7"),
        (Cause::RequestBodyTooLarge, Delivered::No, "8"),
        (Cause::LimitRate, Delivered::No, "8"),
        (Cause::GatewayDraining, Delivered::No, "14"),
        (Cause::GatewayInternalError, Delivered::No, "13"),
    ];
    for (cause, delivered, code) in rows {
        let client = Client::new(Method::POST, "*/*")
            .header("content-type", "application/grpc+proto")
            .header("accept-language", "ru");
        let response = client.ask(&failure(cause, delivered));
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(field(&response, "grpc-status"), Some(code), "{cause:?}");
        assert_eq!(field(&response, "content-type"), Some("application/grpc+proto"));
        assert!(field(&response, "grpc-message").unwrap().starts_with("%D0%"));
        assert!(response.body().is_empty());
    }
}

#[test]
fn a_405_names_the_methods_and_other_answers_do_not() {
    let mut wrong = failure(Cause::RequestMethodNotAllowed, Delivered::No);
    wrong.allow = Some(HeaderValue::from_static("GET, HEAD"));
    assert_eq!(field(&Client::new(Method::PUT, "*/*").ask(&wrong), "allow"), Some("GET, HEAD"));
    wrong.cause = Cause::RouteNoMatch;
    assert_eq!(field(&Client::new(Method::PUT, "*/*").ask(&wrong), "allow"), None);
}

#[test]
fn the_status_is_the_configured_one_else_its_own_else_that_of_its_class() {
    let mut client = Client::new(Method::GET, "*/*");
    client.errors.statuses.insert(Cause::ConnectRefused, StatusCode::SERVICE_UNAVAILABLE);
    let rows = [
        (Cause::ConnectRefused, 503),
        (Cause::ConnectTimeout, 504),
        (Cause::AcceptFdExhausted, 503),
        (Cause::UpstreamAnsweredError, 502),
        (Cause::BodyExcess, 502),
        (Cause::RequestClientAborted, 400),
    ];
    for (cause, status) in rows {
        assert_eq!(client.ask(&failure(cause, Delivered::No)).status(), status, "{cause:?}");
    }
}

#[test]
fn an_http_1_0_client_without_any_field_gets_text() {
    let mut client = Client::new(Method::GET, "");
    client.headers.clear();
    client.host.clear();
    client.errors.contact = None;
    let text = client.read(&failure(Cause::ConnectRefused, Delivered::No));
    let expected = "This site cannot be reached right now\n\nWe could not connect to the server behind this site.\n\
                    This is not your fault: your device and your connection are working.\n\n\
                    Your request was not passed on. Nothing was submitted; trying again is safe.\n\n\
                    Time        2025-11-24 16:12:47 UTC\nRequest ID  0198c0de-7a5b-7c3e-9f21-3b6d0c8e4a17\nCode        502\n";
    assert_eq!(text, expected);
}

#[test]
fn every_class_has_a_cause_that_tells_it() {
    for class in [
        Class::Unreachable,
        Class::Timeout,
        Class::BrokenAnswer,
        Class::Busy,
        Class::Maintenance,
        Class::NotFound,
        Class::YourRequest,
        Class::Gateway,
    ] {
        assert!(Cause::ALL.iter().any(|cause| cause.class() == class), "{class:?}");
    }
}

#[test]
#[ignore = "writes pages for people to look at, into the folder that GOODGATE_PAGES names"]
fn write_pages_to_look_at() {
    let folder = std::path::PathBuf::from(std::env::var_os("GOODGATE_PAGES").expect("GOODGATE_PAGES names a folder"));
    let pages = [
        (Cause::ConnectRefused, Delivered::No, Method::GET),
        (Cause::ResponseHeaderTimeout, Delivered::Maybe, Method::POST),
        (Cause::BodyTruncated, Delivered::Yes, Method::POST),
        (Cause::UpstreamClosedNoResponse, Delivered::Maybe, Method::GET),
        (Cause::ConnectBacklogFull, Delivered::No, Method::POST),
        (Cause::UpstreamMaintenance, Delivered::No, Method::GET),
        (Cause::RouteNoMatch, Delivered::No, Method::GET),
        (Cause::RequestBodyTooLarge, Delivered::No, Method::POST),
        (Cause::GatewayInternalError, Delivered::Maybe, Method::POST),
    ];
    for (cause, delivered, method) in pages {
        for language in Language::ALL {
            let client = Client::new(method.clone(), BROWSER).header("accept-language", language.tag());
            let mut failure = failure(cause, delivered);
            failure.retry_after = Some(Duration::from_mins(20));
            let name = format!("{}-{}.html", cause.id(), language.tag());
            std::fs::write(folder.join(name), client.read(&failure)).unwrap();
        }
    }
}

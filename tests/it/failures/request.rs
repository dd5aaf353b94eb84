//! Rows: the request itself cannot be served. The upstream never sees any of it.
//! What needs a client that does more than send bytes is in `client.rs`.

use super::row::{Row, Upstream, check, row};
use crate::support::Step;

const HEAD: &str = "Host: test.example\r\nAccept: application/problem+json\r\n";

pub fn rows() -> Vec<Row> {
    let big = "x".repeat(40 << 10);
    vec![
        bad("request-malformed", "GET / HTTP/1.1\r\nHost: a\r\nBad Name: b\r\n\r\n").unreadable(),
        bad("request-malformed", "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n").unreadable(),
        bad("request-malformed", "GET / HTTP/1.1\r\nAccept: application/problem+json\r\n\r\n"),
        bad("request-malformed", &format!("GET / HTTP/1.1\r\n{HEAD}Host: other.example\r\n\r\n")),
        bad("request-malformed", &format!("GET /../../etc HTTP/1.1\r\n{HEAD}\r\n")),
        bad("request-malformed", &format!("GET /a%2fb HTTP/1.1\r\n{HEAD}\r\n")),
        bad(
            "request-framing-conflict",
            &format!("POST / HTTP/1.1\r\n{HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
        )
        .unreadable(),
        bad(
            "request-framing-conflict",
            &format!("POST / HTTP/1.0\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        )
        .unreadable(),
        bad("request-header-too-large", &format!("GET / HTTP/1.1\r\n{HEAD}X-Big: {big}\r\n\r\n")).unreadable(),
        bad("request-header-too-large", &format!("GET / HTTP/1.1\r\n{HEAD}{}\r\n", "X: y\r\n".repeat(101)))
            .unreadable(),
        bad("request-uri-too-long", &format!("GET /{big} HTTP/1.1\r\n{HEAD}\r\n")).unreadable(),
        bad("request-body-too-large", &format!("POST / HTTP/1.1\r\n{HEAD}Content-Length: 11\r\n\r\nhello world"))
            .tables("[limits]\nbody_size = \"10B\""),
        bad(
            "request-body-too-large",
            &format!("POST / HTTP/1.1\r\n{HEAD}Content-Length: 18446744073709551615\r\n\r\n"),
        )
        .unreadable(),
        bad("request-header-timeout", "GET / HT").unreadable().tables("[limits]\nheader_timeout = \"200ms\""),
        bad("request-body-timeout", &format!("POST / HTTP/1.1\r\n{HEAD}Content-Length: 10\r\n\r\nabc"))
            .tables("[limits]\nbody_timeout = \"300ms\"")
            .delivered("maybe")
            .seen(1),
        bad(
            "request-transfer-coding-unsupported",
            &format!("POST / HTTP/1.1\r\n{HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ),
        unclear("0\r\nX: a\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"),
        unclear("0\r\n\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"),
        unclear("5;a\0b\r\nhello\r\n0\r\n\r\n"),
        bad("request-not-supported", &format!("CONNECT test.example:443 HTTP/1.1\r\n{HEAD}\r\n")),
        bad("request-expectation-failed", &format!("GET / HTTP/1.1\r\n{HEAD}Expect: tea\r\n\r\n")),
        bad("request-version-unsupported", &format!("GET / HTTP/3.0\r\n{HEAD}\r\n")).unreadable(),
    ]
}

/// A chunked body that can be read in two ways.
fn unclear(body: &str) -> Row {
    bad("request-malformed", &format!("POST / HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n{body}"))
}

/// A request that is refused before the upstream sees anything.
fn bad(cause: &'static str, bytes: &str) -> Row {
    row(cause, Upstream::Script(vec![Step::ReadRequest, Step::Send(super::answer::OK.into()), Step::Again]))
        .request(bytes)
        .seen(0)
}

#[test]
fn a_request_that_cannot_be_served_is_refused_and_named() {
    check(&rows());
}

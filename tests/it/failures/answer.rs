//! Rows: exact bytes of an upstream's head in, the cause out.
//! The client gets the gateway's own answer, because nothing of the broken one was sent.

use super::row::{Row, Upstream, check, row};
use crate::support::Step;

/// A good answer that keeps the connection.
pub const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut table = |cause: &'static str, delivered: &'static str, answers: &[&[u8]]| {
        rows.extend(answers.iter().map(|bytes| answered(cause, bytes).delivered(delivered)));
    };
    table(
        "response-head-truncated",
        "yes",
        &[
            b"H",
            b"HTTP/1.1 200 OK\r\nContent-Le",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
        ],
    );
    table(
        "response-not-http",
        "maybe",
        &[
            b"SSH-2.0-OpenSSH_9.6\r\n",
            b"<html><body>hello</body></html>\r\n\r\n",
            b"\x80\x81\x82\x83 nonsense\r\n\r\n",
            b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64",
            b"\x01\x06\x00\x01\x00\x08\x00\x00Status: \x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
        ],
    );
    table("response-is-tls", "maybe", &[b"\x15\x03\x01\x00\x02\x02\x46", b"\x16\x03\x03\x00\x31\x02\x00\x00\x2d"]);
    table(
        "response-head-malformed",
        "yes",
        &[
            b"HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nName : x\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nNoColonHere\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200OK\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.10 200 OK\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\rContent-Length: 5\r\rHELLO",
        ],
    );
    table(
        "response-bad-status",
        "yes",
        &[
            b"HTTP/1.1 600 Strange\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 099 Strange\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 2xx OK\r\nContent-Length: 0\r\n\r\n",
        ],
    );
    table(
        "response-framing-conflict",
        "yes",
        &[
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            b"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc",
            b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ],
    );
    table(
        "response-transfer-coding",
        "yes",
        &[
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        ],
    );
    let long_line = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(70 << 10));
    let many_lines = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(300));
    table("response-header-too-large", "yes", &[long_line.as_bytes(), many_lines.as_bytes()]);
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(40);
    table("response-too-many-interim", "yes", &[interim.as_bytes()]);
    table(
        "upgrade-invalid",
        "yes",
        &[b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\nConnection: upgrade\r\n\r\n"],
    );
    let error = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nsorry";
    rows.push(answered("upstream-answered-error", error).delivered("yes").passes(500));
    rows
}

fn answered(cause: &'static str, bytes: &[u8]) -> Row {
    row(cause, Upstream::Script(vec![Step::ReadRequest, Step::Send(bytes.into()), Step::Close])).seen(1)
}

#[test]
fn a_head_that_cannot_be_used_is_named_by_what_is_wrong_with_it() {
    check(&rows());
}

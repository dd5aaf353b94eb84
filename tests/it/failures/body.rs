//! Rows: the answer breaks after its head. The client sees a broken answer, never a complete one.
//! An answer small enough to be held becomes a clean answer of the gateway instead.

use super::{
    answer::OK,
    row::{Row, Upstream, check, row},
};
use crate::support::Step;

const LONG: &str = "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\nfirst bytes";
const HELD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst bytes";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nfirst bytes\r\n";

pub fn rows() -> Vec<Row> {
    let idle = "timeouts = { body = \"300ms\" }";
    let total = "timeouts = { total = \"400ms\" }";
    let trailers = format!("0\r\n{}\r\n", "X-T: y\r\n".repeat(2000));
    // More than comes with the head in one read.
    let long_chunk = format!("{CHUNKED}{:x}\r\n{}\r\n", 200_000, "x".repeat(200_000));
    vec![
        broken("body-truncated", LONG, "", Step::Close).breaks(200),
        broken("body-truncated", CHUNKED, "", Step::Close).breaks(200),
        broken("body-truncated", CHUNKED, "0\r\n", Step::Close).breaks(200),
        broken("body-truncated", HELD, "", Step::Close),
        broken("body-truncated", HELD, "", Step::Close).post(),
        broken("body-reset", LONG, "", Step::Reset).breaks(200),
        broken("body-reset", HELD, "", Step::Reset),
        broken("body-idle-timeout", LONG, "", Step::Listen).options(idle).breaks(200),
        broken("body-idle-timeout", CHUNKED, "", Step::Listen).options(idle).breaks(200),
        broken("body-idle-timeout", HELD, "", Step::Listen).options(idle),
        broken("body-deadline", LONG, "", Step::Listen).options(total).breaks(200),
        broken("body-deadline", HELD, "", Step::Listen).options(total),
        broken("body-bad-chunk", &long_chunk, "zz\r\n", Step::Listen).breaks(200),
        broken("body-bad-chunk", &long_chunk, "5\r\nhelloXX", Step::Listen).breaks(200),
        broken("body-bad-chunk", &long_chunk, "fffffffffffffffff\r\n", Step::Listen).breaks(200),
        broken("trailer-invalid", &long_chunk, "0\r\nNo Colon\r\n\r\n", Step::Listen).breaks(200),
        broken("trailer-invalid", &long_chunk, &trailers, Step::Listen).breaks(200),
        // What came with the head is looked over before anything is passed on.
        broken("body-bad-chunk", CHUNKED, "zz\r\n", Step::Listen),
        broken("body-bad-chunk", CHUNKED, "5\r\nhelloXX", Step::Listen).post(),
        broken("body-bad-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "5\nhello\r\n", Step::Listen),
        broken("trailer-invalid", CHUNKED, "0\r\nNo Colon\r\n\r\n", Step::Listen),
        broken("body-excess", OK, "surplus", Step::Listen).passes(200),
    ]
}

fn broken(cause: &'static str, start: &str, rest: &str, end: Step) -> Row {
    let sent = format!("{start}{rest}").into_bytes();
    row(cause, Upstream::Script(vec![Step::ReadRequest, Step::Send(sent), end])).delivered("yes").seen(1)
}

#[test]
fn an_answer_that_breaks_after_its_head_is_seen_to_be_broken() {
    check(&rows());
}

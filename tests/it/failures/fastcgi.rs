//! Rows: exact records of a FastCGI application in, the cause out.
//! What breaks before the head becomes an answer of the gateway, what breaks behind it a visibly broken one.

use super::row::{Row, Upstream, check, row};
use crate::support::{
    Step,
    client::{get, post},
    fastcgi::{OK, end, record, says, stderr, stdout},
};

/// The head of an answer and half of what it promises.
const CUT: &str = "Content-Type: text/plain\r\nContent-Length: 200000\r\n\r\nfirst bytes";
const HELD: &str = "Content-Type: text/plain\r\nContent-Length: 100\r\n\r\nfirst bytes";
const OPEN: &str = "Content-Type: text/plain\r\n\r\nfirst bytes";

pub fn rows() -> Vec<Row> {
    let idle = "timeouts = { body = \"300ms\" }";
    let mut other_request = stdout(OK);
    other_request[3] = 2;
    let spool = "[gateway]\nworkers = 1\nspool = \"/nowhere/at/all\"\n";
    let mut rows = vec![
        answered("fcgi-overloaded", &[end(0, 2)]).delivered("no"),
        answered("fcgi-overloaded", &[end(0, 2)]).delivered("no").post(),
        answered("fcgi-protocol-error", &[stdout("Content-Type: te"), end(0, 2)]).post(),
        answered("fcgi-protocol-error", &[stdout(OPEN), end(0, 2)]),
        answered("fcgi-cant-mpx", &[end(0, 1)]).delivered("no"),
        answered("fcgi-unknown-role", &[end(0, 3)]).delivered("no"),
        answered("fcgi-protocol-error", &[end(0, 9)]),
        answered("fcgi-no-headers", &[end(0, 0)]),
        answered("fcgi-no-headers", &[stderr("PHP Fatal error: out of memory"), end(255, 0)]),
        answered("fcgi-no-headers", &[stderr("only words")]),
        answered("fcgi-no-headers", &[stdout("Content-Type: text/plain\r\n"), end(0, 0)]),
        answered("response-head-truncated", &[stdout("Content-Type: te")]),
        answered("response-head-truncated", &[stdout("Content-Type: te")[..12].to_vec()]),
        answered("response-head-malformed", &[stdout("this is no header\r\n\r\n"), end(0, 0)]),
        answered("response-bad-status", &[stdout("Status: 99 Odd\n\n"), end(0, 0)]),
        answered("response-framing-conflict", &[stdout("Content-Length: +5\n\nabcde"), end(0, 0)]),
        answered("response-header-too-large", &[stdout(format!("X: {}\n\n", "y".repeat(70 << 10))), end(0, 0)]),
        answered("fcgi-protocol-error", &[b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec()])
            .delivered("maybe"),
        answered("fcgi-protocol-error", &[vec![9, 6, 0, 1, 0, 0, 0, 0]]).delivered("maybe"),
        answered("fcgi-protocol-error", &[other_request]).delivered("maybe"),
        answered("fcgi-protocol-error", &[record(5, b"stdin", 0)]).delivered("maybe"),
        broken("body-truncated", &[stdout(CUT)], Step::Close).breaks(200),
        broken("body-truncated", &[stdout(CUT), end(0, 0)], Step::Close).breaks(200),
        broken("body-truncated", &[stdout(OPEN)], Step::Close).breaks(200),
        broken("body-truncated", &[stdout(OPEN)[..30].to_vec(), stdout(OPEN)[30..40].to_vec()], Step::Close)
            .breaks(200),
        broken("body-truncated", &[stdout(HELD)], Step::Close),
        broken("body-truncated", &[stdout(HELD), end(0, 0)], Step::Close).post(),
        broken("body-reset", &[stdout(CUT)], Step::Reset).breaks(200),
        broken("body-reset", &[stdout(HELD)], Step::Reset),
        broken("body-idle-timeout", &[stdout(OPEN)], Step::Listen).options(idle).breaks(200),
        broken("body-idle-timeout", &[stdout(HELD)], Step::Listen).options(idle),
        broken("fcgi-protocol-error", &[stdout(CUT), b"junk".to_vec()], Step::Listen),
        broken("body-excess", &[stdout("Content-Length: 2\n\nokand more"), end(0, 0)], Step::Listen).passes(200),
        answered("upstream-answered-error", &[stdout("Status: 500\n\n"), end(0, 0)]).passes(500),
        answered("fcgi-script-not-found", &[stderr("Primary script unknown"), stdout("Status: 404\n\nno"), end(0, 0)])
            .passes(404),
        answered("upstream-closed-no-response", &[]).delivered("maybe"),
        row("upstream-reset-no-response", Upstream::Records(vec![Step::ReadRecords, Step::Reset]))
            .delivered("maybe")
            .seen(1),
        row("response-header-timeout", Upstream::Records(vec![Step::ReadRecords, Step::Hold]))
            .options("timeouts = { head = \"200ms\" }")
            .delivered("maybe")
            .seen(1),
        row("request-malformed", Upstream::Records(says(&[]))).request(get("/x%0a.php")).seen(0),
    ];
    let large = format!("{:x}\r\n{}\r\n0\r\n\r\n", 300 << 10, "x".repeat(300 << 10));
    let head = post("/row", "").replace("Content-Length: 0", "Transfer-Encoding: chunked");
    rows.push(
        row("gateway-spool-failed", Upstream::Records(says(&[stdout(OK), end(0, 0)])))
            .tables(spool)
            .request(head + &large)
            .seen(0),
    );
    rows
}

fn answered(cause: &'static str, records: &[Vec<u8>]) -> Row {
    row(cause, Upstream::Records(says(records))).delivered("yes").seen(1)
}

fn broken(cause: &'static str, records: &[Vec<u8>], end: Step) -> Row {
    let script = vec![Step::ReadRecords, Step::Send(records.concat()), end];
    row(cause, Upstream::Records(script)).delivered("yes").seen(1)
}

#[test]
fn what_a_fastcgi_application_does_wrong_is_named() {
    check(&rows());
}

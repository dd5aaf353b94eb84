//! Rows: the exchange breaks between the connection and the first byte of an answer.
//! Nobody can prove that such a request was not carried out, so the verdict is `maybe`.

use super::{
    answer::OK,
    row::{Row, Upstream, check, row},
};
use crate::support::Step;

pub fn rows() -> Vec<Row> {
    let kept = |end: Step| vec![Step::ReadRequest, Step::Send(OK.into()), Step::ReadRequest, end];
    // However long the test takes.
    let used = "pool = { idle_timeout = \"1h\" }";
    let prompt = |end: Step| vec![Step::ReadRequest, end];
    vec![
        maybe("send-reset-reused", kept(Step::Reset)).options(used).primed().seen(2),
        maybe("send-reset-reused", kept(Step::Reset)).options(used).post().primed().seen(2),
        maybe("send-upload-broken", vec![Step::ReadHead, Step::Reset]).request(upload()).seen(1),
        maybe("send-write-timeout", vec![Step::Hold]).request(upload()).options("timeouts = { send = \"300ms\" }"),
        maybe("upstream-closed-no-response", prompt(Step::Close)).seen(1),
        maybe("upstream-closed-no-response", prompt(Step::Close)).post().seen(1),
        maybe("upstream-closed-no-response", vec![Step::ReadRequest, Step::HalfClose, Step::Listen]).seen(1),
        maybe("upstream-reset-no-response", prompt(Step::Reset)).seen(1),
        maybe("upstream-reset-no-response", prompt(Step::Reset)).post().seen(1),
        maybe("upstream-closed-no-response", vec![Step::ReadHead, Step::Close]).request(asks()).seen(1),
        maybe("upstream-reset-no-response", vec![Step::ReadHead, Step::Reset]).request(asks()).seen(1),
        maybe("response-header-timeout", prompt(Step::Listen)).options("timeouts = { head = \"300ms\" }").seen(1),
        maybe("response-header-timeout", prompt(Step::Listen))
            .post()
            .options("timeouts = { head = \"300ms\" }")
            .seen(1),
        maybe("response-deadline", prompt(Step::Listen)).options("timeouts = { total = \"300ms\" }").seen(1),
    ]
}

fn maybe(cause: &'static str, script: Vec<Step>) -> Row {
    row(cause, Upstream::Script(script)).delivered("maybe")
}

/// Asks whether its body is wanted.
fn asks() -> &'static str {
    "POST /row HTTP/1.1\r\nHost: test.example\r\nAccept: application/problem+json\r\nExpect: 100-continue\r\n\
     Content-Length: 300\r\n\r\n"
}

/// More than the sockets on the way can hold.
fn upload() -> Vec<u8> {
    let size = 32 << 20;
    let head = format!(
        "POST /row HTTP/1.1\r\nHost: test.example\r\nAccept: application/problem+json\r\nContent-Length: {size}\r\n\r\n"
    );
    let mut bytes = head.into_bytes();
    bytes.resize(bytes.len() + size, b'u');
    bytes
}

#[test]
fn an_exchange_that_breaks_before_the_answer_is_named_and_maybe_delivered() {
    check(&rows());
}

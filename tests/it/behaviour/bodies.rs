//! Answers of every framing, and the interim ones before them.
//! What the client sees must mean the same as what the upstream said.

use std::time::Duration;

use super::{OK, before, configured};
use crate::support::{
    End, Event, Origin, Step,
    client::{Got, get},
};

fn once(answer: &str) -> Origin {
    Origin::always(vec![Step::ReadRequest, Step::Send(answer.into()), Step::Close])
}

#[test]
fn a_chunked_answer_passes_with_its_trailers() {
    let answer = "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n\
                  3\r\nabc\r\n3;a=b\r\ndef\r\n0\r\nX-Sum: 6\r\n\r\n";
    let origin = Origin::answering(answer);
    let gate = before(&origin);
    let mut client = gate.client();
    let response = client.send("GET /t HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n").response();
    assert_eq!((response.text(), response.end), ("abcdef", End::Complete), "{response:?}");
    assert_eq!(response.trailers, [("x-sum".to_owned(), "6".to_owned())]);
    assert!(client.is_usable("/next"));
    assert_eq!(origin.connections(), 1, "a chunked answer read to its end leaves a clean connection");
}

#[test]
fn trailers_that_connection_names_end_here() {
    let answer = "HTTP/1.1 200 OK\r\nConnection: keep-alive, x-hop\r\nTrailer: X-Hop, X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n\
                  3\r\nabc\r\n0\r\nX-Hop: 1\r\nX-Sum: 6\r\n\r\n";
    let origin = Origin::answering(answer);
    let gate = before(&origin);
    let mut client = gate.client();
    let request = "POST /t HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE, X-Own\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3\r\nabc\r\n0\r\nX-Own: 1\r\nX-Sum: 3\r\n\r\n";
    let response = client.send(request).response();
    assert_eq!(response.trailers, [("x-sum".to_owned(), "6".to_owned())]);
    assert_eq!(origin.request().trailers, ["x-sum: 3"]);
    assert!(client.is_usable("/next"));
    assert_eq!(origin.connections(), 1);
}

#[test]
fn sizes_of_chunks_may_have_blanks_behind_them() {
    let origin = Origin::answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5  \r\nhello\r\n0 \r\n\r\n");
    let gate = before(&origin);
    let response = gate.client().get("/t");
    assert_eq!((response.text(), response.end), ("hello", End::Complete), "{response:?}");
}

#[test]
fn a_chunked_answer_for_an_http_1_0_client_is_not_chunked() {
    let origin = Origin::answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    let gate = before(&origin);
    let mut client = gate.client();
    client.send("GET /old HTTP/1.0\r\nHost: a\r\n\r\n");
    let text = client.everything();
    assert!(text.to_lowercase().contains("\r\n\r\nabc") && !text.to_lowercase().contains("chunked"), "{text}");
}

#[test]
fn an_http_1_0_client_is_told_that_the_end_of_its_answer_is_the_end_of_the_connection() {
    let origin = Origin::answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    let gate = before(&origin);
    let mut client = gate.client();
    client.send("GET /old HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    let text = client.everything().to_lowercase();
    assert!(text.contains("\r\nconnection: close\r\n") && !text.contains("keep-alive"), "{text}");
}

#[test]
fn an_answer_that_ends_with_its_connection_passes() {
    let origin = once("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end");
    let gate = before(&origin);
    let response = gate.client().get("/close");
    assert!(response.text() == "until the end" && response.is_complete(), "{response:?}");
}

#[test]
fn a_head_request_gets_the_fields_and_no_body() {
    let origin = Origin::answering("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
    let gate = before(&origin);
    let mut client = gate.client();
    let response = client.send("HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n").head_response();
    assert_eq!((response.status, response.field("content-length")), (200, Some("1234")), "{response:?}");
    assert!(origin.request().line().starts_with("HEAD "), "the upstream is asked the same");
    let response = client.send("HEAD /h2 HTTP/1.1\r\nHost: a\r\n\r\n").head_response();
    assert_eq!(response.status, 200, "nothing stood between the answers");
}

#[test]
fn a_failed_head_request_gets_no_body() {
    let origin = Origin::always(vec![Step::ReadRequest, Step::Close]);
    let gate = configured(&origin, "", "", "retry = { on = \"off\" }");
    let mut client = gate.client();
    let response = client.send("HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n").head_response();
    assert_eq!(response.status, 502);
    assert!(response.field("content-length").is_some_and(|length| length != "0"), "{response:?}");
    assert!(client.is_silent(Duration::from_millis(100)), "no byte of a body came");
}

#[test]
fn answers_without_a_body_have_none() {
    for answer in ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"] {
        let origin = Origin::answering(answer);
        let gate = before(&origin);
        let mut client = gate.client();
        let (first, second) = (client.get("/first"), client.get("/second"));
        assert!(answer.contains(&first.status.to_string()) && first.body.is_empty(), "{first:?}");
        assert_eq!(first.status, second.status);
        assert_eq!(origin.connections(), 1);
    }
}

#[test]
fn an_interim_answer_does_not_count_as_the_answer() {
    let origin = Origin::answering(format!("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{OK}"));
    let gate = before(&origin);
    let response = gate.client().get("/hints");
    assert_eq!((response.status, response.text()), (200, "ok"), "{response:?}");
}

#[test]
fn a_stream_passes_byte_by_byte_at_once() {
    let next = Event::default();
    let origin = Origin::always(vec![
        Step::ReadRequest,
        Step::Send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
        ),
        Step::Send(b"9\r\ndata: 1\n\n\r\n".to_vec()),
        Step::Await(next.clone()),
        Step::Send(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n".to_vec()),
        Step::Listen,
    ]);
    let gate = before(&origin);
    let mut client = gate.client();
    client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    client.read_until(b"data: 1");
    next.set();
    client.read_until(b"data: 2");
}

#[test]
fn a_held_body_arrives_in_one_piece_however_slowly_it_came() {
    let origin = Origin::always(vec![Step::ReadRequest, Step::Drip(OK.into(), Duration::from_millis(2)), Step::Again]);
    let gate = before(&origin);
    let mut client = gate.client();
    assert_eq!(client.get("/slow").text(), "ok");
    assert!(client.is_usable("/next"));
}

#[test]
fn a_big_answer_passes_unchanged() {
    let body = "0123456789abcdef".repeat(256 << 10);
    let origin = Origin::answering(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    let gate = before(&origin);
    let response = gate.client().get("/big");
    assert!(response.body == body.as_bytes() && response.end == End::Complete, "{} bytes came", response.body.len());
    assert_eq!(gate.logged("/big")["bytes_out"], body.len());
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let origin = Origin::answering(OK);
    let gate = configured(&origin, "", "", "");
    let mut client = gate.client();
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    client.send(format!("{}{}{}", request("/1"), request("/2"), request("/3")));
    for _ in 0..3 {
        assert_eq!(client.response().text(), "ok");
    }
    let lines: Vec<String> = origin.requests().iter().map(|request| request.line().to_owned()).collect();
    assert_eq!(lines, ["GET /1 HTTP/1.1", "GET /2 HTTP/1.1", "GET /3 HTTP/1.1"]);
}

#[test]
fn a_request_that_comes_byte_by_byte_is_one_request() {
    let origin = Origin::answering(OK);
    let gate = before(&origin);
    let mut client = gate.client();
    let request = b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    assert_eq!(client.drip(request, Duration::from_millis(1)).response().status, 200);
    assert_eq!(origin.request().body, b"hello");
}

#[test]
fn the_time_of_the_whole_request_counts_while_the_client_is_slow() {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    let origin = Origin::always(vec![Step::ReadRequest, Step::Send(head.into()), Step::Flood(vec![b'x'; 64 << 10])]);
    let gate = configured(&origin, "", "", "timeouts = { total = \"400ms\" }");
    let mut client = gate.client();
    client.send(get("/endless"));
    while matches!(client.more(Duration::from_millis(50)), Got::Bytes) {}
    assert_eq!(gate.logged("/endless")["cause"], "body-deadline");
}

#[test]
fn a_whole_chunked_answer_passes_also_behind_one_that_was_cut() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let ends = ["0\r\n\r\n", "0\r\nA: b\r\n\r\n", "0  \r\n\r\n", "0;x\r\n\r\n", "0\r\n\r\nxx"];
    let scripts = [""].into_iter().chain(ends);
    let scripts = scripts.map(|end| vec![Step::ReadRequest, Step::Send(format!("{HEAD}{end}").into()), Step::Close]);
    let origin = Origin::scripts(scripts.collect());
    let gate = configured(&origin, "[gateway]\nworkers = 1", "", "retry = { attempts = 1 }");
    assert!(!gate.client().get("/cut").is_complete());
    for (turn, end) in ends.iter().enumerate() {
        let response = gate.client().get(&format!("/{turn}"));
        assert_eq!((response.status, response.text(), response.is_complete()), (200, "hello", true), "{end:?}");
    }
    assert_eq!(origin.requests().len(), 1 + ends.len(), "each was asked for once");
}

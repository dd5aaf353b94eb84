//! Request bodies: streamed, counted, limited; answers that come before their end.
//! Neither side may be left out of step.

use std::time::Duration;

use super::{OK, before, configured};
use crate::support::{Event, Origin, Step};

const POST: &str = "POST /up HTTP/1.1\r\nHost: test.example\r\n";

#[test]
fn an_upload_arrives_as_it_was_sent() {
    let origin = Origin::answering(OK);
    let gate = before(&origin);
    let mut client = gate.client();
    let body = "0123456789abcdef".repeat(64 << 10);
    assert_eq!(client.send(format!("{POST}Content-Length: {}\r\n\r\n{body}", body.len())).response().status, 200);
    let request = origin.request();
    assert!(request.complete && request.body == body.as_bytes(), "{} bytes came", request.body.len());
    assert_eq!(gate.logged("/up")["bytes_in"], body.len());
}

#[test]
fn an_upload_arrives_whole_at_an_upstream_that_reads_slowly() {
    // More than the kernels take, so that there is no room for the rest, and less, so that an answer is waited for.
    for (size, timeouts) in [(6 << 20, "send = \"500ms\""), (2 << 20, "head = \"500ms\"")] {
        let slow = Step::Sip(100, 16 << 10, Duration::from_millis(20));
        let origin = Origin::always(vec![slow, Step::Send(OK.into())]);
        let gate = configured(&origin, "", "", &format!("timeouts = {{ {timeouts} }}"));
        let mut client = gate.client();
        let body = "0123456789abcdef".repeat(size >> 4);
        client.send_meanwhile(format!("{POST}Content-Length: {size}\r\n\r\n{body}").into_bytes());
        assert_eq!(client.response().status, 200, "{timeouts}: {}", gate.logged("/up"));
        let request = origin.request();
        assert!(request.complete && request.body == body.as_bytes(), "{} bytes came", request.body.len());
    }
}

#[test]
fn a_chunked_upload_arrives_whole() {
    let origin = Origin::answering(OK);
    let gate = before(&origin);
    let mut client = gate.client();
    client.send(format!("{POST}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"));
    client.send("3;extension=1\r\ndef\r\n0\r\n\r\n");
    assert_eq!(client.response().status, 200);
    let request = origin.request();
    assert!(request.complete && request.body == b"abcdef", "{request:?}");
    assert!(client.is_usable("/next"));
}

#[test]
fn an_upload_streams_before_it_is_complete() {
    let origin = Origin::always(vec![Step::ReadHead, Step::Send(OK.into()), Step::Listen]);
    let gate = before(&origin);
    let mut client = gate.client();
    client.send(format!("{POST}Content-Length: 10\r\n\r\nabc"));
    origin.wait_requests(1);
    assert_eq!(client.response().status, 200, "an answer may come before the upload ends");
}

#[test]
fn a_refusal_in_the_middle_of_an_upload_is_delivered() {
    let refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig";
    for end in [Step::Close, Step::Reset] {
        let rude = matches!(end, Step::Reset);
        let origin = Origin::always(vec![Step::ReadHead, Step::Send(refusal.into()), end]);
        let gate = before(&origin);
        let mut client = gate.client();
        let size = 8 << 20;
        let mut bytes = format!("{POST}Content-Length: {size}\r\n\r\n").into_bytes();
        bytes.resize(bytes.len() + size, b'u');
        client.send_meanwhile(bytes);
        let response = client.response();
        // A reset may overtake the answer; then nobody can have read it.
        let allowed: &[u16] = if rude { &[413, 502] } else { &[413] };
        assert!(allowed.contains(&response.status) && response.is_complete(), "{response:?}");
        assert_eq!(origin.requests().len(), 1);
    }
}

#[test]
fn an_early_answer_leaves_no_rest_of_the_upload_to_be_read_as_a_request() {
    let origin = Origin::scripts(vec![
        vec![Step::ReadHead, Step::Send(OK.into()), Step::Listen],
        vec![Step::ReadRequest, Step::Send(OK.into()), Step::Again],
    ]);
    let gate = before(&origin);
    let mut client = gate.client();
    let evil = "GET /smuggled HTTP/1.1\r\nHost: test.example\r\n\r\n";
    client.send(format!("{POST}Content-Length: {}\r\n\r\n", evil.len() + 10));
    assert_eq!(client.response().status, 200);
    client.try_send(format!("{evil}0123456789"));
    let next = gate.client().get("/next");
    assert_eq!(next.status, 200);
    assert!(origin.requests().iter().all(|request| !request.line().contains("smuggled")), "{:?}", origin.requests());
    assert_eq!(origin.connections(), 2, "a connection with half an upload is not used again");
}

#[test]
fn a_client_that_expects_100_is_told_to_go_on() {
    let (go, came) = (Event::default(), Event::default());
    let origin = Origin::always(vec![
        Step::ReadHead,
        Step::Await(go.clone()),
        Step::Send(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        Step::Await(came.clone()),
        Step::Send(OK.into()),
        Step::Listen,
    ]);
    let gate = before(&origin);
    let mut client = gate.client();
    client.send(format!("{POST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
    go.set();
    let interim = client.read_exactly("HTTP/1.1 100 Continue\r\n\r\n".len());
    assert!(interim.starts_with(b"HTTP/1.1 100"), "{interim:?}");
    client.send("hello");
    came.set();
    let response = client.response();
    assert_eq!((response.status, response.interim.len()), (200, 0), "{response:?}");
}

#[test]
fn a_body_that_was_asked_for_is_sent_at_once() {
    for before in ["", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"] {
        let origin = Origin::always(vec![
            Step::ReadHead,
            Step::Send(format!("{before}HTTP/1.1 100 Continue\r\n\r\n").into()),
            Step::Arrive(b"hello".into()),
            Step::Send(OK.into()),
            Step::Listen,
        ]);
        // Less than the time after which a body goes out unasked.
        let gate = configured(&origin, "", "", "timeouts = { total = \"900ms\" }");
        let mut client = gate.client();
        client.send(format!("{POST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
        let interim = client.read_exactly("HTTP/1.1 100 Continue\r\n\r\n".len());
        assert!(interim.starts_with(b"HTTP/1.1 100"), "{interim:?}");
        client.send("hello");
        assert_eq!(client.response().status, 200, "{before}");
    }
}

#[test]
fn a_body_over_the_limit_never_looks_whole_to_the_upstream() {
    let origin = Origin::answering(OK);
    let gate = configured(&origin, "", "body_size = \"10B\"", "");
    let mut client = gate.client();
    client.send(format!("{POST}Transfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n"));
    let response = client.response();
    assert_eq!(response.status, 413, "{response:?}");
    assert_eq!(gate.logged("/up")["cause"], "request-body-too-large");
    assert!(origin.requests().iter().all(|request| !request.complete), "{:?}", origin.requests());
}

#[test]
fn a_body_that_trickles_is_too_slow() {
    let origin = Origin::answering(OK);
    let gate = configured(&origin, "[limits]\nbody_timeout = \"300ms\"\nbody_rate = \"1KiB\"", "", "");
    let mut client = gate.client();
    client.send(format!("{POST}Content-Length: 100\r\n\r\n"));
    for _ in 0..20 {
        client.try_send("x");
        if !client.is_silent(Duration::from_millis(50)) {
            break;
        }
    }
    assert_eq!(client.response().status, 408);
    assert_eq!(gate.logged("/up")["cause"], "request-body-timeout");
}

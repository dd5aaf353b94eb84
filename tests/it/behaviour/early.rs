//! Answers whose head comes before the request has been sent: what becomes of the rest of the upload.
//! Whatever the client does to it, no other request may ever be read as a part of it.

use std::time::Duration;

use super::{OK, before, configured};
use crate::support::{Event, Origin, Step};

const POST: &str = "POST /up HTTP/1.1\r\nHost: test.example\r\n";
const HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n";

/// Answers the first request early, in two parts; serves all others well.
fn early(go: &Event) -> Origin {
    let first = vec![
        Step::ReadHead,
        Step::Send(HEAD.into()),
        Step::Await(go.clone()),
        Step::Send(b"1\r\nb\r\n0\r\n\r\n".to_vec()),
        Step::Listen,
    ];
    Origin::scripts(vec![first, vec![Step::ReadRequest, Step::Send(OK.into()), Step::Again]])
}

/// The upstream's connection with half a request is not used again, and the half is never made to look whole.
fn check(origin: &Origin, next: u16) {
    assert_eq!(next, 200);
    let requests = origin.requests();
    assert_eq!(origin.connections(), 2, "a connection of its own for the next request: {requests:?}");
    let up = requests.iter().find(|request| request.line().contains("/up")).expect("the upload was begun");
    assert!(!up.complete, "half an upload never looks whole: {up:?}");
    assert!(
        requests.iter().all(|request| !String::from_utf8_lossy(&request.body).contains("innocent")),
        "{requests:?}"
    );
}

#[test]
fn a_body_that_ends_early_takes_its_connection_along() {
    for half_close in [true, false] {
        let go = Event::default();
        let origin = early(&go);
        let gate = configured(&origin, &format!("[limits]\nhalf_close = {half_close}"), "", "");
        let mut client = gate.client();
        client.send(format!("{POST}Content-Length: 1000\r\n\r\nabc"));
        client.read_until(b"1\r\na\r\n");
        client.finish();
        gate.logged("/up");
        go.set();
        check(&origin, gate.client().get("/innocent").status);
    }
}

#[test]
fn a_body_that_is_not_valid_takes_its_connection_along() {
    let go = Event::default();
    let origin = early(&go);
    let gate = before(&origin);
    let mut client = gate.client();
    client.send(format!("{POST}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"));
    client.read_until(b"1\r\na\r\n");
    client.send("ZZ\r\n");
    let entry = gate.logged("/up");
    assert_eq!((&entry["cause"], &entry["blame"]), (&"request-malformed".into(), &"client".into()), "{entry}");
    go.set();
    check(&origin, gate.client().get("/innocent").status);
}

#[test]
fn a_body_over_the_limit_takes_its_connection_along() {
    let go = Event::default();
    let origin = early(&go);
    let gate = configured(&origin, "", "body_size = \"10B\"", "");
    let mut client = gate.client();
    client.send(format!("{POST}Transfer-Encoding: chunked\r\n\r\n"));
    client.read_until(b"1\r\na\r\n");
    client.try_send("8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n");
    assert_eq!(gate.logged("/up")["cause"], "request-body-too-large");
    go.set();
    check(&origin, gate.client().get("/innocent").status);
}

#[test]
fn a_client_that_stalls_behind_an_early_head_is_the_one_to_blame() {
    let origin = early(&Event::default());
    let gate = configured(&origin, "[limits]\nbody_timeout = \"300ms\"", "", "timeouts = { body = \"5s\" }");
    let mut client = gate.client();
    client.send(format!("{POST}Content-Length: 100\r\n\r\nabc"));
    let entry = gate.logged("/up");
    assert_eq!((&entry["cause"], &entry["blame"]), (&"request-body-timeout".into(), &"client".into()), "{entry}");
}

#[test]
fn a_late_rest_of_an_upload_is_sent_on_behind_a_complete_answer() {
    let whole = Event::default();
    let origin = Origin::always(vec![
        Step::ReadHead,
        Step::Send(OK.into()),
        Step::ReadRequest,
        Step::Signal(whole.clone()),
        Step::Listen,
    ]);
    let gate = before(&origin);
    let mut client = gate.client();
    client.send(format!("{POST}Content-Length: 10\r\n\r\nabc"));
    assert_eq!(client.response().status, 200);
    client.send("defghij");
    assert!(client.is_usable("/next"), "the client's connection goes on");
}

#[test]
fn the_rest_of_an_upload_is_never_a_request_however_late_it_comes() {
    let rest = "GET /smuggled HTTP/1.1\r\nHost: test.example\r\n\r\n";
    let origin = Origin::scripts(vec![
        vec![Step::ReadHead, Step::Send(OK.into()), Step::Listen],
        vec![Step::ReadRequest, Step::Send(OK.into()), Step::Again],
    ]);
    let gate = before(&origin);
    let mut client = gate.client();
    client.send(format!("{POST}Content-Length: {}\r\n\r\nabc", 3 + rest.len()));
    assert_eq!(client.response().status, 200);
    // Longer than it takes until an idle connection is parked.
    client.is_silent(Duration::from_millis(1500));
    client.try_send(rest);
    client.is_silent(Duration::from_millis(300));
    assert_eq!(gate.client().get("/innocent").status, 200);
    let lines: Vec<_> = origin.requests().iter().map(|request| request.line().to_owned()).collect();
    assert_eq!(lines, ["POST /up HTTP/1.1", "GET /innocent HTTP/1.1"]);
}

#[test]
fn a_request_refused_while_its_client_waits_is_not_asked_for_its_body() {
    let refused = crate::support::faults::refused(std::path::Path::new(""));
    let gate = crate::support::Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{}\"]\n",
        refused.server
    ));
    let mut client = gate.client();
    client.send(format!("{POST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
    let response = client.response();
    assert_eq!((response.status, response.interim), (502, vec![]));
}

#[test]
fn a_reset_that_meets_the_upload_first_is_a_reset() {
    for turn in 0..20 {
        let go = Event::default();
        let script = vec![Step::ReadHead, Step::Send(HEAD.into()), Step::Await(go.clone()), Step::Reset];
        let origin = Origin::scripts(vec![script]);
        let gate = before(&origin);
        let mut client = gate.client();
        client.send(format!("{POST}Content-Length: 50000000\r\n\r\n"));
        client.send_meanwhile(vec![b'x'; 50_000_000]);
        client.read_until(b"1\r\na\r\n");
        go.set();
        let entry = gate.logged("/up");
        assert_eq!(entry["cause"], "body-reset", "{turn}: {entry}");
    }
}

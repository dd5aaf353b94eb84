//! Failures that a client makes by what it does after its request: leaving, stalling, taking nothing.
//! The upstream's exchange ends with the client's.

use std::{path::Path, time::Duration};

use super::answer::OK;
use crate::support::{End, Event, Gate, Origin, Step, client::get, faults};

fn gate(origin: &Origin, tables: &str) -> Gate {
    let server = origin.server();
    Gate::start(&format!(
        "{tables}\n[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{server}\"]\nretry = {{ attempts = 1 }}\n"
    ))
}

#[test]
fn one_client_too_many_is_answered_and_closed() {
    let origin = Origin::answering(OK);
    let gate = gate(&origin, "[limits]\nconnections = 1");
    let mut first = gate.client();
    assert_eq!(first.get("/first").status, 200);
    let mut second = gate.client();
    let response = second.response();
    assert_eq!((response.status, response.end), (503, End::Complete), "{response:?}");
    assert!(second.is_closed());
    let entry = gate.log_line(|entry| entry["cause"] == "accept-client-limit");
    assert_eq!(entry["delivered"], "no", "{entry}");
    assert!(first.is_usable("/first/again"), "the first client is served on");
    drop(first);
    crate::support::poll("room for the next client", || {
        let mut next = gate.client();
        next.try_send(get("/next"));
        (next.response().status == 200).then_some(())
    });
}

#[test]
fn a_client_that_leaves_cancels_its_exchange() {
    for polite in [true, false] {
        let origin = Origin::always(vec![Step::ReadRequest, Step::Listen]);
        let gate = gate(&origin, "");
        let mut client = gate.client();
        client.send(get("/left"));
        origin.wait_requests(1);
        if polite {
            drop(client);
        } else {
            client.reset();
        }
        origin.wait_ended(1);
        let entry = gate.logged("/left");
        assert_eq!((&entry["status"], &entry["cause"]), (&499.into(), &"request-client-aborted".into()), "{entry}");
        assert_eq!(entry["delivered"], "maybe", "{entry}");
    }
}

#[test]
fn leaving_is_noticed_also_behind_a_read_that_took_all_it_asked_for() {
    let origin = Origin::always(vec![Step::ReadRequest, Step::Listen]);
    let gate = gate(&origin, "");
    let mut client = gate.client();
    let head = "GET /full HTTP/1.1\r\nHost: test.example\r\nX-Padding: ";
    let padding = "x".repeat(goodgate::limits::SCRATCH - head.len() - 4);
    client.send(format!("{head}{padding}\r\n\r\n"));
    origin.wait_requests(1);
    drop(client);
    origin.wait_ended(1);
    assert_eq!(gate.logged("/full")["cause"], "request-client-aborted");
}

#[test]
fn a_client_has_not_left_while_another_request_of_its_is_there() {
    for together in [true, false] {
        let go = Event::default();
        let steps = vec![Step::ReadRequest, Step::Await(go.clone()), Step::Send(OK.into()), Step::Again];
        let origin = Origin::always(steps);
        let gate = gate(&origin, "");
        let mut client = gate.client();
        if together {
            client.send(get("/first") + &get("/last")).finish();
            origin.wait_requests(1);
        } else {
            client.send(get("/first"));
            origin.wait_requests(1);
            client.send(get("/last")).finish();
        }
        assert!(client.is_silent(Duration::from_millis(100)), "neither an answer nor an end");
        go.set();
        assert_eq!(client.response().status, 200, "together: {together}");
        // Behind the last one there is only the end.
        assert_eq!(gate.logged("/last")["cause"], "request-client-aborted");
    }
}

#[test]
fn a_chunked_request_with_another_one_behind_it_is_answered() {
    let go = Event::default();
    let steps = vec![Step::ReadRequest, Step::Await(go.clone()), Step::Send(OK.into()), Step::Again];
    let origin = Origin::always(steps);
    let gate = gate(&origin, "");
    let mut client = gate.client();
    let first = "POST /first HTTP/1.1\r\nHost: test.example\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    client.send(first.to_owned() + &get("/last")).finish();
    origin.wait_requests(1);
    assert!(client.is_silent(Duration::from_millis(100)), "neither an answer nor an end");
    go.set();
    assert_eq!(client.response().status, 200);
}

#[test]
fn a_client_that_leaves_before_its_body_was_taken_is_noticed() {
    let fault = faults::full(Path::new(""));
    let gate = Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{}\"]\ntimeouts.connect = \"60s\"\n",
        fault.server
    ));
    for (path, body) in [
        ("/none", "\r\n"),
        ("/length", "Content-Length: 1\r\n\r\nx"),
        ("/chunked", "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
    ] {
        let mut client = gate.client();
        client.send(format!("POST {path} HTTP/1.1\r\nHost: test.example\r\n{body}"));
        assert!(client.is_silent(Duration::from_millis(100)), "the gateway waits for a connection");
        drop(client);
        let entry = gate.logged(path);
        assert_eq!((&entry["cause"], &entry["delivered"]), (&"request-client-aborted".into(), &"no".into()), "{entry}");
    }
}

#[test]
fn nothing_is_read_behind_a_request_that_could_be_read_in_two_ways() {
    let origin = Origin::answering(OK);
    let gate = gate(&origin, "");
    let chunked = "POST /late HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    for (first, then) in [
        (chunked, "0\r\nX: a\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n", ""),
    ] {
        let mut client = gate.client();
        client.send(first);
        if !then.is_empty() {
            gate.has_read(&client);
            client.send(then);
        }
        let response = client.response();
        assert!([400, 501].contains(&response.status), "{response:?}");
        assert_eq!(response.field("connection"), Some("close"), "{response:?}");
        assert!(client.is_closed());
    }
    assert!(!origin.requests().iter().any(|request| request.line().contains("/hidden")));
}

#[test]
fn a_chunk_that_is_too_large_is_refused_before_it_has_come() {
    let origin = Origin::always(vec![Step::ReadRequest, Step::Listen]);
    let gate = gate(&origin, "[limits]\nbody_size = \"1MiB\"");
    let mut client = gate.client();
    client.send("POST /chunk HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\nhello");
    assert_eq!(client.response().status, 413);
    assert_eq!(gate.logged("/chunk")["cause"], "request-body-too-large");
}

#[test]
fn whoever_leaves_is_noticed_behind_what_is_no_whole_request() {
    for (number, (behind, polite)) in
        [("\r\n", true), ("G", true), ("\r\n", false), ("GET /next HTTP/1.1\r\nHost: a\r\n\r\n", false)]
            .iter()
            .enumerate()
    {
        let origin = Origin::always(vec![Step::ReadRequest, Step::Listen]);
        let gate = gate(&origin, "");
        let mut client = gate.client();
        let path = format!("/left-{number}");
        client.send(get(&path) + behind);
        origin.wait_requests(1);
        if *polite {
            drop(client);
        } else {
            client.reset();
        }
        origin.wait_ended(1);
        assert_eq!(gate.logged(&path)["cause"], "request-client-aborted", "{behind:?} {polite}");
    }
}

#[test]
fn empty_lines_before_a_request_hide_nobody_who_leaves() {
    let origin = Origin::always(vec![Step::ReadRequest, Step::Listen]);
    let gate = gate(&origin, "");
    let mut client = gate.client();
    client.send("\r\n\r\n".to_owned() + &get("/blank"));
    origin.wait_requests(1);
    drop(client);
    origin.wait_ended(1);
    assert_eq!(gate.logged("/blank")["cause"], "request-client-aborted");
}

#[test]
fn a_half_closed_client_gets_its_answer_where_that_is_allowed() {
    let origin = Origin::answering(OK);
    let gate = gate(&origin, "[limits]\nhalf_close = true");
    let mut client = gate.client();
    client.send(get("/half")).finish();
    assert_eq!(client.response().status, 200);
}

#[test]
fn half_an_upload_never_looks_whole_to_the_upstream() {
    for head in ["Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"] {
        let origin = Origin::answering(OK);
        let gate = gate(&origin, "");
        let mut client = gate.client();
        client.send(format!("POST /half HTTP/1.1\r\nHost: test.example\r\n{head}"));
        origin.wait_requests(1);
        client.finish();
        origin.wait_ended(1);
        let entry = gate.logged("/half");
        assert_eq!(
            (&entry["cause"], &entry["delivered"]),
            (&"request-body-truncated".into(), &"maybe".into()),
            "{entry}"
        );
        assert!(!origin.request().complete, "the upload was cut, not ended: {:?}", origin.request());
    }
}

#[test]
fn a_client_that_takes_nothing_is_cut_off() {
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let origin = Origin::always(vec![Step::ReadRequest, Step::Send(start), Step::Flood(chunk.into_bytes())]);
    let gate = gate(&origin, "[limits]\nsend_timeout = \"300ms\"");
    let mut client = gate.client().narrow();
    client.send(get("/stuck"));
    let entry = gate.logged("/stuck");
    assert_eq!((&entry["cause"], &entry["delivered"]), (&"downstream-write-timeout".into(), &"yes".into()), "{entry}");
    origin.wait_ended(1);
}

#[test]
fn a_client_that_reads_slowly_gets_its_answer_whole() {
    let body = "x".repeat(6 << 20);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let origin = Origin::answering(answer);
    let gate = gate(&origin, "[limits]\nsend_timeout = \"500ms\"");
    let mut client = gate.client();
    client.send(get("/slow")).sip(100, 16 << 10, Duration::from_millis(20));
    let response = client.response();
    assert_eq!((response.status, response.body.len(), response.is_complete()), (200, body.len(), true));
    assert_eq!(gate.logged("/slow")["cause"], serde_json::Value::Null);
}

#[test]
fn a_client_that_leaves_in_the_middle_of_an_answer_is_logged_so() {
    let start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n".to_vec();
    let origin = Origin::always(vec![Step::ReadRequest, Step::Send(start), Step::Listen]);
    let gate = gate(&origin, "");
    let mut client = gate.client();
    client.send(get("/midway"));
    client.read_exactly("HTTP/1.1 200 OK\r\n".len());
    client.reset();
    origin.wait_ended(1);
    let entry = gate.logged("/midway");
    assert_eq!(entry["cause"], "downstream-aborted-midstream", "{entry}");
    assert_eq!((&entry["status"], &entry["delivered"]), (&499.into(), &"yes".into()), "{entry}");
}

#[test]
fn what_was_read_of_a_refused_head_is_logged() {
    let gate = gate(&Origin::answering(OK), "");
    gate.client().send("GET /refused HTTP/1.1\r\nHost: Shop.example:81\r\nBad Name: x\r\n\r\n").response();
    let entry = gate.logged("/refused");
    assert_eq!((&entry["status"], &entry["host"]), (&400.into(), &"shop.example".into()), "{entry}");
}

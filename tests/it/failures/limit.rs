//! Requests that are too much for what a client may ask, or for their upstream: refused or given up, and provably never
//! sent. How limits and queues work when nothing fails is in `behaviour/quota.rs` and `behaviour/queue.rs`.

use super::{
    answer::OK,
    row::{self, Row, Upstream, row},
};
use crate::support::{Event, Gate, Origin, Response, Step, client::get};

pub fn rows() -> Vec<Row> {
    let script = || Upstream::Script(vec![Step::ReadRequest, Step::Send(OK.into()), Step::Again]);
    let once = "[[rate_limit]]\nrate = \"1/h\"\n";
    vec![
        row("limit-rate", script()).tables(once).primed().seen(1),
        row("limit-rate", script()).tables(once).primed().post().seen(1),
    ]
}

#[test]
fn a_client_that_asks_too_often_is_told_so() {
    row::check(&rows());
}

#[test]
fn a_client_with_too_much_under_way_is_told_so() {
    let go = Event::default();
    let origin = slow(&go);
    let server = origin.server();
    let gate = Gate::start(&format!(
        "[[rate_limit]]\nconcurrent = 1\n[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{server}\"]\n"
    ));
    let (mut busy, mut late) = (gate.client(), gate.client());
    assert_eq!(busy.get("/first").status, 200);
    busy.send(get("/busy"));
    origin.wait_requests(2);
    let response = late.get("/late");
    assert_eq!((response.status, &response.json()["cause"]), (429, &"your-request".into()), "{response:?}");
    assert!(response.field("retry-after").is_some_and(|after| after != "0"), "one was over: {response:?}");
    let entry = gate.logged("/late");
    for (key, value) in [("cause", "limit-concurrency"), ("delivered", "no"), ("phase", "limit"), ("blame", "client")] {
        assert_eq!(entry[key], value, "{entry}");
    }
    go.set();
    assert_eq!(busy.response().status, 200);
    assert_eq!(late.get("/again").status, 200);
}

fn gate(origin: &Origin, upstream: &str) -> Gate {
    let server = origin.server();
    Gate::start(&format!("[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{server}\"]\n{upstream}\n"))
}

/// Answers the first request at once and the others when the test lets it.
fn slow(go: &Event) -> Origin {
    let answer = || Step::Send(OK.into());
    Origin::always(vec![Step::ReadRequest, answer(), Step::ReadRequest, Step::Await(go.clone()), answer(), Step::Again])
}

fn check(response: &Response, gate: &Gate, path: &str, cause: &str) {
    assert_eq!(response.status, 503, "{response:?}");
    let member = response.proxy_status().expect("the gateway says so");
    for pair in [("error", "connection_limit_reached"), ("delivered", "no")] {
        assert!(member.iter().any(|(name, value)| (name.as_str(), value.as_str()) == pair), "{pair:?} in {member:?}");
    }
    let problem = response.json();
    assert_eq!((&problem["cause"], &problem["delivered"]), (&"busy".into(), &"no".into()), "{problem}");
    assert_eq!(problem["retry"]["safe"], true, "{problem}");
    let entry = gate.logged(path);
    for (key, value) in [("cause", cause), ("delivered", "no"), ("phase", "limit"), ("upstream", "app")] {
        assert_eq!(entry[key], value, "{entry}");
    }
    assert_eq!((&entry["member"], &entry["attempts"]), (&serde_json::Value::Null, &serde_json::json!([])), "{entry}");
}

#[test]
fn a_request_that_waited_too_long_was_never_sent() {
    let go = Event::default();
    let origin = slow(&go);
    let gate = gate(&origin, "queue = { max_in_flight = 1, timeout = \"300ms\" }");
    let mut late = gate.client();
    assert_eq!(late.get("/first").status, 200);
    let mut busy = gate.client();
    busy.send(get("/busy"));
    origin.wait_requests(2);
    let response = late.post("/late", "hello");
    check(&response, &gate, "/late", "upstream-queue-timeout");
    // One was over, so that there is a number: one second and what chance adds.
    let after: u64 = response.field("retry-after").expect("a real number is known").parse().expect("seconds");
    assert!((1..=2).contains(&after), "{after}");
    let entry = gate.logged("/late");
    assert!((entry["ms"]["queue"].as_f64()).is_some_and(|waited| waited >= 300.0), "{entry}");
    assert_eq!(entry["retry_after"], after, "what was told: {entry}");
    let line = gate.program_line(|line| line.contains("upstream-queue-timeout"));
    for text in ["waited 300ms as the first in line; upstream app allows 1 at once, a request took ", " on average"] {
        assert!(line.contains(text), "{line}");
    }
    assert!(
        line.contains("raise the number of the application's workers and, to match, queue.max_in_flight"),
        "{line}"
    );
    go.set();
    assert_eq!(busy.response().status, 200);
    assert_eq!(late.get("/again").status, 200, "the client that waited in vain is served on");
    let lines: Vec<_> = origin.requests().iter().map(|request| request.line().to_owned()).collect();
    assert_eq!(lines, ["GET /first HTTP/1.1", "GET /busy HTTP/1.1", "GET /again HTTP/1.1"]);
    assert_eq!(gate.logged("/again")["ms"]["queue"], 0.0);
}

#[test]
fn a_request_too_many_for_a_full_queue_is_refused_at_once() {
    for (waiting, line) in [(0, "and none may wait"), (2, "and 2 wait already, as many as may")] {
        let origin = Origin::always(vec![Step::ReadRequest, Step::Listen]);
        let gate =
            gate(&origin, &format!("queue = {{ max_in_flight = 1, max_waiting = {waiting}, timeout = \"1h\" }}"));
        let mut busy = gate.client();
        busy.send(get("/busy"));
        origin.wait_requests(1);
        let waiting: Vec<_> = (0..waiting)
            .map(|_| {
                let mut client = gate.client();
                client.send(get("/waits"));
                gate.has_read(&client);
                client
            })
            .collect();
        let response = gate.client().get("/refused");
        check(&response, &gate, "/refused", "upstream-conn-limit");
        assert_eq!(response.field("retry-after"), None, "nothing was over yet, so there is no real number");
        let said = gate.program_line(|line| line.contains("upstream-conn-limit"));
        let evidence = format!("1 request is under way at upstream app, which allows 1 at once, {line}; none of them");
        assert!(said.contains(&evidence), "{said}");
        assert_eq!(origin.requests().len(), 1);
        drop(waiting);
    }
}

//! Requests that wait because no server can take them: `hold`, servers that fall silent, and answers that are looked
//! over because their server has just broken one off.

use std::time::{Duration, Instant};

use super::OK;
use crate::support::{
    Client, Event, Gate, Origin, Step,
    client::{get, post},
};

fn gate(servers: &str, upstream: &str) -> Gate {
    Gate::start(&format!(
        "[gateway]\nworkers = 1\n[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [{servers}]\n{upstream}\n"
    ))
}

fn read_by(gate: &Gate, request: &str) -> Client {
    let mut client = gate.client();
    client.send(request);
    gate.has_read(&client);
    client
}

#[test]
fn requests_of_every_method_wait_for_a_server_that_starts_again_and_are_sent_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let socket = folder.path().join("app.sock");
    let gate = gate(&format!("\"http+unix:{}\"", socket.display()), "hold = \"1h\"");
    let requests = [get("/1"), post("/2", "once"), post("/3", &"x".repeat(200_000)), get("/4")];
    let mut clients: Vec<Client> = Vec::new();
    for request in &requests {
        let mut client = gate.client();
        client.send_meanwhile(request.clone().into_bytes());
        clients.push(client);
    }
    // Behind those, on the same worker: when it has been refused, they have been, too.
    let mut leaving = read_by(&gate, &post("/left", "never"));
    assert!(leaving.is_silent(Duration::from_millis(100)));
    drop(leaving);
    assert_eq!(gate.logged("/left")["cause"], "request-client-aborted");
    let origin = Origin::answering_on(&socket, OK);
    for client in &mut clients {
        assert_eq!(client.response().status, 200);
    }
    let mut lines: Vec<_> = origin.requests().iter().map(|request| request.line().to_owned()).collect();
    lines.sort();
    assert_eq!(lines, ["GET /1 HTTP/1.1", "GET /4 HTTP/1.1", "POST /2 HTTP/1.1", "POST /3 HTTP/1.1"]);
    let entry = gate.logged("/2");
    assert!(entry["ms"]["queue"].as_f64() > Some(0.0), "{entry}");
    assert_eq!(entry["attempts"][0]["cause"], "connect-unix-missing", "{entry}");
    let attempts = entry["attempts"].as_array().map(Vec::len);
    assert!(attempts <= Some(10), "a line does not grow with every look: {entry}");
}

#[test]
fn a_hold_that_is_over_ends_with_the_cause_and_says_how_long_it_was() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let gate = gate(&format!("\"http+unix:{}\"", folder.path().join("none.sock").display()), "hold = \"150ms\"");
    let answer = gate.client().post("/", "a");
    assert_eq!(answer.status, 502);
    assert!(answer.field("proxy-status").is_some_and(|status| status.contains("delivered=no")), "{answer:?}");
    let line = gate.program_line(|line| line.contains("connect-unix-missing"));
    assert!(line.contains("held for 150ms, and no server came back"), "{line}");
}

#[test]
fn a_failure_that_may_have_been_delivered_is_not_held() {
    let origin = Origin::always(vec![Step::ReadRequest, Step::Close]);
    let gate = gate(&format!("\"{}\"", origin.server()), "hold = \"1h\"");
    assert_eq!(gate.client().post("/", "a").status, 502);
    assert_eq!(origin.requests().len(), 1);
}

/// A server that answers one request on each connection at once, and from then on only when `go` is set.
fn freezing(go: &Event) -> Origin {
    let answers = [Step::ReadRequest, Step::Send(OK.into())];
    let stuck = [Step::ReadRequest, Step::Await(go.clone()), Step::Send(OK.into()), Step::Again];
    Origin::scripts(vec![[answers.to_vec(), stuck.to_vec()].concat(), stuck.to_vec()])
}

#[test]
fn a_server_that_falls_silent_gets_a_trickle_and_those_that_leave_meanwhile_are_never_sent() {
    const CLIENTS: usize = 60;
    let go = Event::default();
    let origin = freezing(&go);
    let gate = gate(&format!("\"{}\"", origin.server()), "");
    assert_eq!(gate.client().get("/usual").status, 200);
    let asked = |from: usize, count: usize| -> Vec<Client> {
        (from..from + count).map(|number| read_by(&gate, &get(&format!("/{number}")))).collect()
    };
    // As many as make a silence.
    let mut first = asked(0, 16);
    origin.wait_requests(17);
    assert!(first[15].is_silent(Duration::from_millis(200)));
    let since = Instant::now();
    let waiting = asked(100, CLIENTS);
    let sent = origin.requests().len();
    // One in half a second.
    let trickle = 2 + usize::try_from(since.elapsed().as_millis() / 500).unwrap();
    assert!(sent <= 17 + trickle, "{sent} of {} requests went to a server that answers nothing", 17 + CLIENTS);
    // Half of them leave, and their requests with them.
    let (left, mut stayed): (Vec<_>, Vec<_>) = waiting.into_iter().enumerate().partition(|(number, _)| number % 2 == 0);
    drop(left);
    for number in (0..CLIENTS).step_by(2) {
        let entry = gate.logged(&format!("/{}", 100 + number));
        assert_eq!(entry["cause"], "request-client-aborted", "{entry}");
    }
    go.set();
    for (_, client) in &mut stayed {
        assert_eq!(client.response().status, 200);
    }
    for client in &mut first {
        assert_eq!(client.response().status, 200);
    }
    let seen = origin.requests().len();
    assert!(seen <= 17 + CLIENTS / 2 + trickle + 8, "{seen} requests were sent");
}

#[test]
fn a_wait_for_a_silent_server_ends_with_a_truth_that_names_it() {
    let go = Event::default();
    let origin = freezing(&go);
    let gate = gate(&format!("\"{}\"", origin.server()), "queue.timeout = \"200ms\"");
    assert_eq!(gate.client().get("/usual").status, 200);
    let mut first: Vec<Client> = (0..16).map(|number| read_by(&gate, &get(&format!("/{number}")))).collect();
    origin.wait_requests(17);
    assert!(first[15].is_silent(Duration::from_millis(200)));
    // Some go as the trickle; the others are turned away unsent.
    let mut late: Vec<Client> = (0..8).map(|number| read_by(&gate, &post(&format!("/late{number}"), "a"))).collect();
    let entry = gate.log_line(|entry| entry["cause"] == "upstream-queue-timeout");
    assert_eq!((&entry["status"], &entry["delivered"]), (&503.into(), &"no".into()), "{entry}");
    let line = gate.program_line(|line| line.contains("upstream-queue-timeout"));
    assert!(line.contains("requests without an answer for") && line.contains(origin.server()), "{line}");
    go.set();
    let statuses: Vec<u16> = late.iter_mut().map(|client| client.response().status).collect();
    assert!(statuses.contains(&503) && statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    assert!(first.iter_mut().all(|client| client.response().status == 200));
}

#[test]
fn once_a_server_has_broken_an_answer_off_short_chunked_ones_are_looked_over_and_asked_for_again() {
    const HALF: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel";
    const WHOLE: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let seen = Event::default();
    let broken = vec![Step::ReadRequest, Step::Send(HALF.into()), Step::Reset];
    let first = vec![Step::ReadRequest, Step::Send(HALF.into()), Step::Await(seen.clone()), Step::Reset];
    let whole = vec![Step::ReadRequest, Step::Send(WHOLE.into()), Step::Again];
    let origin = Origin::scripts(vec![first, broken, whole]);
    let gate = gate(&format!("\"{}\"", origin.server()), "");
    let mut client = gate.client();
    client.send(get("/first"));
    client.read_until(b"hel");
    seen.set();
    let _ = client.everything();
    assert!(gate.logged("/first")["cause"] == "body-reset", "nobody could know that this one would break");
    let answer = gate.client().get("/second");
    assert_eq!((answer.status, answer.text()), (200, "hello"));
    let entry = gate.logged("/second");
    assert_eq!(entry["attempts"][0]["cause"], "body-reset", "{entry}");
    assert_eq!(origin.requests().len(), 3);
}

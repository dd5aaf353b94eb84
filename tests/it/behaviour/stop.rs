//! Stopping: what is under way ends well, nothing new begins.
//! A second signal does not wait.

use rustix::process::Signal;

use super::{OK, before, configured};
use crate::support::{
    Client, Event, Origin, PATIENCE, Step,
    client::{Got, get, post},
    poll,
};

fn slow() -> (Origin, Event) {
    let answer = Event::default();
    let script = vec![Step::ReadRequest, Step::Await(answer.clone()), Step::Send(OK.into()), Step::Listen];
    (Origin::always(script), answer)
}

fn refuses(address: std::net::SocketAddr) -> bool {
    std::net::TcpStream::connect(address).is_err()
}

#[test]
fn a_request_under_way_ends_well_and_nothing_new_begins() {
    let (origin, answer) = slow();
    let mut gate = before(&origin);
    let mut client = gate.client();
    client.send(get("/under-way"));
    origin.wait_requests(1);
    gate.signal(Signal::TERM);
    poll("new connections to be refused", || refuses(gate.address()).then_some(()));
    answer.set();
    let response = client.response();
    assert_eq!((response.status, response.text()), (200, "ok"), "{response:?}");
    assert!(client.is_closed(), "no second request on a connection of a stopping gateway");
    assert!(gate.ended().success());
}

#[test]
fn an_idle_gateway_ends_at_once() {
    let origin = Origin::answering(OK);
    let gate = before(&origin);
    let mut idle = gate.client();
    assert_eq!(idle.get("/").status, 200);
    assert!(gate.stop().success());
    assert!(idle.is_closed());
}

#[test]
fn a_second_signal_does_not_wait() {
    let (origin, _answer) = slow();
    let mut gate = before(&origin);
    let mut client = gate.client();
    client.send(get("/never"));
    origin.wait_requests(1);
    gate.signal(Signal::TERM);
    poll("new connections to be refused", || refuses(gate.address()).then_some(()));
    gate.signal(Signal::TERM);
    gate.ended();
}

#[test]
fn a_request_that_outlives_the_grace_is_answered_all_the_same() {
    let (origin, answer) = slow();
    let mut gate = configured(&origin, "[gateway]\nworkers = 1\nshutdown_grace = \"300ms\"", "", "");
    let mut client = gate.client();
    client.send(post("/never", "once"));
    origin.wait_requests(1);
    gate.signal(Signal::INT);
    let response = client.response();
    assert_eq!((response.status, response.field("retry-after").is_some()), (503, true), "{response:?}");
    assert!(client.is_closed());
    gate.ended();
    answer.set();
    origin.wait_ended(1);
    let entry = gate.logged("/never");
    for (key, value) in [("cause", "gateway-draining"), ("delivered", "maybe")] {
        assert_eq!(entry[key], value, "{entry}");
    }
    assert_eq!(entry["status"], 503, "{entry}");
    assert!(gate.program_line(|line| line.contains("gateway-draining")).contains("Raise gateway.shutdown_grace"));
}

#[test]
fn what_has_not_come_whole_when_the_grace_is_over_is_answered_too() {
    let (origin, _answer) = slow();
    let mut gate = configured(&origin, "[gateway]\nworkers = 1\nshutdown_grace = \"300ms\"", "", "");
    let starts = ["POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\nabc", "GET /head HTTP/1.1\r\nHost: a"];
    let mut clients = starts.map(|start| {
        let mut client = gate.client();
        client.send(start);
        gate.has_read(&client);
        client
    });
    gate.signal(Signal::TERM);
    for client in &mut clients {
        let response = client.response();
        assert_eq!((response.status, response.field("connection")), (503, Some("close")), "{response:?}");
        assert!(matches!(client.more(PATIENCE), Got::End), "no reset behind the answer");
    }
    assert!(gate.ended().success());
    for path in ["/body", "/head"] {
        let entry = gate.logged(path);
        assert_eq!((&entry["cause"], &entry["status"]), (&"gateway-draining".into(), &503.into()), "{entry}");
    }
}

#[test]
fn an_answer_that_outlives_the_grace_breaks_off() {
    let script = vec![
        Step::ReadRequest,
        Step::Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n".into()),
        Step::Listen,
    ];
    let origin = Origin::always(script);
    let mut gate = configured(&origin, "[gateway]\nworkers = 1\nshutdown_grace = \"300ms\"", "", "");
    let mut client = gate.client();
    client.send(get("/half"));
    client.read_until(b"begun");
    gate.signal(Signal::TERM);
    assert!(!client.everything().ends_with("0\r\n\r\n"));
    gate.ended();
    let entry = gate.logged("/half");
    assert_eq!((&entry["cause"], &entry["status"]), (&"gateway-draining".into(), &200.into()), "{entry}");
}

#[test]
fn a_request_that_comes_while_the_gateway_stops_is_the_last_on_its_connection() {
    let (origin, answer) = slow();
    let gate = before(&origin);
    let mut busy = gate.client();
    busy.send(get("/busy"));
    origin.wait_requests(1);
    let mut late: Client = gate.client();
    let request = get("/late");
    let (start, rest) = request.split_at(request.len() / 2);
    // Half a head is on its way when the signal comes, so this connection is not idle.
    late.send(start);
    poll("the half head to be taken", || late.is_silent(std::time::Duration::from_millis(20)).then_some(()));
    gate.signal(Signal::TERM);
    poll("new connections to be refused", || refuses(gate.address()).then_some(()));
    late.send(rest);
    origin.wait_requests(2);
    answer.set();
    for mut client in [late, busy] {
        let response = client.response();
        assert_eq!((response.status, response.field("connection")), (200, Some("close")), "{response:?}");
        assert!(client.is_closed());
    }
}

#[test]
fn requests_that_were_on_their_way_when_the_gateway_was_told_to_stop_are_served() {
    let origin = Origin::answering(OK);
    let mut gate = before(&origin);
    let mut clients: Vec<Client> = (0..20).map(|_| gate.client()).collect();
    for client in &mut clients {
        assert_eq!(client.get("/first").status, 200);
    }
    // What comes while it sleeps is with the kernel when it wakes, and so is the signal.
    gate.signal(Signal::STOP);
    clients.extend((0..5).map(|_| gate.client()));
    for client in &mut clients {
        client.send(get("/second"));
    }
    gate.signal(Signal::TERM);
    gate.signal(Signal::CONT);
    for client in &mut clients {
        assert_eq!(client.response().status, 200);
        assert!(client.is_closed());
    }
    assert!(gate.ended().success());
}

#[test]
fn quitting_is_stopping_and_a_hangup_is_not() {
    let origin = Origin::answering(OK);
    let mut gate = before(&origin);
    gate.signal(Signal::HUP);
    gate.program_line(|line| line.contains("SIGHUP") && line.contains("restart"));
    assert_eq!(gate.client().get("/").status, 200);
    gate.signal(Signal::QUIT);
    assert!(gate.ended().success());
}

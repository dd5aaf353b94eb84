//! Stopping: what is under way ends well, nothing new begins.
//! A second signal does not wait.

use rustix::process::Signal;

use super::{OK, before, configured};
use crate::support::{Client, Event, Origin, Step, client::get, poll};

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
fn the_grace_ends_even_if_a_request_does_not() {
    let (origin, _answer) = slow();
    let mut gate = configured(&origin, "[gateway]\nworkers = 1\nshutdown_grace = \"300ms\"", "", "");
    let mut client = gate.client();
    client.send(get("/never"));
    origin.wait_requests(1);
    gate.signal(Signal::INT);
    gate.ended();
}

#[test]
fn a_request_that_comes_while_the_gateway_stops_is_told_so() {
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
    let response = late.send(rest).response();
    assert_eq!(response.status, 503, "{response:?}");
    let entry = gate.logged("/late");
    assert_eq!((&entry["cause"], &entry["delivered"]), (&"gateway-draining".into(), &"no".into()), "{entry}");
    answer.set();
    assert_eq!(busy.response().status, 200);
}

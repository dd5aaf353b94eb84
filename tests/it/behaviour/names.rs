//! Upstreams by name: what the name server says later is heeded, and what it fails to say is no outage.
//! One worker where one pool is wanted; a scripted name server, servers at several loopback addresses.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use super::OK;
use crate::support::{
    Event, Gate, Origin, Step,
    client::get,
    names::{Names, Says},
    poll,
};

const ONE: Ipv4Addr = Ipv4Addr::LOCALHOST;
const TWO: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const SERVICE: &str = "_http._tcp.app.example";

/// A gateway that asks `names` for `server` ten times a second where the TTL lets it, with these lines of its upstream.
fn gate(server: &str, names: &Names, options: &str) -> Gate {
    gate_of(1, server, names, options)
}

fn gate_of(workers: usize, server: &str, names: &Names, options: &str) -> Gate {
    Gate::start(&format!(
        "[gateway]\nworkers = {workers}\n[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{server}\"]\n\
         dns = {{ servers = [\"{}\"], min_ttl = \"100ms\" }}\n\
         host_header = \"upstream\"\n{options}\n",
        names.address
    ))
}

/// Two servers with one port, each at its own address; the first one plays `script`.
fn twins(script: Vec<Step>) -> (Origin, Origin) {
    for _ in 0..20 {
        let one = Origin::always(script.clone());
        let address = SocketAddr::from((TWO, one.port()));
        // The port is most likely free there too; where it is not, another one is tried.
        if TcpListener::bind(address).is_ok() {
            return (one, Origin::answering_at(address, OK));
        }
    }
    panic!("no port is free at both addresses");
}

fn answers() -> Vec<Step> {
    vec![Step::ReadRequest, Step::Send(OK.into()), Step::Again]
}

fn serves(gate: &Gate, path: &str) {
    let response = gate.client().get(path);
    assert_eq!(response.status, 200, "{response:?}");
    gate.logged(path);
}

#[test]
fn a_name_that_moves_takes_its_connections_along() {
    let (old, new) = twins(answers());
    let names = Names::start();
    names.say("app.example", Says::Addresses(vec![ONE], 0));
    let gate = gate(&format!("http://app.example:{}", old.port()), &names, "");
    serves(&gate, "/old");
    assert_eq!((old.connections(), old.requests().len()), (1, 1));
    names.say("app.example", Says::Addresses(vec![TWO], 60));
    old.wait_ended(1);
    serves(&gate, "/new");
    serves(&gate, "/kept");
    assert_eq!((old.requests().len(), new.requests().len(), new.connections()), (1, 2, 1));
}

#[test]
fn a_connection_in_use_to_an_address_that_vanished_is_not_kept() {
    let go = Event::default();
    let slow = vec![Step::ReadRequest, Step::Await(go.clone()), Step::Send(OK.into()), Step::Again];
    let (old, new) = twins(slow);
    let names = Names::start();
    names.say("app.example", Says::Addresses(vec![ONE], 0));
    let gate = gate(&format!("http://app.example:{}", old.port()), &names, "");
    let mut client = gate.client();
    client.send_meanwhile(get("/slow").into_bytes());
    old.wait_requests(1);
    let asked = names.questions();
    names.say("app.example", Says::Addresses(vec![TWO], 0));
    // The answer to the second pair of questions was given after the change, the third pair after it was taken in.
    poll("the new address", || (names.questions() > asked + 4).then_some(()));
    serves(&gate, "/new");
    assert_eq!(new.requests().len(), 1);
    go.set();
    assert_eq!(client.response().status, 200, "the exchange under way goes on");
    old.wait_ended(1);
}

#[test]
fn another_server_stands_in_for_a_service_without_servers() {
    let origin = Origin::answering(OK);
    let names = Names::start();
    let gate = gate(&format!("http+srv:empty.example\", \"{}", origin.server()), &names, "");
    for turn in 0..4 {
        assert_eq!(gate.client().post(&format!("/{turn}"), "hello").status, 200);
    }
    assert_eq!(origin.requests().len(), 4);
}

#[test]
fn a_name_server_that_fails_is_no_outage_and_is_said_once() {
    let origin = Origin::answering(OK);
    let names = Names::start();
    names.say("stale.example", Says::Addresses(vec![ONE], 0));
    let gate = gate(&format!("http://stale.example:{}", origin.port()), &names, "");
    serves(&gate, "/good");
    names.say("stale.example", Says::Code(2));
    let said = gate.program_line(|line| line.contains("a name cannot be looked up again"));
    for part in ["stale.example", "dns-servfail", "answered SERVFAIL", "dig @", "1day"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let asked = names.questions();
    poll("more look-ups that fail", || (names.questions() > asked + 3).then_some(()));
    serves(&gate, "/stale");
    names.say("stale.example", Says::Silence);
    serves(&gate, "/silent");
    names.say("stale.example", Says::Addresses(vec![ONE], 60));
    gate.program_line(|line| line.contains("a name can be looked up again") && line.contains("stale.example"));
    let all = gate.program();
    assert_eq!(all.iter().filter(|line| line.contains("a name cannot be looked up again")).count(), 1, "{all:?}");
}

#[test]
fn what_one_worker_knows_serves_the_others_while_the_name_server_fails() {
    for trouble in [Says::Code(2), Says::Silence] {
        let origin = Origin::answering(OK);
        let names = Names::start();
        names.say("stale.example", Says::Addresses(vec![ONE], 0));
        let options = "timeouts = { resolve = \"300ms\" }";
        let gate = gate_of(4, &format!("http://stale.example:{}", origin.port()), &names, options);
        serves(&gate, "/good");
        names.say("stale.example", trouble);
        gate.program_line(|line| line.contains("a name cannot be looked up again"));
        // That none of them comes to another worker than the first one does happens once in 10^12 runs.
        for turn in 0..20 {
            let response = gate.client().get(&format!("/{turn}"));
            assert_eq!(response.status, 200, "{response:?}");
        }
    }
}

#[test]
fn addresses_of_a_name_share_the_load() {
    let (one, two) = twins(answers());
    let names = Names::start();
    names.say("app.example", Says::Addresses(vec![TWO, ONE], 60));
    let gate = gate(&format!("http://app.example:{}", one.port()), &names, "");
    for turn in 0..10 {
        serves(&gate, &format!("/{turn}"));
    }
    assert_eq!((one.requests().len(), two.requests().len()), (5, 5));
    assert_eq!((one.connections(), two.connections()), (1, 1), "each address has its kept connection");
}

#[test]
fn an_address_that_is_dead_costs_no_request() {
    let live = Origin::answering(OK);
    let names = Names::start();
    // Nothing listens at the other address.
    names.say("app.example", Says::Addresses(vec![ONE, Ipv4Addr::new(127, 0, 0, 3)], 60));
    let gate = gate(&format!("http://app.example:{}", live.port()), &names, "");
    for turn in 0..6 {
        let path = format!("/{turn}");
        assert_eq!(gate.client().get(&path).status, 200);
        assert_eq!(gate.logged(&path)["attempts"].as_array().map(Vec::len), Some(1));
    }
    // The one that was opened in place of the dead address, once for all requests of the next seconds.
    assert_eq!((live.requests().len(), live.connections()), (6, 2));
}

#[test]
fn srv_records_say_ports_shares_and_who_stands_in() {
    let [first, second, spare] = [(); 3].map(|()| Origin::answering(OK));
    let names = Names::start();
    let record = |priority, weight, origin: &Origin| ([priority, weight, origin.port()], "good.example");
    names.say(SERVICE, Says::Services(vec![record(2, 9, &spare), record(1, 1, &first), record(1, 1, &second)], 60));
    // A server whose listener is gone would go on serving its kept connections.
    let gate = gate(&format!("http+srv:{SERVICE}"), &names, "pool = { max_idle = 0 }");
    for turn in 0..40 {
        assert_eq!(gate.client().get(&format!("/{turn}")).status, 200);
    }
    let shares = (first.requests().len(), second.requests().len());
    // At equal weights one of them is left out once in 10^12 runs.
    assert!(shares.0 > 0 && shares.1 > 0 && shares.0 + shares.1 == 40, "{shares:?}");
    assert_eq!(spare.connections(), 0);
    assert_eq!(first.requests()[0].field("host"), Some("app.example"), "the service's domain is its own name");
    let ports = [first.port(), second.port()];
    drop((first, second));
    for port in ports {
        poll("a closed port", || TcpStream::connect((ONE, port)).is_err().then_some(()));
    }
    for turn in 40..44 {
        assert_eq!(gate.client().post(&format!("/{turn}"), "hello").status, 200);
    }
    assert_eq!(spare.requests().len(), 4);
}

#[test]
fn a_service_that_gets_its_first_server_is_served() {
    let origin = Origin::answering(OK);
    let names = Names::start();
    names.say(SERVICE, Says::Services(vec![([0, 0, 0], ".")], 60));
    let gate = gate(&format!("http+srv:{SERVICE}"), &names, "");
    let response = gate.client().get("/empty");
    assert_eq!((response.status, &gate.logged("/empty")["cause"]), (503, &"upstream-set-empty".into()), "{response:?}");
    names.say(SERVICE, Says::Services(vec![([0, 0, origin.port()], "good.example")], 60));
    poll("an answer of the server", || (gate.client().get("/poll").status == 200).then_some(()));
    assert!(!origin.requests().is_empty());
}

//! Limits for single clients and for the gateway itself: who is counted, for how long, and when it may come back.
//! What a refusal looks like from outside is in `failures/limit.rs`.

use std::{thread, time::Duration};

use super::{OK, configured};
use crate::support::{
    Client, Event, Gate, Origin, Response, Step,
    client::{get, post},
};

/// `tables` before an upstream that answers everything.
fn gate(origin: &Origin, tables: &str) -> Gate {
    configured(origin, tables, "", "")
}

/// The seconds of Retry-After.
fn after(response: &Response) -> u64 {
    response.field("retry-after").expect("a real number is known").parse().expect("seconds")
}

/// A request with lines of its own; the connection can go on whatever is answered.
fn ask(client: &mut Client, method: &str, path: &str, lines: &str) -> u16 {
    client.send(format!("{method} {path} HTTP/1.1\r\nHost: a.example\r\n{lines}\r\n")).response().status
}

#[test]
fn a_client_that_comes_back_when_it_was_told_to_is_served() {
    let origin = Origin::answering(OK);
    let gate = gate(&origin, "[[rate_limit]]\nrate = \"30/m\"\nburst = 2");
    let mut client = gate.client();
    assert_eq!([client.get("/1").status, client.get("/2").status], [200, 200]);
    let response = client.get("/3");
    assert_eq!(response.status, 429, "{response:?}");
    let seconds = after(&response);
    assert!((1..=3).contains(&seconds), "two seconds, and what chance adds: {seconds}");
    thread::sleep(Duration::from_secs(seconds));
    assert_eq!(client.get("/4").status, 200);
    assert_eq!(client.get("/5").status, 429, "one token has come back, and not two");
    assert_eq!(origin.requests().len(), 3);
}

#[test]
fn only_requests_of_its_host_path_method_and_key_are_counted() {
    let origin = Origin::answering(OK);
    let limit = "[[rate_limit]]\nhost = \"*.example\"\npath = \"/login\"\nmethods = [\"POST\"]\n\
                 key = \"header:X-Api-Key\"\nrate = \"1/h\"";
    let gate = gate(&origin, limit);
    let mut client = gate.client();
    for (method, path, lines, status) in [
        ("POST", "/login", "X-Api-Key: one\r\n", 200),
        ("POST", "/login", "X-Api-Key: one\r\n", 429),
        ("POST", "/x/../login/", "X-Api-Key: one\r\n", 429),
        ("POST", "/login?again", "X-Api-Key: one\r\n", 429),
        ("POST", "/login", "X-Api-Key: two\r\n", 200),
        ("POST", "/login", "", 200),
        ("POST", "/login", "", 200),
        ("POST", "/login", "X-Api-Key:\r\n", 200),
        ("GET", "/login", "X-Api-Key: one\r\n", 200),
        ("POST", "/logins", "X-Api-Key: one\r\n", 200),
        ("POST", "/", "X-Api-Key: one\r\n", 200),
    ] {
        assert_eq!(ask(&mut client, method, path, lines), status, "{method} {path} {lines}");
    }
    let other = "POST /login HTTP/1.1\r\nHost: other\r\nX-Api-Key: one\r\n\r\n";
    assert_eq!(client.send(other).response().status, 200);
}

#[test]
fn an_ipv6_client_is_its_network_and_a_trusted_proxy_is_none() {
    let origin = Origin::answering(OK);
    let gate =
        gate(&origin, "[gateway]\nworkers = 1\ntrusted_proxies = [\"127.0.0.0/8\"]\n[[rate_limit]]\nrate = \"1/h\"");
    let mut client = gate.client();
    for (address, status) in [
        ("2001:db8::1", 200),
        ("2001:db8::2:3:4:5", 429),
        ("2001:db8:0:1::1", 200),
        ("192.0.2.1", 200),
        ("192.0.2.2", 200),
        ("192.0.2.1", 429),
    ] {
        assert_eq!(ask(&mut client, "GET", "/", &format!("X-Forwarded-For: {address}\r\n")), status, "{address}");
    }
}

#[test]
fn all_workers_count_together() {
    let origin = Origin::answering(OK);
    let gate = gate(&origin, "[gateway]\nworkers = 2\n[[rate_limit]]\nrate = \"7/h\"");
    let mut statuses: Vec<_> = (0..20).map(|_| gate.client().get("/").status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200; 7], vec![429; 13]].concat());
}

#[test]
fn what_one_limit_refuses_costs_nothing_at_another() {
    let origin = Origin::answering(OK);
    let gate =
        gate(&origin, "[[rate_limit]]\nrate = \"2/h\"\nconcurrent = 1\n[[rate_limit]]\npath = \"/b\"\nrate = \"1/m\"");
    let mut client = gate.client();
    let statuses = ["/b", "/b", "/b", "/a", "/a"].map(|path| client.get(path).status);
    assert_eq!(statuses, [200, 429, 429, 200, 429]);
    let seconds = after(&client.get("/b"));
    assert!(seconds >= 1700, "it may come back when both limits let it: {seconds}");
}

#[test]
fn a_request_is_under_way_until_its_answer_has_ended_or_its_client_has_left() {
    let start = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    for leaves in [false, true] {
        let go = Event::default();
        let rest = vec![
            Step::ReadRequest,
            Step::Send(start.into()),
            Step::Await(go.clone()),
            Step::Send("0\r\n\r\n".into()),
            Step::Again,
        ];
        let origin = Origin::scripts(vec![rest, vec![Step::ReadRequest, Step::Send(OK.into()), Step::Again]]);
        let gate = gate(&origin, "[[rate_limit]]\npath = \"/big\"\nconcurrent = 1");
        let mut first = gate.client();
        first.send(get("/big/1"));
        first.read_until(b"abc");
        let mut second = gate.client();
        let response = second.get("/big/2");
        assert_eq!(response.status, 429, "the answer's body has not ended: {response:?}");
        assert_eq!(response.field("retry-after"), None, "none was over yet, so there is no real number");
        assert_eq!(second.get("/small").status, 200);
        if leaves {
            first.reset();
            gate.logged("/big/1");
        } else {
            go.set();
            first.read_until(b"0\r\n\r\n");
            gate.logged("/big/1");
        }
        assert_eq!(second.get("/big/3").status, 200, "leaves: {leaves}");
        assert_eq!(second.send(post("/big/4", "hello")).response().status, 200);
        go.set();
    }
}

#[test]
fn a_gateway_short_of_memory_turns_some_away_and_never_all_nor_who_has_priority() {
    let origin = Origin::answering(OK);
    let server = origin.server();
    let gate = Gate::start(&format!(
        "[limits]\nmemory = \"1MiB\"\n[[route]]\nupstream = \"app\"\n\
         [[route]]\npath = \"/health\"\nupstream = \"app\"\npriority = \"high\"\n[upstream.app]\nservers = [\"{server}\"]\n"
    ));
    let mut client = gate.client();
    assert_eq!([200; 50], [(); 50].map(|()| client.get("/health").status));
    // Nine of ten are turned away: that none of 300 is served does not happen, nor that all are.
    let answers: Vec<_> = (0..300).map(|_| client.get("/")).collect();
    let served = answers.iter().filter(|answer| answer.status == 200).count();
    assert!((1..150).contains(&served), "{served} of 300");
    let refused = answers.iter().find(|answer| answer.status != 200).expect("most of them");
    assert_eq!((refused.status, &refused.json()["cause"]), (503, &"busy".into()), "{refused:?}");
    assert!((1..=2).contains(&after(refused)), "{refused:?}");
    let entry = gate.log_line(|entry| entry["status"] == 503);
    assert_eq!((&entry["cause"], &entry["delivered"]), (&"gateway-overloaded".into(), &"no".into()), "{entry}");
    let line = gate.program_line(|line| line.contains("gateway-overloaded"));
    assert!(line.contains("over limits.memory of 1 MiB: 90 % of new requests are turned away"), "{line}");
}

#[test]
fn who_has_priority_goes_first_in_the_queue() {
    let go = Event::default();
    let origin = Origin::always(vec![Step::ReadRequest, Step::Await(go.clone()), Step::Send(OK.into()), Step::Again]);
    let server = origin.server();
    let gate = Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[[route]]\npath = \"/admin\"\nupstream = \"app\"\npriority = \"high\"\n\
         [upstream.app]\nservers = [\"{server}\"]\nqueue = {{ max_in_flight = 1, max_waiting = 1, timeout = \"1h\" }}\n"
    ));
    let mut clients = Vec::new();
    for path in ["/busy", "/waits", "/admin"] {
        let mut client = gate.client();
        client.send(get(path));
        gate.has_read(&client);
        if path == "/busy" {
            origin.wait_requests(1);
        }
        clients.push(client);
    }
    assert_eq!(gate.client().get("/refused").status, 503, "the line is full");
    go.set();
    assert_eq!(clients.iter_mut().map(|client| client.response().status).collect::<Vec<_>>(), [200; 3]);
    let lines: Vec<_> = origin.requests().iter().map(|request| request.line().to_owned()).collect();
    assert_eq!(lines, ["GET /busy HTTP/1.1", "GET /admin HTTP/1.1", "GET /waits HTTP/1.1"]);
}

//! Real application servers behind the real gateway: what Node and Gunicorn do is passed on, and named where it fails.
//! Scripted upstreams provoke every failure (`failures`); here the servers behave as their users know them.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    End, Gate, Response,
    apps::{self, App, Node},
    client, poll,
};

/// A few MiB, and no multiple of any buffer.
const LARGE: usize = 3 * 1024 * 1024 + 7;

fn before(servers: &[String], upstream: &str) -> Gate {
    Gate::start(&format!("[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = {servers:?}\n{upstream}\n"))
}

/// Node, and a gateway before it.
fn node() -> (App, Gate) {
    let app = App::node(Node::Mortal, "127.0.0.1", 0);
    let gate = before(&[format!("http://127.0.0.1:{}", app.port())], "");
    (app, gate)
}

/// Gunicorn on a Unix socket, and a gateway before it; the folder of the socket comes first, so that it goes last.
fn gunicorn() -> (TempDir, App, Gate) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let socket: PathBuf = folder.path().join("app.sock");
    let app = App::gunicorn(&socket);
    let gate = before(&[format!("http+unix:{}", socket.display())], "");
    (folder, app, gate)
}

/// Whether the gateway could not say more than that the connection broke off without an answer.
fn broke_off_without_an_answer(cause: &str) -> bool {
    ["upstream-closed-no-response", "upstream-reset-no-response", "send-reset-reused"].contains(&cause)
}

fn uses_one_connection(gate: &Gate) {
    let mut client = gate.client();
    let numbers: Vec<String> = (0..4)
        .map(|turn| {
            let response = client.get(&format!("/{turn}"));
            assert_eq!((response.status, response.text()), (200, "ok"), "{response:?}");
            response.field("x-connection").expect("the application counts").to_owned()
        })
        .collect();
    assert!(numbers.iter().all(|number| *number == numbers[0]), "{numbers:?}");
}

fn passes_events_one_by_one(gate: &Gate) {
    let (mut listener, mut teller) = (gate.client(), gate.client());
    listener.send(client::get("/events"));
    listener.read_until(b"data: 0\n\n");
    for event in 1..5 {
        // The application sends it because of this request, which is made because the last one has arrived.
        assert_eq!(teller.get(&format!("/next?event={event}")).status, 200);
        listener.read_until(format!("data: {event}\n\n").as_bytes());
    }
    assert_eq!(teller.get("/next?end").status, 200);
    let response = listener.response();
    assert_eq!((response.status, response.end), (200, End::Complete), "{response:?}");
    assert_eq!(response.field("content-type"), Some("text/event-stream"));
    assert_eq!(response.text(), "data: 0\n\ndata: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\n");
}

fn passes_bodies_byte_by_byte(gate: &Gate) {
    let wanted = apps::pattern(LARGE);
    for path in ["/download", "/download-announced"] {
        let announce = if path == "/download" { "" } else { "&announce" };
        let response = gate.client().get(&format!("/download?length={LARGE}{announce}"));
        assert_eq!((response.status, response.end, response.body.len()), (200, End::Complete, LARGE), "{path}");
        assert_eq!(response.field("content-length").is_some(), !announce.is_empty());
        assert!(response.body == wanted, "{path}: other bytes");
    }
    let mut chunked = Vec::new();
    // Chunks of many sizes, so that their borders fall everywhere.
    let mut rest = &wanted[..];
    for size in (1..).map(|turn: usize| turn * 977 % 40_000 + 1) {
        let (piece, after) = rest.split_at(size.min(rest.len()));
        chunked.extend(format!("{:x}\r\n", piece.len()).bytes().chain(piece.iter().copied()).chain(*b"\r\n"));
        rest = after;
        if piece.is_empty() {
            break;
        }
    }
    let head = "POST /echo HTTP/1.1\r\nHost: test.example\r\n";
    let framings = [
        ("chunked", [format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes(), chunked].concat()),
        ("length", [format!("{head}Content-Length: {LARGE}\r\n\r\n").into_bytes(), wanted.clone()].concat()),
    ];
    for (framing, request) in framings {
        let mut client = gate.client();
        client.send_meanwhile(request);
        let response = client.response();
        assert_eq!((response.status, response.end, response.body.len()), (200, End::Complete, LARGE), "{framing}");
        assert_eq!(response.field("transfer-encoding"), Some("chunked"), "{framing}");
        assert!(response.body == wanted, "{framing}: other bytes");
        assert!(client.is_usable("/after"), "{framing}");
    }
}

#[test]
fn node_keeps_its_connection_and_the_gateway_uses_it() {
    let (_app, gate) = node();
    uses_one_connection(&gate);
}

#[test]
fn the_gateway_leaves_a_connection_before_node_closes_it() {
    let (app, gate) = node();
    assert_eq!(gate.client().get("/").status, 200);
    // Node announces 5 s; had it closed first, it would not have seen the gateway leave.
    assert_eq!(app.said("LEFT"), "1");
}

#[test]
fn events_of_node_arrive_one_by_one() {
    let (_app, gate) = node();
    passes_events_one_by_one(&gate);
}

#[test]
fn bodies_to_and_from_node_stay_as_they_are() {
    let (_app, gate) = node();
    passes_bodies_byte_by_byte(&gate);
}

#[test]
fn a_post_that_ends_node_is_named_and_not_sent_twice_but_a_get_is() {
    for (method, statuses, seen) in [("POST", [200, 502], 2), ("GET", [200, 200], 3)] {
        let servers = [App::node(Node::Mortal, "127.0.0.1", 0), App::node(Node::Immortal, "127.0.0.1", 0)];
        let gate = before(
            &servers.each_ref().map(|app| format!("http://127.0.0.1:{}", app.port())),
            "balance = \"round-robin\"",
        );
        // Both servers get one of these.
        let answers = ["/exit?1", "/exit?2"].map(|path| {
            let mut client = gate.client();
            if method == "POST" { client.post(path, "once") } else { client.get(path) }
        });
        let mut found = answers.each_ref().map(|response| response.status);
        found.sort_unstable();
        assert_eq!(found, statuses, "{method}: {answers:?}");
        if let Some(failed) = answers.iter().find(|response| response.status == 502) {
            assert_eq!(
                (&failed.json()["delivered"], &failed.json()["retry"]["safe"]),
                (&"maybe".into(), &false.into())
            );
            let entry = gate.log_line(|entry| entry["status"] == 502);
            let cause = entry["cause"].as_str().unwrap_or_default();
            assert!(broke_off_without_an_answer(cause), "{entry}");
            assert_eq!((&entry["delivered"], &entry["blame"]), (&"maybe".into(), &"upstream".into()), "{entry}");
        }
        // What an application that ended has written may not have been read yet.
        let requests = || servers.iter().map(|app| app.count(&format!("REQUEST {method} /exit"))).sum::<usize>();
        poll(&format!("{method} to be seen {seen} times"), || (requests() >= seen).then_some(()));
        assert_eq!(requests(), seen, "{method}: how often the applications saw it");
    }
}

#[test]
fn an_answer_that_node_does_not_finish_breaks_visibly() {
    let (_app, gate) = node();
    let response = gate.client().get(&format!("/exit-midway?length={LARGE}"));
    assert_eq!((response.status, response.body.len()), (200, 1000));
    assert!(!response.is_complete(), "{:?}", response.end);
    let entry = gate.log_line(|entry| entry["status"] == 200);
    assert!(["body-truncated", "body-reset"].contains(&entry["cause"].as_str().unwrap_or_default()), "{entry}");
    assert_eq!(entry["delivered"], "yes");
}

#[test]
fn gunicorn_keeps_its_connection_and_the_gateway_uses_it() {
    let (_folder, _app, gate) = gunicorn();
    uses_one_connection(&gate);
}

#[test]
fn events_of_gunicorn_arrive_one_by_one() {
    let (_folder, _app, gate) = gunicorn();
    passes_events_one_by_one(&gate);
}

#[test]
fn bodies_to_and_from_gunicorn_stay_as_they_are() {
    let (_folder, _app, gate) = gunicorn();
    passes_bodies_byte_by_byte(&gate);
}

#[test]
fn a_worker_of_gunicorn_that_is_killed_is_named_and_its_post_not_sent_twice() {
    let (_folder, app, gate) = gunicorn();
    let mut client = gate.client();
    client.send(client::post("/hang", "once"));
    let worker = app.said("REQUEST POST /hang").parse().expect("the application says its process id");
    apps::kill(worker, Signal::KILL);
    let failed = client.response();
    assert_eq!((failed.status, failed.end), (502, End::Complete), "{failed:?}");
    assert_eq!(failed.json()["delivered"], "maybe");
    let entry = gate.logged("/hang");
    assert!(broke_off_without_an_answer(entry["cause"].as_str().unwrap_or_default()), "{entry}");
    // The master still listens and starts another worker.
    assert_eq!(client.get("/after").status, 200);
    assert_eq!(app.count("REQUEST POST /hang"), 1);
}

#[test]
fn every_failure_while_the_only_server_is_restarted_has_a_cause() {
    // An address that no other test binds, so that the port is free again for the next start.
    let address = "127.77.0.1";
    let mut app = App::node(Node::Mortal, address, 0);
    let port = app.port();
    let gate = Arc::new(before(&[format!("http://{address}:{port}")], ""));
    let over = Arc::new(AtomicBool::new(false));
    let stream = thread::spawn({
        let (gate, over) = (Arc::clone(&gate), Arc::clone(&over));
        move || {
            let mut answers: Vec<(String, Response)> = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let path = format!("/stream/{}", answers.len());
                let response = gate.client().get(&path);
                answers.push((path, response));
            }
            answers
        }
    });
    for signal in [Signal::KILL, Signal::TERM, Signal::KILL] {
        app.said("REQUEST GET /stream");
        app.end(signal);
        app = App::node(Node::Mortal, address, port);
    }
    app.said("REQUEST GET /stream");
    over.store(true, Ordering::Relaxed);
    let answers = stream.join().expect("the stream of requests ends");
    let (last, _) = answers.last().expect("there were requests");
    // Lines are written in the order of the answers, so with the last one all of them are there.
    gate.logged(last);
    let log: HashMap<String, Value> =
        gate.log().into_iter().map(|entry| (entry["path"].as_str().unwrap_or_default().to_owned(), entry)).collect();
    let mut failures = 0;
    for (path, response) in answers.iter().filter(|(_, response)| response.status != 200) {
        assert!(matches!(response.status, 502..=504) && response.is_complete(), "{path}: {response:?}");
        let entry = &log[path];
        assert!(entry["cause"].is_string() && entry["delivered"].is_string(), "{entry}");
        failures += 1;
    }
    assert!(failures > 0, "while the server is away requests fail");
    assert!(answers.iter().rev().take(2).any(|(_, response)| response.status == 200), "and then it serves again");
}

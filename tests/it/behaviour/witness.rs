//! Upstreams that die or reset connections at any moment: a POST that nobody has read is carried out after all, one that
//! somebody may have read is not carried out twice.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::mpsc,
    thread,
};

use super::OK;
use crate::support::{Client, Gate, Origin, Step, client::post};

/// The end of a head.
const BLANK: &[u8] = b"\r\n\r\n";

/// How many proofs a test wants to see, and in how many requests at most: on a busy machine the upstream may be so late
/// that its kernel has acknowledged a request unread, which proves nothing.
const PROOFS: usize = 3;
const REQUESTS: usize = 120;

/// How many requests follow each other at once.
const BURST: usize = 12;

/// How connections are kept in these tests, by the rule and by the settings.
const POOLS: [&str; 2] = ["", KEPT];
const KEPT: &str = "pool = { idle_timeout = \"1h\" }";

/// An upstream whose first kept connection is reset, so that the gateway is warned; the others play `script`. The client
/// has a connection to the gateway, and the gateway one to the upstream that has served once.
fn warned(script: Vec<Step>, pool: &str) -> (Origin, Gate, Client) {
    let first = vec![Step::ReadRequest, Step::Send(OK.into()), Step::ReadRequest, Step::Reset];
    let kept = [vec![Step::ReadRequest, Step::Send(OK.into())], script].concat();
    let origin = Origin::scripts(vec![first, kept]);
    let gate = super::configured(&origin, "", "", pool);
    let mut client = gate.client();
    assert_eq!(client.get("/first").status, 200);
    assert_eq!(client.get("/second").status, 200);
    (origin, gate, client)
}

/// How often the upstream has read a request for `path`, its head at least.
fn times(origin: &Origin, path: &str) -> usize {
    let line = format!("POST {path} HTTP/1.1");
    origin.requests().iter().filter(|request| request.line() == line).count()
}

fn chunked(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    )
}

#[test]
fn a_post_that_was_reset_unread_is_carried_out_once_by_the_next_attempt() {
    let bodies = ["", "hello", &"x".repeat(1 << 16)];
    for pool in POOLS {
        let (origin, gate, mut client) = warned(vec![Step::Arrive(BLANK.into()), Step::Reset], pool);
        let (mut repeated, mut number) = (0, 0);
        while repeated < PROOFS {
            assert!(number < REQUESTS, "{repeated} of {number} were repeated: {pool}");
            // One right behind the other: a connection that was idle while the log is waited for takes no POST.
            let burst = number..number + BURST;
            let statuses: Vec<u16> =
                burst.clone().map(|n| client.send(post(&format!("/{n}"), bodies[n % 3])).response().status).collect();
            number = burst.end;
            for (n, status) in burst.zip(statuses) {
                let path = format!("/{n}");
                let entry = gate.logged(&path);
                if status == 502 {
                    assert_eq!((&entry["delivered"], times(&origin, &path)), (&"maybe".into(), 0), "{entry}");
                    continue;
                }
                assert_eq!((status, times(&origin, &path)), (200, 1), "{entry}");
                let first = &entry["attempts"][0];
                if first["reused"] == true && first["cause"] == "send-reset-reused" {
                    assert!(first["bytes_written"].as_u64() > Some(0), "{entry}");
                    assert!(entry["attempts"][1]["cause"].is_null(), "{entry}");
                    repeated += 1;
                }
            }
        }
    }
}

#[test]
fn a_post_that_was_reset_unread_on_a_fresh_connection_is_carried_out_once_by_the_next() {
    let warns = vec![Step::ReadRequest, Step::Send(OK.into()), Step::ReadRequest, Step::Reset];
    let ends = vec![Step::ReadRequest, Step::Send(OK.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").into())];
    let resets = vec![Step::Arrive(BLANK.into()), Step::Reset];
    let turns = (0..REQUESTS).flat_map(|_| [resets.clone(), ends.clone()]);
    let origin = Origin::scripts([warns, ends.clone()].into_iter().chain(turns).collect());
    let gate = super::configured(&origin, "", "", "");
    let mut client = gate.client();
    assert_eq!(client.get("/first").status, 200);
    assert_eq!(client.get("/second").status, 200);
    let (mut repeated, mut number) = (0, 0);
    while repeated < PROOFS {
        assert!(number < REQUESTS, "{repeated} of {number} were repeated");
        let path = format!("/{number}");
        let status = client.post(&path, "hello").status;
        let entry = gate.logged(&path);
        number += 1;
        if status == 502 {
            assert_eq!((&entry["delivered"], times(&origin, &path)), (&"maybe".into(), 0), "{entry}");
            assert_eq!(client.get("/between").status, 200);
            continue;
        }
        assert_eq!((status, times(&origin, &path)), (200, 1), "{entry}");
        assert_eq!(entry["attempts"][0]["cause"], "upstream-reset-no-response", "{entry}");
        assert_eq!(entry["attempts"][0]["reused"], false, "{entry}");
        repeated += 1;
    }
}

#[test]
fn a_post_whose_head_was_read_is_never_sent_again() {
    for pool in POOLS {
        for read in [Step::ReadHead, Step::ReadRequest] {
            for request in [post("/order", ""), post("/order", "hello"), chunked("/order", "hello")] {
                let (origin, gate, mut client) = warned(vec![read.clone(), Step::Reset], pool);
                assert_eq!(client.send(&request).response().status, 502);
                let entry = gate.logged("/order");
                assert_eq!(entry["delivered"], "maybe", "{entry}");
                // On a busy machine a connection may have been idle for too long by the rule, never by the setting.
                let reused = entry["attempts"][0]["reused"] == true;
                assert!(reused || pool.is_empty(), "{entry}");
                assert_eq!(
                    (times(&origin, "/order"), origin.connections()),
                    (1, if reused { 2 } else { 3 }),
                    "{entry}"
                );
            }
        }
    }
}

#[test]
fn bodies_arrive_whole_behind_a_head_that_is_watched() {
    let (origin, _gate, mut client) = warned(vec![Step::Again], KEPT);
    for length in [0, 1, 5, 5_000, 1 << 16, 1 << 20] {
        let body = "x".repeat(length);
        for request in [post("/up", &body), chunked("/up", if length == 0 { "y" } else { &body })] {
            assert_eq!(client.send(&request).response().status, 200);
            let last = origin.requests().pop().expect("it was read");
            assert!(last.complete, "{length}: {}", last.head);
            assert_eq!(last.body.len(), length.max(usize::from(request.contains("chunked"))), "{}", last.head);
        }
    }
    assert_eq!(origin.connections(), 2, "the connection was kept");
}

#[test]
fn a_body_is_not_held_back_for_ever_from_an_upstream_that_does_not_read() {
    for body in ["hello", &format!("{}hello", "x".repeat(50_000))] {
        let (origin, _gate, mut client) =
            warned(vec![Step::Arrive(b"hello".into()), Step::ReadRequest, Step::Send(OK.into())], KEPT);
        assert_eq!(client.send(post("/up", body)).response().status, 200);
        assert_eq!(origin.requests().pop().expect("it was read").body.len(), body.len());
        assert_eq!(origin.connections(), 2);
    }
}

#[test]
fn an_answer_that_comes_before_the_body_lets_it_go() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    let script = vec![
        Step::ReadHead,
        Step::Send(answer.into()),
        Step::Arrive(b"hello".into()),
        Step::Send(b"ok".into()),
        Step::Hold,
    ];
    let (origin, _gate, mut client) = warned(script, KEPT);
    assert_eq!(client.send(post("/early", "hello")).response().status, 200);
    assert_eq!((times(&origin, "/early"), origin.connections()), (1, 2));
}

#[test]
fn without_danger_head_and_small_body_come_in_one_piece() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = format!("http://{}", listener.local_addr().expect("it listens"));
    let (said, pieces) = mpsc::channel();
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a connection");
        let mut piece = vec![0; 1 << 16];
        while let Ok(length @ 1..) = socket.read(&mut piece) {
            let _ = said.send(String::from_utf8_lossy(&piece[..length]).into_owned());
            socket.write_all(OK.as_bytes()).expect("it is read");
        }
    });
    let gate = Gate::start(&format!("[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{server}\"]\n"));
    let mut client = gate.client();
    assert_eq!(client.get("/first").status, 200);
    assert_eq!(client.post("/second", "hello").status, 200);
    assert!(pieces.recv().expect("the first").starts_with("GET /first "));
    let second = pieces.recv().expect("the second");
    assert!(second.starts_with("POST /second ") && second.ends_with("hello"), "{second}");
}

//! An upstream that closes idle connections just when they are used again: nothing is lost and nothing is done twice.
//! What a request that crosses the end means, row by row, is tested beside the exchange, where it can be made to cross.

use std::{
    collections::HashMap,
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use super::OK;
use crate::support::{Client, Gate, Origin, Step, client::post, reader::find};

/// After so long the upstream closes an idle connection.
const KEEP_ALIVE: Duration = Duration::from_millis(200);
const CLIENTS: usize = 8;
const ROUNDS: usize = 12;

/// An upstream with a keep-alive timeout.
struct Closing {
    server: String,
    /// How often each path was carried out.
    done: Arc<Mutex<HashMap<String, usize>>>,
    /// How many requests came on a connection that had served before.
    reused: Arc<Mutex<usize>>,
}

impl Closing {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let server = format!("http://{}", listener.local_addr().expect("it listens"));
        let (done, reused) = (Arc::default(), Arc::default());
        let closing = Self { server, done, reused };
        let (done, reused) = (Arc::clone(&closing.done), Arc::clone(&closing.reused));
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (done, reused) = (Arc::clone(&done), Arc::clone(&reused));
                thread::spawn(move || serve(socket, &done, &reused));
            }
        });
        closing
    }

    fn done(&self, path: &str) -> usize {
        self.done.lock().expect("not poisoned").get(path).copied().unwrap_or(0)
    }
}

/// Answers requests until the connection has been idle for too long.
fn serve(mut socket: TcpStream, done: &Mutex<HashMap<String, usize>>, reused: &Mutex<usize>) {
    let (mut buffer, mut piece, mut served) = (Vec::new(), [0; 4096], 0);
    socket.set_read_timeout(Some(KEEP_ALIVE)).expect("a valid time");
    loop {
        // Bodies are empty or "hello".
        let whole =
            find(&buffer, b"\r\n\r\n").is_some_and(|_| buffer.starts_with(b"GET") || buffer.ends_with(b"hello"));
        if !whole {
            match socket.read(&mut piece) {
                Ok(length @ 1..) => buffer.extend_from_slice(&piece[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return,
            }
            continue;
        }
        let head = String::from_utf8_lossy(&buffer).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        *done.lock().expect("not poisoned").entry(path).or_default() += 1;
        *reused.lock().expect("not poisoned") += usize::from(served > 0);
        buffer.clear();
        served += 1;
        if socket.write_all(OK.as_bytes()).is_err() {
            return;
        }
    }
}

/// Sends requests of all clients at once, round after round, each round when the connections of the one before are
/// about to be closed. Gives the path of every request, its method and its status.
fn at_the_border(gate: &Gate) -> Vec<(String, &'static str, u16)> {
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| gate.client()).collect();
    let mut answers = Vec::new();
    let mut border = Instant::now();
    for round in 0..ROUNDS {
        let sending: Vec<_> = clients
            .into_iter()
            .enumerate()
            .map(|(number, mut client)| {
                // From a little before the border to a little behind it.
                let at = border + Duration::from_micros(500 * number as u64);
                thread::spawn(move || {
                    thread::sleep(at.saturating_duration_since(Instant::now()));
                    let path = format!("/{round}-{number}");
                    let method = if number % 4 == 3 { "GET" } else { "POST" };
                    let answer = if method == "GET" { client.get(&path) } else { client.post(&path, "hello") };
                    (client, Instant::now(), (path, method, answer.status))
                })
            })
            .collect();
        let mut ended = Vec::new();
        clients = Vec::new();
        for sender in sending {
            let (client, at, answer) = sender.join().expect("every request is answered");
            clients.push(client);
            ended.push(at);
            answers.push(answer);
        }
        ended.sort();
        border = ended[CLIENTS / 2] + KEEP_ALIVE.saturating_sub(Duration::from_millis(2));
    }
    answers
}

fn before(upstream: &Closing, pool: &str) -> Gate {
    let server = &upstream.server;
    Gate::start(&format!("[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{server}\"]\n{pool}\n"))
}

#[test]
fn requests_at_the_border_of_a_keep_alive_timeout_all_succeed_once() {
    let upstream = Closing::start();
    let gate = before(&upstream, "");
    for (path, method, status) in at_the_border(&gate) {
        assert_eq!(status, 200, "{method} {path}: {}", gate.logged(&path));
        let times = upstream.done(&path);
        assert!(times == 1 || times > 1 && method == "GET", "{method} {path} was carried out {times} times");
    }
}

#[test]
fn where_connections_have_to_be_used_up_to_the_border_no_verdict_is_wrong() {
    let upstream = Closing::start();
    let gate = before(&upstream, "pool = { idle_timeout = \"10s\" }");
    for (path, method, status) in at_the_border(&gate) {
        let (times, entry) = (upstream.done(&path), gate.logged(&path));
        if method == "GET" {
            assert_eq!(status, 200, "{entry}");
            continue;
        }
        assert!(times <= 1, "{path} was carried out {times} times: {entry}");
        assert!(status == 200 || entry["delivered"] == "maybe", "{entry}");
        assert!(status != 200 || times == 1, "{entry}");
    }
    assert!(*upstream.reused.lock().expect("not poisoned") > CLIENTS, "kept connections were used");
}

#[test]
fn a_post_that_was_read_on_a_kept_connection_is_never_sent_again() {
    for end in [Step::Close, Step::Reset] {
        let origin = Origin::scripts(vec![
            vec![Step::ReadRequest, Step::Send(OK.into()), Step::ReadRequest, end],
            vec![Step::ReadRequest, Step::Send(OK.into()), Step::Again],
        ]);
        let gate = super::configured(&origin, "", "", "pool = { idle_timeout = \"1h\" }");
        let mut client = gate.client();
        assert_eq!(client.get("/first").status, 200);
        assert_eq!(client.send(post("/second", "hello")).response().status, 502);
        let entry = gate.logged("/second");
        assert_eq!((&entry["delivered"], &entry["attempts"][0]["reused"]), (&"maybe".into(), &true.into()), "{entry}");
        assert_eq!((origin.requests().len(), origin.connections()), (2, 1));
    }
}

#[test]
fn a_post_does_not_try_a_connection_that_has_been_idle_for_longer_than_any_was_seen_to_survive() {
    for (pool, connections) in [("", 2), ("pool = { idle_timeout = \"10s\" }", 1)] {
        let origin = Origin::answering(OK);
        let gate = super::configured(&origin, "", "", pool);
        let mut client = gate.client();
        assert_eq!(client.get("/first").status, 200);
        // Idle for longer than is used untested, and shorter than the first look at idle connections.
        thread::sleep(Duration::from_millis(100));
        assert_eq!(client.get("/second").status, 200);
        thread::sleep(Duration::from_millis(100));
        assert_eq!(client.post("/third", "hello").status, 200);
        assert_eq!(origin.connections(), connections, "{pool}");
    }
}

#[test]
fn a_server_that_says_how_long_it_keeps_connections_is_believed() {
    let says = "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=99\r\nContent-Length: 2\r\n\r\nok";
    let origin = Origin::answering(says);
    let gate = super::before(&origin);
    let mut client = gate.client();
    assert_eq!(client.get("/first").status, 200);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(client.post("/second", "hello").status, 200);
    assert_eq!(origin.connections(), 1);
}

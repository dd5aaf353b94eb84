//! The queue of an upstream: how many are under way, in which order they come, and when a seat is given back.
//! Requests that it turns away are in `failures/limit.rs`.

use super::{OK, configured};
use crate::support::{
    Client, Event, Gate, Origin, Step,
    client::{get, post},
};

/// An answer that ends its connection, so that every request has a script of its own.
const LAST: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

/// One request at a time; no other limit of the queue is reached in a test.
const ONE: &str = "queue = { max_in_flight = 1, timeout = \"1h\" }\nretry = { attempts = 1 }";

fn lines(origin: &Origin) -> Vec<String> {
    origin.requests().iter().map(|request| request.line().to_owned()).collect()
}

#[test]
fn no_more_are_under_way_than_may_over_all_workers_and_the_first_to_come_is_the_first_served() {
    const REQUESTS: usize = 10;
    let go: Vec<Event> = (0..REQUESTS).map(|_| Event::default()).collect();
    let scripts =
        go.iter().map(|go| vec![Step::ReadRequest, Step::Await(go.clone()), Step::Send(LAST.into()), Step::Close]);
    let origin = Origin::scripts(scripts.collect());
    let upstream = "queue = { max_in_flight = 2, timeout = \"1h\" }";
    let gate = configured(&origin, "[gateway]\nworkers = 2", "", upstream);
    let mut clients = Vec::new();
    for number in 0..REQUESTS {
        let mut client = gate.client();
        client.send(get(&format!("/{number}")));
        gate.has_read(&client);
        if number < 2 {
            origin.wait_requests(number + 1);
        }
        clients.push(client);
    }
    for (number, mut client) in clients.into_iter().enumerate() {
        let under_way = REQUESTS.min(number + 2);
        origin.wait_requests(under_way);
        let expected: Vec<_> = (0..under_way).map(|number| format!("GET /{number} HTTP/1.1")).collect();
        assert_eq!(lines(&origin), expected, "{number} answers have been given");
        go[number].set();
        assert_eq!(client.response().status, 200);
        let waited = gate.logged(&format!("/{number}"))["ms"]["queue"].as_f64().expect("a number");
        assert_eq!(waited > 0.0, number >= 2, "request {number} waited {waited} ms");
    }
}

#[test]
fn a_client_that_leaves_the_queue_takes_its_request_along() {
    // More than the gateway reads at once: the end of the connection stands behind it.
    let large = post("/left", &"x".repeat(40 << 10));
    let half = "POST /left HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc".to_owned();
    let expects = "POST /left HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n".to_owned();
    let cases = [get("/left"), post("/left", "hello"), large, half, expects];
    for (request, polite) in cases.iter().flat_map(|request| [(request, true), (request, false)]) {
        let go = Event::default();
        let origin =
            Origin::scripts(vec![vec![Step::ReadRequest, Step::Await(go.clone()), Step::Send(OK.into()), Step::Again]]);
        let gate = configured(&origin, "", "", ONE);
        let mut busy = gate.client();
        busy.send(get("/busy"));
        origin.wait_requests(1);
        let mut leaving = gate.client();
        leaving.send(request);
        if request.len() < 1000 {
            gate.has_read(&leaving);
        }
        if polite {
            drop(leaving);
        } else {
            leaving.reset();
        }
        let entry = gate.logged("/left");
        assert_eq!((&entry["status"], &entry["cause"]), (&499.into(), &"request-client-aborted".into()), "{entry}");
        assert_eq!((&entry["delivered"], &entry["attempts"]), (&"no".into(), &serde_json::json!([])), "{entry}");
        assert!(entry["ms"]["queue"].as_f64() > Some(0.0), "{entry}");
        go.set();
        assert_eq!(busy.response().status, 200);
        assert!(busy.is_usable("/after"));
        assert_eq!(lines(&origin), ["GET /busy HTTP/1.1", "GET /after HTTP/1.1"]);
    }
}

#[test]
fn a_client_that_left_just_before_its_turn_is_not_served() {
    let go = Event::default();
    let origin = Origin::always(vec![Step::ReadRequest, Step::Await(go.clone()), Step::Send(OK.into()), Step::Again]);
    let gate = configured(&origin, "", "", ONE);
    let mut busy = gate.client();
    busy.send(get("/busy"));
    origin.wait_requests(1);
    let mut leaving = gate.client();
    leaving.send(post("/left", "hello"));
    gate.has_read(&leaving);
    drop(leaving);
    go.set();
    assert_eq!(busy.response().status, 200);
    assert_eq!(gate.logged("/left")["delivered"], "no");
    assert!(busy.is_usable("/after"));
    assert_eq!(lines(&origin), ["GET /busy HTTP/1.1", "GET /after HTTP/1.1"]);
}

#[test]
fn a_half_closed_client_waits_on_where_that_is_allowed() {
    let go = Event::default();
    let origin = Origin::always(vec![Step::ReadRequest, Step::Await(go.clone()), Step::Send(OK.into()), Step::Again]);
    let gate = configured(&origin, "[limits]\nhalf_close = true", "", ONE);
    let mut busy = gate.client();
    busy.send(get("/busy"));
    origin.wait_requests(1);
    let mut half = gate.client();
    half.send(post("/half", "hello"));
    gate.has_read(&half);
    half.finish();
    go.set();
    assert_eq!((busy.response().status, half.response().status), (200, 200));
}

/// Asks for `/first` so that it ends as its case says.
type Ask = fn(&Gate, &Origin) -> Client;

fn asks(gate: &Gate, request: &str) -> Client {
    let mut client = gate.client();
    client.send(request);
    client
}

fn answered(gate: &Gate, _: &Origin) -> Client {
    let mut client = asks(gate, &get("/first"));
    client.response();
    client
}

fn leaves_in_the_answer(gate: &Gate, _: &Origin) -> Client {
    let mut client = asks(gate, &get("/first"));
    client.read_until(b"abc");
    client.reset();
    gate.client()
}

fn leaves_before_the_answer(gate: &Gate, origin: &Origin) -> Client {
    let client = asks(gate, &get("/first"));
    origin.wait_requests(1);
    drop(client);
    gate.client()
}

fn breaks_its_upload(gate: &Gate, _: &Origin) -> Client {
    let mut client = asks(gate, "POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    client.finish();
    client
}

fn uploads(gate: &Gate, _: &Origin) -> Client {
    let mut client = gate.client();
    client.send_meanwhile(post("/first", &"x".repeat(8 << 20)).into_bytes());
    client.response();
    client
}

#[test]
fn a_seat_is_given_back_however_a_request_ends() {
    let send = |text: &str| Step::Send(text.into());
    let chunked = "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    let cases: [(&str, Vec<Step>, Ask); 11] = [
        ("a held answer", vec![Step::ReadRequest, send(OK), Step::Again], answered),
        (
            "no body",
            vec![Step::ReadRequest, send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"), Step::Listen],
            answered,
        ),
        ("a stream", vec![Step::ReadRequest, send(chunked), send("0\r\n\r\n"), Step::Listen], answered),
        ("a broken stream", vec![Step::ReadRequest, send(chunked), Step::Close], answered),
        ("a short answer", vec![Step::ReadRequest, send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na")], answered),
        ("no answer", vec![Step::ReadRequest, Step::Reset], answered),
        ("an answer that is late", vec![Step::ReadRequest, Step::Listen], answered),
        (
            "a client that leaves in the answer",
            vec![Step::ReadRequest, send(chunked), Step::Listen],
            leaves_in_the_answer,
        ),
        ("a client that leaves before it", vec![Step::ReadRequest, Step::Listen], leaves_before_the_answer),
        ("a client that breaks its upload", vec![Step::ReadRequest, send(OK)], breaks_its_upload),
        ("an upload that is refused", vec![Step::ReadHead, Step::Reset], uploads),
    ];
    for (case, script, ask) in cases {
        let origin = Origin::scripts(vec![script, vec![Step::ReadRequest, send(OK), Step::Again]]);
        let gate = configured(&origin, "", "", &format!("{ONE}\ntimeouts = {{ head = \"300ms\" }}"));
        let _client = ask(&gate, &origin);
        origin.wait_requests(1);
        assert_eq!(gate.client().get("/next").status, 200, "{case}");
    }
}

#[test]
fn an_answer_before_the_end_of_the_upload_gives_the_seat_back() {
    let origin = Origin::scripts(vec![
        vec![Step::ReadHead, Step::Send(OK.into()), Step::Listen],
        vec![Step::ReadRequest, Step::Send(OK.into()), Step::Again],
    ]);
    // Nobody may wait: the seat has to be free once the answer has come.
    let gate = configured(&origin, "", "", "queue = { max_in_flight = 1, max_waiting = 0 }");
    let mut client = asks(&gate, "POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    assert_eq!(client.response().status, 200);
    assert_eq!(gate.client().get("/next").status, 200);
}

#[test]
fn a_second_attempt_needs_no_second_seat() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let refused = crate::support::faults::refused(folder.path());
    let origin = Origin::answering(OK);
    let gate = Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{}\", \"{}\"]\n\
         queue = {{ max_in_flight = 1, max_waiting = 0 }}\n",
        refused.server,
        origin.server()
    ));
    let mut client = gate.client();
    for path in ["/1", "/2", "/3", "/4"] {
        assert_eq!(client.get(path).status, 200);
    }
}

//! Kept connections to upstreams: used again when they are clean, never when anything is unread or over.
//! One worker, so that there is one pool.

use super::{OK, before, configured};
use crate::support::{Event, Origin, Step, poll};

#[test]
fn a_clean_connection_is_used_again() {
    let origin = Origin::answering(OK);
    let gate = before(&origin);
    for turn in 0..3 {
        assert_eq!(gate.client().get(&format!("/{turn}")).status, 200);
        gate.logged(&format!("/{turn}"));
    }
    assert_eq!((origin.requests().len(), origin.connections()), (3, 1));
}

#[test]
fn an_idle_connection_that_the_upstream_closed_is_not_used() {
    let (close, closed) = (Event::default(), Event::default());
    let origin = Origin::scripts(vec![
        vec![
            Step::ReadRequest,
            Step::Send(OK.into()),
            Step::Await(close.clone()),
            Step::HalfClose,
            Step::Signal(closed.clone()),
            Step::Listen,
        ],
        vec![Step::ReadRequest, Step::Send(OK.into()), Step::Again],
    ]);
    let gate = before(&origin);
    let mut client = gate.client();
    assert_eq!(client.get("/first").status, 200);
    close.set();
    assert!(closed.wait(), "the FIN is on its way before the next request");
    assert_eq!(client.post("/second", "hello").status, 200);
    assert_eq!((origin.requests().len(), origin.connections()), (2, 2));
}

#[test]
fn stray_bytes_on_an_idle_connection_reach_nobody() {
    let (stray, sent) = (Event::default(), Event::default());
    let smuggled = "HTTP/1.1 200 OK\r\nX-Evil: 1\r\nContent-Length: 4\r\n\r\nEVIL";
    let origin = Origin::scripts(vec![
        vec![
            Step::ReadRequest,
            Step::Send(OK.into()),
            Step::Await(stray.clone()),
            Step::Send(smuggled.into()),
            Step::Signal(sent.clone()),
            Step::Listen,
        ],
        vec![Step::ReadRequest, Step::Send(OK.into()), Step::Again],
    ]);
    let gate = before(&origin);
    let mut client = gate.client();
    assert_eq!(client.get("/first").status, 200);
    stray.set();
    assert!(sent.wait());
    let response = client.get("/second");
    assert_eq!((response.status, response.text(), response.field("x-evil")), (200, "ok", None), "{response:?}");
    assert_eq!(origin.connections(), 2, "the dirty connection was given up");
}

#[test]
fn bytes_behind_an_answer_reach_nobody_and_are_logged() {
    let twice = format!("{OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL");
    let origin = Origin::scripts(vec![
        vec![Step::ReadRequest, Step::Send(twice.into()), Step::Listen],
        vec![Step::ReadRequest, Step::Send(OK.into()), Step::Again],
    ]);
    let gate = before(&origin);
    let mut client = gate.client();
    for path in ["/first", "/second"] {
        let response = client.get(path);
        assert_eq!((response.status, response.text()), (200, "ok"), "{response:?}");
    }
    assert_eq!(gate.logged("/first")["cause"], "body-excess");
    assert_eq!(origin.connections(), 2);
}

#[test]
fn a_connection_is_not_kept_against_the_will_of_the_upstream() {
    let closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    let old = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok";
    for answer in [closing, old] {
        let origin = Origin::answering(answer);
        let gate = before(&origin);
        let mut client = gate.client();
        assert_eq!(client.get("/first").status, 200);
        assert_eq!(client.get("/second").status, 200);
        assert_eq!(origin.connections(), 2, "{answer}");
    }
}

#[test]
fn pool_settings_are_kept_to() {
    for (settings, connections) in [("max_idle = 0", 2), ("max_requests = 1", 2), ("max_idle = 1", 1)] {
        let origin = Origin::answering(OK);
        let gate = configured(&origin, "", "", &format!("pool = {{ {settings} }}"));
        let mut client = gate.client();
        assert_eq!(client.get("/first").status, 200);
        assert_eq!(client.get("/second").status, 200);
        assert_eq!(origin.connections(), connections, "{settings}");
    }
}

#[test]
fn an_idle_connection_ends_after_its_timeout() {
    let origin = Origin::answering(OK);
    let gate = configured(&origin, "", "", "pool = { idle_timeout = \"200ms\" }");
    assert_eq!(gate.client().get("/once").status, 200);
    origin.wait_ended(1);
    poll("no connection to be left", || (origin.connections() == 1).then_some(()));
}

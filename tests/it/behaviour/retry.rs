//! Second attempts: what is sent again, to whom, and what is never sent twice.
//! Every request is counted at the upstreams.

use super::{OK, configured};
use crate::support::{Gate, Origin, Step, faults};

fn two(first: &str, second: &Origin, upstream: &str) -> Gate {
    let second = second.server();
    Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{first}\", \"{second}\"]\nbalance = \"round-robin\"\n\
         {upstream}\n"
    ))
}

fn broken_after_reading(end: Step) -> Origin {
    Origin::always(vec![Step::ReadRequest, end])
}

#[test]
fn a_refused_member_costs_no_request_of_any_method() {
    let refused = faults::refused(std::path::Path::new(""));
    let good = Origin::answering(OK);
    let gate = two(&refused.server, &good, "");
    for turn in 0..6 {
        let mut client = gate.client();
        let path = format!("/{turn}");
        let response = if turn % 2 == 0 { client.get(&path) } else { client.post(&path, "hello") };
        assert_eq!(response.status, 200, "{response:?}");
    }
    assert_eq!(good.requests().len(), 6, "each request once");
    let entries = gate.log_line(|entry| entry["attempts"].as_array().is_some_and(|attempts| attempts.len() == 2));
    assert_eq!(entries["attempts"][0]["cause"], "connect-refused", "{entries}");
    assert!(entries["cause"].is_null(), "the request itself went well: {entries}");
}

#[test]
fn a_post_that_was_read_is_never_sent_twice() {
    for end in [Step::Reset, Step::Close] {
        let (first, second) = (broken_after_reading(end), Origin::answering(OK));
        let gate = two(first.server(), &second, "");
        for turn in 0..4 {
            let path = format!("/turn-{turn}");
            let response = gate.client().post(&path, "hello");
            let count = |origin: &Origin| origin.requests().iter().filter(|r| r.line().contains(&path)).count();
            assert_eq!(count(&first) + count(&second), 1, "{path} was sent once");
            let expected = if count(&first) == 1 { 502 } else { 200 };
            assert_eq!(response.status, expected, "{response:?}");
        }
        assert!(!first.requests().is_empty(), "the broken member had its turn");
    }
}

#[test]
fn a_get_that_was_read_goes_to_another_member_once() {
    let (first, second) = (broken_after_reading(Step::Reset), Origin::answering(OK));
    let gate = two(first.server(), &second, "");
    for turn in 0..4 {
        assert_eq!(gate.client().get(&format!("/{turn}")).status, 200);
    }
    assert_eq!(second.requests().len(), 4);
    assert!(!first.requests().is_empty(), "the broken member had its turn");
}

#[test]
fn a_get_that_breaks_everywhere_is_tried_twice_and_no_more() {
    let (first, second) = (broken_after_reading(Step::Reset), broken_after_reading(Step::Reset));
    let gate = two(first.server(), &second, "");
    assert_eq!(gate.client().get("/twice").status, 502);
    assert_eq!(first.requests().len() + second.requests().len(), 2);
    let entry = gate.logged("/twice");
    assert_eq!(entry["attempts"].as_array().map(Vec::len), Some(2), "{entry}");
    assert_eq!(entry["delivered"], "maybe", "{entry}");
}

#[test]
fn a_get_reset_on_a_kept_connection_is_sent_again_on_a_fresh_one() {
    let origin = Origin::scripts(vec![
        vec![Step::ReadRequest, Step::Send(OK.into()), Step::ReadRequest, Step::Reset],
        vec![Step::ReadRequest, Step::Send(OK.into()), Step::Again],
    ]);
    let gate = configured(&origin, "", "", "");
    let mut client = gate.client();
    assert_eq!(client.get("/first").status, 200);
    assert_eq!(client.get("/second").status, 200);
    let entry = gate.logged("/second");
    assert_eq!(entry["attempts"][0]["cause"], "send-reset-reused", "{entry}");
    assert_eq!(entry["attempts"][0]["reused"], true, "{entry}");
    assert_eq!((origin.requests().len(), origin.connections()), (3, 2));
}

#[test]
fn a_timeout_is_not_tried_again_unless_the_route_says_so() {
    for (route, expected) in [("", 1), ("retry_timeouts = true", 2)] {
        let silent = Origin::always(vec![Step::ReadRequest, Step::Listen]);
        let gate = configured(&silent, "", route, "timeouts = { head = \"200ms\" }\nretry = { attempts = 2 }");
        assert_eq!(gate.client().get("/slow").status, 504);
        assert_eq!(silent.requests().len(), expected, "{route}");
    }
}

#[test]
fn an_idempotency_key_counts_only_where_the_route_says_so() {
    for (route, expected) in [("", 1), ("idempotency_key = true", 2)] {
        let origin = broken_after_reading(Step::Reset);
        let gate = configured(&origin, "", route, "");
        let request = "POST /key HTTP/1.1\r\nHost: a\r\nIdempotency-Key: \"k\"\r\nContent-Length: 2\r\n\r\nhi";
        assert_eq!(gate.client().send(request).response().status, 502);
        assert_eq!(origin.requests().len(), expected, "{route}");
    }
}

#[test]
fn a_body_is_sent_again_only_up_to_its_limit() {
    let preset = 64 << 10;
    for (settings, size, expected) in
        [("", preset, 2), ("", preset + 1, 1), ("body = \"5B\"", 5, 2), ("body = \"5B\"", 6, 1)]
    {
        let origin = broken_after_reading(Step::Reset);
        let gate = configured(&origin, "", "", &format!("retry = {{ {settings} }}"));
        let head = format!("PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n");
        let body = "b".repeat(size);
        assert_eq!(gate.client().send(head + &body).response().status, 502);
        let requests = origin.requests();
        assert_eq!(requests.len(), expected, "{settings}, {size}");
        assert!(requests.iter().all(|request| request.body == body.as_bytes()), "{settings}, {size}");
    }
}

#[test]
fn retries_that_are_off_send_nothing_twice() {
    let origin = broken_after_reading(Step::Reset);
    let gate = configured(&origin, "", "", "retry = { on = \"off\" }");
    assert_eq!(gate.client().get("/once").status, 502);
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn a_complete_answer_is_never_tried_again() {
    let error = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 3\r\n\r\nown";
    let (first, second) = (Origin::answering(error), Origin::answering(error));
    let gate = two(first.server(), &second, "");
    let response = gate.client().get("/own");
    assert_eq!((response.status, response.text()), (503, "own"), "{response:?}");
    assert_eq!(response.field("retry-after"), Some("7"));
    assert_eq!(first.requests().len() + second.requests().len(), 1);
}

#[test]
fn a_held_body_that_is_cut_short_is_fetched_again_for_a_get() {
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal";
    let (first, second) =
        (Origin::always(vec![Step::ReadRequest, Step::Send(short.into()), Step::Close]), Origin::answering(OK));
    let gate = two(first.server(), &second, "");
    for turn in 0..2 {
        let response = gate.client().get(&format!("/{turn}"));
        assert_eq!((response.status, response.text()), (200, "ok"), "{response:?}");
    }
}

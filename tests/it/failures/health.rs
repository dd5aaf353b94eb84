//! Requests that are refused because no server of their upstream is in use: only where `health.all_down` asks for it.
//! That they are served otherwise is in `behaviour/health.rs`.

use crate::support::{Gate, Origin, Response, Step, faults, poll};

const LAST: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
const BAD: &str = "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

fn gate(server: &str, health: &str) -> Gate {
    Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{server}\"]\n\
         health = {{ all_down = \"refuse\", {health} }}\n"
    ))
}

fn says(answer: &str) -> Vec<Step> {
    vec![Step::ReadRequest, Step::Send(answer.into()), Step::Close]
}

/// Checks a refusal; `longest` is the most that Retry-After may say, in seconds.
fn check(response: &Response, gate: &Gate, path: &str, (cause, phase): (&str, &str), longest: u64) {
    assert_eq!(response.status, 503, "{response:?}");
    let member = response.proxy_status().expect("the gateway says so");
    for pair in [("error", "destination_unavailable"), ("delivered", "no")] {
        assert!(member.iter().any(|(name, value)| (name.as_str(), value.as_str()) == pair), "{pair:?} in {member:?}");
    }
    let after: u64 = response.field("retry-after").expect("the next trial is known").parse().expect("seconds");
    assert!((1..=longest).contains(&after), "{after}");
    let problem = response.json();
    assert_eq!((&problem["cause"], &problem["retry"]["safe"]), (&"unreachable".into(), &true.into()), "{problem}");
    let entry = gate.logged(path);
    for (key, value) in [("cause", cause), ("delivered", "no"), ("phase", phase), ("blame", "upstream")] {
        assert_eq!(entry[key], value, "{entry}");
    }
    assert_eq!(entry["attempts"], serde_json::json!([]), "{entry}");
}

#[test]
fn an_open_breaker_refuses_until_its_trial_where_that_is_asked_for() {
    let breaks = || vec![Step::ReadRequest, Step::Reset];
    let origin = Origin::scripts(vec![breaks(), breaks(), says(LAST)]);
    let gate = gate(origin.server(), "passive = { failures = 1, within = \"60s\", eject = \"1s\" }");
    let mut client = gate.client();
    assert_eq!(client.post("/fails", "hello").status, 502);
    check(&client.post("/refused", "hello"), &gate, "/refused", ("upstream-circuit-open", "limit"), 2);
    let line = gate.program_line(|line| line.contains("upstream-circuit-open"));
    for text in ["is ejected: upstream-reset-no-response once, last 0.0s ago", "; next trial in 1.0s"] {
        assert!(line.contains(text) || line.contains("next trial in 0.9s"), "{text} in {line}");
    }
    assert_eq!(origin.requests().len(), 1, "nothing is sent while it is open");
    let trial = poll("the trial", || Some(gate.client().post("/trial", "x")).filter(|response| response.status != 503));
    assert_eq!((trial.status, origin.requests().len()), (502, 2), "one request tries it: {trial:?}");
    check(&gate.client().post("/longer", "hello"), &gate, "/longer", ("upstream-circuit-open", "limit"), 3);
    let works =
        poll("it to work", || Some(gate.client().post("/works", "x")).filter(|response| response.status != 503));
    assert_eq!(works.status, 200);
    assert_eq!(gate.client().post("/closed", "x").status, 200);
}

#[test]
fn an_upstream_that_fails_its_checks_is_refused_where_that_is_asked_for() {
    let origin = Origin::scripts(vec![says(LAST), says(BAD)]);
    let gate = gate(origin.server(), "active = { path = \"/healthz\", every = \"100ms\", down = 1, up = 1 }");
    let line = gate.program_line(|line| line.contains("the server is down"));
    assert!(line.contains("no server of the upstream is left, so requests are refused until a trial"), "{line}");
    let response = gate.client().get("/refused");
    check(&response, &gate, "/refused", ("upstream-none-healthy", "route"), 2);
    let line = gate.program_line(|line| line.contains("upstream-none-healthy"));
    assert!(line.contains("GET /healthz was answered 500") && line.contains("next trial in 0."), "{line}");
}

#[test]
fn an_upstream_that_is_not_up_yet_is_refused_as_starting_where_that_is_asked_for() {
    let refused = faults::refused(std::path::Path::new(""));
    let gate = gate(&refused.server, "active = { every = \"100ms\" }");
    gate.program_line(|line| line.contains("the server is down"));
    let response = gate.client().get("/refused");
    check(&response, &gate, "/refused", ("upstream-starting", "route"), 2);
    let line = gate.program_line(|line| line.contains("upstream-starting"));
    assert!(line.contains("none has ever gone well"), "{line}");
}

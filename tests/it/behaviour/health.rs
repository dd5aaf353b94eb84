//! Which servers are preferred: what requests and checks find out, and what must never count against a server.
//! Refusals while no server is in use are in `failures/health.rs`.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::OK;
use crate::support::{Gate, Origin, Step, faults, fpm::Fpm, poll};

const BAD: &str = "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
const LAST: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

fn gate(servers: &[&str], tables: &str, health: &str) -> Gate {
    Gate::start(&format!(
        "{tables}\n[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = {servers:?}\nbalance = \"round-robin\"\n\
         health = {{ {health} }}\n"
    ))
}

fn breaks() -> Vec<Step> {
    vec![Step::ReadRequest, Step::Reset]
}

fn says(answer: &str) -> Vec<Step> {
    vec![Step::ReadRequest, Step::Send(answer.into()), Step::Close]
}

fn good() -> Vec<Step> {
    vec![Step::ReadRequest, Step::Send(OK.into()), Step::Again]
}

fn told(gate: &Gate, what: &str) -> usize {
    gate.program().iter().filter(|line| line.contains(what)).count()
}

#[test]
fn a_server_that_fails_steadily_is_ejected_and_one_request_brings_it_back() {
    let first = Origin::scripts(vec![breaks(), breaks(), breaks(), good()]);
    let second = Origin::answering(OK);
    let health = "passive = { failures = 3, within = \"60s\", eject = \"1s\" }";
    let gate = gate(&[first.server(), second.server()], "[gateway]\nworkers = 2", health);
    let get = |path: &str| assert_eq!(gate.client().get(path).status, 200);
    // Broken connections that are close together are one event.
    poll("the third failure", || {
        get("/fails");
        std::thread::sleep(Duration::from_millis(20));
        (first.requests().len() == 3).then_some(())
    });
    let line = gate.program_line(|line| line.contains("is ejected after 3 failures in a row"));
    for text in
        ["upstream-reset-no-response 3 times, last 0.0s ago", first.server(), "\"from\":\"up\"", "\"to\":\"ejected\""]
    {
        assert!(line.contains(text), "{text} in {line}");
    }
    let ejected = Instant::now();
    for _ in 0..6 {
        get("/meanwhile");
    }
    if ejected.elapsed() < Duration::from_millis(700) {
        assert_eq!(first.requests().len(), 3, "nothing is sent to it meanwhile");
    }
    poll("the trial", || {
        get("/trial");
        (told(&gate, "is taken back after") == 1).then_some(())
    });
    let before = first.requests().len();
    for _ in 0..4 {
        get("/back");
    }
    assert!(first.requests().len() > before, "it has its share again");
}

#[test]
fn the_last_server_stays_in_use_and_all_are_tried_before_a_request_fails() {
    let (first, second) = (Origin::always(breaks()), Origin::always(breaks()));
    let gate =
        gate(&[first.server(), second.server()], "", "passive = { failures = 1, within = \"60s\", eject = \"60s\" }");
    for turn in 0..6 {
        assert_eq!(gate.client().get(&format!("/{turn}")).status, 502);
    }
    assert_eq!((first.requests().len(), second.requests().len()), (6, 6), "each request was at both");
    assert_eq!((told(&gate, "is ejected after"), told(&gate, "stays in use in spite of")), (1, 1));
}

#[test]
fn an_ejected_server_that_answers_is_back_at_once() {
    let refused = faults::refused(Path::new(""));
    let first = Origin::scripts(vec![breaks(), good()]);
    let health = "passive = { failures = 1, within = \"60s\", eject = \"60s\" }";
    let gate = gate(&[&refused.server, first.server()], "", health);
    // The refused one is ejected first or second; either way the next request finds the one that works.
    poll("two ejections, or one and the last", || {
        gate.client().get("/fails");
        (told(&gate, "is ejected after") == 1).then_some(())
    });
    for _ in 0..6 {
        assert_eq!(gate.client().get("/works").status, 200);
    }
}

#[test]
fn a_server_that_was_away_is_back_soon_after_it_listens() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("app.sock");
    let other = Origin::answering(OK);
    let health = "passive = { failures = 1, within = \"60s\", eject = \"1h\" }";
    let gate = gate(&[&format!("http+unix:{}", path.display()), other.server()], "", health);
    poll("the ejection", || {
        assert_eq!(gate.client().get("/away").status, 200);
        (told(&gate, "is ejected after a failure: connect-unix-missing once") == 1).then_some(())
    });
    let origin = Origin::answering_on(&path, OK);
    poll("its return", || {
        assert_eq!(gate.client().get("/back").status, 200);
        (told(&gate, "is taken back after") == 1).then_some(())
    });
    assert!(!origin.requests().is_empty());
}

#[test]
fn what_clients_do_and_what_the_application_answers_never_ejects() {
    let silent = Origin::scripts(vec![vec![Step::ReadHead, Step::Listen]]);
    let other = Origin::scripts(vec![vec![Step::ReadHead, Step::Listen]]);
    let gate = gate(
        &[silent.server(), other.server()],
        "[limits]\nbody_timeout = \"200ms\"",
        "passive = { failures = 1, within = \"60s\", ratio = \"1%\" }",
    );
    for turn in 0..4 {
        let mut client = gate.client();
        client.send(format!("GET /leaves-{turn} HTTP/1.1\r\nHost: a\r\n\r\n"));
        poll("the request", || (silent.requests().len() + other.requests().len() > turn).then_some(()));
        drop(client);
        assert_eq!(gate.logged(&format!("/leaves-{turn}"))["cause"], "request-client-aborted");
    }
    for turn in 0..2 {
        let mut client = gate.client();
        client.send(format!("POST /slow-{turn} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"));
        assert_eq!(client.response().status, 408);
    }
    assert_eq!(told(&gate, "ejected"), 0, "{:?}", gate.program());

    let (first, second) = (Origin::always(says(BAD)), Origin::always(says(BAD)));
    let gate = self::gate(&[first.server(), second.server()], "", "passive = { failures = 1 }");
    for _ in 0..4 {
        assert_eq!(gate.client().get("/error").status, 500);
    }
    assert_eq!(told(&gate, "ejected"), 0, "{:?}", gate.program());
}

#[test]
fn passive_health_can_be_off() {
    let (first, second) = (Origin::always(breaks()), Origin::answering(OK));
    let gate = gate(&[first.server(), second.server()], "", "passive = \"off\"");
    for _ in 0..14 {
        assert_eq!(gate.client().get("/").status, 200);
    }
    assert_eq!((first.requests().len(), told(&gate, "ejected")), (7, 0));
}

#[test]
fn checks_mark_a_server_down_and_up_again() {
    let checked = Origin::scripts(vec![says(LAST), says(BAD), says(BAD), says(LAST)]);
    let other = Origin::answering(LAST);
    let health = "active = { path = \"/healthz\", every = \"100ms\", up = 2, down = 2 }";
    let gate = gate(&[checked.server(), other.server()], "", health);
    let down = gate.program_line(|line| line.contains("the server is down"));
    for text in
        ["2 checks in a row went wrong", "GET /healthz was answered 500", checked.server(), "\"to\":\"down\"", "WARN"]
    {
        assert!(down.contains(text), "{text} in {down}");
    }
    let up = gate.program_line(|line| line.contains("the server is up after"));
    assert!(up.contains("2 checks in a row went well") && up.contains("\"from\":\"down\""), "{up}");
    let request = &checked.requests()[0];
    assert_eq!(request.line(), "GET /healthz HTTP/1.1");
    assert_eq!(request.field("host").map(|host| format!("http://{host}")).as_deref(), Some(checked.server()));
    assert_eq!(request.field("user-agent"), Some("goodgate (health check)"));
    assert_eq!(request.field("connection"), Some("close"));
}

#[test]
fn a_server_that_is_down_is_asked_only_when_no_other_is_left() {
    let sick = Origin::answering("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    let well = Origin::answering(LAST);
    let health = "active = { path = \"/healthz\", every = \"1h\", timeout = \"1s\" }";
    let gate = gate(&[sick.server(), well.server()], "", health);
    gate.program_line(|line| {
        line.contains("the server is down") && line.contains("none has ever gone well")
            || line.contains("a check went wrong")
    });
    for _ in 0..6 {
        assert_eq!(gate.client().get("/page").status, 200);
    }
    let pages = |origin: &Origin| origin.requests().iter().filter(|request| request.line().contains("/page")).count();
    assert_eq!((pages(&sick), pages(&well)), (0, 6));
}

#[test]
fn where_all_servers_fail_their_checks_requests_are_served_nevertheless() {
    let origin = Origin::answering(OK);
    let gate = gate(&[origin.server()], "", "active = { path = \"/wrong\", status = \"204\", every = \"100ms\" }");
    let line = gate.program_line(|line| line.contains("the server is down"));
    assert!(line.contains("no server of the upstream does better, so all of them are tried"), "{line}");
    assert_eq!(gate.client().get("/page").status, 200);
}

#[test]
fn one_worker_checks_for_all() {
    const CHECKS: usize = 7;
    let origin = Origin::answering(LAST);
    let began = Instant::now();
    let gate =
        gate(&[origin.server()], "[gateway]\nworkers = 4", "active = { path = \"/healthz\", every = \"200ms\" }");
    origin.wait_requests(CHECKS);
    // Four that check would be there in two rounds.
    let least = Duration::from_millis(180) * (u32::try_from(CHECKS).expect("a small number") - 1);
    assert!(began.elapsed() >= least, "{CHECKS} checks in {:?}", began.elapsed());
    drop(gate);
}

#[test]
fn a_check_without_a_path_connects_and_one_that_takes_too_long_is_bad() {
    let refused = faults::refused(Path::new(""));
    let silent = Origin::always(vec![Step::ReadRequest, Step::Listen]);
    let first = gate(&[&refused.server], "", "active = { every = \"100ms\" }");
    let line = first.program_line(|line| line.contains("the server is down"));
    assert!(line.contains("connect-refused"), "{line}");
    let second = gate(&[silent.server()], "", "active = { path = \"/\", every = \"100ms\", timeout = \"150ms\" }");
    let line = second.program_line(|line| line.contains("the server is down"));
    assert!(line.contains("GET / took longer than 150ms"), "{line}");
}

#[test]
fn php_fpm_is_asked_by_its_own_ping() {
    let mut fpm = Fpm::start("ping.path = /ping", &[]);
    let site = fpm.site();
    let log = "[log]\nlevel = \"debug\"\nformat = \"json\"\naccess = \"off\"\n";
    let health = |path: &str| format!("health = {{ active = {{ path = \"{path}\", every = \"100ms\", down = 2 }} }}");
    let gate = Gate::start(&format!("{log}{}", fpm.toml(&site, &health("/ping"))));
    gate.program_line(|line| line.contains("the first check of the server went well"));
    let wrong = Gate::start(&fpm.toml(&site, &health("/pong")));
    let line = wrong.program_line(|line| line.contains("the server is down"));
    assert!(line.contains("GET /pong was answered 404"), "{line}");
    fpm.end();
    let line = gate.program_line(|line| line.contains("the server is down: 2 checks"));
    assert!(line.contains("connect-unix-"), "{line}");
    fpm.run();
    gate.program_line(|line| line.contains("the server is up after"));
}

//! A real pool whose processes are all busy: what the log says of it, and that nothing is lost or done twice.
//! Scripts count by files how often they ran.

use std::{
    fs,
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use crate::support::{
    Gate,
    client::{get, post},
    fpm::Fpm,
    gate::Under,
};

/// Notes that it runs, and takes its time.
const SLOW: &str = "<?php file_put_contents(dirname(__DIR__) . '/notes/' . $_GET['n'], 'x', FILE_APPEND); \
                    usleep(300000); echo 'done';";
const SLEEP: &str = "<?php sleep(3);";
/// A page of its own for the status, and its keys.
const APART: &str = "pm.status_path = /fpm-status\npm.status_listen = {here}/status.sock\n";
const ASK_APART: &str = ", status_path = \"/fpm-status\", status_address = \"fastcgi+unix:{here}/status.sock\"";
const ASK: &str = ", status_path = \"/fpm-status\"";

fn before(fpm: &Fpm, fastcgi: &str, upstream: &str) -> Gate {
    Gate::start(&fpm.toml_with(&fpm.site(), fastcgi, upstream))
}

/// As many times as script `n` ran.
fn ran(fpm: &Fpm, n: usize) -> usize {
    fs::read(fpm.notes().join(n.to_string())).map_or(0, |marks| marks.len())
}

#[test]
fn a_timeout_tells_how_busy_the_pool_is_and_the_number_to_raise() {
    let fpm = Fpm::start(&format!("pm.max_children = 1\n{APART}"), &[("sleep.php", SLEEP)]);
    let gate = before(&fpm, ASK_APART, "timeouts = { head = \"1500ms\" }\nqueue.max_in_flight = \"off\"");
    let response = gate.client().post("/sleep.php", "once");
    assert_eq!(response.status, 504, "{response:?}");
    let line = gate.program_line(|line| line.contains("response-header-timeout"));
    for said in [
        "PHP-FPM's status: active processes 1 of 1 (pm = static), slow requests 0",
        "Raise `pm.max_children` above 1 and reload PHP-FPM",
    ] {
        assert!(line.contains(said), "{line}");
    }
}

#[test]
fn a_timeout_beside_idle_processes_is_the_scripts_own() {
    let fpm = Fpm::start(&format!("pm.max_children = 2\n{APART}"), &[("sleep.php", SLEEP)]);
    let gate = before(&fpm, ASK_APART, "timeouts = { head = \"2500ms\" }");
    assert_eq!(gate.client().get("/sleep.php").status, 504);
    let line = gate.program_line(|line| line.contains("response-header-timeout"));
    assert!(line.contains("active processes 1 of 2") && line.contains("1 of 2 processes were idle"), "{line}");
}

#[test]
fn a_pool_too_busy_for_its_own_status_page_is_told_within_half_a_second() {
    let fpm = Fpm::start("pm.max_children = 1\npm.status_path = /fpm-status\n", &[("sleep.php", SLEEP)]);
    let gate = before(&fpm, ASK, "timeouts = { head = \"300ms\" }\nqueue.max_in_flight = \"off\"");
    let began = Instant::now();
    assert_eq!(gate.client().get("/sleep.php").status, 504);
    let took = began.elapsed();
    let line = gate.program_line(|line| line.contains("response-header-timeout"));
    assert!(line.contains("did not answer its own status page either: all workers are busy"), "{line}");
    assert!(line.contains("`pm.max_children`") && line.contains("`fastcgi.status_address`"), "{line}");
    assert!(took < Duration::from_millis(2500), "300 ms, half a second, and what a busy machine adds: {took:?}");
}

#[test]
fn a_full_backlog_tells_the_status_too() {
    let fpm = Fpm::start(&format!("pm.max_children = 1\nlisten.backlog = 1\n{APART}"), &[("sleep.php", SLEEP)]);
    let gate = before(&fpm, ASK_APART, "timeouts.connect = \"1500ms\"\nqueue.max_in_flight = \"off\"");
    let mut clients: Vec<_> = (0..5).map(|_| gate.client()).collect();
    for client in &mut clients {
        client.send(get("/sleep.php"));
    }
    let line = gate.program_line(|line| line.contains("connect-backlog-full"));
    for said in ["active processes 1 of 1", "`pm.max_children` above 1", "`listen.backlog`", "net.core.somaxconn"] {
        assert!(line.contains(said), "{said}: {line}");
    }
}

#[test]
fn a_status_page_that_is_none_is_told_once() {
    let fpm = Fpm::start("", &[("index.php", "<?php echo 'ok';")]);
    let gate = before(&fpm, ASK, "");
    let line = gate.program_line(|line| line.contains("does not tell its status"));
    for said in ["it answered 404", "File not found.", "is `pm.status_path` of the pool /fpm-status?"] {
        assert!(line.contains(said), "{line}");
    }
    assert_eq!(gate.client().get("/").text(), "ok");
}

/// What 50 clients got that all came at once, each with a POST of its own number.
struct Rush {
    statuses: Vec<u16>,
    took: Duration,
}

fn rush(gate: &Gate) -> Rush {
    let mut clients: Vec<_> = (0..50).map(|_| gate.client()).collect();
    let began = Instant::now();
    for (n, client) in clients.iter_mut().enumerate() {
        client.send(post(&format!("/slow.php?n={n}"), "once"));
    }
    let statuses = clients.iter_mut().map(|client| client.response().status).collect();
    Rush { statuses, took: began.elapsed() }
}

/// Two processes, 0.3 s for each request: nothing that was turned away ran, what ran was answered and ran once, and the
/// pool was never idle while somebody waited.
fn check(fpm: &Fpm, gate: &Gate, Rush { statuses, took }: &Rush, causes: &[&str], served: &RangeInclusive<usize>) {
    for (n, status) in statuses.iter().enumerate() {
        assert_eq!(ran(fpm, n), usize::from(*status == 200), "{n} was answered {status}: {statuses:?}");
    }
    let good = statuses.iter().filter(|status| **status == 200).count();
    assert!(served.contains(&good), "{good} served in {took:?}: {statuses:?}");
    // The last wave is not full, and processes take a moment between two requests.
    let could = took.as_millis() / 300 * 2;
    assert!(good as u128 * 10 >= could * 6, "{good} served in {took:?}, the pool could do {could}");
    for entry in gate.log().iter().filter(|entry| entry["status"] != 200) {
        assert!(causes.iter().any(|cause| entry["cause"] == *cause), "{entry}");
        assert_eq!((&entry["status"], &entry["delivered"]), (&503.into(), &"no".into()), "{entry}");
    }
}

#[test]
fn a_saturated_pool_with_a_learned_queue_serves_at_its_pace_and_runs_nothing_that_was_turned_away() {
    let fpm = Fpm::start(&format!("pm.max_children = 2\n{APART}"), &[("slow.php", SLOW)]);
    let gate = before(&fpm, ASK_APART, "queue.timeout = \"1500ms\"");
    gate.program_line(|line| line.contains("pm.max_children") && line.contains("\"max_in_flight\":2"));
    let rush = rush(&gate);
    check(&fpm, &gate, &rush, &["upstream-queue-timeout"], &(6..=14));
    let line = gate.program_line(|line| line.contains("upstream-queue-timeout"));
    for said in ["allows 2 at once", "active processes 2 of 2", "Raise `pm.max_children` above 2"] {
        assert!(line.contains(said), "{line}");
    }
}

#[test]
fn a_saturated_pool_without_a_queue_runs_nothing_that_was_turned_away() {
    let fpm = Fpm::start("pm.max_children = 2\nlisten.backlog = 4\n", &[("slow.php", SLOW)]);
    let gate = before(&fpm, "", "timeouts.connect = \"1500ms\"");
    let rush = rush(&gate);
    check(&fpm, &gate, &rush, &["connect-backlog-full"], &(8..=30));
}

#[test]
fn the_size_of_a_pool_is_learned_and_said() {
    let fpm = Fpm::start(&format!("pm.max_children = 3\n{APART}"), &[("index.php", "<?php echo 'ok';")]);
    let gate = before(&fpm, ASK_APART, "");
    let line = gate.program_line(|line| line.contains("\"max_in_flight\":3"));
    assert!(line.contains("the others wait in the gateway"), "{line}");
    assert_eq!(gate.client().get("/").text(), "ok");
}

#[test]
fn a_pool_that_grows_tells_how_often_it_could_not() {
    let fpm = Fpm::start(&format!("pm = ondemand\npm.max_children = 1\n{APART}"), &[("sleep.php", SLEEP)]);
    // PHP-FPM counts anew once a second what processes it has.
    let gate = before(&fpm, ASK_APART, "timeouts = { head = \"1500ms\" }");
    let mut clients: Vec<_> = (0..3).map(|_| gate.client()).collect();
    for client in &mut clients {
        client.send(get("/sleep.php"));
    }
    let line = gate.program_line(|line| line.contains("response-header-timeout"));
    assert!(line.contains("active processes 1 of 1 (pm = ondemand), max children reached "), "{line}");
}

#[test]
fn a_socket_without_rights_is_told_with_the_lines_to_change() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let fpm = Fpm::start("listen.mode = 0600\n", &[("index.php", "<?php echo 'ok';")]);
    let under = Under { user: Some(65534), ..Under::default() };
    let gate = Gate::start_under(under, &fpm.toml(&fpm.site(), ""));
    let response = gate.client().get("/");
    assert_eq!(response.status, 502, "{response:?}");
    let line = gate.program_line(|line| line.contains("connect-unix-permission"));
    for said in ["fpm.sock is root:root 0600 and does not admit user ", "`listen.group = ", "`listen.mode = 0660`"] {
        assert!(line.contains(said), "{said}: {line}");
    }
}

#[test]
fn while_php_fpm_is_stopped_every_failure_has_its_cause() {
    let script = "<?php file_put_contents(dirname(__DIR__) . '/notes/' . $_GET['n'], 'x', FILE_APPEND); echo 'ok';";
    let mut fpm = Fpm::start(&format!("pm.max_children = 2\n{APART}"), &[("note.php", script)]);
    let gate = before(&fpm, ASK_APART, "");
    let send = |n: usize| gate.client().send(post(&format!("/note.php?n={n}"), "once")).response().status;
    assert_eq!(send(0), 200);
    fpm.end();
    assert_eq!([send(1), send(2)], [502, 502]);
    fpm.run();
    assert_eq!(send(3), 200);
    assert_eq!([0, 1, 2, 3].map(|n| ran(&fpm, n)), [1, 0, 0, 1]);
    for n in [1, 2] {
        let entry = gate.logged(&format!("/note.php?n={n}"));
        assert_eq!((&entry["cause"], &entry["delivered"]), (&"connect-unix-missing".into(), &"no".into()), "{entry}");
    }
    let line = gate.program_line(|line| line.contains("connect-unix-missing"));
    assert!(line.contains("tart PHP-FPM"), "{line}");
}

//! The real PHP-FPM behind the real gateway: what it answers is passed on, and where it fails the log says why.
//! Scripted applications provoke every failure of the protocol (`failures/fastcgi.rs`).

mod busy;

use std::{fs, path::Path, thread};

use crate::support::{
    End, Gate,
    client::{get, post},
    fpm::Fpm,
};

/// Tells what it was told.
const TELL: &str = "<?php header('Content-Type: application/json'); echo json_encode($_SERVER);";
/// Digests what it was sent.
const SUM: &str = "<?php header('Content-Type: text/plain'); $b = file_get_contents('php://input'); \
                   echo strlen($b), ' ', md5($b), ' ', $_SERVER['CONTENT_LENGTH'];";

fn before(fpm: &Fpm, upstream: &str) -> Gate {
    Gate::start(&fpm.toml(&fpm.site(), upstream))
}

#[test]
fn scripts_are_found_and_told_what_they_expect() {
    let fpm = Fpm::start("", &[("index.php", TELL), ("shop/index.php", TELL), ("a.php", TELL)]);
    let gate = before(&fpm, "");
    for (path, script, info) in [
        ("/", "/index.php", None),
        ("/shop/", "/shop/index.php", None),
        ("/a.php?q=1", "/a.php", None),
        ("/a.php/more/of/it", "/a.php", Some("/more/of/it")),
    ] {
        let response = gate.client().get(path);
        let told = response.json();
        assert_eq!(told["SCRIPT_NAME"], script, "{told}");
        assert_eq!(told["SCRIPT_FILENAME"], format!("{}{script}", fpm.site().display()), "{told}");
        assert_eq!(told["PATH_INFO"].as_str(), info, "{told}");
        assert_eq!((&told["REQUEST_URI"], &told["REMOTE_ADDR"]), (&path.into(), &"127.0.0.1".into()), "{told}");
        assert_eq!(told["PHP_SELF"], format!("{script}{}", info.unwrap_or_default()), "{told}");
        assert_eq!(response.field("x-request-id"), told["HTTP_X_REQUEST_ID"].as_str(), "{told}");
    }
}

#[test]
fn uploads_of_every_framing_and_size_arrive() {
    let fpm = Fpm::start(
        "php_admin_value[post_max_size] = 100M\nphp_admin_value[memory_limit] = 256M\n",
        &[("sum.php", SUM)],
    );
    let gate = before(&fpm, "");
    for size in [0, 1000, 3 << 20, 20 << 20] {
        let body = "0123456789abcdef".repeat(size / 16 + 1)[..size].to_owned();
        let chunk = format!("{size:x}\r\n{body}\r\n");
        let chunks = if size == 0 { "" } else { &chunk };
        let answers = [
            format!("Content-Length: {size}\r\n\r\n{body}"),
            format!("Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"),
        ]
        .map(|framed| {
            let mut client = gate.client();
            client.send_meanwhile(format!("POST /sum.php HTTP/1.1\r\nHost: a\r\n{framed}").into_bytes());
            client.response().text().to_owned()
        });
        assert!(
            answers[0].starts_with(&format!("{size} ")) && answers[0].ends_with(&format!(" {size}")),
            "{}",
            answers[0]
        );
        assert_eq!(answers[0], answers[1], "both framings mean the same");
    }
}

#[test]
fn a_large_answer_is_passed_on_whole() {
    let script = "<?php header('Content-Type: text/plain'); for ($i = 0; $i < 3000; $i++) { echo str_repeat('x', 1000); if ($i % 500 == 0) flush(); }";
    let fpm = Fpm::start("", &[("large.php", script)]);
    let response = before(&fpm, "").client().get("/large.php");
    assert!(response.is_complete() && response.body.len() == 3_000_000, "{} bytes came", response.body.len());
}

#[test]
fn a_fatal_error_is_explained_in_the_log() {
    let before_output = "<?php header('Content-Type: text/plain'); nope();";
    let behind_output = "<?php header('Content-Type: text/plain'); echo 'begun'; flush(); nope();";
    let endless = "<?php set_time_limit(1); while (1);";
    let fpm = Fpm::start("", &[("a.php", before_output), ("b.php", behind_output), ("c.php", endless)]);
    let gate = before(&fpm, "");
    for (path, status, words) in [
        ("/a.php", 500, "undefined function nope()"),
        ("/b.php", 200, "undefined function nope()"),
        ("/c.php", 500, "execution time"),
    ] {
        let response = gate.client().get(path);
        assert_eq!(response.status, status, "{path}: {response:?}");
        assert!(!response.text().contains("nope") && response.is_complete(), "{response:?}");
        let id = response.field("x-request-id").expect("an id").to_owned();
        gate.program_line(|line| line.contains(words) && line.contains(&id));
        let cause = gate.logged(path)["cause"].clone();
        assert_eq!(cause.as_str(), (status == 500).then_some("upstream-answered-error"), "{path}");
    }
}

#[test]
fn a_process_that_is_killed_never_leaves_a_whole_answer() {
    let silent = "<?php sleep(20);";
    let cut = "<?php header('Content-Type: text/plain'); echo str_repeat('d', 40000); flush(); sleep(20);";
    let fpm = Fpm::start("request_terminate_timeout = 1s", &[("silent.php", silent), ("cut.php", cut)]);
    let gate = before(&fpm, "");
    thread::scope(|scope| {
        scope.spawn(|| {
            let response = gate.client().post("/silent.php", "once");
            assert_eq!(response.status, 502, "{response:?}");
            let entry = gate.logged("/silent.php");
            assert_eq!(
                (&entry["cause"], &entry["delivered"]),
                (&"upstream-closed-no-response".into(), &"maybe".into())
            );
            let line = gate.program_line(|line| line.contains("/silent.php"));
            for said in [
                "silent for 1.",
                " s, then closed: looks like `request_terminate_timeout = 1s` of the pool",
                "execution timed out, terminating",
            ] {
                assert!(line.contains(said), "{line}");
            }
        });
        scope.spawn(|| {
            let response = gate.client().get("/cut.php");
            assert!(response.status == 200 && matches!(response.end, End::Cut | End::Reset), "{response:?}");
            let cause = gate.logged("/cut.php")["cause"].clone();
            assert!(cause == "body-truncated" || cause == "body-reset", "{cause}");
        });
    });
}

#[test]
fn what_php_does_not_find_or_may_not_run_is_passed_on_and_named() {
    let fpm = Fpm::start("", &[("index.php", TELL), ("note.txt", "text")]);
    let gate = before(&fpm, "");
    for (path, status, next) in
        [("/missing.php", 404, "no such file either"), ("/note.txt", 403, "security.limit_extensions")]
    {
        let response = gate.client().get(path);
        assert_eq!(response.status, status, "{response:?}");
        assert_eq!(gate.logged(path)["cause"], "fcgi-script-not-found", "{path}");
        gate.program_line(|line| line.contains("fcgi-script-not-found") && line.contains(path) && line.contains(next));
    }
    let elsewhere = Gate::start(&fpm.toml(Path::new("/nowhere/at/all"), ""));
    assert_eq!(elsewhere.client().get("/index.php").status, 404);
    elsewhere.program_line(|line| line.contains("does not see /nowhere/at/all") && line.contains("fastcgi.root"));
}

#[test]
fn a_full_pool_is_named_and_nothing_was_delivered() {
    let script =
        "<?php file_put_contents(dirname(__DIR__) . '/notes/' . $_GET['n'], 'x'); usleep(1500000); echo 'done';";
    let fpm = Fpm::start("pm.max_children = 1\nlisten.backlog = 1\n", &[("slow.php", script)]);
    let gate = before(&fpm, "timeouts = { connect = \"300ms\" }");
    let mut clients: Vec<_> = (0..6).map(|_| gate.client()).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        client.send(post(&format!("/slow.php?n={n}"), "once"));
    }
    let statuses: Vec<u16> = clients.iter_mut().map(|client| client.response().status).collect();
    assert!(statuses.contains(&200) && statuses.contains(&503), "{statuses:?}");
    for (n, status) in statuses.iter().enumerate() {
        assert_eq!(fpm.notes().join(n.to_string()).exists(), *status == 200, "{n}: {statuses:?}");
    }
    for entry in gate.log() {
        if entry["status"] == 503 {
            assert_eq!(
                (&entry["cause"], &entry["delivered"]),
                (&"connect-backlog-full".into(), &"no".into()),
                "{entry}"
            );
        }
    }
    gate.program_line(|line| line.contains("pm.max_children") && line.contains("listen.backlog"));
}

#[test]
fn a_restart_under_load_runs_no_post_twice() {
    let script = "<?php file_put_contents(dirname(__DIR__) . '/notes/' . $_GET['n'], 'x', FILE_APPEND); usleep(2000); echo 'ok';";
    let mut fpm = Fpm::start("", &[("note.php", script)]);
    let gate = before(&fpm, "");
    let ids = |range: std::ops::Range<usize>| {
        let mut client = gate.client();
        range.map(|n| (n, client.send(post(&format!("/note.php?n={n}"), "once")).response().status)).collect::<Vec<_>>()
    };
    let answers: Vec<(usize, u16)> = thread::scope(|scope| {
        let loads: Vec<_> = (0..4).map(|load| scope.spawn(move || ids(load * 150..(load + 1) * 150))).collect();
        thread::scope(|_| {
            fpm.end();
            fpm.run();
        });
        loads.into_iter().flat_map(|load| load.join().expect("a load ends")).collect()
    });
    let ran = |n: usize| fs::read(fpm.notes().join(n.to_string())).map_or(0, |marks| marks.len());
    assert!(answers.iter().all(|(n, status)| ran(*n) <= 1 && (*status != 200 || ran(*n) == 1)), "{answers:?}");
    assert!(answers.iter().any(|(_, status)| *status == 200), "{answers:?}");
    for entry in gate.log() {
        assert!(entry["status"] == 200 || entry["cause"].is_string(), "every failure has a cause: {entry}");
        let n = entry["path"].as_str().and_then(|path| path.split('=').next_back()?.parse().ok()).expect("a number");
        assert!(entry["delivered"] != "no" || ran(n) == 0, "what was not delivered did not run: {entry}");
    }
}

#[test]
fn a_client_that_leaves_ends_its_script() {
    let script = "<?php file_put_contents(dirname(__DIR__) . '/notes/begun', 'x'); \
                  for ($i = 0; $i < 200; $i++) { echo str_repeat('x', 100000); flush(); usleep(50000); } \
                  file_put_contents(dirname(__DIR__) . '/notes/ended', 'x');";
    let fpm = Fpm::start("pm.max_children = 1\n", &[("long.php", script), ("short.php", "<?php echo 'ok';")]);
    let gate = before(&fpm, "");
    let mut client = gate.client();
    client.send(get("/long.php"));
    client.read_until(b"xxxx");
    drop(client);
    // With one process only, the next request is served when the first one was given up.
    assert_eq!(gate.client().get("/short.php").text(), "ok");
    assert!(fpm.notes().join("begun").exists() && !fpm.notes().join("ended").exists());
}

#[test]
fn a_kept_connection_serves_request_after_request() {
    let fpm = Fpm::start("", &[("sum.php", SUM), ("fatal.php", "<?php nope();")]);
    let toml = fpm.toml(&fpm.site(), "").replace("fastcgi = { ", "fastcgi = { keep = 1, ");
    let gate = Gate::start(&toml);
    let mut client = gate.client();
    for n in 0..3 {
        assert_eq!(client.post(&format!("/sum.php?n={n}"), "abc").text().split(' ').next(), Some("3"));
        assert_eq!(client.get(&format!("/fatal.php?n={n}")).status, 500);
    }
    let reused = gate.log_line(|entry| entry["path"] == "/fatal.php?n=2")["attempts"][0]["reused"].clone();
    assert_eq!(reused, true);
}

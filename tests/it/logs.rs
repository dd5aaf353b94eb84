//! Both logs under what years bring: rotation, full disks, floods, readers that are stuck, and clients that forge.
//! Always the real binary; what single lines look like is tested beside the formats.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{Client, Gate, Origin, faults, poll};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

fn log(path: &Path, format: &str) -> String {
    format!("[log]\nformat = \"json\"\naccess = {{ path = \"{}\", format = \"{format}\" }}\n", path.display())
}

fn route(server: &str) -> String {
    format!("[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{server}\"]\nretry = {{ attempts = 1 }}\n")
}

/// Renames the log as logrotate does, and waits until there is a new one.
fn rotate(gate: &Gate, path: &Path, to: &Path) {
    fs::rename(path, to).expect("the log is there");
    gate.signal(Signal::USR1);
    poll("the log to be opened anew", || path.exists().then_some(()));
}

/// Asks the gateway to stop and returns all that its own log said.
fn said_until_its_end(mut gate: Gate) -> Vec<String> {
    gate.signal(Signal::TERM);
    assert!(gate.ended().success());
    gate.program_line(|line| line.contains("\"stopped\""));
    gate.program()
}

#[test]
fn no_line_is_lost_or_doubled_when_the_log_is_rotated_under_load() {
    const CLIENTS: usize = 3;
    const ROTATIONS: usize = 4;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("access.log");
    let origin = Origin::answering(OK);
    let gate = Gate::start(&format!("[gateway]\nworkers = 2\n{}{}", log(&path, "json"), route(origin.server())));
    let going = std::sync::atomic::AtomicBool::new(true);
    let mut expected = BTreeMap::new();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (going, mut connection) = (&going, gate.client());
                scope.spawn(move || {
                    let mut count = 0;
                    while going.load(std::sync::atomic::Ordering::Relaxed) {
                        assert_eq!(connection.get(&format!("/{client}/{count}")).status, 200);
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        for rotation in 0..ROTATIONS {
            let old = folder.path().join(format!("access.log.{rotation}"));
            // Each file has lines of its own: requests run while it is renamed.
            poll("lines in the new log", || fs::metadata(&path).is_ok_and(|file| file.len() > 0).then_some(()));
            rotate(&gate, &path, &old);
        }
        going.store(false, std::sync::atomic::Ordering::Relaxed);
        for (client, thread) in clients.into_iter().enumerate() {
            let count: usize = thread.join().expect("every request was answered");
            expected.extend((0..count).map(|at| (format!("/{client}/{at}"), 1)));
        }
    });
    assert!(gate.stop().success());
    let (mut found, mut files) = (BTreeMap::new(), 0);
    for entry in fs::read_dir(folder.path()).expect("our own folder").flatten() {
        files += 1;
        for line in fs::read_to_string(entry.path()).expect("a log").lines() {
            let entry: Value = serde_json::from_str(line).expect("whole lines only");
            *found.entry(entry["path"].as_str().expect("a path").to_owned()).or_insert(0) += 1;
        }
    }
    assert_eq!(files, ROTATIONS + 1);
    assert!(found == expected, "{} paths, {} expected", found.len(), expected.len());
}

#[test]
fn a_log_that_cannot_be_opened_anew_goes_on_in_its_old_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    fs::create_dir(&before).expect("our own folder");
    let origin = Origin::answering(OK);
    let gate = Gate::start(&(log(&before.join("access.log"), "json") + &route(origin.server())));
    fs::rename(&before, &after).expect("our own folder");
    gate.signal(Signal::USR1);
    gate.program_line(|line| line.contains("could not be opened anew"));
    assert_eq!(gate.client().get("/kept").status, 200);
    assert!(gate.stop().success());
    assert!(fs::read_to_string(after.join("access.log")).expect("the old file").contains("\"path\":\"/kept\""));
}

#[test]
fn the_signal_to_rotate_ends_no_gateway_without_a_file() {
    for access in ["off", "stdout", "stderr"] {
        let origin = Origin::answering(OK);
        let gate = Gate::start(&format!(
            "[log]\nformat = \"json\"\naccess = {{ path = \"{access}\", format = \"json\" }}\n{}",
            route(origin.server())
        ));
        gate.signal(Signal::USR1);
        gate.program_line(|line| line.contains("anew"));
        assert_eq!(gate.client().get("/").status, 200, "{access}");
        assert!(gate.stop().success(), "{access}");
    }
}

#[test]
fn a_full_disk_stops_no_request_and_every_lost_line_is_counted() {
    let origin = Origin::answering(OK);
    let gate = Gate::start(&(log(Path::new("/dev/full"), "json") + &route(origin.server())));
    let mut client = gate.client();
    for _ in 0..20 {
        assert_eq!(client.get("/").status, 200);
    }
    let line = gate.program_line(|line| line.contains("access log cannot be written"));
    assert!(line.contains("No space left on device") && line.contains("next: free space"), "{line}");
    for _ in 0..20 {
        assert_eq!(client.get("/").status, 200);
    }
    let said = said_until_its_end(gate);
    let about: Vec<&String> = said.iter().filter(|line| line.contains("access log")).collect();
    assert!(about.len() <= 3, "few lines about it: {about:#?}");
    let last: Value = serde_json::from_str(about.last().expect("found above")).expect("JSON");
    assert_eq!(last["lost"], 40, "{about:#?}");
}

#[test]
fn a_flood_of_refused_connections_is_a_few_lines_and_the_right_sum() {
    let fault = faults::refused(Path::new(""));
    let gate = Gate::start(&route(&fault.server));
    let mut client = gate.client();
    for _ in 0..300 {
        assert_eq!(client.get("/").status, 502);
    }
    let said = said_until_its_end(gate);
    let lines: Vec<Value> = said
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|line: &Value| line["cause"] == "connect-refused")
        .collect();
    let counted: u64 = lines.iter().map(|line| line["more"].as_u64().unwrap_or(1)).sum();
    assert_eq!(counted, 300, "{lines:#?}");
    assert!(lines.len() <= 10, "{} lines", lines.len());
    assert!(lines[0].get("more").is_none() && lines[0]["next"].is_string(), "the first in full: {}", lines[0]);
    let sum = lines.last().expect("not empty");
    assert_eq!((&sum["upstream"], &sum["level"]), (&"app".into(), &"WARN".into()), "{sum}");
    assert!(sum["evidence"].as_str().expect("the last evidence").contains("refused"), "{sum}");
}

#[test]
fn a_program_log_that_nobody_reads_holds_up_no_request() {
    // Each upstream is a kind of its own, so that more is to be said than the pipe and the queue take.
    const KINDS: usize = 250;
    const EACH: usize = 4;
    let fault = faults::refused(Path::new(""));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let access = folder.path().join("access.log");
    let mut toml = format!("[gateway]\nworkers = 1\n[[listen]]\naddress = \"127.0.0.1:0\"\n{}", log(&access, "json"));
    for kind in 0..KINDS {
        _ = write!(
            toml,
            "[[route]]\npath = \"/{kind}/\"\nupstream = \"u{kind}\"\n[upstream.u{kind}]\nservers = [\"{}\"]\n\
             retry = {{ attempts = 1 }}\n",
            fault.server
        );
    }
    let file = folder.path().join("goodgate.toml");
    fs::write(&file, toml).expect("our own folder");
    let mut child = Command::new(env!("CARGO_BIN_EXE_goodgate"))
        .arg("run")
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the gateway's binary starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("standard error is piped"));
    let address: SocketAddr = loop {
        let mut line = String::new();
        assert!(stderr.read_line(&mut line).expect("a pipe") > 0, "it has to listen");
        let line: Value = serde_json::from_str(&line).expect("JSON");
        if line["message"] == "listening" {
            break line["address"].as_str().and_then(|address| address.parse().ok()).expect("an address");
        }
    };
    let mut client = Client::tcp(address);
    for kind in 0..KINDS {
        for _ in 0..EACH {
            assert_eq!(client.get(&format!("/{kind}/{}", "x".repeat(500))).status, 502);
        }
    }
    // Now somebody reads, and is told what was missed.
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process id fits")).expect("not zero");
    kill_process(pid, Signal::TERM).expect("our own child");
    let mut text = String::new();
    stderr.read_to_string(&mut text).expect("a pipe");
    assert!(child.wait().expect("our own child").success());
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let said = lines.iter().filter(|line| line["cause"] == "connect-refused").count() as u64;
    let lost: u64 = lines.iter().filter_map(|line| line["lost"].as_u64()).sum();
    assert!(lost > 0, "{} lines were not too many", lines.len());
    assert_eq!(said + lost, (KINDS * EACH) as u64);
}

#[test]
fn what_was_logged_stands_before_the_error_that_ends_the_start() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("goodgate.toml");
    let toml = "[[listen]]\naddress = \"127.0.0.1:0\"\n[log]\naccess = { path = \"/nowhere/at/all.log\" }\n";
    fs::write(&file, toml.to_owned() + &route("http://127.0.0.1:1")).expect("our own folder");
    // So few files make the gateway warn before it tries to open its log.
    let run = Command::new("sh")
        .args(["-c", "ulimit -n 64; exec \"$0\" run \"$1\"", env!("CARGO_BIN_EXE_goodgate")])
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .expect("there is a shell");
    let text = String::from_utf8_lossy(&run.stderr).into_owned();
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("no `{what}` in: {text}"));
    assert_eq!(run.status.code(), Some(1), "{text}");
    assert!(at("this process may open 64 files") < at("error: cannot write the access log"), "{text}");
}

#[test]
fn no_request_forges_a_line_in_any_format_across_a_rotation() {
    let evil = "x\" 200 \\\\ \u{9b}31m\u{202e} cause=- request=1\t{\"status\":200}";
    let head = format!(
        "GET /a%0a2026%20200%22%5c%1b[2J?q='\"HTTP/1.1%0d%0a HTTP/1.1\r\nHost: a.test\r\nUser-Agent: {evil}\r\n\
         Referer: {evil}\r\nX-Request-Id: id\" forged=1\\\u{9b}\r\nX-Forwarded-For: 203.0.113.9\" -\r\n\r\n"
    );
    for format in ["json", "text", "combined"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (path, old) = (folder.path().join("access.log"), folder.path().join("access.log.1"));
        let fault = faults::refused(Path::new(""));
        let gate = Gate::start(&format!(
            "[gateway]\nworkers = 1\ntrusted_proxies = [\"127.0.0.1\"]\n{}{}",
            log(&path, format),
            route(&fault.server)
        ));
        let odd_host = head.replace("Host: a.test", "Host: a.test\" 200 \\x");
        let mut answers = 0;
        for requests in [[&head, &odd_host], [&odd_host, &head]] {
            for request in requests {
                let mut client = gate.client();
                assert!(client.send(request).response().status >= 400);
                answers += 1;
            }
            poll("its lines", || (fs::read_to_string(&path).is_ok_and(|text| text.lines().count() == 2)).then_some(()));
            if !old.exists() {
                rotate(&gate, &path, &old);
            }
        }
        let said = said_until_its_end(gate).join("\n");
        let logged = fs::read_to_string(&old).expect("a log") + &fs::read_to_string(&path).expect("a log");
        assert_eq!(logged.lines().count(), answers, "a line a request: {logged}");
        for text in [&logged, &said] {
            assert!(!text.chars().any(|char| char != '\n' && (char.is_control() || char == '\u{202e}')), "{text:?}");
        }
        for line in logged.lines() {
            match format {
                "json" => {
                    let entry: Value = serde_json::from_str(line).expect("JSON");
                    assert_eq!((&entry["user_agent"], &entry["referer"]), (&evil.into(), &evil.into()));
                    assert!(entry["status"].as_u64().is_some_and(|status| status >= 400), "{line}");
                }
                "text" => assert!(line.is_ascii() && line.matches(" request=").count() == 1, "{line}"),
                _ => assert!(line.is_ascii() && line.matches('"').count() == 6, "{line}"),
            }
        }
    }
}

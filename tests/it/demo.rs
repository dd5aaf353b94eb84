//! The demo as a newcomer meets it: the real binary, its index page, and every scene seen the way the page says.
//! Scenes with a link are asked by raw requests, the others by the very command that the page shows, which needs curl.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{Client, apps::kill, gate::run, poll};

/// A running demo; killed when dropped.
struct Demo {
    child: Child,
    address: SocketAddr,
    lines: Arc<Mutex<Vec<String>>>,
    /// Its temporary files, which it cannot take away itself when it is killed.
    folder: TempDir,
}

/// What the index page says of a scene.
#[derive(Debug)]
struct Entry {
    cause: String,
    /// The three digits.
    status: String,
    delivered: String,
    way: Way,
    posts: bool,
}

#[derive(Debug)]
enum Way {
    Link(String),
    Command(String),
}

impl Demo {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut child = Command::new(env!("CARGO_BIN_EXE_goodgate"))
            .args(["demo", "--address", "127.0.0.1:0"])
            .args(more)
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the demo starts");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let collect = |pipe: Box<dyn std::io::Read + Send>| {
            let lines = Arc::clone(&lines);
            thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    lines.lock().expect("not poisoned").push(line);
                }
            });
        };
        collect(Box::new(child.stdout.take().expect("standard output is piped")));
        collect(Box::new(child.stderr.take().expect("standard error is piped")));
        let address = poll("the demo to listen", || {
            let lines = lines.lock().expect("not poisoned");
            let line = lines.iter().find(|line| line.contains(" INFO listening "))?;
            Some(line.rsplit('=').next()?.parse().expect("an address"))
        });
        Self { child, address, lines, folder }
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("not poisoned").clone()
    }

    /// The whole answer to a request, up to the end of the connection.
    fn ask(&self, method: &str, path: &str) -> String {
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: demo\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        Client::tcp(self.address).send(request).everything()
    }

    /// The line of the access log about `entry`.
    fn logged(&self, entry: &Entry) -> String {
        let cause = format!(" cause={} ", entry.cause);
        let fits = |line: &&String| match &entry.way {
            Way::Link(path) => line.contains(&format!(" demo{path} ")) && line.contains(&cause),
            // What is refused early has no path of a scene.
            Way::Command(_) => line.contains(&cause),
        };
        poll(&format!("the log to say{cause}of {:?}", entry.way), || self.lines().iter().find(fits).cloned())
    }

    /// The answer that a reload of `path` gets: the first visit is answered well, the next is reset on the kept connection.
    /// Where a busy machine lets the upstream take long for that, the reset is not taken for a lost race; then all again.
    fn reload(&self, path: &str) -> String {
        poll("a reload that is reset at once", || {
            let first = self.ask("GET", path);
            assert!(first.contains("Now reload this page."), "{first}");
            let answer = self.ask("GET", path);
            let id = between(&answer, "x-request-id: ", "\r\n").expect("an answer has an id");
            let logged = || self.lines().into_iter().find(|line| line.ends_with(&format!(" request={id}")));
            let line = poll("the log to have the reload", logged);
            let late = line.contains(" cause=upstream-reset-no-response ");
            (!late).then_some(answer)
        })
    }

    fn see(&self, entry: &Entry) {
        match &entry.way {
            Way::Link(path) => {
                let answer = match entry.cause.as_str() {
                    "send-reset-reused" => self.reload(path),
                    _ => self.ask("GET", path),
                };
                let status = format!("HTTP/1.1 {} ", entry.status);
                assert!(answer.starts_with(&status), "{path} promised {}: {answer}", entry.status);
                // The kept connection was used up above, so that a POST on it would go well.
                if entry.posts && entry.delivered == "maybe" && entry.cause != "send-reset-reused" {
                    let answer = self.ask("POST", path);
                    assert!(answer.contains("Check before you send it again"), "a POST to {path}: {answer}");
                }
            }
            Way::Command(command) => {
                let mut shell = Command::new("sh");
                // curl would send it elsewhere.
                shell.env_remove("http_proxy").env_remove("all_proxy").env_remove("ALL_PROXY");
                let run = shell.args(["-c", command]).stdin(Stdio::null()).output().expect("there is a shell");
                let said = String::from_utf8_lossy(&run.stderr).into_owned();
                assert!(!said.contains("not found"), "a newcomer cannot run {command}: {said}");
            }
        }
        let line = self.logged(entry);
        assert!(line.contains(&format!(" delivered={} ", entry.delivered)), "{} promised: {line}", entry.delivered);
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- the demo said:\n{}", self.lines().join("\n"));
        }
    }
}

/// What stands between the first `start` and the `end` behind it.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let from = text.split_once(start)?.1;
    Some(from.split_once(end)?.0)
}

/// The scenes of the index page, those without a way to see them left out.
fn entries(page: &str) -> Vec<Entry> {
    let found = page.split("<li>").skip(1).filter_map(|item| {
        let way = match (between(item, "href=\"", "\""), between(item, "<pre>", "</pre>")) {
            (Some(link), _) => Way::Link(link.to_owned()),
            (None, Some(command)) => {
                Way::Command(command.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
            }
            (None, None) => return None,
        };
        let facts = between(item, "class=\"facts\">", "</p>").expect("a scene has facts");
        let digits = facts.find(|c: char| c.is_ascii_digit()).map_or("", |at| &facts[at..at + 3]);
        Some(Entry {
            cause: between(item, "<code>", "</code>").expect("a scene has a cause").to_owned(),
            status: digits.to_owned(),
            delivered: between(facts, "delivered: ", "<").expect("a scene has a verdict").to_owned(),
            way,
            posts: item.contains("method=\"post\""),
        })
    });
    found.collect()
}

#[test]
fn every_scene_of_the_demo_shows_the_cause_that_the_index_page_promises() {
    let demo = Demo::start();
    let page = demo.ask("GET", "/");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("broken on purpose"), "{page}");
    let entries = entries(&page);
    assert!(entries.len() > 50, "{} scenes on the page", entries.len());
    let greeting = demo.lines().join("\n");
    assert!(greeting.contains(&format!("http://{}/", demo.address)), "the greeting names the address: {greeting}");
    assert!(!greeting.contains("WARN"), "a newcomer is not greeted with a warning: {greeting}");
    thread::scope(|scope| {
        for entry in &entries {
            scope.spawn(|| demo.see(entry));
        }
    });
}

#[test]
fn with_a_real_php_fpm_its_scenes_show_what_the_index_page_promises_and_it_ends_with_the_demo() {
    let mut demo = Demo::start_with(&["--php"]);
    let page = demo.ask("GET", "/");
    let part = between(&page, "<h2>The real PHP-FPM</h2>", "</ul>").expect("a part of its own");
    assert!(part.contains("href=\"/php-good/\""), "{part}");
    assert!(demo.ask("GET", "/php-good/").contains("A good page by PHP 8"));
    let entries = entries(part);
    assert!(entries.len() >= 5, "{} scenes in {part}", entries.len());
    thread::scope(|scope| {
        for entry in &entries {
            scope.spawn(|| demo.see(entry));
        }
    });
    for said in [
        "undefined function no_such_function()",
        "looks like `request_terminate_timeout = 1s`",
        "2 of 3 processes were idle",
        "active processes 1 of 1",
    ] {
        poll(&format!("the log to say {said}"), || demo.lines().iter().any(|line| line.contains(said)).then_some(()));
    }
    let folder = demo.folder.path().to_owned();
    kill(demo.child.id(), Signal::TERM);
    assert!(demo.child.wait().expect("our own child").success());
    // Its socket lies in a folder that goes last.
    assert_eq!(std::fs::read_dir(folder).expect("our own folder").count(), 0, "nothing is left behind");
}

#[test]
fn a_demo_whose_address_is_taken_says_how_to_choose_another() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let (code, out, err) = run(&["demo", "--address", &address]);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains(&format!("cannot listen on {address}")) && err.contains("--address 127.0.0.1:0"), "{err}");
}

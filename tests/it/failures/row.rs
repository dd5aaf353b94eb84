//! One row of the failure tests: what is done to the gateway, and everything that has to follow.
//! Status, public class and token of a cause come from `causes.txt`; a row adds what depends on the case.

use std::{fmt::Write as _, fs, os::unix::fs::PermissionsExt, path::Path, thread};

use serde_json::Value;

use crate::support::{
    Client, End, Gate, Origin, Response, Step,
    client::{get, post},
    faults::Fault,
    gate::Under,
    names::Names,
};

/// What is true of a cause everywhere.
pub struct Fact {
    pub id: &'static str,
    /// Of the answer while none was sent yet.
    pub status: Option<u16>,
    /// What the public is told.
    pub class: &'static str,
    /// The error of Proxy-Status.
    pub token: &'static str,
}

/// `causes.txt`: id, status, class, token.
pub fn table() -> Vec<Fact> {
    let lines = include_str!("causes.txt").lines();
    lines
        .map(|line| {
            let mut words = line.split(' ');
            let mut word = || words.next().expect("four words a line");
            Fact { id: word(), status: word().parse().ok(), class: word(), token: word() }
        })
        .collect()
}

/// The upstream of a row.
pub enum Upstream {
    /// Plays this script on every connection.
    Script(Vec<Step>),
    /// Plays this script of FastCGI on every connection.
    Records(Vec<Step>),
    /// Cannot be connected to.
    Fault(fn(&Path) -> Fault),
    /// Is looked up at a scripted name server.
    Name(&'static str),
    /// Its servers are looked up at a scripted name server.
    Service(&'static str),
    /// Is looked up at a name server that is not there.
    Nameless,
}

/// What the client gets.
#[derive(Clone, Copy)]
enum Answer {
    /// The gateway's own answer.
    Own,
    /// The upstream's answer with this status, whole.
    Passes(u16),
    /// The upstream's answer with this status, visibly broken.
    Breaks(u16),
}

pub struct Row {
    cause: &'static str,
    upstream: Upstream,
    tables: String,
    route: String,
    options: String,
    request: Vec<u8>,
    primed: bool,
    readable: bool,
    other_user: bool,
    answer: Answer,
    delivered: &'static str,
    seen: Option<usize>,
}

/// A GET that fails with `cause` because of `upstream`, sent once.
pub fn row(cause: &'static str, upstream: Upstream) -> Row {
    Row {
        cause,
        upstream,
        tables: String::new(),
        route: "upstream = \"app\"".into(),
        options: String::new(),
        request: get("/row").into_bytes(),
        primed: false,
        readable: true,
        other_user: false,
        answer: Answer::Own,
        delivered: "no",
        seen: None,
    }
}

impl Row {
    pub fn cause(&self) -> &'static str {
        self.cause
    }

    /// These bytes instead of the GET.
    pub fn request(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.request = bytes.into();
        self
    }

    /// A small POST instead of the GET.
    pub fn post(self) -> Self {
        self.request(post("/row", "hello"))
    }

    /// Whole tables of the configuration.
    pub fn tables(mut self, toml: &str) -> Self {
        self.tables = toml.into();
        self
    }

    /// Lines of the route, instead of its upstream.
    pub fn route(mut self, toml: &str) -> Self {
        self.route = toml.into();
        self
    }

    /// Lines of the upstream.
    pub fn options(mut self, toml: &str) -> Self {
        self.options = toml.into();
        self
    }

    /// A good exchange comes first, so that the upstream's connection is a kept one.
    pub fn primed(mut self) -> Self {
        self.primed = true;
        self
    }

    /// The gateway cannot read what formats the client takes.
    pub fn unreadable(mut self) -> Self {
        self.readable = false;
        self
    }

    /// The gateway runs as somebody without rights.
    pub fn without_rights(mut self) -> Self {
        self.other_user = true;
        self
    }

    /// The upstream's answer goes through.
    pub fn passes(mut self, status: u16) -> Self {
        self.answer = Answer::Passes(status);
        self
    }

    /// The upstream's answer breaks before the client's eyes.
    pub fn breaks(mut self, status: u16) -> Self {
        self.answer = Answer::Breaks(status);
        self
    }

    /// The verdict.
    pub fn delivered(mut self, verdict: &'static str) -> Self {
        self.delivered = verdict;
        self
    }

    /// How many requests the upstream has seen.
    pub fn seen(mut self, requests: usize) -> Self {
        self.seen = Some(requests);
        self
    }

    fn check(&self) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("our own folder");
        let (mut origin, mut fault, mut names) = (None, None, None);
        let mut options = self.options.clone();
        let server = match &self.upstream {
            Upstream::Script(script) => origin.insert(Origin::always(script.clone())).server().to_owned(),
            Upstream::Records(script) => {
                options.push_str("\nfastcgi = { root = \"/srv\" }");
                origin.insert(Origin::fastcgi(script.clone())).server().to_owned()
            }
            Upstream::Fault(make) => fault.insert(make(folder.path())).server.clone(),
            Upstream::Name(name) => {
                let address = names.insert(Names::start()).address;
                let _ = write!(options, "\ndns = {{ servers = [\"{address}\"] }}");
                format!("http://{name}:80")
            }
            Upstream::Service(name) => {
                let address = names.insert(Names::start()).address;
                let _ = write!(options, "\ndns = {{ servers = [\"{address}\"] }}");
                format!("http+srv:{name}")
            }
            Upstream::Nameless => {
                let address = crate::support::faults::no_name_server();
                let _ = write!(options, "\ndns = {{ servers = [\"{address}\"] }}");
                "http://good.example:80".into()
            }
        };
        let (tables, route) = (&self.tables, &self.route);
        let user = (self.other_user && rustix::process::getuid().is_root()).then_some(65534);
        let gate = Gate::start_under(
            Under { user, ..Under::default() },
            &format!(
                "{tables}\n[[route]]\n{route}\n[upstream.app]\nservers = [\"{server}\"]\n\
                 retry = {{ attempts = 1 }}\n{options}\n"
            ),
        );
        let mut client = gate.client();
        if self.primed {
            assert_eq!(client.get("/prime").status, 200, "the first exchange is good");
            gate.logged("/prime");
        }
        client.send_meanwhile(self.request.clone());
        let response = client.response();
        let entry = gate.log_line(|entry| entry["path"] != "/prime");
        self.check_log(&entry);
        self.check_answer(&response, &entry, &mut client);
        if let Some(seen) = self.seen {
            let requests = origin.as_ref().map_or(0, |origin| origin.requests().len());
            assert_eq!(requests, seen, "requests that the upstream saw");
        }
        assert!(names.is_none_or(|names| names.questions() > 0), "the name server was asked");
    }

    fn check_log(&self, entry: &Value) {
        assert_eq!(entry["cause"], self.cause, "the logged cause in {entry}");
        assert_eq!(entry["delivered"], self.delivered, "the logged verdict in {entry}");
        assert!(entry["phase"].is_string() && entry["blame"].is_string(), "phase and blame in {entry}");
    }

    fn check_answer(&self, response: &Response, entry: &Value, client: &mut Client) {
        let fact = table().into_iter().find(|fact| fact.id == self.cause).expect("a known cause");
        let status = match self.answer {
            Answer::Own => fact.status.expect("a cause with an answer of its own has a status"),
            Answer::Passes(status) | Answer::Breaks(status) => status,
        };
        assert_eq!(response.status, status, "{response:?}");
        assert_eq!(entry["status"], status, "the logged status in {entry}");
        match self.answer {
            Answer::Own => self.check_own(&fact, response, entry),
            Answer::Passes(_) => assert!(response.is_complete(), "{response:?}"),
            Answer::Breaks(_) => {
                assert!(matches!(response.end, End::Cut | End::Reset), "the client must see the break: {response:?}");
            }
        }
        if response.field("connection") == Some("close") || matches!(self.answer, Answer::Breaks(_)) {
            assert!(client.is_closed(), "the connection ends as announced");
        }
    }

    fn check_own(&self, fact: &Fact, response: &Response, entry: &Value) {
        assert_eq!(response.end, End::Complete, "{response:?}");
        let member = response.proxy_status().unwrap_or_else(|| panic!("no Proxy-Status: {response:?}"));
        let parameter = |name: &str| member.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        assert_eq!(member[0].0, "goodgate", "{member:?}");
        assert_eq!(parameter("error"), Some(fact.token), "{member:?}");
        assert_eq!(parameter("delivered"), Some(self.delivered), "{member:?}");
        assert_eq!(response.field("cache-control"), Some("no-store"), "{response:?}");
        assert_eq!(response.field("x-content-type-options"), Some("nosniff"), "{response:?}");
        assert_eq!(response.field("x-request-id"), entry["request_id"].as_str(), "{response:?} {entry}");
        for name in ["content-length", "content-type", "content-language", "vary", "date", "content-security-policy"] {
            assert!(response.field(name).is_some(), "{name} is missing: {response:?}");
        }
        if self.readable {
            let problem = response.json();
            assert_eq!(response.field("content-type"), Some("application/problem+json"), "{response:?}");
            assert_eq!(problem["cause"], fact.class, "{problem}");
            assert_eq!(problem["status"], response.status, "{problem}");
            assert_eq!(problem["delivered"], self.delivered, "{problem}");
            assert_eq!(problem["request_id"], entry["request_id"], "{problem}");
        }
    }
}

/// Checks all rows, a few at a time, and fails with all that do not hold.
pub fn check(rows: &[Row]) {
    let mut failed = Vec::new();
    for few in rows.chunks(4) {
        thread::scope(|scope| {
            let started: Vec<_> = few.iter().map(|row| (row, scope.spawn(|| row.check()))).collect();
            for (row, thread) in started {
                if let Err(reason) = thread.join() {
                    failed.push(format!("{}: {}", row.cause, text(reason.as_ref())));
                }
            }
        });
    }
    assert!(failed.is_empty(), "{} of {} rows do not hold:\n{}", failed.len(), rows.len(), failed.join("\n\n"));
}

fn text(reason: &(dyn std::any::Any + Send)) -> String {
    let owned = reason.downcast_ref::<String>().cloned();
    owned.or_else(|| reason.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

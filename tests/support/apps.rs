//! Real application servers as upstreams: Node and Gunicorn as child processes that say what they see.
//! Like the gateway they are ended by their process id; where the program is missing the test fails and says how to get it.

use std::{
    io::{BufRead, BufReader, ErrorKind},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
};

use rustix::process::{Pid, Signal, kill_process};

use super::{gate::Lines, poll};

/// A running application; ended when dropped.
pub struct App {
    child: Child,
    /// What it said on standard output.
    lines: Arc<Lines>,
}

/// Whether a Node application exits when it is told to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// It does.
    Mortal,
    /// It answers instead.
    Immortal,
}

impl App {
    /// Node on `address`; port 0 is a free one.
    pub fn node(kind: Node, address: &str, port: u16) -> Self {
        let mut command = Command::new("node");
        command.arg(format!("{}/node.js", folder())).args([address, &port.to_string()]);
        command.env("MORTAL", if kind == Node::Mortal { "yes" } else { "no" });
        Self::start(command, "nodejs")
    }

    /// Gunicorn on the Unix socket `path`: one worker process with threads, so that it can stream and answer at once.
    pub fn gunicorn(path: &Path) -> Self {
        let mut command = Command::new("gunicorn");
        command.args(["--worker-class", "gthread", "--threads", "8", "--keep-alive", "5", "--graceful-timeout", "1"]);
        command.args(["--log-level", "warning", "--chdir", &folder()]);
        command.arg("--config").arg(format!("{}/wsgi.py", folder()));
        command.arg("--bind").arg(format!("unix:{}", path.display())).arg("wsgi:application");
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        Self::start(command, "gunicorn")
    }

    fn start(mut command: Command, package: &str) -> Self {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => panic!(
                "`{program}` is not installed, and this test needs the real one: run `apt-get install {package}`, \
                 or tests/run, which does so"
            ),
            _ => panic!("`{program}` does not start: {error}"),
        });
        let lines = Arc::new(Lines::default());
        let pipe = child.stdout.take().expect("standard output is piped");
        thread::spawn({
            let lines = Arc::clone(&lines);
            move || {
                BufReader::new(pipe).lines().map_while(Result::ok).for_each(|line| lines.push(line));
                lines.close();
            }
        });
        let app = Self { child, lines };
        app.said("LISTENING");
        app
    }

    /// Waits for the first line that starts so, and gives what follows in it.
    pub fn said(&self, start: &str) -> String {
        let found = |lines: &[String]| lines.iter().find_map(|line| line.strip_prefix(start)).map(str::to_owned);
        self.lines.wait(&format!("line {start:?} of the application"), found).trim().to_owned()
    }

    /// How many lines so far start so.
    pub fn count(&self, start: &str) -> usize {
        self.lines.all().iter().filter(|line| line.starts_with(start)).count()
    }

    /// The port that a Node application listens on.
    pub fn port(&self) -> u16 {
        self.said("LISTENING").parse().expect("Node says its port")
    }

    /// Sends a signal and waits until the process is gone.
    pub fn end(&mut self, signal: Signal) {
        self.signal(signal);
        let child = &mut self.child;
        poll("the application to end", || child.try_wait().expect("our own child can be waited for"));
    }

    fn signal(&self, signal: Signal) {
        kill(self.child.id(), signal);
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // Gunicorn ends its workers on SIGTERM; nothing would tell them after a SIGKILL. Node just ends.
            self.end(Signal::TERM);
        }
    }
}

/// Sends a signal to a process of an application.
pub fn kill(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a process id fits")).expect("not zero");
    kill_process(pid, signal).expect("the process is there");
}

/// The bytes that tests and applications agree on: lines of eight digits.
pub fn pattern(length: usize) -> Vec<u8> {
    (0_usize..).flat_map(|line| format!("{line:08x}\n").into_bytes()).take(length).collect()
}

fn folder() -> String {
    format!("{}/tests/support/apps", env!("CARGO_MANIFEST_DIR"))
}

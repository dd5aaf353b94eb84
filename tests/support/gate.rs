//! The gateway under test: the real binary as a child process with a configuration of its own.
//! Its standard error and its access log are kept and can be waited for.

use std::{
    fs::{self, Permissions},
    io::{BufRead, BufReader},
    net::SocketAddr,
    os::unix::{
        fs::PermissionsExt,
        process::{CommandExt, ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Instant,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::{Client, PATIENCE, poll};

/// A running gateway; killed when dropped.
pub struct Gate {
    child: Child,
    addresses: Vec<String>,
    stderr: Arc<Lines>,
    folder: TempDir,
}

/// Under what the gateway is started.
#[derive(Default, Clone, Copy)]
pub struct Under {
    /// `ulimit -n`, where it is not inherited.
    pub descriptors: Option<u32>,
    /// The user and group it runs as, where it is not ours.
    pub user: Option<u32>,
}

impl Gate {
    /// Starts the gateway with `toml`: routes and upstreams; the rest is added where `toml` does not say it.
    pub fn start(toml: &str) -> Self {
        Self::start_under(Under::default(), toml)
    }

    /// The same under a limit or as another user.
    pub fn start_under(under: Under, toml: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = write_config(folder.path(), toml);
        let mut command = command(under, folder.path());
        command.arg("run").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the gateway's binary starts");
        let stderr = Arc::new(Lines::default());
        let pipe = child.stderr.take().expect("standard error is piped");
        thread::spawn({
            let lines = Arc::clone(&stderr);
            move || {
                BufReader::new(pipe).lines().map_while(Result::ok).for_each(|line| lines.push(line));
                lines.close();
            }
        });
        let expected = fs::read_to_string(&file).expect("just written").matches("[[listen]]").count();
        let addresses = stderr.wait("every listener to say `listening`", |lines| {
            let found: Vec<String> = lines.iter().filter_map(|line| listening(line)).collect();
            (found.len() >= expected).then_some(found)
        });
        Self { child, addresses, stderr, folder }
    }

    /// The first TCP listener.
    pub fn address(&self) -> SocketAddr {
        let mut tcp = self.addresses.iter().filter_map(|address| address.parse().ok());
        tcp.next().expect("a TCP listener")
    }

    /// A new connection of a client.
    pub fn client(&self) -> Client {
        Client::tcp(self.address())
    }

    /// The process, for tests that look at it.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the gateway has accepted the client's connection and read all that it sent.
    pub fn has_read(&self, client: &Client) {
        let ends = [format!(":{:04X}", self.address().port()), format!(":{:04X}", client.port())];
        poll("the gateway to read a request", || {
            let table = fs::read_to_string("/proc/net/tcp").expect("Linux lists its connections");
            let rows = table.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
            let mut ours = rows.filter(|row| row.len() > 9 && row[1].ends_with(&ends[0]) && row[2].ends_with(&ends[1]));
            // A connection that nobody has accepted yet belongs to no file.
            ours.next().filter(|row| row[4].ends_with(":00000000") && row[9] != "0").map(drop)
        });
    }

    /// The first access log entry that fits.
    pub fn log_line(&self, fits: impl Fn(&Value) -> bool) -> Value {
        let file = self.folder.path().join("access.log");
        poll("an access log entry", || entries(&file).into_iter().find(&fits)).clone()
    }

    /// The access log entry of a path.
    pub fn logged(&self, path: &str) -> Value {
        self.log_line(|entry| entry["path"] == path)
    }

    /// Every access log entry so far.
    pub fn log(&self) -> Vec<Value> {
        entries(&self.folder.path().join("access.log"))
    }

    /// Waits for a line of the program's own log.
    pub fn program_line(&self, fits: impl Fn(&str) -> bool) -> String {
        self.stderr.wait("a line of the program's log", |lines| lines.iter().find(|line| fits(line)).cloned())
    }

    /// The program's own log so far.
    pub fn program(&self) -> Vec<String> {
        self.stderr.all()
    }

    /// Sends a signal to the gateway.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id fits")).expect("not zero");
        kill_process(pid, signal).expect("the gateway is our child and not yet reaped");
    }

    /// Waits for the gateway to end.
    pub fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        poll("the gateway to end", || child.try_wait().expect("our own child can be waited for"))
    }

    /// Asks the gateway to stop and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Ok(Some(status)) = self.child.try_wait()
            && status.core_dumped()
        {
            eprintln!("the gateway dumped core: {status}");
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- the gateway said:\n{}", self.stderr.all().join("\n"));
        }
    }
}

/// Runs the binary to its end: exit code, standard output, standard error.
pub fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_goodgate"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the gateway's binary starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

fn command(under: Under, folder: &Path) -> Command {
    let mut binary = PathBuf::from(env!("CARGO_BIN_EXE_goodgate"));
    if under.user.is_some() {
        // Another user may not be able to reach the build folder, and must be able to write the log.
        let copy = folder.join("goodgate");
        fs::copy(&binary, &copy).expect("the binary can be copied");
        binary = copy;
        let log = folder.join("access.log");
        fs::write(&log, "").expect("the log can be made");
        fs::set_permissions(&log, Permissions::from_mode(0o666)).expect("our own file");
        fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("our own folder");
    }
    let mut command = match under.descriptors {
        Some(limit) => {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(format!("ulimit -n {limit}; exec \"$0\" \"$@\"")).arg(binary);
            shell
        }
        None => Command::new(binary),
    };
    if let Some(user) = under.user {
        command.uid(user).gid(user);
    }
    command
}

/// Writes `toml` with what it leaves out: one listener, one worker, JSON logs.
fn write_config(folder: &Path, toml: &str) -> PathBuf {
    let mut text = String::new();
    let mut unless = |table: &str, lines: String| {
        if !toml.contains(table) {
            text.push_str(&lines);
        }
    };
    unless("[gateway]", "[gateway]\nworkers = 1\n".into());
    unless("[[listen]]", "[[listen]]\naddress = \"127.0.0.1:0\"\n".into());
    let log = folder.join("access.log");
    unless(
        "[log]",
        format!("[log]\nformat = \"json\"\naccess = {{ path = \"{}\", format = \"json\" }}\n", log.display()),
    );
    let file = folder.join("goodgate.toml");
    fs::write(&file, text + toml).expect("the configuration can be written");
    file
}

/// The address that a line of the program's log announces.
fn listening(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = if line["fields"].is_object() { &line["fields"] } else { &line };
    (fields["message"] == "listening").then(|| fields["address"].as_str().unwrap_or_default().to_owned())
}

fn entries(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap_or_default();
    // A line that is being written has no end yet.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| serde_json::from_str(line).expect("every line of the access log is JSON")).collect()
}

/// Lines that a thread collects and tests wait for.
#[derive(Default)]
pub(super) struct Lines {
    state: Mutex<(Vec<String>, bool)>,
    changed: Condvar,
}

impl Lines {
    pub(super) fn push(&self, line: String) {
        self.state.lock().expect("not poisoned").0.push(line);
        self.changed.notify_all();
    }

    pub(super) fn close(&self) {
        self.state.lock().expect("not poisoned").1 = true;
        self.changed.notify_all();
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.state.lock().expect("not poisoned").0.clone()
    }

    pub(super) fn wait<T>(&self, what: &str, look: impl Fn(&[String]) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state.lock().expect("not poisoned");
        loop {
            if let Some(found) = look(&state.0) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!state.1 && !left.is_zero(), "no {what}; this is what was said:\n{}", state.0.join("\n"));
            state = self.changed.wait_timeout(state, left).expect("not poisoned").0;
        }
    }
}

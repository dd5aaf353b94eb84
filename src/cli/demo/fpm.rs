//! The real PHP-FPM of `goodgate demo --php`: found on this machine, run with pools and scripts of its own, ended with the
//! demo. The scenes in `scenes/real_php.rs` name the pools and their scripts.

use std::{
    env,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Instant,
};

use rustix::process::{Pid, Signal, geteuid, kill_process};

use super::scenes::PHP;
use crate::limits;

/// Where distributions put it, if not into a folder of PATH.
const FOLDERS: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];
/// What to say where there is none.
pub(super) const MISSING: &str = "error: `goodgate demo --php` needs PHP-FPM, and there is no php-fpm in PATH nor in \
                                  /usr/sbin\n  next: `apt-get install php-fpm` (Debian, Ubuntu) or `dnf install php-fpm` \
                                  (Fedora); without it `goodgate demo` shows the same failures with an emulator";
/// What a page that works says.
const GOOD: &str = "<?php header('Content-Type: text/plain; charset=utf-8');
echo \"A good page by PHP \", PHP_VERSION, \".\\nIt knows the request by the id \", $_SERVER['HTTP_X_REQUEST_ID'], \".\\n\";
";

/// A pool, by the name of its socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pool {
    /// Has processes enough.
    Roomy,
    /// Ends scripts that take longer than a second.
    Strict,
    /// Has one process.
    Narrow,
    /// Has a socket that nobody may open.
    Closed,
}

/// A running PHP-FPM; ended when dropped.
pub(super) struct Fpm {
    child: Child,
    folder: PathBuf,
}

/// The newest `php-fpm` of this machine.
pub(super) fn find() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    newest(env::split_paths(&path).chain(FOLDERS.map(PathBuf::from)))
}

fn newest(folders: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let named = |file: &Path| {
        let version = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix("php-fpm"));
        version.is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
    };
    let files = folders.filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten().map(|entry| entry.path());
    files.filter(|file| named(file) && file.is_file()).max_by_key(|file| file.file_name().map(ToOwned::to_owned))
}

impl Fpm {
    /// Starts `program` with everything below `folder`, and waits until it listens.
    pub(super) fn start(program: &Path, folder: &Path) -> io::Result<Self> {
        let site = folder.join("site");
        let good = ("php-good", GOOD);
        for (name, script) in PHP.iter().filter_map(|scene| Some((scene.name, scene.script?))).chain([good]) {
            let place = site.join(name);
            fs::create_dir_all(&place)?;
            fs::write(place.join("index.php"), script)?;
        }
        let file = folder.join("fpm.conf");
        fs::write(&file, configuration(folder))?;
        let mut command = Command::new(program);
        command.args(["-n", "-F", "-y"]).arg(&file);
        if geteuid().is_root() {
            // It runs as whoever started the demo.
            command.arg("-R");
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut fpm = Self { child, folder: folder.to_owned() };
        let began = Instant::now();
        while !Pool::ALL.iter().all(|pool| fpm.socket(*pool).exists()) {
            if fpm.child.try_wait()?.is_some() || began.elapsed() > limits::DEMO_PHP_START {
                let said = fs::read_to_string(folder.join("fpm.log")).unwrap_or_default();
                return Err(io::Error::other(format!("{} does not start: {}", program.display(), said.trim())));
            }
            thread::sleep(limits::CLOCK_TICK);
        }
        Ok(fpm)
    }

    /// The URL of a pool; `None` where this machine cannot show it.
    pub(super) fn server(&self, pool: Pool) -> Option<String> {
        // To the superuser nothing is forbidden.
        let shown = pool != Pool::Closed || !geteuid().is_root();
        shown.then(|| format!("fastcgi+unix:{}", self.socket(pool).display()))
    }

    /// Where its sockets, its scripts and its log lie.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn socket(&self, pool: Pool) -> PathBuf {
        self.folder.join(format!("{}.sock", pool.name()))
    }
}

impl Drop for Fpm {
    fn drop(&mut self) {
        // Asked to, it ends its processes too; it may have ended by itself.
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

impl Pool {
    const ALL: [Self; 4] = [Self::Roomy, Self::Strict, Self::Narrow, Self::Closed];

    fn name(self) -> &'static str {
        match self {
            Self::Roomy => "roomy",
            Self::Strict => "strict",
            Self::Narrow => "narrow",
            Self::Closed => "closed",
        }
    }

    /// Its lines in the configuration, and how many processes it has.
    fn lines(self) -> (&'static str, u32) {
        match self {
            Self::Roomy => ("", 3),
            Self::Strict => ("request_terminate_timeout = 1s\n", 2),
            Self::Narrow => ("", 1),
            Self::Closed => ("listen.mode = 0000\n", 1),
        }
    }
}

fn configuration(folder: &Path) -> String {
    let here = folder.display();
    let mut text = format!("[global]\nerror_log = {here}/fpm.log\ndaemonize = no\n");
    for pool in Pool::ALL {
        let (name, (lines, processes)) = (pool.name(), pool.lines());
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "[{name}]\nlisten = {here}/{name}.sock\nlisten.mode = 0600\npm = static\npm.max_children = {processes}\n\
             pm.status_path = /fpm-status\npm.status_listen = {here}/{name}-status.sock\n\
             php_admin_value[display_errors] = 0\nphp_admin_value[log_errors] = 1\n{lines}"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_one_is_found_whatever_lies_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let find = || newest([folder.path().join("missing"), folder.path().to_owned()].into_iter());
        fs::write(folder.path().join("php-fpm-watch"), "").unwrap();
        fs::create_dir(folder.path().join("php-fpm9")).unwrap();
        assert_eq!(find(), None);
        for name in ["php-fpm8.2", "php-fpm8.4", "php-fpm7.4"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(find(), Some(folder.path().join("php-fpm8.4")));
    }
}

//! The real PHP-FPM as an upstream: a master of our own with one pool, in a folder of its own.
//! Like the gateway it is ended by its process id; where it is missing the test fails and says how to get it.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{apps::kill, poll};

/// A running PHP-FPM and its scripts; ended when dropped.
pub struct Fpm {
    child: Option<Child>,
    folder: TempDir,
}

impl Fpm {
    /// Starts it with lines of its pool, in which `{here}` is its folder, and with scripts by their paths.
    pub fn start(pool: &str, scripts: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("our own folder");
        let site = folder.path().join("site");
        for (path, script) in scripts {
            let file = site.join(path);
            fs::create_dir_all(file.parent().expect("a file lies in a folder")).expect("our own folder");
            fs::write(file, script).expect("our own folder");
        }
        // What scripts write, they write here.
        let notes = folder.path().join("notes");
        fs::create_dir_all(&notes).expect("our own folder");
        fs::set_permissions(&notes, fs::Permissions::from_mode(0o777)).expect("our own folder");
        let here = folder.path().display();
        let user = if rustix::process::getuid().is_root() {
            "user = nobody\ngroup = nogroup\nlisten.mode = 0666\n"
        } else {
            ""
        };
        let pool =
            if pool.contains("pm.max_children") { pool.to_owned() } else { format!("pm.max_children = 4\n{pool}") };
        let pool = pool.replace("{here}", &here.to_string());
        let text = format!(
            "[global]\nerror_log = {here}/fpm.log\ndaemonize = no\n[www]\n{user}listen = {here}/fpm.sock\npm = static\n\
             php_admin_value[display_errors] = 0\nphp_admin_value[log_errors] = 1\n{pool}\n"
        );
        fs::write(folder.path().join("fpm.conf"), text).expect("our own folder");
        let mut fpm = Self { child: None, folder };
        fpm.run();
        fpm
    }

    /// Starts it again after its end.
    pub fn run(&mut self) {
        let program = "php-fpm8.2";
        let _ = fs::remove_file(self.socket());
        let child = Command::new(program)
            .args(["-n", "-F", "-R", "-y"])
            .arg(self.folder.path().join("fpm.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => panic!(
                "`{program}` is not installed, and this test needs the real one: run `apt-get install php8.2-fpm`, or \
                 tests/run, which does so"
            ),
            _ => panic!("`{program}` does not start: {error}"),
        }));
        let socket = self.socket();
        poll("the socket of PHP-FPM", || {
            fs::metadata(&socket).ok().filter(|found| found.file_type().is_socket())?;
            std::os::unix::net::UnixStream::connect(&socket).ok()
        });
    }

    /// Ends it at once, with all its processes.
    pub fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            kill(child.id(), Signal::TERM);
            let _ = child.wait();
        }
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("fpm.sock")
    }

    /// Where its scripts lie.
    pub fn site(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    /// A folder that scripts can write to.
    pub fn notes(&self) -> PathBuf {
        self.folder.path().join("notes")
    }

    /// A configuration for a gateway before it, with lines of the upstream.
    pub fn toml(&self, root: &Path, upstream: &str) -> String {
        self.toml_with(root, "", upstream)
    }

    /// The same with more keys of `fastcgi`, each behind a comma; `{here}` in them is its folder.
    pub fn toml_with(&self, root: &Path, fastcgi: &str, upstream: &str) -> String {
        format!(
            "[[route]]\nupstream = \"php\"\n[upstream.php]\nservers = [\"fastcgi+unix:{}\"]\n\
             fastcgi = {{ root = \"{}\"{} }}\n{upstream}\n",
            self.socket().display(),
            root.display(),
            fastcgi.replace("{here}", &self.folder.path().display().to_string())
        )
    }
}

impl Drop for Fpm {
    fn drop(&mut self) {
        self.end();
    }
}

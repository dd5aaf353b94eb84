//! Sites as a client meets them: a real folder, the real binary.
//! What is run and what is refused by name is tested beside the code; here it is seen that the files say so too.

mod blog;
mod fields;
mod files;
mod ways;

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use tempfile::TempDir;

use crate::support::{Gate, Origin, Response};

/// Sun, 09 Sep 2001 01:46:40 GMT: when every file of a test was changed last.
const CHANGED: &str = "Sun, 09 Sep 2001 01:46:40 GMT";

/// A folder of files with a gateway before it.
struct Site {
    gate: Gate,
    folder: TempDir,
}

impl Site {
    /// A site of files alone, with more keys.
    fn new(keys: &str) -> Self {
        Self::with(keys, "", "")
    }

    /// The same with lines of its route and more tables.
    fn with(keys: &str, route: &str, tables: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("www");
        fs::create_dir(&root).expect("a new folder");
        let comma = if keys.is_empty() { "" } else { ", " };
        let gate = Gate::start(&format!(
            "[[route]]\nsite = {{ root = \"{}\"{comma}{keys} }}\n{route}\n{tables}\n",
            root.display()
        ));
        Self { gate, folder }
    }

    /// A site whose scripts go to `origin`, which stands in for PHP-FPM.
    fn with_scripts(keys: &str, origin: &Origin) -> Self {
        let tables = format!("[upstream.app]\nservers = [\"{}\"]\n", origin.server());
        Self::with(&format!("php = \"app\", {keys}"), "", &tables)
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("www")
    }

    /// Writes a file below the root.
    fn file(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        write(&self.root().join(path), bytes.as_ref());
        self
    }

    /// Makes a symbolic link below the root.
    fn link(&self, path: &str, to: impl AsRef<Path>) -> &Self {
        symlink(to, self.root().join(path)).expect("a new link");
        self
    }

    fn get(&self, path: &str) -> Response {
        self.gate.client().get(path)
    }

    /// A GET with fields, each line of them with its end.
    fn get_with(&self, path: &str, fields: &str) -> Response {
        let request = format!("GET {path} HTTP/1.1\r\nHost: test.example\r\n{fields}\r\n");
        self.gate.client().send(request).response()
    }
}

/// Writes a file whose time of change is `CHANGED`, with the folders above it.
fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("the folders can be made");
    fs::write(path, bytes).expect("the file can be written");
    let file = fs::File::options().write(true).open(path).expect("just written");
    file.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000)).expect("our own file");
}

/// The status and the cause that the access log has.
fn refused(site: &Site, path: &str) -> (u16, String) {
    let response = site.get(path);
    assert!(response.is_complete(), "{path}: {response:?}");
    let cause = site.gate.logged(path)["cause"].as_str().unwrap_or("none").to_owned();
    (response.status, cause)
}

//! From a TOML file to `Settings`, with every problem at its place.
//! `read` walks the file by the keys of `keys`, `resolve` finds contradictions; the command line calls `load`.
//! What the settings do is left to those who read them.

pub mod keys;
pub mod problem;
mod read;
mod resolve;
pub mod settings;
mod written;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

pub use problem::{Problem, Problems, Severity};

use crate::limits;
use settings::Settings;

/// Where `goodgate run` looks when it is given no file, in this order.
pub const SEARCHED: [&str; 2] = ["goodgate.toml", "/etc/goodgate/goodgate.toml"];

/// A configuration that can be used.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it means.
    pub settings: Settings,
    /// What hardly means what it says; often empty.
    pub warnings: Problems,
}

/// Reads the file at `path`; `${NAME}` comes from the environment, relative paths are relative to the file.
///
/// # Errors
/// Everything that is wrong with the file, at once; or why it could not be read.
pub fn load(path: &Path) -> Result<Loaded, Problems> {
    let text = text_of(path)?;
    parse(&text, path, &|name| std::env::var(name).ok())
}

/// The first of the `SEARCHED` files that is there.
///
/// # Errors
/// None of them is there.
pub fn search() -> Result<PathBuf, Problems> {
    // A file that is there but cannot be looked at is chosen too: reading it then says why.
    let found = SEARCHED.iter().map(Path::new).find(|path| path.try_exists().unwrap_or(true));
    found.map(Path::to_owned).ok_or_else(|| {
        let [here, system] = SEARCHED;
        let problem = Problem::of_file(format!("no configuration: there is neither `{here}` here nor `{system}`"));
        Problems::of_file(
            Path::new(here),
            problem.hint(
                "name the file, as in `goodgate run my.toml`, or go without one: \
                 `goodgate proxy --from :8080 --to 127.0.0.1:3000`",
            ),
        )
    })
}

/// Reads `text` as if it stood in `file`; `env` knows the environment.
///
/// # Errors
/// Everything that is wrong with it, at once.
pub fn parse(text: &str, file: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Loaded, Problems> {
    let base = file.parent().unwrap_or(Path::new(""));
    let (written, mut found) = read::read(text, base, env);
    let settings = written.map(|written| resolve::resolve(written, base, &mut found));
    let bad = found.iter().any(|problem| problem.severity == Severity::Error);
    let problems = Problems::new(file, text, found);
    match settings {
        Some(settings) if !bad => Ok(Loaded { settings, warnings: problems }),
        _ => Err(problems),
    }
}

fn text_of(path: &Path) -> Result<String, Problems> {
    let of_file = |problem| Problems::of_file(path, problem);
    let shown = path.display();
    let unreadable = |error: &io::Error| {
        let problem = Problem::of_file(format!("cannot read `{shown}`: {}", reason(error)));
        of_file(match error.kind() {
            io::ErrorKind::NotFound => problem.hint("check the name; a relative one starts at the working directory"),
            io::ErrorKind::PermissionDenied => problem.hint("let the user that goodgate runs as read it"),
            io::ErrorKind::IsADirectory => problem.hint("name the file in it"),
            _ => problem,
        })
    };
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let mut bytes = Vec::new();
    file.take(limits::CONFIG_FILE_SIZE + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > limits::CONFIG_FILE_SIZE {
        let most = keys::size(limits::CONFIG_FILE_SIZE);
        let problem = Problem::of_file(format!("`{shown}` is larger than {most}"));
        return Err(of_file(problem.hint("this is hardly a configuration; check the name")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = memchr::memchr_iter(b'\n', &error.as_bytes()[..good]).count() + 1;
        let problem = Problem::of_file(format!("`{shown}` is not UTF-8: the first foreign byte is in line {line}"));
        of_file(problem.hint("save the file as UTF-8"))
    })
}

/// The system's reason without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

//! Why a site has nothing for a request, as a failure with its evidence and what the operator can change.
//! The page is `failure::page`'s, as for every other failure.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use http::HeaderValue;
use rustix::io::Errno;

use super::{
    path::{Asked, BadPath},
    try_order::Refused,
    unreadable::unreadable,
};
use crate::{
    config::settings::{Site, Try},
    failure::{Cause, Failure},
    message::Record,
};

/// The next step where the system could not read.
pub const LOOK_AT_THE_DISK: &str = "look for errors of the disk in the system's log (`dmesg`)";

/// The path is no name of a file.
pub fn bad_path(problem: BadPath) -> Box<Failure> {
    Failure::new(Cause::RequestMalformed, format!("the path {}", problem.words()))
}

/// Files can only be read.
pub fn method(record: &Record) -> Box<Failure> {
    let evidence = format!("{} is no method for a file", record.head.method);
    let mut failure = Failure::new(Cause::RequestMethodNotAllowed, evidence)
        .next("nothing, unless a script was meant: then let `try` of the site lead to it");
    failure.allow = Some(HeaderValue::from_static("GET, HEAD"));
    failure
}

/// None of the entries of `try` is there.
pub fn nothing(site: &Site, asked: &Asked<'_>) -> Box<Failure> {
    let path = String::from_utf8_lossy(asked.path());
    let tried: Vec<String> = site
        .tries
        .iter()
        .map(|entry| match entry {
            Try::Path(behind) => format!("{}{behind}", path.trim_end_matches('/')),
            Try::Fixed(path) => path.clone(),
        })
        .collect();
    let evidence = format!("there is no file for {path} below {}: {}", site.root.display(), tried.join(", "));
    Failure::new(Cause::SiteNotFound, evidence).next(
        "put the file there if something should be published, or add what answers such paths to `try` of the site",
    )
}

/// A folder without any of the files that stand for it.
pub fn folder(site: &Site, asked: &Asked<'_>) -> Box<Failure> {
    let evidence = format!(
        "the folder {} below {} has no file that stands for it, and folders are not listed",
        String::from_utf8_lossy(asked.path()),
        site.root.display()
    );
    Failure::new(Cause::SiteRefused, evidence).next(
        "put one of the files of `index` there if something should be published, or add it to `index` of the site",
    )
}

/// The folder itself cannot be used.
pub fn root(site: &Site, errno: Errno) -> Box<Failure> {
    let root = &site.root;
    match errno {
        Errno::NOENT | Errno::NOTDIR => {
            let gone = root.ancestors().take_while(|folder| !folder.is_dir()).last().unwrap_or(root);
            let is = if gone.exists() { "is no folder" } else { "does not exist" };
            let evidence = if gone == root {
                format!("the site's folder {} {is}", root.display())
            } else {
                format!("the site's folder {} is not there: {} {is}", root.display(), gone.display())
            };
            Failure::new(Cause::SiteRootMissing, evidence)
        }
        Errno::ACCESS => unreadable(root),
        errno => broken(root, errno),
    }
}

/// What is there is not for visitors.
pub fn refused(refused: Refused, site: &Site, path: &[u8]) -> Box<Failure> {
    let place: PathBuf = site.root.join(OsStr::from_bytes(path.strip_prefix(b"/").unwrap_or(path)));
    let path = String::from_utf8_lossy(path);
    let (why, next) = match refused {
        Refused::Hidden => (
            "is hidden: a name in it begins with a dot".to_owned(),
            "nothing; write `hidden = true` in the site if such names are meant for visitors",
        ),
        Refused::NeverExecuted => (
            "is a script in a folder of `never_execute`".to_owned(),
            "look at the file: visitors can put files there, and somebody asked for this one to be run",
        ),
        Refused::Source => (
            "holds the source of a script, which is never sent".to_owned(),
            "remove it from the site's folder if it is a copy; if it should be run, give the site a `php` upstream",
        ),
        Refused::Symlink => (
            "is reached over a symbolic link that `symlinks` does not follow".to_owned(),
            "write `symlinks = \"all\"` in the site if links out of its folder are meant",
        ),
        Refused::NotRegular => {
            ("is neither a file nor a folder".to_owned(), "take sockets, pipes and devices out of the site's folder")
        }
        Refused::Permission => return unreadable(&place),
        Refused::Broken(errno) => return broken(&place, errno),
    };
    Failure::new(Cause::SiteRefused, format!("{path} below {} {why}", site.root.display())).next(next)
}

fn broken(path: &Path, errno: Errno) -> Box<Failure> {
    let evidence = format!("opening {}: {errno}", path.display());
    match errno {
        Errno::MFILE | Errno::NFILE => Failure::new(Cause::ConnectFdExhausted, evidence),
        _ => Failure::new(Cause::SiteFileBroken, evidence).next(LOOK_AT_THE_DISK),
    }
}

//! Walks through `try`: the first entry that names something which is there decides what a request gets.
//! Pure over a `Tree`, which `folder` implements with files; a script is found here or nowhere.

use std::borrow::Cow;

use super::{name, path::Asked};
use crate::config::settings::{Site, Try};

/// What can be asked of a site's folder. Paths are decoded and begin with a slash.
pub trait Tree {
    /// An open file.
    type File;

    /// Opens the file at `path`.
    fn open(&mut self, path: &[u8]) -> Seen<Self::File>;

    /// Looks whether there is a file at `path`, which need not be readable.
    fn look(&mut self, path: &[u8]) -> Seen<()>;
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<F> {
    /// A regular file.
    File(F),
    /// A folder.
    Folder,
    /// Nothing.
    Nothing,
    /// Something that is neither sent nor run.
    Refused(Refused),
}

/// Why something is neither sent nor run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// A segment of the path begins with a dot.
    Hidden,
    /// A script of a folder in `never_execute`.
    NeverExecuted,
    /// The source of a script.
    Source,
    /// A symbolic link that `symlinks` does not follow.
    Symlink,
    /// A socket, pipe or device.
    NotRegular,
    /// The gateway may not read it.
    Permission,
    /// The system's error.
    Broken(rustix::io::Errno),
}

/// What a request gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<F> {
    /// A file, and its path.
    File {
        /// It.
        file: F,
        /// Where it is.
        path: Vec<u8>,
    },
    /// A script is to run.
    Script(Named),
    /// The path names a folder and lacks the slash at its end.
    Slash,
    /// Nothing is there.
    Nothing,
    /// What is there is not for visitors; and where it is.
    Refused(Refused, Vec<u8>),
}

/// A script and what follows it in the path (RFC 3875 sections 4.1.13 and 4.1.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// `SCRIPT_NAME`
    pub script: Box<[u8]>,
    /// `PATH_INFO`
    pub path_info: Box<[u8]>,
}

/// What `asked` gets where the site's folder can be seen.
pub fn find<T: Tree>(site: &Site, asked: &Asked<'_>, tree: &mut T) -> Found<T::File> {
    let hidden = asked.hidden().filter(|_| !site.hidden);
    for entry in &site.tries {
        let (path, in_folder) = match entry {
            Try::Path(behind) => {
                if behind.is_empty()
                    && site.php.is_some()
                    && let Some(found) = split(site, asked.path(), hidden, |script| tree.look(script))
                {
                    return found;
                }
                if hidden.is_some() {
                    return Found::Refused(Refused::Hidden, asked.path().to_vec());
                }
                if asked.is_folder() && !behind.starts_with('/') {
                    continue;
                }
                (joined(asked, behind), behind.starts_with('/'))
            }
            Try::Fixed(path) => (Cow::Borrowed(path.as_bytes()), false),
        };
        let seen = match_at(site, &path, tree);
        // A page's own relative links count from its folder.
        if in_folder && !asked.is_folder() && matches!(seen, Some(Found::File { .. } | Found::Script(_))) {
            return Found::Slash;
        }
        if let Some(found) = seen {
            return found;
        }
    }
    Found::Nothing
}

/// What `asked` gets where only PHP sees the folder: the first entry whose script is certain by its name. An entry
/// behind the path (`{path}/index.php`) is never certain and taken only when no other is left.
#[must_use]
pub fn find_by_name(site: &Site, asked: &Asked<'_>) -> Found<std::convert::Infallible> {
    let hidden = asked.hidden().filter(|_| !site.hidden);
    let mut last_resort = None;
    for entry in &site.tries {
        match entry {
            Try::Path(behind) if behind.is_empty() => {
                if let Some(found) = split(site, asked.path(), hidden, |_| Seen::File(())) {
                    return found;
                }
            }
            Try::Path(behind) if hidden.is_some() || (asked.is_folder() && !behind.starts_with('/')) => {}
            Try::Path(behind) => {
                let path = joined(asked, behind);
                if name::is_script(&path) && last_resort.is_none() {
                    last_resort = Some(script(site, &path, &[]));
                }
            }
            Try::Fixed(path) if name::is_script(path.as_bytes()) && hidden.is_none() => {
                return script(site, path.as_bytes(), &[]);
            }
            Try::Fixed(_) => {}
        }
    }
    match last_resort {
        _ if hidden.is_some() => Found::Refused(Refused::Hidden, asked.path().to_vec()),
        Some(found) => found,
        None => Found::Nothing,
    }
}

/// What stands at exactly `path`; `None` when the next entry is to be tried.
fn match_at<T: Tree>(site: &Site, path: &[u8], tree: &mut T) -> Option<Found<T::File>> {
    if site.php.is_some() && name::is_script(path) {
        return match tree.look(path) {
            Seen::File(()) => Some(script(site, path, &[])),
            Seen::Refused(refused) => Some(Found::Refused(refused, path.to_vec())),
            Seen::Folder | Seen::Nothing => None,
        };
    }
    if name::is_source(path) {
        return match tree.look(path) {
            Seen::File(()) => Some(Found::Refused(Refused::Source, path.to_vec())),
            Seen::Refused(refused) => Some(Found::Refused(refused, path.to_vec())),
            Seen::Folder | Seen::Nothing => None,
        };
    }
    match tree.open(path) {
        Seen::File(file) => Some(Found::File { file, path: path.to_vec() }),
        Seen::Refused(refused) => Some(Found::Refused(refused, path.to_vec())),
        Seen::Folder | Seen::Nothing => None,
    }
}

/// Splits a path behind the first segment that names a script which is there. A path whose script is not there has none
/// further on either: that would be a file within a file.
fn split<F>(
    site: &Site,
    path: &[u8],
    hidden: Option<usize>,
    mut look: impl FnMut(&[u8]) -> Seen<()>,
) -> Option<Found<F>> {
    let ends = memchr::memchr_iter(b'/', &path[1..]).map(|at| at + 1).chain([path.len()]);
    for end in ends.filter(|end| name::is_script(&path[..*end])) {
        // What is hidden is not run; the rest of a path behind a script is no file's name and may have dots.
        if hidden.is_some_and(|hidden| hidden < end) {
            return None;
        }
        match look(&path[..end]) {
            Seen::File(()) => return Some(script(site, &path[..end], &path[end..])),
            Seen::Refused(refused) => return Some(Found::Refused(refused, path[..end].to_vec())),
            Seen::Folder => {}
            Seen::Nothing => return None,
        }
    }
    None
}

/// Runs a script unless its folder forbids it.
fn script<F>(site: &Site, script: &[u8], path_info: &[u8]) -> Found<F> {
    if site.never_execute.iter().any(|folder| script.starts_with(folder.as_bytes())) {
        return Found::Refused(Refused::NeverExecuted, script.to_vec());
    }
    Found::Script(Named { script: script.into(), path_info: path_info.into() })
}

fn joined<'a>(asked: &'a Asked<'_>, behind: &str) -> Cow<'a, [u8]> {
    if behind.is_empty() {
        return Cow::Borrowed(asked.path());
    }
    Cow::Owned([asked.trimmed(), behind.as_bytes()].concat())
}

#[cfg(test)]
mod tests;

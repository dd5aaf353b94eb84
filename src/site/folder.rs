//! A site's folder as the kernel shows it: every file is opened below the folder in one step that no rename can fool.
//! `try_order` asks; what is opened is judged by what it is and never by what its name said a moment before.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustix::{
    fd::{AsRawFd, OwnedFd},
    fs::{self, FileType, Mode, OFlags, ResolveFlags, Stat},
    io::Errno,
};

use super::try_order::{Refused, Seen, Tree};
use crate::{
    config::settings::{Site, Symlinks},
    limits,
};

/// Whether the kernel lacks `openat2` (before 5.6, or forbidden by a container's filter).
static LACKS_OPENAT2: AtomicBool = AtomicBool::new(false);

/// The folder of a site during one request.
pub struct Folder {
    folder: OwnedFd,
    symlinks: Symlinks,
}

/// An open regular file.
pub struct Opened {
    /// It.
    pub file: OwnedFd,
    /// What it was when it was opened.
    pub stat: Stat,
}

impl Folder {
    /// Opens the folder. It is done for every request: a deploy may have replaced a link on the way to it, and then every
    /// file of one answer has to come from the same release.
    ///
    /// # Errors
    /// It is not there, is no folder, or may not be entered.
    pub fn open(site: &Site) -> Result<Self, Errno> {
        let folder = fs::open(&site.root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { folder, symlinks: site.symlinks })
    }

    /// Opens what stands at `path` as far as `symlinks` allows.
    fn at(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let path = path.strip_prefix(b"/").unwrap_or(path);
        let path = if path.is_empty() { b"." } else { path };
        let resolve = match self.symlinks {
            Symlinks::All => return fs::openat(&self.folder, path, flags, Mode::empty()),
            Symlinks::Inside => ResolveFlags::BENEATH,
            Symlinks::Off => ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS,
        };
        if LACKS_OPENAT2.load(Relaxed) {
            return self.checked(path, flags);
        }
        for _ in 0..limits::SITE_OPEN_ATTEMPTS {
            return match fs::openat2(&self.folder, path, flags, Mode::empty(), resolve) {
                // Something was renamed meanwhile, and the kernel could not see whether the way stayed inside.
                Err(Errno::AGAIN) => continue,
                Err(Errno::NOSYS | Errno::PERM) => {
                    LACKS_OPENAT2.store(true, Relaxed);
                    self.checked(path, flags)
                }
                // The kernel takes every absolute link for one that leads out; some lead back in.
                Err(Errno::XDEV) if self.symlinks == Symlinks::Inside => self.checked(path, flags),
                opened => opened,
            };
        }
        Err(Errno::AGAIN)
    }

    /// The same in two steps: takes hold of what is there without opening it, sees where that is, and opens it through
    /// what it holds.
    fn checked(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let held = fs::openat(&self.folder, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        let place = |fd: &OwnedFd| fs::readlink(by_number(fd), Vec::new()).map(std::ffi::CString::into_bytes);
        let (folder, place) = (place(&self.folder)?, place(&held)?);
        let folder = folder.strip_suffix(b"/").unwrap_or(&folder);
        let below = place.strip_prefix(folder).filter(|rest| rest.first().is_none_or(|byte| *byte == b'/'));
        let stays = match self.symlinks {
            Symlinks::Off => below.is_some_and(|below| path == b"." || below.get(1..) == Some(path)),
            Symlinks::Inside | Symlinks::All => below.is_some(),
        };
        match stays {
            false => Err(Errno::LOOP),
            true if flags.contains(OFlags::PATH) => Ok(held),
            true => fs::open(by_number(&held), flags, Mode::empty()),
        }
    }
}

impl Tree for Folder {
    type File = Opened;

    fn open(&mut self, path: &[u8]) -> Seen<Opened> {
        // A pipe without a writer must not make the worker wait.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = self.at(path, flags).and_then(|file| Ok(Opened { stat: fs::fstat(&file)?, file }));
        match seen(opened, |opened| opened.stat) {
            // To enter a folder is not to list it.
            Seen::Refused(Refused::Permission) if self.look(path) == Seen::Folder => Seen::Folder,
            seen => seen,
        }
    }

    fn look(&mut self, path: &[u8]) -> Seen<()> {
        let found = self.at(path, OFlags::PATH | OFlags::CLOEXEC).and_then(fs::fstat);
        match seen(found, |stat| *stat) {
            Seen::File(_) => Seen::File(()),
            Seen::Folder => Seen::Folder,
            Seen::Nothing => Seen::Nothing,
            Seen::Refused(refused) => Seen::Refused(refused),
        }
    }
}

fn seen<F>(found: Result<F, Errno>, stat: impl Fn(&F) -> Stat) -> Seen<F> {
    match found {
        Ok(found) => match FileType::from_raw_mode(stat(&found).st_mode) {
            FileType::RegularFile => Seen::File(found),
            FileType::Directory => Seen::Folder,
            _ => Seen::Refused(Refused::NotRegular),
        },
        Err(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG | Errno::ILSEQ) => Seen::Nothing,
        Err(Errno::LOOP | Errno::XDEV) => Seen::Refused(Refused::Symlink),
        // Sockets, and devices without a driver.
        Err(Errno::NXIO | Errno::NODEV) => Seen::Refused(Refused::NotRegular),
        Err(Errno::ACCESS) => Seen::Refused(Refused::Permission),
        Err(errno) => Seen::Refused(Refused::Broken(errno)),
    }
}

fn by_number(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::Path};

    use super::*;

    /// What a path is, in a word.
    fn word<F>(seen: &Seen<F>) -> &'static str {
        match seen {
            Seen::File(_) => "file",
            Seen::Folder => "folder",
            Seen::Nothing => "nothing",
            Seen::Refused(Refused::Symlink) => "link",
            Seen::Refused(_) => "refused",
        }
    }

    fn tree(base: &Path) {
        fs::create_dir_all(base.join("www/a")).unwrap();
        for file in ["www/a/x", "www/y", "out", "www-old"] {
            fs::write(base.join(file), "").unwrap();
        }
        for (link, to) in [
            ("www/in", "a/x"),
            ("www/up", "../out"),
            ("www/near", "../www-old"),
            ("www/dir", "a"),
            ("www/loop", "loop"),
            ("www/gone", "nowhere"),
        ] {
            symlink(to, base.join(link)).unwrap();
        }
        symlink(base.join("www/y"), base.join("www/back")).unwrap();
        symlink(base.join("www"), base.join("current")).unwrap();
    }

    #[test]
    fn both_ways_to_open_a_file_see_the_same() {
        let base = tempfile::tempdir().unwrap();
        tree(base.path());
        let folder =
            |symlinks| Folder { folder: fs::File::open(base.path().join("current")).unwrap().into(), symlinks };
        for (path, inside, off) in [
            ("/a/x", "file", "file"),
            ("/a", "folder", "folder"),
            ("/", "folder", "folder"),
            ("/a/x/", "nothing", "nothing"),
            ("/nothing", "nothing", "nothing"),
            ("/in", "file", "link"),
            ("/dir/x", "file", "link"),
            ("/back", "file", "link"),
            ("/up", "link", "link"),
            ("/near", "link", "link"),
            ("/loop", "link", "link"),
        ] {
            for (symlinks, expected) in [(Symlinks::Inside, inside), (Symlinks::Off, off)] {
                let mut folder = folder(symlinks);
                assert_eq!(word(&folder.open(path.as_bytes())), expected, "{path} {symlinks:?}");
                assert_eq!(word(&folder.look(path.as_bytes())), expected, "{path} {symlinks:?}");
                for flags in [OFlags::RDONLY, OFlags::PATH] {
                    let checked = folder.checked(path.trim_start_matches('/').as_bytes(), flags);
                    let checked = match path {
                        "/" => folder.checked(b".", flags),
                        _ => checked,
                    };
                    let seen = seen(checked.and_then(fs_stat), |stat| *stat);
                    assert_eq!(word(&seen), expected, "{path} {symlinks:?} {flags:?}");
                }
            }
        }
    }

    fn fs_stat(fd: OwnedFd) -> Result<Stat, Errno> {
        rustix::fs::fstat(fd)
    }
}

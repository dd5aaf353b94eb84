//! A file of the system that is read again when it has changed.
//! `resolve` keeps the hosts file and the resolver's settings in it.

use std::{
    cell::RefCell,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    rc::Rc,
    time::SystemTime,
};

/// The file at `path` and what was read from it.
pub(super) struct Watched<T> {
    path: PathBuf,
    read: RefCell<Option<(Stamp, Rc<T>)>>,
}

/// Time of the last change, length and inode, since most programs put a new file in the place of the old one; `None`
/// while there is no such file.
type Stamp = Option<(SystemTime, u64, u64)>;

impl<T> Watched<T> {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, read: RefCell::new(None) }
    }

    /// The file's contents as `parse` understands them; parsed again when the file has changed.
    pub(super) fn contents(&self, parse: impl FnOnce(&Path, io::Result<Vec<u8>>) -> T) -> Rc<T> {
        let stamp = fs::metadata(&self.path).ok().and_then(|now| Some((now.modified().ok()?, now.len(), now.ino())));
        if let Some((read, contents)) = &*self.read.borrow()
            && *read == stamp
        {
            return Rc::clone(contents);
        }
        let contents = Rc::new(parse(&self.path, fs::read(&self.path)));
        *self.read.borrow_mut() = Some((stamp, Rc::clone(&contents)));
        contents
    }
}

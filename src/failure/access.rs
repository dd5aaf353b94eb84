//! Users and groups by name, what a mode lets them do, and where on the way to a file or socket it bars the gateway.
//! Sites and upstreams explain with it why something stays closed; they decide what to write about it.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::process::{getegid, geteuid, getgroups};

use crate::limits::EVIDENCE_TABLE;

/// The bit of a mode's digit: to enter a folder.
pub(crate) const PASS: u32 = 1;
/// To connect to a socket.
pub(crate) const WRITE: u32 = 2;
/// To read a file.
pub(crate) const READ: u32 = 4;

/// A folder on the way to a file or socket, or that itself.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its user.
    pub(crate) owner: u32,
    /// Its group.
    pub(crate) group: u32,
    /// Its mode, without the kind.
    pub(crate) mode: u32,
    /// What the gateway must be allowed to do with it.
    pub(crate) needs: u32,
}

impl Step {
    /// What lies at `path`, if it can be seen; the gateway `needs` these bits of its mode.
    pub(crate) fn at(path: &Path, needs: u32) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        let mode = found.mode() & 0o7777;
        Some(Self { path: path.to_owned(), owner: found.uid(), group: found.gid(), mode, needs })
    }

    /// The folders on the way to `path`, outermost first, then what lies there, as far as can be seen.
    pub(crate) fn all(path: &Path, needs: u32) -> Vec<Self> {
        let mut way: Vec<&Path> = path.ancestors().filter(|step| !step.as_os_str().is_empty()).collect();
        way.reverse();
        way.into_iter().map_while(|place| Self::at(place, if place == path { needs } else { PASS })).collect()
    }

    /// `www-data:www-data 0660`
    pub(crate) fn owned(&self) -> String {
        format!("{}:{} {:04o}", user_name(self.owner), group_name(self.group), self.mode)
    }

    /// That it does not admit `who`, and why that is.
    pub(crate) fn bars(&self, who: &Who) -> String {
        format!("{} is {} and does not admit {}", self.path.display(), self.owned(), who.described())
    }
}

/// Whom the gateway runs as.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    /// The effective user.
    pub(crate) user: u32,
    /// The effective group first, then the others.
    pub(crate) groups: Vec<u32>,
}

impl Who {
    /// This process.
    pub(crate) fn gateway() -> Self {
        let mut groups = vec![getegid().as_raw()];
        for group in getgroups().unwrap_or_default() {
            if !groups.contains(&group.as_raw()) {
                groups.push(group.as_raw());
            }
        }
        Self { user: geteuid().as_raw(), groups }
    }

    /// Whether the mode bits let this user do `what` (the bits of one digit: 1 pass, 2 write, 4 read). Root may all.
    pub(crate) fn may(&self, what: u32, owner: u32, group: u32, mode: u32) -> bool {
        let digit = if self.user == owner {
            mode >> 6
        } else if self.groups.contains(&group) {
            mode >> 3
        } else {
            mode
        };
        self.user == 0 || digit & what == what
    }

    /// The first step that bars this user.
    pub(crate) fn barred<'s>(&self, steps: &'s [Step]) -> Option<&'s Step> {
        steps.iter().find(|step| !self.may(step.needs, step.owner, step.group, step.mode))
    }

    /// Whether joining the step's group would open it to this user.
    pub(crate) fn lacks_group(&self, step: &Step) -> bool {
        let open = (step.mode >> 3) & step.needs == step.needs;
        open && self.user != step.owner && !self.groups.contains(&step.group)
    }

    /// `user nobody (groups: nogroup, www-data)`
    pub(crate) fn described(&self) -> String {
        let groups: Vec<String> = self.groups.iter().map(|group| group_name(*group)).collect();
        format!("user {} (groups: {})", user_name(self.user), groups.join(", "))
    }
}

/// The name of a user, or the number where there is none.
pub(crate) fn user_name(id: u32) -> String {
    name(&table("/etc/passwd"), id)
}

/// The name of a group, or the number where there is none.
pub(crate) fn group_name(id: u32) -> String {
    name(&table("/etc/group"), id)
}

/// The beginning of a text file; empty when it cannot be read.
pub(crate) fn table(path: impl AsRef<Path>) -> String {
    let mut text = Vec::new();
    if let Ok(file) = File::open(path) {
        // What came before an error is still true.
        let _ = file.take(EVIDENCE_TABLE).read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Both files have the name first and the number third.
fn name(accounts: &str, id: u32) -> String {
    let id = id.to_string();
    let known = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then_some(name)
    });
    known.map_or(id.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_number() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/false\n+::::::\n";
        for (id, expected) in [(0, "root"), (33, "www-data"), (3, "3")] {
            assert_eq!(name(accounts, id), expected);
        }
    }

    #[test]
    fn the_first_digit_that_concerns_a_user_decides() {
        let who = |user, groups: &[u32]| Who { user, groups: groups.to_vec() };
        for (who, what, mode, expected) in [
            (who(33, &[33]), 2, 0o600, true),
            (who(33, &[33]), 2, 0o066, false),
            (who(7, &[7, 34]), 2, 0o660, true),
            (who(7, &[7, 34]), 2, 0o602, false),
            (who(7, &[7]), 2, 0o660, false),
            (who(7, &[7]), 1, 0o751, true),
            (who(0, &[0]), 2, 0o000, true),
        ] {
            assert_eq!(who.may(what, 33, 34, mode), expected, "{who:?} {mode:o}");
        }
    }
}

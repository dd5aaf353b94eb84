//! Users and groups by name, and what a mode lets them do.
//! `unix` explains with it why a socket stays closed to the gateway.

use rustix::process::{getegid, geteuid, getgroups};

use super::table;

/// Whom the gateway runs as.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) user: u32,
    pub(super) groups: Vec<u32>,
}

impl Who {
    /// This process.
    pub(super) fn gateway() -> Self {
        let mut groups = vec![getegid().as_raw()];
        for group in getgroups().unwrap_or_default() {
            if !groups.contains(&group.as_raw()) {
                groups.push(group.as_raw());
            }
        }
        Self { user: geteuid().as_raw(), groups }
    }

    /// Whether the mode bits let this user do `what` (the bits of one digit: 1 pass, 2 write, 4 read). Root may all.
    pub(super) fn may(&self, what: u32, owner: u32, group: u32, mode: u32) -> bool {
        let digit = if self.user == owner {
            mode >> 6
        } else if self.groups.contains(&group) {
            mode >> 3
        } else {
            mode
        };
        self.user == 0 || digit & what == what
    }

    /// `user nobody (groups: nogroup, www-data)`
    pub(super) fn described(&self) -> String {
        let groups: Vec<String> = self.groups.iter().map(|group| group_name(*group)).collect();
        format!("user {} (groups: {})", user_name(self.user), groups.join(", "))
    }
}

/// The name of a user, or the number where there is none.
pub(super) fn user_name(id: u32) -> String {
    name(&table("/etc/passwd"), id)
}

/// The name of a group, or the number where there is none.
pub(super) fn group_name(id: u32) -> String {
    name(&table("/etc/group"), id)
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

//! Why the gateway may not read a file of a site that is there: the first step on the way that bars it, and the line
//! that changes it.
//! `refusal` asks; owners, groups and modes are `failure::access`'s.

use std::{
    cell::RefCell,
    fmt::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use crate::{
    failure::{
        Cause, Failure,
        access::{PASS, READ, Step, Who, group_name, user_name},
    },
    limits::EVIDENCE_LIFE,
};

/// What was seen, and what to do.
type Explained = (String, String);

/// The failure of a request for `path`. A file that stays closed is asked for again and again, so the last explanation
/// is kept for a moment.
pub fn unreadable(path: &Path) -> Box<Failure> {
    thread_local! {
        static LAST: RefCell<Option<(Instant, PathBuf, Explained)>> = const { RefCell::new(None) };
    }
    let now = Instant::now();
    let (evidence, next) = LAST.with_borrow_mut(|last| match last {
        Some((at, known, explained)) if known == path && now.duration_since(*at) < EVIDENCE_LIFE => explained.clone(),
        _ => {
            let found = explain(path, &steps(path), &Who::gateway());
            *last = Some((now, path.to_owned(), found.clone()));
            found
        }
    });
    Failure::new(Cause::SiteUnreadable, evidence).next(next)
}

/// The way to `path`; a folder need only be entered.
fn steps(path: &Path) -> Vec<Step> {
    let needs = if path.is_dir() { PASS } else { READ };
    Step::all(path, needs)
}

fn explain(path: &Path, steps: &[Step], who: &Who) -> Explained {
    let Some(step) = who.barred(steps) else {
        return (
            format!("{} may not be read, though the modes on the way to it admit {}", path.display(), who.described()),
            "an access control list, SELinux or AppArmor forbids it: see `getfacl`, and the audit log (`ausearch -m \
             avc`, `dmesg`)"
                .to_owned(),
        );
    };
    let evidence = if step.path == path {
        step.bars(who)
    } else {
        format!("{} cannot be reached: {}", path.display(), step.bars(who))
    };
    let (place, user) = (step.path.display(), user_name(who.user));
    let (may, letter) = if step.needs == PASS { ("enter", 'x') } else { ("read", 'r') };
    // The digit of the mode that concerns this user, so that no more is opened than is needed.
    let (digit, whom) = if who.user == step.owner {
        ('u', "")
    } else if who.groups.contains(&step.group) {
        ('g', " for its whole group")
    } else {
        ('o', " for everybody")
    };
    let mut next = format!("let this user {may} it: `chmod {digit}+{letter} {place}`{whom}");
    if digit != 'u' {
        let _ = write!(next, ", or `setfacl -m u:{user}:{letter} {place}` for this user alone");
    }
    if who.lacks_group(step) && step.group != 0 {
        let group = group_name(step.group);
        let _ = write!(next, "; or add the user to its group (`usermod -aG {group} {user}`) and restart the gateway");
    }
    (evidence, next)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn place(path: &str, mode: u32, needs: u32) -> Step {
        Step { path: path.into(), owner: 4_000_033, group: 4_000_034, mode, needs }
    }

    #[test]
    fn the_first_step_that_blocks_is_named_with_the_line_to_change() {
        let who = Who { user: 4_000_001, groups: vec![4_000_001] };
        let home = place("/home/site", 0o750, PASS);
        let beyond = "/home/site/a.txt cannot be reached: /home/site is 4000033:4000034 0750 and does not admit user 4000001 \
                      (groups: 4000001)";
        let closed = "/home/site/a.txt is 4000033:4000034 0600 and does not admit user ";
        let way = [place("/home", 0o755, PASS), home, place("/home/site/a.txt", 0o600, READ)];
        let file = &way[2..];
        for (who, steps, seen, next) in [
            (
                (4_000_001, 4_000_001),
                &way[..],
                beyond.to_owned(),
                "let this user enter it: `chmod o+x /home/site` for everybody, or `setfacl -m u:4000001:x /home/site` for \
                 this user alone; or add the user to its group (`usermod -aG 4000034 4000001`) and restart the gateway",
            ),
            (
                (4_000_001, 4_000_001),
                file,
                format!("{closed}4000001 (groups: 4000001)"),
                "let this user read it: `chmod o+r /home/site/a.txt` for everybody, or `setfacl -m u:4000001:r \
                 /home/site/a.txt` for this user alone",
            ),
            (
                (4_000_001, 4_000_034),
                file,
                format!("{closed}4000001 (groups: 4000034)"),
                "let this user read it: `chmod g+r /home/site/a.txt` for its whole group, or `setfacl -m u:4000001:r \
                 /home/site/a.txt` for this user alone",
            ),
        ] {
            let who = Who { user: who.0, groups: vec![who.1] };
            assert_eq!(explain(Path::new("/home/site/a.txt"), steps, &who), (seen, next.to_owned()));
        }
        let owner = Who { user: 4_000_033, groups: vec![4_000_033] };
        let (_, next) = explain(Path::new("/a"), &[place("/a", 0o044, READ)], &owner);
        assert_eq!(next, "let this user read it: `chmod u+r /a`");
        let (_, next) = explain(Path::new("/a"), &[place("/a", 0o644, READ)], &who);
        assert!(next.contains("SELinux"), "{next}");
    }

    #[test]
    fn folders_are_entered_and_files_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.txt");
        fs::write(&file, "a").unwrap();
        let last = |path: &Path| steps(path).pop().map(|step| (step.path, step.needs));
        assert_eq!(last(&file), Some((file.clone(), READ)));
        assert_eq!(last(folder.path()), Some((folder.path().to_owned(), PASS)));
    }
}

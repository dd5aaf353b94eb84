//! What the system knows about a Unix socket: what lies at the path, who may use it, who listens, what lies beside it.
//! Every look is a few calls of `stat`; folders and tables are read up to a limit.

#[cfg(test)]
mod tests;

use std::{
    fs,
    iter::successors,
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
};

use super::{
    Finding, descriptors,
    pool::{Pool, PoolLines, pool, unheard},
};
use crate::{
    failure::{
        Cause,
        access::{PASS, Step, WRITE, Who, group_name, table, user_name},
    },
    limits::{EVIDENCE_FOLDER, EVIDENCE_LINKS, EVIDENCE_LISTED, UNIX_PATH},
};

/// What there is to know about the socket at `path` that failed because of `cause`. `is_php` says that PHP-FPM is meant
/// to listen there.
pub(in crate::upstream) fn unix(cause: Cause, path: &Path, is_php: bool) -> Finding {
    match cause {
        Cause::ConnectUnixMissing if is_php => missing(path).with(unheard(path)),
        Cause::ConnectUnixStale if is_php => stale(path).with(unheard(path)),
        Cause::ConnectUnixMissing => missing(path),
        Cause::ConnectUnixStale => stale(path),
        Cause::ConnectUnixPermission => {
            let (steps, who) = (Step::all(path, WRITE), Who::gateway());
            let finding = forbidden(&steps, &who);
            match steps.last().filter(|socket| is_php && socket.path == path) {
                Some(socket) => Finding { next: admit(socket, &who, pool(path).as_ref()).or(finding.next), ..finding },
                None => finding,
            }
        }
        Cause::ConnectBacklogFull if is_php => full_pool(&PoolLines::of(&path.to_string_lossy())),
        Cause::ConnectUnixNotSocket => no_socket(path),
        Cause::ConnectBacklogFull => Finding::new(
            format!(
                "the application does not accept fast enough; its queue cannot be longer than {} (net.core.somaxconn)",
                table("/proc/sys/net/core/somaxconn").trim()
            ),
            "Give the application more workers, or find what holds up those it has; a longer queue only hides it.",
        ),
        Cause::ConnectFdExhausted => descriptors(),
        _ => Finding::default(),
    }
}

fn full_pool(lines: &PoolLines) -> Finding {
    let at = |line: &Option<String>| line.as_ref().map(|line| format!(" ({line})")).unwrap_or_default();
    Finding::new(
        format!(
            "every process of the PHP-FPM pool is busy, and as many requests wait for one as `listen.backlog` of the pool \
             and net.core.somaxconn ({}) allow",
            table("/proc/sys/net/core/somaxconn").trim()
        ),
        format!(
            "Raise `pm.max_children`{} and reload PHP-FPM, if the machine has the memory for more processes; else find \
             what holds them up: `request_slowlog_timeout` and `slowlog` of the pool name the lines. A longer \
             `listen.backlog`{} only lets more visitors wait.",
            at(&lines.children),
            at(&lines.backlog)
        ),
    )
}

/// Whether what lies at `path` is a socket; `None` where it cannot be looked at.
pub(in crate::upstream) fn is_socket(path: &Path) -> Option<bool> {
    Some(fs::metadata(path).ok()?.file_type().is_socket())
}

fn missing(path: &Path) -> Finding {
    let gone = path.ancestors().filter(|folder| !folder.as_os_str().is_empty()).take_while(|folder| !folder.exists());
    let gone = gone.last().unwrap_or(path);
    let target = linked(gone);
    let mut next = String::from(match target {
        Some(_) => "Start the application, or correct the link or the path in `servers`.",
        None => "Start the application, or correct the path in `servers`.",
    });
    let seen = match target {
        Some(target) if target.is_symlink() => {
            format!(
                "{} is a link that leads over many others, {} among them, to nothing",
                gone.display(),
                target.display()
            )
        }
        Some(target) => format!("{} is a link to {}, which does not exist", gone.display(), target.display()),
        None if gone != path => format!("the folder {} does not exist", gone.display()),
        None => beside(path),
    };
    if ["/tmp", "/var/tmp"].iter().any(|shared| path.starts_with(shared)) {
        next.push_str(" A service with PrivateTmp= has a /tmp of its own: put the socket under /run.");
    }
    Finding::new(seen, next)
}

/// Where the link at `path` leads to, and the link there, if that is one too. What it ends at is a link only where there
/// are more of them than are followed, as in a circle.
fn linked(path: &Path) -> Option<PathBuf> {
    // A link's target is relative to the folder of the link.
    let target = |link: &PathBuf| Some(link.parent()?.join(fs::read_link(link).ok()?));
    successors(target(&path.to_owned()), target).take(EVIDENCE_LINKS).last()
}

fn stale(path: &Path) -> Finding {
    let owned = Step::at(path, WRITE).map(|socket| format!("{} is {}; ", path.display(), socket.owned()));
    let owned = owned.unwrap_or_default();
    let bound = path.to_str().is_some_and(|path| is_bound(&table("/proc/net/unix"), path));
    if bound {
        return Finding::new(
            format!("{owned}a process has bound it but does not listen on it"),
            "The application is starting, or hangs before it listens: look at its log.",
        );
    }
    Finding::new(
        format!("{owned}no process listens on it: it was left over by one that ended"),
        "Start the application, and see in its log why it ended.",
    )
}

/// Whether a line of `/proc/net/unix` ends with `path`.
fn is_bound(sockets: &str, path: &str) -> bool {
    sockets.lines().any(|line| line.split_whitespace().nth(7) == Some(path))
}

fn forbidden(steps: &[Step], who: &Who) -> Finding {
    let Some(step) = who.barred(steps) else {
        return Finding::new(
            format!("the modes of the path admit {}", who.described()),
            "An access control list, SELinux or AppArmor forbids it: see the audit log (`ausearch -m avc`, `dmesg`).",
        );
    };
    let seen = step.bars(who);
    let user = user_name(who.user);
    let group = group_name(step.group);
    let next = if who.lacks_group(step) {
        format!("Add user {user} to group {group} (`usermod -aG {group} {user}`) and restart the gateway.")
    } else if step.needs == PASS {
        format!("Let user {user} pass: `chmod o+x {}`.", step.path.display())
    } else {
        format!(
            "Let the application create its socket with mode 0660 and a group that user {user} belongs to; until \
             then `chmod o+w {}`.",
            step.path.display()
        )
    };
    Finding::new(seen, next)
}

/// What to change in the configuration of PHP-FPM; `None` where its socket is not what bars the gateway.
fn admit(socket: &Step, who: &Who, pool: Option<&Pool>) -> Option<String> {
    if who.may(socket.needs, socket.owner, socket.group, socket.mode) {
        return None;
    }
    let group = group_name(*who.groups.first()?);
    let change = |key, value| pool.map_or_else(|| format!("`{key} = {value}`"), |pool| pool.change(key, value));
    let mut lines = Vec::new();
    if !who.groups.contains(&socket.group) {
        lines.push(change("listen.group", &group));
    }
    if (socket.mode >> 3) & WRITE == 0 {
        lines.push(change("listen.mode", "0660"));
    }
    let (lines, user, old) = (lines.join(" and "), user_name(who.user), group_name(socket.group));
    let service = pool.map_or_else(|| "php*-fpm".to_owned(), Pool::service);
    // A reload keeps the socket as it is.
    let write = format!("rite {lines} into the pool's file and restart PHP-FPM (`systemctl restart '{service}'`)");
    // Other servers may use the socket too, so its group stays where it is of use; root's is for nobody else.
    Some(if who.lacks_group(socket) && socket.group != 0 {
        format!("Add user {user} to group {old} (`usermod -aG {old} {user}`) and restart the gateway; or w{write}.")
    } else {
        format!("W{write}.")
    })
}

fn no_socket(path: &Path) -> Finding {
    let next = "Correct the path in `servers`: it must be that of a listening stream socket.";
    let length = path.as_os_str().len();
    if length > UNIX_PATH {
        return Finding::new(format!("the path is {length} bytes long; {UNIX_PATH} are allowed"), next);
    }
    let file = path.ancestors().skip(1).find(|folder| fs::metadata(folder).is_ok_and(|found| !found.is_dir()));
    if let Some(file) = file {
        return Finding::new(format!("{} is not a folder", file.display()), next);
    }
    let what = match fs::metadata(path).map(|found| found.file_type()) {
        Ok(kind) if kind.is_file() => "a regular file",
        Ok(kind) if kind.is_dir() => "a folder",
        Ok(kind) if kind.is_fifo() => "a named pipe",
        Ok(kind) if kind.is_socket() => "a socket for datagrams or packets, not for streams",
        Ok(_) => "a device",
        Err(_) => return Finding::new(String::new(), next),
    };
    Finding::new(format!("{} is {what}; {}", path.display(), beside(path)), next)
}

/// Which other sockets lie in the folder of `path`.
fn beside(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = fs::read_dir(folder) else { return format!("{} cannot be read", folder.display()) };
    let mut sockets: Vec<String> = entries
        .take(EVIDENCE_FOLDER)
        .filter_map(Result::ok)
        .filter(|entry| entry.path() != path && entry.file_type().is_ok_and(|kind| kind.is_socket()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    sockets.sort_unstable();
    sockets.truncate(EVIDENCE_LISTED);
    if sockets.is_empty() {
        return format!("no other socket lies in {}", folder.display());
    }
    format!("other sockets in {}: {}", folder.display(), sockets.join(", "))
}

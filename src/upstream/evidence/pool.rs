//! The configuration of PHP-FPM, as far as it lies on this machine: the file of a pool and its lines about its socket.
//! `unix` and the words about PHP-FPM name them, so that an operator knows what to change where.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::Finding;
use crate::{
    failure::access::table,
    limits::{EVIDENCE_FOLDER, EVIDENCE_LISTED},
};

/// The file of a pool.
#[derive(Debug)]
pub(super) struct Pool {
    file: PathBuf,
    text: String,
}

/// The pool that listens at `socket`, if its file can be found and read.
pub(super) fn pool(socket: &Path) -> Option<Pool> {
    listening(socket.to_str()?)
}

/// The same by what `listen` may say. A port alone is a port of this machine.
fn listening(listen: &str) -> Option<Pool> {
    let port = listen.strip_prefix("127.0.0.1:").or_else(|| listen.strip_prefix("[::1]:")).unwrap_or(listen);
    pools().find(|pool| pool.lines("listen").any(|(_, value)| value == listen || value == port))
}

/// Every pool whose file lies where distributions put them.
fn pools() -> impl Iterator<Item = Pool> {
    let files = folders().into_iter().flat_map(|folder| entries(&folder));
    let files = files.filter(|file| file.extension().is_some_and(|name| name == "conf"));
    files.map(|file| Pool { text: table(&file), file })
}

/// What is configured on this machine about a socket of PHP-FPM at which nobody listens, and what to do.
pub(super) fn unheard(socket: &Path) -> Finding {
    if let Some(pool) = pool(socket) {
        let service = pool.service();
        return Finding::new(
            format!("the pool in {} is to listen there, so PHP-FPM does not run", pool.file.display()),
            format!("Start it: `systemctl start {service}`; `journalctl -u {service}` tells why it ended."),
        );
    }
    let mut others: Vec<(String, String)> = pools()
        .flat_map(|pool| {
            let file = pool.file.display().to_string();
            pool.lines("listen").map(|(_, listen)| (listen.to_owned(), file.clone())).collect::<Vec<_>>()
        })
        .collect();
    others.truncate(EVIDENCE_LISTED);
    let Some((listen, _)) = others.first() else { return Finding::new(String::new(), START) };
    let scheme = if listen.starts_with('/') { "fastcgi+unix:" } else { "fastcgi://" };
    let next = format!(
        "Write the address of the right pool into `servers`, such as \"{scheme}{listen}\"; or, if its pool is configured \
         elsewhere, start PHP-FPM (`systemctl status 'php*-fpm'` tells why it is down)."
    );
    let listed: Vec<String> = others.iter().map(|(listen, file)| format!("{listen} ({file})")).collect();
    Finding::new(format!("no pool on this machine is to listen there; there are {}", listed.join(", ")), next)
}

/// What to do where nothing is known of PHP-FPM.
const START: &str = "Start PHP-FPM (`systemctl status 'php*-fpm'` tells why it is down), or write what `listen` of its \
                     pool says into `servers`.";

/// Where distributions keep the files of pools.
fn folders() -> Vec<PathBuf> {
    let debian = entries(Path::new("/etc/php")).into_iter().map(|version| version.join("fpm/pool.d"));
    let others = ["/etc/php-fpm.d", "/usr/local/etc/php-fpm.d"].map(PathBuf::from);
    debian.chain(others).collect()
}

/// What a pool's file says of its processes, and where: each one that is written there.
#[derive(Debug, Default)]
pub(in crate::upstream) struct PoolLines {
    /// `pm.max_children`
    pub(in crate::upstream) children: Option<String>,
    /// `listen.backlog`
    pub(in crate::upstream) backlog: Option<String>,
    /// `request_terminate_timeout`
    pub(in crate::upstream) terminate: Option<String>,
}

impl PoolLines {
    /// Those of the pool that listens at `listen`: a path, or an address with its port.
    pub(in crate::upstream) fn of(listen: &str) -> Self {
        let Some(pool) = listening(listen) else { return Self::default() };
        Self {
            children: pool.said("pm.max_children"),
            backlog: pool.said("listen.backlog"),
            terminate: pool.said("request_terminate_timeout"),
        }
    }
}

impl Pool {
    /// The service that runs it, as distributions name it.
    pub(super) fn service(&self) -> String {
        let mut parts = self.file.components().map(|part| part.as_os_str().to_string_lossy());
        match parts.position(|part| part == "php").and_then(|_| parts.next()) {
            Some(version) => format!("php{version}-fpm"),
            None => "php-fpm".to_owned(),
        }
    }

    /// What to write where, so that `key` is `value`.
    pub(super) fn change(&self, key: &str, value: &str) -> String {
        let place = match self.lines(key).last() {
            Some((line, old)) => format!("line {line}, which says `{key} = {old}`"),
            None => "below its `listen`".to_owned(),
        };
        format!("`{key} = {value}` ({}, {place})", self.file.display())
    }

    /// What the file says of `key`, and where.
    fn said(&self, key: &str) -> Option<String> {
        let (line, value) = self.lines(key).last()?;
        Some(format!("`{key} = {value}` in line {line} of {}", self.file.display()))
    }

    /// The lines that set `key`, by their numbers.
    fn lines(&self, key: &str) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().filter_map(move |(at, line)| {
            let (name, value) = line.split(';').next()?.split_once('=')?;
            (name.trim() == key).then(|| (at + 1, value.trim().trim_matches('"')))
        })
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(found) = fs::read_dir(folder) else { return Vec::new() };
    let mut entries: Vec<PathBuf> = found.take(EVIDENCE_FOLDER).flatten().map(|entry| entry.path()).collect();
    entries.sort_unstable();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_to_change_is_named() {
        let text = "[www]\n;listen.group = nobody\nlisten = /run/php.sock\nlisten.group = www-data ; the web server\n";
        let pool = Pool { file: "/etc/www.conf".into(), text: text.into() };
        assert_eq!(
            pool.change("listen.group", "goodgate"),
            "`listen.group = goodgate` (/etc/www.conf, line 4, which says `listen.group = www-data`)"
        );
        assert_eq!(pool.change("listen.mode", "0660"), "`listen.mode = 0660` (/etc/www.conf, below its `listen`)");
        assert_eq!(pool.service(), "php-fpm");
        let debian = Pool { file: "/etc/php/8.2/fpm/pool.d/www.conf".into(), text: String::new() };
        assert_eq!(debian.service(), "php8.2-fpm");
        let said = pool.said("listen.group");
        assert_eq!(said.as_deref(), Some("`listen.group = www-data` in line 4 of /etc/www.conf"));
        assert_eq!(pool.lines("listen").collect::<Vec<_>>(), [(3, "/run/php.sock")]);
    }
}

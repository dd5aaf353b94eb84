//! Paths by specificity: `=/exact`, then the longest prefix on segment borders, then `~regex` in file order.
//! `table` keeps one group per host; the path arrives normalised (`message::path`) and without its query.

use std::rc::Rc;

use regex::Regex;

use crate::config::settings::{PathPattern, Route};

/// The routes of one host.
#[derive(Debug, Default)]
pub struct Paths {
    exact: Vec<(Box<str>, Rc<Route>)>,
    /// Without a closing slash, longest first, in file order where they are equal.
    prefixes: Vec<(Box<str>, Rc<Route>)>,
    regexes: Vec<(Regex, Rc<Route>)>,
}

impl Paths {
    /// Adds a route; routes come in file order.
    pub fn add(&mut self, route: &Rc<Route>) {
        let route = Rc::clone(route);
        match &route.path {
            PathPattern::Exact(path) => self.exact.push((path.as_str().into(), route)),
            PathPattern::Regex(regex) => self.regexes.push((regex.clone(), route)),
            PathPattern::Prefix(prefix) => {
                let prefix = segments(prefix);
                let at = self.prefixes.partition_point(|(known, _)| known.len() >= prefix.len());
                self.prefixes.insert(at, (prefix.into(), route));
            }
        }
    }

    /// Every route whose pattern fits `path`, most specific first, until `found` says that it is the one. Loops, because
    /// every request comes here, and iterators behind one another cost several times as much.
    pub fn find<'a>(&'a self, path: &str, mut found: impl FnMut(&'a Rc<Route>) -> bool) -> Option<&'a Rc<Route>> {
        for (exact, route) in &self.exact {
            if **exact == *path && found(route) {
                return Some(route);
            }
        }
        let path_is_plain = is_plain(path);
        for (prefix, route) in &self.prefixes {
            if behind(path, prefix, path_is_plain).is_some() && found(route) {
                return Some(route);
            }
        }
        self.regexes.iter().find(|(regex, route)| regex.is_match(path) && found(route)).map(|(_, route)| route)
    }
}

/// What is left of `path` without `prefix`, with its leading slash; `None` when the prefix does not fit.
/// A closing slash of the prefix makes no difference: `/api` and `/api/` both turn `/api/x` into `/x` and `/api` into `/`.
/// What makes the prefix's last segment another one for some applications goes with it, as `behind` says.
#[must_use]
pub fn strip<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let prefix = segments(prefix);
    let rest = behind(path, prefix, is_plain(path))?;
    if prefix.is_empty() {
        return Some(path);
    }
    Some(rest.find('/').map_or("/", |at| &rest[at..]))
}

/// Whether `pattern` fits `path`, by the rules of the table.
#[must_use]
pub fn fits(pattern: &PathPattern, path: &str) -> bool {
    match pattern {
        PathPattern::Exact(exact) => exact == path,
        PathPattern::Prefix(prefix) => starts(path, segments(prefix)),
        PathPattern::Regex(regex) => regex.is_match(path),
    }
}

/// A prefix without its closing slash; `/` becomes empty, which fits everything (`*` of OPTIONS too).
///
/// So `/api/` fits `/api` as well. Servers commonly give both one meaning, and an access list on `/admin/` that let
/// `/admin` through would be a hole.
fn segments(prefix: &str) -> &str {
    prefix.strip_suffix('/').unwrap_or(prefix)
}

fn starts(path: &str, prefix: &str) -> bool {
    behind(path, prefix, is_plain(path)).is_some()
}

/// Whether all applications agree about what the segments of `path` are: it has neither parameters nor escapes.
fn is_plain(path: &str) -> bool {
    memchr::memchr2(b';', b'%', path.as_bytes()).is_none()
}

/// What of `path` is behind `prefix`, where that fits it. Whether the path is plain is asked once for all prefixes.
///
/// Where applications disagree about what a segment is, it fits: an access list on `/admin` must not let through what some
/// of them take for `/admin`. Many cut parameters off a segment (`/admin;x=1`, RFC 3986 section 3.3), also off those before
/// the last (`/a;x/b`) and off empty ones, which then are none (`/;x/admin`); some cut off what comes behind an encoded `;`,
/// `#` or `?`, and blanks at the end.
fn behind<'a>(path: &'a str, prefix: &str, path_is_plain: bool) -> Option<&'a str> {
    if let Some(rest) = path.strip_prefix(prefix) {
        return (prefix.is_empty() || ends_segment(rest)).then_some(rest);
    }
    let mut rest = (!path_is_plain && path.starts_with('/')).then_some(path)?;
    for segment in prefix.split('/').skip(1) {
        rest = rest[rest.find('/')?..].strip_prefix('/')?;
        while rest.starts_with(';') {
            rest = rest[rest.find('/')?..].strip_prefix('/')?;
        }
        rest = rest.strip_prefix(segment)?;
        if !ends_segment(rest) {
            return None;
        }
    }
    Some(rest)
}

/// Whether a segment is over before `rest`, for somebody at least.
fn ends_segment(rest: &str) -> bool {
    let mut rest = rest.as_bytes();
    while let [b'%', high, low, behind @ ..] = rest
        && matches!((high, low.to_ascii_lowercase()), (b'0' | b'1', b'0'..=b'9' | b'a'..=b'f') | (b'2', b'0') | (b'7', b'f'))
    {
        rest = behind;
    }
    match rest {
        [] | [b'/' | b';', ..] => true,
        [b'%', high, low, ..] => matches!((high, low.to_ascii_lowercase()), (b'2', b'3') | (b'3', b'b' | b'f')),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_end_on_segment_borders() {
        for (prefix, path, fits) in [
            ("/api/", "/api/x", true),
            ("/api/", "/api/", true),
            ("/api/", "/api", true),
            ("/api", "/api/x/y", true),
            ("/admin", "/admin", true),
            ("/admin", "/admin/", true),
            ("/admin", "/administrator", false),
            ("/admin/", "/administrator", false),
            ("/admin", "/adm", false),
            ("/admin", "/Admin", false),
            ("/admin", "/admin;x=1", true),
            ("/admin", "/admin;/x", true),
            ("/admin", "/admin%20", true),
            ("/admin", "/admin%20%09/x", true),
            ("/admin", "/admin%20x", false),
            ("/admin", "/admin%3bx", true),
            ("/admin", "/admin%2", false),
            ("/admin", "/;/admin", true),
            ("/admin", "/;a/;b/admin/x", true),
            ("/admin", "/;admin", false),
            ("/a/b", "/a/;x/b", true),
            ("/a/b", "/a%20/b", true),
            ("/a/b", "/a%20x/b", false),
            ("/admin", "/admin%3Fx", true),
            ("/admin", "/admin%41", false),
            ("/admin", "/administrator;x", false),
            ("/a/b", "/a;x/b", true),
            ("/a/b", "/a;x/b;y/c", true),
            ("/a/b", "/a;x/bc", false),
            ("/a/b", "/a;x", false),
            ("/a/b", "/ab;x/b", false),
            ("/a/b", "/a", false),
            ("/", "/", true),
            ("/", "/x", true),
            ("/", "*", true),
            ("/x", "*", false),
            ("/x", "a;b/x", false),
        ] {
            assert_eq!(starts(path, segments(prefix)), fits, "{prefix} {path}");
        }
    }

    #[test]
    fn a_stripped_path_keeps_its_leading_slash() {
        for (path, prefix, expected) in [
            ("/api/x", "/api", Some("/x")),
            ("/api/x", "/api/", Some("/x")),
            ("/api/", "/api", Some("/")),
            ("/api", "/api/", Some("/")),
            ("/apis", "/api", None),
            ("/api;v=1/x;y", "/api", Some("/x;y")),
            ("/api;v=1", "/api", Some("/")),
            ("/a;x/b;y/c", "/a/b", Some("/c")),
            ("/api%20/x", "/api", Some("/x")),
            ("/api%20x/y", "/api", None),
            ("/;a/api/x", "/api", Some("/x")),
            ("/x", "/", Some("/x")),
            ("/", "/", Some("/")),
            ("*", "/", Some("*")),
        ] {
            assert_eq!(strip(path, prefix), expected, "{path} {prefix}");
        }
    }
}

//! Contradictions of redirects: what `keep_path` cannot be added to, and targets that lead to the same route again.

use http::{Method, StatusCode, Uri, uri::PathAndQuery};

use super::routes::segments;
use crate::config::{
    problem::Problem,
    settings::{HostPattern, PathMode, PathPattern},
    written::{Action, Route},
};

/// Every redirect of the file.
pub fn check(routes: &[Route], found: &mut Vec<Problem>) {
    for (at, route) in routes.iter().enumerate() {
        let Some(Action::Redirect { to, keep_path, status }) = &route.action else { continue };
        let target = to.get_ref().to_str().unwrap_or_default();
        if let Some(place) = keep_path {
            found.extend(check_keep_path(route, target, place, to.span()));
        }
        // After the other statuses clients may come with GET, whatever the method was (RFC 9110 section 15.4).
        let stays = matches!(*status, StatusCode::PERMANENT_REDIRECT | StatusCode::TEMPORARY_REDIRECT)
            || route.methods.is_empty()
            || route.methods.contains(&Method::GET);
        if route.is_sure && stays && is_circle(routes, at, target) {
            // Only a warning: the file cannot know what answers in front of the gateway.
            let title = "a redirect that leads to its own route";
            let problem = Problem::warning(to.span(), title, "belongs to the same route");
            let hint = "unless something in front of goodgate answers there, clients are sent there again and again: name \
                        another target, or add a route for this one";
            found.push(problem.also(route.span.clone(), "takes it again").hint(hint));
        }
    }
}

/// The rest of a path may follow only what ends the same way for every request, and what cannot become another host.
fn check_keep_path(
    route: &Route,
    target: &str,
    place: &std::ops::Range<usize>,
    to: std::ops::Range<usize>,
) -> Option<Problem> {
    if !matches!(route.path.get_ref(), PathPattern::Prefix(_)) {
        let problem =
            Problem::error(place.clone(), "`keep_path` needs a `path` that is a prefix", "has nothing to keep");
        return Some(
            problem.also(route.path.span(), "no prefix").hint("remove it, or write a prefix such as \"/old/\""),
        );
    }
    if route.path_mode == PathMode::Raw {
        let problem = Problem::error(
            place.clone(),
            "`keep_path` needs `path_mode = \"normal\"`",
            "the path would follow as it came",
        );
        return Some(problem.hint("remove `path_mode`: a path as it came may lead clients to another host"));
    }
    let problem = |label: &str| Problem::error(to.clone(), "`to` cannot be followed by a path", label);
    if target.contains(['?', '#']) {
        return Some(problem("has a query or fragment").hint("leave it out: the query of the request is kept"));
    }
    if !target.ends_with('/') {
        return Some(problem("does not end with a slash").hint(format!("write \"{target}/\"")));
    }
    if !is_safe(target) {
        return Some(problem("neither http:// or https:// with a host nor a path that begins with a single slash"));
    }
    None
}

/// Whether whatever follows `target` stays on its host.
fn is_safe(target: &str) -> bool {
    if target.contains('\\') {
        return false;
    }
    if target.starts_with('/') {
        return !target.starts_with("//");
    }
    let uri = target.parse::<Uri>().ok();
    uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    })
}

/// Whether a target on the same host is surely taken by the route `at` itself.
fn is_circle(routes: &[Route], at: usize, target: &str) -> bool {
    let route = &routes[at];
    if !target.starts_with('/') || target.starts_with("//") {
        return false;
    }
    let Ok(target) = target.parse::<PathAndQuery>() else { return false };
    if !is_plain(target.path()) {
        return false;
    }
    let others = || routes.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other);
    fits(route.path.get_ref(), target.path())
        && others()
            .all(|other| other.is_sure && (!fits(other.path.get_ref(), target.path()) || is_behind(other, route)))
}

/// Whether `other` surely gets only what `route` leaves.
fn is_behind(other: &Route, route: &Route) -> bool {
    let exact = |route: &Route| route.hosts.iter().all(|host| matches!(host, HostPattern::Exact(_)));
    if !route.hosts.is_empty() && other.hosts.is_empty() {
        return true;
    }
    if exact(route)
        && exact(other)
        && !route.hosts.is_empty()
        && !route.hosts.iter().any(|host| other.hosts.contains(host))
    {
        return true;
    }
    match (route.path.get_ref(), other.path.get_ref()) {
        _ if route.hosts != other.hosts => false,
        (PathPattern::Prefix(path), PathPattern::Prefix(other)) => segments(other).len() < segments(path).len(),
        (PathPattern::Prefix(_), PathPattern::Regex(_))
        | (PathPattern::Exact(_), PathPattern::Prefix(_) | PathPattern::Regex(_)) => true,
        _ => false,
    }
}

/// Whether `path` means the same to clients, to `message::path` and to the table of routes as it stands: without escapes,
/// parameters, and empty or dot segments before its end.
fn is_plain(path: &str) -> bool {
    let is_dots = |segment: &str| matches!(segment, "." | "..");
    !path.contains(['%', ';', '\\']) && !path.contains("//") && !path.split('/').any(is_dots)
}

/// What `route::path` says of plain paths; it is above this module, which may not use it.
fn fits(pattern: &PathPattern, path: &str) -> bool {
    match pattern {
        PathPattern::Exact(exact) => exact == path,
        PathPattern::Regex(regex) => regex.is_match(path),
        PathPattern::Prefix(prefix) => {
            path.strip_prefix(segments(prefix)).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
    }
}

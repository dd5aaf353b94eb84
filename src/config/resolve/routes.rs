//! Contradictions of routes: what they do, whom they name, which of them can never be taken.

use std::sync::Arc;

use http::StatusCode;
use ipnet::IpNet;
use toml::Spanned;

use super::{
    fallback, fastcgi,
    pages::{Loader, Look},
    redirects,
};
use crate::config::{
    keys::either,
    problem::{Problem, Severity},
    read::meant,
    settings::{self, Errors, PathMode, PathPattern, Php, Protocol},
    written::{Action, Route, Upstream},
};

/// The routes that can be used; upstreams that none of them names become warnings.
pub fn resolve(
    written: Vec<Route>,
    upstreams: &[Upstream],
    errors: &Errors,
    (loader, look): (&mut Loader<'_>, &Look),
    found: &mut Vec<Problem>,
) -> Vec<settings::Route> {
    each_route_once(&written, found);
    redirects::check(&written, found);
    let mut used = used_upstreams(&written);
    let shared = Arc::new(errors.clone());
    let mut routes = Vec::new();
    for mut route in written {
        check_actions(&route, found);
        check_strip_prefix(&route, found);
        check_path_mode(&route, found);
        check_access(&route, found);
        let Some(action) = route.action.take() else { continue };
        let (before, for_upstream) = (found.len(), may_pass_on(&action));
        let Some(action) = resolve_action(action, upstreams, found) else { continue };
        if !for_upstream && found.len() == before {
            warn_of_no_effect(&route.for_upstream, matches!(action, settings::Action::Site(_)), found);
        }
        let errors = if route.errors.is_empty() {
            shared.clone()
        } else {
            let look = loader.look(&route.errors, Some(look), false, found);
            route.errors.over(errors, look.pages).into()
        };
        routes.push(settings::Route {
            name: route.name,
            hosts: route.hosts,
            path: route.path.into_inner(),
            methods: route.methods,
            action,
            strip_prefix: route.strip_prefix.map(Spanned::into_inner),
            request_headers: route.request_headers,
            response_headers: route.response_headers,
            body_size: route.body_size,
            access: route.access,
            idempotency_key: route.idempotency_key,
            retry_timeouts: route.retry_timeouts,
            path_mode: route.path_mode,
            priority: route.priority,
            errors,
        });
    }
    // With an error in the way, a route may have been meant to lead there.
    if found.iter().all(|problem| problem.severity == Severity::Warning) {
        used.extend(fallback::used(upstreams));
        warn_of_unused(&used, upstreams, found);
    }
    routes
}

fn check_actions(route: &Route, found: &mut Vec<Problem>) {
    let mut places = route.actions.clone();
    places.sort_by_key(|place| place.start);
    match places.as_slice() {
        [] => {
            let problem = Problem::error(route.span.clone(), "a route that does nothing", "does not say what to do");
            found.push(problem.hint("add one of `upstream`, `site`, `respond`, `redirect` and `maintenance`"));
        }
        [_] => {}
        [first, second, ..] => {
            let problem = Problem::error(second.clone(), "a route that does two things", "and this");
            found.push(problem.also(first.clone(), "this").hint("keep one of them, or make two routes"));
        }
    }
}

fn resolve_action(action: Action, upstreams: &[Upstream], found: &mut Vec<Problem>) -> Option<settings::Action> {
    Some(match action {
        Action::Upstream(name) => {
            let at = position(&name, Protocol::Http, upstreams, found)?;
            found.extend(fastcgi::check_root(&name, &upstreams[at]));
            settings::Action::Upstream(at)
        }
        Action::Site(site, None) => settings::Action::Site(site),
        Action::Site(mut site, Some(php)) => {
            let upstream = position(&php, Protocol::FastCgi, upstreams, found)?;
            found.extend(fastcgi::check_php(&php, &upstreams[upstream]));
            let of_php = upstreams[upstream].settings.fastcgi.as_ref().and_then(|fastcgi| fastcgi.root.clone());
            let root = of_php.unwrap_or_else(|| site.root.to_string_lossy().trim_end_matches('/').into());
            site.php = Some(Php { upstream, root });
            settings::Action::Site(site)
        }
        Action::Respond { status, body, content_type } => {
            let bare = matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED);
            if bare && !body.get_ref().is_empty() {
                let title = format!("an answer with status {} has no body", status.as_u16());
                found.push(
                    Problem::error(body.span(), title, "cannot be sent").hint("remove `body` or use another status"),
                );
            }
            settings::Action::Respond { status, body: body.into_inner(), content_type }
        }
        Action::Redirect { to, status, keep_path } => {
            settings::Action::Redirect { to: to.into_inner(), status, keep_path: keep_path.is_some() }
        }
        Action::Maintenance { retry_after } => settings::Action::Maintenance { retry_after },
    })
}

/// Whether requests may reach an upstream.
fn may_pass_on(action: &Action) -> bool {
    matches!(action, Action::Upstream(_) | Action::Site(_, Some(_)))
}

/// Where the upstream of that name stands; `protocol` is the one to advise where there is none.
pub fn position(
    name: &Spanned<String>,
    protocol: Protocol,
    upstreams: &[Upstream],
    found: &mut Vec<Problem>,
) -> Option<usize> {
    let at = upstreams.iter().position(|upstream| upstream.name.get_ref() == name.get_ref());
    if at.is_none() {
        found.push(unknown_upstream(name, protocol, upstreams));
    }
    at
}

fn unknown_upstream(name: &Spanned<String>, protocol: Protocol, upstreams: &[Upstream]) -> Problem {
    let title = format!("there is no upstream `{}`", name.get_ref());
    let problem = Problem::error(name.span(), title, "not defined in this file");
    let names: Vec<&str> = upstreams.iter().map(|upstream| upstream.name.get_ref().as_str()).collect();
    if let Some(near) = meant(name.get_ref(), names.iter().copied()) {
        return problem.hint(format!("did you mean \"{near}\"?"));
    }
    let runs_php = |upstream: &&Upstream| upstream.settings.fastcgi.is_some();
    let (server, fit) = match protocol {
        Protocol::Http => ("http://127.0.0.1:3000", names),
        Protocol::FastCgi => (
            "fastcgi+unix:/run/php/php-fpm.sock",
            upstreams.iter().filter(runs_php).map(|upstream| upstream.name.get_ref().as_str()).collect(),
        ),
    };
    problem.hint(if fit.is_empty() {
        format!("add `[upstream.{}]` and below it `servers = [\"{server}\"]`", name.get_ref())
    } else {
        format!("there is {}", either(&fit))
    })
}

fn check_strip_prefix(route: &Route, found: &mut Vec<Problem>) {
    let Some(strip) = route.strip_prefix.as_ref().filter(|_| route.is_sure) else { return };
    let (PathPattern::Prefix(path) | PathPattern::Exact(path)) = route.path.get_ref() else { return };
    let (short, long) = (strip.get_ref().trim_end_matches('/'), path.trim_end_matches('/'));
    if !long.starts_with(short) && !short.starts_with(long) {
        let problem =
            Problem::error(strip.span(), "`strip_prefix` never fits the paths of its route", "not their beginning");
        found.push(problem.also(route.path.span(), format!("its paths begin with `{path}`")));
    }
}

/// A path that can be read in two ways must not become the name of a file.
fn check_path_mode(route: &Route, found: &mut Vec<Problem>) {
    if let (Some(Action::Site(..)), PathMode::Raw, Some(place)) = (&route.action, route.path_mode, &route.path_mode_at)
    {
        let problem =
            Problem::error(place.clone(), "`path_mode` of a `site` must be \"normal\"", "would be read as it came");
        found.push(problem.hint("remove it"));
    }
}

/// `deny` wins, so that a network which is part of a denied one lets nobody in.
fn check_access(route: &Route, found: &mut Vec<Problem>) {
    let (access, Some(place)) = (&route.access, &route.allow_at) else { return };
    let is_denied = |allowed| access.deny.iter().any(|denied: &IpNet| denied.contains(allowed));
    if !access.allow.is_empty() && access.allow.iter().all(is_denied) {
        let problem = Problem::error(place.clone(), "a route that nobody may use", "all of this is denied");
        found.push(problem.hint("`deny` wins over `allow`: name smaller networks in it, or remove it"));
    }
}

/// A later route is dead if an earlier one has its path, all its hosts and all its methods.
fn each_route_once(routes: &[Route], found: &mut Vec<Problem>) {
    for (at, route) in routes.iter().enumerate() {
        let first = routes[..at].iter().find(|first| first.is_sure && route.is_sure && covers(first, route));
        if let Some(first) = first {
            let problem = Problem::error(route.span.clone(), "a route that no request can reach", "never taken");
            found.push(
                problem
                    .also(first.span.clone(), "takes every request of it")
                    .hint("remove one of them, or let them differ in `host`, `path` or `methods`"),
            );
        }
    }
}

fn covers(first: &Route, second: &Route) -> bool {
    let same_path = match (first.path.get_ref(), second.path.get_ref()) {
        // As for `route::path`, which takes the first of those that are equal.
        (PathPattern::Prefix(one), PathPattern::Prefix(other)) => segments(one) == segments(other),
        (PathPattern::Exact(one), PathPattern::Exact(other)) => one == other,
        (PathPattern::Regex(one), PathPattern::Regex(other)) => one.as_str() == other.as_str(),
        _ => false,
    };
    let hosts =
        first.hosts.is_empty() == second.hosts.is_empty() && second.hosts.iter().all(|host| first.hosts.contains(host));
    let methods = first.methods.is_empty()
        || (!second.methods.is_empty() && second.methods.iter().all(|method| first.methods.contains(method)));
    same_path && hosts && methods
}

/// A prefix without its closing slash, which makes no difference to `route::path` either; that is above this module.
pub fn segments(prefix: &str) -> &str {
    prefix.strip_suffix('/').unwrap_or(prefix)
}

fn used_upstreams(routes: &[Route]) -> Vec<String> {
    let name = |route: &Route| match &route.action {
        Some(Action::Upstream(name) | Action::Site(_, Some(name))) => Some(name.get_ref().clone()),
        _ => None,
    };
    routes.iter().filter_map(name).collect()
}

fn warn_of_unused(used: &[String], upstreams: &[Upstream], found: &mut Vec<Problem>) {
    for upstream in upstreams {
        let name = upstream.name.get_ref();
        if !used.contains(name) {
            let title = format!("no route leads to the upstream `{name}`");
            let problem = Problem::warning(upstream.name.span(), title, "never used");
            found.push(problem.hint(format!("write `upstream = \"{name}\"` in a route, or remove it")));
        }
    }
}

fn warn_of_no_effect(keys: &[Spanned<&'static str>], is_site: bool, found: &mut Vec<Problem>) {
    for key in keys {
        // A prefix is taken off before a site looks for its file.
        if is_site && *key.get_ref() == "strip_prefix" {
            continue;
        }
        let title = format!("`{}` has no effect on this route", key.get_ref());
        let problem = Problem::warning(key.span(), title, "nothing is passed to an upstream here");
        found.push(problem.hint("remove it, or give the route an `upstream`"));
    }
}

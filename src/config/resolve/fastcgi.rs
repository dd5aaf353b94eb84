//! Contradictions of upstreams that speak FastCGI: schemes that are mixed, keys of the other protocol, no root.

use toml::Spanned;

use crate::config::{problem::Problem, settings::Protocol, written::Upstream};

/// Servers of one upstream speak one protocol, and its keys are those of that protocol.
pub fn check(upstream: &Upstream, found: &mut Vec<Problem>) {
    let servers = &upstream.settings.servers;
    let Some(first) = servers.first() else { return };
    let other = servers.iter().position(|server| server.protocol != first.protocol);
    if let Some(other) = other {
        let title = "an upstream speaks either HTTP or FastCGI";
        let problem = Problem::error(upstream.servers[other].clone(), title, "another protocol than the first");
        found.push(problem.also(upstream.servers[0].clone(), "the first").hint("make two upstreams of them"));
    }
    match (first.protocol, &upstream.fastcgi, &upstream.max_idle) {
        (Protocol::Http, Some(place), _) => {
            let problem = Problem::error(place.clone(), "`fastcgi` without a FastCGI server", "has no effect");
            found.push(problem.hint("write \"fastcgi://\" or \"fastcgi+unix:\" in `servers`, or remove it"));
        }
        (Protocol::FastCgi, _, Some(place)) => {
            let problem = Problem::error(place.clone(), "`pool.max_idle` of FastCGI servers", "has no effect");
            found.push(problem.hint("write `keep` in `fastcgi`; each kept connection occupies a process of PHP-FPM"));
        }
        _ => {}
    }
    check_status(upstream, found);
}

/// The address of a status page belongs to one pool, and says nothing without a path.
fn check_status(upstream: &Upstream, found: &mut Vec<Problem>) {
    let (Some(fastcgi), Some(place)) = (&upstream.settings.fastcgi, upstream.status_address.clone()) else { return };
    if fastcgi.status.is_none() {
        let problem = Problem::error(place, "`status_address` without `status_path`", "has no effect");
        found.push(problem.hint("add `status_path`, which says what `pm.status_path` of the pool says"));
    } else if upstream.settings.servers.len() > 1 {
        let title = "one `status_address` cannot tell how busy several servers are";
        let problem = Problem::error(place, title, "belongs to one of them");
        found.push(problem.hint("make an upstream for each, or remove it: then the servers themselves are asked"));
    }
}

/// A route that leads straight to FastCGI servers needs to know where the scripts are.
pub fn check_root(name: &Spanned<String>, upstream: &Upstream) -> Option<Problem> {
    let fastcgi = upstream.settings.fastcgi.as_ref()?;
    if fastcgi.root.is_some() {
        return None;
    }
    let title = format!("the upstream `{}` speaks FastCGI and has no `root`", name.get_ref());
    let problem = Problem::error(name.span(), title, "which scripts would it run?");
    let hint = format!(
        "add `[upstream.{}.fastcgi]` and below it `root = \"/var/www/app\"`, the folder of the scripts as PHP sees it",
        name.get_ref()
    );
    Some(problem.hint(hint))
}

/// Scripts of a site are run over FastCGI.
pub fn check_php(name: &Spanned<String>, upstream: &Upstream) -> Option<Problem> {
    let first = upstream.settings.servers.first()?;
    if first.protocol == Protocol::FastCgi {
        return None;
    }
    let title = format!("`php` of a site leads to `{}`, which does not speak FastCGI", name.get_ref());
    let problem = Problem::error(name.span(), title, "cannot run scripts");
    Some(problem.hint("write \"fastcgi://\" or \"fastcgi+unix:\" in its `servers`; for an application use `upstream`"))
}

//! Contradictions: what is valid piece by piece and cannot be true together, each with the place it stands at.
//! It turns what `read` took into `Settings`; nothing after it checks again.

mod fallback;
mod fastcgi;
mod pages;
mod rate_limits;
mod redirects;
mod routes;

use std::{net::SocketAddr, ops::Range, path::Path};

use toml::Spanned;

use super::{
    keys,
    problem::Problem,
    settings::{Balance, Errors, Listen, RetryAfter, Server, Settings},
    written::{Upstream, Written},
};
use crate::{
    failure::{Language, page::Pages},
    limits,
};

/// Adds what contradicts to `found`; files of pages are looked for from `base`. The settings are good only if no error is among it.
pub fn resolve(mut written: Written, base: &Path, found: &mut Vec<Problem>) -> Settings {
    check_present(&written, found);
    each_listener_once(&written.listen, found);
    for upstream in &mut written.upstreams {
        check_upstream(upstream, found);
        fastcgi::check(upstream, found);
        if let (Some(fastcgi), Some(folder)) = (&mut upstream.settings.fastcgi, &written.gateway.spool) {
            fastcgi.spool = folder.as_path().into();
        }
    }
    check_memory(&written, found);
    fallback::resolve(&mut written.upstreams, found);
    let mut loader = pages::Loader::new(base);
    let used_by_routes = written.routes.iter().any(|route| !route.errors.pages.is_empty());
    let look = loader.look(&written.errors, None, used_by_routes, found);
    let errors = written.errors.over(&built_in(), look.pages.clone());
    let routes = routes::resolve(written.routes, &written.upstreams, &errors, (&mut loader, &look), found);
    Settings {
        gateway: written.gateway,
        listen: written.listen.into_iter().map(Spanned::into_inner).collect(),
        limits: written.limits,
        routes,
        rate_limits: written.rate_limits.into_iter().map(|limit| rate_limits::resolve(limit, found)).collect(),
        upstreams: written.upstreams.into_iter().map(|upstream| upstream.settings).collect(),
        errors,
        log: written.log,
    }
}

/// `[errors]` of a file that does not have it.
fn built_in() -> Errors {
    Errors {
        statuses: std::collections::BTreeMap::new(),
        languages: Language::ALL.to_vec(),
        retry_after: RetryAfter::Auto,
        contact: None,
        auto_retry: true,
        pages: Pages::default(),
        intercept: Vec::new(),
    }
}

fn check_present(written: &Written, found: &mut Vec<Problem>) {
    if !written.has_listen {
        found.push(
            Problem::of_file("nothing to listen on: the file has no `[[listen]]`")
                .hint("add `[[listen]]` and below it `address = \"0.0.0.0:8080\"`"),
        );
    } else if written.listen.is_empty() && found.is_empty() {
        found.push(
            Problem::of_file("nothing to listen on: `listen` is empty")
                .hint("add `[[listen]]` and below it `address = \"0.0.0.0:8080\"`"),
        );
    }
    if !written.has_route || (written.routes.is_empty() && found.is_empty()) {
        let name = written.upstreams.first().map_or("app", |upstream| upstream.name.get_ref().as_str());
        found.push(
            Problem::of_file("no request could be answered: the file has no `[[route]]`")
                .hint(format!("add `[[route]]` and below it `upstream = \"{name}\"`")),
        );
    }
}

fn each_listener_once(listen: &[Spanned<Listen>], found: &mut Vec<Problem>) {
    for (at, one) in listen.iter().enumerate() {
        // Port 0 is another free port every time.
        let any_port = matches!(one.get_ref(), Listen::Tcp(address) if address.port() == 0);
        let is_same = |first: &&Spanned<Listen>| canonical(first.get_ref()) == canonical(one.get_ref());
        if let Some(first) = listen[..at].iter().find(is_same).filter(|_| !any_port) {
            let problem = twice("two listeners have the same address", one.span(), first.span());
            found.push(match canonical(one.get_ref()) {
                Listen::Tcp(address) if first.get_ref() != one.get_ref() => {
                    let ip = address.ip();
                    problem.hint(format!("[::ffff:{ip}] is {ip} in IPv6's notation: keep one of the two"))
                }
                _ => problem,
            });
            continue;
        }
        if let Some(other) = listen[..at].iter().find(|other| overlap(other.get_ref(), one.get_ref())) {
            let problem = Problem::error(one.span(), "two listeners want the same port", taken_by(one.get_ref()));
            let hint =
                "keep the one with every address (0.0.0.0 or [::], which takes IPv4 too), or name each address alone";
            found.push(problem.also(other.span(), taken_by(other.get_ref())).hint(hint));
        }
    }
}

/// What one of two that overlap takes.
fn taken_by(listen: &Listen) -> &'static str {
    match canonical(listen) {
        Listen::Tcp(SocketAddr::V6(address)) if address.ip().is_unspecified() => "takes every address",
        Listen::Tcp(SocketAddr::V4(address)) if address.ip().is_unspecified() => "takes every IPv4 address",
        _ => "one of them",
    }
}

/// Whether one of them is every address of the machine and the other one of these.
fn overlap(one: &Listen, other: &Listen) -> bool {
    let (Listen::Tcp(one), Listen::Tcp(other)) = (&canonical(one), &canonical(other)) else { return false };
    // `[::]` takes IPv4 as well.
    let has =
        |every: &SocketAddr, other: &SocketAddr| every.ip().is_unspecified() && (every.is_ipv6() || other.is_ipv4());
    one.port() == other.port() && one.port() != 0 && (has(one, other) || has(other, one))
}

/// An IPv4 address in the notation of IPv6 is that IPv4 address (RFC 4291 section 2.5.5.2).
fn canonical(listen: &Listen) -> Listen {
    match listen {
        Listen::Tcp(SocketAddr::V6(address)) if let Some(ip) = address.ip().to_ipv4_mapped() => {
            Listen::Tcp((ip, address.port()).into())
        }
        _ => listen.clone(),
    }
}

fn check_upstream(upstream: &Upstream, found: &mut Vec<Problem>) {
    let servers: Vec<(&Server, &Range<usize>)> = upstream.settings.servers.iter().zip(&upstream.servers).collect();
    for (at, (server, span)) in servers.iter().enumerate() {
        if let Some((_, first)) = servers[..at].iter().find(|(first, _)| first.address == server.address) {
            let hint = "give it a larger share with { url = \"...\", weight = 2 }";
            found.push(twice("a server is listed twice", (*span).clone(), (*first).clone()).hint(hint));
        }
    }
    if let Some((_, span)) = servers.first()
        && servers.iter().all(|(server, _)| server.backup)
    {
        let problem = Problem::error((*span).clone(), "every server is a backup", "a backup of what?");
        found.push(problem.hint("leave `backup` out for those that serve when all is well"));
    }
    if let Some(place) = upstream.hash_key.clone()
        && !matches!(upstream.settings.balance, Balance::Hash(_))
    {
        let problem = Problem::error(place, "`hash_key` without `balance = \"hash\"`", "has no effect");
        found.push(problem.hint("write `balance = \"hash\"`, or remove it"));
    }
    let dns = &upstream.settings.dns;
    if dns.min_ttl > dns.max_ttl
        && let Some(span) = upstream.min_ttl.clone().or_else(|| upstream.max_ttl.clone())
    {
        let (min, max) = (humantime::format_duration(dns.min_ttl), humantime::format_duration(dns.max_ttl));
        let label = format!("min_ttl is {min}, max_ttl {max}");
        found.push(Problem::error(span, "`min_ttl` must not be longer than `max_ttl`", label));
    }
}

/// The copies of `stale_if_error` fill up in time: where they leave too little of `limits.memory`, requests would be turned
/// away for good.
fn check_memory(written: &Written, found: &mut Vec<Problem>) {
    let (Some(memory), Some(place)) = (written.limits.memory, &written.memory) else { return };
    let sizes = written.upstreams.iter().filter_map(|upstream| Some(upstream.settings.stale_if_error?.size));
    let copies = sizes.fold(0, u64::saturating_add);
    let (most, least) = (memory / limits::STALE_MEMORY, copies.saturating_mul(limits::STALE_MEMORY));
    if copies <= most {
        return;
    }
    let title = format!("the copies of `stale_if_error` may take {} of memory", keys::size(copies));
    let label = format!("leaves too little beside them: {}", keys::size(memory));
    let (most, least) = (keys::size(most), keys::size(least));
    let hint = format!("raise it to {least}, or let the `size` of all `stale_if_error` together be {most} at most");
    let mut problem = Problem::error(place.clone(), title, label).hint(hint);
    if let Some(copies) = written.upstreams.iter().find_map(|upstream| upstream.stale_if_error.clone()) {
        problem = problem.also(copies, "copies are kept here");
    }
    found.push(problem);
}

fn twice(title: &str, again: Range<usize>, first: Range<usize>) -> Problem {
    Problem::error(again, title, "here again").also(first, "here first")
}

//! The configuration file, and the routing table that is built from one.
//! The table is compared with a search through all routes.

use std::{cmp::Reverse, sync::LazyLock};

use goodgate::{
    config::{
        self, Loaded, Problems, Severity,
        settings::{Action, HostPattern, PathPattern, Route},
    },
    limits,
    message::authority::host_len,
    route::{Found, Table},
};
use http::Method;

/// A configuration file.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let found = parse(text);
    let problems = match &found {
        Ok(loaded) => {
            check(loaded);
            &loaded.warnings
        }
        Err(problems) => problems,
    };
    let bad = problems.iter().any(|problem| problem.severity == Severity::Error);
    assert_eq!(bad, found.is_err(), "errors in a good file, or none in a bad one: {problems}");
    let lines = text.split('\n').count();
    for problem in problems {
        assert!(!problem.title.is_empty());
        assert!(problem.line <= lines, "line {} of {lines}", problem.line);
        let width = text.split('\n').nth(problem.line.saturating_sub(1)).unwrap_or_default().chars().count();
        assert!(problem.column <= width + 1, "column {} of {width} in line {}", problem.column, problem.line);
    }
    assert_eq!(problems.is_empty(), problems.render(false).is_empty());
    // A line more in front moves every problem down and changes nothing else.
    if !text.starts_with('\u{feff}') {
        let moved = match parse(&format!("# one line\n{text}")) {
            Ok(loaded) => loaded.warnings,
            Err(problems) => problems,
        };
        assert_eq!(moved.len(), problems.len());
        for (moved, problem) in moved.iter().zip(problems) {
            let place = if problem.line == 0 { (0, 0) } else { (problem.line + 1, problem.column) };
            assert_eq!((moved.line, moved.column), place, "{}", problem.title);
            assert_eq!(moved.label, problem.label);
        }
    }
}

fn parse(text: &str) -> Result<Loaded, Problems> {
    // One variable that is set, and all others not.
    let env = |name: &str| (name == "SET").then(|| "value".to_owned());
    config::parse(text, "/nowhere/goodgate.toml".as_ref(), &env)
}

/// What whoever reads settings relies upon.
fn check(loaded: &Loaded) {
    let settings = &loaded.settings;
    assert!(!settings.listen.is_empty() && settings.gateway.workers > 0);
    assert!(!settings.errors.languages.is_empty());
    for route in &settings.routes {
        if let Action::Upstream(at) = route.action {
            assert!(at < settings.upstreams.len(), "{} has no upstream", route.name);
        }
        for host in &route.hosts {
            match host {
                HostPattern::Exact(host) => assert_eq!(*host, host.to_ascii_lowercase()),
                HostPattern::Suffix(suffix) => assert!(suffix.starts_with('.'), "{suffix}"),
            }
        }
        assert!(!route.errors.languages.is_empty());
    }
    for upstream in &settings.upstreams {
        assert!(!upstream.servers.is_empty() && upstream.retry.attempts > 0, "{}", upstream.name);
        assert!(upstream.servers.iter().all(|server| server.weight > 0), "{}", upstream.name);
    }
    let table = Table::new(&settings.routes);
    for route in &settings.routes {
        let host = match route.hosts.first() {
            None => "",
            Some(HostPattern::Exact(host)) => host,
            Some(HostPattern::Suffix(suffix)) => &format!("x{suffix}"),
        };
        let (PathPattern::Prefix(path) | PathPattern::Exact(path)) = &route.path else { continue };
        let found = table.find(host, path, route.methods.first().unwrap_or(&Method::GET));
        assert!(matches!(found, Found::Route(_)), "{} is never found", route.name);
    }
}

static ROUTE: LazyLock<Route> = LazyLock::new(|| {
    let text = "[[listen]]\naddress = \"127.0.0.1:0\"\n[[route]]\nrespond = { status = 200 }\n";
    let loaded = parse(text).expect("the configuration is good");
    loaded.settings.routes[0].clone()
});

/// A line `METHOD host path`, and a line `host,*.host path METHOD,METHOD` for each route; `-` is none.
pub fn routes(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.lines();
    let mut asked = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(host), Some(path)) = (asked.next(), asked.next(), asked.next()) else { return };
    let Ok(method) = method.parse::<Method>() else { return };
    let host = if host == "-" { String::new() } else { host.to_ascii_lowercase() };
    if !host.is_empty() && host_len(host.as_bytes()) != Ok(host.len()) {
        return;
    }
    let routes: Vec<Route> = lines.take(32).enumerate().filter_map(|(at, line)| route(at, line)).collect();
    let table = Table::new(&routes);
    let mut fitting: Vec<(&Route, _)> =
        routes.iter().flat_map(|route| ranks(route, &host, path).into_iter().map(move |rank| (route, rank))).collect();
    fitting.sort_by_key(|(_, rank)| Reverse(*rank));
    let admits = |route: &Route| {
        let named = |method: &Method| route.methods.contains(method);
        route.methods.is_empty() || named(&method) || method == Method::HEAD && named(&Method::GET)
    };
    let wanted = fitting.iter().find(|(route, _)| admits(route)).map(|(route, _)| route.name.as_str());
    match table.find(&host, path, &method) {
        Found::Route(route) => assert_eq!(Some(route.name.as_str()), wanted),
        Found::MethodNotAllowed { allow } => {
            assert!(wanted.is_none() && !fitting.is_empty());
            let allow = allow.to_str().expect("methods are ASCII");
            let named = fitting.iter().flat_map(|(route, _)| &route.methods);
            for name in named {
                assert_eq!(allow.split(", ").filter(|item| *item == name.as_str()).count(), 1, "{name} in {allow}");
            }
        }
        Found::None => assert!(fitting.is_empty(), "{wanted:?} is not found"),
    }
    let known = routes.iter().flat_map(|route| &route.hosts).any(|pattern| host_rank(pattern, &host).is_some());
    let evidence = table.evidence(&host, path);
    assert_eq!(evidence.contains("is in the config"), known && !host.is_empty(), "{evidence}");
    assert!(evidence.chars().count() < 4 * limits::EVIDENCE_TEXT, "{evidence}");
}

fn route(at: usize, line: &str) -> Option<Route> {
    let mut words = line.split(' ').map(|word| if word == "-" { "" } else { word });
    let hosts = words.next()?.split(',').filter(|host| !host.is_empty());
    let hosts = hosts.map(|host| {
        let host = host.to_ascii_lowercase();
        let (name, wildcard) = host.strip_prefix("*.").map_or((host.as_str(), false), |name| (name, true));
        let fits =
            host_len(name.as_bytes()) == Ok(name.len()) && !name.ends_with('.') && !(wildcard && name.starts_with('['));
        fits.then(
            || if wildcard { HostPattern::Suffix(format!(".{name}")) } else { HostPattern::Exact(name.to_owned()) },
        )
    });
    let hosts = hosts.collect::<Option<Vec<_>>>()?;
    let path = words.next().unwrap_or("/");
    let (plain, exact) = path.strip_prefix('=').map_or((path, false), |plain| (plain, true));
    let path = plain.starts_with('/').then(|| plain.to_owned())?;
    let methods = words.next().unwrap_or_default().split(',').filter(|name| !name.is_empty());
    Some(Route {
        name: at.to_string(),
        hosts,
        path: if exact { PathPattern::Exact(path) } else { PathPattern::Prefix(path) },
        methods: methods.map(str::parse).collect::<Result<_, _>>().ok()?,
        ..ROUTE.clone()
    })
}

/// How well a route fits, once for each of its hosts that do; greater is better.
fn ranks(route: &Route, host: &str, path: &str) -> Vec<(usize, usize, Reverse<usize>)> {
    let at = Reverse(route.name.parse().unwrap_or_default());
    let path = match &route.path {
        PathPattern::Exact(exact) if exact == path => usize::MAX,
        PathPattern::Prefix(prefix) => {
            let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
            if !prefix.is_empty() && !fits(prefix, path) {
                return Vec::new();
            }
            prefix.len()
        }
        _ => return Vec::new(),
    };
    let any = route.hosts.is_empty().then_some(0);
    let hosts = route.hosts.iter().filter_map(|pattern| host_rank(pattern, host));
    any.into_iter().chain(hosts).map(|host| (host, path, at)).collect()
}

/// Whether a path begins with the segments of a prefix, for an application that cuts parameters and the like off them.
fn fits(prefix: &str, path: &str) -> bool {
    let begins = |segment: &str, wanted: &str| segment.strip_prefix(wanted).is_some_and(is_cut_off);
    let as_written =
        path.strip_prefix(prefix).is_some_and(|rest| is_cut_off(rest.split('/').next().unwrap_or_default()));
    let mut segments = path.split('/').skip(1).filter(|segment| !segment.starts_with(';'));
    as_written
        || path.starts_with('/')
            && prefix.split('/').skip(1).all(|wanted| segments.next().is_some_and(|segment| begins(segment, wanted)))
}

/// Whether somebody takes nothing of `rest` for a part of a name: blanks, and what a `;`, `#` or `?` begins.
fn is_cut_off(rest: &str) -> bool {
    let lower = rest.to_ascii_lowercase();
    let cut = [";", "%3b", "%3f", "%23"].iter().filter_map(|mark| lower.find(mark)).min().unwrap_or(lower.len());
    let blanks: Vec<&str> = lower[..cut].split('%').collect();
    let is_blank =
        |code: &&str| matches!(code.as_bytes(), [b'0' | b'1', b'0'..=b'9' | b'a'..=b'f'] | [b'2', b'0'] | [b'7', b'f']);
    blanks[0].is_empty() && blanks[1..].iter().all(is_blank)
}

/// How well a pattern fits a host, label by label.
fn host_rank(pattern: &HostPattern, host: &str) -> Option<usize> {
    let labels = |name: &str| -> Vec<String> {
        name.trim_start_matches('.').trim_end_matches('.').split('.').map(str::to_owned).collect()
    };
    let asked = labels(host);
    match pattern {
        HostPattern::Exact(name) => (labels(name) == asked).then_some(usize::MAX),
        HostPattern::Suffix(suffix) => {
            let suffix = labels(suffix);
            (asked.len() > suffix.len() && asked.ends_with(&suffix))
                .then_some(suffix.iter().map(|label| label.len() + 1).sum())
        }
    }
}

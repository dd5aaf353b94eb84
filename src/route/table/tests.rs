//! Requests through tables: which route takes them.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use regex::Regex;

use super::*;
use crate::{
    config::settings::{Access, Action, Errors, HeaderEdits, HostPattern, PathMode, PathPattern, Priority, RetryAfter},
    failure::Language,
};

/// One route from `hosts path methods`, e.g. `a.com,*.b.com /api GET,POST`; `-` stands for none.
fn route(written: &str) -> Route {
    let mut parts = written.split(' ');
    let list = |part: Option<&str>| -> Vec<String> {
        part.filter(|part| *part != "-").map(|part| part.split(',').map(str::to_owned).collect()).unwrap_or_default()
    };
    let hosts = list(parts.next());
    let path = parts.next().unwrap_or("/");
    Route {
        name: written.to_owned(),
        hosts: hosts
            .iter()
            .map(|host| match host.strip_prefix('*') {
                Some(suffix) => HostPattern::Suffix(suffix.to_owned()),
                None => HostPattern::Exact(host.clone()),
            })
            .collect(),
        path: match (path.strip_prefix('='), path.strip_prefix('~')) {
            (Some(exact), _) => PathPattern::Exact(exact.to_owned()),
            (_, Some(regex)) => PathPattern::Regex(Regex::new(regex).unwrap()),
            _ => PathPattern::Prefix(path.to_owned()),
        },
        methods: list(parts.next()).iter().map(|name| name.parse().unwrap()).collect(),
        action: Action::Maintenance { retry_after: Some(Duration::ZERO) },
        strip_prefix: None,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
        body_size: None,
        access: Access::default(),
        idempotency_key: false,
        retry_timeouts: false,
        path_mode: PathMode::Normal,
        priority: Priority::Normal,
        errors: Arc::new(Errors {
            statuses: std::collections::BTreeMap::<_, StatusCode>::new(),
            languages: vec![Language::En],
            retry_after: RetryAfter::Auto,
            contact: None,
            auto_retry: true,
            pages: crate::failure::page::Pages::default(),
            intercept: Vec::new(),
        }),
    }
}

fn table(routes: &[&str]) -> Table {
    Table::new(&routes.iter().map(|written| route(written)).collect::<Vec<_>>())
}

/// `METHOD host path`, answered by the route's own text, `405 ALLOW` or `404`.
fn ask(table: &Table, request: &str) -> String {
    let parts: Vec<&str> = request.split(' ').collect();
    let host = if parts[1] == "-" { "" } else { parts[1] };
    match table.find(host, parts[2], &parts[0].parse().unwrap()) {
        Found::Route(route) => route.name.clone(),
        Found::MethodNotAllowed { allow } => format!("405 {}", allow.to_str().unwrap()),
        Found::None => "404".to_owned(),
    }
}

#[test]
fn the_most_specific_host_then_path_takes_the_request_whatever_the_file_order() {
    let mut routes = [
        "- /",
        "- /any",
        "*.example.com /",
        "*.a.example.com /",
        "example.com /",
        "example.com /api/",
        "example.com /api/v2/",
        "example.com =/api/v2/login",
        "example.com ~^/api/v\\d/ping$",
        "example.com,shop.test /both",
    ];
    for turn in 0..2 {
        let table = table(&routes);
        for (request, expected) in [
            ("GET example.com /", "example.com /"),
            ("GET example.com. /", "example.com /"),
            ("GET example.com /api", "example.com /api/"),
            ("GET example.com /api/x", "example.com /api/"),
            ("GET example.com /apis", "example.com /"),
            ("GET example.com /api/v2/x", "example.com /api/v2/"),
            ("GET example.com /api/v2/login", "example.com =/api/v2/login"),
            ("GET example.com /api/v2/login/", "example.com /api/v2/"),
            ("GET example.com /api/v2/ping", "example.com /api/v2/"),
            ("GET shop.test /both/x", "example.com,shop.test /both"),
            ("GET x.example.com /", "*.example.com /"),
            ("GET x.y.example.com /", "*.example.com /"),
            ("GET x.a.example.com /api", "*.a.example.com /"),
            ("GET a.example.com /", "*.example.com /"),
            ("GET other.test /any/x", "- /any"),
            ("GET - /", "- /"),
            ("GET - /any", "- /any"),
            ("OPTIONS example.com *", "example.com /"),
        ] {
            assert_eq!(ask(&table, request), expected, "{request}, turn {turn}");
        }
        routes.reverse();
    }
}

#[test]
fn a_host_without_a_fitting_path_falls_through_to_less_specific_hosts() {
    let table = table(&["a.example.com /api", "*.example.com /img", "*.com /css", "- /health"]);
    for (request, expected) in [
        ("GET a.example.com /api", "a.example.com /api"),
        ("GET a.example.com /img", "*.example.com /img"),
        ("GET a.example.com /css", "*.com /css"),
        ("GET a.example.com /health", "- /health"),
        ("GET a.example.com /x", "404"),
        ("GET b.test /img", "404"),
    ] {
        assert_eq!(ask(&table, request), expected, "{request}");
    }
}

#[test]
fn regexes_come_last_and_in_file_order() {
    let table = table(&["- ~\\.php$", "- ~^/x/", "- =/x/exact.php", "- /dir"]);
    for (request, expected) in [
        ("GET h /x/a.php", "- ~\\.php$"),
        ("GET h /x/a", "- ~^/x/"),
        ("GET h /x/exact.php", "- =/x/exact.php"),
        ("GET h /dir/a.php", "- /dir"),
        ("GET h /y", "404"),
    ] {
        assert_eq!(ask(&table, request), expected, "{request}");
    }
}

#[test]
fn methods_that_do_not_fit_are_passed_over() {
    let table = table(&[
        "h /a GET",
        "h /a POST,PUT",
        "h /a/b DELETE",
        "- /a PATCH",
        "h =/only GET,HEAD",
        "h /open",
        "h /open/x GET",
        "h /odd FROB",
    ]);
    for (request, expected) in [
        ("GET h /a", "h /a GET"),
        ("HEAD h /a", "h /a GET"),
        ("PUT h /a/x", "h /a POST,PUT"),
        ("GET h /a/b", "h /a GET"),
        ("DELETE h /a/b", "h /a/b DELETE"),
        ("PATCH h /a/b", "- /a PATCH"),
        ("OPTIONS h /a/b", "405 DELETE, GET, HEAD, POST, PUT, PATCH"),
        ("OPTIONS other /a/b", "405 PATCH"),
        ("POST h /only", "405 GET, HEAD"),
        ("POST h /open/x", "h /open"),
        ("get h /a", "405 GET, HEAD, POST, PUT, PATCH"),
        ("FROB h /odd", "h /odd FROB"),
        ("GET h /odd", "405 FROB"),
        ("GET h /nowhere", "404"),
    ] {
        assert_eq!(ask(&table, request), expected, "{request}");
    }
}

#[test]
fn equal_routes_keep_their_file_order() {
    let table = table(&["h /a GET", "h /a/ -", "h /a GET,POST"]);
    assert_eq!(ask(&table, "GET h /a/x"), "h /a GET");
    assert_eq!(ask(&table, "POST h /a/x"), "h /a/ -");
}

#[test]
fn the_evidence_of_a_404_says_what_is_unknown() {
    let named = table(&["shop.example.com /api", "*.cdn.example /"]);
    let any = table(&["- /api"]);
    for (table, host, path, expected) in [
        (
            &named,
            "shop.exampel.com",
            "/",
            "Host shop.exampel.com is not in the config; nearest configured host is shop.example.com",
        ),
        (
            &named,
            "shop.example.com",
            "/x",
            "Host shop.example.com is in the config, but no route for it fits the path /x",
        ),
        (&named, "", "/x", "The request names no host, and no route without a host fits the path /x"),
        (&any, "a.test", "/x", "Host a.test is not in the config, and no route without a host fits the path /x"),
    ] {
        assert_eq!(table.evidence(host, path), expected);
    }
    let host = format!("{}.cdn.example", "a".repeat(limits::EVIDENCE_TEXT));
    assert!(named.evidence(&host, "/x").contains("is in the config"), "a long host is cut before it is looked for");
    let long = format!("/{}", "ä".repeat(limits::EVIDENCE_TEXT * 2));
    assert!(named.evidence("", &long).chars().count() < limits::EVIDENCE_TEXT * 2);
}

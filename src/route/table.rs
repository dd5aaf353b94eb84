//! The routing table: built once from the settings, asked once a request; pure and without allocation on success.
//! It reads host, path and method only: access lists, maintenance and everything else a route says come after it.

use std::{collections::HashSet, fmt::Write, rc::Rc};

use http::{HeaderValue, Method};

use super::{host::Hosts, path::Paths};
use crate::{config::settings::Route, limits};

/// All routes, sorted by specificity.
///
/// Host: exact, then the wildcard with the longest suffix, then routes without a host. Within a host: `=/exact`, then
/// the longest prefix, then `~regex` in file order. The first route in that order whose host, path and methods fit
/// takes the request. A host that fits but has no path for the request is no dead end: the search goes on with the less
/// specific hosts. (nginx picks one `server` and stays in it; `HAProxy` and Caddy test rule by rule and fall through.
/// Here a route without a host means what it says: any host.)
#[derive(Debug, Default)]
pub struct Table {
    hosts: Hosts<Paths>,
}

/// What [`Table::find`] found.
#[derive(Debug)]
pub enum Found<'a> {
    /// The route that takes the request.
    Route(&'a Rc<Route>),
    /// Only the method stood in the way.
    MethodNotAllowed {
        /// The Allow field: the methods of all routes that fit otherwise (RFC 9110 section 10.2.1).
        allow: HeaderValue,
    },
    /// No route fits.
    None,
}

impl Table {
    /// Sorts `routes`, which come in file order. Each worker has its own: to note one in a record needs no atomic operation.
    #[must_use]
    pub fn new(routes: &[Route]) -> Self {
        let mut hosts = Hosts::<Paths>::default();
        for route in routes {
            let route = &Rc::new(route.clone());
            if route.hosts.is_empty() {
                hosts.entry(None).add(route);
            }
            for pattern in &route.hosts {
                hosts.entry(Some(pattern)).add(route);
            }
        }
        Self { hosts }
    }

    /// The route for a request. `host` is in lower case and without a port (empty when none came), `path` is normalised
    /// and without its query. HEAD is allowed where GET is.
    #[must_use]
    pub fn find(&self, host: &str, path: &str, method: &Method) -> Found<'_> {
        for paths in self.hosts.candidates(host) {
            if let Some(route) = paths.find(path, |route| admits(&route.methods, method)) {
                return Found::Route(route);
            }
        }
        match self.allow(host, path) {
            Some(allow) => Found::MethodNotAllowed { allow },
            None => Found::None,
        }
    }

    /// The evidence of `route-no-match`: whether the host or the path is unknown, and the nearest configured host.
    #[must_use]
    pub fn evidence(&self, host: &str, path: &str) -> String {
        let path = cut(path);
        if host.is_empty() {
            return format!("The request names no host, and no route without a host fits the path {path}");
        }
        let known = self.hosts.knows(host);
        let host = cut(host);
        if known {
            return format!("Host {host} is in the config, but no route for it fits the path {path}");
        }
        let mut text = format!("Host {host} is not in the config");
        match self.hosts.nearest(host) {
            Some(nearest) => _ = write!(text, "; nearest configured host is {nearest}"),
            None => _ = write!(text, ", and no route without a host fits the path {path}"),
        }
        text
    }

    fn allow(&self, host: &str, path: &str) -> Option<HeaderValue> {
        let mut methods: Vec<&Method> = Vec::new();
        for paths in self.hosts.candidates(host) {
            paths.find(path, |route| {
                for method in &route.methods {
                    let head = (method == Method::GET).then_some(&Method::HEAD);
                    methods.extend([Some(method), head].into_iter().flatten());
                }
                false
            });
        }
        let mut named = HashSet::new();
        methods.retain(|method| named.insert(*method));
        if methods.is_empty() {
            return None;
        }
        let names: Vec<&str> = methods.into_iter().map(Method::as_str).collect();
        // Methods are tokens (RFC 9110 section 9.1), and tokens are legal in a field value.
        HeaderValue::try_from(names.join(", ")).ok()
    }
}

/// Whether `methods` hold `method`; none is every one, and HEAD is admitted where GET is.
#[must_use]
pub fn admits(methods: &[Method], method: &Method) -> bool {
    methods.is_empty() || methods.contains(method) || (method == Method::HEAD && methods.contains(&Method::GET))
}

/// As much of a client's own text as evidence may repeat.
fn cut(text: &str) -> &str {
    match text.char_indices().nth(limits::EVIDENCE_TEXT) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests;

//! Finds the route of a request and does what it asks for without an upstream: access, maintenance, redirects, fixed
//! answers. Reads the path in one way, which is the way that is matched and forwarded.

use std::rc::Rc;

use http::{HeaderValue, Method, Response, StatusCode, header};

use super::{checked::Check, shared::Shared};
use crate::{
    config::settings::{Action, PathMode, PathPattern, Route as Settings},
    failure::{Cause, Failure, Result},
    message::{Body, Record, Request, path, request_id::X_REQUEST_ID},
    route::{Found, path::strip},
};

/// The layer's check.
#[derive(Clone)]
pub struct Route {
    shared: Rc<Shared>,
}

impl Route {
    /// With what the worker has.
    pub fn new(shared: &Rc<Shared>) -> Self {
        Self { shared: Rc::clone(shared) }
    }

    /// Notes the route in the record; an answer where it needs no upstream.
    fn pass(&self, record: &Record) -> Result<Option<Response<Body>>> {
        let route = self.find(record)?;
        if let Some(prefix) = &route.strip_prefix
            && let Some(rest) = strip(record.path(), prefix)
        {
            let _ = record.stripped_path.set(rest.into());
        }
        if !route.access.admits(record.client) {
            let client = record.client.map_or_else(|| "a client without an address".to_owned(), |ip| ip.to_string());
            return Err(Failure::new(
                Cause::PolicyDenied,
                format!("{client} may not use route {}: its `access` does not admit this address", route.name),
            ));
        }
        if asks_the_gateway(record) {
            return match record.head.method {
                Method::OPTIONS => Ok(Some(self.local(record, StatusCode::OK))),
                _ => {
                    Err(Failure::new(Cause::RequestNotSupported, "TRACE with Max-Forwards: 0 asks the gateway itself"))
                }
            };
        }
        match &route.action {
            Action::Upstream(_) | Action::Site(_) => Ok(None),
            Action::Maintenance { retry_after } => {
                let evidence = format!("route {} is switched to maintenance", route.name);
                let mut failure = Failure::new(Cause::UpstreamMaintenance, evidence);
                failure.retry_after = *retry_after;
                Err(failure)
            }
            Action::Redirect { to, status, keep_path } => {
                let to = if *keep_path { with_path(to, record, &route.path) } else { to.clone() };
                let mut answer = self.local(record, *status);
                answer.headers_mut().insert(header::LOCATION, to);
                Ok(Some(answer))
            }
            Action::Respond { status, body, content_type } => {
                let mut answer = self.local(record, *status);
                let headers = answer.headers_mut();
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
                if !body.is_empty() {
                    headers.insert(header::CONTENT_TYPE, content_type.clone());
                    *answer.body_mut() = Body::Full(body.clone().into());
                }
                Ok(Some(answer))
            }
        }
    }

    /// The route for the path as it is safely read, else one that takes paths as they come.
    fn find<'a>(&self, record: &'a Record) -> Result<&'a Settings> {
        let host = record.host();
        let method = &record.head.method;
        let normal = path::normalise(record.head.uri.path());
        let read = match &normal {
            Ok(Some(path)) => path,
            Ok(None) | Err(_) => record.head.uri.path(),
        };
        let found = match self.shared.table.find(host, read, method) {
            Found::Route(route) => route,
            Found::MethodNotAllowed { allow } => {
                let evidence = format!("no route of {host}{read} takes {method}");
                let mut failure = Failure::new(Cause::RequestMethodNotAllowed, evidence);
                failure.allow = Some(allow);
                return Err(failure);
            }
            Found::None => {
                return Err(Failure::new(Cause::RouteNoMatch, self.shared.table.evidence(host, read)));
            }
        };
        let normal = match (found.path_mode, normal) {
            (PathMode::Raw, _) => None,
            (PathMode::Normal, Ok(path)) => path,
            (PathMode::Normal, Err(problem)) => {
                return Err(Failure::new(Cause::RequestMalformed, format!("the path {problem}")));
            }
        };
        // Both cells are empty: this layer is the only one that fills them.
        let _ = record.normal_path.set(normal);
        Ok(record.route.get_or_init(|| Rc::clone(found)))
    }

    /// An answer of the gateway's own.
    fn local(&self, record: &Record, status: StatusCode) -> Response<Body> {
        let mut answer = Response::new(Body::Empty);
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(header::DATE, self.shared.clock.wall().today());
        headers.insert(header::SERVER, self.shared.server.clone());
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        headers.insert(X_REQUEST_ID, record.id.value());
        record.connection.ends_if_unread();
        if let Some(route) = record.route.get() {
            super::headers::edit(headers, &route.response_headers);
        }
        answer
    }
}

/// `to` with what the path has behind the prefix of its route, and the query. Neither can become another host: `to` has
/// its own and ends with a slash, and a path that was normalised has no second one after it.
fn with_path(to: &HeaderValue, record: &Record, pattern: &PathPattern) -> HeaderValue {
    let rest = match pattern {
        PathPattern::Prefix(prefix) => strip(record.path(), prefix).and_then(|rest| rest.strip_prefix('/')),
        PathPattern::Exact(_) | PathPattern::Regex(_) => None,
    };
    let mut location = to.as_bytes().to_vec();
    location.extend_from_slice(rest.unwrap_or_default().as_bytes());
    if let Some(query) = record.query() {
        location.push(b'?');
        location.extend_from_slice(query.as_bytes());
    }
    // What came as a request's target is legal in a field too.
    HeaderValue::from_maybe_shared(bytes::Bytes::from(location)).unwrap_or_else(|_| to.clone())
}

/// Whether the request may go no further (RFC 9110 section 7.6.2).
fn asks_the_gateway(record: &Record) -> bool {
    matches!(record.head.method, Method::OPTIONS | Method::TRACE)
        && record
            .head
            .headers
            .get(header::MAX_FORWARDS)
            .is_some_and(|left| !left.is_empty() && left.as_bytes().iter().all(|digit| *digit == b'0'))
}

impl Check for Route {
    fn check(&self, request: &mut Request) -> Result<Option<Response<Body>>> {
        self.pass(&request.record)
    }
}

//! What every request passes, as one list of tower layers.
//! The listener calls it once per request; it calls the pools; past `respond` there are no errors.

mod access_log;
mod admission;
mod checked;
mod guard;
mod headers;
mod intercept;
mod limits;
mod request_id;
mod rescue;
mod respond;
mod route;
mod shared;
mod site;
mod upstream;

use std::{convert::Infallible, rc::Rc};

use http::Response;
use hyper::body::Incoming;
use tower::{Layer, Service, ServiceBuilder};

use self::checked::{Check, Checking};
pub use self::{access_log::Logged, admission::Admission, respond::refused, shared::Shared};
use crate::message::Connection;

/// The whole stack for the requests of one connection.
pub fn build(
    shared: &Rc<Shared>,
    connection: &Rc<Connection>,
) -> impl Service<http::Request<Incoming>, Response = Response<Logged>, Error = Infallible> + Clone + use<> {
    let layers = ServiceBuilder::new()
        // First, because everything behind it fills in the record that it makes.
        .layer(layer(|inner| request_id::RequestId::new(inner, shared, connection)))
        // Outside of the responder, so that it sees what really leaves, and of everything that may be dropped.
        .layer(layer(|inner| access_log::AccessLog::new(inner, shared)))
        // The only place where a failure becomes an answer; catches panics of all that follows.
        .layer(layer(|inner| respond::Respond::new(inner, shared)))
        // Before anything reads the request: is it one that can be understood in one way only?
        .layer(checks(guard::Guard::new(shared)))
        // Finds the route and does what needs no upstream: access, maintenance, redirects, fixed answers.
        .layer(checks(route::Route::new(shared)))
        // Behind the route, which may have priority, and before anything is done for the request.
        .layer(layer(|inner| admission::Admit::new(inner, shared)))
        // Inside of the responder: only answers of upstreams get the gateway's fields and the route's edits.
        .layer(layer(|inner| headers::Headers::new(inner, shared)))
        // Inside of the fields: an answer in whose place a page is sent gets none of the route's edits.
        .layer(layer(intercept::Intercept::new))
        // Behind the route, which may have limits of its own.
        .layer(checks(limits::Limits::new(shared)))
        // Last, because only what no file answers goes to an upstream; inside of the fields, because the route's edits
        // are for files too.
        .layer(checks(site::Site::new(shared)));
    layers.service(upstream::Upstream::new(shared))
}

/// A layer that checks.
fn checks<S, C: Check + Clone>(check: C) -> impl Layer<S, Service = Checking<S, C>> {
    layer(move |inner| Checking::new(inner, check.clone()))
}

/// A layer from a constructor.
fn layer<S, T>(wrap: impl Fn(S) -> T) -> impl Layer<S, Service = T> {
    tower::layer::layer_fn(wrap)
}

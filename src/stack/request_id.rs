//! Opens the record of a request: who asks, when, under which id.
//! Turns what the HTTP server hands over into the request that all other layers know.

use std::{
    convert::Infallible,
    rc::Rc,
    task::{Context, Poll},
    time::Instant,
};

use hyper::body::Incoming;
use tower::Service;

use super::shared::Shared;
use crate::message::{
    Connection, Record, Request, RequestBody,
    forwarded::Forwarding,
    request_id::{Id, X_REQUEST_ID},
};

/// The layer's service.
#[derive(Clone)]
pub struct RequestId<S> {
    inner: S,
    shared: Rc<Shared>,
    connection: Rc<Connection>,
}

impl<S> RequestId<S> {
    /// Around `inner`, for the requests of `connection`.
    pub fn new(inner: S, shared: &Rc<Shared>, connection: &Rc<Connection>) -> Self {
        Self { inner, shared: Rc::clone(shared), connection: Rc::clone(connection) }
    }
}

impl<S> Service<http::Request<Incoming>> for RequestId<S>
where
    S: Service<Request, Error = Infallible>,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Incoming>) -> Self::Future {
        let (head, incoming) = request.into_parts();
        let started = Instant::now();
        let received = self.shared.clock.wall().at(started);
        let trusted = self.connection.peer.is_some_and(|peer| self.shared.settings.gateway.trusts(peer));
        let told = trusted.then(|| head.headers.get(X_REQUEST_ID).and_then(Id::told)).flatten();
        let id = told.unwrap_or_else(|| self.shared.ids.next(received));
        let (peer, scheme) = (self.connection.peer, self.connection.scheme);
        let forwarding = Forwarding::new(peer, scheme, &head.headers, &self.shared.settings.gateway);
        let record = Rc::new(Record::new(head, id, &self.connection, forwarding, (started, received)));
        let body = RequestBody::new(incoming, &record);
        self.inner.call(Request { record, body })
    }
}

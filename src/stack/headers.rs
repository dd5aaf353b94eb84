//! What the gateway adds to an upstream's answer: Via, Date, the request's id, Proxy-Status on the application's own errors, the route's
//! edits. The fields that go to the upstream are written where its request is (`upstream::outgoing`), in one pass.

use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::SystemTime,
};

use http::{HeaderMap, Response, header};
use pin_project_lite::pin_project;
use tower::Service;

use super::{request_id::X_REQUEST_ID, shared::Shared};
use crate::{
    config::settings::HeaderEdits,
    failure::{Failure, Result, proxy_status},
    message::{Body, Record, Request, Rescue},
};

/// The layer's service.
#[derive(Clone)]
pub struct Headers<S> {
    inner: S,
    shared: Rc<Shared>,
}

impl<S> Headers<S> {
    /// Around `inner`.
    pub fn new(inner: S, shared: &Rc<Shared>) -> Self {
        Self { inner, shared: Rc::clone(shared) }
    }
}

impl<S> Service<Request> for Headers<S>
where
    S: Service<Request, Response = Response<Body>, Error = Box<Failure>>,
{
    type Response = Response<Body>;
    type Error = Box<Failure>;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let record = Rc::clone(&request.record);
        Answering { inner: self.inner.call(request), record, shared: Rc::clone(&self.shared) }
    }
}

pin_project! {
    /// An upstream's answer to come.
    pub struct Answering<F> {
        #[pin]
        inner: F,
        record: Rc<Record>,
        shared: Rc<Shared>,
    }
}

impl<F: Future<Output = Result<Response<Body>>>> Future for Answering<F> {
    type Output = Result<Response<Body>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut answer = ready!(this.inner.poll(cx))?;
        let status = answer.status();
        let headers = answer.headers_mut();
        // Files come from here and not by way of this gateway (RFC 9110 section 7.6.3).
        let is_own = this.record.upstream.get().is_none() || this.record.rescue.get() == Some(&Rescue::Page);
        if !is_own {
            headers.append(header::VIA, this.shared.via.clone());
        }
        if !headers.contains_key(header::DATE) {
            headers.insert(header::DATE, this.shared.date(SystemTime::now()));
        }
        if status.is_server_error() && !is_own {
            let name = &this.shared.settings.gateway.name;
            proxy_status::append(headers, proxy_status::passed(name, status));
        }
        headers.insert(X_REQUEST_ID, this.record.id.value().clone());
        if let Some(route) = this.record.route.get() {
            edit(headers, &route.response_headers);
        }
        Poll::Ready(Ok(answer))
    }
}

/// Carries out a route's edits.
pub fn edit(headers: &mut HeaderMap, edits: &HeaderEdits) {
    for name in &edits.remove {
        headers.remove(name);
    }
    for (name, value) in &edits.set {
        headers.insert(name, value.clone());
    }
}

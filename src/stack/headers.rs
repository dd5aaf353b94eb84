//! What an answer gets here: Proxy-Status on the application's own errors, Date and the request's id on files, the
//! route's edits on both. What every answer of an upstream gets is `upstream::incoming`'s.

use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use http::{HeaderMap, Response, header};
use pin_project_lite::pin_project;
use tower::Service;

use super::shared::Shared;
use crate::{
    config::settings::HeaderEdits,
    failure::{Failure, Result, proxy_status},
    message::{Body, Record, Request, Rescue, request_id::X_REQUEST_ID},
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
        // The answer stays where it is: it is larger than what is done here.
        let mut polled = this.inner.poll(cx);
        let Poll::Ready(Ok(answer)) = &mut polled else { return polled };
        let status = answer.status();
        let headers = answer.headers_mut();
        // Files and the operator's pages come from here; the rest of an upstream's answer is complete by now.
        let is_own = this.record.upstream.get().is_none() || this.record.rescue.get() == Some(&Rescue::Page);
        if is_own {
            if !headers.contains_key(header::DATE) {
                headers.insert(header::DATE, this.shared.clock.wall().today());
            }
            headers.insert(X_REQUEST_ID, this.record.id.value());
        } else if status.is_server_error() {
            let name = &this.shared.settings.gateway.name;
            proxy_status::append(headers, proxy_status::passed(name, status));
        }
        if let Some(route) = this.record.route.get() {
            edit(headers, &route.response_headers);
        }
        polled
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

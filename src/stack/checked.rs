//! The shape of a layer that looks at a request and either answers it at once or lets it through.
//! What is looked at is `guard`'s, `route`'s, `limits`' and `site`'s.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;
use pin_project_lite::pin_project;
use tower::Service;

use crate::{
    failure::{Failure, Result},
    message::{Body, Request},
};

/// What a layer asks of a request.
pub trait Check {
    /// An answer ends the request here; `None` lets it through.
    fn check(&self, request: &mut Request) -> Result<Option<Response<Body>>>;
}

/// The service of a layer that checks.
#[derive(Clone)]
pub struct Checking<S, C> {
    inner: S,
    check: C,
}

impl<S, C> Checking<S, C> {
    /// Around `inner`.
    pub fn new(inner: S, check: C) -> Self {
        Self { inner, check }
    }
}

impl<S, C> Service<Request> for Checking<S, C>
where
    S: Service<Request, Response = Response<Body>, Error = Box<Failure>>,
    C: Check,
{
    type Response = Response<Body>;
    type Error = Box<Failure>;
    type Future = Checked<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        match self.check.check(&mut request).transpose() {
            None => Checked::Inner { future: self.inner.call(request) },
            Some(answer) => Checked::Now { answer: Some(answer.map(Box::new)) },
        }
    }
}

pin_project! {
    /// An answer that is there already, or the inner service's.
    #[project = CheckedProjection]
    pub enum Checked<F> {
        /// Refused or answered here.
        // Boxed, because it is large and rare: the future of every request would carry room for it along.
        Now { answer: Option<Result<Box<Response<Body>>>> },
        /// Let through.
        Inner { #[pin] future: F },
    }
}

impl<F: Future<Output = Result<Response<Body>>>> Future for Checked<F> {
    type Output = Result<Response<Body>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            // A future is not polled again after it was ready, so the answer is there.
            CheckedProjection::Now { answer } => match answer.take() {
                Some(answer) => Poll::Ready(answer.map(|answer| *answer)),
                None => Poll::Pending,
            },
            CheckedProjection::Inner { future } => future.poll(cx),
        }
    }
}

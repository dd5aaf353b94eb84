//! Gives the gateway's page in place of an upstream's empty error answer, where `errors.intercept` asks for it.
//! Whatever has a body of its own passes untouched; the page is `respond`'s.

use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use http::{HeaderMap, Response, StatusCode, header};
use pin_project_lite::pin_project;
use tower::Service;

use crate::{
    failure::{Cause, Delivered, Failure, Parameter, Result},
    message::{Body, Record, Request},
};

/// The layer's service.
#[derive(Clone)]
pub struct Intercept<S> {
    inner: S,
}

impl<S> Intercept<S> {
    /// Around `inner`.
    pub fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S> Service<Request> for Intercept<S>
where
    S: Service<Request, Response = Response<Body>, Error = Box<Failure>>,
{
    type Response = Response<Body>;
    type Error = Box<Failure>;
    type Future = Intercepting<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let record = Rc::clone(&request.record);
        Intercepting { inner: self.inner.call(request), record }
    }
}

pin_project! {
    /// An upstream's answer to come.
    pub struct Intercepting<F> {
        #[pin]
        inner: F,
        record: Rc<Record>,
    }
}

impl<F: Future<Output = Result<Response<Body>>>> Future for Intercepting<F> {
    type Output = Result<Response<Body>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // The answer stays where it is: it is larger than what is done here.
        let polled = this.inner.poll(cx);
        if let Poll::Ready(Ok(answer)) = &polled {
            let status = answer.status();
            let asked = status.is_server_error()
                && this.record.route.get().is_some_and(|route| route.errors.intercept.contains(&status));
            if asked && is_empty(answer.headers()) {
                return Poll::Ready(Err(failure(status, answer.headers())));
            }
        }
        polled
    }
}

/// Whether the answer says that it has no body, also to HEAD (RFC 9110 section 8.6).
fn is_empty(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_LENGTH).is_some_and(|length| length.as_bytes() == b"0")
}

/// The application's own error, to be answered with its status and the time that it names.
fn failure(status: StatusCode, headers: &HeaderMap) -> Box<Failure> {
    let evidence = format!("the upstream answered {} with an empty body", status.as_u16());
    let mut failure = Failure::new(Cause::UpstreamAnsweredError, evidence)
        .delivered(Delivered::Yes)
        .parameter("received-status", Parameter::Number(u64::from(status.as_u16())));
    failure.status = Some(status);
    failure.retry_after = headers.get(header::RETRY_AFTER).and_then(|value| delay(value.to_str().ok()?));
    failure
}

/// Retry-After in either form (RFC 9110 section 10.2.3); `None` for what is neither, and for a time that is past.
fn delay(text: &str) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Duration::from_secs);
    }
    httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).ok()
}

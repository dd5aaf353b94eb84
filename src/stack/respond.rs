//! The only place where a failure becomes an answer; a panic becomes one here too.
//! What the answer says is the failure's and `failure::page`'s; this decides the life of the client's connection.

use std::{
    convert::Infallible,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, header};
use pin_project_lite::pin_project;
use tower::Service;

use super::shared::Shared;
use crate::{
    config::settings::HeaderEdits,
    failure::{self, Cause, Failure, page},
    limits,
    message::{Body, Record, Request},
    observe::program_log,
};

/// The layer's service.
#[derive(Clone)]
pub struct Respond<S> {
    inner: S,
    shared: Rc<Shared>,
}

impl<S> Respond<S> {
    /// Around `inner`.
    pub fn new(inner: S, shared: &Rc<Shared>) -> Self {
        Self { inner, shared: Rc::clone(shared) }
    }
}

impl<S> Service<Request> for Respond<S>
where
    S: Service<Request, Response = Response<Body>, Error = Box<Failure>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Responding<S::Future>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Every layer behind this one is always ready: they refuse instead of making a client wait unanswered.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let record = Rc::clone(&request.record);
        let called = catch_unwind(AssertUnwindSafe(|| self.inner.call(request))).ok();
        Responding { inner: called, record, shared: Rc::clone(&self.shared) }
    }
}

pin_project! {
    /// A request whose failure, if it comes, becomes an answer.
    pub struct Responding<F> {
        // `None` when the call itself panicked.
        #[pin]
        inner: Option<F>,
        record: Rc<Record>,
        shared: Rc<Shared>,
    }
}

impl<F: Future<Output = failure::Result<Response<Body>>>> Future for Responding<F> {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.record.connection.ended.get() == Some(Cause::GatewayDraining) {
            this.inner.set(None);
            return Poll::Ready(
                Ok(answer(stopped(this.record, this.shared), this.record, this.shared).map(Body::from)),
            );
        }
        let polled = match this.inner.as_mut().as_pin_mut() {
            Some(inner) => catch_unwind(AssertUnwindSafe(|| inner.poll(cx))).ok(),
            None => None,
        };
        let outcome = match polled {
            Some(polled) => ready!(polled),
            None => Err(panicked(this.record)),
        };
        // The upstream connection of a failed request is closed before the client hears of it.
        this.inner.set(None);
        Poll::Ready(Ok(outcome.unwrap_or_else(|failure| answer(failure, this.record, this.shared).map(Body::from))))
    }
}

/// When the answer says to come back.
fn told(answer: &Response<Bytes>) -> Option<Duration> {
    let seconds = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The gateway has stopped, and waits no longer for an answer.
fn stopped(record: &Record, shared: &Shared) -> Box<Failure> {
    let grace = humantime::format_duration(shared.settings.gateway.shutdown_grace);
    let evidence =
        format!("there was no answer yet when the gateway ended, {grace} after it was told to or at a second signal");
    let mut failure = Failure::new(Cause::GatewayDraining, evidence)
        .delivered(record.delivered.get())
        .next("Raise gateway.shutdown_grace above the time that such requests take, if they should end before.");
    failure.retry_after = Some(limits::DRAINING_RETRY_AFTER);
    failure
}

fn panicked(record: &Record) -> Box<Failure> {
    let evidence = "a part of the gateway panicked on this request; the panic is in the log";
    Failure::new(Cause::GatewayInternalError, evidence).delivered(record.delivered.get())
}

/// The answer to a failure; notes it in the record and in the program log.
fn answer(mut failure: Box<Failure>, record: &Record, shared: &Shared) -> Response<Bytes> {
    failure.delivered = failure.delivered.max(record.delivered.get());
    record.delivered.set(failure.delivered);
    let errors = record.route.get().map_or(&shared.settings.errors, |route| &route.errors);
    let asked = page::Asked {
        method: &record.head.method,
        headers: &record.head.headers,
        host: record.host(),
        request_id: record.id.as_str(),
        received: record.received,
        date: shared.clock.wall().today(),
        server: shared.server.clone(),
        gateway: &shared.settings.gateway,
        errors,
    };
    let mut answer = page::answer(&failure, &asked);
    if let Some(route) = record.route.get() {
        share(answer.headers_mut(), &route.response_headers);
    }
    record.retry_after.set(told(&answer));
    record.connection.ends_if_unread();
    // What follows a CONNECT was meant for the tunnel, and is no request.
    if record.head.method == Method::CONNECT {
        record.connection.last.set(true);
    }
    program_log::failure(record, &failure, answer.status().as_u16());
    *record.failure.borrow_mut() = Some(failure);
    answer
}

/// Lets programs of other origins read an error too, as the route lets them read its answers: they are told nothing else
/// otherwise, not even the status (Fetch, section 3.2).
fn share(headers: &mut HeaderMap, edits: &HeaderEdits) {
    const SHARED: [HeaderName; 3] = [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
    ];
    let set = |name: &HeaderName| edits.set.iter().find(|(set, _)| set == name).map(|(_, value)| value);
    if set(&header::ACCESS_CONTROL_ALLOW_ORIGIN).is_none() {
        return;
    }
    for name in SHARED {
        if let Some(value) = set(&name) {
            headers.insert(name, value.clone());
        }
    }
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
}

/// The answer to what is no request, for the listener to write by itself; the connection ends behind it. `record` holds
/// what was understood.
pub fn refused(failure: Box<Failure>, record: &Record, shared: &Shared) -> Response<Bytes> {
    let mut answer = answer(failure, record, shared);
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    record.status.set(answer.status().as_u16());
    answer
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tower::{ServiceExt, service_fn};

    use super::*;
    use crate::{clock::Clock, config, message::RequestBody, observe::sample};

    fn shared() -> Rc<Shared> {
        let text = "[[listen]]\naddress = \"127.0.0.1:0\"\n[[route]]\nrespond = { status = 204 }\n";
        let settings = config::parse(text, Path::new("test.toml"), &|_| None).unwrap().settings;
        let admission = crate::stack::Admission::new(&settings);
        Rc::new(Shared::new(settings.into(), (Vec::new(), admission), &Clock::new(), None))
    }

    fn request() -> Request {
        let record = Rc::new(sample::record("http://example.com/", &[]));
        Request { body: RequestBody::none(&record), record }
    }

    #[tokio::test]
    async fn a_panic_in_one_request_ends_nothing_else() {
        let shared = shared();
        let in_the_call = service_fn(|_: Request| -> std::future::Ready<failure::Result<Response<Body>>> {
            panic!("on purpose, in the call")
        });
        let in_the_future = service_fn(|_: Request| async { panic!("on purpose, in the future") });
        let first = Respond::new(in_the_call, &shared).oneshot(request()).await.unwrap();
        let second = Respond::new(in_the_future, &shared).oneshot(request()).await.unwrap();
        for answer in [first, second] {
            assert_eq!(answer.status(), 500);
            let status = answer.headers()["proxy-status"].to_str().unwrap();
            assert!(status.contains("error=proxy_internal_error"), "{status}");
        }
        let good = service_fn(|_: Request| async { Ok(Response::new(Body::Empty)) });
        assert_eq!(Respond::new(good, &shared).oneshot(request()).await.unwrap().status(), 200);
    }
}

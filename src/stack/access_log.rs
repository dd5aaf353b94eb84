//! Writes one line for every request, when its answer has left or will never leave.
//! Knows why a request ended early: the record's connection says it.

use std::{
    convert::Infallible,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, Version, header};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tower::Service;

use super::shared::Shared;
use crate::{
    failure::{Cause, Delivered, Failure, Fault},
    message::{Body, Record, Request},
    observe::program_log,
};

/// The status of an answer that nobody was there to take, as nginx writes it. It is logged and never sent.
const CLIENT_LEFT: u16 = 499;

/// The layer's service.
#[derive(Clone)]
pub struct AccessLog<S> {
    inner: S,
    shared: Rc<Shared>,
}

impl<S> AccessLog<S> {
    /// Around `inner`.
    pub fn new(inner: S, shared: &Rc<Shared>) -> Self {
        Self { inner, shared: Rc::clone(shared) }
    }
}

impl<S> Service<Request> for AccessLog<S>
where
    S: Service<Request, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Logged>;
    type Error = Infallible;
    type Future = Logging<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let entry = Entry::new(&self.shared, &request.record);
        Logging { inner: self.inner.call(request), entry: Some(entry) }
    }
}

pin_project! {
    /// A request under way. Dropped early, its entry says that the client left.
    pub struct Logging<F> {
        #[pin]
        inner: F,
        entry: Option<Entry>,
    }
}

impl<F: Future<Output = Result<Response<Body>, Infallible>>> Future for Logging<F> {
    type Output = Result<Response<Logged>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = match ready!(this.inner.poll(cx)) {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        // A future is not polled again after it was ready, so the entry is there.
        let Some(mut entry) = this.entry.take() else { return Poll::Pending };
        entry.answered(&answer);
        let (mut head, body) = answer.into_parts();
        let body = if entry.record.head.method == Method::HEAD { Body::Empty } else { body };
        if entry.record.connection.last.get() {
            head.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            // In an answer of a later version the server offers a client of HTTP/1.0 to go on all the same.
            head.version = entry.record.head.version;
        }
        entry.ended = http_body::Body::is_end_stream(&body);
        Poll::Ready(Ok(Response::from_parts(head, Logged { body, entry })))
    }
}

/// A request's line to be; writes itself when it is dropped.
struct Entry {
    shared: Rc<Shared>,
    record: Rc<Record>,
    /// Whether the answer's head was handed over.
    answered: bool,
    /// Whether the answer came to its own end, good or bad.
    ended: bool,
}

impl Entry {
    fn new(shared: &Rc<Shared>, record: &Rc<Record>) -> Self {
        Self { shared: Rc::clone(shared), record: Rc::clone(record), answered: false, ended: false }
    }

    fn answered(&mut self, answer: &Response<Body>) {
        self.answered = true;
        self.record.status.set(answer.status().as_u16());
        let until_close = self.record.head.version == Version::HTTP_10
            && matches!(answer.body(), Body::Stream(_))
            && !answer.headers().contains_key(header::CONTENT_LENGTH);
        self.record.connection.until_close.set(until_close);
        if until_close {
            self.record.connection.last.set(true);
        }
    }

    /// The answer broke after its head.
    fn broke(&mut self, failure: &Failure) -> Box<Failure> {
        self.ended = true;
        program_log::failure(&self.record, failure, self.record.status.get());
        self.record.delivered.set(self.record.delivered.get().max(failure.delivered));
        let kept = Failure::new(failure.cause, failure.evidence.clone()).delivered(failure.delivered);
        *self.record.failure.borrow_mut() = Some(kept);
        Failure::new(failure.cause, failure.evidence.clone())
    }

    /// The client left, or the gateway cut it off. A request that had failed before keeps its failure.
    fn cut(&self) {
        if self.record.failure.borrow().is_some() {
            return;
        }
        let cause = match (self.record.connection.ended.get(), self.answered) {
            (Some(cause), _) => cause,
            (None, true) => Cause::DownstreamAbortedMidstream,
            (None, false) => Cause::RequestClientAborted,
        };
        let delivered = if self.answered { Delivered::Yes } else { self.record.delivered.get() };
        let evidence = format!(
            "the connection ended {} after the request, {} bytes of the answer had been handed over",
            humantime::format_duration(std::time::Duration::from_millis(
                u64::try_from(self.record.started.elapsed().as_millis()).unwrap_or(u64::MAX)
            )),
            self.record.bytes_out.get()
        );
        let failure = Failure::new(cause, evidence).delivered(delivered);
        if cause.fault() == Fault::Client {
            self.record.status.set(CLIENT_LEFT);
        } else if !self.answered {
            self.record.status.set(failure.status(&self.shared.settings.errors).as_u16());
        }
        program_log::failure(&self.record, &failure, self.record.status.get());
        *self.record.failure.borrow_mut() = Some(failure);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if !self.ended {
            self.cut();
        }
        self.record.connection.handed_over.set(true);
        self.shared.log(&self.record);
    }
}

/// An answer's body that knows when it has left.
pub struct Logged {
    // Dropped first, so that the attempt behind it is in the record when the entry writes its line.
    body: Body,
    entry: Entry,
}

impl http_body::Body for Logged {
    type Data = Bytes;
    type Error = Box<Failure>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Box<Failure>>>> {
        let this = self.get_mut();
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut this.body).poll_frame(cx))).unwrap_or_else(|_| {
            let evidence = "a part of the gateway panicked while it passed on an answer; the panic is in the log";
            Poll::Ready(Some(Err(Failure::new(Cause::GatewayInternalError, evidence).delivered(Delivered::Yes))))
        });
        match ready!(polled) {
            None => {
                this.entry.ended = true;
                Poll::Ready(None)
            }
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    let record = &this.entry.record;
                    record.bytes_out.set(record.bytes_out.get() + data.len() as u64);
                }
                this.entry.ended = this.body.is_end_stream();
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(failure)) => {
                let shown = this.entry.broke(&failure);
                this.body = Body::Empty;
                Poll::Ready(Some(Err(shown)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

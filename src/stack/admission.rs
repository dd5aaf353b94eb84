//! Turns away what is too much: of one client (`[[rate_limit]]`), or for the gateway's own memory (`limits.memory`).
//! Comes after the route, whose priority it respects; how much is too much for an upstream is its queue's to say.

mod allowance;
mod buckets;
mod memory;
mod quota;

use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Response;
use http_body::{Body as _, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower::Service;

use self::{
    memory::Memory,
    quota::{Answer, Permit, Quota},
};
use super::shared::Shared;
use crate::{
    config::settings::{Priority, Settings},
    failure::{Failure, Result},
    limits,
    message::{Body, Record, Request},
};

/// What all workers count together.
#[derive(Debug)]
pub struct Admission {
    quotas: Box<[Arc<Quota>]>,
    memory: Option<Memory>,
}

impl Admission {
    /// Before the first request.
    #[must_use]
    pub fn new(settings: &Settings) -> Arc<Self> {
        Arc::new(Self {
            quotas: settings.rate_limits.iter().map(Quota::new).collect(),
            memory: settings.limits.memory.map(Memory::new),
        })
    }

    /// Looks at what has to be looked at, for all workers; never returns unless there is nothing.
    pub async fn watch(&self) {
        let Some(memory) = &self.memory else { return };
        loop {
            tokio::time::sleep(limits::MEMORY_LOOK).await;
            memory.look();
        }
    }

    fn is_off(&self) -> bool {
        self.quotas.is_empty() && self.memory.is_none()
    }

    /// Lets a request through, counted where it has to be.
    fn admit(&self, record: &Record) -> Result<Vec<Permit>> {
        let is_urgent = record.route.get().is_some_and(|route| route.priority == Priority::High);
        if let Some(memory) = self.memory.as_ref().filter(|_| !is_urgent)
            && let Some(failure) = memory.check()
        {
            return Err(failure);
        }
        let mut permits = Vec::new();
        for (at, quota) in self.quotas.iter().enumerate() {
            match quota.enter(record) {
                Answer::Passes => {}
                Answer::Counted(permit) => permits.push(permit),
                Answer::Refused(mut failure) => {
                    // It costs nothing at the limits that would have let it pass, and is not told to come back before
                    // all of them do.
                    permits.into_iter().for_each(Permit::void);
                    self.quotas[..at].iter().for_each(|quota| quota.forget(record));
                    let others = self.quotas[at + 1..].iter().map(|quota| quota.wait(record)).max();
                    failure.retry_after = failure.retry_after.map(|wait| wait.max(others.unwrap_or_default()));
                    return Err(failure);
                }
            }
        }
        Ok(permits)
    }
}

/// The layer's service.
#[derive(Clone)]
pub struct Admit<S> {
    inner: S,
    shared: Rc<Shared>,
}

impl<S> Admit<S> {
    /// Around `inner`.
    pub fn new(inner: S, shared: &Rc<Shared>) -> Self {
        Self { inner, shared: Rc::clone(shared) }
    }
}

impl<S> Service<Request> for Admit<S>
where
    S: Service<Request, Response = Response<Body>, Error = Box<Failure>>,
{
    type Response = Response<Body>;
    type Error = Box<Failure>;
    type Future = Admitted<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let admission = &self.shared.admission;
        let permits = if admission.is_off() { Ok(Vec::new()) } else { admission.admit(&request.record) };
        match permits {
            Ok(permits) => Admitted::Inner { future: self.inner.call(request), permits },
            Err(failure) => Admitted::Refused { failure: Some(failure) },
        }
    }
}

pin_project! {
    /// A request that was let through, or not.
    #[project = AdmittedProjection]
    pub enum Admitted<F> {
        /// Turned away.
        Refused { failure: Option<Box<Failure>> },
        /// Let through.
        Inner {
            #[pin]
            future: F,
            permits: Vec<Permit>,
        },
    }
}

impl<F: Future<Output = Result<Response<Body>>>> Future for Admitted<F> {
    type Output = Result<Response<Body>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            // A future is not polled again after it was ready, so the failure is there.
            AdmittedProjection::Refused { failure } => {
                failure.take().map_or(Poll::Pending, |failure| Poll::Ready(Err(failure)))
            }
            AdmittedProjection::Inner { future, permits } => {
                let answer = ready!(future.poll(cx));
                if permits.is_empty() {
                    return Poll::Ready(answer);
                }
                let permits = std::mem::take(permits);
                Poll::Ready(answer.map(|answer| {
                    answer.map(|body| {
                        if body.is_end_stream() { body } else { Body::Stream(Box::pin(Counted { body, permits })) }
                    })
                }))
            }
        }
    }
}

/// The body of an answer whose request counts as under way until it has ended, or is dropped.
struct Counted {
    body: Body,
    permits: Vec<Permit>,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = Box<Failure>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        if this.body.is_end_stream() || !matches!(frame, Some(Ok(_))) {
            this.permits.clear();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

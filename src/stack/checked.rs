//! The future of a layer that either refuses a request at once or lets it through.
//! Shared by `guard`, `route`, `limits` and `site`.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;
use pin_project_lite::pin_project;

use crate::{failure::Result, message::Body};

pin_project! {
    /// An answer that is there already, or the inner service's.
    #[project = CheckedProjection]
    pub enum Checked<F> {
        /// Refused or answered here.
        Now { answer: Option<Result<Response<Body>>> },
        /// Let through.
        Inner { #[pin] future: F },
    }
}

impl<F> Checked<F> {
    /// Refused or answered here.
    pub fn now(answer: Result<Response<Body>>) -> Self {
        Self::Now { answer: Some(answer) }
    }
}

impl<F: Future<Output = Result<Response<Body>>>> Future for Checked<F> {
    type Output = Result<Response<Body>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            // A future is not polled again after it was ready, so the answer is there.
            CheckedProjection::Now { answer } => answer.take().map_or(Poll::Pending, Poll::Ready),
            CheckedProjection::Inner { future } => future.poll(cx),
        }
    }
}

//! Holds a request's body to the route's limits: a declared length at once, anything else while it comes.
//! The pauses of a body are the transport's to watch, which waits for it.

use std::{
    rc::Rc,
    task::{Context, Poll},
};

use http::Response;
use tower::Service;

use super::{checked::Checked, shared::Shared};
use crate::{
    failure::{Failure, Result},
    message::{Body, Length, Request, request::too_large},
};

/// The layer's service.
#[derive(Clone)]
pub struct Limits<S> {
    inner: S,
    shared: Rc<Shared>,
}

impl<S> Limits<S> {
    /// Around `inner`.
    pub fn new(inner: S, shared: &Rc<Shared>) -> Self {
        Self { inner, shared: Rc::clone(shared) }
    }
}

impl<S> Service<Request> for Limits<S>
where
    S: Service<Request, Response = Response<Body>, Error = Box<Failure>>,
{
    type Response = Response<Body>;
    type Error = Box<Failure>;
    type Future = Checked<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let limits = &self.shared.settings.limits;
        let own = request.record.route.get().and_then(|route| route.body_size);
        let limit = own.unwrap_or(limits.body_size);
        match request.body.length() {
            Length::Exact(length) if length > limit => {
                Checked::now(Err(too_large(limit, &format!("Content-Length is {length}"))))
            }
            _ => {
                request.body.limit(limit, limits.body_rate);
                Checked::Inner { future: self.inner.call(request) }
            }
        }
    }
}

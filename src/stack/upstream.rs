//! The end of the stack: hands the request to the pool of its route.
//! The one boxed future of a request is made here.

use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use http::Response;
use tower::Service;

use super::{rescue, shared::Shared};
use crate::{
    config::settings::{Action, Site},
    failure::{Cause, Failure, Result},
    message::{Body, Request},
};

/// The innermost service.
#[derive(Clone)]
pub struct Upstream {
    shared: Rc<Shared>,
}

impl Upstream {
    /// Over the worker's pools.
    pub fn new(shared: &Rc<Shared>) -> Self {
        Self { shared: Rc::clone(shared) }
    }
}

impl Service<Request> for Upstream {
    type Response = Response<Body>;
    type Error = Box<Failure>;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let pool = match request.record.route.get().map(|route| &route.action) {
            Some(Action::Upstream(index)) => self.shared.pools.get(*index),
            Some(Action::Site(Site { php: Some(php), .. })) => self.shared.pools.get(php.upstream),
            _ => None,
        };
        match pool {
            Some(pool) if pool.has_stand_in() => {
                Box::pin(rescue::serve(Rc::clone(&self.shared), Rc::clone(pool), request))
            }
            Some(pool) => Rc::clone(pool).serve(request),
            None => Box::pin(std::future::ready(Err(Failure::new(
                Cause::GatewayInternalError,
                "a request came to the pools without a route to one",
            )))),
        }
    }
}

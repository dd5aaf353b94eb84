//! Answers from the folder of a route's site; what a script is to answer goes on to the upstream that runs it.
//! What is looked for and found is `crate::site`'s to decide.

use std::{
    rc::Rc,
    task::{Context, Poll},
};

use http::{HeaderValue, Response, header};
use tower::Service;

use super::{checked::Checked, shared::Shared};
use crate::{
    config::settings::Action,
    failure::{Failure, Result},
    message::{Body, Record, Request},
    site::{self, Outcome},
};

/// The layer's service.
#[derive(Clone)]
pub struct Site<S> {
    inner: S,
    shared: Rc<Shared>,
}

impl<S> Site<S> {
    /// Around `inner`.
    pub fn new(inner: S, shared: &Rc<Shared>) -> Self {
        Self { inner, shared: Rc::clone(shared) }
    }

    /// A file; `None` where the request goes on.
    fn answer(&self, record: &Record) -> Result<Option<Response<Body>>> {
        let Some(Action::Site(site)) = record.route.get().map(|route| &route.action) else { return Ok(None) };
        match site::serve(site, record)? {
            Outcome::Run(script) => {
                // The cell is empty: this layer is the only one that fills it.
                let _ = record.script.set(script);
                Ok(None)
            }
            Outcome::Answer(mut answer) => {
                let headers = answer.headers_mut();
                headers.insert(header::SERVER, self.shared.server.clone());
                if record.connection.unread.get() {
                    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok(Some(answer))
            }
        }
    }
}

impl<S> Service<Request> for Site<S>
where
    S: Service<Request, Response = Response<Body>, Error = Box<Failure>>,
{
    type Response = Response<Body>;
    type Error = Box<Failure>;
    type Future = Checked<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match self.answer(&request.record) {
            Ok(None) => Checked::Inner { future: self.inner.call(request) },
            Ok(Some(answer)) => Checked::now(Ok(answer)),
            Err(failure) => Checked::now(Err(failure)),
        }
    }
}

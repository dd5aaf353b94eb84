//! Holds a request's body to the route's limits: a declared length at once, anything else while it comes.
//! The pauses of a body are the transport's to watch, which waits for it.

use std::rc::Rc;

use http::Response;

use super::{checked::Check, shared::Shared};
use crate::{
    failure::Result,
    message::{Body, Length, Request, too_large},
};

/// The layer's check.
#[derive(Clone)]
pub struct Limits {
    shared: Rc<Shared>,
}

impl Limits {
    /// With what the worker has.
    pub fn new(shared: &Rc<Shared>) -> Self {
        Self { shared: Rc::clone(shared) }
    }
}

impl Check for Limits {
    fn check(&self, request: &mut Request) -> Result<Option<Response<Body>>> {
        let limits = &self.shared.settings.limits;
        let own = request.record.route.get().and_then(|route| route.body_size);
        let limit = own.unwrap_or(limits.body_size);
        match request.body.length() {
            Length::Exact(length) if length > limit => Err(too_large(limit, &format!("Content-Length is {length}"))),
            _ => {
                request.body.limit(limit, limits.body_rate);
                Ok(None)
            }
        }
    }
}

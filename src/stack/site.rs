//! Answers from the folder of a route's site; what a script is to answer goes on to the upstream that runs it.
//! What is looked for and found is `crate::site`'s to decide.

use std::rc::Rc;

use http::{Response, header};

use super::{checked::Check, shared::Shared};
use crate::{
    config::settings::Action,
    failure::Result,
    message::{Body, Record, Request},
    site::{self, Outcome},
};

/// The layer's check.
#[derive(Clone)]
pub struct Site {
    shared: Rc<Shared>,
}

impl Site {
    /// With what the worker has.
    pub fn new(shared: &Rc<Shared>) -> Self {
        Self { shared: Rc::clone(shared) }
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
                answer.headers_mut().insert(header::SERVER, self.shared.server.clone());
                record.connection.ends_if_unread();
                Ok(Some(answer))
            }
        }
    }
}

impl Check for Site {
    fn check(&self, request: &mut Request) -> Result<Option<Response<Body>>> {
        self.answer(&request.record)
    }
}

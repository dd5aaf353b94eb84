//! The answer a visitor gets for a failure: format and language negotiated, texts by class, verdict and kind of method.
//! `stack::respond` calls `answer`; nothing here decides what the failure is.

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, Method, Response};

use crate::{
    config::settings::{Errors, Gateway},
    failure::Failure,
};

/// A language of the built-in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    En,
    /// Russian.
    Ru,
}

/// What the answer depends on besides the failure.
pub struct Asked<'a> {
    /// Of the request.
    pub method: &'a Method,
    /// Of the request: Accept, Accept-Language, Sec-Fetch-Dest, Content-Type.
    pub headers: &'a HeaderMap,
    /// Host as the client named it; may be empty.
    pub host: &'a str,
    /// The request's id.
    pub request_id: &'a str,
    /// When the request came.
    pub received: SystemTime,
    /// `[gateway]`
    pub gateway: &'a Gateway,
    /// The error settings of the route.
    pub errors: &'a Errors,
}

/// The whole answer to a failure, every field of the design's table but `Connection`.
#[must_use]
pub fn answer(failure: &Failure, asked: &Asked<'_>) -> Response<Bytes> {
    let _ = (failure, asked);
    Response::new(Bytes::new())
}

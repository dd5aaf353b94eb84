//! The answer a visitor gets for a failure: format and language negotiated, texts by class, verdict and kind of method,
//! in the built-in form or in a template of the operator's. `stack::respond` calls `answer`; nothing here decides what
//! the failure is.

mod grpc;
mod html;
mod language;
mod negotiate;
mod own;
mod pages;
pub(crate) mod story;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod variables;

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
pub use language::Language;
use negotiate::Format;
pub use pages::{Occasion, Pages};
use story::Story;
pub use template::{Fault, Kind, Template};

use crate::{
    config::settings::{Errors, Gateway},
    failure::{Failure, problem, proxy_status},
};

/// What a page of ours may load: nothing but the style that stands in it.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The same for a page of the operator's own, which may carry its pictures and fonts in itself too.
const OWN_CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                                           font-src data:; base-uri 'none'; form-action 'none'";

/// Room for every field of an answer.
const FIELDS: usize = 16;

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
    /// The Date field.
    pub date: HeaderValue,
    /// The Server field.
    pub server: HeaderValue,
    /// `[gateway]`
    pub gateway: &'a Gateway,
    /// The error settings of the route.
    pub errors: &'a Errors,
}

/// The whole answer to a failure, every field of the design's table but `Connection`.
///
/// The answer to HEAD is the same as to GET, body and Content-Length included: the server that writes it leaves the
/// body out (RFC 9110 section 9.3.2).
#[must_use]
pub fn answer(failure: &Failure, asked: &Asked<'_>) -> Response<Bytes> {
    let story = Story::new(failure, asked);
    let format = Format::of(asked.headers);
    let own = own::page(format, failure, &story, asked);
    let is_own = own.is_some();
    let built_in = |write: fn(&Story<'_>) -> String| own.unwrap_or_else(|| write(&story));
    let (content_type, body) = match format {
        Format::Html => ("text/html; charset=utf-8", built_in(html::write)),
        Format::Problem => ("application/problem+json", built_in(problem::document)),
        Format::Json => ("application/json", built_in(problem::document)),
        Format::Text => ("text/plain; charset=utf-8", built_in(text::write)),
        Format::Empty => ("text/plain; charset=utf-8", String::new()),
        Format::Grpc => return grpc_answer(failure, &story, asked),
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = story.status;
    let length = response.body().len();
    let headers = response.headers_mut();
    // All fields of the answer, those behind it in the stack included.
    headers.reserve(FIELDS);
    fields(headers, failure, &story, asked);
    if is_own {
        let policy = HeaderValue::from_static(OWN_CONTENT_SECURITY_POLICY);
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(story.language()));
    if let Some(seconds) = story.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A gRPC call ends with a status of its own and is always 200 for HTTP.
fn grpc_answer(failure: &Failure, story: &Story<'_>, asked: &Asked<'_>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    fields(headers, failure, story, asked);
    let kind = asked.headers.get(header::CONTENT_TYPE).cloned();
    headers.insert(header::CONTENT_TYPE, kind.unwrap_or_else(|| HeaderValue::from_static("application/grpc")));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(0));
    headers.extend(grpc::fields(story));
    response
}

/// The fields that every form of the answer has.
fn fields(headers: &mut HeaderMap, failure: &Failure, story: &Story<'_>, asked: &Asked<'_>) {
    let name = &asked.gateway.name;
    proxy_status::append(headers, proxy_status::member(name, failure, story.status));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Language"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    // A value that HTTP cannot carry is left out rather than the whole answer lost.
    let mut insert = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    insert(HeaderName::from_static("x-request-id"), asked.request_id);
    headers.insert(header::DATE, asked.date.clone());
    headers.insert(header::SERVER, asked.server.clone());
    if story.status == StatusCode::METHOD_NOT_ALLOWED
        && let Some(allow) = &failure.allow
    {
        headers.insert(header::ALLOW, allow.clone());
    }
}

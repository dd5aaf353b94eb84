//! Causes that lie in the request itself, before it is passed on or while its body is read.
//! One row a cause; `super` maps the causes to them.

use http::StatusCode;

use super::{Class, Facts, Fault, Phase, retry};
use crate::failure::Delivered;

/// `request-malformed`
pub(super) const MALFORMED: Facts = Facts {
    id: "request-malformed",
    phase: Phase::Request,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::BAD_REQUEST),
    logged: None,
    token: Some("http_request_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The request line or a header field is not valid HTTP.",
    real_life: &["a broken client or a robot", "TLS spoken to a plain port"],
    next: "Nothing, unless one client repeats it; the evidence shows what it sent.",
    retry: retry::NEVER,
};

/// `request-framing-conflict`
pub(super) const FRAMING_CONFLICT: Facts = Facts {
    id: "request-framing-conflict",
    phase: Phase::Request,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::BAD_REQUEST),
    logged: None,
    token: Some("http_request_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The request says in two ways that disagree where its body ends.",
    real_life: &["an attempt to smuggle a second request", "a faulty client library"],
    next: "Treat it as an attack until the client is known; its address is in the access log.",
    retry: retry::NEVER,
};

/// `request-header-too-large`
pub(super) const HEADER_TOO_LARGE: Facts = Facts {
    id: "request-header-too-large",
    phase: Phase::Request,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
    logged: None,
    token: Some("http_request_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The header section of the request is over limits.header_size or has more fields than limits.headers.",
    real_life: &["cookies that pile up", "very large tokens"],
    next: "Look which field is that large, most often Cookie, and make it smaller; raise the limit only if it must \
        be so.",
    retry: retry::NEVER,
};

/// `request-uri-too-long`
pub(super) const URI_TOO_LONG: Facts = Facts {
    id: "request-uri-too-long",
    phase: Phase::Request,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::URI_TOO_LONG),
    logged: None,
    token: Some("http_request_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The address asked for is longer than the gateway accepts.",
    real_life: &["a form with much data sent by GET", "a redirect that appends to itself"],
    next: "Send such forms by POST; raise limits.header_size if addresses of this length are meant.",
    retry: retry::NEVER,
};

/// `request-body-too-large`
pub(super) const BODY_TOO_LARGE: Facts = Facts {
    id: "request-body-too-large",
    phase: Phase::Request,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::PAYLOAD_TOO_LARGE),
    logged: None,
    token: Some("http_request_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The body of the request is larger than this route allows.",
    real_life: &["an upload over the limit"],
    next: "Raise body_size on the route if uploads of this size are meant.",
    retry: retry::NEVER,
};

/// `request-header-timeout`
pub(super) const HEADER_TIMEOUT: Facts = Facts {
    id: "request-header-timeout",
    phase: Phase::Request,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::REQUEST_TIMEOUT),
    logged: None,
    token: Some("http_request_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The client began a request but did not finish its header section within limits.header_timeout.",
    real_life: &["a poor mobile connection", "a client that holds connections open on purpose"],
    next: "Nothing, unless one address opens many such connections; then block it.",
    retry: retry::BY_CLIENT,
};

/// `request-body-timeout`
pub(super) const BODY_TIMEOUT: Facts = Facts {
    id: "request-body-timeout",
    phase: Phase::Request,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::REQUEST_TIMEOUT),
    logged: None,
    token: Some("http_request_error"),
    parameters: &[],
    delivered: Delivered::Maybe,
    passes: false,
    meaning: "The client stopped sending the body of its request, or sent it more slowly than limits.body_rate.",
    real_life: &["a slow or interrupted connection", "a laptop that went to sleep"],
    next: "Nothing; if honest uploads are cut off, raise limits.body_timeout or lower limits.body_rate.",
    retry: retry::BY_CLIENT,
};

/// `request-client-aborted`
pub(super) const CLIENT_ABORTED: Facts = Facts {
    id: "request-client-aborted",
    phase: Phase::Request,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: None,
    logged: Some(499),
    token: None,
    parameters: &[],
    delivered: Delivered::Maybe,
    passes: false,
    meaning: "The client closed its connection before the answer was complete.",
    real_life: &["a visitor who went elsewhere", "a caller whose timeout is shorter than the upstream's answer takes"],
    next: "Compare how long the upstream took with the caller's timeout; limits.half_close admits clients that only \
        end their sending side.",
    retry: retry::NEVER,
};

/// `request-body-truncated`
pub(super) const BODY_TRUNCATED: Facts = Facts {
    id: "request-body-truncated",
    phase: Phase::Request,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::BAD_REQUEST),
    logged: None,
    token: Some("http_request_error"),
    parameters: &[],
    delivered: Delivered::Maybe,
    passes: false,
    meaning: "The client's connection ended before the whole body of its request had arrived.",
    real_life: &["a connection lost during an upload", "another proxy in between"],
    next: "Nothing; the upstream's connection was broken off too, so that it cannot take the part for the whole.",
    retry: retry::NEVER,
};

/// `request-transfer-coding-unsupported`
pub(super) const TRANSFER_CODING_UNSUPPORTED: Facts = Facts {
    id: "request-transfer-coding-unsupported",
    phase: Phase::Request,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::NOT_IMPLEMENTED),
    logged: None,
    token: Some("http_request_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The request uses a transfer coding other than chunked.",
    real_life: &["an unusual client"],
    next: "Nothing; the client must send its body chunked or with a length.",
    retry: retry::NEVER,
};

/// `request-not-supported`
pub(super) const NOT_SUPPORTED: Facts = Facts {
    id: "request-not-supported",
    phase: Phase::Request,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::NOT_IMPLEMENTED),
    logged: None,
    token: Some("http_request_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The request asks for a method or feature that the gateway does not offer, for example CONNECT.",
    real_life: &["a scanner", "a client that takes the gateway for a forward proxy"],
    next: "Nothing.",
    retry: retry::NEVER,
};

/// `request-method-not-allowed`
pub(super) const METHOD_NOT_ALLOWED: Facts = Facts {
    id: "request-method-not-allowed",
    phase: Phase::Request,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::METHOD_NOT_ALLOWED),
    logged: None,
    token: Some("http_request_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "A route fits the address but not the method; the Allow field lists the methods that do.",
    real_life: &["a form that points to the wrong place", "a scanner"],
    next: "Add the method to the route's methods if it is meant to be taken.",
    retry: retry::NEVER,
};

/// `request-expectation-failed`
pub(super) const EXPECTATION_FAILED: Facts = Facts {
    id: "request-expectation-failed",
    phase: Phase::Request,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::EXPECTATION_FAILED),
    logged: None,
    token: Some("http_request_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The request's Expect field asks for something other than 100-continue.",
    real_life: &["an old client library"],
    next: "Nothing; the client must leave the Expect field out.",
    retry: retry::NEVER,
};

/// `request-version-unsupported`
pub(super) const VERSION_UNSUPPORTED: Facts = Facts {
    id: "request-version-unsupported",
    phase: Phase::Request,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::HTTP_VERSION_NOT_SUPPORTED),
    logged: None,
    token: Some("http_request_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The request names a version of HTTP that the gateway does not speak here.",
    real_life: &["a probe", "HTTP/2 sent to a listener for HTTP/1"],
    next: "Nothing; the client must speak HTTP/1.1.",
    retry: retry::NEVER,
};

//! Causes that strike while the body of an answer passes through.
//! One row a cause; `super` maps the causes to them.

use http::StatusCode;

use super::{Class, Facts, Fault, Phase, retry};
use crate::failure::Delivered;

/// `body-truncated`
pub(super) const TRUNCATED: Facts = Facts {
    id: "body-truncated",
    phase: Phase::Body,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_response_incomplete"),
    parameters: &[],
    delivered: Delivered::Yes,
    passes: true,
    meaning: "The upstream closed the connection before the body of its answer was complete.",
    real_life: &["a crash in the middle of the answer", "a time limit of the application", "a full disk"],
    next: "Look into the application's log at this time; compare the bytes that came with those promised.",
    retry: retry::UNFORWARDED,
};

/// `body-reset`
pub(super) const RESET: Facts = Facts {
    id: "body-reset",
    phase: Phase::Body,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("connection_terminated"),
    parameters: &[],
    delivered: Delivered::Yes,
    passes: true,
    meaning: "The upstream broke the connection off before the body of its answer was complete.",
    real_life: &["a killed process", "a restart that does not wait for requests under way"],
    next: "Look into the application's log at this time for a crash or a restart.",
    retry: retry::UNFORWARDED,
};

/// `body-idle-timeout`
pub(super) const IDLE_TIMEOUT: Facts = Facts {
    id: "body-idle-timeout",
    phase: Phase::Body,
    fault: Fault::Upstream,
    class: Class::Timeout,
    status: Some(StatusCode::GATEWAY_TIMEOUT),
    logged: None,
    token: Some("connection_read_timeout"),
    parameters: &[],
    delivered: Delivered::Yes,
    passes: true,
    meaning: "The upstream began its answer and then sent nothing more for as long as timeouts.body.",
    real_life: &["a stream of events without heartbeats", "a worker that is stuck"],
    next: "Let the application send heartbeats, or raise timeouts.body of the upstream.",
    retry: retry::NEVER,
};

/// `body-deadline`
pub(super) const DEADLINE: Facts = Facts {
    id: "body-deadline",
    phase: Phase::Body,
    fault: Fault::Upstream,
    class: Class::Timeout,
    status: Some(StatusCode::GATEWAY_TIMEOUT),
    logged: None,
    token: Some("http_response_timeout"),
    parameters: &[],
    delivered: Delivered::Yes,
    passes: true,
    meaning: "The time for the whole request, timeouts.total, was over before the answer was complete.",
    real_life: &["a large or slow download"],
    next: "Raise timeouts.total of the upstream, or switch it off where downloads are long.",
    retry: retry::NEVER,
};

/// `body-bad-chunk`
pub(super) const BAD_CHUNK: Facts = Facts {
    id: "body-bad-chunk",
    phase: Phase::Body,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_response_transfer_coding"),
    parameters: &[("coding", "chunked")],
    delivered: Delivered::Yes,
    passes: false,
    meaning: "The chunks of the answer's body are not valid HTTP.",
    real_life: &[
        "two parts of the application that write to one connection",
        "a script that prints after its answer has ended",
    ],
    next: "Correct what writes into the answer; the evidence shows the chunk line that came.",
    retry: retry::NEVER,
};

/// `trailer-invalid`
pub(super) const TRAILER_INVALID: Facts = Facts {
    id: "trailer-invalid",
    phase: Phase::Body,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_response_trailer_section_size"),
    parameters: &[],
    delivered: Delivered::Yes,
    passes: false,
    meaning: "The trailer section after the answer's body is too large or not valid HTTP.",
    real_life: &["error details that grow without bound", "a script that prints after its answer has ended"],
    next: "Correct what the application writes behind the last chunk: fields, or nothing but an empty line.",
    retry: retry::NEVER,
};

/// `body-excess`
pub(super) const EXCESS: Facts = Facts {
    id: "body-excess",
    phase: Phase::Body,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: None,
    logged: None,
    token: None,
    parameters: &[],
    delivered: Delivered::Yes,
    passes: false,
    meaning: "The upstream sent more bytes than its answer has; the answer was complete, the connection is not used \
        again.",
    real_life: &["a body after an answer that has none", "a length that is counted wrong"],
    next: "Correct the length that the application sends.",
    retry: retry::NOTHING_TO_REPEAT,
};

/// `downstream-write-timeout`
pub(super) const DOWNSTREAM_WRITE_TIMEOUT: Facts = Facts {
    id: "downstream-write-timeout",
    phase: Phase::Body,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: None,
    logged: Some(499),
    token: None,
    parameters: &[],
    delivered: Delivered::Yes,
    passes: false,
    meaning: "The client took nothing of the answer for as long as limits.send_timeout.",
    real_life: &["a mobile client that lost its connection", "a client that is paused"],
    next: "Nothing; raise limits.send_timeout if honest downloads are cut off.",
    retry: retry::NOTHING_TO_REPEAT,
};

/// `downstream-aborted-midstream`
pub(super) const DOWNSTREAM_ABORTED: Facts = Facts {
    id: "downstream-aborted-midstream",
    phase: Phase::Body,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: None,
    logged: Some(499),
    token: None,
    parameters: &[],
    delivered: Delivered::Yes,
    passes: false,
    meaning: "The client closed its connection in the middle of the answer.",
    real_life: &["a visitor who went elsewhere", "a video that was wound forward"],
    next: "Nothing.",
    retry: retry::NOTHING_TO_REPEAT,
};

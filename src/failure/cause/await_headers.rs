//! Causes that strike between the end of the request and the first byte of the answer.
//! One row a cause; `super` maps the causes to them.

use http::StatusCode;

use super::{Class, Facts, Fault, Phase, retry};
use crate::failure::Delivered;

/// `upstream-closed-no-response`
pub(super) const CLOSED: Facts = Facts {
    id: "upstream-closed-no-response",
    phase: Phase::AwaitHeaders,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("connection_terminated"),
    parameters: &[],
    delivered: Delivered::Maybe,
    passes: true,
    meaning: "The upstream took the request and closed the connection without answering.",
    real_life: &[
        "a worker that was killed or crashed",
        "an application that speaks another protocol",
        "an application that admits other addresses only",
    ],
    next: "Look into the application's log at this time for a crash or a killed worker.",
    retry: retry::IDEMPOTENT,
};

/// `upstream-reset-no-response`
pub(super) const RESET: Facts = Facts {
    id: "upstream-reset-no-response",
    phase: Phase::AwaitHeaders,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("connection_terminated"),
    parameters: &[],
    delivered: Delivered::Maybe,
    passes: true,
    meaning: "The upstream took the request and broke the connection off without answering.",
    real_life: &[
        "a killed process",
        "an application that closed without reading the whole request",
        "a firewall that ends connections",
    ],
    next: "Look into the application's log at this time for a crash or a restart.",
    retry: retry::IDEMPOTENT,
};

/// `response-header-timeout`
pub(super) const TIMEOUT: Facts = Facts {
    id: "response-header-timeout",
    phase: Phase::AwaitHeaders,
    fault: Fault::Upstream,
    class: Class::Timeout,
    status: Some(StatusCode::GATEWAY_TIMEOUT),
    logged: None,
    token: Some("connection_read_timeout"),
    parameters: &[],
    delivered: Delivered::Maybe,
    passes: true,
    meaning: "The upstream took the request but did not begin to answer within timeouts.head.",
    real_life: &[
        "a slow database query",
        "all workers of the application busy",
        "an application that waits for itself",
    ],
    next: "Find out what the application was doing; raise timeouts.head only if such long answers are meant.",
    retry: retry::TIMEOUT,
};

/// `response-deadline`
pub(super) const DEADLINE: Facts = Facts {
    id: "response-deadline",
    phase: Phase::AwaitHeaders,
    fault: Fault::Upstream,
    class: Class::Timeout,
    status: Some(StatusCode::GATEWAY_TIMEOUT),
    logged: None,
    token: Some("http_response_timeout"),
    parameters: &[],
    delivered: Delivered::Maybe,
    passes: true,
    meaning: "The time for the whole request, timeouts.total, was over before the answer began.",
    real_life: &["attempts that each took long", "a slow application"],
    next: "See in the access log where the time went; raise timeouts.total if it is too short for this work.",
    retry: retry::NEVER,
};

/// `upstream-connection-lost`
pub(super) const LOST: Facts = Facts {
    id: "upstream-connection-lost",
    phase: Phase::AwaitHeaders,
    fault: Fault::Network,
    class: Class::Timeout,
    status: Some(StatusCode::GATEWAY_TIMEOUT),
    logged: None,
    token: Some("connection_read_timeout"),
    parameters: &[],
    delivered: Delivered::Maybe,
    passes: true,
    meaning: "The connection to the upstream died while its answer was awaited: nothing came back through the network \
        any more.",
    real_life: &["a machine that went down", "a firewall that forgot the connection", "a broken link"],
    next: "See whether the upstream's machine is up and what lies between it and the gateway.",
    retry: retry::IDEMPOTENT,
};

/// `fcgi-overloaded`
pub(super) const FCGI_OVERLOADED: Facts = Facts {
    id: "fcgi-overloaded",
    phase: Phase::AwaitHeaders,
    fault: Fault::Upstream,
    class: Class::Busy,
    status: Some(StatusCode::SERVICE_UNAVAILABLE),
    logged: None,
    token: Some("destination_unavailable"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The FastCGI application refused the request because it has too much to do (FCGI_OVERLOADED).",
    real_life: &["a limit of the application on its own workers"],
    next: "Give the application more workers or find the slow requests.",
    retry: retry::ANY,
};

/// `fcgi-cant-mpx`
pub(super) const FCGI_CANT_MPX: Facts = Facts {
    id: "fcgi-cant-mpx",
    phase: Phase::AwaitHeaders,
    fault: Fault::Gateway,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_protocol_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The FastCGI application refused the request because it serves one at a time on a connection (FCGI_CANT_MPX_CONN), also on a connection of its own.",
    real_life: &[
        "an application that counts requests wrongly",
        "a multiplexer between the gateway and the application",
    ],
    next: "Let `fastcgi.keep` of the upstream be 0, so that every request has a connection of its own.",
    retry: retry::ANY,
};

/// `fcgi-unknown-role`
pub(super) const FCGI_UNKNOWN_ROLE: Facts = Facts {
    id: "fcgi-unknown-role",
    phase: Phase::AwaitHeaders,
    fault: Fault::Gateway,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_protocol_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The FastCGI application does not answer requests as a responder (FCGI_UNKNOWN_ROLE).",
    real_life: &["an authorizer or filter in place of the application"],
    next: "Write the address of an application that acts as a responder into `servers`.",
    retry: retry::NEVER,
};

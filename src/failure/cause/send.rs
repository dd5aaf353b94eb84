//! Causes that strike while the request is written to the upstream.
//! One row a cause; `super` maps the causes to them.

use http::StatusCode;

use super::{Class, Facts, Fault, Phase, retry};
use crate::failure::Delivered;

/// `send-closed-before-write`
pub(super) const CLOSED_BEFORE_WRITE: Facts = Facts {
    id: "send-closed-before-write",
    phase: Phase::Send,
    fault: Fault::Network,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("connection_terminated"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The kept connection to the upstream was already closed; nothing of this request reached the application.",
    real_life: &["an application that closes idle connections sooner than the gateway", "a restart of the application"],
    next: "Set pool.idle_timeout below the application's keep-alive timeout.",
    retry: retry::ANY,
};

/// `send-reset-reused`
pub(super) const RESET_REUSED: Facts = Facts {
    id: "send-reset-reused",
    phase: Phase::Send,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("connection_terminated"),
    parameters: &[],
    delivered: Delivered::Maybe,
    passes: true,
    meaning: "A kept connection broke after the request was written and before a byte of the answer came.",
    real_life: &[
        "an application that closes idle connections just as they are used again",
        "a restart of the application",
    ],
    next: "Set pool.idle_timeout below the application's keep-alive timeout.",
    retry: retry::IDEMPOTENT,
};

/// `send-upload-broken`
pub(super) const UPLOAD_BROKEN: Facts = Facts {
    id: "send-upload-broken",
    phase: Phase::Send,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("connection_terminated"),
    parameters: &[],
    delivered: Delivered::Maybe,
    passes: true,
    meaning: "The upstream closed the connection while the request's body was still being sent, and gave no answer.",
    real_life: &["an application that refuses a large upload without saying so", "a crash"],
    next: "Compare the size of the upload with the application's own limit and look into its log.",
    retry: retry::IDEMPOTENT,
};

/// `send-write-timeout`
pub(super) const WRITE_TIMEOUT: Facts = Facts {
    id: "send-write-timeout",
    phase: Phase::Send,
    fault: Fault::Upstream,
    class: Class::Timeout,
    status: Some(StatusCode::GATEWAY_TIMEOUT),
    logged: None,
    token: Some("connection_write_timeout"),
    parameters: &[],
    delivered: Delivered::Maybe,
    passes: true,
    meaning: "The upstream took nothing more of the request for as long as timeouts.send.",
    real_life: &["a blocked application", "a full disk"],
    next: "Find out what the application was doing instead of reading the request.",
    retry: retry::IDEMPOTENT,
};

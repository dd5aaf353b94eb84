//! Causes that strike where as much is under way already as is allowed.
//! One row a cause; `super` maps the causes to them.

use http::StatusCode;

use super::{Class, Facts, Fault, Phase, retry};
use crate::failure::Delivered;

/// `limit-rate`
pub(super) const RATE: Facts = Facts {
    id: "limit-rate",
    phase: Phase::Limit,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::TOO_MANY_REQUESTS),
    logged: None,
    token: Some("http_request_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The client sends more requests than the rate of a [[rate_limit]] allows it.",
    real_life: &["a program that asks without pause", "somebody who tries passwords", "many people behind one address"],
    next: "Nothing, if it is meant; else raise rate or burst of that [[rate_limit]], or choose a key that tells clients \
        apart that share an address.",
    retry: retry::LATER,
};

/// `limit-concurrency`
pub(super) const CONCURRENCY: Facts = Facts {
    id: "limit-concurrency",
    meaning: "The client has as many requests under way as concurrent of a [[rate_limit]] allows it.",
    real_life: &["a program that downloads in many parts at once", "many people behind one address"],
    next: "Nothing, if it is meant; else raise concurrent of that [[rate_limit]], or choose a key that tells clients apart \
        that share an address.",
    ..RATE
};

/// `upstream-conn-limit`
pub(super) const CONN_LIMIT: Facts = Facts {
    id: "upstream-conn-limit",
    phase: Phase::Limit,
    fault: Fault::Gateway,
    class: Class::Busy,
    status: Some(StatusCode::SERVICE_UNAVAILABLE),
    logged: None,
    token: Some("connection_limit_reached"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "As many requests are under way at the upstream as queue.max_in_flight allows, and no more \
        may wait, or the wait would be too long.",
    real_life: &[
        "a rush of visitors",
        "an application that has become slow",
        "a limit below what the application can do",
    ],
    next: "Speed up the slowest pages, or give the application more workers (PHP-FPM: pm.max_children) and raise \
        queue.max_in_flight with them.",
    retry: retry::LATER,
};

/// `upstream-queue-timeout`
pub(super) const QUEUE_TIMEOUT: Facts = Facts {
    id: "upstream-queue-timeout",
    fault: Fault::Upstream,
    meaning: "The request waited in the gateway's queue for as long as queue.timeout and was never sent.",
    real_life: &["all workers of the application busy", "pages that wait for a slow database or another service"],
    ..CONN_LIMIT
};

/// `upstream-circuit-open`
pub(super) const CIRCUIT_OPEN: Facts = Facts {
    id: "upstream-circuit-open",
    phase: Phase::Limit,
    fault: Fault::Upstream,
    class: Class::Unreachable,
    status: Some(StatusCode::SERVICE_UNAVAILABLE),
    logged: None,
    token: Some("destination_unavailable"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "Requests have failed so steadily that no server of the upstream is in use, and health.all_down says that requests are refused until the next trial.",
    real_life: &["an application that has crashed", "an application that accepts connections and does not answer"],
    next: "Look at the failures in the evidence: they are the reason. health.all_down = \"try\" asks the servers nevertheless.",
    retry: retry::LATER,
};

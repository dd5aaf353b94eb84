//! Causes that strike before a client's connection is served.
//! One row a cause; `super` maps the causes to them.

use http::StatusCode;

use super::{Class, Facts, Fault, Phase, retry};
use crate::failure::Delivered;

/// `accept-fd-exhausted`
pub(super) const FD_EXHAUSTED: Facts = Facts {
    id: "accept-fd-exhausted",
    phase: Phase::Accept,
    fault: Fault::Gateway,
    class: Class::Busy,
    status: None,
    logged: None,
    token: None,
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The gateway cannot accept client connections because it has no file descriptor left.",
    real_life: &["a low open-files limit", "many slow or idle clients", "connections that are never closed"],
    next: "Raise the gateway's open-files limit (LimitNOFILE), or lower limits.connections until it fits.",
    retry: retry::ANY,
};

/// `accept-client-limit`
pub(super) const CLIENT_LIMIT: Facts = Facts {
    id: "accept-client-limit",
    phase: Phase::Accept,
    fault: Fault::Gateway,
    class: Class::Busy,
    status: Some(StatusCode::SERVICE_UNAVAILABLE),
    logged: None,
    token: Some("proxy_internal_response"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "More clients are connected than limits.connections allows, so this one is turned away.",
    real_life: &["a flood of requests", "a slow upstream that keeps clients waiting"],
    next: "Find out which upstream keeps clients waiting and make it faster; raise limits.connections only after \
        that.",
    retry: retry::ANY,
};

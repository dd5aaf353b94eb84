//! Causes that are decisions of the operator.
//! One row a cause; `super` maps the causes to them.

use http::StatusCode;

use super::{Class, Facts, Fault, Phase, retry};
use crate::failure::Delivered;

/// `policy-denied`
pub(super) const DENIED: Facts = Facts {
    id: "policy-denied",
    phase: Phase::Policy,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::FORBIDDEN),
    logged: None,
    token: Some("http_request_denied"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "An access rule of the route does not admit this client.",
    real_life: &["an address outside the allowed networks", "a network that is denied"],
    next: "Add the client's network to the route's access.allow if it should come in.",
    retry: retry::NEVER,
};

/// `upstream-maintenance`
pub(super) const MAINTENANCE: Facts = Facts {
    id: "upstream-maintenance",
    phase: Phase::Policy,
    fault: Fault::Gateway,
    class: Class::Maintenance,
    status: Some(StatusCode::SERVICE_UNAVAILABLE),
    logged: None,
    token: Some("proxy_internal_response"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The operator has put this route into maintenance.",
    real_life: &["planned work"],
    next: "Take maintenance out of the route when the work is done.",
    retry: retry::LATER,
};

//! Causes that lie in the gateway itself.
//! One row a cause; `super` maps the causes to them.

use http::StatusCode;

use super::{Class, Facts, Fault, Phase, retry};
use crate::failure::Delivered;

/// `gateway-internal-error`
pub(super) const ERROR: Facts = Facts {
    id: "gateway-internal-error",
    phase: Phase::Internal,
    fault: Fault::Gateway,
    class: Class::Gateway,
    status: Some(StatusCode::INTERNAL_SERVER_ERROR),
    logged: None,
    token: Some("proxy_internal_error"),
    parameters: &[],
    delivered: Delivered::Maybe,
    passes: false,
    meaning: "The gateway failed while it worked on this request: a fault in its program.",
    real_life: &["a fault in the gateway"],
    next: "Report it with the request id and the lines of the program log at this time.",
    retry: retry::NEVER,
};

/// `gateway-draining`
pub(super) const DRAINING: Facts = Facts {
    id: "gateway-draining",
    phase: Phase::Internal,
    fault: Fault::Gateway,
    class: Class::Gateway,
    status: Some(StatusCode::SERVICE_UNAVAILABLE),
    logged: None,
    token: Some("proxy_internal_response"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The gateway is stopping and takes no new requests.",
    real_life: &["a restart of the gateway"],
    next: "Nothing; it is normal while the gateway is restarted.",
    retry: retry::LATER,
};

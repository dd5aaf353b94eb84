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
    meaning: "The gateway stopped before this request had an answer.",
    real_life: &["a restart of the gateway"],
    next: "Nothing; it is normal while the gateway is restarted.",
    retry: retry::BY_VERDICT,
};

/// `gateway-spool-failed`
pub(super) const SPOOL: Facts = Facts {
    id: "gateway-spool-failed",
    phase: Phase::Internal,
    fault: Fault::Gateway,
    class: Class::Gateway,
    status: Some(StatusCode::INTERNAL_SERVER_ERROR),
    logged: None,
    token: Some("proxy_internal_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "A request body of unknown length could not be kept on disk until its end.",
    real_life: &["a full disk", "a folder that the gateway may not write to"],
    next: "Make room, or set `gateway.spool` to a folder that the gateway may write to.",
    retry: retry::LATER,
};

/// `gateway-overloaded`
pub(super) const OVERLOADED: Facts = Facts {
    id: "gateway-overloaded",
    phase: Phase::Internal,
    fault: Fault::Gateway,
    class: Class::Busy,
    status: Some(StatusCode::SERVICE_UNAVAILABLE),
    logged: None,
    token: Some("proxy_internal_response"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The gateway uses more memory than limits.memory allows and turns away a part of the new requests.",
    real_life: &["a rush of visitors", "many large answers to slow clients", "a limit below what the gateway needs"],
    next: "Raise limits.memory if the machine has more, or lower limits.connections.",
    retry: retry::LATER,
};

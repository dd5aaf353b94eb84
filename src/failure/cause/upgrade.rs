//! Causes that strike while a connection changes its protocol.
//! One row a cause; `super` maps the causes to them.

use http::StatusCode;

use super::{Class, Facts, Fault, Phase, retry};
use crate::failure::Delivered;

/// `upgrade-invalid`
pub(super) const INVALID: Facts = Facts {
    id: "upgrade-invalid",
    phase: Phase::Upgrade,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_upgrade_failed"),
    parameters: &[],
    delivered: Delivered::Yes,
    passes: false,
    meaning: "The upstream changed the protocol without being asked, or to another one than was asked for.",
    real_life: &["a fault in the application"],
    next: "Correct the application: its Upgrade field must name the protocol that was asked for.",
    retry: retry::NEVER,
};

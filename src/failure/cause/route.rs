//! Causes found while looking for the route of a request.
//! One row a cause; `super` maps the causes to them.

use http::StatusCode;

use super::{Class, Facts, Fault, Phase, retry};
use crate::failure::Delivered;

/// `route-no-match`
pub(super) const NO_MATCH: Facts = Facts {
    id: "route-no-match",
    phase: Phase::Route,
    fault: Fault::Client,
    class: Class::NotFound,
    status: Some(StatusCode::NOT_FOUND),
    logged: None,
    token: Some("destination_not_found"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "No route is configured for this host and path.",
    real_life: &["a mistyped address", "a name that points here before it is configured", "a missing route"],
    next: "Add a route for the host and path if something should be published there.",
    retry: retry::NEVER,
};

/// `proxy-loop`
pub(super) const LOOP: Facts = Facts {
    id: "proxy-loop",
    phase: Phase::Route,
    fault: Fault::Gateway,
    class: Class::Gateway,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("proxy_loop_detected"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The request has already passed through this gateway: it goes round in a circle.",
    real_life: &[
        "an upstream address that leads back to the gateway",
        "the public name used as the upstream's address",
    ],
    next: "Give the upstream the application's own address instead of the public name.",
    retry: retry::NEVER,
};

/// `upstream-set-empty`
pub(super) const SET_EMPTY: Facts = Facts {
    id: "upstream-set-empty",
    fault: Fault::Gateway,
    meaning: "The upstream's name of a service exists, but no server is registered under it.",
    real_life: &["a service that is not deployed", "a service scaled to zero", "a label or selector that fits nothing"],
    next: "See whether the service is deployed, and whether its instances are registered under the name in servers.",
    retry: retry::ANY,
    ..NONE_HEALTHY
};

/// `upstream-none-healthy`
pub(super) const NONE_HEALTHY: Facts = Facts {
    id: "upstream-none-healthy",
    phase: Phase::Route,
    fault: Fault::Upstream,
    class: Class::Unreachable,
    status: Some(StatusCode::SERVICE_UNAVAILABLE),
    logged: None,
    token: Some("destination_unavailable"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "Every server of the upstream fails its checks, and health.all_down says that requests are refused then.",
    real_life: &[
        "an application that is down",
        "a path of health.active that the application does not know",
        "a deploy of all servers at once",
    ],
    next: "Look at what the checks found, in the evidence; health.all_down = \"try\" asks the servers nevertheless.",
    retry: retry::LATER,
};

/// `upstream-starting`
pub(super) const STARTING: Facts = Facts {
    id: "upstream-starting",
    meaning: "No server of the upstream has passed a check since the gateway was started, and health.all_down says that requests are refused until one does.",
    real_life: &[
        "an application that is started together with the gateway",
        "a path of health.active that the application does not know",
    ],
    next: "Wait until the application is up; if it is, see in the evidence what the checks found, and correct health.active.",
    ..NONE_HEALTHY
};

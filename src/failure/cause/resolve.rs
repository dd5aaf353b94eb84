//! Causes found while looking up the address of an upstream's name.
//! One row a cause; `super` maps the causes to them.

use http::StatusCode;

use super::{Class, Facts, Fault, Phase, retry};
use crate::failure::Delivered;

/// `dns-timeout`
pub(super) const TIMEOUT: Facts = Facts {
    id: "dns-timeout",
    phase: Phase::Resolve,
    fault: Fault::Network,
    class: Class::Unreachable,
    status: Some(StatusCode::GATEWAY_TIMEOUT),
    logged: None,
    token: Some("dns_timeout"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The name server did not answer within timeouts.resolve.",
    real_life: &[
        "a name server that is down",
        "a firewall that drops DNS",
        "search domains that are tried one after the other",
    ],
    next: "See whether the name server can be reached from this machine, then ask it for the name by hand.",
    retry: retry::ANY,
};

/// `dns-nxdomain`
pub(super) const NXDOMAIN: Facts = Facts {
    id: "dns-nxdomain",
    phase: Phase::Resolve,
    fault: Fault::Gateway,
    class: Class::Unreachable,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("dns_error"),
    parameters: &[("rcode", "NXDOMAIN")],
    delivered: Delivered::No,
    passes: false,
    meaning: "The upstream's name does not exist.",
    real_life: &["a mistyped name", "a service that was renamed", "a container outside this network"],
    next: "Correct the name in the upstream's servers, or add it to DNS or /etc/hosts.",
    retry: retry::ANY,
};

/// `dns-servfail`
pub(super) const SERVFAIL: Facts = Facts {
    id: "dns-servfail",
    phase: Phase::Resolve,
    fault: Fault::Network,
    class: Class::Unreachable,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("dns_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The name server could not look the name up, or sent an answer that cannot be used.",
    real_life: &[
        "a broken delegation",
        "DNSSEC signatures that have expired",
        "a name server that cannot reach others",
        "an answer too long for UDP where TCP is blocked",
    ],
    next: "Ask the name server for the name by hand and look for its reason.",
    retry: retry::ANY,
};

/// `dns-refused`
pub(super) const REFUSED: Facts = Facts {
    id: "dns-refused",
    phase: Phase::Resolve,
    fault: Fault::Gateway,
    class: Class::Unreachable,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("dns_error"),
    parameters: &[("rcode", "REFUSED")],
    delivered: Delivered::No,
    passes: false,
    meaning: "The name server refuses to answer this machine.",
    real_life: &["a name server that serves other networks only", "a wrong name server address"],
    next: "Set dns.servers to a name server that serves this machine, or admit it there.",
    retry: retry::ANY,
};

/// `dns-no-address`
pub(super) const NO_ADDRESS: Facts = Facts {
    id: "dns-no-address",
    phase: Phase::Resolve,
    fault: Fault::Gateway,
    class: Class::Unreachable,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("dns_error"),
    parameters: &[("rcode", "NOERROR")],
    delivered: Delivered::No,
    passes: false,
    meaning: "The upstream's name exists but has no address.",
    real_life: &["a name with only mail or service records", "an alias that leads nowhere"],
    next: "Give the name an address record, or use another name.",
    retry: retry::ANY,
};

/// `dns-resolver-unreachable`
pub(super) const RESOLVER_UNREACHABLE: Facts = Facts {
    id: "dns-resolver-unreachable",
    phase: Phase::Resolve,
    fault: Fault::Gateway,
    class: Class::Unreachable,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("dns_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The name server itself cannot be reached.",
    real_life: &["a local name service that is stopped", "a wrong name server address"],
    next: "Start the name server, or correct its address in dns.servers or /etc/resolv.conf.",
    retry: retry::ANY,
};

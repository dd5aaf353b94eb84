//! Causes that strike while a connection to an upstream server is made.
//! One row a cause; `super` maps the causes to them.

use http::StatusCode;

use super::{Class, Facts, Fault, Phase, retry};
use crate::failure::Delivered;

/// `connect-refused`
pub(super) const REFUSED: Facts = Facts {
    id: "connect-refused",
    phase: Phase::Connect,
    fault: Fault::Upstream,
    class: Class::Unreachable,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("connection_refused"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "Nothing listens at the upstream's address.",
    real_life: &[
        "an application that is not started or has crashed",
        "a wrong port",
        "an application that listens on another address",
    ],
    next: "Start the application, or correct the port; see what listens on this machine with `ss -ltn`.",
    retry: retry::ANY,
};

/// `connect-timeout`
pub(super) const TIMEOUT: Facts = Facts {
    id: "connect-timeout",
    phase: Phase::Connect,
    fault: Fault::Network,
    class: Class::Unreachable,
    status: Some(StatusCode::GATEWAY_TIMEOUT),
    logged: None,
    token: Some("connection_timeout"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The upstream did not answer the attempt to connect within timeouts.connect.",
    real_life: &[
        "a firewall that drops packets",
        "a machine that is down",
        "a full queue of waiting connections",
        "a wrong address",
    ],
    next: "See whether the machine is up and whether a firewall lies between; a closed port would have refused at \
        once.",
    retry: retry::ANY,
};

/// `connect-unroutable`
pub(super) const UNROUTABLE: Facts = Facts {
    id: "connect-unroutable",
    phase: Phase::Connect,
    fault: Fault::Network,
    class: Class::Unreachable,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("destination_ip_unroutable"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "There is no way through the network to the upstream's address.",
    real_life: &["a missing route", "an IPv6 address on a machine without IPv6", "a router that rejects the packets"],
    next: "Compare the address with the routes of this machine (`ip route get ADDRESS`).",
    retry: retry::ANY,
};

/// `connect-reset`
pub(super) const RESET: Facts = Facts {
    id: "connect-reset",
    phase: Phase::Connect,
    fault: Fault::Network,
    class: Class::Unreachable,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("connection_terminated"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The connection was broken off while it was being made.",
    real_life: &["a port forwarder without a live target", "a device in the network", "an overloaded application"],
    next: "Look for a port forwarder or load balancer at the address and whether its target is alive.",
    retry: retry::ANY,
};

/// `connect-unix-missing`
pub(super) const UNIX_MISSING: Facts = Facts {
    id: "connect-unix-missing",
    phase: Phase::Connect,
    fault: Fault::Upstream,
    class: Class::Unreachable,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("connection_refused"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The upstream's Unix socket does not exist.",
    real_life: &["an application that is stopped", "a wrong path", "a private /tmp of the service"],
    next: "Start the application, or correct the path of its socket.",
    retry: retry::ANY,
};

/// `connect-unix-stale`
pub(super) const UNIX_STALE: Facts = Facts {
    id: "connect-unix-stale",
    phase: Phase::Connect,
    fault: Fault::Upstream,
    class: Class::Unreachable,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("connection_refused"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The upstream's Unix socket is there, but no process listens on it.",
    real_life: &["a crashed application that left its socket behind", "an application that has not finished starting"],
    next: "Restart the application and look into its log for why it ended.",
    retry: retry::ANY,
};

/// `connect-unix-permission`
pub(super) const UNIX_PERMISSION: Facts = Facts {
    id: "connect-unix-permission",
    phase: Phase::Connect,
    fault: Fault::Gateway,
    class: Class::Unreachable,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("connection_refused"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The gateway's user may not open the upstream's Unix socket.",
    real_life: &[
        "a socket for another group",
        "a folder on the way that is closed to the gateway",
        "a security module",
    ],
    next: "Add the gateway's user to the socket's group, or set the mode of socket and folder.",
    retry: retry::ANY,
};

/// `connect-unix-not-socket`
pub(super) const UNIX_NOT_SOCKET: Facts = Facts {
    id: "connect-unix-not-socket",
    phase: Phase::Connect,
    fault: Fault::Gateway,
    class: Class::Gateway,
    status: Some(StatusCode::INTERNAL_SERVER_ERROR),
    logged: None,
    token: Some("proxy_configuration_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The upstream's path is not a socket that a connection can be made to.",
    real_life: &["the path of another file, such as a pid file", "a datagram socket", "a path that is too long"],
    next: "Set the upstream's path to the socket that the application listens on.",
    retry: retry::NEVER,
};

/// `connect-backlog-full`
pub(super) const BACKLOG_FULL: Facts = Facts {
    id: "connect-backlog-full",
    phase: Phase::Connect,
    fault: Fault::Upstream,
    class: Class::Busy,
    status: Some(StatusCode::SERVICE_UNAVAILABLE),
    logged: None,
    token: Some("destination_unavailable"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The application does not take new connections as fast as they come: its queue is full.",
    real_life: &["all workers of the application busy", "a blocked event loop", "a short listen queue"],
    next: "Give the application more workers or find the slow requests; raise net.core.somaxconn if bursts are \
        normal.",
    retry: retry::ANY,
};

/// `connect-local-ports-exhausted`
pub(super) const LOCAL_PORTS_EXHAUSTED: Facts = Facts {
    id: "connect-local-ports-exhausted",
    phase: Phase::Connect,
    fault: Fault::Gateway,
    class: Class::Busy,
    status: Some(StatusCode::SERVICE_UNAVAILABLE),
    logged: None,
    token: Some("proxy_internal_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "This machine has no free port left for a connection to the upstream.",
    real_life: &["connections to the upstream that are not kept", "many connections that were closed a moment ago"],
    next: "Keep connections to this upstream (pool.max_idle), or widen net.ipv4.ip_local_port_range.",
    retry: retry::LATER,
};

/// `connect-fd-exhausted`
pub(super) const FD_EXHAUSTED: Facts = Facts {
    id: "connect-fd-exhausted",
    phase: Phase::Connect,
    fault: Fault::Gateway,
    class: Class::Busy,
    status: Some(StatusCode::SERVICE_UNAVAILABLE),
    logged: None,
    token: Some("proxy_internal_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The gateway has no file descriptor left for a connection to the upstream, or for a file of a site.",
    real_life: &["a low open-files limit", "more clients than planned for"],
    next: "Raise the gateway's open-files limit (LimitNOFILE), or lower limits.connections.",
    retry: retry::LATER,
};

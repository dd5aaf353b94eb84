//! What can be true of a cause: the row's type and the vocabulary of its fields.
//! The rows stand in the files beside this one.

use http::StatusCode;

use crate::failure::Delivered;

/// What is true of a cause.
#[derive(Debug)]
pub struct Facts {
    /// Its name everywhere.
    pub id: &'static str,
    /// Where it strikes.
    pub phase: Phase,
    /// Whose fault it is.
    pub fault: Fault,
    /// What the public is told instead of it.
    pub class: Class,
    /// What is answered before a head was sent; `None` where nothing is answered.
    pub status: Option<StatusCode>,
    /// What the access log says where the client left and no status reached it.
    pub logged: Option<u16>,
    /// The error type of Proxy-Status (RFC 9209 section 2.3).
    pub token: Option<&'static str>,
    /// Parameters of that error type that are the same for every such failure.
    pub parameters: &'static [(&'static str, &'static str)],
    /// The usual verdict; each failure carries its own.
    pub delivered: Delivered,
    /// Whether it passes by itself, so that asking again soon makes sense.
    pub passes: bool,
    /// One sentence.
    pub meaning: &'static str,
    /// What it comes from in real life.
    pub real_life: &'static [&'static str],
    /// The operator's next step; a failure may carry one that is more exact.
    pub next: &'static str,
    /// Whether the gateway tries again, in words.
    pub retry: &'static str,
}

/// Where on its way a request was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// `accept`
    Accept,
    /// `request`
    Request,
    /// `route`
    Route,
    /// `policy`
    Policy,
    /// `limit`
    Limit,
    /// `resolve`
    Resolve,
    /// `connect`
    Connect,
    /// `send`
    Send,
    /// `await-headers`
    AwaitHeaders,
    /// `headers`
    Headers,
    /// `body`
    Body,
    /// `upgrade`
    Upgrade,
    /// `internal`
    Internal,
}

impl Phase {
    /// As log and reference say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Request => "request",
            Self::Route => "route",
            Self::Policy => "policy",
            Self::Limit => "limit",
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Send => "send",
            Self::AwaitHeaders => "await-headers",
            Self::Headers => "headers",
            Self::Body => "body",
            Self::Upgrade => "upgrade",
            Self::Internal => "internal",
        }
    }
}

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The client's.
    Client,
    /// The application server's.
    Upstream,
    /// The network's or the resolver's.
    Network,
    /// The gateway's or its configuration's.
    Gateway,
}

impl Fault {
    /// As log and reference say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
            Self::Network => "network",
            Self::Gateway => "gateway",
        }
    }
}

/// What the public is told instead of the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// No connection to the upstream.
    Unreachable,
    /// The upstream did not answer in time.
    Timeout,
    /// The upstream's answer could not be used.
    BrokenAnswer,
    /// Too much at once.
    Busy,
    /// Planned work.
    Maintenance,
    /// Nothing is published here.
    NotFound,
    /// The request itself.
    YourRequest,
    /// The gateway.
    Gateway,
}

impl Class {
    /// Its public name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::BrokenAnswer => "broken-answer",
            Self::Busy => "busy",
            Self::Maintenance => "maintenance",
            Self::NotFound => "not-found",
            Self::YourRequest => "your-request",
            Self::Gateway => "gateway",
        }
    }

    /// The status of a failure whose cause has none of its own.
    #[must_use]
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Unreachable | Self::BrokenAnswer => StatusCode::BAD_GATEWAY,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Busy | Self::Maintenance => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::YourRequest => StatusCode::BAD_REQUEST,
            Self::Gateway => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

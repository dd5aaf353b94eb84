//! The taxonomy: every cause the gateway can name, one row each in the file of its phase.
//! Statuses, tokens, log, page and reference all read these rows; nothing else maps causes to anything.

/// A named cause of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// `accept-fd-exhausted`
    AcceptFdExhausted,
    /// `accept-client-limit`
    AcceptClientLimit,
    /// `request-malformed`
    RequestMalformed,
    /// `request-framing-conflict`
    RequestFramingConflict,
    /// `request-header-too-large`
    RequestHeaderTooLarge,
    /// `request-uri-too-long`
    RequestUriTooLong,
    /// `request-body-too-large`
    RequestBodyTooLarge,
    /// `request-header-timeout`
    RequestHeaderTimeout,
    /// `request-body-timeout`
    RequestBodyTimeout,
    /// `request-client-aborted`
    RequestClientAborted,
    /// `request-body-truncated`
    RequestBodyTruncated,
    /// `request-transfer-coding-unsupported`
    RequestTransferCodingUnsupported,
    /// `request-not-supported`
    RequestNotSupported,
    /// `request-method-not-allowed`
    RequestMethodNotAllowed,
    /// `request-expectation-failed`
    RequestExpectationFailed,
    /// `request-version-unsupported`
    RequestVersionUnsupported,
    /// `route-no-match`
    RouteNoMatch,
    /// `proxy-loop`
    ProxyLoop,
    /// `policy-denied`
    PolicyDenied,
    /// `upstream-maintenance`
    UpstreamMaintenance,
    /// `dns-timeout`
    DnsTimeout,
    /// `dns-nxdomain`
    DnsNxdomain,
    /// `dns-servfail`
    DnsServfail,
    /// `dns-refused`
    DnsRefused,
    /// `dns-no-address`
    DnsNoAddress,
    /// `dns-resolver-unreachable`
    DnsResolverUnreachable,
    /// `connect-refused`
    ConnectRefused,
    /// `connect-timeout`
    ConnectTimeout,
    /// `connect-unroutable`
    ConnectUnroutable,
    /// `connect-reset`
    ConnectReset,
    /// `connect-unix-missing`
    ConnectUnixMissing,
    /// `connect-unix-stale`
    ConnectUnixStale,
    /// `connect-unix-permission`
    ConnectUnixPermission,
    /// `connect-unix-not-socket`
    ConnectUnixNotSocket,
    /// `connect-backlog-full`
    ConnectBacklogFull,
    /// `connect-local-ports-exhausted`
    ConnectLocalPortsExhausted,
    /// `connect-fd-exhausted`
    ConnectFdExhausted,
    /// `send-closed-before-write`
    SendClosedBeforeWrite,
    /// `send-reset-reused`
    SendResetReused,
    /// `send-upload-broken`
    SendUploadBroken,
    /// `send-write-timeout`
    SendWriteTimeout,
    /// `upstream-closed-no-response`
    UpstreamClosedNoResponse,
    /// `upstream-reset-no-response`
    UpstreamResetNoResponse,
    /// `response-header-timeout`
    ResponseHeaderTimeout,
    /// `response-deadline`
    ResponseDeadline,
    /// `upstream-connection-lost`
    UpstreamConnectionLost,
    /// `response-head-truncated`
    ResponseHeadTruncated,
    /// `response-not-http`
    ResponseNotHttp,
    /// `response-is-tls`
    ResponseIsTls,
    /// `response-head-malformed`
    ResponseHeadMalformed,
    /// `response-bad-status`
    ResponseBadStatus,
    /// `response-framing-conflict`
    ResponseFramingConflict,
    /// `response-header-too-large`
    ResponseHeaderTooLarge,
    /// `response-too-many-interim`
    ResponseTooManyInterim,
    /// `response-transfer-coding`
    ResponseTransferCoding,
    /// `upstream-answered-error`
    UpstreamAnsweredError,
    /// `body-truncated`
    BodyTruncated,
    /// `body-reset`
    BodyReset,
    /// `body-idle-timeout`
    BodyIdleTimeout,
    /// `body-deadline`
    BodyDeadline,
    /// `body-bad-chunk`
    BodyBadChunk,
    /// `trailer-invalid`
    TrailerInvalid,
    /// `body-excess`
    BodyExcess,
    /// `downstream-write-timeout`
    DownstreamWriteTimeout,
    /// `downstream-aborted-midstream`
    DownstreamAbortedMidstream,
    /// `upgrade-invalid`
    UpgradeInvalid,
    /// `gateway-internal-error`
    GatewayInternalError,
    /// `gateway-draining`
    GatewayDraining,
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

/// What is true of a cause.
#[derive(Debug)]
pub struct Facts {
    /// Its name everywhere.
    pub id: &'static str,
    /// Where it strikes.
    pub phase: Phase,
}

impl Cause {
    /// Every cause.
    pub const ALL: &'static [Self] = &[
        Self::AcceptFdExhausted,
        Self::AcceptClientLimit,
        Self::RequestMalformed,
        Self::RequestFramingConflict,
        Self::RequestHeaderTooLarge,
        Self::RequestUriTooLong,
        Self::RequestBodyTooLarge,
        Self::RequestHeaderTimeout,
        Self::RequestBodyTimeout,
        Self::RequestClientAborted,
        Self::RequestBodyTruncated,
        Self::RequestTransferCodingUnsupported,
        Self::RequestNotSupported,
        Self::RequestMethodNotAllowed,
        Self::RequestExpectationFailed,
        Self::RequestVersionUnsupported,
        Self::RouteNoMatch,
        Self::ProxyLoop,
        Self::PolicyDenied,
        Self::UpstreamMaintenance,
        Self::DnsTimeout,
        Self::DnsNxdomain,
        Self::DnsServfail,
        Self::DnsRefused,
        Self::DnsNoAddress,
        Self::DnsResolverUnreachable,
        Self::ConnectRefused,
        Self::ConnectTimeout,
        Self::ConnectUnroutable,
        Self::ConnectReset,
        Self::ConnectUnixMissing,
        Self::ConnectUnixStale,
        Self::ConnectUnixPermission,
        Self::ConnectUnixNotSocket,
        Self::ConnectBacklogFull,
        Self::ConnectLocalPortsExhausted,
        Self::ConnectFdExhausted,
        Self::SendClosedBeforeWrite,
        Self::SendResetReused,
        Self::SendUploadBroken,
        Self::SendWriteTimeout,
        Self::UpstreamClosedNoResponse,
        Self::UpstreamResetNoResponse,
        Self::ResponseHeaderTimeout,
        Self::ResponseDeadline,
        Self::UpstreamConnectionLost,
        Self::ResponseHeadTruncated,
        Self::ResponseNotHttp,
        Self::ResponseIsTls,
        Self::ResponseHeadMalformed,
        Self::ResponseBadStatus,
        Self::ResponseFramingConflict,
        Self::ResponseHeaderTooLarge,
        Self::ResponseTooManyInterim,
        Self::ResponseTransferCoding,
        Self::UpstreamAnsweredError,
        Self::BodyTruncated,
        Self::BodyReset,
        Self::BodyIdleTimeout,
        Self::BodyDeadline,
        Self::BodyBadChunk,
        Self::TrailerInvalid,
        Self::BodyExcess,
        Self::DownstreamWriteTimeout,
        Self::DownstreamAbortedMidstream,
        Self::UpgradeInvalid,
        Self::GatewayInternalError,
        Self::GatewayDraining,
    ];

    /// Its name everywhere, e.g. `connect-refused`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::AcceptFdExhausted => "accept-fd-exhausted",
            Self::AcceptClientLimit => "accept-client-limit",
            Self::RequestMalformed => "request-malformed",
            Self::RequestFramingConflict => "request-framing-conflict",
            Self::RequestHeaderTooLarge => "request-header-too-large",
            Self::RequestUriTooLong => "request-uri-too-long",
            Self::RequestBodyTooLarge => "request-body-too-large",
            Self::RequestHeaderTimeout => "request-header-timeout",
            Self::RequestBodyTimeout => "request-body-timeout",
            Self::RequestClientAborted => "request-client-aborted",
            Self::RequestBodyTruncated => "request-body-truncated",
            Self::RequestTransferCodingUnsupported => "request-transfer-coding-unsupported",
            Self::RequestNotSupported => "request-not-supported",
            Self::RequestMethodNotAllowed => "request-method-not-allowed",
            Self::RequestExpectationFailed => "request-expectation-failed",
            Self::RequestVersionUnsupported => "request-version-unsupported",
            Self::RouteNoMatch => "route-no-match",
            Self::ProxyLoop => "proxy-loop",
            Self::PolicyDenied => "policy-denied",
            Self::UpstreamMaintenance => "upstream-maintenance",
            Self::DnsTimeout => "dns-timeout",
            Self::DnsNxdomain => "dns-nxdomain",
            Self::DnsServfail => "dns-servfail",
            Self::DnsRefused => "dns-refused",
            Self::DnsNoAddress => "dns-no-address",
            Self::DnsResolverUnreachable => "dns-resolver-unreachable",
            Self::ConnectRefused => "connect-refused",
            Self::ConnectTimeout => "connect-timeout",
            Self::ConnectUnroutable => "connect-unroutable",
            Self::ConnectReset => "connect-reset",
            Self::ConnectUnixMissing => "connect-unix-missing",
            Self::ConnectUnixStale => "connect-unix-stale",
            Self::ConnectUnixPermission => "connect-unix-permission",
            Self::ConnectUnixNotSocket => "connect-unix-not-socket",
            Self::ConnectBacklogFull => "connect-backlog-full",
            Self::ConnectLocalPortsExhausted => "connect-local-ports-exhausted",
            Self::ConnectFdExhausted => "connect-fd-exhausted",
            Self::SendClosedBeforeWrite => "send-closed-before-write",
            Self::SendResetReused => "send-reset-reused",
            Self::SendUploadBroken => "send-upload-broken",
            Self::SendWriteTimeout => "send-write-timeout",
            Self::UpstreamClosedNoResponse => "upstream-closed-no-response",
            Self::UpstreamResetNoResponse => "upstream-reset-no-response",
            Self::ResponseHeaderTimeout => "response-header-timeout",
            Self::ResponseDeadline => "response-deadline",
            Self::UpstreamConnectionLost => "upstream-connection-lost",
            Self::ResponseHeadTruncated => "response-head-truncated",
            Self::ResponseNotHttp => "response-not-http",
            Self::ResponseIsTls => "response-is-tls",
            Self::ResponseHeadMalformed => "response-head-malformed",
            Self::ResponseBadStatus => "response-bad-status",
            Self::ResponseFramingConflict => "response-framing-conflict",
            Self::ResponseHeaderTooLarge => "response-header-too-large",
            Self::ResponseTooManyInterim => "response-too-many-interim",
            Self::ResponseTransferCoding => "response-transfer-coding",
            Self::UpstreamAnsweredError => "upstream-answered-error",
            Self::BodyTruncated => "body-truncated",
            Self::BodyReset => "body-reset",
            Self::BodyIdleTimeout => "body-idle-timeout",
            Self::BodyDeadline => "body-deadline",
            Self::BodyBadChunk => "body-bad-chunk",
            Self::TrailerInvalid => "trailer-invalid",
            Self::BodyExcess => "body-excess",
            Self::DownstreamWriteTimeout => "downstream-write-timeout",
            Self::DownstreamAbortedMidstream => "downstream-aborted-midstream",
            Self::UpgradeInvalid => "upgrade-invalid",
            Self::GatewayInternalError => "gateway-internal-error",
            Self::GatewayDraining => "gateway-draining",
        }
    }
}

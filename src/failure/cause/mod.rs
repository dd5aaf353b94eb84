//! The taxonomy: every cause the gateway can name, one row each in the file of its phase.
//! Statuses, tokens, log, page and reference all read these rows; nothing else maps causes to anything.

mod accept;
mod await_headers;
mod body;
mod connect;
mod facts;
mod headers;
mod internal;
mod limit;
mod policy;
mod request;
mod resolve;
mod retry;
mod route;
mod send;
mod site;
#[cfg(test)]
mod tests;
mod upgrade;

pub use facts::{Class, Facts, Fault, Phase};
use http::StatusCode;

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
    /// `upstream-set-empty`
    UpstreamSetEmpty,
    /// `upstream-none-healthy`
    UpstreamNoneHealthy,
    /// `upstream-starting`
    UpstreamStarting,
    /// `site-not-found`
    SiteNotFound,
    /// `site-unreadable`
    SiteUnreadable,
    /// `site-root-missing`
    SiteRootMissing,
    /// `policy-denied`
    PolicyDenied,
    /// `site-refused`
    SiteRefused,
    /// `upstream-maintenance`
    UpstreamMaintenance,
    /// `limit-rate`
    LimitRate,
    /// `limit-concurrency`
    LimitConcurrency,
    /// `upstream-conn-limit`
    UpstreamConnLimit,
    /// `upstream-queue-timeout`
    UpstreamQueueTimeout,
    /// `upstream-circuit-open`
    UpstreamCircuitOpen,
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
    /// `fcgi-overloaded`
    FcgiOverloaded,
    /// `fcgi-cant-mpx`
    FcgiCantMpx,
    /// `fcgi-unknown-role`
    FcgiUnknownRole,
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
    /// `fcgi-protocol-error`
    FcgiProtocolError,
    /// `fcgi-no-headers`
    FcgiNoHeaders,
    /// `fcgi-script-not-found`
    FcgiScriptNotFound,
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
    /// `site-file-broken`
    SiteFileBroken,
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
    /// `gateway-spool-failed`
    GatewaySpoolFailed,
    /// `gateway-overloaded`
    GatewayOverloaded,
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
        Self::UpstreamSetEmpty,
        Self::UpstreamNoneHealthy,
        Self::UpstreamStarting,
        Self::SiteNotFound,
        Self::SiteUnreadable,
        Self::SiteRootMissing,
        Self::PolicyDenied,
        Self::SiteRefused,
        Self::UpstreamMaintenance,
        Self::LimitRate,
        Self::LimitConcurrency,
        Self::UpstreamConnLimit,
        Self::UpstreamQueueTimeout,
        Self::UpstreamCircuitOpen,
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
        Self::FcgiOverloaded,
        Self::FcgiCantMpx,
        Self::FcgiUnknownRole,
        Self::ResponseHeadTruncated,
        Self::ResponseNotHttp,
        Self::ResponseIsTls,
        Self::ResponseHeadMalformed,
        Self::ResponseBadStatus,
        Self::ResponseFramingConflict,
        Self::ResponseHeaderTooLarge,
        Self::ResponseTooManyInterim,
        Self::ResponseTransferCoding,
        Self::FcgiProtocolError,
        Self::FcgiNoHeaders,
        Self::FcgiScriptNotFound,
        Self::UpstreamAnsweredError,
        Self::BodyTruncated,
        Self::BodyReset,
        Self::BodyIdleTimeout,
        Self::BodyDeadline,
        Self::BodyBadChunk,
        Self::TrailerInvalid,
        Self::BodyExcess,
        Self::SiteFileBroken,
        Self::DownstreamWriteTimeout,
        Self::DownstreamAbortedMidstream,
        Self::UpgradeInvalid,
        Self::GatewayInternalError,
        Self::GatewayDraining,
        Self::GatewaySpoolFailed,
        Self::GatewayOverloaded,
    ];

    /// What is true of it.
    #[must_use]
    pub fn facts(self) -> &'static Facts {
        match self {
            Self::AcceptFdExhausted => &accept::FD_EXHAUSTED,
            Self::AcceptClientLimit => &accept::CLIENT_LIMIT,
            Self::RequestMalformed => &request::MALFORMED,
            Self::RequestFramingConflict => &request::FRAMING_CONFLICT,
            Self::RequestHeaderTooLarge => &request::HEADER_TOO_LARGE,
            Self::RequestUriTooLong => &request::URI_TOO_LONG,
            Self::RequestBodyTooLarge => &request::BODY_TOO_LARGE,
            Self::RequestHeaderTimeout => &request::HEADER_TIMEOUT,
            Self::RequestBodyTimeout => &request::BODY_TIMEOUT,
            Self::RequestClientAborted => &request::CLIENT_ABORTED,
            Self::RequestBodyTruncated => &request::BODY_TRUNCATED,
            Self::RequestTransferCodingUnsupported => &request::TRANSFER_CODING_UNSUPPORTED,
            Self::RequestNotSupported => &request::NOT_SUPPORTED,
            Self::RequestMethodNotAllowed => &request::METHOD_NOT_ALLOWED,
            Self::RequestExpectationFailed => &request::EXPECTATION_FAILED,
            Self::RequestVersionUnsupported => &request::VERSION_UNSUPPORTED,
            Self::RouteNoMatch => &route::NO_MATCH,
            Self::ProxyLoop => &route::LOOP,
            Self::UpstreamSetEmpty => &route::SET_EMPTY,
            Self::UpstreamNoneHealthy => &route::NONE_HEALTHY,
            Self::UpstreamStarting => &route::STARTING,
            Self::SiteNotFound => &site::NOT_FOUND,
            Self::SiteUnreadable => &site::UNREADABLE,
            Self::SiteRootMissing => &site::ROOT_MISSING,
            Self::PolicyDenied => &policy::DENIED,
            Self::SiteRefused => &site::REFUSED,
            Self::UpstreamMaintenance => &policy::MAINTENANCE,
            Self::LimitRate => &limit::RATE,
            Self::LimitConcurrency => &limit::CONCURRENCY,
            Self::UpstreamConnLimit => &limit::CONN_LIMIT,
            Self::UpstreamQueueTimeout => &limit::QUEUE_TIMEOUT,
            Self::UpstreamCircuitOpen => &limit::CIRCUIT_OPEN,
            Self::DnsTimeout => &resolve::TIMEOUT,
            Self::DnsNxdomain => &resolve::NXDOMAIN,
            Self::DnsServfail => &resolve::SERVFAIL,
            Self::DnsRefused => &resolve::REFUSED,
            Self::DnsNoAddress => &resolve::NO_ADDRESS,
            Self::DnsResolverUnreachable => &resolve::RESOLVER_UNREACHABLE,
            Self::ConnectRefused => &connect::REFUSED,
            Self::ConnectTimeout => &connect::TIMEOUT,
            Self::ConnectUnroutable => &connect::UNROUTABLE,
            Self::ConnectReset => &connect::RESET,
            Self::ConnectUnixMissing => &connect::UNIX_MISSING,
            Self::ConnectUnixStale => &connect::UNIX_STALE,
            Self::ConnectUnixPermission => &connect::UNIX_PERMISSION,
            Self::ConnectUnixNotSocket => &connect::UNIX_NOT_SOCKET,
            Self::ConnectBacklogFull => &connect::BACKLOG_FULL,
            Self::ConnectLocalPortsExhausted => &connect::LOCAL_PORTS_EXHAUSTED,
            Self::ConnectFdExhausted => &connect::FD_EXHAUSTED,
            Self::SendClosedBeforeWrite => &send::CLOSED_BEFORE_WRITE,
            Self::SendResetReused => &send::RESET_REUSED,
            Self::SendUploadBroken => &send::UPLOAD_BROKEN,
            Self::SendWriteTimeout => &send::WRITE_TIMEOUT,
            Self::UpstreamClosedNoResponse => &await_headers::CLOSED,
            Self::UpstreamResetNoResponse => &await_headers::RESET,
            Self::ResponseHeaderTimeout => &await_headers::TIMEOUT,
            Self::ResponseDeadline => &await_headers::DEADLINE,
            Self::UpstreamConnectionLost => &await_headers::LOST,
            Self::FcgiOverloaded => &await_headers::FCGI_OVERLOADED,
            Self::FcgiCantMpx => &await_headers::FCGI_CANT_MPX,
            Self::FcgiUnknownRole => &await_headers::FCGI_UNKNOWN_ROLE,
            Self::ResponseHeadTruncated => &headers::TRUNCATED,
            Self::ResponseNotHttp => &headers::NOT_HTTP,
            Self::ResponseIsTls => &headers::IS_TLS,
            Self::ResponseHeadMalformed => &headers::MALFORMED,
            Self::ResponseBadStatus => &headers::BAD_STATUS,
            Self::ResponseFramingConflict => &headers::FRAMING_CONFLICT,
            Self::ResponseHeaderTooLarge => &headers::TOO_LARGE,
            Self::ResponseTooManyInterim => &headers::TOO_MANY_INTERIM,
            Self::ResponseTransferCoding => &headers::TRANSFER_CODING,
            Self::FcgiProtocolError => &headers::FCGI_PROTOCOL,
            Self::FcgiNoHeaders => &headers::FCGI_NO_HEADERS,
            Self::FcgiScriptNotFound => &headers::FCGI_SCRIPT_NOT_FOUND,
            Self::UpstreamAnsweredError => &headers::ANSWERED_ERROR,
            Self::BodyTruncated => &body::TRUNCATED,
            Self::BodyReset => &body::RESET,
            Self::BodyIdleTimeout => &body::IDLE_TIMEOUT,
            Self::BodyDeadline => &body::DEADLINE,
            Self::BodyBadChunk => &body::BAD_CHUNK,
            Self::TrailerInvalid => &body::TRAILER_INVALID,
            Self::BodyExcess => &body::EXCESS,
            Self::SiteFileBroken => &site::FILE_BROKEN,
            Self::DownstreamWriteTimeout => &body::DOWNSTREAM_WRITE_TIMEOUT,
            Self::DownstreamAbortedMidstream => &body::DOWNSTREAM_ABORTED,
            Self::UpgradeInvalid => &upgrade::INVALID,
            Self::GatewayInternalError => &internal::ERROR,
            Self::GatewayDraining => &internal::DRAINING,
            Self::GatewaySpoolFailed => &internal::SPOOL,
            Self::GatewayOverloaded => &internal::OVERLOADED,
        }
    }

    /// Its name everywhere, e.g. `connect-refused`.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.facts().id
    }

    /// The cause of that name.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cause| cause.id() == id)
    }

    /// Where it strikes.
    #[must_use]
    pub fn phase(self) -> Phase {
        self.facts().phase
    }

    /// Whose fault it is: the `blame` of the access log.
    #[must_use]
    pub fn fault(self) -> Fault {
        self.facts().fault
    }

    /// What the public is told instead of it.
    #[must_use]
    pub fn class(self) -> Class {
        self.facts().class
    }

    /// The status it is answered with before a head was sent; `None` where nothing is answered.
    #[must_use]
    pub fn status(self) -> Option<StatusCode> {
        self.facts().status
    }

    /// Its error type in Proxy-Status (RFC 9209 section 2.3).
    #[must_use]
    pub fn token(self) -> Option<&'static str> {
        self.facts().token
    }
}

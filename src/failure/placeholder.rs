//! Stand-in for what the cause table itself will say, so that the logs can be built and tested before it.
//! To be deleted, together with its `mod` line, when the cause table brings the same names.

use super::{Cause, Fault, Phase};

impl Phase {
    /// As log and metrics say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Request => "request",
            Self::Route => "route",
            Self::Policy => "policy",
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

impl Fault {
    /// As log and metrics say it.
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

/// What `Cause::facts` has of this.
pub struct Step {
    /// The operator's next step.
    pub next: &'static str,
}

impl Cause {
    /// What is true of it.
    #[must_use]
    pub fn facts(self) -> &'static Step {
        &Step { next: "look at the upstream's own log" }
    }

    /// Where it strikes.
    #[must_use]
    pub fn phase(self) -> Phase {
        match self {
            Self::AcceptFdExhausted | Self::AcceptClientLimit => Phase::Accept,
            Self::RequestMalformed
            | Self::RequestFramingConflict
            | Self::RequestHeaderTooLarge
            | Self::RequestUriTooLong
            | Self::RequestBodyTooLarge
            | Self::RequestHeaderTimeout
            | Self::RequestBodyTimeout
            | Self::RequestClientAborted
            | Self::RequestBodyTruncated
            | Self::RequestTransferCodingUnsupported
            | Self::RequestNotSupported
            | Self::RequestMethodNotAllowed
            | Self::RequestExpectationFailed
            | Self::RequestVersionUnsupported => Phase::Request,
            Self::RouteNoMatch | Self::ProxyLoop => Phase::Route,
            Self::PolicyDenied | Self::UpstreamMaintenance => Phase::Policy,
            Self::DnsTimeout
            | Self::DnsNxdomain
            | Self::DnsServfail
            | Self::DnsRefused
            | Self::DnsNoAddress
            | Self::DnsResolverUnreachable => Phase::Resolve,
            Self::ConnectRefused
            | Self::ConnectTimeout
            | Self::ConnectUnroutable
            | Self::ConnectReset
            | Self::ConnectUnixMissing
            | Self::ConnectUnixStale
            | Self::ConnectUnixPermission
            | Self::ConnectUnixNotSocket
            | Self::ConnectBacklogFull
            | Self::ConnectLocalPortsExhausted
            | Self::ConnectFdExhausted => Phase::Connect,
            Self::SendClosedBeforeWrite | Self::SendResetReused | Self::SendUploadBroken | Self::SendWriteTimeout => {
                Phase::Send
            }
            Self::UpstreamClosedNoResponse
            | Self::UpstreamResetNoResponse
            | Self::ResponseHeaderTimeout
            | Self::ResponseDeadline
            | Self::UpstreamConnectionLost => Phase::AwaitHeaders,
            Self::ResponseHeadTruncated
            | Self::ResponseNotHttp
            | Self::ResponseIsTls
            | Self::ResponseHeadMalformed
            | Self::ResponseBadStatus
            | Self::ResponseFramingConflict
            | Self::ResponseHeaderTooLarge
            | Self::ResponseTooManyInterim
            | Self::ResponseTransferCoding
            | Self::UpstreamAnsweredError => Phase::Headers,
            Self::BodyTruncated
            | Self::BodyReset
            | Self::BodyIdleTimeout
            | Self::BodyDeadline
            | Self::BodyBadChunk
            | Self::TrailerInvalid
            | Self::BodyExcess
            | Self::DownstreamWriteTimeout
            | Self::DownstreamAbortedMidstream => Phase::Body,
            Self::UpgradeInvalid => Phase::Upgrade,
            Self::GatewayInternalError | Self::GatewayDraining => Phase::Internal,
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn fault(self) -> Fault {
        match self {
            Self::AcceptFdExhausted
            | Self::AcceptClientLimit
            | Self::ProxyLoop
            | Self::UpstreamMaintenance
            | Self::DnsNxdomain
            | Self::DnsRefused
            | Self::DnsNoAddress
            | Self::DnsResolverUnreachable
            | Self::ConnectUnixPermission
            | Self::ConnectUnixNotSocket
            | Self::ConnectLocalPortsExhausted
            | Self::ConnectFdExhausted
            | Self::ResponseNotHttp
            | Self::ResponseIsTls
            | Self::GatewayInternalError
            | Self::GatewayDraining => Fault::Gateway,
            Self::RequestMalformed
            | Self::RequestFramingConflict
            | Self::RequestHeaderTooLarge
            | Self::RequestUriTooLong
            | Self::RequestBodyTooLarge
            | Self::RequestHeaderTimeout
            | Self::RequestBodyTimeout
            | Self::RequestClientAborted
            | Self::RequestBodyTruncated
            | Self::RequestTransferCodingUnsupported
            | Self::RequestNotSupported
            | Self::RequestMethodNotAllowed
            | Self::RequestExpectationFailed
            | Self::RequestVersionUnsupported
            | Self::RouteNoMatch
            | Self::PolicyDenied
            | Self::DownstreamWriteTimeout
            | Self::DownstreamAbortedMidstream => Fault::Client,
            Self::DnsTimeout
            | Self::DnsServfail
            | Self::ConnectTimeout
            | Self::ConnectUnroutable
            | Self::ConnectReset
            | Self::SendClosedBeforeWrite
            | Self::UpstreamConnectionLost => Fault::Network,
            Self::ConnectRefused
            | Self::ConnectUnixMissing
            | Self::ConnectUnixStale
            | Self::ConnectBacklogFull
            | Self::SendResetReused
            | Self::SendUploadBroken
            | Self::SendWriteTimeout
            | Self::UpstreamClosedNoResponse
            | Self::UpstreamResetNoResponse
            | Self::ResponseHeaderTimeout
            | Self::ResponseDeadline
            | Self::ResponseHeadTruncated
            | Self::ResponseHeadMalformed
            | Self::ResponseBadStatus
            | Self::ResponseFramingConflict
            | Self::ResponseHeaderTooLarge
            | Self::ResponseTooManyInterim
            | Self::ResponseTransferCoding
            | Self::UpstreamAnsweredError
            | Self::BodyTruncated
            | Self::BodyReset
            | Self::BodyIdleTimeout
            | Self::BodyDeadline
            | Self::BodyBadChunk
            | Self::TrailerInvalid
            | Self::BodyExcess
            | Self::UpgradeInvalid => Fault::Upstream,
        }
    }
}

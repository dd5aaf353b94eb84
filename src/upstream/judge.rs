//! Whether a failed attempt is followed by another, and where; pure.
//! `attempt` asks after every failure and carries the verdict out.

use http::Method;

use crate::{
    config::settings::{Retry, RetryOn},
    failure::{Cause, Delivered, Fault, Phase},
};

/// What is known when an attempt has failed.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Why it failed.
    pub cause: Cause,
    /// Whether this attempt can have been seen by its upstream.
    pub delivered: Delivered,
    /// Whether the request may be carried out twice (RFC 9110 section 9.2.2).
    pub idempotent: bool,
    /// Whether its body can be sent again.
    pub replayable: bool,
    /// Attempts so far, this one included.
    pub attempts: u32,
    /// Attempts so far that followed one which may have been seen.
    pub repeats: u32,
    /// Whether a server is left that was not tried.
    pub others: bool,
    /// Whether one of those answers at present, as far as is known.
    pub awake: bool,
    /// `retry`
    pub retry: Retry,
    /// The route's `retry_timeouts`.
    pub retry_timeouts: bool,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The client gets the failure.
    GiveUp,
    /// Another server, if the budget allows where `charged`.
    Other {
        /// Whether it may add load.
        charged: bool,
    },
    /// The same server on a fresh connection, if the budget allows where `charged`.
    Fresh {
        /// Whether it may add load.
        charged: bool,
    },
}

/// Decides. Not delivered: any method. Else idempotent ones, at servers that were not tried, or once more at the only one:
/// where two of three servers break their answers off, the third one is still to be asked.
#[must_use]
pub fn judge(case: &Case) -> Verdict {
    if !case.replayable {
        return Verdict::GiveUp;
    }
    // The request never left: this is the first attempt still, not a second one.
    if case.cause == Cause::SendClosedBeforeWrite {
        return Verdict::Fresh { charged: false };
    }
    // The application takes the connection for one that serves already: one more try on a fresh one.
    if case.cause == Cause::FcgiCantMpx
        && case.attempts == 1
        && case.retry.attempts > 1
        && case.retry.on != RetryOn::Off
    {
        return Verdict::Fresh { charged: false };
    }
    if case.retry.on == RetryOn::Off || case.attempts >= case.retry.attempts || !concerns_the_server(case.cause) {
        return Verdict::GiveUp;
    }
    if case.delivered == Delivered::No {
        return match case.others {
            true => Verdict::Other { charged: false },
            // It was there and took the connection: it is asked again, as behind an end that came first.
            false if matches!(case.cause, Cause::SendResetReused | Cause::UpstreamResetNoResponse) => {
                Verdict::Fresh { charged: false }
            }
            false => Verdict::GiveUp,
        };
    }
    let broke = breaks_the_exchange(case.cause) || case.retry_timeouts && is_timeout(case.cause);
    if !broke || !case.idempotent {
        return Verdict::GiveUp;
    }
    match (case.awake, case.repeats) {
        (true, _) => Verdict::Other { charged: true },
        (false, 0) => Verdict::Fresh { charged: true },
        (false, _) => Verdict::GiveUp,
    }
}

/// Whether a failed attempt counts as one. A server that is not there is passed over, as long as finding that out takes no
/// time: the next one may be the only one left.
#[must_use]
pub fn counts(cause: Cause, delivered: Delivered) -> bool {
    let slow = matches!(cause, Cause::ConnectTimeout | Cause::ConnectBacklogFull | Cause::DnsTimeout);
    let absent = delivered == Delivered::No && matches!(cause.phase(), Phase::Resolve | Phase::Connect);
    cause != Cause::SendClosedBeforeWrite && (slow || !absent)
}

/// Whether a request with `method` may be carried out twice. A route can promise it for an Idempotency-Key.
#[must_use]
pub fn is_idempotent(method: &Method, promised: bool) -> bool {
    promised
        || matches!(
            *method,
            Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
        )
}

/// Whether an attempt that ended so says something against its server: not what the client did, and not that an idle
/// connection had ended.
#[must_use]
pub fn is_the_servers(cause: Cause) -> bool {
    concerns_the_server(cause)
        && matches!(cause.fault(), Fault::Upstream | Fault::Network)
        && cause != Cause::SendClosedBeforeWrite
}

/// Whether another attempt could end otherwise: not where the client failed or the time is used up.
fn concerns_the_server(cause: Cause) -> bool {
    cause == Cause::UpstreamSetEmpty
        || matches!(
            cause.phase(),
            Phase::Resolve | Phase::Connect | Phase::Send | Phase::AwaitHeaders | Phase::Headers | Phase::Body
        ) && !matches!(cause, Cause::ResponseDeadline | Cause::BodyDeadline | Cause::FcgiUnknownRole)
}

/// Whether the exchange broke without a complete answer.
fn breaks_the_exchange(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::SendResetReused
            | Cause::SendUploadBroken
            | Cause::UpstreamClosedNoResponse
            | Cause::UpstreamResetNoResponse
            | Cause::UpstreamConnectionLost
            | Cause::ResponseHeadTruncated
            | Cause::FcgiNoHeaders
            | Cause::BodyTruncated
            | Cause::BodyReset
    )
}

/// Whether a timer of ours ended the exchange: the application may be at it still, and do the same twice at once.
#[must_use]
pub fn is_timeout(cause: Cause) -> bool {
    matches!(cause, Cause::ResponseHeaderTimeout | Cause::SendWriteTimeout | Cause::BodyIdleTimeout)
}

#[cfg(test)]
mod tests;

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
        return if case.others { Verdict::Other { charged: false } } else { Verdict::GiveUp };
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
mod tests {
    use super::*;

    fn case(cause: Cause, delivered: Delivered) -> Case {
        Case {
            cause,
            delivered,
            idempotent: true,
            replayable: true,
            attempts: 1,
            repeats: 0,
            others: true,
            awake: true,
            retry: Retry { attempts: 3, budget_percent: 20, on: RetryOn::Proof, body: 1 },
            retry_timeouts: false,
        }
    }

    #[test]
    fn what_was_not_delivered_goes_to_another_server_whatever_its_method() {
        let post = Case { idempotent: false, ..case(Cause::ConnectRefused, Delivered::No) };
        assert_eq!(judge(&post), Verdict::Other { charged: false });
        assert_eq!(judge(&Case { others: false, ..post }), Verdict::GiveUp);
        assert_eq!(judge(&Case { attempts: 3, ..post }), Verdict::GiveUp);
        let off = Retry { on: RetryOn::Off, ..post.retry };
        assert_eq!(judge(&Case { retry: off, ..post }), Verdict::GiveUp);
    }

    #[test]
    fn a_dead_kept_connection_is_replaced_at_once_and_does_not_count() {
        let post = Case { idempotent: false, attempts: 9, ..case(Cause::SendClosedBeforeWrite, Delivered::No) };
        assert_eq!(judge(&post), Verdict::Fresh { charged: false });
        assert_eq!(judge(&Case { replayable: false, ..post }), Verdict::GiveUp);
    }

    #[test]
    fn a_broken_exchange_is_repeated_at_each_other_server_or_once_at_the_only_one_if_idempotent() {
        for cause in
            [Cause::SendResetReused, Cause::UpstreamClosedNoResponse, Cause::FcgiNoHeaders, Cause::BodyTruncated]
        {
            let get = case(cause, Delivered::Maybe);
            assert_eq!(judge(&get), Verdict::Other { charged: true });
            assert_eq!(judge(&Case { others: false, awake: false, ..get }), Verdict::Fresh { charged: true });
            let silent = Case { awake: false, ..get };
            assert_eq!(judge(&silent), Verdict::Fresh { charged: true }, "the other one answers nothing");
            assert_eq!(judge(&Case { repeats: 1, ..get }), Verdict::Other { charged: true });
            assert_eq!(judge(&Case { repeats: 1, others: false, awake: false, ..get }), Verdict::GiveUp);
            assert_eq!(judge(&Case { attempts: 3, ..get }), Verdict::GiveUp);
            assert_eq!(judge(&Case { idempotent: false, ..get }), Verdict::GiveUp);
        }
    }

    #[test]
    fn an_application_that_does_not_multiplex_is_asked_once_more_on_a_connection_of_its_own() {
        let post = Case { idempotent: false, others: false, ..case(Cause::FcgiCantMpx, Delivered::No) };
        assert_eq!(judge(&post), Verdict::Fresh { charged: false });
        assert_eq!(judge(&Case { attempts: 2, ..post }), Verdict::GiveUp);
        let off = Retry { on: RetryOn::Off, ..post.retry };
        assert_eq!(judge(&Case { retry: off, ..post }), Verdict::GiveUp);
    }

    #[test]
    fn servers_that_are_not_there_do_not_count_unless_it_took_time_to_find_out() {
        let no = [Cause::ConnectRefused, Cause::ConnectUnixStale, Cause::DnsNxdomain, Cause::SendClosedBeforeWrite];
        assert!(no.iter().all(|cause| !counts(*cause, Delivered::No)));
        let slow = [Cause::ConnectTimeout, Cause::ConnectBacklogFull, Cause::DnsTimeout, Cause::FcgiOverloaded];
        assert!(slow.iter().all(|cause| counts(*cause, Delivered::No)));
        assert!(counts(Cause::UpstreamResetNoResponse, Delivered::Maybe));
    }

    #[test]
    fn a_timeout_is_repeated_only_where_the_route_says_so() {
        let slow = case(Cause::ResponseHeaderTimeout, Delivered::Maybe);
        assert_eq!(judge(&slow), Verdict::GiveUp);
        assert_eq!(judge(&Case { retry_timeouts: true, ..slow }), Verdict::Other { charged: true });
    }

    #[test]
    fn complete_answers_client_faults_and_spent_deadlines_are_final() {
        for cause in [
            Cause::ResponseNotHttp,
            Cause::ResponseHeadMalformed,
            Cause::FcgiProtocolError,
            Cause::FcgiUnknownRole,
            Cause::GatewaySpoolFailed,
            Cause::RequestBodyTimeout,
            Cause::RequestBodyTruncated,
            Cause::ResponseDeadline,
        ] {
            assert_eq!(judge(&case(cause, Delivered::Maybe)), Verdict::GiveUp, "{cause:?}");
        }
    }

    #[test]
    fn a_server_is_blamed_for_its_own_doing_only() {
        let own = [Cause::ConnectRefused, Cause::UpstreamClosedNoResponse, Cause::BodyTruncated];
        let not = [Cause::RequestClientAborted, Cause::SendClosedBeforeWrite, Cause::ResponseDeadline];
        assert!(own.into_iter().all(is_the_servers) && !not.into_iter().any(is_the_servers));
    }

    #[test]
    fn only_the_methods_of_the_standard_are_idempotent() {
        for (method, expected) in
            [("GET", true), ("PUT", true), ("DELETE", true), ("POST", false), ("PATCH", false), ("FROB", false)]
        {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(is_idempotent(&method, false), expected, "{method}");
            assert!(is_idempotent(&method, true));
        }
    }
}

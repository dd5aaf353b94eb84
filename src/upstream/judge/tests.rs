//! The rules of second attempts, case by case.

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
fn a_request_that_was_reset_unread_goes_to_another_server_or_to_the_only_one_again() {
    for cause in [Cause::SendResetReused, Cause::UpstreamResetNoResponse] {
        let post = Case { idempotent: false, ..case(cause, Delivered::No) };
        assert_eq!(judge(&post), Verdict::Other { charged: false });
        assert_eq!(judge(&Case { others: false, ..post }), Verdict::Fresh { charged: false });
        assert_eq!(judge(&Case { others: false, attempts: 3, ..post }), Verdict::GiveUp);
        assert_eq!(judge(&Case { delivered: Delivered::Maybe, ..post }), Verdict::GiveUp);
        assert_eq!(judge(&Case { replayable: false, ..post }), Verdict::GiveUp);
    }
}

#[test]
fn a_broken_exchange_is_repeated_at_each_other_server_or_once_at_the_only_one_if_idempotent() {
    for cause in [Cause::SendResetReused, Cause::UpstreamClosedNoResponse, Cause::FcgiNoHeaders, Cause::BodyTruncated] {
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

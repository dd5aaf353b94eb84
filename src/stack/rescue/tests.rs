//! What may be given in place of which failure, and its label.

use super::*;

#[test]
fn only_an_outage_is_bridged_and_only_where_nothing_is_done_twice() {
    use Delivered::{Maybe, No, Yes};
    let rows = [
        (Cause::ConnectRefused, No, false, true),
        (Cause::DnsNxdomain, No, false, true),
        (Cause::UpstreamQueueTimeout, No, false, true),
        (Cause::UpstreamClosedNoResponse, Maybe, false, false),
        (Cause::UpstreamClosedNoResponse, Maybe, true, true),
        (Cause::ResponseHeaderTimeout, Maybe, true, true),
        (Cause::BodyTruncated, Yes, false, false),
        (Cause::BodyTruncated, Yes, true, true),
        (Cause::RequestBodyTimeout, No, true, false),
        (Cause::RequestClientAborted, No, true, false),
        (Cause::GatewayInternalError, No, true, false),
        (Cause::UpstreamMaintenance, No, true, false),
    ];
    for (cause, delivered, repeatable, expected) in rows {
        assert_eq!(may_go_on(cause, delivered, repeatable), expected, "{cause:?} {delivered:?} {repeatable}");
    }
}

#[test]
fn the_label_says_how_fresh_the_answer_is() {
    let rows = [
        ("goodgate", 12, "goodgate;hit;ttl=12;detail=stale-if-error"),
        ("front gate", -3, "\"front gate\";hit;ttl=-3;detail=stale-if-error"),
    ];
    for (name, ttl, expected) in rows {
        assert_eq!(cache_status(name, ttl), expected);
    }
}

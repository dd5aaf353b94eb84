//! The access log for people: what, where to, how long, and for failures why and whether the request was delivered.
//! Most important first, so that a terminal may cut the line; nothing is quoted, for blanks in values are escaped.

use super::{
    super::escape::word,
    facts::{Facts, millis, number},
};
use crate::{
    failure::{Cause, Fault, Phase},
    message::forwarded::write_address,
};

/// Appends a line without its end.
pub(super) fn line(facts: &Facts<'_>, into: &mut Vec<u8>) {
    let record = facts.record;
    facts.stamp.rfc3339(into);
    into.push(b' ');
    status(record.status.get(), into);
    into.push(b' ');
    // A token, as the parser of requests takes no other.
    into.extend_from_slice(record.head.method.as_str().as_bytes());
    into.push(b' ');
    if !record.host().is_empty() {
        word(record.host().as_bytes(), into);
    }
    word(facts.path().as_bytes(), into);
    if let Some(query) = record.query().filter(|query| !query.is_empty()) {
        into.push(b'?');
        word(query.as_bytes(), into);
    }
    into.push(b' ');
    millis(facts.total(), into);
    into.extend_from_slice(b"ms");
    if let Some(upstream) = record.answering_upstream() {
        into.push(b' ');
        word(upstream.as_bytes(), into);
    }
    if let Some(member) = facts.member() {
        into.push(b' ');
        word(member.as_bytes(), into);
    }
    if let Some(cause) = facts.cause {
        why(cause, facts, into);
    }
    let queued = record.times.queue.get();
    if !queued.is_zero() {
        key("queue", into);
        millis(queued, into);
        into.extend_from_slice(b"ms");
    }
    let upstream_status = record.upstream_status.get();
    if !matches!(upstream_status, 0) && upstream_status != record.status.get() {
        key("upstream_status", into);
        number(upstream_status, into);
    }
    if let Some(after) = record.retry_after.get() {
        key("retry_after", into);
        number(after.as_secs(), into);
    }
    key("client", into);
    match record.client {
        Some(client) => write_address(client, into),
        None => into.push(b'-'),
    }
    key("in", into);
    number(record.bytes_in.get(), into);
    key("out", into);
    number(record.bytes_out.get(), into);
    key("request", into);
    into.extend_from_slice(record.id.as_bytes());
}

fn why(cause: Cause, facts: &Facts<'_>, into: &mut Vec<u8>) {
    for (name, value) in [
        ("cause", cause.id()),
        ("delivered", facts.delivered.as_str()),
        ("phase", Phase::as_str(cause.phase())),
        ("blame", Fault::as_str(cause.fault())),
    ] {
        key(name, into);
        into.extend_from_slice(value.as_bytes());
    }
    if facts.attempts.len() > 1 {
        key("attempts", into);
        for (at, attempt) in facts.attempts.iter().enumerate() {
            if at > 0 {
                into.push(b',');
            }
            word(attempt.member.as_bytes(), into);
            into.push(b'/');
            into.extend_from_slice(attempt.cause.map_or("ok", Cause::id).as_bytes());
        }
    }
}

fn key(name: &str, into: &mut Vec<u8>) {
    into.push(b' ');
    into.extend_from_slice(name.as_bytes());
    into.push(b'=');
}

/// A dash where nothing was sent.
pub(super) fn status(status: u16, into: &mut Vec<u8>) {
    match status {
        0 => into.push(b'-'),
        status => number(status, into),
    }
}

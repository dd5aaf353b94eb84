//! The NCSA combined line that every log tool reads, with what the gateway knows behind it.
//! The fields before `cause=` are exactly Apache's and nginx's.

use super::{
    super::escape::{quotable, word},
    facts::{Facts, number},
    text::status,
};
use crate::{failure::Cause, message::forwarded::write_address};

/// Appends a line without its end.
pub(super) fn line(facts: &Facts<'_>, into: &mut Vec<u8>) {
    let record = facts.record;
    match record.client {
        Some(client) => write_address(client, into),
        None => into.push(b'-'),
    }
    into.extend_from_slice(b" - - [");
    into.extend_from_slice(facts.stamp.ncsa());
    into.extend_from_slice(b"] \"");
    // A token, as the parser of requests takes no other.
    into.extend_from_slice(record.head.method.as_str().as_bytes());
    into.push(b' ');
    word(facts.path().as_bytes(), into);
    if let Some(query) = record.query().filter(|query| !query.is_empty()) {
        into.push(b'?');
        word(query.as_bytes(), into);
    }
    into.push(b' ');
    into.extend_from_slice(facts.protocol().as_bytes());
    into.extend_from_slice(b"\" ");
    status(record.status.get(), into);
    into.push(b' ');
    number(record.bytes_out.get(), into);
    for value in [facts.referer(), facts.user_agent()] {
        into.extend_from_slice(b" \"");
        quotable(value.unwrap_or(b"-"), into);
        into.push(b'"');
    }
    into.extend_from_slice(b" cause=");
    into.extend_from_slice(facts.cause.map_or("-", Cause::id).as_bytes());
    into.extend_from_slice(b" delivered=");
    into.extend_from_slice(facts.delivered.as_str().as_bytes());
    into.extend_from_slice(b" upstream=");
    word(record.answering_upstream().map(|upstream| upstream.as_bytes()).unwrap_or_default(), into);
    into.extend_from_slice(b" request_id=");
    into.extend_from_slice(record.id.as_bytes());
}

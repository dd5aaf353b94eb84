//! The access log for machines: one JSON object a line, always with all keys, always in one order.
//! Written by hand from the request's facts, because a line must not allocate.

use std::time::Duration;

use super::{
    super::escape,
    facts::{Facts, millis, number},
};
use crate::{
    failure::{Cause, Delivered, Fault, Phase},
    message::{Attempt, forwarded::write_address},
};

/// Appends a line without its end.
pub(super) fn line(facts: &Facts<'_>, into: &mut Vec<u8>) {
    let record = facts.record;
    let mut out = Object { into };
    out.into.push(b'{');
    out.key("time");
    out.into.push(b'"');
    facts.stamp.rfc3339(out.into);
    out.into.push(b'"');
    out.text("request_id", Some(record.id.as_bytes()));
    out.key("client");
    match record.client {
        None => out.null(),
        Some(client) => {
            out.into.push(b'"');
            write_address(client, out.into);
            out.into.push(b'"');
        }
    }
    out.text("method", Some(record.head.method.as_str().as_bytes()));
    out.word("scheme", Some(record.scheme));
    out.text("host", Some(record.host().as_bytes()).filter(|host| !host.is_empty()));
    out.text("path", Some(facts.path().as_bytes()));
    if let Some(query) = record.query() {
        // The string just closed is opened again, and the query's own opening quote becomes its question mark.
        out.into.pop();
        let mark = out.into.len();
        escape::json(query.as_bytes(), out.into);
        out.into[mark] = b'?';
    }
    out.word("protocol", Some(facts.protocol()));
    out.status("status", record.status.get());
    out.number("bytes_in", Some(record.bytes_in.get()));
    out.number("bytes_out", Some(record.bytes_out.get()));
    out.text("route", record.route.get().map(|route| route.name.as_bytes()));
    out.text("upstream", record.answering_upstream().map(|upstream| upstream.as_bytes()));
    out.text("member", facts.member().map(str::as_bytes));
    out.status("upstream_status", record.upstream_status.get());
    out.word("cause", facts.cause.map(Cause::id));
    out.word("phase", facts.cause.map(Cause::phase).map(Phase::as_str));
    out.word("blame", facts.cause.map(Cause::fault).map(Fault::as_str));
    out.word("delivered", Some(Delivered::as_str(facts.delivered)));
    out.key("attempts");
    out.into.push(b'[');
    for attempt in facts.attempts.iter() {
        out.separate();
        out.attempt(attempt);
    }
    out.into.push(b']');
    out.key("ms");
    out.into.push(b'{');
    let times = &record.times;
    // No upstream speaks TLS, so that is zero; readers may rely on every key.
    for (phase, spent) in [
        ("total", facts.total()),
        ("queue", times.queue.get()),
        ("resolve", times.resolve.get()),
        ("connect", times.connect.get()),
        ("tls", Duration::ZERO),
        ("send", times.send.get()),
        ("head", times.head.get()),
        ("body", times.body.get()),
    ] {
        out.key(phase);
        millis(spent, out.into);
    }
    out.into.push(b'}');
    out.number("retry_after", record.retry_after.get().map(|after| after.as_secs()));
    out.text("user_agent", facts.user_agent());
    out.text("referer", facts.referer());
    out.into.push(b'}');
}

struct Object<'a> {
    into: &'a mut Vec<u8>,
}

impl Object<'_> {
    fn attempt(&mut self, attempt: &Attempt) {
        self.into.push(b'{');
        self.text("member", Some(attempt.member.as_bytes()));
        self.word("cause", attempt.cause.map(Cause::id));
        self.word("phase", Some(attempt.phase.as_str()));
        self.number("bytes_written", Some(attempt.bytes_written));
        self.number("bytes_read", Some(attempt.bytes_read));
        self.key("reused");
        self.into.extend_from_slice(if attempt.reused { b"true" } else { b"false" });
        self.key("ms");
        millis(attempt.took, self.into);
        self.into.push(b'}');
    }

    /// A comma, unless the object or list has just been opened.
    fn separate(&mut self) {
        if !matches!(self.into.last(), Some(b'{' | b'[')) {
            self.into.push(b',');
        }
    }

    fn key(&mut self, key: &str) {
        self.separate();
        self.into.push(b'"');
        self.into.extend_from_slice(key.as_bytes());
        self.into.extend_from_slice(b"\":");
    }

    fn null(&mut self) {
        self.into.extend_from_slice(b"null");
    }

    /// Text that somebody else chose.
    fn text(&mut self, key: &str, value: Option<&[u8]>) {
        self.key(key);
        match value {
            Some(value) => escape::json(value, self.into),
            None => self.null(),
        }
    }

    /// A word of our own, which needs no escape.
    fn word(&mut self, key: &str, value: Option<&'static str>) {
        self.key(key);
        match value {
            Some(value) => {
                self.into.push(b'"');
                self.into.extend_from_slice(value.as_bytes());
                self.into.push(b'"');
            }
            None => self.null(),
        }
    }

    fn number(&mut self, key: &str, value: Option<u64>) {
        self.key(key);
        match value {
            Some(value) => number(value, self.into),
            None => self.null(),
        }
    }

    fn status(&mut self, key: &str, status: u16) {
        self.number(key, (status != 0).then_some(u64::from(status)));
    }
}

//! What the lines of all formats say about one request, and how times and numbers are written without allocation.
//! The formats put it in order; nothing is decided twice.

use std::{
    cell::Ref,
    io::Write,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http::{
    HeaderName, HeaderValue, Version,
    header::{REFERER, USER_AGENT},
};

use crate::{
    failure::{Cause, Delivered, Failure},
    message::{Attempt, Record},
};

/// The facts of one request.
pub(super) struct Facts<'a> {
    pub(super) record: &'a Record,
    pub(super) stamp: &'a Stamp,
    now: &'a dyn Fn() -> Instant,
    pub(super) cause: Option<Cause>,
    /// `Yes` when the upstream's answer came, else the worst verdict of all attempts.
    pub(super) delivered: Delivered,
    pub(super) attempts: Ref<'a, [Attempt]>,
    failure: Ref<'a, Option<Box<Failure>>>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(record: &'a Record, now: &'a dyn Fn() -> Instant, stamp: &'a Stamp) -> Self {
        let attempts = Ref::map(record.attempts.borrow(), |attempts| attempts.as_slice());
        let failure = record.failure.borrow();
        let answered = if record.upstream_status.get() == 0 { Delivered::No } else { Delivered::Yes };
        let failed = failure.as_ref().map_or(Delivered::No, |failure| failure.delivered);
        Self {
            record,
            stamp,
            now,
            cause: record.cause(),
            delivered: record.delivered.get().max(answered).max(failed),
            attempts,
            failure,
        }
    }

    /// The last server that was tried.
    pub(super) fn member(&self) -> Option<&str> {
        let failed = || self.failure.as_ref()?.member.as_deref();
        self.attempts.last().map(|attempt| &*attempt.member).or_else(failed)
    }

    /// From the request's head to the end of its answer.
    pub(super) fn total(&self) -> Duration {
        (self.now)().saturating_duration_since(self.record.started)
    }

    /// The path that was matched and forwarded, before that is known the one that came; the whole target of CONNECT.
    pub(super) fn path(&self) -> &'a str {
        let record = self.record;
        match (record.path(), record.head.uri.authority()) {
            ("", Some(authority)) => authority.as_str(),
            (path, _) => path,
        }
    }

    pub(super) fn protocol(&self) -> &'static str {
        match self.record.head.version {
            Version::HTTP_09 => "HTTP/0.9",
            Version::HTTP_10 => "HTTP/1.0",
            Version::HTTP_2 => "HTTP/2.0",
            Version::HTTP_3 => "HTTP/3.0",
            _ => "HTTP/1.1",
        }
    }

    pub(super) fn user_agent(&self) -> Option<&'a [u8]> {
        self.field(self.record.present.user_agent, &USER_AGENT)
    }

    pub(super) fn referer(&self) -> Option<&'a [u8]> {
        self.field(self.record.present.referer, &REFERER)
    }

    fn field(&self, present: bool, name: &HeaderName) -> Option<&'a [u8]> {
        present.then(|| self.record.head.headers.get(name).map(HeaderValue::as_bytes)).flatten()
    }
}

pub(super) fn number(number: impl itoa::Integer, into: &mut Vec<u8>) {
    into.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Milliseconds with three decimals.
pub(super) fn millis(duration: Duration, into: &mut Vec<u8>) {
    number(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX), into);
    into.push(b'.');
    padded(duration.subsec_micros() % 1000, 3, into);
}

fn padded(value: u32, width: usize, into: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value);
    into.extend(std::iter::repeat_n(b'0', width.saturating_sub(digits.len())));
    into.extend_from_slice(digits.as_bytes());
}

/// A point in time on the wall clock, in UTC. The text of its second is kept, for most lines share it.
#[derive(Default)]
pub(super) struct Stamp {
    second: Option<u64>,
    micros: u32,
    /// `2026-11-24T15:08:00`
    text: Vec<u8>,
    /// `24/Nov/2026:15:08:00 +0000`
    ncsa: Vec<u8>,
}

impl Stamp {
    pub(super) fn set(&mut self, time: SystemTime) {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.micros = since.subsec_micros();
        if self.second != Some(since.as_secs()) {
            self.second = Some(since.as_secs());
            self.text.clear();
            write!(self.text, "{}", humantime::format_rfc3339_seconds(UNIX_EPOCH + since))
                .expect("a Vec takes whatever is written");
            self.text.pop();
            ncsa(&self.text, &mut self.ncsa);
        }
    }

    /// RFC 3339 with microseconds.
    pub(super) fn rfc3339(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.text);
        into.push(b'.');
        padded(self.micros, 6, into);
        into.push(b'Z');
    }

    /// `24/Nov/2026:15:08:00 +0000`
    pub(super) fn ncsa(&self) -> &[u8] {
        &self.ncsa
    }
}

/// Writes `YYYY-MM-DDThh:mm:ss` as NCSA's logs have it.
fn ncsa(text: &[u8], into: &mut Vec<u8>) {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    into.clear();
    let &[y1, y2, y3, y4, _, m1, m2, _, d1, d2, _, ref time @ ..] = text else { return };
    let month = usize::from(m1 - b'0') * 10 + usize::from(m2 - b'0');
    into.extend_from_slice(&[d1, d2, b'/']);
    into.extend_from_slice(MONTHS.chunks(3).nth(month - 1).unwrap_or_default());
    into.extend_from_slice(&[b'/', y1, y2, y3, y4, b':']);
    into.extend_from_slice(time);
    into.extend_from_slice(b" +0000");
}

//! A request on its way through the stack, and its body with what the client may do.
//! The head lives in the record; layers read it there and nobody copies it.

use std::{
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, header::CONNECTION};
use http_body::{Body as _, Frame};
use hyper::body::Incoming;

use super::{Record, hop};
use crate::failure::{Cause, Delivered, Failure, Parameter, Result, classify};

/// A request: its record and its body.
pub struct Request {
    /// Everything known about it.
    pub record: Rc<Record>,
    /// What the client sends after the head.
    pub body: RequestBody,
}

/// How a request's body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// There is none.
    None,
    /// So many bytes.
    Exact(u64),
    /// Not known beforehand.
    Unknown,
}

/// A request's body; its errors are failures of the client.
pub struct RequestBody {
    /// `None` when there is nothing to read.
    incoming: Option<Incoming>,
    record: Rc<Record>,
    length: Length,
    /// Most bytes that may come.
    limit: u64,
    /// Least bytes per second, averaged over the connection's body timeout; 0 is no limit.
    rate: u64,
    pace: Pace,
}

/// How fast the client sends: only the time counts that the gateway waited for it.
#[derive(Default)]
struct Pace {
    waiting_since: Option<Instant>,
    waited: Duration,
    bytes: u64,
}

impl Length {
    /// Of a body as the HTTP server hands it over.
    #[must_use]
    pub fn of(incoming: &Incoming) -> Self {
        if incoming.is_end_stream() {
            Self::None
        } else {
            incoming.size_hint().exact().map_or(Self::Unknown, Self::Exact)
        }
    }
}

impl RequestBody {
    /// The body behind `record`'s head. It may be of any size until [`RequestBody::limit`] says otherwise.
    #[must_use]
    pub fn new(incoming: Incoming, record: &Rc<Record>) -> Self {
        let length = match Length::of(&incoming) {
            // An empty body is told from none: the upstream shall see the same.
            Length::None if record.present.content_length => Length::Exact(0),
            length => length,
        };
        let incoming = (!incoming.is_end_stream()).then_some(incoming);
        record.connection.unread.set(incoming.is_some());
        Self { incoming, record: Rc::clone(record), length, limit: u64::MAX, rate: 0, pace: Pace::default() }
    }

    /// No body.
    #[must_use]
    pub fn none(record: &Rc<Record>) -> Self {
        Self {
            incoming: None,
            record: Rc::clone(record),
            length: Length::None,
            limit: u64::MAX,
            rate: 0,
            pace: Pace::default(),
        }
    }

    /// Sets what the client may do: `limit` in bytes, `rate` in bytes per second.
    pub fn limit(&mut self, limit: u64, rate: u64) {
        self.limit = limit;
        self.rate = rate;
    }

    /// How it is delimited.
    #[must_use]
    pub fn length(&self) -> Length {
        self.length
    }

    /// Longest pause between two reads.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.record.connection.body_timeout
    }

    /// Whether all of it was read.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    /// The next piece; of trailers, those that may go on.
    ///
    /// Its failures: too large, truncated, malformed, too slow. What was delivered is for the caller to say.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let polled = Pin::new(incoming).poll_frame(cx);
        if polled.is_pending() {
            self.pace.waiting_since.get_or_insert_with(Instant::now);
            return Poll::Pending;
        }
        let frame = match ready!(polled) {
            None => {
                self.record.connection.unread.set(false);
                return Poll::Ready(None);
            }
            Some(Err(error)) => return Poll::Ready(Some(Err(self.broken(error)))),
            Some(Ok(frame)) => match frame.into_trailers() {
                Ok(trailers) => Frame::trailers(self.passing(trailers)),
                Err(frame) => frame,
            },
        };
        if self.is_end() {
            self.record.connection.unread.set(false);
        }
        let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
        let read = self.record.bytes_in.get() + bytes;
        self.record.bytes_in.set(read);
        let coming = read.saturating_add(self.record.connection.announced.get());
        if coming > self.limit {
            return Poll::Ready(Some(Err(too_large(self.limit, &format!("{coming} bytes came or are announced")))));
        }
        match self.too_slow(bytes) {
            Some(failure) => Poll::Ready(Some(Err(failure))),
            None => Poll::Ready(Some(Ok(frame))),
        }
    }

    /// The failure of a client that was silent for the body timeout.
    #[must_use]
    pub fn stalled(&self) -> Box<Failure> {
        Failure::new(
            Cause::RequestBodyTimeout,
            format!(
                "the client sent {}, then nothing for {}",
                self.progress(),
                humantime::format_duration(self.record.connection.body_timeout)
            ),
        )
    }

    /// The failure of a body that ended before its length.
    #[must_use]
    pub fn cut_short(&self) -> Box<Failure> {
        Failure::new(Cause::RequestBodyTruncated, format!("the client's connection ended after {}", self.progress()))
    }

    fn passing(&self, trailers: HeaderMap) -> HeaderMap {
        hop::passing(trailers, self.record.head.headers.get_all(CONNECTION))
    }

    fn progress(&self) -> String {
        let read = self.record.bytes_in.get();
        match self.length {
            Length::Exact(length) => format!("{read} of {length} bytes of its body"),
            _ => format!("{read} bytes of its body"),
        }
    }

    fn too_slow(&mut self, bytes: u64) -> Option<Box<Failure>> {
        let ended = self.is_end();
        let pace = &mut self.pace;
        pace.bytes += bytes;
        let since = pace.waiting_since.take()?;
        pace.waited += since.elapsed();
        if pace.waited < self.record.connection.body_timeout {
            return None;
        }
        let least = self.rate.saturating_mul(pace.waited.as_secs());
        let came = pace.bytes;
        *pace = Pace::default();
        (came < least && !ended).then(|| {
            Failure::new(
                Cause::RequestBodyTimeout,
                format!("the client sent {}, slower than {} bytes per second", self.progress(), self.rate),
            )
        })
    }

    fn broken(&self, error: hyper::Error) -> Box<Failure> {
        let cause = classify::request_body(&error);
        if cause == Cause::RequestBodyTruncated {
            return self.cut_short().source(error);
        }
        Failure::new(cause, format!("the chunked body is not valid: {} were good", self.progress())).source(error)
    }
}

/// What makes the framing of a chunked body unclear.
pub const UNCLEAR: &str = "a line of its trailers does not end in CR LF, or an extension has a control character";

/// The failure of a body over the limit.
#[must_use]
pub fn too_large(limit: u64, evidence: &str) -> Box<Failure> {
    Failure::new(Cause::RequestBodyTooLarge, format!("{evidence}, the limit is {limit} bytes"))
        .delivered(Delivered::No)
        .parameter("status-code", Parameter::Number(u64::from(http::StatusCode::PAYLOAD_TOO_LARGE.as_u16())))
        .next(format!("raise `body_size` of this route if bodies over {limit} bytes are expected"))
}

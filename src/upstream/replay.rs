//! A request's body as attempts send it: what was read from the client is kept while it may be needed again.
//! Bounded by `retry.body`; past that the body can be sent once only.

use std::{
    future::poll_fn,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;

use super::spool::Spool;
use crate::{
    clock::Timer,
    failure::Result,
    limits,
    message::{Length, RequestBody},
};

/// A body that can be sent more than once while it is small.
pub struct Replay {
    body: RequestBody,
    /// The whole body, where it had to be waited for.
    spool: Option<Box<Spool>>,
    /// What was read so far, in order.
    kept: Vec<Bytes>,
    kept_bytes: usize,
    /// Trailers read, sent last.
    trailers: Option<HeaderMap>,
    /// Most bytes to keep.
    limit: usize,
    /// Whether everything read so far is still here.
    whole: bool,
    /// Whether this attempt has written anything; before that every piece is kept, whatever the limit.
    committed: bool,
    /// Whether the client has sent all of it.
    ended: bool,
    /// How many of `kept` this attempt has sent.
    sent: usize,
    trailers_sent: bool,
}

impl Replay {
    /// Keeps up to `limit` bytes of `body`; 0 keeps none. Boxed, because it goes from hand to hand.
    #[must_use]
    pub fn new(body: RequestBody, limit: usize) -> Box<Self> {
        let ended = body.is_end();
        Box::new(Self {
            body,
            spool: None,
            kept: Vec::new(),
            kept_bytes: 0,
            trailers: None,
            limit,
            whole: true,
            committed: false,
            ended,
            sent: 0,
            trailers_sent: false,
        })
    }

    /// Gives the next data away, from the start of the body on: first what was kept, then what the client still sends.
    /// Trailers are left out. From the first call on the body cannot be sent from here.
    pub fn poll_away(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if std::mem::take(&mut self.whole) {
            self.sent = 0;
        }
        if let Some(bytes) = self.kept.get_mut(self.sent) {
            self.sent += 1;
            return Poll::Ready(Some(Ok(std::mem::take(bytes))));
        }
        while !self.ended {
            match ready!(self.body.poll_frame(cx)) {
                None => self.ended = true,
                Some(Err(failure)) => return Poll::Ready(Some(Err(failure))),
                Some(Ok(frame)) => {
                    self.ended = self.body.is_end();
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
        Poll::Ready(None)
    }

    /// Sends what `spool` holds of the body, all of it, and as often as is wanted.
    pub fn send_from(&mut self, spool: Spool) {
        self.spool = Some(Box::new(spool));
    }

    /// The body behind it.
    #[must_use]
    pub fn body(&self) -> &RequestBody {
        &self.body
    }

    /// How the body is delimited.
    #[must_use]
    pub fn length(&self) -> Length {
        self.spool.as_ref().map_or_else(|| self.body.length(), |spool| Length::Exact(spool.length()))
    }

    /// Whether this attempt has been given everything.
    #[must_use]
    pub fn is_end(&self) -> bool {
        if let Some(spool) = &self.spool {
            return spool.is_end();
        }
        self.ended && self.sent == self.kept.len() && (self.trailers.is_none() || self.trailers_sent)
    }

    /// Whether the body can be sent from its start.
    #[must_use]
    pub fn can_rewind(&self) -> bool {
        self.spool.is_some() || self.whole
    }

    /// Whether the whole body can surely be sent again.
    #[must_use]
    pub fn is_small(&self) -> bool {
        self.spool.is_some()
            || match self.length() {
                Length::None => true,
                Length::Exact(length) => length <= self.limit as u64,
                Length::Unknown => false,
            }
    }

    /// Starts from the beginning, for the next attempt.
    pub fn rewind(&mut self) {
        if let Some(spool) = &mut self.spool {
            spool.rewind();
        }
        self.committed = false;
        self.sent = 0;
        self.trailers_sent = false;
    }

    /// The next piece for this attempt: what was kept first, then from the client.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        if let Some(spool) = &mut self.spool {
            return spool.poll_frame(cx);
        }
        if let Some(bytes) = self.kept.get_mut(self.sent) {
            self.sent += 1;
            let piece = if self.whole { bytes.clone() } else { std::mem::take(bytes) };
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        if self.ended {
            if let (Some(trailers), false) = (&self.trailers, self.trailers_sent) {
                self.trailers_sent = true;
                return Poll::Ready(Some(Ok(Frame::trailers(trailers.clone()))));
            }
            return Poll::Ready(None);
        }
        let frame = match ready!(self.body.poll_frame(cx)) {
            None => {
                self.ended = true;
                return Poll::Ready(None);
            }
            Some(Err(failure)) => return Poll::Ready(Some(Err(failure))),
            Some(Ok(frame)) => frame,
        };
        self.ended = self.body.is_end();
        if let Some(data) = frame.data_ref() {
            self.keep(data);
        } else if let Some(trailers) = frame.trailers_ref() {
            self.ended = true;
            self.trailers_sent = true;
            self.trailers = Some(trailers.clone());
        }
        Poll::Ready(Some(Ok(frame)))
    }

    /// Reads a small rest of the body and drops it, so that the client's connection can go on behind a failure. Gives
    /// up when there is more than a little of it or it does not come soon.
    pub async fn discard(mut self: Box<Self>, timer: &Timer) {
        let small = match self.body.length() {
            Length::None => return,
            Length::Exact(length) => length <= limits::DISCARD,
            Length::Unknown => true,
        };
        if !small || self.body.is_end() {
            return;
        }
        timer.arm(Some(limits::DISCARD_TIMEOUT));
        let mut dropped = 0;
        poll_fn(|cx| {
            loop {
                match self.body.poll_frame(cx) {
                    Poll::Ready(Some(Ok(frame))) => dropped += frame.data_ref().map_or(0, |data| data.len() as u64),
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return timer.poll_expired(cx),
                }
                if dropped > limits::DISCARD {
                    return Poll::Ready(());
                }
            }
        })
        .await;
    }

    fn keep(&mut self, data: &Bytes) {
        if !self.whole {
            return;
        }
        self.kept_bytes += data.len();
        self.kept.push(data.clone());
        self.sent += 1;
        if self.committed {
            self.bound();
        }
    }

    /// The attempt has written something: from now on the limit counts.
    pub fn commit(&mut self) {
        if !std::mem::replace(&mut self.committed, true) {
            self.bound();
        }
    }

    /// Keeps of a body that is too large only what an earlier attempt has read and this one has not sent yet.
    fn bound(&mut self) {
        if self.kept_bytes > self.limit {
            self.whole = false;
            self.kept.drain(..self.sent);
            self.sent = 0;
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::{rc::Rc, task::Waker};

    use super::*;
    use crate::observe::sample;

    /// A body of which an attempt has read these pieces and written nothing.
    pub fn read(pieces: &[&'static str], limit: usize) -> Box<Replay> {
        let mut replay = Replay::new(RequestBody::none(&Rc::new(sample::record("http://a/", &[]))), limit);
        for piece in pieces {
            replay.keep(&Bytes::from_static(piece.as_bytes()));
        }
        replay
    }

    fn next(replay: &mut Replay) -> Option<Bytes> {
        let Poll::Ready(frame) = replay.poll_frame(&mut Context::from_waker(Waker::noop())) else { return None };
        frame?.ok()?.into_data().ok()
    }

    #[test]
    fn what_is_too_large_to_keep_is_still_sent_to_its_end() {
        let mut replay = read(&["one", "two", "three"], 4);
        replay.rewind();
        assert_eq!(next(&mut replay).as_deref(), Some(&b"one"[..]));
        replay.commit();
        assert!(!replay.can_rewind() && !replay.is_end());
        assert_eq!(next(&mut replay).as_deref(), Some(&b"two"[..]));
        assert_eq!(next(&mut replay).as_deref(), Some(&b"three"[..]));
        assert!(replay.is_end() && next(&mut replay).is_none());
    }

    #[test]
    fn a_body_is_given_away_from_its_start_and_once() {
        let mut replay = read(&["one", "two"], 100);
        let mut away = || match replay.poll_away(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(Ok(data))) => Some(data),
            _ => None,
        };
        assert_eq!([away(), away(), away()], [Some("one".into()), Some("two".into()), None]);
        assert!(!replay.can_rewind());
    }
}

//! An answer's body on its way to the client, read from the upstream as the client takes it.
//! What breaks now the client must see: the stream ends in an error, never in a clean end.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header::CONNECTION};
use http_body::{Body, Frame, SizeHint};

use super::{
    deadline::Waiting,
    exchange::Exchange,
    http1::{
        Framing, Head,
        chunked::{Chunked, Piece},
    },
    upload::Waits,
};
use crate::{
    failure::{Failure, Result},
    message::hop,
};

/// The rest of an answer.
pub struct Stream {
    /// Gone once the body has ended, well or not.
    exchange: Option<Box<Exchange>>,
    decoder: Decoder,
    /// Body bytes given on so far.
    given: u64,
    /// Whether everything given on so far has had its chance to leave before an error.
    yielded: bool,
    /// An error that waits for that.
    broken: Option<Box<Failure>>,
}

enum Decoder {
    Length(u64),
    /// Chunks, and what Connection named, for the trailers.
    Chunked(Chunked, Vec<HeaderValue>),
    UntilClose,
    /// Records, up to their end; so many bytes where a length was promised.
    Records(Option<u64>),
}

impl Stream {
    /// The body behind a head that says `framing`; `None` where it has none.
    #[must_use]
    pub fn new(mut exchange: Box<Exchange>, head: &Head, framing: Framing) -> Option<Self> {
        let decoder = match framing {
            Framing::None => {
                exchange.finish();
                return None;
            }
            Framing::Length(length) if exchange.records.is_some() => Decoder::Records(Some(length)),
            _ if exchange.records.is_some() => Decoder::Records(None),
            Framing::Length(length) => Decoder::Length(length),
            Framing::Chunked => {
                let named = head.hop_values(CONNECTION).filter(|value| hop::names_fields(value));
                Decoder::Chunked(Chunked::default(), named.cloned().collect())
            }
            Framing::UntilClose => Decoder::UntilClose,
        };
        exchange.connection.streams = true;
        Some(Self { exchange: Some(exchange), decoder, given: 0, yielded: false, broken: None })
    }

    /// What can be given on out of what has been read.
    fn decode(&mut self) -> Result<Option<Frame<Bytes>>> {
        let Some(exchange) = &mut self.exchange else { return Ok(None) };
        let buffer = &mut exchange.connection.buffer;
        let piece = match &mut self.decoder {
            Decoder::Chunked(chunked, _) => chunked.next(buffer).map_err(|fault| exchange.fault(fault))?,
            Decoder::Records(left) => {
                let Some(records) = &mut exchange.records else { return Ok(None) };
                if let Err(fault) = records.unwrap(buffer) {
                    return Err(exchange.fault(fault));
                }
                if records.stdout.is_empty() {
                    return match left {
                        Some(1..) if records.has_ended() => Err(exchange.ended_short(self.given)),
                        _ => Ok(None),
                    };
                }
                let here = records.stdout.len();
                let take = left.map_or(here, |left| usize::try_from(left).unwrap_or(usize::MAX).min(here));
                *left = left.map(|left| left - take as u64);
                Some(Piece::Data(records.stdout.split_to(take).freeze()))
            }
            _ if buffer.is_empty() => None,
            Decoder::UntilClose => Some(Piece::Data(buffer.split().freeze())),
            Decoder::Length(left) => {
                let take = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len());
                *left -= take as u64;
                Some(Piece::Data(buffer.split_to(take).freeze()))
            }
        };
        Ok(piece.map(|piece| match piece {
            Piece::Data(data) => {
                self.given += data.len() as u64;
                Frame::data(data)
            }
            Piece::End(trailers) => {
                let named: &[HeaderValue] = if let Decoder::Chunked(_, named) = &self.decoder { named } else { &[] };
                Frame::trailers(hop::passing(trailers, named))
            }
        }))
    }

    fn is_complete(&self) -> bool {
        match &self.decoder {
            Decoder::Length(left) => *left == 0,
            Decoder::Chunked(chunked, _) => chunked.is_done(),
            Decoder::UntilClose => false,
            Decoder::Records(Some(left)) => *left == 0,
            Decoder::Records(None) => {
                let records = self.exchange.as_ref().and_then(|exchange| exchange.records.as_ref());
                records.is_none_or(|records| records.has_ended() && records.stdout.is_empty())
            }
        }
    }

    fn finish(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            exchange.finish();
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        if let Some(exchange) = &self.exchange
            && let Poll::Ready(failure) = exchange.poll_total(cx)
        {
            return Poll::Ready(Some(Err(failure)));
        }
        loop {
            match self.decode() {
                Ok(None) if matches!(self.decoder, Decoder::Records(_)) && self.is_complete() => {
                    self.finish();
                    return Poll::Ready(None);
                }
                Ok(None) => {}
                Ok(Some(frame)) => {
                    if self.is_complete() {
                        self.finish();
                        if frame.trailers_ref().is_some_and(HeaderMap::is_empty) {
                            return Poll::Ready(None);
                        }
                    }
                    return Poll::Ready(Some(Ok(frame)));
                }
                Err(failure) => return Poll::Ready(Some(Err(failure))),
            }
            let Some(exchange) = &mut self.exchange else { return Poll::Ready(None) };
            let waits = exchange.poll_upload(cx);
            if let Some(failure) = exchange.take_client_failure() {
                return Poll::Ready(Some(Err(failure)));
            }
            match exchange.poll_more(cx) {
                // Time only counts while nothing comes: a slow client must not be taken for a slow upstream.
                Poll::Ready(Ok(())) => {
                    exchange.wait(Waiting::Nothing, None);
                    exchange.terms.member.standing.pulse.stir();
                }
                Poll::Ready(Err(super::exchange::End::Closed)) if matches!(self.decoder, Decoder::UntilClose) => {
                    self.finish();
                    return Poll::Ready(None);
                }
                Poll::Ready(Err(end)) => {
                    let chunks = if let Decoder::Chunked(chunks, _) = &self.decoder { Some(chunks) } else { None };
                    return Poll::Ready(Some(Err(exchange.ended_in_body(&end, self.given, chunks))));
                }
                Poll::Pending => return exchange.poll_body_deadline(cx, waits).map(|failure| Some(Err(failure))),
            }
        }
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Box<Failure>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let stream = self.get_mut();
        if let Some(failure) = stream.broken.take() {
            return Poll::Ready(Some(Err(failure)));
        }
        let polled = stream.poll_piece(cx);
        let Poll::Ready(Some(Err(failure))) = polled else {
            stream.yielded = polled.is_pending();
            return polled;
        };
        if let Some(mut exchange) = stream.exchange.take() {
            exchange.terms.member.standing.pulse.fail(failure.cause, Instant::now());
            exchange.conclude(failure.cause);
        }
        // The server drops what it has not flushed, the head even, when the body fails at once behind it.
        if stream.yielded {
            return Poll::Ready(Some(Err(failure)));
        }
        stream.yielded = true;
        stream.broken = Some(failure);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.exchange.is_none() && self.broken.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.decoder {
            Decoder::Length(left) | Decoder::Records(Some(left)) => SizeHint::with_exact(*left),
            _ => SizeHint::default(),
        }
    }
}

/// Sends the rest of a request whose answer is complete already, so that neither side is left in mid-message. The
/// connection to the upstream is closed behind it.
pub(super) fn finish_upload(mut exchange: Box<Exchange>) {
    if exchange.cuts_upload() {
        return;
    }
    tokio::task::spawn_local(poll_fn(move |cx| {
        let Ok(waits) = exchange.upload.poll(&mut exchange.connection, &exchange.delivery, cx) else {
            return Poll::Ready(());
        };
        if matches!(waits, Waits::Done | Waits::Broken) {
            return Poll::Ready(());
        }
        if exchange.upload.moved() {
            exchange.wait(Waiting::Nothing, None);
        }
        exchange.wait(Waiting::Send, exchange.terms.upstream.timeouts.send);
        exchange.poll_deadline(cx).map(|_| ())
    }));
}

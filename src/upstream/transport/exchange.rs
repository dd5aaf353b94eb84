//! One exchange with an HTTP/1 upstream, in the task of the request: the request goes out while the answer comes in.
//! `attempt` starts it on a connection; it ends as a held answer, as a stream (`stream`), or as a failure (`verdict`).

use std::{
    future::poll_fn,
    io,
    rc::Rc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};

use super::{
    connection::Connection,
    deadline::{Expired, Waiting},
    http1::{
        Framing, Head,
        chunked::{Chunked, Preview},
    },
    stream,
    upload::{Upload, Waits},
};
use crate::{
    clock::Timer,
    config::settings,
    failure::{Cause, Failure, Phase, Result},
    message::Record,
    socket::Progress,
    upstream::{
        delivery::Delivery,
        health,
        member::Member,
        outgoing::Identity,
        queue::Seat,
        replay::Replay,
        roster::UnderWay,
        transport::fastcgi::{Answer, diagnosis},
    },
};

/// An exchange under way. Dropping it closes the connection, which is how an upstream learns that the client left.
pub struct Exchange {
    pub(super) connection: Box<Connection>,
    /// What takes the answer out of its records, where the server speaks FastCGI.
    pub(super) records: Option<Box<Answer>>,
    pub(super) upload: Upload,
    pub(super) delivery: Delivery,
    pub(super) terms: Terms,
    pub(super) timer: Timer,
    pub(super) waiting: Waiting,
    pub(super) framing: Framing,
    pub(super) keeps_alive: bool,
    pub(super) interim: u32,
    pub(super) progress: Progress,
    /// When something last came, as far as anybody asked.
    moved_at: Instant,
    /// How the client's body broke behind an early answer.
    client_failure: Option<Box<Failure>>,
}

/// What an exchange is about and bound by.
pub struct Terms {
    /// The request.
    pub record: Rc<Record>,
    /// The server.
    pub member: Rc<Member>,
    /// How this gateway names itself.
    pub identity: Rc<Identity>,
    /// Its pool's settings.
    pub upstream: Rc<settings::Upstream>,
    /// The deadline of the whole request, where there is one.
    pub total: Option<Rc<Timer>>,
    /// Its count among those under way at the server, until the answer has been read.
    pub under_way: Option<UnderWay>,
    /// The request's place among those under way, where they are counted: given back when the answer has been read.
    pub seat: Option<Rc<Seat>>,
    /// Whether the request goes out as a witnessed one, if its connection is local.
    pub witnessed: bool,
}

/// The end of reading.
pub(super) enum End {
    /// The peer closed in order.
    Closed,
    /// The socket failed.
    Failed(io::Error),
}

/// Why there is no head.
enum Stop {
    /// For a reason that is known.
    Failed(Box<Failure>),
    /// The connection ended, and the kernel may know more.
    Ended(End),
}

impl Exchange {
    /// Starts an exchange; `head` is the request's head as it goes on the wire, `expects` holds its body back.
    #[must_use]
    pub fn new(
        connection: Box<Connection>,
        (head, replay, expects): (Vec<u8>, Box<Replay>, bool),
        (delivery, timer): (Delivery, Timer),
        terms: Terms,
    ) -> Box<Self> {
        let reused = connection.served > 0;
        delivery.reused.set(reused);
        delivery.phase.set(Phase::Send);
        // With a kept connection nothing has happened yet.
        let began = if reused { delivery.began() } else { Instant::now() };
        delivery.sending.set(Some(began));
        let records: Option<Box<Answer>> = terms.upstream.fastcgi.as_ref().map(|_| Box::default());
        let witnessed = terms.witnessed && records.is_none() && connection.is_local();
        // Boxed, because it goes from hand to hand.
        Box::new(Self {
            connection,
            upload: Upload::new(head, replay, (expects, witnessed), records.is_some()),
            records,
            delivery,
            terms,
            timer,
            waiting: Waiting::Nothing,
            client_failure: None,
            framing: Framing::None,
            keeps_alive: false,
            interim: 0,
            progress: Progress::default(),
            moved_at: began,
        })
    }

    /// Waits for the final answer's head and says how its body is delimited.
    ///
    /// # Errors
    /// Every way in which there is none.
    pub async fn head(&mut self) -> Result<(Rc<Head>, Framing)> {
        let head = match poll_fn(|cx| self.poll_head(cx)).await {
            Ok(head) => head,
            Err(Stop::Failed(failure)) => return Err(failure),
            Err(Stop::Ended(end)) => {
                // Boxed, because it is rare: the future of every request would carry it along.
                let findings = Box::pin(self.examine(&end)).await;
                return Err(self.ended_before_head(&end, findings));
            }
        };
        if self.upload.is_watched() {
            // An answer says as much as an acknowledgement does.
            self.upload.open();
            poll_fn(|cx| Poll::Ready(self.poll_upload(cx))).await;
        }
        let now = Instant::now();
        if self.delivery.sent.get().is_none() {
            self.delivery.sent.set(Some(now));
        }
        self.delivery.headed.set(Some(now));
        self.moved_at = now;
        self.delivery.phase.set(Phase::Body);
        self.wait(Waiting::Nothing, None);
        Ok((head, self.framing))
    }

    /// How long the answer's head took behind the whole request, and when it had come; `None` where it came before.
    #[must_use]
    pub fn answered(&self) -> Option<(Duration, Instant)> {
        let (sent, headed) = (self.delivery.sent.get()?, self.delivery.headed.get()?);
        (headed > sent).then(|| (headed - sent, headed))
    }

    /// Reads a whole body of `length` bytes before anything is told to the client.
    ///
    /// # Errors
    /// Every way in which it stays incomplete.
    pub async fn hold(&mut self, length: u64) -> Result<Bytes> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let have = self.body().len();
        if have < length {
            self.connection.make_room(length - have);
            poll_fn(|cx| self.poll_hold(cx, length)).await?;
            self.moved_at = Instant::now();
        }
        let body = self.body();
        // Without a rest there is nobody to share its memory with, which costs more than it does.
        let whole = if body.len() == length { std::mem::take(body) } else { body.split_to(length) };
        Ok(whole.freeze())
    }

    /// Looks over what has come of a chunked answer before its head is told to the client, and waits for nothing. Bytes
    /// stay as they came.
    ///
    /// # Errors
    /// What has come is not valid, or it ended without a byte of a body.
    pub async fn glance(&mut self) -> Result<()> {
        // Only where the connection has ended already is the system asked for more.
        if self.connection.buffer.is_empty()
            && let Poll::Ready(Err(end)) = poll_fn(|cx| Poll::Ready(self.poll_more(cx))).await
        {
            return Err(self.ended_in_body(&end, 0, Some(&Chunked::default())));
        }
        Preview::default().look(&self.connection.buffer).map_err(|fault| self.fault(fault))
    }

    /// Looks a chunked answer over before its head is told to the client: to its end or up to `most` bytes of it, for
    /// `limit` at most. Bytes stay as they came.
    ///
    /// # Errors
    /// The answer broke meanwhile.
    pub async fn linger(&mut self, most: u64, limit: Duration) -> Result<()> {
        // The worker's clock is too coarse for so short a time.
        let mut preview = Preview::default();
        tokio::time::timeout(limit, poll_fn(|cx| self.poll_linger(cx, most, &mut preview))).await.unwrap_or(Ok(()))
    }

    fn poll_linger(&mut self, cx: &mut Context<'_>, most: u64, preview: &mut Preview) -> Poll<Result<()>> {
        loop {
            self.poll_upload(cx);
            if let Some(failure) = self.take_client_failure() {
                return Poll::Ready(Err(failure));
            }
            if let Err(fault) = preview.look(&self.connection.buffer) {
                return Poll::Ready(Err(self.fault(fault)));
            }
            if self.connection.buffer.len() as u64 >= most || preview.seen.is_done() {
                return Poll::Ready(Ok(()));
            }
            match self.poll_more(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(end)) => {
                    return Poll::Ready(Err(self.ended_in_body(&end, preview.seen.decoded(), Some(&preview.seen))));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The whole body, where a FastCGI server has already ended an answer that promised no length.
    ///
    /// # Errors
    /// Records that are not valid.
    pub fn whole(&mut self) -> Result<Option<Bytes>> {
        self.unwrap_all()?;
        let records = self.records.as_mut().filter(|records| records.has_ended());
        Ok(records.map(|records| records.stdout.split().freeze()))
    }

    /// Whether the answer came before the request was sent, from an upstream that will not read the rest of it.
    #[must_use]
    pub fn cuts_upload(&self) -> bool {
        let reads_on = self.records.as_ref().map_or(self.keeps_alive, |records| !records.has_ended());
        !self.upload.is_done() && (!reads_on || !self.upload.is_open() || self.upload.is_broken())
    }

    /// The answer is complete: gives the connection back to the pool, if it can serve again.
    pub fn finish(mut self: Box<Self>) {
        let now = if self.connection.streams { Instant::now() } else { self.moved_at };
        self.delivery.conclude(None, now);
        self.terms.member.standing.succeeded(self.delivery.began(), now);
        if self.records.is_some() {
            // The seat is given back when the script is done.
            self.finish_records(now);
            return;
        }
        self.terms.seat = None;
        self.terms.under_way = None;
        if !self.connection.buffer.is_empty() {
            self.report_excess();
        } else if !self.upload.is_done() {
            stream::finish_upload(self);
        } else if self.keeps_alive {
            self.connection.served(self.delivery.read.get());
            self.terms.member.keep(self.connection, &self.terms.upstream.pool, now);
        }
    }

    /// Notes that the exchange failed.
    pub fn conclude(&mut self, cause: Cause) {
        if let Some(records) = &mut self.records {
            diagnosis::report(records, &self.terms.record, &self.terms.member.server.label);
        }
        let now = Instant::now();
        self.delivery.conclude(Some(cause), now);
        if health::is_own(cause, &self.delivery, self.terms.record.started, now) {
            self.terms.member.standing.failed(cause, self.delivery.began(), now);
        }
    }

    /// Gives the request's body back for another attempt, and closes the connection.
    #[must_use]
    pub fn into_replay(self: Box<Self>) -> Box<Replay> {
        self.upload.into_replay()
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<Rc<Head>, Stop>> {
        loop {
            let waits = match self.upload.poll(&mut self.connection, &self.delivery, cx) {
                Ok(waits) => waits,
                Err(failure) => return Poll::Ready(Err(Stop::Failed(self.client_failed(failure)))),
            };
            if waits == Waits::Done && self.delivery.sent.get().is_none() {
                // What left with the first write took no time worth asking the clock for.
                let at_once = self.waiting == Waiting::Nothing;
                self.delivery.sent.set(if at_once { self.delivery.sending.get() } else { Some(Instant::now()) });
                self.delivery.phase.set(Phase::AwaitHeaders);
                if let Some(sent) = self.delivery.sent.get() {
                    self.terms.member.standing.pulse.ask(sent);
                }
            }
            match self.take_head() {
                Ok(None) => {}
                Ok(Some(head)) => return Poll::Ready(Ok(head)),
                Err(failure) => return Poll::Ready(Err(Stop::Failed(failure))),
            }
            if waits == Waits::Word && self.upload.is_open() {
                // The upstream has said its word: the body goes out, and its client is asked for it.
                continue;
            }
            match self.poll_more(cx) {
                Poll::Ready(Ok(())) => continue,
                Poll::Ready(Err(end)) => return Poll::Ready(Err(Stop::Ended(end))),
                Poll::Pending => {}
            }
            if waits == Waits::Witness && self.poll_watch(cx).is_ready() {
                continue;
            }
            self.wait_for(waits);
            match self.poll_deadline(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Expired::Phase) if self.waiting == Waiting::Word => self.upload.open(),
                Poll::Ready(expired) => return Poll::Ready(Err(Stop::Failed(self.expired(expired)))),
            }
        }
    }

    fn poll_hold(&mut self, cx: &mut Context<'_>, length: usize) -> Poll<Result<()>> {
        loop {
            let waits = self.poll_upload(cx);
            if let Err(failure) = self.unwrap_all() {
                return Poll::Ready(Err(failure));
            }
            let have = self.body().len();
            if have >= length {
                return Poll::Ready(Ok(()));
            }
            if self.records.as_ref().is_some_and(|records| records.has_ended()) {
                return Poll::Ready(Err(self.ended_short(have as u64)));
            }
            if let Some(failure) = self.take_client_failure() {
                return Poll::Ready(Err(failure));
            }
            match self.poll_more(cx) {
                Poll::Ready(Ok(())) => self.waiting = Waiting::Nothing,
                Poll::Ready(Err(end)) => return Poll::Ready(Err(self.ended_in_body(&end, have as u64, None))),
                Poll::Pending => return self.poll_body_deadline(cx, waits).map(Err),
            }
        }
    }

    /// The bytes of the body that have come and were not yet used.
    fn body(&mut self) -> &mut BytesMut {
        match &mut self.records {
            None => &mut self.connection.buffer,
            Some(records) => &mut records.stdout,
        }
    }

    /// Takes what has come out of its records, where it is in records.
    fn unwrap_all(&mut self) -> Result<()> {
        let Some(records) = &mut self.records else { return Ok(()) };
        records.unwrap_all(&mut self.connection.buffer).map_err(|fault| self.fault(fault))
    }

    /// Goes on with the request after the head of an early answer. A write that fails no longer matters, the answer is
    /// decided; a client that breaks its body does, see [`Exchange::take_client_failure`].
    pub(super) fn poll_upload(&mut self, cx: &mut Context<'_>) -> Waits {
        if self.upload.is_done() || !self.upload.is_open() {
            return Waits::Done;
        }
        let waits = self.upload.poll(&mut self.connection, &self.delivery, cx).unwrap_or_else(|failure| {
            self.client_failure = Some(failure);
            Waits::Broken
        });
        if self.upload.moved() {
            self.waiting = Waiting::Nothing;
        }
        waits
    }

    /// Why the client's body broke while its answer was under way, told once.
    pub(super) fn take_client_failure(&mut self) -> Option<Box<Failure>> {
        self.client_failure.take().map(|failure| self.client_failed(failure))
    }

    /// Reads once.
    pub(super) fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<(), End>> {
        self.connection.poll_read(cx).map(|read| match read {
            Ok(0) => Err(self.upload.reset().map_or(End::Closed, End::Failed)),
            Ok(read) => {
                self.delivery.read.set(self.delivery.read.get() + read as u64);
                Ok(())
            }
            Err(error) => Err(End::Failed(error)),
        })
    }
}

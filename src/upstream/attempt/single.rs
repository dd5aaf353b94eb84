//! One attempt: one exchange with one server, on a kept connection or a fresh one.
//! The loop of `attempt` picks the server and decides what follows; `reach` connects.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::{Failed, expects};
use crate::{
    clock::Timer,
    config::settings::RetryOn,
    failure::{Cause, Result},
    limits,
    message::{Body, Record},
    upstream::{
        Pool,
        delivery::Delivery,
        health, incoming, judge,
        member::{Member, Use},
        outgoing,
        queue::Seat,
        replay::Replay,
        roster::UnderWay,
        transport::{
            Exchange, Stream, Terms, fastcgi,
            http1::{Framing, Head, Stated},
        },
    },
};

/// What an attempt is about.
pub(super) struct Attempt<'a> {
    pub(super) pool: &'a Rc<Pool>,
    pub(super) member: &'a Rc<Member>,
    pub(super) record: &'a Rc<Record>,
    pub(super) wanted: Use,
    pub(super) total: Option<&'a Rc<Timer>>,
    pub(super) seat: Option<&'a Rc<Seat>>,
}

impl Attempt<'_> {
    /// One exchange with one server; on a fresh connection if asked for.
    pub(super) async fn run(
        &self,
        replay: Box<Replay>,
        fresh: bool,
        began: Instant,
        under_way: UnderWay,
    ) -> std::result::Result<Response<Body>, Failed> {
        let mut exchange = self.begin(replay, fresh, began, under_way).await?;
        match self.exchange(&mut exchange).await {
            Ok((head, framing, Some(body))) => {
                let cut = exchange.cuts_upload();
                exchange.finish();
                Ok(self.answer(head, framing, body.into(), cut))
            }
            Ok((head, framing, None)) => {
                let cut = exchange.cuts_upload();
                let body =
                    Stream::new(exchange, &head, framing).map_or(Body::Empty, |stream| Body::Stream(Box::pin(stream)));
                Ok(self.answer(head, framing, body, cut))
            }
            Err(failure) => {
                self.record.upstream_status.set(0);
                let now = Instant::now();
                self.member.standing.pulse.fail(failure.cause, now);
                self.member.danger.heed(failure.cause, now);
                exchange.conclude(failure.cause);
                self.learn(failure.cause, now);
                Err((failure, exchange.into_replay()))
            }
        }
    }

    /// Gets a connection and begins the exchange on it. Apart from `run`, whose future would carry along what only this
    /// needs, and one of more than 1 KiB costs the allocator several times as much.
    async fn begin(
        &self,
        replay: Box<Replay>,
        fresh: bool,
        began: Instant,
        under_way: UnderWay,
    ) -> std::result::Result<Box<Exchange>, Failed> {
        let delivery = Delivery::new(self.record, self.member, began);
        let timer = self.pool.clock.timer();
        let fastcgi = self.pool.upstream.fastcgi.as_ref();
        let fresh = fresh || fastcgi.is_some_and(|fastcgi| !fastcgi.keeps(&self.record.head.method));
        let pulse = &self.member.standing.pulse;
        let heading = self.heading(began);
        let fresh = fresh || !self.is_kept(heading.as_ref());
        let wanted = self.wanted(began);
        let kept = if fresh { None } else { self.member.take(self.record, &self.pool.upstream.pool, wanted, began) };
        let connection = match kept {
            Some(connection) => connection,
            // Boxed for the same reason as in `give_up`.
            None => match Box::pin(self.connect(&timer, &delivery, heading)).await {
                Ok(connection) => {
                    pulse.reached(true);
                    connection
                }
                Err(failure) => {
                    let now = Instant::now();
                    pulse.reached(false);
                    pulse.fail(failure.cause, now);
                    self.member.danger.heed(failure.cause, now);
                    delivery.conclude(Some(failure.cause), now);
                    self.learn(failure.cause, now);
                    if health::is_own(failure.cause, &delivery, self.record.started, now) {
                        self.member.standing.failed(failure.cause, began, now);
                    }
                    return Err((failure, replay));
                }
            },
        };
        let length = replay.length();
        let (upstream, identity) = (&*self.pool.upstream, &*self.pool.identity);
        // A FastCGI application cannot be asked whether it wants the body.
        let expects = upstream.fastcgi.is_none() && expects(self.record) && !replay.is_end();
        let head = match self.record.script.get() {
            Some(script) if upstream.fastcgi.is_some() => fastcgi::request::head(
                self.record,
                upstream,
                script,
                (self.member, identity),
                (length, replay.is_end()),
            ),
            _ => outgoing::head(self.record, upstream, self.member, identity, (length, expects)),
        };
        let terms = Terms {
            record: Rc::clone(self.record),
            member: Rc::clone(self.member),
            identity: Rc::clone(&self.pool.identity),
            upstream: Rc::clone(&self.pool.upstream),
            total: self.total.cloned(),
            under_way: Some(under_way),
            seat: self.seat.cloned(),
            witnessed: wanted == Use::Witnessed,
        };
        Ok(Exchange::new(connection, (head, replay, expects), (delivery, timer), terms))
    }

    /// What a connection is wanted for at `now`: while servers die or close at any moment, what can be sent once only is
    /// witnessed. Not otherwise, because that costs a second write, and a body the time in which its head is read.
    fn wanted(&self, now: Instant) -> Use {
        let Pool { upstream, .. } = &**self.pool;
        let can = self.wanted == Use::Once && upstream.retry.on == RetryOn::Proof && upstream.fastcgi.is_none();
        if can && self.member.danger.lasts(now) { Use::Witnessed } else { self.wanted }
    }

    /// Notes that an answer came: how long it took, and when, where it came behind the whole request.
    fn answered(&self, came: Option<(Duration, Instant)>, status: StatusCode) {
        let standing = &self.member.standing;
        standing.pulse.reached(true);
        match came {
            Some((took, now)) => standing.pulse.answer(took, now),
            None => standing.pulse.stir(),
        }
        if let Some((took, now)) = came.filter(|_| self.pool.balancer.learns()) {
            // An error that comes at once must not make a server look fast.
            if status.is_server_error() { standing.form.failed(now) } else { standing.form.answered(took, now) }
        }
    }

    /// Tells the policy that the attempt failed at `now`, where that is the server's own doing.
    fn learn(&self, cause: Cause, now: Instant) {
        if self.pool.balancer.learns() && judge::is_the_servers(cause) {
            self.member.standing.form.failed(now);
        }
    }

    /// The answer's head, and its body where it is held back until complete.
    async fn exchange(&self, exchange: &mut Exchange) -> Result<(Rc<Head>, Framing, Option<Bytes>)> {
        let (head, mut framing) = exchange.head().await?;
        self.record.upstream_status.set(head.status.as_u16());
        self.member.heed(&head);
        self.answered(exchange.answered(), head.status);
        let pulse = &self.member.standing.pulse;
        let held = match framing {
            Framing::Length(length) if length <= self.pool.upstream.hold_body => Some(exchange.hold(length).await?),
            Framing::UntilClose => exchange.whole()?,
            Framing::Chunked => {
                if pulse.cuts(Instant::now) && !is_event_stream(&head) {
                    exchange.linger(self.pool.upstream.hold_body, limits::CUT_LINGER).await?;
                }
                exchange.glance().await?;
                None
            }
            _ => None,
        };
        if let (Framing::UntilClose, Some(body)) = (framing, &held) {
            framing = Framing::Length(body.len() as u64);
        }
        Ok((head, framing, held))
    }

    /// What the client gets: the head without what belongs to the upstream's connection.
    fn answer(&self, head: Rc<Head>, framing: Framing, body: Body, cut: bool) -> Response<Body> {
        if head.status.is_server_error() {
            self.record.remark.set(Some(self.record.remark.get().unwrap_or(Cause::UpstreamAnsweredError)));
        }
        let (stated, dated) = (head.stated, head.dated);
        let mut answer = Response::new(body);
        *answer.status_mut() = head.status;
        if let Some(reason) = &head.reason {
            // Without it the server would find words of its own.
            answer.extensions_mut().insert(reason.clone());
        }
        *answer.headers_mut() = Rc::try_unwrap(head).map_or_else(|head| head.fields.clone(), |head| head.fields);
        delimit(answer.headers_mut(), framing, stated);
        incoming::identify(answer.headers_mut(), dated, self.record, &self.pool.clock);
        if framing == Framing::UntilClose && self.pool.upstream.fastcgi.is_none() {
            self.record.endless.set(true);
        }
        if cut {
            // The rest of the request will not be read: the connection cannot go on.
            self.record.connection.last.set(true);
        }
        answer
    }
}

/// Whether every byte of the answer is meant to be passed on as it comes.
fn is_event_stream(head: &Head) -> bool {
    let stated = head.fields.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    stated.is_some_and(|stated| stated.get(..17).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/event-stream")))
}

/// Says the length in one way.
fn delimit(fields: &mut HeaderMap, framing: Framing, stated: Stated) {
    match framing {
        Framing::Length(length) if stated == Stated::Plain(length) => {}
        Framing::Length(length) => {
            fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        Framing::Chunked | Framing::UntilClose => {
            if stated != Stated::Nothing {
                fields.remove(header::CONTENT_LENGTH);
            }
        }
        Framing::None => {}
    }
}

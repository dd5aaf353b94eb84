//! The attempts of one request: pick a server, get a connection, exchange, and after a failure ask `judge` what next.
//! Every way a request can end on its way to an upstream passes here once.

use std::{
    future::poll_fn,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, Version, header};

use super::{
    Pool,
    choice::Tried,
    connect,
    connect::Wire,
    delivery::Delivery,
    fpm,
    judge::{Case, Verdict, is_idempotent, judge},
    member::Member,
    outgoing,
    queue::{self, Seat},
    replay::Replay,
    roster::UnderWay,
    spool::Spool,
    transport::{
        Connection, Exchange, Stream, Terms, fastcgi,
        http1::{Framing, Head},
    },
};
use crate::{
    clock::{Clock, Timer},
    config::settings::{self, RetryOn, ServerAddress},
    failure::{Cause, Failure, Fault, Phase, Result},
    message::{Body, Length, Record, Request, RequestBody, hop},
};

/// Serves `request` with as many attempts as the rules allow.
///
/// # Errors
/// The failure of the last attempt.
pub fn serve(pool: Rc<Pool>, request: Request) -> impl Future<Output = Result<Response<Body>>> {
    let Request { record, body } = request;
    // Outside of the future, which would carry the body along twice.
    let replay = replay(&pool, body);
    async move {
        match run(&pool, &record, replay).await {
            Ok(answer) => Ok(answer),
            Err((failure, body)) => Err(give_up(&pool, &record, failure, body).await),
        }
    }
}

/// The body of a request as `pool` keeps it for second attempts.
pub fn replay(pool: &Pool, body: RequestBody) -> Box<Replay> {
    let retry = pool.upstream.retry;
    Replay::new(body, if retry.on == RetryOn::Off { 0 } else { retry.body })
}

/// Whether the request may be carried out twice: by its method, or because its route says so.
#[must_use]
pub fn may_repeat(record: &Record) -> bool {
    let promised = record.route.get().is_some_and(|route| route.idempotency_key)
        && matches!(record.head.method, Method::POST | Method::PATCH)
        && record.head.headers.contains_key("idempotency-key");
    is_idempotent(&record.head.method, promised)
}

/// The same as [`serve`], for who may serve the request elsewhere: a failure comes with the body, and nothing of the rest
/// of it was read.
///
/// # Errors
/// The failure of the last attempt.
pub async fn run(
    pool: &Rc<Pool>,
    record: &Rc<Record>,
    mut replay: Box<Replay>,
) -> std::result::Result<Response<Body>, Failed> {
    let retry = pool.upstream.retry;
    let retry_timeouts = record.route.get().is_some_and(|route| route.retry_timeouts);
    let idempotent = may_repeat(record);
    let _ = record.upstream.set(Arc::clone(&pool.name));
    if let Err(failure) = outgoing::check_loop(record, &pool.identity) {
        return Err((failure, replay));
    }
    pool.budget.deposit(pool.clock.now());

    let total = pool.upstream.timeouts.total.map(|limit| {
        let timer = pool.clock.timer();
        timer.arm(Some(limit.saturating_sub(record.started.elapsed())));
        Rc::new(timer)
    });
    let mut waited = false;
    if let Some(fastcgi) = &pool.upstream.fastcgi {
        // Before a seat is taken: a slow upload must not hold one.
        waited = match prepare(record, fastcgi, &mut replay, (&pool.clock, total.as_deref())).await {
            Ok(waited) => waited,
            Err(failure) => return Err((failure, replay)),
        };
    }
    let seat = match queue::enter(pool, record, total.as_deref()).await {
        Ok(seat) => seat,
        Err(failure) => return Err((failure, replay)),
    };
    let mut tried = Tried::none(pool.members.len());
    // A second attempt that may add load is not spent on a kept connection, which may be as dead as the first one.
    let (mut again, mut fresh): (Option<usize>, bool) = (None, false);
    let (mut attempts, mut repeats) = (0, 0);
    // Without a wait nothing has taken time since the request came: the clock need not be asked again.
    let waited = waited || !record.times.queue.get().is_zero() || !record.attempts.borrow().is_empty();
    let mut began = if waited { Instant::now() } else { record.started };
    loop {
        let Some(index) = again.take().or_else(|| pool.choose(record, &tried)) else {
            return Err((Failure::new(Cause::GatewayInternalError, "no server was left to try"), replay));
        };
        let Some(member) = pool.members.get(index) else {
            let evidence = "the balancer picked a server that does not exist";
            return Err((Failure::new(Cause::GatewayInternalError, evidence), replay));
        };
        tried.note(index);
        let attempt = Attempt { pool, member, record, total: total.as_ref(), seat: seat.as_ref() };
        let (failure, back) = match attempt.run(replay, fresh, began, member.standing.count()).await {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed,
        };
        if failure.cause != Cause::SendClosedBeforeWrite {
            attempts += 1;
        }
        let verdict = judge(&Case {
            cause: failure.cause,
            delivered: failure.delivered,
            idempotent,
            replayable: back.can_rewind(),
            attempts,
            repeats,
            others: tried.others(),
            retry,
            retry_timeouts,
        });
        let (stay, charged) = match verdict {
            Verdict::GiveUp => return Err((failure, back)),
            Verdict::Fresh { charged } => (true, charged),
            Verdict::Other { charged } => (false, charged),
        };
        if charged && !pool.budget.withdraw(pool.clock.now()) {
            return Err((failure, back));
        }
        again = stay.then_some(index);
        fresh = stay || charged;
        repeats += u32::from(charged);
        replay = back;
        replay.rewind();
        began = Instant::now();
    }
}

/// What FastCGI needs to know before anything is sent: which script is to run, and how long the body is. Says whether
/// that took a wait.
async fn prepare(
    record: &Record,
    fastcgi: &settings::FastCgi,
    replay: &mut Replay,
    (clock, total): (&Clock, Option<&Timer>),
) -> Result<bool> {
    if record.script.get().is_none() {
        let Some(root) = &fastcgi.root else {
            return Err(Failure::new(Cause::GatewayInternalError, "a FastCGI upstream without a root was asked"));
        };
        let _ = record.script.set(fastcgi::script::script(record.forwarded_path(), root)?);
    }
    let spools = replay.length() == Length::Unknown;
    if spools {
        let timer = clock.timer();
        let spool = Box::pin(Spool::fill(replay.body_mut(), &fastcgi.spool, &timer, total)).await?;
        replay.send_from(spool);
    }
    Ok(spools)
}

/// The request failed for good. A small rest of its body is read first, so that the client's connection can go on.
pub async fn give_up(pool: &Pool, record: &Record, failure: Box<Failure>, body: Box<Replay>) -> Box<Failure> {
    if failure.cause.fault() != Fault::Client {
        // Boxed, because it is rare and large: the future of every request would carry it along.
        Box::pin(read_off(pool, record, body)).await;
    }
    if pool.upstream.fastcgi.is_some() { Box::pin(fpm::explain(pool, failure)).await } else { failure }
}

/// Reads a small rest of the body that no upstream gets any more, so that the client's connection can go on.
pub async fn read_off(pool: &Pool, record: &Record, body: Box<Replay>) {
    // A client that waits for word before it sends its body has heard none, and shall not.
    let waits = expects(record) && record.bytes_in.get() == 0;
    if !waits {
        body.discard(&pool.clock.timer()).await;
    }
}

/// Whether the client waits for `100 Continue` before it sends its body. HTTP/1.0 has no such thing (RFC 9110 section
/// 10.1.1).
fn expects(record: &Record) -> bool {
    record.present.expect && record.head.version != Version::HTTP_10
}

/// A failed attempt: why, and the body for another.
pub type Failed = (Box<Failure>, Box<Replay>);

struct Attempt<'a> {
    pool: &'a Rc<Pool>,
    member: &'a Rc<Member>,
    record: &'a Rc<Record>,
    total: Option<&'a Rc<Timer>>,
    seat: Option<&'a Rc<Seat>>,
}

impl Attempt<'_> {
    /// One exchange with one server; on a fresh connection if asked for.
    async fn run(
        &self,
        replay: Box<Replay>,
        fresh: bool,
        began: Instant,
        under_way: UnderWay,
    ) -> std::result::Result<Response<Body>, Failed> {
        let delivery = Delivery::new(self.record, &self.member.server.label, began);
        let timer = self.pool.clock.timer();
        let fastcgi = self.pool.upstream.fastcgi.as_ref();
        let fresh = fresh || fastcgi.is_some_and(|fastcgi| !fastcgi.keeps(&self.record.head.method));
        let kept = if fresh { None } else { self.member.take(self.record, began) };
        let connection = match kept {
            Some(connection) => connection,
            // Boxed for the same reason as in `give_up`.
            None => match Box::pin(self.connect(&timer, &delivery)).await {
                Ok(wire) => Connection::new(wire),
                Err(failure) => {
                    delivery.conclude(Some(failure.cause), Instant::now());
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
            upstream: Arc::clone(&self.pool.upstream),
            total: self.total.cloned(),
            under_way: Some(under_way),
            seat: self.seat.cloned(),
        };
        let mut exchange = Exchange::new(connection, (head, replay, expects), (delivery, timer), terms);
        match self.exchange(&mut exchange).await {
            Ok((head, framing, Some(body))) => {
                let cut = exchange.cuts_upload();
                exchange.finish();
                Ok(self.answer(head, framing, body.into(), cut))
            }
            Ok((head, framing, None)) => {
                let cut = exchange.cuts_upload();
                let body = Stream::new(exchange, framing).map_or(Body::Empty, |stream| Body::Stream(Box::pin(stream)));
                Ok(self.answer(head, framing, body, cut))
            }
            Err(failure) => {
                self.record.upstream_status.set(0);
                exchange.conclude(failure.cause);
                Err((failure, exchange.into_replay()))
            }
        }
    }

    /// The answer's head, and its body where it is held back until complete.
    async fn exchange(&self, exchange: &mut Exchange) -> Result<(Head, Framing, Option<Bytes>)> {
        let (head, mut framing) = exchange.head().await?;
        self.record.upstream_status.set(head.status.as_u16());
        self.member.heed(&head);
        let held = match framing {
            Framing::Length(length) if length <= self.pool.upstream.hold_body => Some(exchange.hold(length).await?),
            Framing::UntilClose => exchange.whole()?,
            _ => None,
        };
        if let (Framing::UntilClose, Some(body)) = (framing, &held) {
            framing = Framing::Length(body.len() as u64);
        }
        Ok((head, framing, held))
    }

    /// What the client gets: the head without what belongs to the upstream's connection.
    fn answer(&self, head: Head, framing: Framing, body: Body, cut: bool) -> Response<Body> {
        if head.status.is_server_error() {
            self.record.remark.set(Some(self.record.remark.get().unwrap_or(Cause::UpstreamAnsweredError)));
        }
        let mut answer = Response::new(body);
        *answer.status_mut() = head.status;
        *answer.headers_mut() = head.fields;
        tidy(answer.headers_mut(), &head.named, framing);
        if framing == Framing::UntilClose && self.pool.upstream.fastcgi.is_none() {
            self.record.endless.set(true);
        }
        if cut {
            // The rest of the request will not be read: the connection cannot go on.
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }

    /// Connects, looking up the name first where there is one.
    async fn connect(&self, timer: &Timer, delivery: &Delivery) -> Result<Wire> {
        let timeouts = &self.pool.upstream.timeouts;
        let label = &self.member.server.label;
        let times = &self.record.times;
        let connecting = |began: Instant| times.connect.set(times.connect.get() + began.elapsed());
        let connected = match &self.member.server.address {
            ServerAddress::Unix(path) => {
                timer.arm(timeouts.connect);
                let began = Instant::now();
                let wire = connect::connect_unix(path, label, timeouts.connect, self.expired(timer)).await;
                connecting(began);
                wire
            }
            ServerAddress::Socket(address) => {
                timer.arm(timeouts.connect);
                let began = Instant::now();
                let wire = connect::connect_tcp(&[*address], label, timeouts.connect, self.expired(timer)).await;
                connecting(began);
                wire
            }
            ServerAddress::Name { host, port } => {
                delivery.phase.set(Phase::Resolve);
                timer.arm(timeouts.resolve);
                let began = Instant::now();
                let found = self.resolve(host, timeouts.resolve, timer).await;
                times.resolve.set(times.resolve.get() + began.elapsed());
                match found {
                    Ok(found) => {
                        delivery.phase.set(Phase::Connect);
                        timer.arm(timeouts.connect);
                        let began = Instant::now();
                        let addresses: Vec<_> = found.iter().map(|ip| SocketAddr::new(*ip, *port)).collect();
                        let wire = connect::connect_tcp(&addresses, label, timeouts.connect, self.expired(timer)).await;
                        connecting(began);
                        wire
                    }
                    Err(failure) => Err(failure.member(label)),
                }
            }
        };
        timer.disarm();
        connected.map_err(|failure| self.or_deadline(failure))
    }

    async fn resolve(&self, host: &str, limit: Option<Duration>, timer: &Timer) -> Result<Rc<[IpAddr]>> {
        tokio::select! {
            biased;
            found = self.pool.resolver.lookup(host) => found,
            () = self.expired(timer) => {
                Err(self.pool.resolver.timed_out(host, limit.unwrap_or_default()))
            }
        }
    }

    /// Completes when the phase's or the whole request's time is up.
    async fn expired(&self, timer: &Timer) {
        poll_fn(|cx| match self.total {
            Some(total) if total.poll_expired(cx).is_ready() => std::task::Poll::Ready(()),
            _ => timer.poll_expired(cx),
        })
        .await;
    }

    /// A timeout that was the whole request's is named so.
    fn or_deadline(&self, failure: Box<Failure>) -> Box<Failure> {
        let spent = self.total.is_some_and(|total| {
            total.poll_expired(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready()
        });
        if !spent {
            return failure;
        }
        let limit = self.pool.upstream.timeouts.total.unwrap_or_default();
        Failure::new(
            Cause::ResponseDeadline,
            format!("no answer after {} in all; last: {failure}", humantime::format_duration(limit)),
        )
        .delivered(failure.delivered)
        .member(&self.member.server.label)
    }
}

/// Takes away what the upstream named as its own connection's, and says the length in one way.
fn tidy(fields: &mut HeaderMap, named: &hop::Named, framing: Framing) {
    for name in named.fields() {
        fields.remove(name);
    }
    match framing {
        Framing::Length(length) => {
            let mut said = fields.get_all(header::CONTENT_LENGTH).iter();
            let plain =
                said.next().is_some_and(|value| value.as_bytes() == itoa::Buffer::new().format(length).as_bytes());
            if !plain || said.next().is_some() {
                fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            }
        }
        Framing::Chunked | Framing::UntilClose => {
            fields.remove(header::CONTENT_LENGTH);
        }
        Framing::None => {}
    }
}

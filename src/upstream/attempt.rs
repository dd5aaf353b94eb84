//! The attempts of one request: pick a server, get a connection, exchange, and after a failure ask `judge` what next.
//! Every way a request can end on its way to an upstream passes here once.

use std::{
    future::poll_fn,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header};

use super::{
    Pool,
    choice::{Choice, Tried},
    connect,
    delivery::Delivery,
    fpm, health,
    hold::{self, Wait},
    judge::{self, Case, Verdict, is_idempotent, judge},
    member::{Member, Use},
    outgoing,
    queue::{self, Seat},
    replay::Replay,
    resolve::{Name, Pick, Places},
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
    limits,
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

    let total = deadline(pool, record);
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
    let mut wait = Wait::default();
    // Without a wait nothing has taken time since the request came: the clock need not be asked again.
    let waited = waited || !record.times.queue.get().is_zero() || !record.attempts.borrow().is_empty();
    let mut began = if waited { Instant::now() } else { record.started };
    loop {
        let index = match again.take().map_or_else(|| pool.choose(record, &tried, began), Choice::Member) {
            Choice::Member(index) => index,
            Choice::Wait => {
                // Boxed for the same reason as in `give_up`.
                if let Err(failure) = Box::pin(wait.for_answers(pool, record, total.as_deref())).await {
                    return Err((failure, replay));
                }
                began = Instant::now();
                continue;
            }
            Choice::Nobody => {
                return Err((Failure::new(Cause::GatewayInternalError, "no server was left to try"), replay));
            }
        };
        let Some(member) = pool.members.get(index) else {
            let evidence = "the balancer picked a server that does not exist";
            return Err((Failure::new(Cause::GatewayInternalError, evidence), replay));
        };
        tried.note(index);
        let wanted = if idempotent && retry.on != RetryOn::Off && retry.attempts > 1 && replay.is_small() {
            Use::Repeatable
        } else {
            Use::Once
        };
        let attempt = Attempt { pool, member, record, wanted, total: total.as_ref(), seat: seat.as_ref() };
        let (failure, back) = match attempt.run(replay, fresh, began, member.standing.count()).await {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed,
        };
        // One that is not there is passed over: it costs nothing, and the next one may be the only one left.
        if !matches!(failure.cause, Cause::SendClosedBeforeWrite | Cause::ConnectRefused | Cause::ConnectUnixMissing) {
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
            Verdict::GiveUp if !hold::holds(pool, &failure) || !back.can_rewind() => return Err((failure, back)),
            Verdict::GiveUp => match Box::pin(wait.for_server(pool, record, failure, total.as_deref())).await {
                Ok(()) => {
                    tried = Tried::none(pool.members.len());
                    attempts = 0;
                    replay = back;
                    replay.rewind();
                    began = Instant::now();
                    continue;
                }
                Err(failure) => return Err((failure, back)),
            },
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

/// The deadline of the whole request, where there is one.
fn deadline(pool: &Pool, record: &Record) -> Option<Rc<Timer>> {
    pool.upstream.timeouts.total.map(|limit| {
        let timer = pool.clock.timer();
        timer.arm(Some(limit.saturating_sub(record.started.elapsed())));
        Rc::new(timer)
    })
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

/// Where a name leads to, and which of its addresses a request begins with.
type Heading = (Rc<Places>, Pick);

struct Attempt<'a> {
    pool: &'a Rc<Pool>,
    member: &'a Rc<Member>,
    record: &'a Rc<Record>,
    wanted: Use,
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
        let pulse = &self.member.standing.pulse;
        pulse.ask(began);
        let heading = self.heading(began);
        let fresh = fresh || !self.is_kept(heading.as_ref());
        let kept =
            if fresh { None } else { self.member.take(self.record, &self.pool.upstream.pool, self.wanted, began) };
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
                let now = Instant::now();
                pulse.fail(failure.cause, now);
                exchange.conclude(failure.cause);
                self.learn(failure.cause, now);
                Err((failure, exchange.into_replay()))
            }
        }
    }

    /// Notes that an answer came: how long it took, and when, where it came behind the whole request.
    fn answered(&self, came: Option<(Duration, Instant)>, status: StatusCode) {
        let standing = &self.member.standing;
        standing.pulse.reached(true);
        standing.pulse.answer(came.map_or(Duration::ZERO, |(took, _)| took));
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
    async fn exchange(&self, exchange: &mut Exchange) -> Result<(Head, Framing, Option<Bytes>)> {
        let (head, mut framing) = exchange.head().await?;
        self.record.upstream_status.set(head.status.as_u16());
        self.member.heed(&head);
        self.answered(exchange.answered(), head.status);
        let pulse = &self.member.standing.pulse;
        let held = match framing {
            Framing::Length(length) if length <= self.pool.upstream.hold_body => Some(exchange.hold(length).await?),
            Framing::UntilClose => exchange.whole()?,
            Framing::Chunked if pulse.cuts(Instant::now) && !is_event_stream(&head) => {
                exchange.linger(self.pool.upstream.hold_body, limits::CUT_LINGER).await?;
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

    /// Where a server with a name is to be reached, as far as that is known without a wait.
    fn heading(&self, now: Instant) -> Option<Heading> {
        let name = self.member.name.as_ref()?;
        let places = name.known(now)?;
        let pick = name.pick(&places, now);
        Some((places, pick))
    }

    /// Whether there may be an idle connection to where the request heads.
    fn is_kept(&self, heading: Option<&Heading>) -> bool {
        match heading {
            Some((_, pick)) => self.member.prefer(pick.address),
            None => self.member.name.is_none(),
        }
    }

    /// Connects, looking up the name first where there is one and nothing is known of it.
    async fn connect(&self, timer: &Timer, delivery: &Delivery, heading: Option<Heading>) -> Result<Connection> {
        let limit = self.pool.upstream.timeouts.connect;
        let label = &self.member.server.label;
        let connected = match (&self.member.name, &self.member.server.address) {
            (Some(name), _) => self.connect_by_name(name, heading, timer, delivery).await,
            (None, ServerAddress::Unix(path)) => {
                let began = begin(timer, limit);
                let wire = connect::connect_unix(path, label, limit, self.expired(timer)).await;
                self.connecting(began);
                wire.map(Connection::new)
            }
            (None, ServerAddress::Socket(address)) => {
                let began = begin(timer, limit);
                let wire = connect::connect_tcp(&[*address], label, limit, self.expired(timer)).await;
                self.connecting(began);
                wire.map(Connection::new)
            }
            (None, ServerAddress::Name { .. } | ServerAddress::Service(_)) => {
                Err(Failure::new(Cause::GatewayInternalError, format!("{label} has a name that nobody looks up")))
            }
        };
        timer.disarm();
        connected.map_err(|failure| self.or_deadline(failure))
    }

    async fn connect_by_name(
        &self,
        name: &Rc<Name>,
        heading: Option<Heading>,
        timer: &Timer,
        delivery: &Delivery,
    ) -> Result<Connection> {
        let timeouts = &self.pool.upstream.timeouts;
        let label = &self.member.server.label;
        let (places, pick) = if let Some(heading) = heading {
            heading
        } else {
            delivery.phase.set(Phase::Resolve);
            let began = begin(timer, timeouts.resolve);
            let found = self.resolve(name, timeouts.resolve, timer).await;
            let spent = &self.record.times.resolve;
            spent.set(spent.get() + began.elapsed());
            let places = found.map_err(|failure| failure.member(label))?;
            delivery.phase.set(Phase::Connect);
            let pick = name.pick(&places, Instant::now());
            (places, pick)
        };
        let began = begin(timer, timeouts.connect);
        let order = name.order(&places, pick, began);
        let worse = |address| name.shun(address, began);
        let connected = connect::connect_first(&order, label, timeouts.connect, self.expired(timer), worse).await;
        self.connecting(began);
        connected.map(|(wire, address)| Connection::to(address, wire))
    }

    async fn resolve(&self, name: &Rc<Name>, limit: Option<Duration>, timer: &Timer) -> Result<Rc<Places>> {
        tokio::select! {
            biased;
            found = name.places() => found,
            () = self.expired(timer) => Err(name.timed_out(limit.unwrap_or_default())),
        }
    }

    fn connecting(&self, began: Instant) {
        let spent = &self.record.times.connect;
        spent.set(spent.get() + began.elapsed());
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

/// Whether every byte of the answer is meant to be passed on as it comes.
fn is_event_stream(head: &Head) -> bool {
    let stated = head.fields.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    stated.is_some_and(|stated| stated.get(..17).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/event-stream")))
}

/// Begins a phase of `limit`.
fn begin(timer: &Timer, limit: Option<Duration>) -> Instant {
    timer.arm(limit);
    Instant::now()
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

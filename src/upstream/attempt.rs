//! The attempts of one request: pick a server, get a connection, exchange, and after a failure ask `judge` what next.
//! Every way a request can end on its way to an upstream passes here once.

mod reach;
mod single;

use std::{future::Future, pin::Pin, rc::Rc, time::Instant};

use http::{Method, Response, Version};
use single::Attempt;

use super::{
    Pool,
    choice::{Choice, Tried},
    fpm,
    hold::{self, Wait},
    judge::{self, Case, Verdict, is_idempotent, judge},
    member::Use,
    outgoing,
    queue::{self, Seat},
    replay::Replay,
    spool::Spool,
    transport::fastcgi,
};
use crate::{
    clock::{Clock, Timer},
    config::settings::{self, RetryOn},
    failure::{Cause, Failure, Fault, Result},
    message::{Body, Length, Record, Request, RequestBody},
};

/// Serves `request` with as many attempts as the rules allow.
///
/// # Errors
/// The failure of the last attempt.
pub fn serve(pool: Rc<Pool>, request: Request) -> Serving {
    let Request { record, body } = request;
    // Outside of the future, which would carry the body along twice.
    let replay = replay(&pool, body);
    // Boxed where it is made: it is large, and would be moved once more on its way.
    Box::pin(async move {
        match run(&pool, &record, replay).await {
            Ok(answer) => Ok(answer),
            Err((failure, body)) => Err(give_up(&pool, &record, failure, body).await),
        }
    })
}

/// A request on its way to an answer.
pub type Serving = Pin<Box<dyn Future<Output = Result<Response<Body>>>>>;

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
    let _ = record.upstream.set(Rc::clone(&pool.name));
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
    let mut seat = match queue::enter(pool, record, total.as_deref()).await {
        Ok(seat) => seat,
        Err(failure) => return Err((failure, replay)),
    };
    let mut tried = Tried::none(pool.members.len());
    // A second attempt that may add load is not spent on a kept connection, which may be as dead as the first one.
    let (mut again, mut fresh): (Option<usize>, bool) = (None, false);
    let (mut attempts, mut repeats) = (0, 0);
    let (mut wait, mut earlier) = (Wait::default(), None);
    // Without a wait nothing has taken time since the request came: the clock need not be asked again.
    let waited = waited || !record.times.queue.get().is_zero() || !record.attempts.borrow().is_empty();
    let mut began = if waited { Instant::now() } else { record.started };
    loop {
        let index = match again.take().map_or_else(|| pool.choose(record, &tried, began), Choice::Member) {
            Choice::Member(index) => index,
            Choice::Wait => {
                // Boxed for the same reason as in `give_up`.
                seat = match Box::pin(resume(pool, record, (&mut wait, seat), None, total.as_deref())).await {
                    Ok(seat) => seat,
                    Err(failure) => return Err((earlier.unwrap_or(failure), replay)),
                };
                // By now a server may be back that was tried before.
                tried = Tried::none(pool.members.len());
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
        attempts += u32::from(judge::counts(failure.cause, failure.delivered));
        let verdict = judge(&Case {
            cause: failure.cause,
            delivered: failure.delivered,
            idempotent,
            replayable: back.can_rewind(),
            attempts,
            repeats,
            others: tried.others(),
            awake: pool.has_other(&tried, began),
            retry,
            retry_timeouts,
        });
        let (stay, charged) = match verdict {
            Verdict::GiveUp if !hold::holds(pool, &failure) || !back.can_rewind() => return Err((failure, back)),
            Verdict::GiveUp => {
                seat = match Box::pin(resume(pool, record, (&mut wait, seat), Some(failure), total.as_deref())).await {
                    Ok(seat) => seat,
                    Err(failure) => return Err((failure, back)),
                };
                (tried, attempts) = (Tried::none(pool.members.len()), 0);
                replay = back;
                replay.rewind();
                began = Instant::now();
                continue;
            }
            Verdict::Fresh { charged } => (true, charged),
            Verdict::Other { charged } => (false, charged),
        };
        if charged && !pool.budget.withdraw(pool.clock.now()) {
            return Err((failure, back));
        }
        again = stay.then_some(index);
        fresh = stay || charged;
        repeats += u32::from(charged);
        earlier = Some(failure);
        replay = back;
        replay.rewind();
        began = Instant::now();
    }
}

/// Waits for a server, because all are silent or because `failure` says that none is there, and takes a seat again.
async fn resume(
    pool: &Rc<Pool>,
    record: &Record,
    (wait, seat): (&mut Wait, Option<Rc<Seat>>),
    failure: Option<Box<Failure>>,
    total: Option<&Timer>,
) -> Result<Option<Rc<Seat>>> {
    // Who waits occupies nothing.
    drop(seat);
    match failure {
        Some(failure) => wait.for_server(pool, record, failure, total).await?,
        None => wait.for_answers(pool, record, total).await?,
    }
    queue::enter(pool, record, total).await
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
        let spool = Box::pin(Spool::fill(replay, &fastcgi.spool, &timer, total)).await?;
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

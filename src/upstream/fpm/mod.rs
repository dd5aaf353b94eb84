//! What PHP-FPM says of itself: asked when a request has failed for want of an answer or of a process, and now and then
//! where the queue follows it. `attempt` brings the failures; the answer goes into their evidence and to the queue.

mod ask;
mod status;
mod words;

use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Instant};

use futures_util::future::join_all;
use tokio::{
    sync::OnceCell,
    time::{sleep, timeout},
};

pub use self::status::Status;
use self::{ask::Trouble, words::Report};
use super::{Pool, evidence};
use crate::{
    config::settings::{FpmStatus, ServerAddress},
    failure::{Cause, Failure},
    limits,
    socket::Socket,
};

/// The last question to each server, answered or under way, so that many failures ask only once.
#[derive(Default)]
pub struct Inquiries(RefCell<HashMap<usize, (Instant, Inquiry)>>);

/// A question, and what came of it.
type Inquiry = Rc<OnceCell<Report>>;

/// Adds to a failure what PHP-FPM says about how busy it is, where that is to be known and may explain it. Takes no
/// longer than `limits::FPM_STATUS_TIMEOUT`.
pub async fn explain(pool: &Pool, mut failure: Box<Failure>) -> Box<Failure> {
    if page(pool).is_none() || !may_be_busy(failure.cause) {
        return failure;
    }
    let named = |index: &usize| {
        failure.member.as_ref().is_none_or(|label| pool.members.get(*index).is_some_and(|it| it.server.label == *label))
    };
    let concerned: Vec<usize> = (0..pool.members.len()).filter(named).take(limits::EVIDENCE_LISTED).collect();
    let reports = join_all(concerned.iter().map(|index| inquire(pool, *index))).await;
    for (index, report) in concerned.iter().zip(&reports) {
        let Some(report) = report.get() else { continue };
        let whose = match &pool.members[*index].server.label {
            label if reports.len() > 1 => format!(" of {label}"),
            _ => String::new(),
        };
        report.add_to(&mut failure, &whose);
    }
    failure
}

/// The status that PHP-FPM answers at `path`, which is its `ping.path`.
///
/// # Errors
/// In words, why there is none.
pub async fn ping(socket: Socket, path: &str) -> Result<u16, String> {
    match ask::fetch(socket, path).await {
        Ok((status, _)) => Ok(status),
        Err(Trouble::Silent) => Err("nothing came".to_owned()),
        Err(Trouble::Unreachable(what) | Trouble::Other(what)) => Err(what),
    }
}

/// Asks again and again, for the queue; for as long as the worker lives.
pub async fn follow(pool: Rc<Pool>) {
    if page(&pool).is_none() || !pool.roster.queue.learns() {
        return;
    }
    let mut complained = None;
    loop {
        let mut all_told = true;
        for index in 0..pool.members.len() {
            let inquiry = inquire(&pool, index).await;
            let trouble = inquiry.get().and_then(|report| report.outcome.as_ref().err());
            let settled = |report: &Report| report.outcome.as_ref().is_ok_and(Status::is_settled);
            all_told &= inquiry.get().is_some_and(settled) && pool.roster.queue.is_sure(index);
            // That it is down or busy is said by the requests that fail.
            if let Some(Trouble::Other(what)) = trouble
                && complained.as_ref() != Some(what)
            {
                let member = &*pool.members[index].server.label;
                tracing::warn!(upstream = &*pool.name, member, "PHP-FPM does not tell its status: {what}");
                complained = Some(what.clone());
            }
        }
        let pause = if all_told { limits::FPM_STATUS_EVERY } else { limits::FPM_STATUS_AGAIN };
        sleep(pause).await;
    }
}

/// The status page, where one is configured.
fn page(pool: &Pool) -> Option<&FpmStatus> {
    pool.upstream.fastcgi.as_ref()?.status.as_ref()
}

/// Whether a lack of processes can be behind it.
fn may_be_busy(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::ConnectBacklogFull
            | Cause::ConnectTimeout
            | Cause::FcgiOverloaded
            | Cause::ResponseDeadline
            | Cause::ResponseHeaderTimeout
            | Cause::SendWriteTimeout
            | Cause::UpstreamClosedNoResponse
            | Cause::UpstreamConnLimit
            | Cause::UpstreamQueueTimeout
            | Cause::UpstreamResetNoResponse
    )
}

/// What the server says now, or has said a moment ago; empty where somebody else's question takes too long.
async fn inquire(pool: &Pool, index: usize) -> Inquiry {
    let now = Instant::now();
    let inquiry = {
        let mut inquiries = pool.inquiries.0.borrow_mut();
        match inquiries.get(&index) {
            Some((asked, inquiry)) if now.duration_since(*asked) < limits::FPM_STATUS_LIFE => Rc::clone(inquiry),
            _ => {
                let inquiry = Inquiry::default();
                inquiries.insert(index, (now, Rc::clone(&inquiry)));
                inquiry
            }
        }
    };
    // Whoever asked may be gone before the answer; then the next one asks, in what is left of its own time.
    let grace = limits::FPM_STATUS_TIMEOUT + limits::CLOCK_TICK;
    let _ = timeout(grace, inquiry.get_or_init(|| report(pool, index))).await;
    inquiry
}

async fn report(pool: &Pool, index: usize) -> Report {
    let member = &pool.members[index];
    let own = page(pool).is_some_and(|page| page.address.is_none());
    let outcome = match page(pool) {
        Some(page) => ask::ask(&pool.resolver, page, &member.server.address).await,
        None => Err(Trouble::Silent),
    };
    if let Ok((status, true)) = &outcome
        && let Some(limit) = pool.roster.queue.heed((index, pool.members.len()), status)
    {
        tracing::info!(
            upstream = &*pool.name,
            max_in_flight = limit,
            "PHP-FPM told how many requests it serves at once (pm.max_children): so many are sent, the others wait in the gateway"
        );
    }
    let listen = match &member.server.address {
        ServerAddress::Unix(path) => path.to_string_lossy().into_owned(),
        ServerAddress::Socket(address) => address.to_string(),
        ServerAddress::Name { host, port } => format!("{host}:{port}"),
        ServerAddress::Service(name) => name.clone(),
    };
    let outcome = outcome.map(|(status, _)| status);
    Report { own, outcome, lines: evidence::PoolLines::of(&listen) }
}

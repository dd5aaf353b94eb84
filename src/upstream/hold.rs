//! Requests that wait because no server can take them now: none can be connected to (`hold`), or all have fallen silent.
//! Nothing of theirs was delivered; they go on in their order when a server is back, and one that leaves is never sent.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    fmt::Write,
    pin::Pin,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    Pool,
    pulse::Silence,
    queue::{End, Stay},
};
use crate::{
    clock::Timer,
    failure::{Cause, Delivered, Failure, Phase, Result},
    limits,
    message::Record,
};

/// Those of one worker that wait for a server of one upstream.
#[derive(Debug, Default)]
pub struct Line {
    waiting: RefCell<VecDeque<oneshot::Sender<()>>>,
    /// Whether somebody lets them go on.
    pumping: Cell<bool>,
}

/// Where a request joins the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// It came last.
    End,
    /// It has waited before, and it was not yet time to go on.
    Front,
}

impl Line {
    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.borrow().len()
    }

    fn join(&self, at: At) -> Option<oneshot::Receiver<()>> {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() >= limits::HOLD_WAITING {
            waiting.retain(|waiter| !waiter.is_closed());
        }
        if waiting.len() >= limits::HOLD_WAITING {
            return None;
        }
        let (go, going) = oneshot::channel();
        match at {
            At::End => waiting.push_back(go),
            At::Front => waiting.push_front(go),
        }
        Some(going)
    }

    /// Lets the first `most` go on. Those that have left are passed over.
    fn release(&self, most: usize) {
        let mut released = 0;
        while released < most {
            let Some(waiter) = self.waiting.borrow_mut().pop_front() else { return };
            released += usize::from(waiter.send(()).is_ok());
        }
    }
}

/// Whether a request that failed so waits for a server: `hold` allows it, and nothing was delivered because none could be
/// connected to.
#[must_use]
pub fn holds(pool: &Pool, failure: &Failure) -> bool {
    let unreached = matches!(failure.cause.phase(), Phase::Resolve | Phase::Connect);
    !pool.upstream.hold.is_zero() && unreached && failure.delivered == Delivered::No
}

/// How long one request has waited for a server.
#[derive(Debug, Default)]
pub struct Wait {
    /// For answers of servers that are silent.
    silent: Duration,
    /// For a server that can be connected to.
    held: Duration,
    /// Whether it has been in the line before.
    joined: bool,
}

impl Wait {
    /// All servers are silent: waits until it is worth trying again, as long as `queue.timeout` allows.
    ///
    /// # Errors
    /// The wait took too long, too many wait, or the time of the whole request is over.
    pub async fn for_answers(&mut self, pool: &Rc<Pool>, record: &Record, total: Option<&Timer>) -> Result<()> {
        let limit = pool.upstream.queue.timeout;
        shorten(record);
        let (end, took) = self.rejoin(pool, record, limit.saturating_sub(self.silent), total).await;
        self.silent += took;
        match end {
            Some(End::Turn(())) => Ok(()),
            Some(End::Limit) => {
                let waited = format!("waited {}", humantime::format_duration(limit));
                Err(unanswered(pool, Cause::UpstreamQueueTimeout, &waited))
            }
            Some(End::Deadline) => {
                let limit = humantime::format_duration(pool.upstream.timeouts.total.unwrap_or_default()).to_string();
                Err(unanswered(pool, Cause::ResponseDeadline, &format!("no answer after {limit} in all; it waited")))
            }
            None => Err(unanswered(pool, Cause::UpstreamConnLimit, "too many wait")),
        }
    }

    /// An attempt failed for good with a failure that [`holds`]: waits for a server.
    ///
    /// # Errors
    /// `failure`, because the wait took too long.
    pub async fn for_server(
        &mut self,
        pool: &Rc<Pool>,
        record: &Record,
        failure: Box<Failure>,
        total: Option<&Timer>,
    ) -> std::result::Result<(), Box<Failure>> {
        let limit = pool.upstream.hold;
        shorten(record);
        let (end, took) = self.rejoin(pool, record, limit.saturating_sub(self.held), total).await;
        self.held += took;
        let why = match end {
            Some(End::Turn(())) => return Ok(()),
            Some(End::Limit) => format!("held for {}", humantime::format_duration(limit)),
            Some(End::Deadline) => "held until the time of the whole request was over".to_owned(),
            None => format!("not held, because {} wait already", limits::HOLD_WAITING),
        };
        let mut failure = failure;
        failure.evidence = format!("{}; {why}, and no server came back", failure.evidence);
        Err(failure)
    }

    /// How the wait ended, and how long it was; without any time `left` it is over at once.
    async fn rejoin(
        &mut self,
        pool: &Rc<Pool>,
        record: &Record,
        left: Duration,
        total: Option<&Timer>,
    ) -> (Option<End<()>>, Duration) {
        if left.is_zero() {
            return (Some(End::Limit), left);
        }
        let at = if std::mem::replace(&mut self.joined, true) { At::Front } else { At::End };
        let since = Instant::now();
        (pool.wait_for_server(record, at, left, total).await, since.elapsed())
    }
}

/// One line of the log is not to grow with every look.
fn shorten(record: &Record) {
    record.attempts.borrow_mut().truncate(limits::HOLD_ATTEMPTS);
}

/// Nothing was sent, because nobody answers.
fn unanswered(pool: &Pool, cause: Cause, waited: &str) -> Box<Failure> {
    let now = Instant::now();
    let mut evidence = format!("{waited} in the gateway because no server of upstream {} answers", pool.name);
    for member in &pool.members {
        if let Some(Silence { asked, lasts, usual }) = member.standing.pulse.silence(now) {
            let (lasts, usual) = (brief(lasts), brief(usual));
            // Writing to a string cannot fail.
            let _ = write!(
                evidence,
                "; {}: {asked} requests without an answer for {lasts}, which usually takes at most {usual}",
                member.server.label
            );
        }
    }
    Failure::new(cause, evidence).next("look at what holds the servers up: they accept connections and answer nothing")
}

fn brief(time: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)))
}

impl Pool {
    /// Waits for its turn to try again, at most for `limit`, in the line of those for whom there is no server.
    /// `None` where no more may wait.
    pub(super) async fn wait_for_server(
        self: &Rc<Self>,
        record: &Record,
        at: At,
        limit: Duration,
        total: Option<&Timer>,
    ) -> Option<End<()>> {
        let mut going = self.line.join(at)?;
        if !self.line.pumping.replace(true) {
            tokio::task::spawn_local(pump(Rc::clone(self)));
        }
        let stay = Stay::new(record);
        let end = stay
            .until(self, limit, total, |cx| {
                // A line that is gone has no turns to give: trying again shows what is the matter.
                Pin::new(&mut going).poll(cx).map(|_| ())
            })
            .await;
        Some(end)
    }

    /// Whether a server can be connected to and is not silent, as far as is known at `now`.
    fn has_server(&self, now: Instant) -> bool {
        let mut standings = self.roster.standings.iter();
        standings.any(|standing| standing.pulse.is_reachable() && standing.pulse.silence(now).is_none())
    }
}

/// Lets those that wait go on while a server is there: few at first, so that one that has just come back is not run
/// over. While none is there, the first in line goes now and then to see.
async fn pump(pool: Rc<Pool>) {
    let (mut since_back, mut since_scout) = (0, 0);
    loop {
        tokio::time::sleep(limits::HOLD_TICK).await;
        if pool.line.len() == 0 {
            break;
        }
        if pool.has_server(Instant::now()) {
            pool.line.release(share(pool.line.len(), since_back));
            since_back += 1;
        } else {
            since_back = 0;
            since_scout += 1;
            if since_scout % limits::HOLD_SCOUT == 0 {
                pool.line.release(1);
            }
        }
    }
    pool.line.pumping.set(false);
}

/// How many of `waiting` go on in the tick that is `ticks` after a server came back.
fn share(waiting: usize, ticks: usize) -> usize {
    let steady = (waiting / limits::HOLD_SHARE).max(limits::HOLD_LEAST);
    steady.min(limits::HOLD_FIRST + ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_moves_slowly_at_first_and_then_by_its_length() {
        assert_eq!((0..6).map(|ticks| share(1_500, ticks)).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
        assert_eq!(share(1_500, 100), 23);
        assert_eq!(share(3, 100), limits::HOLD_LEAST);
    }

    #[test]
    fn nobody_is_forgotten_and_those_that_left_are_passed_over() {
        let line = Line::default();
        let mut waiting: Vec<_> = (0..4).filter_map(|_| line.join(At::End)).collect();
        let mut front = line.join(At::Front).unwrap();
        drop(waiting.remove(0));
        line.release(2);
        assert_eq!(front.try_recv(), Ok(()));
        assert_eq!(waiting[0].try_recv(), Ok(()), "the one before had left");
        assert!(waiting[1].try_recv().is_err());
        assert_eq!(line.len(), 2);
    }

    #[test]
    fn the_line_has_an_end() {
        let line = Line::default();
        let waiting: Vec<_> = (0..limits::HOLD_WAITING).filter_map(|_| line.join(At::End)).collect();
        assert_eq!(waiting.len(), limits::HOLD_WAITING);
        assert!(line.join(At::End).is_none());
        drop(waiting);
        assert!(line.join(At::End).is_some(), "places of those that left are free again");
    }
}

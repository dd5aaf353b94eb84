//! The queue of one upstream, shared by all workers: so many requests are under way, the others wait, first come first
//! served. `attempt` takes a seat before the first attempt, the exchange holds it until the answer has been read.

mod delay;
mod entrance;
mod learned;
pub mod pace;
mod stay;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use super::fpm::Status;
use delay::Delay;
pub(super) use entrance::enter;
use learned::Learned;
use pace::Pace;
pub(super) use stay::{End, Stay};

use crate::config::settings::{self, MaxInFlight, Priority};

/// One more request under way, in `Queue::count`.
const BUSY: u64 = 1;
/// One more request that waits, in `Queue::count`.
const WAITING: u64 = 1 << u32::BITS;
/// The limit of a queue that is off.
const OFF: u32 = u32::MAX;

/// Who is under way at an upstream and who waits. A free seat costs one atomic operation, a queue that is off a load.
#[derive(Debug)]
pub struct Queue {
    /// Most requests under way, or `OFF`.
    limit: AtomicU32,
    /// Requests that wait above, those under way below, so that both change in one step. While any wait it is only
    /// changed by who holds `line`.
    count: AtomicU64,
    line: Mutex<Line>,
    pace: Pace,
    learned: Mutex<Learned>,
    settings: settings::Queue,
}

/// Those that wait, by ticket.
#[derive(Debug)]
struct Line {
    /// Those of high priority; they are let in before all others.
    urgent: VecDeque<Waiter>,
    waiters: VecDeque<Waiter>,
    next: u64,
    /// When the first one came to wait or was let in last: since then no seat has been given back.
    moved: Instant,
    delay: Delay,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    since: Instant,
    waker: Waker,
}

/// A request's seat at an upstream, given back when dropped.
#[derive(Debug)]
pub struct Seat {
    queue: Arc<Queue>,
    since: Instant,
}

/// A place in the line, given up when dropped.
#[derive(Debug)]
pub struct Waiting {
    queue: Arc<Queue>,
    ticket: u64,
    priority: Priority,
    /// How many had their turn before it.
    ahead: u32,
    seated: bool,
}

/// What a request finds at a queue without a free seat.
#[derive(Debug)]
pub enum Found {
    /// A seat after all.
    Seat(Seat),
    /// A place in the line.
    Place(Waiting),
    /// No more may wait.
    Full(Crowd),
    /// The line has been long for long, and the wait in it would be.
    Overloaded(Crowd),
}

/// How busy an upstream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowd {
    /// Requests under way.
    pub busy: u32,
    /// Requests that wait.
    pub waiting: u32,
    /// Most that may be under way.
    pub limit: u32,
    /// How long a request has recently held its seat; `None` while none was given back yet.
    pub mean: Option<Duration>,
    /// For how long no seat was given back although somebody waited.
    pub stalled: Duration,
}

impl Queue {
    /// A queue in which nobody is yet.
    #[must_use]
    pub fn new(settings: settings::Queue) -> Arc<Self> {
        Arc::new(Self {
            limit: AtomicU32::new(match settings.max_in_flight {
                MaxInFlight::Most(most) => most,
                MaxInFlight::Auto | MaxInFlight::Off => OFF,
            }),
            count: AtomicU64::new(0),
            line: Mutex::new(Line::new(settings.timeout)),
            pace: Pace::default(),
            learned: Mutex::default(),
            settings,
        })
    }

    /// Sets how many requests may be under way, at least one; `None` is without limit. Where the limit grows, the first that wait are
    /// let in; where it shrinks, those under way stay. What came while there was no limit is not counted.
    pub fn set_limit(&self, limit: Option<u32>) {
        self.limit.store(limit.map_or(OFF, |limit| limit.max(1)), Ordering::Release);
        self.let_in();
    }

    /// Whether the limit is to be learned from what PHP-FPM says of itself.
    #[must_use]
    pub fn learns(&self) -> bool {
        self.settings.max_in_flight == MaxInFlight::Auto
    }

    /// Takes to heart what server `member` of `members` says of its processes; the limit, where that changed it.
    pub fn heed(&self, (member, members): (usize, usize), status: &Status) -> Option<u32> {
        if !self.learns() {
            return None;
        }
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = learned.hear((member, members), status)?;
        let changed = self.limit.load(Ordering::Acquire) != limit;
        if changed {
            self.set_limit(Some(limit));
        }
        changed.then_some(limit)
    }

    /// Whether server `member` need not be asked soon again for its processes.
    #[must_use]
    pub fn is_sure(&self, member: usize) -> bool {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner).is_sure(member)
    }

    /// Whether there is a limit.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.limit.load(Ordering::Acquire) != OFF
    }

    /// Takes a free seat, if nobody waits for one.
    #[must_use]
    pub fn take(self: &Arc<Self>) -> Option<Seat> {
        let limit = self.limit.load(Ordering::Acquire);
        let taken = self.count.fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| {
            (waiting(count) == 0 && busy(count) < limit).then_some(count + BUSY)
        });
        taken.is_ok().then(|| self.seat())
    }

    /// Takes a place in the line, where there was no free seat. High priority has its place before all others, and as many
    /// places of its own as there are for the others.
    #[must_use]
    pub fn line_up(self: &Arc<Self>, priority: Priority) -> Found {
        let mut line = self.line();
        let now = Instant::now();
        if priority == Priority::Normal && !line.is_empty() {
            let crowd = self.crowd(&line);
            let (expected, mean) = (crowd.expected(), crowd.mean.unwrap_or_default());
            if expected.is_some_and(|expected| line.delay.turns_away(expected, mean, now)) {
                return Found::Overloaded(crowd);
            }
        }
        let limit = self.limit.load(Ordering::Acquire);
        let urgent = u32::try_from(line.urgent.len()).unwrap_or(u32::MAX);
        let joined = self.count.fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| {
            if waiting(count) == 0 && busy(count) < limit {
                return Some(count + BUSY);
            }
            let before = match priority {
                Priority::High => urgent,
                Priority::Normal => waiting(count) - urgent,
            };
            (before < self.settings.max_waiting).then_some(count + WAITING)
        });
        match joined {
            Ok(before) if waiting(before) == 0 && busy(before) < limit => Found::Seat(self.seat()),
            Ok(before) => {
                let ticket = line.next;
                line.next += 1;
                if line.is_empty() {
                    line.moved = now;
                }
                line.of(priority).push_back(Waiter { ticket, since: now, waker: Waker::noop().clone() });
                let ahead = if priority == Priority::High { urgent } else { waiting(before) };
                Found::Place(Waiting { queue: Arc::clone(self), ticket, priority, ahead, seated: false })
            }
            Err(_) => Found::Full(self.crowd(&line)),
        }
    }

    fn seat(self: &Arc<Self>) -> Seat {
        Seat { queue: Arc::clone(self), since: Instant::now() }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // Nothing in here can panic between two changes that belong together.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat is free again.
    fn give_back(&self) {
        let left = self
            .count
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| (waiting(count) == 0).then(|| count - BUSY));
        if left.is_err() {
            let line = self.line();
            self.count.fetch_sub(BUSY, Ordering::AcqRel);
            drop(line);
            self.let_in();
        }
    }

    /// Gives free seats to those that wait, in their order. They are woken without the lock, whatever waking does.
    fn let_in(&self) {
        while let Some(waiter) = self.next() {
            waiter.waker.wake();
        }
    }

    /// Gives a free seat to the first that waits.
    fn next(&self) -> Option<Waiter> {
        let mut line = self.line();
        if busy(self.count.load(Ordering::Acquire)) >= self.limit.load(Ordering::Acquire) {
            return None;
        }
        let waiter = line.pop()?;
        self.count.fetch_sub(WAITING - BUSY, Ordering::AcqRel);
        Some(waiter)
    }

    fn crowd(&self, line: &Line) -> Crowd {
        let count = self.count.load(Ordering::Acquire);
        let stalled = if line.is_empty() { Duration::ZERO } else { line.moved.elapsed() };
        Crowd {
            busy: busy(count),
            waiting: waiting(count),
            limit: self.limit.load(Ordering::Acquire),
            mean: self.pace.mean(),
            stalled,
        }
    }
}

impl Crowd {
    /// How long the next request would wait for its seat; `None` where nothing is known.
    fn expected(&self) -> Option<Duration> {
        pace::expected(self.mean?, self.stalled, self.waiting, self.limit)
    }

    /// The same in whole seconds; `None` where nothing is known.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        pace::wait(self.mean?, self.stalled, self.waiting, self.limit)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.queue.pace.held(self.since.elapsed());
        self.queue.give_back();
    }
}

impl Waiting {
    /// Ready with the seat when it is this one's turn.
    pub fn poll_seat(&mut self, cx: &mut Context<'_>) -> Poll<Seat> {
        let mut line = self.queue.line();
        if let Some(waiter) = line.find(self.ticket, self.priority) {
            waiter.waker.clone_from(cx.waker());
            return Poll::Pending;
        }
        drop(line);
        self.seated = true;
        Poll::Ready(self.queue.seat())
    }

    /// How many had their turn before it when it came.
    #[must_use]
    pub fn ahead(&self) -> u32 {
        self.ahead
    }

    /// Gives the place up; what is left is how busy the upstream is without it.
    #[must_use]
    pub fn leave(self) -> Crowd {
        let crowd = self.queue.crowd(&self.queue.line());
        Crowd { waiting: crowd.waiting.saturating_sub(1), ..crowd }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.seated {
            return;
        }
        let mut line = self.queue.line();
        if line.leave(self.ticket, self.priority) {
            self.queue.count.fetch_sub(WAITING, Ordering::AcqRel);
        } else {
            // It was let in and never heard of it.
            drop(line);
            self.queue.give_back();
        }
    }
}

impl Line {
    fn new(timeout: Duration) -> Self {
        Self {
            urgent: VecDeque::new(),
            waiters: VecDeque::new(),
            next: 0,
            moved: Instant::now(),
            delay: Delay::new(timeout),
        }
    }

    fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.waiters.is_empty()
    }

    fn of(&mut self, priority: Priority) -> &mut VecDeque<Waiter> {
        match priority {
            Priority::High => &mut self.urgent,
            Priority::Normal => &mut self.waiters,
        }
    }

    fn find(&mut self, ticket: u64, priority: Priority) -> Option<&mut Waiter> {
        let waiters = self.of(priority);
        let at = waiters.binary_search_by_key(&ticket, |waiter| waiter.ticket).ok()?;
        waiters.get_mut(at)
    }

    /// Takes out whose turn it is.
    fn pop(&mut self) -> Option<Waiter> {
        let urgent = self.urgent.pop_front();
        let is_urgent = urgent.is_some();
        let waiter = urgent.or_else(|| self.waiters.pop_front())?;
        self.moved = Instant::now();
        self.delay.let_in();
        // Those of high priority wait less than the others: their waits say nothing about the line.
        self.gone((!is_urgent).then_some(waiter.since), self.moved);
        Some(waiter)
    }

    /// Takes out who leaves; whether it was still there.
    fn leave(&mut self, ticket: u64, priority: Priority) -> bool {
        let waiters = self.of(priority);
        let Ok(at) = waiters.binary_search_by_key(&ticket, |waiter| waiter.ticket) else { return false };
        let since = waiters.remove(at).map(|waiter| waiter.since).filter(|_| priority == Priority::Normal);
        let now = Instant::now();
        // Who leaves early would have waited longer: a short stay is no good wait.
        let since = since.filter(|since| self.delay.is_long(now.saturating_duration_since(*since)));
        self.gone(since, now);
        true
    }

    fn gone(&mut self, since: Option<Instant>, now: Instant) {
        if let Some(since) = since {
            self.delay.waited(now.saturating_duration_since(since), now);
        }
        if self.is_empty() {
            self.delay.ran_empty();
        }
    }
}

fn busy(count: u64) -> u32 {
    u32::try_from(count % WAITING).unwrap_or(u32::MAX)
}

fn waiting(count: u64) -> u32 {
    u32::try_from(count / WAITING).unwrap_or(u32::MAX)
}

//! The queue of one upstream, shared by all workers: so many requests are under way, the others wait, first come first
//! served. `attempt` takes a seat before the first attempt, the exchange holds it until the answer has been read.

mod entrance;
mod learned;
pub mod pace;
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
pub(super) use entrance::enter;
use learned::Learned;
use pace::Pace;

use crate::config::settings::{self, MaxInFlight};

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
    waiters: VecDeque<Waiter>,
    next: u64,
    /// When the first one came to wait or was let in last: since then no seat has been given back.
    moved: Instant,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
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
    /// How many waited before.
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
            line: Mutex::new(Line { waiters: VecDeque::new(), next: 0, moved: Instant::now() }),
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

    /// Takes a place in the line, where there was no free seat.
    #[must_use]
    pub fn line_up(self: &Arc<Self>) -> Found {
        let mut line = self.line();
        let limit = self.limit.load(Ordering::Acquire);
        let joined = self.count.fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| {
            if waiting(count) == 0 && busy(count) < limit {
                Some(count + BUSY)
            } else {
                (waiting(count) < self.settings.max_waiting).then_some(count + WAITING)
            }
        });
        match joined {
            Ok(before) if waiting(before) == 0 && busy(before) < limit => Found::Seat(self.seat()),
            Ok(before) => {
                let ticket = line.next;
                line.next += 1;
                if line.waiters.is_empty() {
                    line.moved = Instant::now();
                }
                line.waiters.push_back(Waiter { ticket, waker: Waker::noop().clone() });
                Found::Place(Waiting { queue: Arc::clone(self), ticket, ahead: waiting(before), seated: false })
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
        let waiter = line.waiters.pop_front()?;
        line.moved = Instant::now();
        self.count.fetch_sub(WAITING - BUSY, Ordering::AcqRel);
        Some(waiter)
    }

    fn crowd(&self, line: &Line) -> Crowd {
        let count = self.count.load(Ordering::Acquire);
        let stalled = if line.waiters.is_empty() { Duration::ZERO } else { line.moved.elapsed() };
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
    /// How long the next request would wait for its seat, in whole seconds; `None` where nothing is known.
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
        if let Some(at) = line.find(self.ticket) {
            line.waiters[at].waker.clone_from(cx.waker());
            return Poll::Pending;
        }
        drop(line);
        self.seated = true;
        Poll::Ready(self.queue.seat())
    }

    /// How many waited before.
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
        if let Some(at) = line.find(self.ticket) {
            line.waiters.remove(at);
            self.queue.count.fetch_sub(WAITING, Ordering::AcqRel);
        } else {
            // It was let in and never heard of it.
            drop(line);
            self.queue.give_back();
        }
    }
}

impl Line {
    fn find(&self, ticket: u64) -> Option<usize> {
        self.waiters.binary_search_by_key(&ticket, |waiter| waiter.ticket).ok()
    }
}

fn busy(count: u64) -> u32 {
    u32::try_from(count % WAITING).unwrap_or(u32::MAX)
}

fn waiting(count: u64) -> u32 {
    u32::try_from(count / WAITING).unwrap_or(u32::MAX)
}

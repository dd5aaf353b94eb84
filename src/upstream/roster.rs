//! The servers of one upstream as all workers see them: who waits for a seat, what is under way at each, how it does.
//! Made once per process; each worker's `Pool` holds the same roster beside members and connections of its own.

pub mod form;

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use form::Form;

use super::{health::Ward, pulse::Pulse, queue::Queue, resolve::Ledger, stale::Store};
use crate::{config::settings, failure::Cause};

/// What all workers share about one upstream.
#[derive(Debug)]
pub struct Roster {
    /// Who waits until the upstream has room.
    pub queue: Arc<Queue>,
    /// Which of its servers work.
    pub health: Ward,
    /// In the order of `servers`.
    pub standings: Box<[Arc<Standing>]>,
    /// Where the names of its servers lead to.
    pub names: Arc<Ledger>,
    /// Earlier answers that may stand in for it.
    pub stale: Option<Arc<Store>>,
}

/// How one server stands, over all workers.
#[derive(Debug)]
pub struct Standing {
    /// Whether it answers at all.
    pub pulse: Pulse,
    /// How it has done lately.
    pub form: Form,
    under_way: AtomicU32,
    ejected: AtomicBool,
    /// Whether something is held against it, so that successes have to be reported.
    troubled: AtomicBool,
    /// Whether the next request is its trial.
    on_trial: AtomicBool,
    /// The roster it belongs to, and its place there.
    place: (Weak<Roster>, usize),
    epoch: Instant,
    /// Nanoseconds since the epoch, or `NEVER`.
    restored: AtomicU64,
}

const NEVER: u64 = u64::MAX;

impl Default for Standing {
    fn default() -> Self {
        let epoch = Instant::now();
        Self {
            pulse: Pulse::default(),
            form: Form::new(epoch),
            under_way: AtomicU32::default(),
            ejected: AtomicBool::default(),
            troubled: AtomicBool::default(),
            on_trial: AtomicBool::default(),
            place: (Weak::new(), 0),
            epoch,
            restored: AtomicU64::new(NEVER),
        }
    }
}

/// A request under way at a server; over when dropped.
#[derive(Debug)]
pub struct UnderWay {
    standing: Arc<Standing>,
}

impl Roster {
    /// A roster at the start of the gateway: nothing is under way.
    #[must_use]
    pub fn new(upstream: &settings::Upstream) -> Arc<Self> {
        Arc::new_cyclic(|roster| Self {
            queue: Queue::new(upstream.queue),
            health: Ward::new(upstream),
            standings: (0..upstream.servers.len())
                .map(|index| Arc::new(Standing { place: (Weak::clone(roster), index), ..Standing::default() }))
                .collect(),
            names: Arc::default(),
            stale: upstream.stale_if_error.map(Store::new),
        })
    }
}

impl Standing {
    /// Requests under way: an attempt counts from the moment that the server was picked until its answer has been read.
    #[must_use]
    pub fn under_way(&self) -> u32 {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Counts a request until what is returned is dropped.
    #[must_use]
    pub fn count(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        if self.on_trial.load(Ordering::Relaxed) {
            self.report(|roster, index| roster.health.picked(&roster.standings, index, Instant::now()));
        }
        UnderWay { standing: Arc::clone(self) }
    }

    /// Whether others are to be preferred until it is restored. It is still asked when no other is left.
    #[must_use]
    pub fn is_ejected(&self) -> bool {
        self.ejected.load(Ordering::Relaxed)
    }

    /// Prefers others from now on.
    pub fn eject(&self) {
        self.ejected.store(true, Ordering::Relaxed);
    }

    /// Takes it back, at `now`.
    pub fn restore(&self, now: Instant) {
        let since = now.saturating_duration_since(self.epoch).as_nanos();
        self.restored.store(u64::try_from(since).unwrap_or(NEVER), Ordering::Relaxed);
        self.ejected.store(false, Ordering::Relaxed);
    }

    /// Stops preferring others, though it is not known to work: it is on trial, or no other one is better.
    pub fn readmit(&self) {
        self.ejected.store(false, Ordering::Relaxed);
    }

    /// Says what has to be reported from now on: successes, and the next request.
    pub fn watch(&self, troubled: bool, on_trial: bool) {
        self.troubled.store(troubled, Ordering::Relaxed);
        self.on_trial.store(on_trial, Ordering::Relaxed);
    }

    /// A request that began at `began` failed at `now` for `cause`, which was this server's own.
    pub fn failed(&self, cause: Cause, began: Instant, now: Instant) {
        self.report(|roster, index| roster.health.failed(&roster.standings, index, cause, (began, now)));
    }

    /// A request that began at `began` was answered at `now`. Costs a load where nothing is held against the server.
    pub fn succeeded(&self, began: Instant, now: Instant) {
        if self.troubled.load(Ordering::Relaxed) {
            self.report(|roster, index| roster.health.succeeded(&roster.standings, index, (began, now)));
        }
    }

    fn report(&self, event: impl FnOnce(&Roster, usize)) {
        let (roster, index) = &self.place;
        if let Some(roster) = roster.upgrade() {
            event(&roster, *index);
        }
    }

    /// When it was taken back last.
    #[must_use]
    pub fn restored(&self) -> Option<Instant> {
        let since = self.restored.load(Ordering::Relaxed);
        (since != NEVER).then(|| self.epoch + Duration::from_nanos(since))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.standing.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_was_ejected_is_taken_back_at_an_instant() {
        let standing = Standing::default();
        assert!(!standing.is_ejected() && standing.restored().is_none());
        standing.eject();
        assert!(standing.is_ejected());
        let now = Instant::now();
        standing.restore(now);
        assert_eq!((standing.is_ejected(), standing.restored()), (false, Some(now)));
    }

    #[test]
    fn a_request_is_under_way_until_its_count_is_dropped() {
        let standing = Arc::<Standing>::default();
        let (first, second) = (standing.count(), standing.count());
        assert_eq!(standing.under_way(), 2);
        drop(first);
        assert_eq!(standing.under_way(), 1);
        drop(second);
        assert_eq!(standing.under_way(), 0);
    }
}

//! The worker's coarse clock: arming a deadline is a store, an expired one wakes its task.
//! One tick serves every deadline of the worker; it sleeps while none is armed.

mod wall;

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

pub use self::wall::Wall;
use crate::limits;

/// A point in time, in milliseconds since the clock's start.
type Millis = u64;

/// Never: what a deadline that is not armed holds.
const NEVER: Millis = Millis::MAX;

/// One worker's clock. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Rc<Inner>);

struct Inner {
    /// The time of the last tick.
    now: Cell<Millis>,
    /// No armed deadline lies before this.
    earliest: Cell<Millis>,
    slots: RefCell<Slots>,
    /// Rung when the first deadline is armed.
    bell: Notify,
    wall: Wall,
}

#[derive(Default)]
struct Slots {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

struct Slot {
    at: Millis,
    waker: Option<Waker>,
}

/// One deadline. It never fires early, and at most two ticks late.
///
/// The clock does not count time in which the worker did not run at all (a stopped process, a paused machine): what it
/// could not read in time is nobody's delay but its own.
pub struct Timer {
    clock: Rc<Inner>,
    key: usize,
}

impl Clock {
    /// A clock that starts now. It moves while somebody polls [`Clock::run`].
    #[must_use]
    pub fn new() -> Self {
        Self(Rc::new(Inner {
            now: Cell::new(0),
            earliest: Cell::new(NEVER),
            slots: RefCell::default(),
            bell: Notify::new(),
            wall: Wall::new(),
        }))
    }

    /// A new deadline, not armed.
    #[must_use]
    pub fn timer(&self) -> Timer {
        let mut slots = self.0.slots.borrow_mut();
        let slot = Slot { at: NEVER, waker: None };
        let key = if let Some(key) = slots.free.pop() {
            slots.slots[key] = slot;
            key
        } else {
            slots.slots.push(slot);
            slots.slots.len() - 1
        };
        Timer { clock: Rc::clone(&self.0), key }
    }

    /// The time since the clock's start, as exact as its last tick. It stands still while no deadline is armed.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_millis(self.0.now.get())
    }

    /// The time of day.
    #[must_use]
    pub fn wall(&self) -> &Wall {
        &self.0.wall
    }

    /// Moves the clock; never returns.
    pub async fn run(&self) {
        loop {
            if self.0.earliest.get() == NEVER {
                self.0.bell.notified().await;
            }
            let since = Instant::now();
            tokio::time::sleep(limits::CLOCK_TICK).await;
            self.advance(since.elapsed().min(limits::CLOCK_STEP));
        }
    }

    /// Moves the clock by `step` and wakes what expired.
    fn advance(&self, step: Duration) {
        let now = self.0.now.get() + millis(step);
        self.0.now.set(now);
        if self.0.earliest.get() > now {
            return;
        }
        let mut due = Vec::new();
        let mut earliest = NEVER;
        for slot in &mut self.0.slots.borrow_mut().slots {
            if slot.at <= now {
                due.extend(slot.waker.take());
            } else {
                earliest = earliest.min(slot.at);
            }
        }
        self.0.earliest.set(earliest);
        due.into_iter().for_each(Waker::wake);
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Timer {
    /// Fires `after` from now; `None` disarms.
    pub fn arm(&self, after: Option<Duration>) {
        let Some(after) = after else { return self.disarm() };
        let idle = self.clock.earliest.get() == NEVER;
        // The clock lags by up to one tick: adding one keeps a deadline from firing early.
        let at = self.clock.now.get() + millis(after) + millis(limits::CLOCK_TICK);
        self.clock.slots.borrow_mut().slots[self.key].at = at;
        if at < self.clock.earliest.get() {
            self.clock.earliest.set(at);
            if idle {
                self.clock.bell.notify_one();
            }
        }
    }

    /// Does not fire until armed again.
    pub fn disarm(&self) {
        self.clock.slots.borrow_mut().slots[self.key].at = NEVER;
    }

    /// Whether it is armed, expired or not.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.clock.slots.borrow().slots[self.key].at != NEVER
    }

    /// Ready once it has expired; registers the task otherwise.
    pub fn poll_expired(&self, cx: &mut Context<'_>) -> Poll<()> {
        let slot = &mut self.clock.slots.borrow_mut().slots[self.key];
        if slot.at <= self.clock.now.get() {
            return Poll::Ready(());
        }
        if slot.at != NEVER {
            match &mut slot.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
        }
        Poll::Pending
    }

    /// Completes once it has expired.
    pub async fn expired(&self) {
        poll_fn(|cx| {
            let slot_armed = self.is_armed();
            let state = self.poll_expired(cx);
            if !slot_armed {
                self.clock.slots.borrow_mut().slots[self.key].waker = Some(cx.waker().clone());
            }
            state
        })
        .await;
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let mut slots = self.clock.slots.borrow_mut();
        slots.slots[self.key] = Slot { at: NEVER, waker: None };
        slots.free.push(self.key);
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(NEVER / 2)
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::Wake,
    };

    use super::*;

    #[derive(Default)]
    struct Rung(AtomicUsize);

    impl Wake for Rung {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_deadline_wakes_its_task_once_and_never_early() {
        let clock = Clock::new();
        let timer = clock.timer();
        let rung = Arc::new(Rung::default());
        let waker = Waker::from(Arc::clone(&rung));
        let cx = &mut Context::from_waker(&waker);
        timer.arm(Some(Duration::from_millis(200)));
        assert!(timer.poll_expired(cx).is_pending());
        clock.advance(Duration::from_millis(199));
        assert!(timer.poll_expired(cx).is_pending());
        clock.advance(Duration::from_millis(101));
        assert_eq!(rung.0.load(Ordering::Relaxed), 1);
        assert!(timer.poll_expired(cx).is_ready());
    }

    #[test]
    fn a_deadline_that_was_moved_or_disarmed_does_not_fire() {
        let clock = Clock::new();
        let (moved, off) = (clock.timer(), clock.timer());
        let cx = &mut Context::from_waker(Waker::noop());
        moved.arm(Some(Duration::from_millis(100)));
        off.arm(Some(Duration::from_millis(100)));
        moved.arm(Some(Duration::from_secs(5)));
        off.disarm();
        clock.advance(Duration::from_secs(1));
        assert!(moved.poll_expired(cx).is_pending());
        assert!(off.poll_expired(cx).is_pending());
        clock.advance(Duration::from_secs(5));
        assert!(moved.poll_expired(cx).is_ready());
    }

    #[test]
    fn a_dropped_deadline_gives_its_place_to_the_next() {
        let clock = Clock::new();
        let first = clock.timer();
        let key = first.key;
        first.arm(Some(Duration::ZERO));
        drop(first);
        let second = clock.timer();
        assert_eq!(second.key, key);
        clock.advance(Duration::from_secs(1));
        assert!(!second.is_armed());
    }
}

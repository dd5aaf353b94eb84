//! Stopping: first no new requests, then, when the grace is over, no old ones either.
//! The control thread tells the workers; each wakes what sits on it.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// How far the stopping has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Not stopping.
    Running,
    /// What is under way may end, nothing new begins.
    Draining,
    /// Everything ends now.
    Over,
}

/// One worker's stopping. Cheap to clone.
#[derive(Clone)]
pub struct Drain(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    stage: Cell<Stage>,
    /// Who sits here and wants to be woken; a free seat holds `None`.
    seats: RefCell<Vec<Option<Waker>>>,
    free: RefCell<Vec<usize>>,
    /// Connections that are open.
    busy: Cell<usize>,
    /// Who waits until none is.
    empty: RefCell<Option<Waker>>,
}

/// A task that is to be woken when the stage changes.
pub struct Seat {
    drain: Rc<Inner>,
    place: usize,
    registered: bool,
}

/// A connection that the stopping waits for.
#[derive(Debug)]
pub struct Busy(Rc<Inner>);

impl Drain {
    /// Not stopping.
    #[must_use]
    pub fn new() -> Self {
        Self(Rc::new(Inner {
            stage: Cell::new(Stage::Running),
            seats: RefCell::default(),
            free: RefCell::default(),
            busy: Cell::new(0),
            empty: RefCell::default(),
        }))
    }

    /// Goes on to `stage` and wakes everybody.
    pub fn advance(&self, stage: Stage) {
        self.0.stage.set(self.0.stage.get().max(stage));
        let wakers: Vec<Waker> = self.0.seats.borrow().iter().flatten().cloned().collect();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether nothing new begins.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.stage.get() >= Stage::Draining
    }

    /// Whether everything ends now.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.stage.get() == Stage::Over
    }

    /// A place for a task.
    #[must_use]
    pub fn seat(&self) -> Seat {
        let mut seats = self.0.seats.borrow_mut();
        let place = self.0.free.borrow_mut().pop().unwrap_or_else(|| {
            seats.push(None);
            seats.len() - 1
        });
        Seat { drain: Rc::clone(&self.0), place, registered: false }
    }

    /// Counts a connection until the guard is dropped.
    #[must_use]
    pub fn busy(&self) -> Busy {
        self.0.busy.set(self.0.busy.get() + 1);
        Busy(Rc::clone(&self.0))
    }

    /// Completes when nothing new begins.
    pub async fn started(&self) {
        let mut seat = self.seat();
        poll_fn(|cx| {
            seat.register(cx);
            if self.is_draining() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Completes when no connection is open.
    pub async fn empty(&self) {
        poll_fn(|cx| {
            if self.0.busy.get() == 0 {
                return Poll::Ready(());
            }
            *self.0.empty.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self::new()
    }
}

impl Seat {
    /// Wakes the task of `cx` when the stage changes. The first call counts: a task keeps its waker.
    pub fn register(&mut self, cx: &Context<'_>) {
        if !std::mem::replace(&mut self.registered, true) {
            self.drain.seats.borrow_mut()[self.place] = Some(cx.waker().clone());
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.drain.seats.borrow_mut()[self.place] = None;
        self.drain.free.borrow_mut().push(self.place);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.set(self.0.busy.get() - 1);
        if self.0.busy.get() == 0
            && let Some(waker) = self.0.empty.borrow_mut().take()
        {
            waker.wake();
        }
    }
}

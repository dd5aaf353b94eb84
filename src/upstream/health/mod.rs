//! Which servers of an upstream work, found out by requests and by checks: the ward of all its servers over all workers.
//! Attempts and `probe` report here; `choice` reads the result, one flag a server; what follows from what is in `state`.

pub mod admission;
mod blame;
pub mod checks;
pub mod probe;
mod requests;
pub mod state;
#[cfg(test)]
mod tests;
mod window;
mod words;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

pub use self::blame::is_own;
use self::{
    state::{Change, State},
    words::Left,
};
use super::roster::Standing;
use crate::{
    config::settings::{self, AllDown},
    failure::Cause,
};
use tokio::sync::Notify;

/// How the servers of one upstream stand. Its lock is taken when a request fails, when a check is over, and for servers
/// that something is held against; never for a request that goes well at a server that does well.
#[derive(Debug)]
pub struct Ward {
    upstream: Arc<str>,
    members: Box<[Arc<str>]>,
    all_down: AllDown,
    states: Mutex<Box<[State]>>,
    /// Rung when an ejection begins or ends.
    bells: Box<[Notify]>,
}

impl Ward {
    /// All servers are in use.
    #[must_use]
    pub fn new(upstream: &settings::Upstream) -> Self {
        let now = Instant::now();
        Self {
            upstream: upstream.name.as_str().into(),
            members: upstream.servers.iter().map(|server| Arc::clone(&server.label)).collect(),
            all_down: upstream.health.all_down,
            states: Mutex::new(upstream.servers.iter().map(|_| State::new(&upstream.health, now)).collect()),
            bells: upstream.servers.iter().map(|_| Notify::new()).collect(),
        }
    }

    /// A request at server `index` failed for `cause`, which was its own.
    pub fn failed(&self, standings: &[Arc<Standing>], index: usize, cause: Cause, span: (Instant, Instant)) {
        if self.members.len() == 1 && self.all_down == AllDown::Try {
            // Nothing follows from it.
            return;
        }
        let mut states = self.states();
        let others = states.iter().enumerate().any(|(other, state)| other != index && !state.is_out());
        let last = !others && self.all_down == AllDown::Try;
        self.change(&mut states, standings, (index, span.1), |state| state.failed(cause, span, last));
    }

    /// A request at server `index`, which something is held against, was answered.
    pub fn succeeded(&self, standings: &[Arc<Standing>], index: usize, span: (Instant, Instant)) {
        self.change(&mut self.states(), standings, (index, span.1), |state| state.succeeded(span));
    }

    /// A request goes to server `index`, which is on trial.
    pub fn picked(&self, standings: &[Arc<Standing>], index: usize, now: Instant) {
        self.change(&mut self.states(), standings, (index, now), |state| {
            state.picked(now);
            None
        });
    }

    /// A check of server `index` came to its end; the next one is due at `next`.
    fn checked(
        &self,
        standings: &[Arc<Standing>],
        index: usize,
        outcome: Result<(), String>,
        (now, next): (Instant, Instant),
    ) {
        self.change(&mut self.states(), standings, (index, now), |state| state.checked(outcome, now, next));
    }

    /// Lets the time do what it does to server `index`.
    fn tick(&self, standings: &[Arc<Standing>], index: usize, now: Instant) {
        self.change(&mut self.states(), standings, (index, now), |state| state.tick(now));
    }

    /// Whether server `index` is ejected because nobody could connect to it.
    fn is_away(&self, index: usize) -> bool {
        self.states().get(index).is_some_and(State::is_away)
    }

    /// Server `index` can be connected to.
    fn reached(&self, standings: &[Arc<Standing>], index: usize, now: Instant) {
        self.change(&mut self.states(), standings, (index, now), |state| state.reached(now));
    }

    /// When that is to be done next.
    fn due(&self, index: usize) -> Option<Instant> {
        self.states().get(index)?.due()
    }

    /// Changes the state of one server and all that follows from it: everybody's flags, a line of the log, the alarm.
    fn change(
        &self,
        states: &mut [State],
        standings: &[Arc<Standing>],
        (index, now): (usize, Instant),
        event: impl FnOnce(&mut State) -> Option<Change>,
    ) {
        let Some(state) = states.get_mut(index) else { return };
        let (before, due) = (state.word(), state.due());
        let change = event(state);
        let (after, moved) = (state.word(), state.due() != due);
        // Where nobody is in use nobody is worse than the others, and keeping them from being asked would be an outage of
        // our own making.
        let left = match self.all_down {
            _ if !states.iter().all(State::is_out) => Left::Others,
            AllDown::Try => Left::NoBetter,
            AllDown::Refuse => Left::Nobody,
        };
        for (state, standing) in states.iter().zip(standings) {
            let back = matches!(change, Some(Change::Restored(_) | Change::RestoredByChecks(..) | Change::Up(..)));
            match (state.is_out() && left != Left::NoBetter, standing.is_ejected()) {
                (true, false) => standing.eject(),
                (false, true) if back => standing.restore(now),
                (false, true) => standing.readmit(),
                _ => {}
            }
            standing.watch(state.is_troubled(now), state.is_on_trial());
        }
        if let Some(change) = change {
            words::tell((&self.upstream, &self.members[index]), (before, after), &change, left, now);
        }
        if moved && let Some(bell) = self.bells.get(index) {
            bell.notify_one();
        }
    }

    fn states(&self) -> MutexGuard<'_, Box<[State]>> {
        // A state is whole between any two of its steps.
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The health of one server: what requests have found out and what checks say, together; a pure state machine.
//! The ward in `super` feeds it with what happens and carries out what comes back; the time is always an argument.

use std::time::{Duration, Instant};

use super::{
    checks::{Bad, Checks},
    requests::Requests,
    window::{Kind, Verdict},
};
use crate::{config::settings::Health, failure::Cause};

/// How a server stands.
#[derive(Debug)]
pub struct State {
    /// `None` where requests say nothing.
    requests: Option<Requests>,
    /// `None` where nobody asks.
    checks: Option<Checks>,
}

/// What has changed, with the evidence for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Ejected for so long.
    Ejected(Verdict, Vec<Kind>, Duration),
    /// Steady failures, but no other server is in use: it stays.
    Spared(Verdict, Vec<Kind>),
    /// The time of the ejection is over, or it can be connected to again: one request tries it.
    Trial,
    /// That request failed: ejected again, for so long.
    TrialFailed(Cause, Duration),
    /// A request went well, so long after the first ejection.
    Restored(Duration),
    /// So many checks went well that contradict the ejection, so long after it.
    RestoredByChecks(u32, Duration),
    /// Checks went wrong: it is down.
    Down(Bad),
    /// So many checks in a row went well; it was down so long.
    Up(u32, Duration),
    /// The first check of all went well.
    FirstPassed,
}

/// Why a server is not in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outage {
    /// Ejected for these failures.
    Ejected(Vec<Kind>),
    /// Down by its checks.
    Down(Bad),
}

impl State {
    /// A server that nothing is known of at `now`: in use.
    #[must_use]
    pub fn new(rules: &Health, now: Instant) -> Self {
        Self {
            requests: rules.passive.map(|rules| Requests::new(rules, now)),
            checks: rules.active.as_ref().map(Checks::new),
        }
    }

    /// A request that began at the first instant failed at the second, by the server's own fault. `last` says that no
    /// other server is in use: then it is not ejected.
    pub fn failed(&mut self, cause: Cause, span: (Instant, Instant), last: bool) -> Option<Change> {
        self.requests.as_mut()?.failed(cause, span, last)
    }

    /// A request that began at the first instant was answered at the second.
    pub fn succeeded(&mut self, span: (Instant, Instant)) -> Option<Change> {
        self.requests.as_mut()?.succeeded(span)
    }

    /// A request was sent to it.
    pub fn picked(&mut self, now: Instant) {
        if let Some(requests) = &mut self.requests {
            requests.picked(now);
        }
    }

    /// A check came to its end; the next one is due at `next`.
    pub fn checked(&mut self, outcome: Result<(), String>, now: Instant, next: Instant) -> Option<Change> {
        let good = outcome.is_ok();
        let checks = self.checks.as_mut()?;
        let change = checks.add(outcome, now, next);
        let contradicts = self.requests.as_mut().and_then(|requests| requests.checked(good, checks.up(), now));
        change.or(contradicts)
    }

    /// Whether it is ejected because nobody could connect to it.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.requests.as_ref().is_some_and(Requests::is_away)
    }

    /// It can be connected to.
    pub fn reached(&mut self, now: Instant) -> Option<Change> {
        self.requests.as_mut()?.reached(now)
    }

    /// What the time does.
    pub fn tick(&mut self, now: Instant) -> Option<Change> {
        self.requests.as_mut()?.tick(now)
    }

    /// When `tick` has something to do.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.requests.as_ref()?.due()
    }

    /// Whether others are to be preferred.
    #[must_use]
    pub fn is_out(&self) -> bool {
        self.is_down() || self.requests.as_ref().is_some_and(Requests::is_out)
    }

    fn is_down(&self) -> bool {
        self.checks.as_ref().is_some_and(Checks::is_down)
    }

    /// Whether the next request to it is its trial.
    #[must_use]
    pub fn is_on_trial(&self) -> bool {
        self.requests.as_ref().is_some_and(Requests::is_on_trial)
    }

    /// Whether successes have to be reported: only where something is held against it.
    #[must_use]
    pub fn is_troubled(&self, now: Instant) -> bool {
        self.requests.as_ref().is_some_and(|requests| requests.is_troubled(now))
    }

    /// In a word, for the log.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            _ if self.is_down() => "down",
            _ if self.requests.as_ref().is_some_and(Requests::is_out) => "ejected",
            _ if self.is_on_trial() => "trial",
            _ => "up",
        }
    }

    /// Why it is not in use, and when that can change at the earliest; `None` where it is in use.
    #[must_use]
    pub fn outage(&self) -> Option<(Outage, Option<Instant>)> {
        if let Some(checks) = self.checks.as_ref().filter(|checks| checks.is_down()) {
            return Some((Outage::Down(checks.bad().clone()), checks.soonest()));
        }
        let requests = self.requests.as_ref().filter(|requests| requests.is_out())?;
        Some((Outage::Ejected(requests.kinds()), requests.due()))
    }
}

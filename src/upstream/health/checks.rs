//! What the checks of one server say: up or down after so many of them in a row; pure.
//! `probe` makes them, `state` weighs them against what requests have found out.

use std::time::{Duration, Instant};

use super::state::Change;
use crate::config::settings::Active;

/// What the checks have found out.
#[derive(Debug)]
pub struct Checks {
    up: u32,
    down: u32,
    every: Duration,
    /// Whether one was ever good.
    passed: bool,
    is_down: bool,
    /// Since when it is down, or up again.
    since: Option<Instant>,
    /// Those in a row that contradict `is_down`.
    against: u32,
    bad: Bad,
    /// When the next one is due.
    next: Option<Instant>,
}

/// Checks that went wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bad {
    /// How many in a row.
    pub count: u32,
    /// When the last one was, and what it found.
    pub last: Option<(Instant, String)>,
    /// Whether one was ever good.
    pub passed: bool,
}

impl Checks {
    /// None yet: the server is taken for up.
    #[must_use]
    pub fn new(rules: &Active) -> Self {
        Self {
            up: rules.up,
            down: rules.down,
            every: rules.every,
            passed: false,
            is_down: false,
            since: None,
            against: 0,
            bad: Bad::default(),
            next: None,
        }
    }

    /// One came to its end; the next one is due at `next`.
    pub fn add(&mut self, outcome: Result<(), String>, now: Instant, next: Instant) -> Option<Change> {
        self.next = Some(next);
        let good = outcome.is_ok();
        let first = good && !self.passed;
        self.passed |= good;
        self.bad.passed = self.passed;
        match outcome {
            Ok(()) => self.bad.count = 0,
            Err(what) => {
                self.bad.count = self.bad.count.saturating_add(1);
                self.bad.last = Some((now, what));
            }
        }
        self.against = if good == self.is_down { self.against + 1 } else { 0 };
        let enough = if good {
            first || self.against >= self.up
        } else {
            // Before the first good one nothing is known in its favour.
            !self.passed || self.against >= self.down
        };
        if self.against == 0 || !enough {
            return (first && !self.is_down).then_some(Change::FirstPassed);
        }
        self.is_down = !good;
        let count = std::mem::take(&mut self.against);
        let since = self.since.replace(now);
        Some(if good {
            Change::Up(count, since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since)))
        } else {
            Change::Down(self.bad.clone())
        })
    }

    /// Whether they say that it does not work.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.is_down
    }

    /// How many good ones in a row take a server back.
    #[must_use]
    pub fn up(&self) -> u32 {
        self.up
    }

    /// What went wrong.
    #[must_use]
    pub fn bad(&self) -> &Bad {
        &self.bad
    }

    /// When it can be up at the earliest, where it is down.
    #[must_use]
    pub fn soonest(&self) -> Option<Instant> {
        let need = if self.passed { self.up.saturating_sub(self.against) } else { 1 };
        self.next.map(|next| next + self.every * need.saturating_sub(1))
    }
}

//! For how long a server keeps idle connections, learned from those that it closed and those that it did not; pure.
//! `member` reports what it sees and asks before it uses or keeps a connection.

use std::time::{Duration, Instant};

use crate::limits;

/// A stretch of a connection's idleness.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// For how long it was seen to be open.
    pub open: Duration,
    /// When somebody looked again.
    pub until: Duration,
}

/// A stretch that somebody may ask about: a subtraction for every request is saved.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    /// When it began.
    pub since: Instant,
    /// When somebody looked before.
    pub seen: Option<Instant>,
    /// When somebody looked again.
    pub until: Instant,
}

impl Stretch {
    /// How long it was.
    #[must_use]
    pub fn span(&self) -> Span {
        Span {
            open: self.seen.map_or(Duration::ZERO, |seen| seen.saturating_duration_since(self.since)),
            until: self.until.saturating_duration_since(self.since),
        }
    }
}

impl Span {
    /// Whether a connection that was closed then had hardly been idle: no server does that because of its timeout.
    #[must_use]
    pub fn is_hasty(&self) -> bool {
        self.until < limits::POOL_IDLE_UNTESTED
    }
}

/// What is known of a server's habit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keeping {
    /// The longest that a connection was idle and open, among those since the last one was closed sooner.
    survived: Duration,
    /// What it said itself: `Keep-Alive: timeout=N`.
    announced: Option<Duration>,
    /// Closings that agree with each other: their connections were still open at `open` and closed at `until`.
    agreed: Span,
    /// How many, not counting those that came together.
    closings: u32,
    /// When the last one was counted, or the time was raised.
    counted: Option<Instant>,
    /// When one was last closed that had hardly been idle.
    hasty: Option<Instant>,
}

impl Keeping {
    /// The server says how long it keeps them.
    pub fn announce(&mut self, timeout: Duration) {
        self.announced = Some(timeout);
    }

    /// At `now` the oldest open connection has been idle for `idle`.
    pub fn saw_open(&mut self, idle: Duration, now: Instant) {
        self.survived = self.survived.max(idle);
        if self.closings == 0 {
            return;
        }
        // A little over is the imprecision of both clocks.
        if idle > self.agreed.until + margin(self.agreed.until) {
            self.forget();
        } else if self.counted.is_none_or(|at| now.saturating_duration_since(at) >= limits::POOL_LEARNED_LIFE) {
            self.agreed.until += margin(self.agreed.until);
            self.counted = Some(now);
            if self.agreed.until > limits::POOL_IDLE_TIMEOUT {
                self.forget();
            }
        }
    }

    /// At `now` a connection was found closed: `idle.open` is the last that it was seen open.
    pub fn saw_closed(&mut self, idle: Span, now: Instant) {
        self.survived = self.survived.min(idle.open);
        if idle.is_hasty() {
            self.hasty = Some(now);
            return;
        }
        let agrees = self.closings > 0
            && idle.open <= self.agreed.until + margin(self.agreed.until)
            && self.agreed.open <= idle.until + margin(idle.until);
        if !agrees {
            // Closed for another reason, or the timeout is another one now.
            (self.agreed, self.closings, self.counted) = (idle, 1, Some(now));
            return;
        }
        self.agreed.until = self.agreed.until.min(idle.until);
        self.agreed.open = self.agreed.open.max(idle.open).min(self.agreed.until);
        if self.counted.is_none_or(|at| now.saturating_duration_since(at) >= limits::POOL_LEARNED_APART) {
            self.closings = self.closings.saturating_add(1);
            self.counted = Some(now);
        }
    }

    /// For how long a connection may be idle and still be used.
    #[must_use]
    pub fn longest(&self) -> Duration {
        let learned = (self.closings >= limits::POOL_LEARNED_CLOSINGS).then(|| less_margin(self.agreed.until));
        let known = [self.within_announced(), learned].into_iter().flatten();
        known.fold(limits::POOL_IDLE_TIMEOUT, Duration::min)
    }

    /// The same for a request that cannot be sent twice: only as long as others were seen to survive, or as was said. A server
    /// that closes connections at any moment gets it on a fresh one.
    #[must_use]
    pub fn longest_tested(&self, now: Instant) -> Duration {
        if self.hasty.is_some_and(|at| now.saturating_duration_since(at) < limits::POOL_HASTY_LIFE) {
            return Duration::ZERO;
        }
        self.longest_survived()
    }

    /// The same where a request that was not read is known not to have been: then haste is nothing to be afraid of.
    #[must_use]
    pub fn longest_survived(&self) -> Duration {
        let tested = less_margin(self.survived).max(limits::POOL_IDLE_UNTESTED);
        tested.max(self.within_announced().unwrap_or_default()).min(self.longest())
    }

    fn within_announced(&self) -> Option<Duration> {
        self.announced.map(|timeout| timeout.saturating_sub(limits::POOL_IDLE_MARGIN))
    }

    fn forget(&mut self) {
        (self.agreed, self.closings, self.counted) = (Span::default(), 0, None);
    }
}

fn margin(duration: Duration) -> Duration {
    duration / limits::POOL_LEARNED_MARGIN
}

fn less_margin(duration: Duration) -> Duration {
    duration.saturating_sub(margin(duration))
}

#[cfg(test)]
mod tests;

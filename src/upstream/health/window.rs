//! How a server has answered lately: failures in a row, and their share among the requests of a while; pure.
//! `state` asks it whether that is steady enough to prefer others.

use std::{collections::VecDeque, time::Instant};

use crate::{
    config::settings::Passive,
    failure::Cause,
    limits::{HEALTH_KINDS, HEALTH_ONE_EVENT, HEALTH_PARTS, HEALTH_RATIO_LEAST},
};

/// What a server has done within `passive.within`.
#[derive(Debug)]
pub struct Window {
    rules: Passive,
    start: Instant,
    /// Failures since the last success, the newest last.
    run: VecDeque<Instant>,
    /// The last failure that counted.
    last: Option<Instant>,
    parts: [Part; HEALTH_PARTS as usize],
    kinds: Vec<Kind>,
}

/// One part of the window.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    number: u128,
    good: u32,
    bad: u32,
}

/// Failures of one cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Why.
    pub cause: Cause,
    /// How many, those that were part of another event included.
    pub count: u32,
    /// The newest.
    pub last: Instant,
}

/// Why a server is to be ejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// So many failures without a success between.
    Row(u32),
    /// So many failures among so many requests.
    Share(u32, u32),
}

impl Window {
    /// An empty one.
    #[must_use]
    pub fn new(rules: Passive, now: Instant) -> Self {
        let parts = [Part::default(); HEALTH_PARTS as usize];
        Self { rules, start: now, run: VecDeque::new(), last: None, parts, kinds: Vec::new() }
    }

    /// A request that began at `began` failed for `cause`; says whether it was one too many.
    pub fn failed(&mut self, cause: Cause, began: Instant, now: Instant) -> Option<Verdict> {
        self.note(cause, now);
        let with_another = |last: Instant| began < last && now.saturating_duration_since(last) < HEALTH_ONE_EVENT;
        if self.last.is_some_and(with_another) {
            return None;
        }
        self.last = Some(now);
        self.run.push_back(now);
        let too_old = |first: &Instant| now.saturating_duration_since(*first) > self.rules.within;
        while self.run.len() > self.rules.failures as usize || self.run.front().is_some_and(too_old) {
            self.run.pop_front();
        }
        self.part(now).bad += 1;
        let row = u32::try_from(self.run.len()).unwrap_or(u32::MAX);
        if row >= self.rules.failures {
            return Some(Verdict::Row(row));
        }
        let (good, bad) = self.sums(now);
        let all = good + bad;
        let too_many = |ratio: u32| u64::from(bad) * 100 >= u64::from(all) * u64::from(ratio);
        (all >= HEALTH_RATIO_LEAST && bad >= self.rules.failures && self.rules.ratio.is_some_and(too_many))
            .then_some(Verdict::Share(bad, all))
    }

    /// A request went well.
    pub fn succeeded(&mut self, now: Instant) {
        self.run.clear();
        self.part(now).good += 1;
    }

    /// Whether no failure is left that counts.
    #[must_use]
    pub fn is_quiet(&self, now: Instant) -> bool {
        self.last.is_none_or(|last| now.saturating_duration_since(last) > self.rules.within)
    }

    /// Forgets everything.
    pub fn clear(&mut self, now: Instant) {
        *self = Self::new(self.rules, now);
    }

    /// Lets the counting begin anew, but keeps what failed.
    pub fn start_over(&mut self) {
        self.run.clear();
        self.parts = [Part::default(); HEALTH_PARTS as usize];
    }

    /// The failures by cause, the newest first.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        let mut kinds = self.kinds.clone();
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.last));
        kinds
    }

    fn note(&mut self, cause: Cause, now: Instant) {
        let within = self.rules.within;
        self.kinds.retain(|kind| now.saturating_duration_since(kind.last) <= within);
        if let Some(kind) = self.kinds.iter_mut().find(|kind| kind.cause == cause) {
            kind.count += 1;
            kind.last = now;
        } else if self.kinds.len() < HEALTH_KINDS {
            self.kinds.push(Kind { cause, count: 1, last: now });
        }
    }

    /// The number of the part that `now` belongs to.
    fn number(&self, now: Instant) -> u128 {
        let length = (self.rules.within / HEALTH_PARTS).as_nanos().max(1);
        now.saturating_duration_since(self.start).as_nanos() / length
    }

    fn part(&mut self, now: Instant) -> &mut Part {
        let number = self.number(now);
        let place = usize::try_from(number % u128::from(HEALTH_PARTS)).unwrap_or_default();
        let part = &mut self.parts[place];
        if part.number != number {
            *part = Part { number, good: 0, bad: 0 };
        }
        part
    }

    /// Good and bad ones of the last while.
    fn sums(&self, now: Instant) -> (u32, u32) {
        let oldest = (self.number(now) + 1).saturating_sub(u128::from(HEALTH_PARTS));
        let recent = self.parts.iter().filter(|part| part.number >= oldest);
        recent.fold((0, 0), |(good, bad), part| (good + part.good, bad + part.bad))
    }
}

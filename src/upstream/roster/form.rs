//! How a server has done lately: its latency and its failures, both fading with time, shared by workers without a lock.
//! Attempts tell it, the balancing policies ask; a lost update of two workers at once costs one measurement.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use crate::limits;

/// Failures in a row that count; more make no difference, so that the way back is not longer for them.
const MOST_FAILING: f32 = 10.0;
/// What is left of failures below this counts as none.
const LEAST_FAILING: f32 = 0.25;

/// How a server has done lately.
#[derive(Debug)]
pub struct Form {
    epoch: Instant,
    /// In seconds.
    latency: Fading,
    /// Failures, less than half of them after every good answer.
    failing: Fading,
}

/// A number and when it was noted, in one word; zero is nothing noted.
#[derive(Debug, Default)]
struct Fading(AtomicU64);

/// Grains of time since the epoch; it may wrap around.
type Grains = u32;

impl Form {
    /// Nothing is known.
    #[must_use]
    pub fn new(epoch: Instant) -> Self {
        Self { epoch, latency: Fading::default(), failing: Fading::default() }
    }

    /// Notes at `now` an answer that took `took` from the end of the request.
    pub fn answered(&self, took: Duration, now: Instant) {
        let now = self.grains(now);
        let took = took.max(limits::LATENCY_LEAST).as_secs_f32();
        match self.latency.get() {
            None => self.latency.set(took, now),
            Some((latency, noted)) => {
                let passed = since(noted, now);
                if !passed.is_zero() {
                    let kept = left(passed, limits::LATENCY_MEMORY);
                    self.latency.set(latency * kept + took * (1.0 - kept), now);
                }
            }
        }
        if let Some((failing, noted)) = self.failing.get() {
            let failing = failing * left(since(noted, now), limits::FAILURE_MEMORY) / 2.0;
            self.failing.set(if failing < LEAST_FAILING { 0.0 } else { failing }, now);
        }
    }

    /// Notes a failure at `now`.
    pub fn failed(&self, now: Instant) {
        let failing = self.failing(now);
        self.failing.set((failing + 1.0).min(MOST_FAILING), self.grains(now));
    }

    /// In seconds, as far as it counts at `now`; `None` before the first answer.
    #[must_use]
    pub fn latency(&self, now: Instant) -> Option<f32> {
        let (latency, noted) = self.latency.get()?;
        let latency = latency * left(since(noted, self.grains(now)), limits::LATENCY_MEMORY);
        Some(latency.max(limits::LATENCY_LEAST.as_secs_f32()))
    }

    /// How many failures count at `now`, from 0 to 10.
    #[must_use]
    pub fn failing(&self, now: Instant) -> f32 {
        let Some((failing, noted)) = self.failing.get() else { return 0.0 };
        let failing = failing * left(since(noted, self.grains(now)), limits::FAILURE_MEMORY);
        if failing < LEAST_FAILING { 0.0 } else { failing }
    }

    #[expect(clippy::cast_possible_truncation, reason = "it may wrap around: `since` takes differences")]
    fn grains(&self, now: Instant) -> Grains {
        (now.saturating_duration_since(self.epoch).as_nanos() / limits::FORM_GRAIN.as_nanos()) as Grains
    }
}

impl Fading {
    fn get(&self) -> Option<(f32, Grains)> {
        let word = self.0.load(Ordering::Relaxed);
        let [number, noted] = [word >> Grains::BITS, word & u64::from(Grains::MAX)];
        let number = f32::from_bits(u32::try_from(number).unwrap_or_default());
        (number > 0.0).then(|| (number, Grains::try_from(noted).unwrap_or_default()))
    }

    fn set(&self, number: f32, now: Grains) {
        let word = u64::from(number.to_bits()) << Grains::BITS | u64::from(now);
        self.0.store(word, Ordering::Relaxed);
    }
}

/// Another worker may have noted something a little later than `now`: then no time has passed.
fn since(noted: Grains, now: Grains) -> Duration {
    let passed = now.wrapping_sub(noted);
    if passed > Grains::MAX / 2 { Duration::ZERO } else { limits::FORM_GRAIN * passed }
}

/// What is left of something after `passed`, from 1 to 0.
fn left(passed: Duration, memory: Duration) -> f32 {
    if passed.is_zero() { 1.0 } else { (-passed.as_secs_f32() / memory.as_secs_f32()).exp() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MILLISECOND: Duration = Duration::from_millis(1);

    fn form() -> (Form, Instant) {
        let now = Instant::now();
        (Form::new(now), now)
    }

    fn is(found: f32, expected: f32) -> bool {
        (found - expected).abs() < f32::EPSILON
    }

    #[test]
    fn nothing_is_known_of_a_server_that_was_not_asked() {
        let (form, now) = form();
        assert_eq!((form.latency(now), form.failing(now)), (None, 0.0));
    }

    #[test]
    fn the_latency_is_the_mean_of_the_last_seconds() {
        let (form, start) = form();
        for turn in 0..2000 {
            form.answered(MILLISECOND * if turn % 2 == 0 { 10 } else { 30 }, start + MILLISECOND * 50 * turn);
        }
        let latency = form.latency(start + SECOND * 100).unwrap();
        assert!((0.019..0.021).contains(&latency), "{latency}");
        for turn in 0..100 {
            form.answered(SECOND, start + SECOND * 100 + MILLISECOND * 10 * turn);
        }
        let slower = form.latency(start + SECOND * 101).unwrap();
        assert!(slower > 4.0 * latency, "a second of slow answers shows: {slower}");
    }

    #[test]
    fn a_slow_server_is_forgiven_in_time() {
        let (form, start) = form();
        form.answered(SECOND * 5, start);
        assert_eq!(form.latency(start), Some(5.0));
        assert!(form.latency(start + SECOND * 30).is_some_and(|latency| latency < 0.3));
        assert_eq!(form.latency(start + SECOND * 1000), Some(limits::LATENCY_LEAST.as_secs_f32()), "never nothing");
    }

    #[test]
    fn failures_add_up_and_fade_and_good_answers_halve_them() {
        let (form, start) = form();
        form.failed(start);
        form.failed(start);
        assert!(is(form.failing(start), 2.0));
        form.answered(MILLISECOND, start);
        assert!(is(form.failing(start), 1.0));
        assert!(form.failing(start + SECOND * 5) < 0.4);
        assert!(is(form.failing(start + SECOND * 8), 0.0), "it is tried again");
        for _ in 0..1000 {
            form.failed(start);
        }
        assert!(is(form.failing(start), 10.0));
        assert!(is(form.failing(start + SECOND * 19), 0.0), "however often it failed");
    }

    #[test]
    fn workers_whose_clocks_are_not_even_do_no_harm() {
        let (form, start) = form();
        form.answered(SECOND, start + SECOND);
        form.failed(start + SECOND);
        assert_eq!((form.latency(start), form.failing(start)), (Some(1.0), 1.0));
    }
}

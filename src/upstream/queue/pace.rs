//! How long a request holds its seat at an upstream, and so how long the next one would wait for it.
//! Fed by every seat that is given back, asked when a request is turned away.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::limits::SERVICE_TIME_WEIGHT;

/// The mean of recent times, the newest counting most.
#[derive(Debug, Default)]
pub struct Pace {
    /// In nanoseconds; 0 while nothing is known.
    mean: AtomicU64,
}

impl Pace {
    /// A seat was held for so long. Where two workers say so in the same moment one of the times may be lost: it is a
    /// mean, and not worth a locked step.
    pub fn held(&self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let mean = match self.mean.load(Ordering::Relaxed) {
            0 => time,
            mean => mean - mean / SERVICE_TIME_WEIGHT + time / SERVICE_TIME_WEIGHT,
        };
        self.mean.store(mean.max(1), Ordering::Relaxed);
    }

    /// The mean; `None` while nothing is known.
    pub fn mean(&self) -> Option<Duration> {
        match self.mean.load(Ordering::Relaxed) {
            0 => None,
            mean => Some(Duration::from_nanos(mean)),
        }
    }
}

/// How long the next request would wait behind `ahead` others for one of `seats`. A seat takes the mean, or, where none was
/// given back for longer than that, as long as those in use have lasted at least.
pub(super) fn expected(mean: Duration, stalled: Duration, ahead: u32, seats: u32) -> Option<Duration> {
    mean.max(stalled).checked_mul(ahead.saturating_add(1))?.checked_div(seats)
}

/// The same in whole seconds, at least one.
#[must_use]
pub fn wait(mean: Duration, stalled: Duration, ahead: u32, seats: u32) -> Option<Duration> {
    let wait = expected(mean, stalled, ahead, seats)?;
    let begun = u64::from(wait.subsec_nanos() > 0);
    Some(Duration::from_secs((wait.as_secs() + begun).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLIS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn nothing_is_known_until_a_seat_was_given_back() {
        let pace = Pace::default();
        assert_eq!(pace.mean(), None);
        pace.held(MILLIS(1200));
        assert_eq!(pace.mean(), Some(MILLIS(1200)));
        let pace = Pace::default();
        pace.held(Duration::ZERO);
        assert!(pace.mean().is_some(), "no time at all is a time too");
    }

    #[test]
    fn the_mean_follows_what_is_recent_and_ignores_a_single_one() {
        let pace = Pace::default();
        (0..100).for_each(|_| pace.held(MILLIS(100)));
        pace.held(MILLIS(1000));
        let after_one = pace.mean().unwrap();
        assert!(after_one < MILLIS(160), "{after_one:?}");
        (0..100).for_each(|_| pace.held(MILLIS(1000)));
        let after_many = pace.mean().unwrap();
        assert!(after_many > MILLIS(990) && after_many <= MILLIS(1000), "{after_many:?}");
    }

    #[test]
    fn the_mean_of_mixed_pages_lies_between_them() {
        let pace = Pace::default();
        // A simulated day: one page in ten takes two seconds, the others 100 ms.
        for turn in 0..1000 {
            pace.held(if turn % 10 == 0 { MILLIS(2000) } else { MILLIS(100) });
        }
        let mean = pace.mean().unwrap();
        assert!((MILLIS(200)..MILLIS(420)).contains(&mean), "{mean:?}");
    }

    #[test]
    fn the_wait_is_what_those_ahead_take_shared_by_the_seats() {
        let none = Duration::ZERO;
        for (mean, stalled, ahead, seats, seconds) in [
            // The first in line waits for one of eight seats.
            (MILLIS(1200), none, 0, 8, 1),
            (MILLIS(1200), none, 37, 8, 6),
            (MILLIS(2000), none, 9, 2, 10),
            (MILLIS(2000), none, 10, 2, 11),
            // Rounded up, never down to nothing.
            (MILLIS(1), none, 0, 100, 1),
            (MILLIS(1001), none, 0, 1, 2),
            // Seats that all hang are not as quick as they were.
            (MILLIS(10), MILLIS(10_000), 3, 2, 20),
            (MILLIS(10_000), MILLIS(10), 3, 2, 20),
        ] {
            let found = wait(mean, stalled, ahead, seats);
            assert_eq!(found, Some(Duration::from_secs(seconds)), "{mean:?} {stalled:?} {ahead} {seats}");
        }
        assert_eq!(wait(MILLIS(1), none, 1, 0), None, "without seats nobody is ever let in");
        assert_eq!(wait(Duration::MAX, none, 5, 1), None);
    }
}

//! How often one client may come: a token bucket kept as one number, the generic cell rate algorithm (ITU-T I.371).
//! A pure function of time: `buckets` keeps the numbers, `quota` says what follows from them.

use crate::config::settings::Rate;

/// A rate and a burst. Times are nanoseconds since the buckets were made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    /// Between two requests that come evenly.
    interval: u64,
    /// How far ahead of that pace a client may be.
    burst: u64,
}

impl Allowance {
    /// As configured.
    pub(super) fn new(rate: Rate) -> Self {
        let per = u64::try_from(rate.per.as_nanos()).unwrap_or(u64::MAX);
        let interval = (per / u64::from(rate.count.max(1))).max(1);
        Self { interval, burst: interval.saturating_mul(u64::from(rate.burst.saturating_sub(1))) }
    }

    /// Takes one token at `now` from a bucket that would be full again at `full`: when it is then full again.
    ///
    /// # Errors
    /// How long until there is a token; never zero.
    pub(super) fn take(self, full: u64, now: u64) -> Result<u64, u64> {
        let next = full.saturating_sub(self.burst);
        if next > now { Err(next - now) } else { Ok(full.max(now).saturating_add(self.interval)) }
    }

    /// When the bucket is full again if a token that was taken is given back.
    pub(super) fn give_back(self, full: u64) -> u64 {
        full.saturating_sub(self.interval)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const MILLI: u64 = 1_000_000;

    fn allowance(count: u32, burst: u32) -> Allowance {
        Allowance::new(Rate { count, per: Duration::from_secs(1), burst })
    }

    #[test]
    fn a_burst_passes_and_then_one_in_every_interval() {
        let (ten, start) = (allowance(10, 3), 5000 * MILLI);
        let mut full = 0;
        for _ in 0..3 {
            full = ten.take(full, start).unwrap();
        }
        assert_eq!(ten.take(full, start), Err(100 * MILLI));
        assert_eq!(ten.take(full, start + 40 * MILLI), Err(60 * MILLI), "the wait shrinks with time");
        full = ten.take(full, start + 100 * MILLI).unwrap();
        assert_eq!(ten.take(full, start + 100 * MILLI), Err(100 * MILLI));
        // A second later the bucket is full again, and no fuller than full.
        for _ in 0..3 {
            full = ten.take(full, start + 1100 * MILLI).unwrap();
        }
        assert!(ten.take(full, start + 1100 * MILLI).is_err());
    }

    #[test]
    fn without_a_burst_requests_come_one_by_one() {
        let ten = allowance(10, 1);
        let full = ten.take(0, 0).unwrap();
        assert_eq!(ten.take(full, 99 * MILLI), Err(MILLI));
        assert!(ten.take(full, 100 * MILLI).is_ok());
    }

    #[test]
    fn a_token_that_is_given_back_can_be_taken_again() {
        let one = allowance(1, 1);
        let full = one.take(0, 7).unwrap();
        assert!(one.take(full, 7).is_err());
        assert!(one.take(one.give_back(full), 7).is_ok());
    }

    proptest! {
        #[test]
        fn no_window_has_more_than_the_burst_and_the_rate_and_the_wait_is_true(
            count in 1_u32..200,
            burst in 1_u32..50,
            pauses in proptest::collection::vec(0_u64..40 * MILLI, 1..300),
        ) {
            let allowance = allowance(count, burst);
            let (mut now, mut full, mut passed) = (0, 0, Vec::new());
            for pause in pauses {
                now += pause;
                match allowance.take(full, now) {
                    Ok(then) => {
                        full = then;
                        passed.push(now);
                    }
                    Err(wait) => {
                        prop_assert!(allowance.take(full, now + wait).is_ok(), "after the wait it passes");
                        prop_assert!(allowance.take(full, now + wait - 1).is_err(), "and not sooner");
                    }
                }
            }
            let interval = 1_000_000_000 / u64::from(count);
            for (from, start) in passed.iter().enumerate() {
                for (more, end) in passed[from..].iter().enumerate() {
                    let most = u64::from(burst) + (end - start) / interval;
                    prop_assert!((more as u64) < most, "{} in {} ns", more + 1, end - start);
                }
            }
        }
    }
}

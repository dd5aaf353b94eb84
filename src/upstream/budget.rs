//! The retry budget: how many retries that may add load are granted, measured by recent requests.
//! Requests deposit, retries withdraw; which retries are charged is `judge`'s business.

use std::{cell::Cell, time::Duration};

use crate::limits::RETRY_BUDGET_WINDOW;

/// A budget over a sliding window of whole seconds. Owned by one worker; it never allocates.
#[derive(Debug)]
pub struct Budget {
    percent: u64,
    floor: u32,
    /// The second that the newest slot stands for.
    second: Cell<usize>,
    /// Second `s` lies in slot `s % RETRY_BUDGET_WINDOW`.
    slots: [Slot; RETRY_BUDGET_WINDOW],
}

#[derive(Debug, Default)]
struct Slot {
    requests: Cell<u32>,
    retries: Cell<u32>,
}

impl Budget {
    /// A budget that grants `percent` of recent requests, and `floor_per_second` retries in any second.
    #[must_use]
    pub fn new(percent: u32, floor_per_second: u32) -> Self {
        Self {
            percent: u64::from(percent),
            floor: floor_per_second,
            second: Cell::new(0),
            slots: std::array::from_fn(|_| Slot::default()),
        }
    }

    /// Counts a request. `now` is the time since a fixed start; going backwards counts as standing still.
    pub fn deposit(&self, now: Duration) {
        let requests = &self.slot_at(now).requests;
        requests.set(requests.get().saturating_add(1));
    }

    /// Asks for a retry; `true` grants and counts it.
    #[must_use]
    pub fn withdraw(&self, now: Duration) -> bool {
        let slot = self.slot_at(now);
        let granted = slot.retries.get() < self.floor || self.within_share();
        if granted {
            slot.retries.set(slot.retries.get().saturating_add(1));
        }
        granted
    }

    fn within_share(&self) -> bool {
        let sum = |count: fn(&Slot) -> &Cell<u32>| self.slots.iter().map(|slot| u64::from(count(slot).get())).sum();
        let requests: u64 = sum(|slot| &slot.requests);
        let retries: u64 = sum(|slot| &slot.retries);
        (retries + 1) * 100 <= requests * self.percent
    }

    /// The slot of `now`, after emptying those of the seconds passed since the last call.
    fn slot_at(&self, now: Duration) -> &Slot {
        let second = usize::try_from(now.as_secs()).unwrap_or(usize::MAX).max(self.second.get());
        let passed = (second - self.second.replace(second)).min(RETRY_BUDGET_WINDOW);
        for past in 0..passed {
            self.slot(second - past).clear();
        }
        self.slot(second)
    }

    fn slot(&self, second: usize) -> &Slot {
        &self.slots[second % RETRY_BUDGET_WINDOW]
    }
}

impl Slot {
    fn clear(&self) {
        self.requests.set(0);
        self.retries.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(budget: &Budget, now: Duration, asked: usize) -> usize {
        (0..asked).filter(|_| budget.withdraw(now)).count()
    }

    fn request(budget: &Budget, now: Duration, count: usize) {
        (0..count).for_each(|_| budget.deposit(now));
    }

    #[test]
    fn a_quiet_site_gets_the_floor_in_every_second() {
        let budget = Budget::new(20, 10);
        for second in 0..30 {
            assert_eq!(granted(&budget, Duration::from_secs(second), 50), 10, "second {second}");
        }
    }

    #[test]
    fn a_busy_site_gets_its_share_of_the_window() {
        let budget = Budget::new(20, 10);
        request(&budget, Duration::from_secs(3), 1000);
        assert_eq!(granted(&budget, Duration::from_secs(3), 1000), 200);
    }

    #[test]
    fn every_request_retried_for_a_minute_adds_a_fifth_of_the_load() {
        let budget = Budget::new(20, 10);
        let mut retries = 0;
        for millisecond in 0..60_000 {
            let now = Duration::from_millis(millisecond);
            budget.deposit(now);
            retries += granted(&budget, now, 1);
        }
        assert!((11_900..=12_100).contains(&retries), "{retries}");
    }

    #[test]
    fn requests_older_than_the_window_count_no_longer() {
        let budget = Budget::new(20, 0);
        request(&budget, Duration::from_secs(0), 100);
        assert!(budget.withdraw(Duration::from_secs(9)));
        assert!(!budget.withdraw(Duration::from_secs(10)));
        request(&budget, Duration::from_secs(10), 100);
        assert!(!budget.withdraw(Duration::from_secs(1_000_000)));
    }

    #[test]
    fn a_budget_of_nothing_grants_nothing() {
        let budget = Budget::new(0, 0);
        request(&budget, Duration::ZERO, 1000);
        assert!(!budget.withdraw(Duration::ZERO));
    }

    #[test]
    fn time_that_goes_backwards_stands_still() {
        let budget = Budget::new(20, 1);
        assert!(budget.withdraw(Duration::from_secs(5)));
        assert!(!budget.withdraw(Duration::from_secs(4)));
    }
}

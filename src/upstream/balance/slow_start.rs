//! Slow start: a member that was taken back takes part in few picks at first, and in more and more of them.
//! `choice` asks before a pick, so that the policies need not know of it.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// The golden ratio in parts of 2^32: its multiples fill the space between 0 and 1 evenly, in every stretch of them.
const GOLDEN: u32 = 0x9E37_79B9;

/// The state of slow starts. Owned by one worker.
#[derive(Debug)]
pub struct SlowStart {
    over: Duration,
    last: Cell<u32>,
}

/// What decides whether a member takes part in a pick: evenly spread over all picks.
#[derive(Debug, Clone, Copy)]
pub struct Lot(u32);

impl SlowStart {
    /// Shares grow over `over`; `None` where they are whole at once.
    #[must_use]
    pub fn new(over: Duration) -> Option<Self> {
        (!over.is_zero()).then(|| Self { over, last: Cell::new(0) })
    }

    /// The lot of a pick. Where a hash decides it is that of the `key`: then a key comes back once and stays.
    #[must_use]
    pub fn lot(&self, key: Option<u64>) -> Lot {
        if let Some(key) = key {
            // The upper half alone: the hash that finds a member takes all of it.
            return Lot(u32::try_from(key >> u32::BITS).unwrap_or(u32::MAX));
        }
        self.last.set(self.last.get().wrapping_add(GOLDEN));
        Lot(self.last.get())
    }

    /// Whether a member that was taken back at `restored` takes part in a pick with this lot.
    #[must_use]
    pub fn admits(&self, restored: Option<Instant>, now: Instant, lot: Lot) -> bool {
        let Some(since) = restored.map(|restored| now.saturating_duration_since(restored)) else { return true };
        since >= self.over || since.as_secs_f64() / self.over.as_secs_f64() > f64::from(lot.0) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_share_of_a_member_grows_evenly() {
        let slow = SlowStart::new(SECOND * 10).unwrap();
        let restored = Instant::now();
        for (tenths, expected) in [(0, 0), (1, 100), (5, 500), (9, 900), (10, 1000), (11, 1000)] {
            let now = restored + SECOND * tenths;
            let admitted = (0..1000).filter(|_| slow.admits(Some(restored), now, slow.lot(None))).count();
            assert!(admitted.abs_diff(expected) < 5, "{admitted} after {tenths} s");
        }
        assert!((0..1000).all(|_| slow.admits(None, restored, slow.lot(None))), "it never was away");
    }

    #[test]
    fn a_key_comes_back_once_and_stays() {
        let slow = SlowStart::new(SECOND * 10).unwrap();
        let restored = Instant::now();
        let key = Some(u64::MAX / 2);
        let back = |after: u32| slow.admits(Some(restored), restored + SECOND * after, slow.lot(key));
        assert_eq!([0, 4, 6, 10].map(back), [false, false, true, true]);
    }

    #[test]
    fn without_a_time_there_is_no_slow_start() {
        assert!(SlowStart::new(Duration::ZERO).is_none());
    }
}

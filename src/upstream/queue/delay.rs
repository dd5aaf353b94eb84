//! Tells a standing queue from a burst: the controlled delay of `CoDel` (RFC 8289), a state machine on given time.
//! The line tells it what every request waited; a newcomer that would wait too long in a standing queue is turned away.

use std::time::{Duration, Instant};

use crate::limits::QUEUE_TARGET_PART;

/// Requests that are let in for each that may line up although it will wait too long.
const LET_IN_FOR_ONE: u32 = 2;

/// What is known about the waits of one line.
///
/// A burst drains by itself; a line that is never short is an overload, and waiting in it helps nobody: as many are turned
/// away in the end, and all others are late. Where `CoDel` drops from the head of a queue of packets, and servers that
/// answer the newest first ("adaptive LIFO") let the oldest wait in vain, here the newest is turned away: it learns so at
/// once, its wait is known beforehand, and those that wait already are closest to their turn.
#[derive(Debug)]
pub(super) struct Delay {
    /// A wait up to this is a good one.
    target: Duration,
    /// For how long there must have been no good one.
    interval: Duration,
    /// When the first of them ended that was not, with no good one since.
    since: Option<Instant>,
    /// Requests let in since a newcomer was admitted although it will wait too long.
    let_in: u32,
}

impl Delay {
    /// Of a line in which nobody waits longer than `timeout`.
    pub(super) fn new(timeout: Duration) -> Self {
        Self { target: timeout / QUEUE_TARGET_PART, interval: timeout, since: None, let_in: 0 }
    }

    /// A request got its seat.
    pub(super) fn let_in(&mut self) {
        self.let_in = self.let_in.saturating_add(1);
    }

    /// A request got its seat, or left, at `now` after so long.
    pub(super) fn waited(&mut self, time: Duration, now: Instant) {
        if self.is_long(time) {
            self.since.get_or_insert(now);
        } else if !self.is_standing(now) {
            self.since = None;
        }
    }

    /// Whether a wait is longer than a good one.
    pub(super) fn is_long(&self, time: Duration) -> bool {
        time > self.target
    }

    /// Nobody waits any more.
    pub(super) fn ran_empty(&mut self) {
        self.since = None;
    }

    /// Whether a newcomer at `now` would wait too long: `expected`, where one request takes `mean`. Of those one is admitted
    /// for every two that are let in, so that the line shrinks while the site is never closed to all who come.
    pub(super) fn turns_away(&mut self, expected: Duration, mean: Duration, now: Instant) -> bool {
        if !self.is_standing(now) || expected <= self.target.max(mean) {
            return false;
        }
        let turned_away = self.let_in < LET_IN_FOR_ONE;
        if !turned_away {
            self.let_in = 0;
        }
        turned_away
    }

    /// A good wait among the newcomers that are let in does not end it: only a line that has run empty does.
    fn is_standing(&self, now: Instant) -> bool {
        self.since.is_some_and(|since| now.saturating_duration_since(since) >= self.interval)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    const MILLIS: fn(u64) -> Duration = Duration::from_millis;

    /// A line that may wait ten seconds, so that a second is good.
    fn delay() -> (Delay, Instant) {
        (Delay::new(MILLIS(10_000)), Instant::now())
    }

    #[test]
    fn a_line_is_standing_once_no_wait_was_good_for_an_interval() {
        let (mut delay, start) = delay();
        let too_long = |delay: &mut Delay, at| delay.turns_away(MILLIS(1_500), MILLIS(100), start + MILLIS(at));
        delay.waited(MILLIS(1_200), start);
        delay.waited(MILLIS(5_000), start + MILLIS(6_000));
        assert!(!too_long(&mut delay, 9_999));
        assert!(too_long(&mut delay, 10_000));
        assert!(!delay.turns_away(MILLIS(1_000), MILLIS(100), start + MILLIS(10_000)), "a second is good");
        assert!(!delay.turns_away(MILLIS(1_500), MILLIS(2_000), start + MILLIS(10_000)), "it is next");
        delay.waited(MILLIS(900), start + MILLIS(11_000));
        assert!(too_long(&mut delay, 11_000), "a good wait is what the turning away was for");
        delay.ran_empty();
        assert!(!too_long(&mut delay, 12_000));
    }

    #[test]
    fn while_others_are_let_in_never_all_are_turned_away() {
        let (mut delay, start) = delay();
        delay.waited(MILLIS(5_000), start);
        let mut turned_away = |let_in: u32| {
            (0..let_in).for_each(|_| delay.let_in());
            delay.turns_away(MILLIS(5_000), MILLIS(100), start + MILLIS(10_000))
        };
        assert_eq!(
            [0, 1, 1, 1, 1, 0, 9, 0, 0].map(&mut turned_away),
            [true, true, false, true, false, true, false, true, true]
        );
    }

    #[test]
    fn a_single_good_wait_in_time_means_a_burst() {
        let (mut delay, start) = delay();
        delay.waited(MILLIS(3_000), start);
        delay.waited(MILLIS(1_000), start + MILLIS(8_000));
        delay.waited(MILLIS(3_000), start + MILLIS(9_000));
        assert!(!delay.turns_away(MILLIS(9_000), MILLIS(1), start + MILLIS(12_000)));
        assert!(delay.turns_away(MILLIS(9_000), MILLIS(1), start + MILLIS(19_000)));
    }

    /// A simulated upstream of four seats, 100 ms a request, with so many requests a second for a minute: how many were
    /// turned away, and the longest wait of those that were let in during the second half.
    fn minute(per_second: u64) -> (usize, Duration) {
        const SEATS: usize = 4;
        const SERVICE: u64 = 100;
        let (mut delay, start) = delay();
        let mut line: VecDeque<u64> = VecDeque::new();
        let mut busy_until = [0; SEATS];
        let (mut turned_away, mut longest) = (0, Duration::ZERO);
        for now in 0..60_000 {
            if now % (1000 / per_second) == 0 {
                let expected = MILLIS(SERVICE * (line.len() as u64 + 1) / SEATS as u64);
                if line.len() >= 400 || delay.turns_away(expected, MILLIS(SERVICE), start + MILLIS(now)) {
                    turned_away += 1;
                } else {
                    line.push_back(now);
                }
            }
            for seat in &mut busy_until {
                if *seat <= now
                    && let Some(came) = line.pop_front()
                {
                    *seat = now + SERVICE;
                    delay.let_in();
                    delay.waited(MILLIS(now - came), start + MILLIS(now));
                    if line.is_empty() {
                        delay.ran_empty();
                    }
                    if now > 30_000 {
                        longest = longest.max(MILLIS(now - came));
                    }
                }
            }
        }
        (turned_away, longest)
    }

    #[test]
    fn under_overload_as_many_are_served_and_those_that_are_wait_a_second_and_not_ten() {
        let (turned_away, longest) = minute(30);
        assert_eq!((turned_away, longest), (0, Duration::ZERO), "40 a second can be served");
        let (turned_away, longest) = minute(62);
        assert!(longest <= MILLIS(1_100), "{longest:?}");
        // Of 16 ms each 3,750 come; 2,400 can be served, and about 40 wait at the end.
        assert!((1_250..=1_400).contains(&turned_away), "{turned_away}");
    }
}

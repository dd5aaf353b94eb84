//! Two members at random, by weight, and of them the one that costs less: requests under way times latency, and twice as
//! much for every failure that is not forgotten yet.
//! Between equals the dice decide, so that idle members get shares by weight.

use std::{cell::RefCell, sync::Arc, time::Instant};

use fastrand::Rng;

use super::Candidate;
use crate::upstream::roster::Standing;

/// Latencies that differ by less than this factor count as equal: noise must not decide.
const NOISE: f32 = 1.5;

/// The state of the policy.
#[derive(Debug)]
pub struct TwoChoices {
    members: Box<[Member]>,
    rng: RefCell<Rng>,
}

#[derive(Debug)]
struct Member {
    weight: u32,
    /// Its weight in parts of the mean weight.
    share: f32,
    standing: Arc<Standing>,
}

impl TwoChoices {
    #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
    pub(super) fn new(candidates: &[Candidate], rng: Rng) -> Self {
        let sum: f32 = candidates.iter().map(|one| one.weight as f32).sum();
        let mean = sum / candidates.len().max(1) as f32;
        let member = |one: &Candidate| Member {
            weight: one.weight,
            share: one.weight as f32 / mean,
            standing: Arc::clone(&one.standing),
        };
        Self { members: candidates.iter().map(member).collect(), rng: RefCell::new(rng) }
    }

    pub(super) fn pick(&self, now: Instant, usable: impl Fn(usize) -> bool) -> Option<usize> {
        let (first, one) = self.draw(&usable)?;
        let rest = |position: usize| position != first && usable(position);
        let Some((second, other)) = self.draw(&rest) else { return Some(first) };
        Some(if other.costs_less(one, now) { second } else { first })
    }

    /// One of those that are `usable`, by weight.
    fn draw(&self, usable: &impl Fn(usize) -> bool) -> Option<(usize, &Member)> {
        let members = || self.members.iter().enumerate().filter(|(position, _)| usable(*position));
        let total: u64 = members().map(|(_, member)| u64::from(member.weight)).sum();
        if total == 0 {
            return None;
        }
        let mut lot = self.rng.borrow_mut().u64(..total);
        let mut last = None;
        for (position, member) in members() {
            last = Some((position, member));
            let weight = u64::from(member.weight);
            if lot < weight {
                break;
            }
            lot -= weight;
        }
        // Where one of them has become unusable meanwhile the last one stands in for it.
        last
    }
}

impl Member {
    fn costs_less(&self, other: &Self, now: Instant) -> bool {
        let latencies = (self.standing.form.latency(now), other.standing.form.latency(now));
        let (ours, theirs) = match latencies {
            (Some(ours), Some(theirs)) if ours > theirs * NOISE || theirs > ours * NOISE => (ours, theirs),
            // What is not known is taken for equal: a new member gets its share.
            _ => (1.0, 1.0),
        };
        ours * self.burden(now) < theirs * other.burden(now)
    }

    /// What one more request would find there, per latency.
    #[expect(clippy::cast_precision_loss, reason = "it is compared roughly")]
    fn burden(&self, now: Instant) -> f32 {
        let waiting = self.standing.under_way() as f32 / self.share;
        (waiting + 1.0) * self.standing.form.failing(now).exp2()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::tests::candidates, *};

    fn policy(weights: &[u32]) -> (TwoChoices, Vec<Candidate>) {
        let members = candidates(weights);
        (TwoChoices::new(&members, Rng::with_seed(7)), members)
    }

    fn counts(policy: &TwoChoices, picks: usize, now: Instant, usable: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut counts = vec![0; policy.members.len()];
        for _ in 0..picks {
            counts[policy.pick(now, &usable).unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn idle_members_get_shares_by_weight() {
        let (policy, _) = policy(&[3, 1]);
        let counts = counts(&policy, 10_000, Instant::now(), |_| true);
        assert!((7300..7700).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn only_usable_members_are_picked() {
        let (policy, _) = policy(&[1, 1, 1]);
        let now = Instant::now();
        assert_eq!(counts(&policy, 100, now, |member| member == 1), [0, 100, 0]);
        assert_eq!(counts(&policy, 100, now, |member| member != 1)[1], 0);
        assert_eq!(policy.pick(now, |_| false), None);
    }

    #[test]
    fn the_less_busy_one_is_taken() {
        let (policy, members) = policy(&[1, 1]);
        let _busy = members[0].standing.count();
        assert_eq!(counts(&policy, 100, Instant::now(), |_| true), [0, 100]);
    }

    #[test]
    fn being_busy_is_a_matter_of_weight() {
        let (policy, members) = policy(&[300, 100]);
        let _busy: Vec<_> = [0, 0, 0, 0, 0, 1, 1].map(|member: usize| members[member].standing.count()).into();
        assert_eq!(counts(&policy, 100, Instant::now(), |_| true), [100, 0], "5 of 3 shares are less than 2 of one");
    }

    #[test]
    fn the_faster_one_is_taken_but_noise_does_not_decide() {
        let (policy, members) = policy(&[1, 1]);
        let now = Instant::now();
        members[0].standing.form.answered(Duration::from_millis(100), now);
        members[1].standing.form.answered(Duration::from_millis(80), now);
        assert!(counts(&policy, 1000, now, |_| true)[0] > 400, "they are equal");
        members[0].standing.form.failed(now);
        assert_eq!(counts(&policy, 100, now, |_| true), [0, 100]);
    }

    #[test]
    fn being_slow_is_weighed_against_being_busy() {
        let (policy, members) = policy(&[1, 1]);
        let now = Instant::now();
        members[0].standing.form.answered(Duration::from_millis(100), now);
        members[1].standing.form.answered(Duration::from_millis(10), now);
        assert_eq!(counts(&policy, 100, now, |_| true), [0, 100]);
        let _busy: Vec<_> = (0..20).map(|_| members[1].standing.count()).collect();
        assert_eq!(counts(&policy, 100, now, |_| true), [100, 0], "the slow one is idle");
    }

    #[test]
    fn a_member_that_fails_at_once_attracts_nothing_and_is_tried_again_later() {
        let (policy, members) = policy(&[1, 1, 1]);
        let start = Instant::now();
        let (mut asked, mut last) = (Vec::new(), start);
        for turn in 0..60_000 {
            // A minute of a thousand requests a second, each of which takes 10 ms: three are under way at each.
            let now = start + Duration::from_millis(turn);
            last = now;
            let _others: Vec<_> =
                [1, 1, 1, 2, 2, 2].map(|member: usize| members[member].standing.count()).into_iter().collect();
            match policy.pick(now, |_| true) {
                Some(0) => {
                    members[0].standing.form.failed(now);
                    asked.push(turn);
                }
                Some(member) => members[member].standing.form.answered(Duration::from_millis(10), now),
                None => unreachable!("all are usable"),
            }
        }
        assert!((5..200).contains(&asked.len()), "asked {} times", asked.len());
        assert!(asked.iter().any(|turn| *turn > 30_000), "and not given up: {asked:?}");
        assert!(members[0].standing.form.failing(last) > 0.0);
    }
}

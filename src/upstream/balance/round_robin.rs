//! Smooth weighted round-robin, as nginx does it: heavy members come more often, but never in a burst.
//! Each pick raises every usable member by its weight, takes the highest and lowers it by the sum.

use std::cell::Cell;

/// The state of the policy.
#[derive(Debug)]
pub struct RoundRobin {
    members: Box<[Member]>,
}

#[derive(Debug)]
struct Member {
    weight: i64,
    current: Cell<i64>,
}

impl RoundRobin {
    pub(super) fn new(weights: impl IntoIterator<Item = u32>) -> Self {
        let member = |weight| Member { weight: i64::from(weight), current: Cell::new(0) };
        Self { members: weights.into_iter().map(member).collect() }
    }

    pub(super) fn pick(&self, usable: impl Fn(usize) -> bool) -> Option<usize> {
        if self.members.len() == 1 {
            return usable(0).then_some(0);
        }
        let mut total = 0;
        let mut best: Option<(usize, &Member)> = None;
        for (position, member) in self.members.iter().enumerate().filter(|(position, _)| usable(*position)) {
            total += member.weight;
            member.current.set(member.current.get() + member.weight);
            if best.is_none_or(|(_, best)| member.current.get() > best.current.get()) {
                best = Some((position, member));
            }
        }
        let (position, member) = best?;
        member.current.set(member.current.get() - total);
        Some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picks(policy: &RoundRobin, count: usize, usable: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..count).filter_map(|_| policy.pick(&usable)).collect()
    }

    #[test]
    fn weights_of_5_1_1_are_spread_smoothly() {
        let policy = RoundRobin::new([5, 1, 1]);
        assert_eq!(picks(&policy, 14, |_| true), [0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn equal_weights_take_turns() {
        assert_eq!(picks(&RoundRobin::new([1, 1, 1]), 7, |_| true), [0, 1, 2, 0, 1, 2, 0]);
    }

    #[test]
    fn a_member_that_is_not_usable_is_passed_over() {
        let policy = RoundRobin::new([5, 1, 1]);
        assert_eq!(picks(&policy, 4, |member| member != 0), [1, 2, 1, 2]);
        assert_eq!(policy.pick(|member| member == 2), Some(2));
        assert_eq!(policy.pick(|_| false), None);
    }

    #[test]
    fn shares_follow_the_weights_over_time() {
        let policy = RoundRobin::new([3, 2, 5]);
        let mut counts = [0; 3];
        for member in picks(&policy, 10_000, |_| true) {
            counts[member] += 1;
        }
        assert_eq!(counts, [3000, 2000, 5000]);
    }

    #[test]
    fn a_single_member_is_picked_whenever_it_is_usable() {
        let policy = RoundRobin::new([7]);
        assert_eq!(policy.pick(|_| true), Some(0));
        assert_eq!(policy.pick(|_| false), None);
        assert_eq!(RoundRobin::new([]).pick(|_| true), None);
    }
}

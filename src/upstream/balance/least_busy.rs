//! The member with the fewest requests under way for its weight; among equals they take turns, by weight.
//! What is under way is counted over all workers, the turns are those of one.

use std::sync::Arc;

use super::{Candidate, round_robin::RoundRobin};
use crate::upstream::roster::Standing;

/// The state of the policy.
#[derive(Debug)]
pub struct LeastBusy {
    members: Box<[(u32, Arc<Standing>)]>,
    turns: RoundRobin,
}

/// Requests under way, and the weight that they are divided by.
#[derive(Debug, Clone, Copy)]
struct Load(u32, u32);

impl Load {
    fn is_over(self, other: Self) -> bool {
        u64::from(self.0) * u64::from(other.1) > u64::from(other.0) * u64::from(self.1)
    }
}

impl LeastBusy {
    pub(super) fn new(candidates: &[Candidate]) -> Self {
        Self {
            members: candidates.iter().map(|one| (one.weight, Arc::clone(&one.standing))).collect(),
            turns: RoundRobin::new(candidates.iter().map(|one| one.weight)),
        }
    }

    pub(super) fn pick(&self, usable: impl Fn(usize) -> bool) -> Option<usize> {
        let load = |(weight, standing): &(u32, Arc<Standing>)| Load(standing.under_way(), *weight);
        let mut least: Option<(usize, Load)> = None;
        for (position, member) in self.members.iter().enumerate().filter(|(position, _)| usable(*position)) {
            let load = load(member);
            if least.is_none_or(|(_, least)| least.is_over(load)) {
                least = Some((position, load));
            }
        }
        let (position, least) = least?;
        let equal = |position: usize| self.members.get(position).is_some_and(|member| !load(member).is_over(least));
        // Other workers may have made all of them busier meanwhile.
        self.turns.pick(|position| usable(position) && equal(position)).or(Some(position))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::candidates, *};

    #[test]
    fn the_least_busy_for_its_weight_is_picked() {
        let members = candidates(&[1, 2, 1]);
        let policy = LeastBusy::new(&members);
        let _under_way = [0, 0, 1, 1, 1, 2, 2].map(|member: usize| members[member].standing.count());
        assert_eq!(policy.pick(|_| true), Some(1), "three of two shares are less than two of one");
        assert!(matches!(policy.pick(|member| member != 1), Some(0 | 2)));
        let _more = members[0].standing.count();
        assert_eq!(policy.pick(|member| member != 1), Some(2));
        assert_eq!(policy.pick(|_| false), None);
    }

    #[test]
    fn idle_members_take_turns_by_weight() {
        let members = candidates(&[3, 1]);
        let policy = LeastBusy::new(&members);
        let picks: Vec<_> = (0..8).filter_map(|_| policy.pick(|_| true)).collect();
        assert_eq!(picks.iter().filter(|pick| **pick == 0).count(), 6, "{picks:?}");
    }

    #[test]
    fn a_member_that_hangs_gets_no_more_than_the_others_have_under_way() {
        let members = candidates(&[1, 1, 1]);
        let policy = LeastBusy::new(&members);
        let mut hanging = Vec::new();
        for _ in 0..300 {
            let member = policy.pick(|_| true).unwrap();
            if member == 1 {
                hanging.push(members[member].standing.count());
            }
        }
        assert_eq!(hanging.len(), 1);
    }
}

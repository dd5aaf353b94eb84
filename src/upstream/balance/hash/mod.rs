//! The same member for the same key: rendezvous hashing by weight, with a bound on how busy a member may get.
//! A member that comes or goes moves only the keys that it has or had; gateways with the same file agree without a word.

pub mod key;

use std::sync::Arc;

use super::Candidate;
use crate::{limits, upstream::roster::Standing};

/// The policy; it has no state.
#[derive(Debug)]
pub struct Hash {
    members: Box<[Member]>,
}

#[derive(Debug)]
struct Member {
    seed: u64,
    weight: u32,
    standing: Arc<Standing>,
}

impl Hash {
    pub(super) fn new(candidates: &[Candidate]) -> Self {
        let member = |one: &Candidate| Member {
            seed: key::hash(one.name.as_bytes()),
            weight: one.weight,
            standing: Arc::clone(&one.standing),
        };
        Self { members: candidates.iter().map(member).collect() }
    }

    pub(super) fn pick(&self, key: u64, usable: impl Fn(usize) -> bool) -> Option<usize> {
        let usable = || self.members.iter().enumerate().filter(|(position, _)| usable(*position));
        let (mut under_way, mut weights) = (0, 0);
        for (_, member) in usable() {
            under_way += u64::from(member.standing.under_way());
            weights += u64::from(member.weight);
        }
        let best = |of: &mut dyn Iterator<Item = (usize, &Member)>| {
            of.map(|(position, member)| (position, member.score(key)))
                .max_by(|one, other| one.1.total_cmp(&other.1))
                .map(|(position, _)| position)
        };
        let free = best(&mut usable().filter(|(_, member)| !member.is_full(under_way, weights)));
        // All are full only for an instant, while other workers count.
        free.or_else(|| best(&mut usable()))
    }
}

impl Member {
    /// The highest one wins. That of a member depends on nothing but itself and the key.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are enough to tell keys apart")]
    fn score(&self, key: u64) -> f64 {
        // Never 0 and never 1, whose logarithms would break the order.
        let even = ((key::mix(key ^ self.seed) >> 12) as f64 + 0.5) / (1_u64 << 52) as f64;
        -f64::from(self.weight) / even.ln()
    }

    /// Whether one more request would be too much beside `under_way` at members of `weights` together.
    fn is_full(&self, under_way: u64, weights: u64) -> bool {
        let ours = self.standing.under_way();
        let percent = u64::from(limits::HASH_BUSY_PERCENT);
        let most = (percent * (under_way + 1) * u64::from(self.weight)).div_ceil(100 * weights.max(1));
        ours >= limits::HASH_BUSY_LEAST && u64::from(ours) >= most
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::candidates, *};

    fn keys() -> impl Iterator<Item = u64> {
        (0..10_000_u32).map(|number| key::hash(&number.to_be_bytes()))
    }

    fn counts(policy: &Hash, usable: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut counts = vec![0; policy.members.len()];
        for key in keys() {
            counts[policy.pick(key, &usable).unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn shares_follow_the_weights() {
        let counts = counts(&Hash::new(&candidates(&[1, 1, 2])), |_| true);
        for (count, expected) in counts.iter().zip([2500, 2500, 5000_usize]) {
            assert!(count.abs_diff(expected) < 250, "{counts:?}");
        }
    }

    #[test]
    fn the_same_key_goes_to_the_same_member() {
        let policy = Hash::new(&candidates(&[1, 1, 1]));
        let again = Hash::new(&candidates(&[1, 1, 1]));
        assert!(keys().all(|key| policy.pick(key, |_| true) == again.pick(key, |_| true)));
        assert_eq!(policy.pick(1, |_| false), None);
    }

    #[test]
    fn only_the_keys_of_a_member_move_when_it_comes_or_goes() {
        let policy = Hash::new(&candidates(&[1, 1, 1, 1]));
        let mut moved = 0;
        for key in keys() {
            let (all, without) = (policy.pick(key, |_| true), policy.pick(key, |member| member != 3));
            if all == Some(3) {
                moved += 1;
            } else {
                assert_eq!(all, without);
            }
        }
        assert!((2200..2800).contains(&moved), "{moved}");
    }

    #[test]
    fn a_member_over_its_bound_passes_its_keys_on_and_a_quiet_one_does_not() {
        let members = candidates(&[1, 1, 1, 1]);
        let policy = Hash::new(&members);
        let own = keys().find(|key| policy.pick(*key, |_| true) == Some(0)).unwrap();
        let mut under_way = Vec::new();
        let mut at = [0; 4];
        for _ in 0..400 {
            let member = policy.pick(own, |_| true).unwrap();
            at[member] += 1;
            under_way.push(members[member].standing.count());
            if under_way.len() == 32 {
                assert_eq!(at, [32, 0, 0, 0], "few are no load");
            }
        }
        assert!(at.iter().all(|count| *count <= 126), "none has over 1.25 of its share: {at:?}");
        assert_eq!(at[0], 125, "and the keys' own member has all of that: {at:?}");
    }
}

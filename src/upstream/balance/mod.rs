//! Which member of an upstream gets the next attempt: one file a policy, one arm here.
//! The caller says which members may be picked; health and retries are its business.

mod hash;
mod least_busy;
mod round_robin;
pub mod slow_start;
mod two_choices;

use std::{sync::Arc, time::Instant};

use fastrand::Rng;
use hash::Hash;
use least_busy::LeastBusy;
use round_robin::RoundRobin;
use two_choices::TwoChoices;

use super::roster::Standing;
use crate::{
    config::settings::{Balance, HashKey},
    message::Record,
};

/// A member as the policies see it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its name, by which a hash finds it.
    pub name: Arc<str>,
    /// Its share; at least 1.
    pub weight: u32,
    /// How it stands, over all workers.
    pub standing: Arc<Standing>,
}

/// A balancing policy with its state. Owned by one worker.
#[derive(Debug)]
pub enum Balancer {
    /// There is nothing to choose.
    Single,
    /// Smooth weighted round-robin.
    RoundRobin(RoundRobin),
    /// The fewest requests under way.
    LeastBusy(LeastBusy),
    /// The better one of two at random.
    TwoChoices(TwoChoices),
    /// The same one for the same key; by two choices without one.
    Hash(HashKey, Hash, TwoChoices),
}

impl Balancer {
    /// The policy `balance` over these members, in the order of `servers`; `rng` throws its dice.
    #[must_use]
    pub fn new(balance: &Balance, candidates: &[Candidate], rng: Rng) -> Self {
        if candidates.len() < 2 {
            return Self::Single;
        }
        match balance {
            Balance::RoundRobin => Self::RoundRobin(RoundRobin::new(candidates.iter().map(|one| one.weight))),
            Balance::LeastBusy => Self::LeastBusy(LeastBusy::new(candidates)),
            Balance::TwoChoices => Self::TwoChoices(TwoChoices::new(candidates, rng)),
            Balance::Hash(key) => Self::Hash(key.clone(), Hash::new(candidates), TwoChoices::new(candidates, rng)),
        }
    }

    /// The position of the next member for `record`'s request among those that are `usable`; `None` when none is.
    /// A member counts as used when it is picked.
    #[must_use]
    pub fn pick(&self, record: &Record, now: Instant, usable: impl Fn(usize) -> bool) -> Option<usize> {
        match self {
            Self::Single => usable(0).then_some(0),
            Self::RoundRobin(policy) => policy.pick(usable),
            Self::LeastBusy(policy) => policy.pick(usable),
            Self::TwoChoices(policy) => policy.pick(now, usable),
            Self::Hash(_, policy, without) => match self.key(record) {
                Some(key) => policy.pick(key, usable),
                None => without.pick(now, usable),
            },
        }
    }

    /// What the policy finds a member by, where it is a hash and the request has its key.
    #[must_use]
    pub fn key(&self, record: &Record) -> Option<u64> {
        match self {
            Self::Hash(key, ..) => hash::key::of(key, record.client, &record.head.headers),
            _ => None,
        }
    }

    /// Whether it wants to know how long answers take and which attempts fail.
    #[must_use]
    pub fn learns(&self) -> bool {
        matches!(self, Self::TwoChoices(_) | Self::Hash(..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Members with these weights, of which nothing is known.
    pub fn candidates(weights: &[u32]) -> Vec<Candidate> {
        let candidate = |(position, weight): (usize, &u32)| Candidate {
            name: format!("http://10.0.0.{position}:3000").into(),
            weight: *weight,
            standing: Arc::default(),
        };
        weights.iter().enumerate().map(candidate).collect()
    }

    #[test]
    fn a_single_member_needs_no_policy() {
        for balance in [Balance::RoundRobin, Balance::LeastBusy, Balance::TwoChoices, Balance::Hash(HashKey::ClientIp)]
        {
            let one = Balancer::new(&balance, &candidates(&[7]), Rng::with_seed(1));
            assert!(matches!(one, Balancer::Single) && !one.learns(), "{balance:?}");
        }
    }
}

//! Which member of an upstream gets the next attempt: one file a policy, one arm here.
//! The caller says which members may be picked; health and retries are its business.

mod round_robin;

use round_robin::RoundRobin;

use crate::config::settings::Balance;

/// A balancing policy with its state. Owned by one worker.
#[derive(Debug)]
pub enum Balancer {
    /// Smooth weighted round-robin.
    RoundRobin(RoundRobin),
}

impl Balancer {
    /// The policy `balance` over members with these weights (each at least 1), in the order of `servers`.
    #[must_use]
    pub fn new(balance: Balance, weights: impl IntoIterator<Item = u32>) -> Self {
        match balance {
            Balance::RoundRobin => Self::RoundRobin(RoundRobin::new(weights)),
        }
    }

    /// The position of the next member among those that are `usable`; `None` when none is.
    /// A member is asked about once at most, and counts as used when it is picked.
    #[must_use]
    pub fn pick(&self, usable: impl Fn(usize) -> bool) -> Option<usize> {
        match self {
            Self::RoundRobin(policy) => policy.pick(usable),
        }
    }
}

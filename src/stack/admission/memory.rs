//! The gateway's own memory against its limit: the more over it, the more new requests are turned away.
//! One worker looks now and then, all of them ask before a request goes on.

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    failure::{Cause, Failure},
    limits,
};

const STATUS: &str = "/proc/self/status";
const RESIDENT: &str = "VmRSS:";

/// The limit and what is used of it.
///
/// The delay of the event loops is not looked at: a loop handles a request in microseconds, so that not even as many as
/// may be connected delay it noticeably; when it lags, the machine is busy with something else, and turning visitors away
/// would not help it.
#[derive(Debug)]
pub(super) struct Memory {
    limit: u64,
    resident: AtomicU64,
}

impl Memory {
    /// With a first look.
    pub(super) fn new(limit: u64) -> Self {
        let memory = Self { limit, resident: AtomicU64::new(0) };
        memory.look();
        memory
    }

    /// Looks again. A system that does not tell limits nothing.
    pub(super) fn look(&self) {
        let text = fs::read_to_string(STATUS).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(RESIDENT));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        let resident = kib.unwrap_or_default().saturating_mul(limits::KIB as u64);
        self.resident.store(resident, Ordering::Relaxed);
    }

    /// Lets a request through, or turns it away.
    pub(super) fn check(&self) -> Option<Box<Failure>> {
        let resident = self.resident.load(Ordering::Relaxed);
        let share = share(resident, self.limit);
        if share == 0 || fastrand::u64(..100) >= share {
            return None;
        }
        let mib = |bytes: u64| bytes.div_ceil(limits::MIB as u64);
        let evidence = format!(
            "the gateway uses {} MiB of memory, over limits.memory of {} MiB: {share} % of new requests are turned away",
            mib(resident),
            mib(self.limit)
        );
        let mut failure = Failure::new(Cause::GatewayOverloaded, evidence);
        failure.retry_after = Some(limits::MEMORY_LOOK);
        Some(failure)
    }
}

/// How many of a hundred requests are turned away: it grows with the excess, and is never all of them.
fn share(resident: u64, limit: u64) -> u64 {
    let excess = resident.saturating_sub(limit);
    if excess == 0 {
        return 0;
    }
    let ramp = (limit / 100 * limits::MEMORY_RAMP_PERCENT).max(1);
    let share = u128::from(excess) * u128::from(limits::MEMORY_MOST_PERCENT) / u128::from(ramp);
    u64::try_from(share).unwrap_or(u64::MAX).clamp(1, limits::MEMORY_MOST_PERCENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_grows_with_the_excess_and_is_never_all() {
        for (resident, limit, expected) in [
            (0, 1000, 0),
            (1000, 1000, 0),
            (1001, 1000, 1),
            (1050, 1000, 45),
            (1099, 1000, 89),
            (1100, 1000, 90),
            (u64::MAX, 1000, 90),
            (u64::MAX, 1, 90),
        ] {
            assert_eq!(share(resident, limit), expected, "{resident} of {limit}");
        }
    }

    #[test]
    fn the_memory_in_use_is_known() {
        let memory = Memory::new(u64::MAX);
        assert!(memory.resident.load(Ordering::Relaxed) > limits::MIB as u64, "{memory:?}");
        assert!(memory.check().is_none());
    }
}

//! Whether a peer takes what the kernel keeps for it while there is no room for more; pure.
//! Asked when a deadline of sending has passed, by `listen` for clients and by `upstream::transport` for servers.

use std::{cell::Cell, time::Duration};

use crate::limits;

/// What is known of a peer since its socket became full.
///
/// A socket that is full has room again when a third of its buffer is free, which may be a megabyte: a peer that reads
/// slowly and steadily makes room hardly ever. What its kernel acknowledges says more. It is asked for the first time an
/// eighth of the limit after the socket became full, so that nothing is asked where room is made sooner, and then whenever
/// the limit is over: only a peer that has taken nothing in between is late. It is never found to be late sooner than that,
/// and at the latest after twice the limit.
#[derive(Debug, Default)]
pub struct Progress(Cell<Option<u64>>);

impl Progress {
    /// The socket is full. Tells for how long to wait before the first look, where `limit` is how long a peer may take
    /// nothing.
    pub fn begin(&self, limit: Duration) -> Duration {
        self.0.set(None);
        first(limit)
    }

    /// That time is over: `acked` bytes have been acknowledged in all, where that is known, and there is a `rest` or not.
    /// Tells for how much longer to wait; `None` when the peer has taken nothing for too long.
    pub fn look(&self, limit: Duration, acked: Option<u64>, rest: bool) -> Option<Duration> {
        let before = self.0.replace(Some(acked.unwrap_or_default()));
        match (before, acked) {
            (None, Some(_)) if rest => Some(limit),
            // Nothing will ever be seen to be taken: the limit as it is.
            (None, _) => Some(limit.saturating_sub(first(limit))),
            (Some(before), acked) => (acked > Some(before)).then_some(limit),
        }
    }
}

fn first(limit: Duration) -> Duration {
    limit / limits::SEND_FIRST_LOOK
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(8);
    const FIRST: Duration = Duration::from_secs(1);
    const REST: Duration = Duration::from_secs(7);

    #[test]
    fn whoever_takes_nothing_is_late_when_the_limit_is_over() {
        let progress = Progress::default();
        assert_eq!(progress.begin(LIMIT), FIRST);
        assert_eq!(progress.look(LIMIT, Some(5), true), Some(LIMIT));
        assert_eq!(progress.look(LIMIT, Some(5), true), None);
    }

    #[test]
    fn whoever_takes_something_has_the_whole_limit_again() {
        let progress = Progress::default();
        progress.begin(LIMIT);
        assert_eq!(progress.look(LIMIT, Some(0), true), Some(LIMIT));
        assert_eq!(progress.look(LIMIT, Some(1), true), Some(LIMIT));
        assert_eq!(progress.look(LIMIT, Some(1_000), false), Some(LIMIT));
        assert_eq!(progress.look(LIMIT, Some(1_000), false), None);
    }

    #[test]
    fn the_limit_stays_what_it_is_where_nothing_is_left_to_take_or_nobody_knows() {
        for (acked, rest) in [(Some(5), false), (None, true), (None, false)] {
            let progress = Progress::default();
            assert_eq!(progress.begin(LIMIT), FIRST);
            assert_eq!(progress.look(LIMIT, acked, rest), Some(REST));
            assert_eq!(progress.look(LIMIT, acked, rest), None);
        }
    }

    #[test]
    fn a_socket_that_had_room_begins_anew() {
        let progress = Progress::default();
        progress.begin(LIMIT);
        assert_eq!(progress.look(LIMIT, Some(5), true), Some(LIMIT));
        assert_eq!(progress.begin(LIMIT), FIRST);
        assert_eq!(progress.look(LIMIT, Some(5), true), Some(LIMIT));
    }
}

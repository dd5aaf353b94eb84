//! What applications say on their error streams: the first few lines of each server are passed on, the others counted.
//! A state machine on given time, one for each worker; who calls it does the saying.

use std::{collections::HashMap, sync::Arc, time::Instant};

use crate::limits;

/// What each server has said lately.
#[derive(Default)]
pub(super) struct Words(HashMap<Arc<str>, Count>);

struct Count {
    /// When this window began.
    since: Instant,
    /// Passed on in this window.
    said: u32,
    /// Not passed on in this window.
    more: u64,
}

impl Words {
    /// Whether what `member` says now is to be passed on; otherwise it is counted for the next summary.
    pub(super) fn pass(&mut self, member: &Arc<str>, now: Instant) -> bool {
        if self.0.len() >= limits::REPEATED_KINDS && !self.0.contains_key(member) {
            return false;
        }
        let count = self.0.entry(Arc::clone(member)).or_insert(Count { since: now, said: 0, more: 0 });
        if count.said < limits::WORDS_IN_FULL {
            count.said += 1;
            return true;
        }
        count.more += 1;
        false
    }

    /// How often each server has spoken in vain in the windows that are over at `now`.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(Arc<str>, u64)> {
        let mut unsaid = Vec::new();
        self.0.retain(|member, count| {
            let over = now.saturating_duration_since(count.since) >= limits::REPEATED_WINDOW;
            if over && count.more > 0 {
                unsaid.push((Arc::clone(member), count.more));
            }
            !over
        });
        unsaid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_talkative_server_is_cut_short_and_the_rest_is_counted() {
        let (mut words, now) = (Words::default(), Instant::now());
        let (loud, quiet): (Arc<str>, Arc<str>) = ("loud".into(), "quiet".into());
        let few = limits::WORDS_IN_FULL as usize;
        assert_eq!((0..1000).filter(|_| words.pass(&loud, now)).count(), few);
        assert!(words.pass(&quiet, now));
        assert!(words.due(now + limits::REPEATED_WINDOW / 2).is_empty());
        let later = now + limits::REPEATED_WINDOW;
        assert_eq!(words.due(later), [(loud.clone(), 1000 - few as u64)]);
        assert!(words.pass(&loud, later), "a new window begins");
    }
}

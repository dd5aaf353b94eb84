//! Failures that come again and again: the first few of a kind are said in full, the others counted and summed up.
//! A state machine on given time, one for each worker; who calls it does the saying.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    failure::{Cause, Failure},
    limits,
    message::Record,
};

/// What makes failures repetitions of each other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) cause: Cause,
    pub(super) upstream: Option<Arc<str>>,
    pub(super) member: Option<Arc<str>>,
}

/// A kind's failures that were not said in full, and the last one of them.
pub(super) struct Summary {
    pub(super) kind: Kind,
    pub(super) more: u64,
    /// In how long a time.
    pub(super) took: Duration,
    pub(super) evidence: String,
    pub(super) request_id: String,
}

/// What is known about one kind.
struct Count {
    /// When this window began.
    since: Instant,
    /// Said in full since the kind was new.
    said: u32,
    /// Not said in full in this window.
    more: u64,
    evidence: String,
    request_id: String,
}

/// The kinds that failed lately.
#[derive(Default)]
pub(super) struct Repeats(HashMap<Kind, Count>);

impl Repeats {
    /// Whether a failure is to be said in full now; otherwise it is counted for the next summary.
    pub(super) fn first(&mut self, record: &Record, failure: &Failure, now: Instant) -> bool {
        let mut kind = Kind {
            cause: failure.cause,
            upstream: record.upstream.get().map(|name| Arc::from(&**name)),
            member: failure.member.clone(),
        };
        if self.0.len() >= limits::REPEATED_KINDS && !self.0.contains_key(&kind) {
            // Without its place a kind is still counted: there are only so many causes.
            (kind.upstream, kind.member) = (None, None);
        }
        let count = self.0.entry(kind).or_insert_with(|| Count {
            since: now,
            said: 0,
            more: 0,
            evidence: String::new(),
            request_id: String::new(),
        });
        if count.said < limits::REPEATED_IN_FULL {
            count.said += 1;
            return true;
        }
        count.more += 1;
        for (kept, text) in [(&mut count.evidence, &*failure.evidence), (&mut count.request_id, record.id.as_str())] {
            kept.clear();
            kept.push_str(&text[..text.floor_char_boundary(limits::REPEATED_TEXT)]);
        }
        false
    }

    /// The summaries of the windows that are over at `now`. A kind that was quiet for a whole window is new again.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Summary> {
        self.close(now, |took| took >= limits::REPEATED_WINDOW)
    }

    /// The summaries of all that was counted, however short the time.
    pub(super) fn end(&mut self, now: Instant) -> Vec<Summary> {
        self.close(now, |_| true)
    }

    fn close(&mut self, now: Instant, over: impl Fn(Duration) -> bool) -> Vec<Summary> {
        let mut summaries = Vec::new();
        self.0.retain(|kind, count| {
            let took = now.saturating_duration_since(count.since);
            if !over(took) {
                return true;
            }
            if count.more == 0 {
                return false;
            }
            summaries.push(Summary {
                kind: kind.clone(),
                more: count.more,
                took,
                evidence: count.evidence.clone(),
                request_id: count.request_id.clone(),
            });
            (count.since, count.more) = (now, 0);
            true
        });
        summaries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::sample::record;

    fn failure(member: &str, evidence: &str) -> Box<Failure> {
        Failure::new(Cause::ConnectRefused, evidence.to_owned()).member(&member.into())
    }

    /// How many of `times` failures are to be said in full.
    fn in_full(repeats: &mut Repeats, member: &str, times: usize, now: Instant) -> usize {
        let record = record("/", &[]);
        (0..times).filter(|at| repeats.first(&record, &failure(member, &at.to_string()), now)).count()
    }

    #[test]
    fn the_first_few_are_said_and_the_others_summed_up_once_a_window() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        let few = limits::REPEATED_IN_FULL as usize;
        assert_eq!(in_full(&mut repeats, "a", 1000, start), few);
        assert!(repeats.due(start + limits::REPEATED_WINDOW / 2).is_empty());
        let now = start + limits::REPEATED_WINDOW * 11 / 10;
        let summaries = repeats.due(now);
        let [summary] = &summaries[..] else { panic!("one kind, one summary: {}", summaries.len()) };
        assert_eq!((summary.more, summary.evidence.as_str()), (1000 - few as u64, "999"));
        assert_eq!((summary.kind.member.as_deref(), summary.took), (Some("a"), now - start));
        // It goes on: nothing more in full, one summary a window.
        assert_eq!(in_full(&mut repeats, "a", 7, now), 0);
        assert_eq!(repeats.due(now + limits::REPEATED_WINDOW)[0].more, 7);
    }

    #[test]
    fn a_kind_that_was_quiet_for_a_window_is_new_again() {
        let (mut repeats, mut now) = (Repeats::default(), Instant::now());
        in_full(&mut repeats, "a", 100, now);
        for expected in [1, 0] {
            now += limits::REPEATED_WINDOW;
            assert_eq!(repeats.due(now).len(), expected);
        }
        assert_eq!(in_full(&mut repeats, "a", 1, now), 1);
        // A rare one is always said in full.
        for _ in 0..20 {
            now += limits::REPEATED_WINDOW;
            assert!(repeats.due(now).is_empty());
            assert_eq!(in_full(&mut repeats, "a", 1, now), 1);
        }
    }

    #[test]
    fn kinds_do_not_hide_each_other_and_are_bounded() {
        let (mut repeats, now) = (Repeats::default(), Instant::now());
        let few = limits::REPEATED_IN_FULL as usize;
        for member in 0..limits::REPEATED_KINDS {
            assert_eq!(in_full(&mut repeats, &member.to_string(), few + 1, now), few, "{member}");
        }
        let beyond: usize = (0..1000).map(|member| in_full(&mut repeats, &format!("beyond {member}"), 2, now)).sum();
        assert_eq!(beyond, few, "what has no place of its own shares one");
        assert_eq!(repeats.0.len(), limits::REPEATED_KINDS + 1);
        let summaries = repeats.end(now);
        let total: u64 = summaries.iter().map(|summary| summary.more).sum();
        assert_eq!(total, (limits::REPEATED_KINDS + 2000 - few) as u64, "none is silenced");
        assert!(repeats.end(now).is_empty(), "nothing is said twice");
    }

    #[test]
    fn long_evidence_is_cut_between_characters() {
        let (mut repeats, now) = (Repeats::default(), Instant::now());
        let record = record("/", &[]);
        let long = failure("a", &"ä".repeat(limits::REPEATED_TEXT));
        while repeats.first(&record, &long, now) {}
        let kept = &repeats.end(now)[0].evidence;
        assert!(kept.len() <= limits::REPEATED_TEXT && kept.len() + 2 > limits::REPEATED_TEXT);
    }
}

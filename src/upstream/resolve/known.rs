//! What is known of one name, and for how long it is believed when name servers no longer confirm it; pure.
//! `ledger` keeps it for all workers, `name` asks and tells the time, `news` says in the log what changes here.

use std::time::{Duration, Instant};

use super::places::Places;
use crate::limits::{DNS_GONE_HOLD, DNS_QUERY_TIMEOUT, DNS_STALE};

/// Places that were found, and since when they are doubtful.
#[derive(Debug)]
pub(super) struct Known {
    places: Places,
    /// When a name server named them last.
    confirmed: Instant,
    /// Until when there is no need to ask again.
    until: Instant,
    /// Since when no name server answers of use.
    silent: Option<Instant>,
    /// Since when name servers say that there is nothing behind the name.
    denied: Option<Instant>,
    /// When a worker began to ask again, until there is an answer.
    asked: Option<Instant>,
}

impl Known {
    /// A name server named these places at `now`; they are good `until` then.
    pub(super) fn new(places: Places, now: Instant, until: Instant) -> Self {
        Self { places, confirmed: now, until, silent: None, denied: None, asked: None }
    }

    /// The places.
    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    /// When a name server named them last.
    pub(super) fn confirmed(&self) -> Instant {
        self.confirmed
    }

    /// For how much longer there is no need to ask again.
    pub(super) fn fresh(&self, now: Instant) -> Duration {
        self.until.saturating_duration_since(now)
    }

    /// A name server named these places at `now`; they are good `until` then.
    pub(super) fn confirm(&mut self, places: &Places, now: Instant, until: Instant) {
        (self.silent, self.denied, self.asked) = (None, None, None);
        (self.confirmed, self.until) = (now, until);
        if self.places != *places {
            self.places.clone_from(places);
        }
    }

    /// A worker begins to ask at `now`.
    pub(super) fn ask(&mut self, now: Instant) {
        self.asked = Some(now);
    }

    /// Whether one has begun so lately that its answer may still come.
    pub(super) fn is_asked_for(&self, now: Instant) -> bool {
        self.asked.is_some_and(|asked| now < asked + DNS_QUERY_TIMEOUT)
    }

    /// The look-up that ended at `now` found no place; `denied` is whether a name server said that there is none. Returns
    /// for how much longer the old ones are used: zero is no longer.
    pub(super) fn doubt(&mut self, denied: bool, now: Instant) -> Duration {
        let (since, limit) = if denied {
            (self.denied.get_or_insert(now), DNS_GONE_HOLD)
        } else {
            (self.silent.get_or_insert(now), DNS_STALE)
        };
        (*since + limit).saturating_duration_since(now)
    }

    /// Whether they may be used at all.
    pub(super) fn holds(&self, now: Instant) -> bool {
        let over = |since: Option<Instant>, limit| since.is_some_and(|since| now >= since + limit);
        !over(self.silent, DNS_STALE) && !over(self.denied, DNS_GONE_HOLD)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::upstream::resolve::places::Target;

    fn places(last: u8) -> Places {
        let address = SocketAddr::from(([192, 0, 2, last], 80));
        Places::new(Target::new((0, 0), "", [address])).unwrap()
    }

    #[test]
    fn old_places_outlive_silence_by_a_day_and_a_denial_by_its_hold() {
        let start = Instant::now();
        for (denied, limit) in [(false, DNS_STALE), (true, DNS_GONE_HOLD)] {
            let mut known = Known::new(places(1), start, start);
            let first = start + Duration::from_secs(5);
            assert_eq!(known.doubt(denied, first), limit);
            assert_eq!(known.doubt(denied, first + limit / 2), limit / 2);
            assert!(known.holds(first + limit / 2));
            assert_eq!(known.doubt(denied, first + limit), Duration::ZERO);
            assert!(!known.holds(first + limit));
            known.confirm(&places(2), first + limit, first + limit);
            assert!(known.holds(first + limit) && *known.places() == places(2));
            assert_eq!(known.doubt(denied, first + limit), limit, "a good answer begins it anew");
        }
    }

    #[test]
    fn a_denial_between_silences_counts_from_its_first() {
        let start = Instant::now();
        let mut known = Known::new(places(1), start, start);
        known.doubt(true, start);
        known.doubt(false, start + DNS_GONE_HOLD / 2);
        assert_eq!(known.doubt(true, start + DNS_GONE_HOLD), Duration::ZERO);
    }
}

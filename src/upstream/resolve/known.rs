//! What is known of one name, and for how long it is believed when name servers no longer confirm it; pure.
//! `name` asks and tells the time, `news` says in the log what changes here.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use super::places::Places;
use crate::limits::{DNS_GONE_HOLD, DNS_STALE};

/// Places that were found, and since when they are doubtful.
#[derive(Debug)]
pub(super) struct Known {
    places: Rc<Places>,
    /// Since when no name server answers of use.
    silent: Option<Instant>,
    /// Since when name servers say that there is nothing behind the name.
    denied: Option<Instant>,
}

/// What an answer has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    Same,
    /// There are other places now.
    Moved,
}

impl Known {
    pub(super) fn new(places: Rc<Places>) -> Self {
        Self { places, silent: None, denied: None }
    }

    /// The places.
    pub(super) fn places(&self) -> &Rc<Places> {
        &self.places
    }

    /// A name server named these places.
    pub(super) fn confirm(&mut self, places: Rc<Places>) -> Change {
        (self.silent, self.denied) = (None, None);
        if self.places == places {
            return Change::Same;
        }
        self.places = places;
        Change::Moved
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
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::upstream::resolve::places::Target;

    fn places(last: u8) -> Rc<Places> {
        let address = SocketAddr::from(([192, 0, 2, last], 80));
        Rc::new(Places::new(Target::new((0, 0), "", [address])).unwrap())
    }

    #[test]
    fn an_answer_that_says_the_same_changes_nothing() {
        let mut known = Known::new(places(1));
        let before = Rc::clone(known.places());
        assert_eq!(known.confirm(places(1)), Change::Same);
        assert!(Rc::ptr_eq(&before, known.places()));
        assert_eq!(known.confirm(places(2)), Change::Moved);
        assert_eq!(*known.places(), places(2));
    }

    #[test]
    fn old_places_outlive_silence_by_a_day_and_a_denial_by_its_hold() {
        let start = Instant::now();
        for (denied, limit) in [(false, DNS_STALE), (true, DNS_GONE_HOLD)] {
            let mut known = Known::new(places(1));
            let first = start + Duration::from_secs(5);
            assert_eq!(known.doubt(denied, first), limit);
            assert_eq!(known.doubt(denied, first + limit / 2), limit / 2);
            assert_eq!(known.doubt(denied, first + limit), Duration::ZERO);
            assert_eq!(known.confirm(places(1)), Change::Same);
            assert_eq!(known.doubt(denied, first + limit), limit, "a good answer begins it anew");
        }
    }

    #[test]
    fn a_denial_between_silences_counts_from_its_first() {
        let mut known = Known::new(places(1));
        let start = Instant::now();
        known.doubt(true, start);
        known.doubt(false, start + DNS_GONE_HOLD / 2);
        assert_eq!(known.doubt(true, start + DNS_GONE_HOLD), Duration::ZERO);
    }
}

//! What the workers know together of the names of one upstream: what one of them has found serves the others too.
//! `known` decides for how long it is believed; `name` looks here where it knows nothing, and when a look-up has ended.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{Question, known::Known, places::Places};

/// The names of one upstream, over all workers. It is locked where a worker knows nothing of a name and when a look-up
/// ends, never by a request whose worker knows the name.
#[derive(Debug, Default)]
pub struct Ledger {
    names: Mutex<HashMap<Question, Known>>,
}

/// What a worker takes over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Copied {
    pub(super) places: Places,
    /// When a name server named them.
    pub(super) confirmed: Instant,
    /// For how much longer there is no need to ask; zero where the answer's time is over.
    pub(super) fresh: Duration,
}

/// What is to be done about an answer of a worker whose time is over.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing: another worker has a younger one.
    Found(Copied),
    /// Another worker asks just now: the old one serves meanwhile.
    Others,
    /// To ask. The others leave that to this worker for `DNS_QUERY_TIMEOUT`.
    Own,
}

/// What a look-up that failed leaves of a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Another worker has found it in the meantime.
    Found(Copied),
    /// The old places are used for so much longer.
    Old(Copied, Duration),
    /// Nothing is known, or is believed any more.
    Nothing,
}

impl Ledger {
    /// What may be used at `now`, be its time over or not.
    pub(super) fn any(&self, question: &Question, now: Instant) -> Option<Copied> {
        self.names().get(question).filter(|known| known.holds(now)).map(|known| copied(known, now))
    }

    /// Who is to ask at `now`: the times of all workers end together, and one answer serves them all. A worker whose own
    /// answer was never `confirmed` has nothing to go on with, and leaves it to nobody.
    pub(super) fn turn(&self, question: &Question, confirmed: Option<Instant>, now: Instant) -> Turn {
        let mut names = self.names();
        let Some(known) = names.get_mut(question) else { return Turn::Own };
        match newer(known, confirmed, now) {
            Some(found) => Turn::Found(found),
            None if known.is_asked_for(now) && confirmed.is_some() => Turn::Others,
            None => {
                known.ask(now);
                Turn::Own
            }
        }
    }

    /// A name server named `places` at `now`; they are good `until` then.
    pub(super) fn confirm(&self, question: &Question, places: &Places, now: Instant, until: Instant) {
        let mut names = self.names();
        match names.get_mut(question) {
            Some(known) => known.confirm(places, now, until),
            None => {
                names.insert(question.clone(), Known::new(places.clone(), now, until));
            }
        }
    }

    /// The look-up of a worker whose own answer was `confirmed` then ended at `now` and found no place; `denied` is
    /// whether a name server said that there is none.
    pub(super) fn doubt(&self, question: &Question, confirmed: Option<Instant>, denied: bool, now: Instant) -> Left {
        let mut names = self.names();
        let Some(known) = names.get_mut(question) else { return Left::Nothing };
        if let Some(found) = newer(known, confirmed, now) {
            return Left::Found(found);
        }
        let left = known.doubt(denied, now);
        if left.is_zero() {
            names.remove(question);
            return Left::Nothing;
        }
        Left::Old(copied(known, now), left)
    }

    fn names(&self) -> MutexGuard<'_, HashMap<Question, Known>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn newer(known: &Known, confirmed: Option<Instant>, now: Instant) -> Option<Copied> {
    let newer = confirmed.is_none_or(|own| own < known.confirmed());
    (newer && !known.fresh(now).is_zero()).then(|| copied(known, now))
}

fn copied(known: &Known, now: Instant) -> Copied {
    Copied { places: known.places().clone(), confirmed: known.confirmed(), fresh: known.fresh(now) }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::{
        limits::{DNS_GONE_HOLD, DNS_QUERY_TIMEOUT, DNS_STALE},
        upstream::resolve::places::Target,
    };

    const SECOND: Duration = Duration::from_secs(1);

    fn places(last: u8) -> Places {
        Places::new(Target::new((0, 0), "", [SocketAddr::from(([192, 0, 2, last], 80))])).unwrap()
    }

    fn app() -> Question {
        Question::Host("app.example".into(), 80)
    }

    #[test]
    fn a_worker_takes_what_is_younger_than_its_own() {
        let (ledger, start) = (Ledger::default(), Instant::now());
        assert_eq!((ledger.any(&app(), start), ledger.turn(&app(), None, start)), (None, Turn::Own));
        ledger.confirm(&app(), &places(1), start, start + 2 * SECOND);
        let now = start + SECOND;
        let copied = Copied { places: places(1), confirmed: start, fresh: SECOND };
        assert_eq!(ledger.turn(&app(), None, now), Turn::Found(copied));
        assert_eq!(ledger.turn(&app(), Some(start), now), Turn::Own, "it is the worker's own");
        assert_eq!(ledger.turn(&app(), None, now + SECOND), Turn::Own, "its time is over");
        assert!(ledger.any(&app(), now + SECOND).is_some_and(|old| old.fresh.is_zero()), "it is of use all the same");
        assert_eq!(ledger.any(&Question::Host("app.example".into(), 81), now), None);
    }

    #[test]
    fn one_worker_asks_at_a_time() {
        let (ledger, start) = (Ledger::default(), Instant::now());
        ledger.confirm(&app(), &places(1), start, start);
        let turn = |now| ledger.turn(&app(), Some(start), now);
        assert_eq!((turn(start), turn(start)), (Turn::Own, Turn::Others));
        assert_eq!(ledger.turn(&app(), None, start), Turn::Own, "who has nothing does not wait");
        ledger.doubt(&app(), Some(start), false, start);
        assert_eq!(turn(start + DNS_QUERY_TIMEOUT / 2), Turn::Others, "a failure is not asked for again at once");
        let late = start + DNS_QUERY_TIMEOUT;
        assert_eq!((turn(late), turn(late)), (Turn::Own, Turn::Others), "the one that asked may be gone");
        ledger.confirm(&app(), &places(1), late, late);
        assert_eq!(ledger.turn(&app(), Some(late), late), Turn::Own, "an answer begins it anew");
    }

    #[test]
    fn the_doubts_of_all_workers_are_one_and_end_together() {
        for (denied, limit) in [(true, DNS_GONE_HOLD), (false, DNS_STALE)] {
            let (ledger, start) = (Ledger::default(), Instant::now());
            ledger.confirm(&app(), &places(1), start, start);
            let left = |own, now| match ledger.doubt(&app(), own, denied, now) {
                Left::Old(_, left) => Some(left),
                Left::Nothing => None,
                Left::Found(found) => panic!("{found:?} is not younger"),
            };
            assert_eq!(left(Some(start), start), Some(limit));
            assert_eq!(left(None, start + limit / 2), Some(limit / 2), "it counts from the first");
            assert!(ledger.any(&app(), start + limit / 2).is_some());
            assert_eq!(ledger.any(&app(), start + limit), None);
            assert_eq!(left(None, start + limit), None);
            assert_eq!(left(Some(start), start + limit), None);
        }
    }

    #[test]
    fn what_another_worker_has_found_ends_a_doubt() {
        let (ledger, start) = (Ledger::default(), Instant::now());
        ledger.confirm(&app(), &places(1), start, start);
        ledger.doubt(&app(), Some(start), false, start + SECOND);
        ledger.confirm(&app(), &places(2), start + 2 * SECOND, start + 4 * SECOND);
        let found = Copied { places: places(2), confirmed: start + 2 * SECOND, fresh: SECOND };
        assert_eq!(ledger.doubt(&app(), Some(start), false, start + 3 * SECOND), Left::Found(found));
    }
}

//! How many requests an upstream of PHP-FPM can serve at once, from what its pools say of their processes; pure.
//! Fed with every status that comes, whoever asked for it; the queue takes it as its limit.

use crate::{limits, upstream::fpm::Status};

/// What the servers of one upstream have said.
#[derive(Debug, Default)]
pub(super) struct Learned(Vec<Option<Known>>);

/// What one server can do.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// When it was started: what came before has no meaning any more.
    start: u64,
    /// Whether it has a fixed number of processes.
    fixed: bool,
    /// How many processes it said to have.
    said: u32,
    /// How long it had run when it said so first.
    since: u64,
    /// Whether it has said so again.
    again: bool,
    /// What it can serve at once.
    most: Option<u32>,
    /// How often it had reached `pm.max_children` when it was asked last.
    reached: u64,
}

impl Learned {
    /// Server `member` of `members` has told its status; comes back with what all of them together can serve at once,
    /// once that is known of each.
    ///
    /// A pool of a fixed size says it outright. Of the others only the processes of the moment are known: those are all
    /// that there may be where requests have found `pm.max_children` reached since it was asked last, and even now none is
    /// idle.
    ///
    /// PHP-FPM does not always say what is: a process that begins, or is killed while it works, puts its count off, by
    /// dozens right after its start, until it counts anew. So nothing is learned from one that has just been started, and a
    /// number counts once it is said again later, or at once where all processes are busy. Too small a limit lets requests wait here, too large a one lets them wait
    /// there, where nobody knows whether they ran; a later number corrects either.
    pub(super) fn hear(&mut self, (member, members): (usize, usize), status: &Status) -> Option<u32> {
        if !status.is_settled() {
            return None;
        }
        self.0.resize(members, None);
        let slot = self.0.get_mut(member)?;
        let last = slot.filter(|known| known.start == status.start);
        let same = last.filter(|known| known.said == status.total);
        let since = same.map_or(status.since, |known| known.since);
        let again = same.is_some_and(|known| known.again) || status.since >= since + limits::FPM_STATUS_APART;
        let fixed = status.manager == "static";
        let full = !fixed && last.is_some_and(|known| status.reached > known.reached) && status.idle == 0;
        let before = last.and_then(|known| known.most);
        let is_more = before.is_some_and(|most| status.total > most);
        let most = if full || (again && (fixed || is_more)) { Some(status.total) } else { before };
        *slot = Some(Known {
            start: status.start,
            fixed,
            said: status.total,
            since,
            again,
            most: most.filter(|most| *most > 0),
            reached: status.reached,
        });
        self.0.iter().map(|known| known.and_then(|known| known.most)).sum()
    }

    /// Whether server `member` need not be asked again soon: there is nothing that it has said only once.
    pub(super) fn is_sure(&self, member: usize) -> bool {
        self.0.get(member).copied().flatten().is_none_or(|known| known.again || !known.fixed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told `since` seconds after the start.
    fn status(manager: &str, (start, since): (u64, u64), total: u32, (idle, reached): (u32, u64)) -> Status {
        Status {
            manager: manager.into(),
            start,
            since,
            total,
            idle,
            active: total - idle,
            reached,
            ..Status::default()
        }
    }

    /// What is learned from each of the numbers that a pool of a fixed size says, so many seconds after its start.
    fn heard(said: &[(u64, u32)]) -> Vec<Option<u32>> {
        let mut learned = Learned::default();
        let hear = |(since, total): &(u64, u32)| learned.hear((0, 1), &status("static", (7, *since), *total, (0, 0)));
        said.iter().map(hear).collect()
    }

    #[test]
    fn a_pool_of_a_fixed_size_says_it_outright_but_has_to_say_it_twice() {
        let settled = limits::FPM_STATUS_SETTLED;
        assert_eq!(heard(&[(0, 2), (2, 2), (settled - 1, 2)]), [None; 3], "not all of them may have begun");
        assert_eq!(heard(&[(10, 4), (12, 4), (14, 4)]), [None, Some(4), Some(4)]);
        assert_eq!(
            heard(&[(10, 4), (10, 4), (11, 4), (12, 4)]),
            [None, None, None, Some(4)],
            "by several askers at once"
        );
        assert_eq!(heard(&[(10, 4), (12, 4), (42, 3), (44, 4)])[2..], [Some(4); 2], "a process is being replaced");
    }

    #[test]
    fn a_wrong_count_is_not_learned_and_an_old_one_is_corrected() {
        let started = [(5, 2), (6, 74), (7, 57), (8, 36), (9, 2), (11, 2)];
        assert_eq!(heard(&started), [None, None, None, None, None, Some(2)]);
        assert_eq!(heard(&[(10, 7), (12, 7), (42, 2), (44, 2)]), [None, Some(7), Some(7), Some(2)]);
    }

    #[test]
    fn what_was_learned_is_forgotten_at_a_new_start() {
        let mut learned = Learned::default();
        let mut hear = |at, total| learned.hear((0, 1), &status("static", at, total, (0, 0)));
        assert_eq!((hear((7, 10), 4), hear((7, 12), 4)), (None, Some(4)));
        assert_eq!((hear((8, 10), 3), hear((8, 12), 3)), (None, Some(3)));
    }

    #[test]
    fn the_size_of_another_pool_is_known_once_it_was_reached() {
        for manager in ["dynamic", "ondemand"] {
            let mut learned = Learned::default();
            for (since, total, moment, expected) in [
                (10, 2, (1, 0), None),
                (12, 5, (0, 0), None),
                (14, 3, (2, 1), None),
                (16, 3, (0, 1), None),
                (18, 5, (0, 2), Some(5)),
                (20, 2, (1, 2), Some(5)),
                (22, 8, (1, 2), Some(5)),
                (24, 8, (1, 2), Some(8)),
                (26, 5, (0, 3), Some(5)),
            ] {
                let status = status(manager, (7, since), total, moment);
                assert_eq!(learned.hear((0, 1), &status), expected, "{since} {total} {moment:?}");
            }
            assert_eq!(learned.hear((0, 1), &status(manager, (9, 10), 5, (1, 0))), None, "it was started anew");
            let mut late = Learned::default();
            assert_eq!(late.hear((0, 1), &status(manager, (7, 10), 3, (0, 4))), None, "it may have been larger before");
        }
    }

    #[test]
    fn servers_are_added_up_once_each_is_known() {
        let mut learned = Learned::default();
        let rows = [(0, 10, 4, None), (0, 12, 4, None), (1, 10, 8, None), (1, 12, 8, Some(12))];
        for (member, since, total, expected) in rows {
            let status = status("static", (1, since), total, (total, 0));
            assert_eq!(learned.hear((member, 2), &status), expected, "{member} {since}");
            assert_eq!(learned.is_sure(member), since == 12);
        }
        assert!(learned.is_sure(2), "of one that has said nothing nothing is uncertain");
    }
}

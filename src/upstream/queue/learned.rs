//! How many requests an upstream of PHP-FPM can serve at once, from what its pools say of their processes; pure.
//! Fed with every status that comes, whoever asked for it; the queue takes it as its limit.

use crate::upstream::fpm::Status;

/// What the servers of one upstream have said.
#[derive(Debug, Default)]
pub(super) struct Learned(Vec<Option<Known>>);

/// What one server can do.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// When it was started: what came before has no meaning any more.
    start: u64,
    /// Most processes that it was seen to have.
    most: u32,
    /// Whether those were all that it may have.
    all: bool,
    /// How often it had reached that number when it was asked last.
    reached: u64,
}

impl Learned {
    /// Server `member` of `members` has told its status; comes back with what all of them together can serve at once,
    /// once that is known of each.
    ///
    /// A pool of a fixed size says it outright, but for a process that is being replaced, so the largest number counts.
    /// Of the others only the processes of the moment are known: those are all that there may be where requests have found
    /// `pm.max_children` reached since it was asked last, and even now none is idle.
    ///
    /// Right after its start PHP-FPM has not counted its processes itself yet: then nothing is learned.
    pub(super) fn hear(&mut self, (member, members): (usize, usize), status: &Status) -> Option<u32> {
        if !status.is_settled() {
            return None;
        }
        self.0.resize(members, None);
        let known = self.0.get_mut(member)?;
        let last = known.filter(|known| known.start == status.start);
        let reached = last.is_some_and(|last| status.reached > last.reached);
        let full = status.manager == "static" || (reached && status.idle == 0);
        *known = Some(Known {
            start: status.start,
            most: last.map_or(0, |last| last.most).max(status.total),
            all: full || last.is_some_and(|last| last.all),
            reached: status.reached,
        });
        self.0.iter().map(|known| known.filter(|known| known.all && known.most > 0).map(|known| known.most)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;

    fn status(manager: &str, start: u64, total: u32, (idle, reached): (u32, u64)) -> Status {
        Status {
            manager: manager.into(),
            start,
            since: limits::FPM_STATUS_SETTLED,
            total,
            idle,
            active: total - idle,
            reached,
            ..Status::default()
        }
    }

    #[test]
    fn a_pool_of_a_fixed_size_says_it_outright() {
        let mut learned = Learned::default();
        let young = Status { since: 0, ..status("static", 7, 2, (2, 0)) };
        assert_eq!(learned.hear((0, 1), &young), None, "not all of them may have begun");
        assert_eq!(learned.hear((0, 1), &status("static", 7, 4, (4, 0))), Some(4));
        assert_eq!(learned.hear((0, 1), &status("static", 7, 3, (3, 0))), Some(4), "a process is being replaced");
        assert_eq!(learned.hear((0, 1), &status("static", 8, 3, (3, 0))), Some(3), "it was started anew");
    }

    #[test]
    fn the_size_of_another_pool_is_known_once_it_was_reached() {
        for manager in ["dynamic", "ondemand"] {
            let mut learned = Learned::default();
            for (total, moment, expected) in [
                (2, (1, 0), None),
                (5, (0, 0), None),
                (3, (2, 1), None),
                (3, (0, 1), None),
                (5, (0, 2), Some(5)),
                (2, (1, 2), Some(5)),
                (8, (1, 2), Some(8)),
            ] {
                assert_eq!(learned.hear((0, 1), &status(manager, 7, total, moment)), expected, "{total} {moment:?}");
            }
            assert_eq!(learned.hear((0, 1), &status(manager, 9, 5, (1, 0))), None, "it was started anew");
            let mut late = Learned::default();
            assert_eq!(late.hear((0, 1), &status(manager, 7, 3, (0, 4))), None, "it may have been larger before");
        }
    }

    #[test]
    fn servers_are_added_up_once_each_is_known() {
        let mut learned = Learned::default();
        assert_eq!(learned.hear((0, 2), &status("static", 1, 4, (4, 0))), None);
        assert_eq!(learned.hear((1, 2), &status("static", 1, 8, (8, 0))), Some(12));
    }
}

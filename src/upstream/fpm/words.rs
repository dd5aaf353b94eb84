//! What the status of PHP-FPM means for a failure, in words: what is busy, and which number to raise where; pure.
//! The evidence names the numbers as PHP-FPM does, so that they can be compared with its own page.

use std::fmt::Write;

use super::{ask::Trouble, status::Status};
use crate::{
    failure::{Cause, Failure},
    upstream::evidence::PoolLines,
};

/// What one question has brought.
#[derive(Debug)]
pub(super) struct Report {
    /// Whether a process of the pool itself had to answer.
    pub(super) own: bool,
    pub(super) outcome: Result<Status, Trouble>,
    /// The lines of the pool's file, as far as it lies here.
    pub(super) lines: PoolLines,
}

impl Report {
    /// Adds it to the evidence of `failure`, and what follows from it to the next step. `whose` names the server where
    /// there are several.
    pub(super) fn add_to(&self, failure: &mut Failure, whose: &str) {
        // Writing to a string cannot fail, here and below.
        let _ = match (&self.outcome, self.own) {
            (Ok(status), own) => write!(failure.evidence, "; PHP-FPM's status{whose}: {}", numbers(status, own)),
            (Err(Trouble::Silent), true) => write!(
                failure.evidence,
                "; the pool{whose} did not answer its own status page either: all workers are busy"
            ),
            (Err(Trouble::Silent), false) => {
                write!(failure.evidence, "; PHP-FPM{whose} did not answer at `fastcgi.status_address` either")
            }
            (Err(Trouble::Unreachable(what)), _) => {
                write!(failure.evidence, "; PHP-FPM's status page{whose} cannot be reached: {what}")
            }
            (Err(Trouble::Other(what)), _) => {
                write!(failure.evidence, "; PHP-FPM{whose} does not tell its status: {what}")
            }
        };
        let next = match &self.outcome {
            Ok(status) => self.next_step(failure.cause, status),
            Err(Trouble::Silent) if self.own => Some(format!(
                "{} To see how many processes are active and how many requests wait, set `pm.status_listen` of the pool \
                 and `fastcgi.status_address` to it: that page answers even now.",
                self.raise(failure.cause, None)
            )),
            Err(_) => None,
        };
        if let Some(next) = next.filter(|_| advises(failure.cause)) {
            failure.next = Some(next);
        }
    }

    fn next_step(&self, cause: Cause, status: &Status) -> Option<String> {
        let busy = busy(status, self.own);
        if busy >= status.total || (self.own && status.idle == 0) {
            return Some(self.raise(cause, Some(status)));
        }
        if !status.is_settled() {
            return None;
        }
        let idle = status.total - busy;
        match cause {
            Cause::ResponseHeaderTimeout | Cause::ResponseDeadline => Some(format!(
                "{idle} of {} processes were idle, so it is this script that is slow: `request_slowlog_timeout` and \
                 `slowlog` of the pool name the line it waits in. Raise `timeouts.head` only if such long answers are \
                 meant.",
                status.total
            )),
            Cause::UpstreamQueueTimeout | Cause::UpstreamConnLimit => Some(format!(
                "{idle} of {} processes are idle: raise `queue.max_in_flight` to their number, or leave it out, and \
                 the gateway follows PHP-FPM by itself.",
                status.total
            )),
            _ => None,
        }
    }

    /// More processes, or shorter work.
    fn raise(&self, cause: Cause, status: Option<&Status>) -> String {
        let mut next = "Raise `pm.max_children`".to_owned();
        if let Some(status) = status.filter(|status| status.manager == "static" || status.reached > 0) {
            let _ = write!(next, " above {}", status.total);
        }
        if let Some(line) = &self.lines.children {
            let _ = write!(next, " ({line})");
        }
        next.push_str(
            " and reload PHP-FPM, if the machine has the memory for more processes; else find what holds them up: \
             `request_slowlog_timeout` and `slowlog` of the pool name the lines.",
        );
        let full = status.is_some_and(|status| status.room > 0 && status.waiting >= status.room);
        if full || cause == Cause::ConnectBacklogFull {
            let _ = match &self.lines.backlog {
                Some(line) => write!(next, " A longer `listen.backlog` ({line}) only lets more visitors wait."),
                None => write!(next, " A longer `listen.backlog` only lets more visitors wait."),
            };
        }
        next
    }
}

/// Processes that serve somebody else than the one who asked.
fn busy(status: &Status, own: bool) -> u32 {
    status.active.saturating_sub(u32::from(own))
}

fn numbers(status: &Status, own: bool) -> String {
    let told = if own { ", the one that told it among them" } else { "" };
    let Status { manager, active, total, .. } = status;
    let mut text = format!("active processes {active} of {total} (pm = {manager}{told})");
    // A pool of a fixed size does not count it.
    if manager != "static" {
        let _ = write!(text, ", max children reached {}", status.reached);
    }
    if status.room > 0 {
        let _ = write!(text, ", listen queue {} of {}", status.waiting, status.room);
    }
    let _ = write!(text, ", slow requests {}", status.slow);
    text
}

/// Whether the status says more about what to do than the failure itself. A process that was killed, for one, names its
/// reason by the length of its silence.
fn advises(cause: Cause) -> bool {
    !matches!(cause, Cause::UpstreamClosedNoResponse | Cause::UpstreamResetNoResponse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(active: u32, total: u32) -> Status {
        Status {
            manager: "dynamic".into(),
            start: 1,
            since: 9,
            idle: total - active,
            active,
            total,
            reached: 3,
            waiting: 48,
            room: 511,
            slow: 4,
        }
    }

    fn explained(cause: Cause, own: bool, outcome: Result<Status, Trouble>) -> (String, String) {
        let lines = PoolLines { children: Some("line 7 of /www.conf".into()), ..PoolLines::default() };
        let mut failure = Failure::new(cause, "what was seen").next("the old step");
        Report { own, outcome, lines }.add_to(&mut failure, "");
        (failure.evidence, failure.next.unwrap_or_default())
    }

    #[test]
    fn a_full_pool_is_told_with_the_number_to_raise() {
        let (evidence, next) = explained(Cause::ResponseHeaderTimeout, false, Ok(status(2, 2)));
        assert_eq!(
            evidence,
            "what was seen; PHP-FPM's status: active processes 2 of 2 (pm = dynamic), max children reached 3, listen \
             queue 48 of 511, slow requests 4"
        );
        assert!(next.starts_with("Raise `pm.max_children` above 2 (line 7 of /www.conf) and reload"), "{next}");
        assert!(!next.contains("listen.backlog"), "{next}");
        let (_, next) = explained(Cause::ConnectBacklogFull, false, Ok(status(2, 2)));
        assert!(next.contains("listen.backlog"), "{next}");
        let (evidence, next) = explained(Cause::UpstreamQueueTimeout, true, Err(Trouble::Silent));
        assert!(evidence.ends_with("did not answer its own status page either: all workers are busy"), "{evidence}");
        assert!(next.contains("pm.max_children") && next.contains("fastcgi.status_address"), "{next}");
    }

    #[test]
    fn idle_processes_mean_something_else() {
        let (_, next) = explained(Cause::ResponseHeaderTimeout, false, Ok(status(1, 4)));
        assert!(next.starts_with("3 of 4 processes were idle, so it is this script that is slow"), "{next}");
        let (_, next) = explained(Cause::UpstreamConnLimit, true, Ok(status(2, 4)));
        assert!(next.starts_with("3 of 4 processes are idle: raise `queue.max_in_flight`"), "{next}");
        let (evidence, next) = explained(Cause::UpstreamClosedNoResponse, false, Ok(status(2, 2)));
        assert!(evidence.contains("active processes 2 of 2") && next == "the old step", "{evidence} {next}");
    }

    #[test]
    fn a_page_that_tells_nothing_is_told_as_such() {
        for (own, trouble, said) in [
            (false, Trouble::Silent, "did not answer at `fastcgi.status_address` either"),
            (true, Trouble::Unreachable("No such file".into()), "status page cannot be reached: No such file"),
            (true, Trouble::Other("it answered 404".into()), "does not tell its status: it answered 404"),
        ] {
            let (evidence, next) = explained(Cause::ResponseHeaderTimeout, own, Err(trouble));
            assert!(evidence.ends_with(said) && next == "the old step", "{evidence} {next}");
        }
    }
}

//! Whether servers of a pool break connections or are not there of late; pure but for the instant that it keeps.
//! One a pool and worker: `member` and `attempt` report, and `attempt` asks before it sends what cannot be sent twice.

use std::{cell::Cell, time::Instant};

use crate::{failure::Cause, limits};

/// When a sign of danger was last seen.
#[derive(Debug, Default)]
pub struct Danger(Cell<Option<Instant>>);

impl Danger {
    /// A connection broke at `now` as no timeout breaks one.
    pub fn sign(&self, now: Instant) {
        self.0.set(Some(now));
    }

    /// An attempt at one of the servers failed at `now`.
    pub fn heed(&self, cause: Cause, now: Instant) {
        if is_sign(cause) {
            self.sign(now);
        }
    }

    /// Whether it lasts at `now`.
    #[must_use]
    pub fn lasts(&self, now: Instant) -> bool {
        // An attempt may have begun before another one saw the sign.
        self.0.get().is_some_and(|at| now.saturating_duration_since(at) < limits::DANGER_LIFE)
    }
}

/// Whether the server refused, reset or closed without a byte of an answer: one that is being stopped or killed does.
fn is_sign(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::ConnectRefused
            | Cause::ConnectReset
            | Cause::SendClosedBeforeWrite
            | Cause::SendResetReused
            | Cause::SendUploadBroken
            | Cause::UpstreamClosedNoResponse
            | Cause::UpstreamResetNoResponse
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn danger_lasts_for_a_while_after_its_last_sign() {
        let (danger, now) = (Danger::default(), Instant::now());
        assert!(!danger.lasts(now));
        danger.sign(now);
        assert!(danger.lasts(now) && danger.lasts(now + limits::DANGER_LIFE.saturating_sub(Duration::from_millis(1))));
        assert!(danger.lasts(now.checked_sub(Duration::from_millis(1)).unwrap_or(now)));
        assert!(!danger.lasts(now + limits::DANGER_LIFE));
        danger.sign(now + limits::DANGER_LIFE);
        assert!(danger.lasts(now + limits::DANGER_LIFE));
    }

    #[test]
    fn only_a_server_that_breaks_off_without_an_answer_or_is_not_there_is_a_sign() {
        let lasts = |cause: Cause| {
            let (danger, now) = (Danger::default(), Instant::now());
            danger.heed(cause, now);
            danger.lasts(now)
        };
        for cause in [Cause::ConnectRefused, Cause::SendClosedBeforeWrite, Cause::UpstreamResetNoResponse] {
            assert!(lasts(cause), "{cause:?}");
        }
        for cause in [Cause::ResponseHeaderTimeout, Cause::RequestClientAborted, Cause::BodyTruncated] {
            assert!(!lasts(cause), "{cause:?}");
        }
    }
}

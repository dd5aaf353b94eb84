//! What the requests to one server have found out: in use, ejected after steady failures, on trial by one request; pure.
//! `window` counts, `state` weighs it against what the checks say.

use std::time::{Duration, Instant};

use super::{
    state::Change,
    window::{Kind, Window},
};
use crate::{
    config::settings::Passive,
    failure::Cause,
    failure::Phase,
    limits::{HEALTH_DOUBLED, HEALTH_KNOCK},
};

/// How a server stands by its requests.
#[derive(Debug)]
pub struct Requests {
    window: Window,
    /// `passive.eject`
    eject: Duration,
    stage: Stage,
    /// Ejections before the latest one that are not forgotten.
    repeats: u32,
    /// Whether it was said that it fails and stays, being the last.
    spared: bool,
    /// Good checks in a row since it was ejected.
    good_checks: u32,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// In use.
    Up,
    /// The same again: since when, and how long the latest ejection was.
    Back { since: Instant, out: Duration },
    /// Others are preferred.
    Ejected(Ejection),
    /// The next request tries it since then, or one is under way for that.
    Trial { ejection: Ejection, since: Instant, under_way: Option<Instant> },
}

#[derive(Debug, Clone, Copy)]
struct Ejection {
    /// The first one, where others failed their trial.
    first: Instant,
    since: Instant,
    until: Instant,
    cause: Cause,
}

impl Requests {
    /// None yet, at `now`: the server is in use.
    #[must_use]
    pub fn new(rules: Passive, now: Instant) -> Self {
        Self {
            window: Window::new(rules, now),
            eject: rules.eject,
            stage: Stage::Up,
            repeats: 0,
            spared: false,
            good_checks: 0,
        }
    }

    /// One that began at `began` failed by the server's own fault; `last` says that no other server is in use.
    pub fn failed(&mut self, cause: Cause, (began, now): (Instant, Instant), last: bool) -> Option<Change> {
        let verdict = self.window.failed(cause, began, now);
        match self.stage {
            Stage::Up | Stage::Back { .. } if last => {
                let verdict = verdict?;
                let kinds = self.window.kinds();
                self.window.start_over();
                let told = std::mem::replace(&mut self.spared, true);
                (!told).then_some(Change::Spared(verdict, kinds))
            }
            Stage::Up | Stage::Back { .. } => {
                let verdict = verdict?;
                // A server that was good for as long as it had been ejected begins anew.
                let again = |out, since| now.saturating_duration_since(since) < out;
                match self.stage {
                    Stage::Back { since, out } if again(out, since) => self.repeat(cause),
                    _ => self.repeats = 0,
                }
                let kinds = self.window.kinds();
                let out = self.turn_out(cause, now, now);
                Some(Change::Ejected(verdict, kinds, out))
            }
            // The request that tries it may be older than its trial: it was waiting for it.
            Stage::Trial { ejection, since, under_way } if began >= since || under_way.is_some() => {
                self.repeat(cause);
                let out = self.turn_out(cause, ejection.first, now);
                Some(Change::TrialFailed(cause, out))
            }
            Stage::Trial { .. } | Stage::Ejected(_) => None,
        }
    }

    /// One that began at `began` was answered.
    pub fn succeeded(&mut self, (began, now): (Instant, Instant)) -> Option<Change> {
        match self.stage {
            Stage::Up | Stage::Back { .. } => {
                self.window.succeeded(now);
                self.spared = false;
                if self.window.is_quiet(now) {
                    self.window.clear(now);
                }
                None
            }
            // What was under way when it was ejected proves nothing about now.
            Stage::Ejected(ejection) | Stage::Trial { ejection, .. } if began > ejection.since => {
                Some(Change::Restored(self.take_back(ejection, now)))
            }
            Stage::Ejected(_) | Stage::Trial { .. } => None,
        }
    }

    /// One was sent to it: where it is on trial, no other one is for the time being.
    pub fn picked(&mut self, now: Instant) {
        if let Stage::Trial { under_way: under_way @ None, .. } = &mut self.stage {
            *under_way = Some(now);
        }
    }

    /// A check was good, or bad. `up` good ones end an ejection for want of a connection: they have had one.
    pub fn checked(&mut self, good: bool, up: u32, now: Instant) -> Option<Change> {
        let (Stage::Ejected(ejection) | Stage::Trial { ejection, .. }) = self.stage else { return None };
        self.good_checks = if good { self.good_checks.saturating_add(1) } else { 0 };
        let checks = self.good_checks;
        (is_away(ejection.cause) && checks >= up)
            .then(|| Change::RestoredByChecks(checks, self.take_back(ejection, now)))
    }

    /// What the time does: the end of an ejection, or of a trial that came to nothing.
    pub fn tick(&mut self, now: Instant) -> Option<Change> {
        match &mut self.stage {
            Stage::Ejected(ejection) if ejection.until <= now => {
                self.stage = Stage::Trial { ejection: *ejection, since: now, under_way: None };
                Some(Change::Trial)
            }
            Stage::Trial { under_way, .. } if under_way.is_some_and(|at| at + self.eject <= now) => {
                *under_way = None;
                None
            }
            _ => None,
        }
    }

    /// Whether it is ejected because nobody could connect to it: that it comes back can be seen without a request. Where
    /// one is under way to try it that is still worth seeing, because that one may come to nothing.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self.stage {
            Stage::Ejected(ejection) | Stage::Trial { ejection, under_way: Some(_), .. } => is_away(ejection.cause),
            _ => false,
        }
    }

    /// It can be connected to again: its trial need not wait, and one that is undecided is given to another request.
    pub fn reached(&mut self, now: Instant) -> Option<Change> {
        match &mut self.stage {
            Stage::Ejected(ejection) if is_away(ejection.cause) => {
                self.stage = Stage::Trial { ejection: *ejection, since: now, under_way: None };
                Some(Change::Trial)
            }
            Stage::Trial { ejection, under_way, .. } if is_away(ejection.cause) => {
                under_way.take_if(|at| *at + HEALTH_KNOCK <= now);
                None
            }
            _ => None,
        }
    }

    /// When `tick` has something to do.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        match self.stage {
            Stage::Up | Stage::Back { .. } => None,
            Stage::Ejected(ejection) => Some(ejection.until),
            Stage::Trial { under_way, .. } => under_way.map(|at| at + self.eject),
        }
    }

    /// Whether others are preferred.
    #[must_use]
    pub fn is_out(&self) -> bool {
        matches!(self.stage, Stage::Ejected(_) | Stage::Trial { under_way: Some(_), .. })
    }

    /// Whether the next one to it is its trial.
    #[must_use]
    pub fn is_on_trial(&self) -> bool {
        matches!(self.stage, Stage::Trial { under_way: None, .. })
    }

    /// Whether something is held against the server, so that successes matter.
    #[must_use]
    pub fn is_troubled(&self, now: Instant) -> bool {
        !matches!(self.stage, Stage::Up | Stage::Back { .. }) || !self.window.is_quiet(now)
    }

    /// What has failed lately.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        self.window.kinds()
    }

    /// It is ejected once more. One that is away is not made to wait longer: it costs next to nothing to see it come back.
    fn repeat(&mut self, cause: Cause) {
        self.repeats += u32::from(!is_away(cause));
    }

    /// Ejects; says for how long.
    fn turn_out(&mut self, cause: Cause, first: Instant, now: Instant) -> Duration {
        let out = self.eject * 2_u32.pow(self.repeats.min(HEALTH_DOUBLED));
        self.window.start_over();
        self.good_checks = 0;
        self.stage = Stage::Ejected(Ejection { first, since: now, until: now + out, cause });
        out
    }

    /// Takes it back; says how long it was out.
    fn take_back(&mut self, ejection: Ejection, now: Instant) -> Duration {
        self.stage = Stage::Back { since: now, out: ejection.until.saturating_duration_since(ejection.since) };
        self.spared = false;
        self.window.clear(now);
        now.saturating_duration_since(ejection.first)
    }
}

/// Whether nobody can connect to a server that fails so. One that takes connections and resets them is there.
fn is_away(cause: Cause) -> bool {
    cause.phase() == Phase::Connect && cause != Cause::ConnectReset
}

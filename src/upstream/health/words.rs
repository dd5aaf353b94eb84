//! What the log says about a change in a server's health: from what to what, why, and what comes next.
//! The ward calls it once a change; `admission` takes single phrases for the evidence of its failures.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use humantime::format_duration;

use super::{
    checks::Bad,
    state::Change,
    window::{Kind, Verdict},
};

/// Who is left for the requests of the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Servers that do better.
    Others,
    /// None that does better: all are tried.
    NoBetter,
    /// None: requests are refused.
    Nobody,
}

/// Writes the line.
pub(super) fn tell(
    (upstream, member): (&str, &str),
    (from, to): (&str, &str),
    change: &Change,
    left: Left,
    now: Instant,
) {
    let text = sentence(change, left, now);
    match change {
        Change::Ejected(..) | Change::Spared(..) | Change::TrialFailed(..) | Change::Down(_) => {
            tracing::warn!(upstream, member, from, to, "{text}");
        }
        Change::Restored(_) | Change::RestoredByChecks(..) | Change::Up(..) => {
            tracing::info!(upstream, member, from, to, "{text}");
        }
        Change::Trial | Change::FirstPassed => tracing::debug!(upstream, member, from, to, "{text}"),
    }
}

/// The line, without its fields.
pub(super) fn sentence(change: &Change, left: Left, now: Instant) -> String {
    match change {
        Change::Ejected(verdict, kinds, out) => format!(
            "the server is ejected after {}: {}; {} for {} at most, then one request tries it",
            reason(*verdict),
            failures(kinds, now),
            left.preferred(),
            format_duration(*out)
        ),
        Change::Spared(verdict, kinds) => format!(
            "the server stays in use in spite of {}: {}; no other one is",
            reason(*verdict),
            failures(kinds, now)
        ),
        Change::Trial => "the server is on trial: the next request tries it".to_owned(),
        Change::TrialFailed(cause, out) => format!(
            "the request that tried the server failed too ({}): it stays ejected, the next trial is in {} at the latest",
            cause.id(),
            format_duration(*out)
        ),
        Change::Restored(out) => format!("the server is taken back after {}: it answered a request", span(*out)),
        Change::RestoredByChecks(count, out) => {
            format!("the server is taken back after {}: {} went well", span(*out), checks(*count))
        }
        Change::Down(bad) => format!("the server is down: {}; {}{}", failed(bad, now), left.preferred(), left.until()),
        Change::Up(count, out) if out.is_zero() => format!("the server is up: {} went well", checks(*count)),
        Change::Up(count, out) => format!("the server is up after {}: {} went well", span(*out), checks(*count)),
        Change::FirstPassed => "the first check of the server went well".to_owned(),
    }
}

impl Left {
    fn preferred(self) -> &'static str {
        match self {
            Self::Others => "others are preferred",
            Self::NoBetter => "no server of the upstream does better, so all of them are tried",
            Self::Nobody => "no server of the upstream is left, so requests are refused",
        }
    }

    fn until(self) -> &'static str {
        match self {
            Self::Others => " until it passes",
            Self::NoBetter => "",
            Self::Nobody => " until a trial goes well",
        }
    }
}

/// `connect-refused 5 times, last 0.2s ago`, for each cause.
pub(super) fn failures(kinds: &[Kind], now: Instant) -> String {
    let mut text = String::new();
    for Kind { cause, count, last } in kinds {
        let joint = if text.is_empty() { "" } else { "; " };
        let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
        // Writing to a string cannot fail.
        let _ = write!(text, "{joint}{} {times}, last {} ago", cause.id(), span(now.saturating_duration_since(*last)));
    }
    text
}

/// `3 checks in a row went wrong, the last one 0.4s ago: …`
pub(super) fn failed(bad: &Bad, now: Instant) -> String {
    let (age, what) = match &bad.last {
        Some((at, what)) => (span(now.saturating_duration_since(*at)), what.as_str()),
        None => (span(Duration::ZERO), "nothing is known"),
    };
    let ever = if bad.passed { "" } else { ", none has ever gone well" };
    match bad.count {
        0 | 1 => format!("a check went wrong {age} ago{ever}: {what}"),
        count => format!("{count} checks in a row went wrong{ever}, the last one {age} ago: {what}"),
    }
}

/// As exact as anybody needs it.
pub(super) fn span(time: Duration) -> String {
    if time.as_secs() < 10 { format!("{:.1}s", time.as_secs_f64()) } else { format!("{}s", time.as_secs()) }
}

fn reason(verdict: Verdict) -> String {
    match verdict {
        Verdict::Row(1) => "a failure".to_owned(),
        Verdict::Row(count) => format!("{count} failures in a row"),
        Verdict::Share(bad, all) => format!("{bad} failures among {all} requests"),
    }
}

fn checks(count: u32) -> String {
    if count == 1 { "a check".to_owned() } else { format!("{count} checks in a row") }
}

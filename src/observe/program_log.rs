//! The program's own log, on standard error: what the gateway does, and every failure with its evidence and next step.
//! `init` is called once at the start, `failure` where a failure is shown; requests that go well leave nothing here.

mod outlet;
mod repeats;
mod text;
mod words;

use std::{
    cell::RefCell,
    io::{self, IsTerminal},
    sync::Arc,
    time::Instant,
};

use tracing::{Dispatch, Level};
use tracing_subscriber::fmt::{MakeWriter, SubscriberBuilder};

use self::{
    outlet::{Line, Own, Paper, Queue},
    repeats::{Repeats, Summary},
    words::Words,
};
use super::escape::visible;
use crate::{
    config::settings::{Log, LogFormat},
    failure::{Cause, Failure, Fault, classify},
    limits,
    message::{Record, Rescue},
};

/// What waits for standard error.
static QUEUE: Queue = Queue::new();

thread_local! {
    /// This worker's failures that come again and again.
    static REPEATS: RefCell<Repeats> = RefCell::default();
    /// What this worker's upstreams say on their error streams.
    static WORDS: RefCell<Words> = RefCell::default();
}

/// Sees to it that the log is complete when the program ends: dropping it waits until all is written, or for
/// `limits::PROGRAM_LOG_FINISH`.
#[derive(Debug)]
#[must_use = "what is logged after it is dropped may not be written before the program ends"]
pub struct Flushed(());

impl Drop for Flushed {
    fn drop(&mut self) {
        _ = QUEUE.flush(limits::PROGRAM_LOG_FINISH);
    }
}

/// Sends every event of the settings' level and above to standard error, from now on and for the whole process. The
/// first call wins: later ones, as tests make them, change nothing. Nobody who logs waits for standard error.
///
/// # Errors
/// The thread that writes cannot be started.
pub fn init(settings: &Log) -> io::Result<Flushed> {
    let ansi = io::stderr().is_terminal();
    if tracing::dispatcher::set_global_default(dispatch(settings.level, settings.format, ansi, || Line(&QUEUE))).is_ok()
    {
        let paper = Paper::default();
        let copy = paper.clone();
        let own = Own { dispatch: dispatch(settings.level, settings.format, ansi, move || copy.clone()), paper };
        QUEUE.written_to(io::stderr(), own)?;
    }
    Ok(Flushed(()))
}

/// Says that clients could not be accepted, so many `times` since this was said last, and what to do about it.
pub fn accept_failed(error: &io::Error, times: u64) {
    let Some(cause) = classify::accept_errno(error) else {
        tracing::error!(%error, times, "no client can be accepted");
        return;
    };
    let evidence = format!("clients could not be accepted ({times} times): {error}");
    tracing::error!(
        cause = cause.id(),
        phase = cause.phase().as_str(),
        blame = cause.fault().as_str(),
        delivered = "no",
        evidence,
        next = cause.facts().next,
        "no client can be accepted"
    );
}

fn dispatch<W>(level: Level, format: LogFormat, ansi: bool, to: W) -> Dispatch
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = SubscriberBuilder::default().with_max_level(level).with_ansi(ansi).with_writer(to);
    // They would be printed to standard error, with a panic where that fails.
    let builder = builder.log_internal_errors(false);
    match format {
        LogFormat::Text => builder.event_format(text::Text).into(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_target(false)
            .with_current_span(false)
            .with_span_list(false)
            .finish()
            .into(),
    }
}

/// Says why a request failed: a warning where an operator can do something, for debugging only where the client did it.
/// `status` is the one sent. The first few of a kind are said in full, the others by [`summaries`].
pub fn failure(record: &Record, failure: &Failure, status: u16) {
    /// `tracing` wants the level as a constant.
    macro_rules! say {
        ($level:expr) => {
            tracing::event!(
                $level,
                cause = failure.cause.id(),
                phase = failure.cause.phase().as_str(),
                blame = failure.cause.fault().as_str(),
                status,
                delivered = record.delivered.get().max(failure.delivered).as_str(),
                request_id = &*visible(record.id.as_str()),
                upstream = record.upstream.get().map(|upstream| &**upstream),
                member = failure.member.as_deref(),
                method = record.head.method.as_str(),
                host = &*visible(record.host()),
                path = &*visible(record.path()),
                evidence = &*visible(&failure.evidence),
                before = before(record, failure).as_deref(),
                rescue = record.rescue.get().map(Rescue::as_str),
                next = &*visible(failure.next.as_deref().unwrap_or(failure.cause.facts().next)),
                "request failed"
            )
        };
    }
    let client = failure.cause.fault() == Fault::Client;
    let wanted = if client { tracing::enabled!(Level::DEBUG) } else { tracing::enabled!(Level::WARN) };
    if !wanted || !REPEATS.with_borrow_mut(|repeats| repeats.first(record, failure, Instant::now())) {
        return;
    }
    if client {
        say!(Level::DEBUG);
    } else {
        say!(Level::WARN);
    }
}

/// Says that `failure` was seen of a server, on no request's behalf; `record` is of the one that found it.
pub fn aside(record: &Record, failure: &Failure) {
    if tracing::enabled!(Level::WARN)
        && REPEATS.with_borrow_mut(|repeats| repeats.first(record, failure, Instant::now()))
    {
        tracing::warn!(
            cause = failure.cause.id(),
            phase = failure.cause.phase().as_str(),
            blame = failure.cause.fault().as_str(),
            upstream = record.upstream.get().map(|upstream| &**upstream),
            member = failure.member.as_deref(),
            evidence = &*visible(&failure.evidence),
            next = &*visible(failure.next.as_deref().unwrap_or(failure.cause.facts().next)),
            "a server did what no request asked for"
        );
    }
}

/// Why the attempts before the last one failed: it alone may not explain the verdict.
fn before(record: &Record, failure: &Failure) -> Option<String> {
    let attempts = record.attempts.borrow();
    let mut causes: Vec<&str> = attempts.iter().filter_map(|attempt| attempt.cause).map(Cause::id).collect();
    causes.pop_if(|last| *last == failure.cause.id());
    (!causes.is_empty()).then(|| causes.join(", "))
}

/// Passes on what an application said on its error stream (STDERR of FastCGI) while it answered a request. It can be
/// anything, from a notice to the reason of a failure that comes later.
pub fn said(record: &Record, member: &Arc<str>, words: &str) {
    if tracing::enabled!(Level::WARN) && WORDS.with_borrow_mut(|all| all.pass(member, Instant::now())) {
        tracing::warn!(
            request_id = &*visible(record.id.as_str()),
            upstream = record.upstream.get().map(|name| &**name),
            member = &**member,
            method = record.head.method.as_str(),
            host = &*visible(record.host()),
            path = &*visible(record.path()),
            words = &*visible(words),
            "the application wrote to its error stream"
        );
    }
}

/// Sums up what this worker's failures repeated, a line a kind, where it is time for it. A worker calls it about once a
/// second.
pub fn summaries() {
    for (member, more) in WORDS.with_borrow_mut(|words| words.due(Instant::now())) {
        tracing::warn!(member = &*member, more, "the application wrote to its error stream again");
    }
    REPEATS.with_borrow_mut(|repeats| repeats.due(Instant::now())).iter().for_each(summary);
}

/// Sums up all that is left. A worker calls it when it ends.
pub fn last_summaries() {
    REPEATS.with_borrow_mut(|repeats| repeats.end(Instant::now())).iter().for_each(summary);
}

fn summary(summary: &Summary) {
    /// `tracing` wants the level as a constant.
    macro_rules! say {
        ($level:expr) => {
            tracing::event!(
                $level,
                cause = summary.kind.cause.id(),
                phase = summary.kind.cause.phase().as_str(),
                blame = summary.kind.cause.fault().as_str(),
                more = summary.more,
                // Rounded, and never none.
                seconds = summary.took.as_secs()
                    + u64::from(summary.took.subsec_millis() > 500 || summary.took.as_secs() == 0),
                request_id = &*visible(&summary.request_id),
                upstream = summary.kind.upstream.as_deref(),
                member = summary.kind.member.as_deref(),
                evidence = &*visible(&summary.evidence),
                "requests failed again"
            )
        };
    }
    if summary.kind.cause.fault() == Fault::Client {
        say!(Level::DEBUG);
    } else {
        say!(Level::WARN);
    }
}

#[cfg(test)]
mod tests;

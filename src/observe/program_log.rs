//! The program's own log, on standard error: what the gateway does, and every failure with its evidence and next step.
//! `init` is called once at the start, `failure` where a failure is shown; requests that go well leave nothing here.

mod text;

use std::io::{self, IsTerminal};

use tracing::{Dispatch, Level};
use tracing_subscriber::fmt::{MakeWriter, SubscriberBuilder};

use super::escape::visible;
use crate::{
    config::settings::{Log, LogFormat},
    failure::{Failure, Fault, classify},
    message::Record,
};

/// Sends every event of the settings' level and above to standard error, from now on and for the whole process. The
/// first call wins: later ones, as tests make them, change nothing.
pub fn init(settings: &Log) {
    let ansi = io::stderr().is_terminal();
    _ = tracing::dispatcher::set_global_default(dispatch(settings.level, settings.format, ansi, io::stderr));
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
/// `status` is the one sent.
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
                request_id = &*visible(&record.id),
                upstream = record.upstream.get().map(|upstream| &**upstream),
                member = failure.member.as_deref(),
                method = record.head.method.as_str(),
                host = &*visible(record.host()),
                path = &*visible(record.path()),
                evidence = &*visible(&failure.evidence),
                next = &*visible(failure.next.as_deref().unwrap_or(failure.cause.facts().next)),
                "request failed"
            )
        };
    }
    match failure.cause.fault() {
        Fault::Client => say!(Level::DEBUG),
        Fault::Upstream | Fault::Network | Fault::Gateway => say!(Level::WARN),
    }
}

#[cfg(test)]
mod tests;

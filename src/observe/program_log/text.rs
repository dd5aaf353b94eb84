//! The program log for people: a failure reads as one sentence with its next step, what an application says with where
//! it said it, anything else as its message and fields.
//! Every value is made harmless here, whoever wrote the event.

use std::fmt::{self, Debug, Write};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

use super::super::escape::visible;

/// `TIME LEVEL …`
pub(super) struct Text;

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        SystemTime.format_time(&mut to)?;
        let level = *event.metadata().level();
        match color(level).filter(|_| to.has_ansi_escapes()) {
            Some(color) => write!(to, " \x1b[{color}m{level}\x1b[0m ")?,
            None => write!(to, " {level} ")?,
        }
        match (fields.get("template"), fields.get("cause"), fields.get("words")) {
            (Some(template), ..) => fields.template(template, &mut to)?,
            (None, Some(cause), _) => fields.failure(cause, &mut to)?,
            (None, None, Some(words)) => fields.said(words, &mut to)?,
            (None, None, None) => fields.message(&mut to)?,
        }
        writeln!(to)
    }
}

fn color(level: Level) -> Option<u8> {
    match level {
        Level::ERROR => Some(31),
        Level::WARN => Some(33),
        Level::INFO => Some(32),
        _ => None,
    }
}

/// The fields of one event, in their order.
#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// `cause: evidence → next: step (upstream member, METHOD host/path, status, delivered, request id)`, and for those
    /// that were only counted `cause: 7 more in the last 10 s (upstream member; last: evidence, request id)`
    fn failure(&self, cause: &str, to: &mut Writer<'_>) -> fmt::Result {
        let of = |name| self.get(name).unwrap_or_default();
        if let Some(more) = self.get("more") {
            write!(to, "{cause}: {more} more in the last {} s (", of("seconds"))?;
            self.place("; ", to)?;
            return write!(to, "last: {}, request {})", of("evidence"), of("request_id"));
        }
        write!(to, "{cause}: {} → next: {}", of("evidence"), of("next"))?;
        // Not every failure has a request.
        if self.get("request_id").is_none() {
            return match self.get("member") {
                Some(member) => write!(to, " ({member})"),
                None => Ok(()),
            };
        }
        to.write_str(" (")?;
        self.place(", ", to)?;
        write!(to, "{} {}{}, ", of("method"), of("host"), of("path"))?;
        write!(to, "answered {}", of("status"))?;
        if let Some(rescue) = self.get("rescue") {
            write!(to, " from {rescue}")?;
        }
        write!(to, ", delivered {}, ", of("delivered"))?;
        if let Some(before) = self.get("before") {
            write!(to, "tried before: {before}, ")?;
        }
        write!(to, "request {})", of("request_id"))
    }

    /// `the page template FILE failed: why; the built-in page of CAUSE was sent → next: step (3 times, request id)`
    fn template(&self, template: &str, to: &mut Writer<'_>) -> fmt::Result {
        let of = |name| self.get(name).unwrap_or_default();
        write!(to, "the page template {template} failed: {}; ", of("evidence"))?;
        write!(to, "the built-in page of {} was sent → next: {} ", of("cause"), of("next"))?;
        write!(to, "({} times, request {})", of("times"), of("request_id"))
    }

    /// `the application says: words (upstream member, METHOD host/path, request id)`
    fn said(&self, words: &str, to: &mut Writer<'_>) -> fmt::Result {
        let of = |name| self.get(name).unwrap_or_default();
        write!(to, "the application says: {words} (")?;
        self.place(", ", to)?;
        write!(to, "{} {}{}, request {})", of("method"), of("host"), of("path"), of("request_id"))
    }

    /// The upstream and its member, as far as they are known, and what separates them from the rest.
    fn place(&self, behind: &str, to: &mut Writer<'_>) -> fmt::Result {
        match (self.get("upstream"), self.get("member")) {
            (None, None) => Ok(()),
            (Some(one), None) | (None, Some(one)) => write!(to, "{one}{behind}"),
            (Some(upstream), Some(member)) => write!(to, "{upstream} {member}{behind}"),
        }
    }

    fn message(&self, to: &mut Writer<'_>) -> fmt::Result {
        to.write_str(self.get("message").unwrap_or_default())?;
        for (name, value) in self.0.iter().filter(|(name, _)| *name != "message") {
            write!(to, " {name}={value}")?;
        }
        Ok(())
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), visible(value).into_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        _ = write!(text, "{value:?}");
        self.0.push((field.name(), visible(&text).into_owned()));
    }
}

//! The one definition of every key: its table, what it takes, its default, one sentence.
//! The reader checks and fills in by it, messages quote it, and the reference file is tested against it.
//! What a key's value means is left to `read`.

mod gateway;
mod health;
mod matching;
mod rate_limit;
mod route;
mod upstream;

use std::{fmt::Write, time::Duration};

pub use gateway::{ACCESS_LOG, ERRORS, GATEWAY, LIMITS, LISTEN, LOG};
pub use health::{ACTIVE, HEALTH, PASSIVE};
pub use rate_limit::RATE_LIMIT;
pub use route::{ACCESS, MAINTENANCE, REDIRECT, REQUEST_HEADERS, RESPOND, RESPONSE_HEADERS, ROUTE, ROUTE_ERRORS, SITE};
pub use upstream::{DNS, FALLBACK, FASTCGI, POOL, QUEUE, RETRY, SERVER, STALE_IF_ERROR, TIMEOUTS, UPSTREAM};

use crate::limits;

/// A table of the file and the keys it knows.
#[derive(Debug)]
pub struct Table {
    /// As it is written in the file, e.g. `[upstream.NAME.pool]`.
    pub heading: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// In the order of the reference file.
    pub keys: &'static [Key],
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// Within its table.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What it is when it is not written.
    pub preset: Preset,
    /// One sentence; for a key of a later version what to do instead.
    pub about: &'static str,
}

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A table with keys of its own.
    Table(&'static Table),
    /// `[[name]]`: any number of tables.
    Tables(&'static Table),
    /// Tables under names of the user's choice: `[key.NAME]`.
    Named(&'static Table),
    /// A table, or what the sentence says.
    TableOr(&'static Table, &'static str),
    /// A list whose entries are as the sentence says, or tables.
    Entries(&'static Table, &'static str),
    /// A string, or whatever the sentence says.
    Text(&'static str),
    /// `true` or `false`.
    Flag,
    /// A whole number within these bounds.
    Count(u64, u64),
    /// A whole number within these bounds, or one of these words.
    CountOr(&'static [&'static str], u64, u64),
    /// A number of bytes, at least this many.
    Size(u64),
    /// A duration over zero.
    Duration,
    /// A duration; zero means at once.
    DurationOrZero,
    /// A duration over zero, or one of these words.
    DurationOr(&'static [&'static str]),
    /// From 0 to 100 %.
    Percent,
    /// One of the first words; the others belong to a later version.
    OneOf(&'static [&'static str], &'static [&'static str]),
    /// Belongs to a later version; not taken.
    Later,
}

/// What a key is when it is not written.
#[derive(Debug, Clone, Copy)]
pub enum Preset {
    /// This string.
    Text(&'static str),
    /// This.
    Flag(bool),
    /// This number.
    Count(u64),
    /// So many bytes.
    Size(u64),
    /// So long.
    Duration(Duration),
    /// So much of a hundred.
    Percent(u32),
    /// These strings.
    Texts(&'static [&'static str]),
    /// Nothing: the key has to be written. An example of its value as TOML.
    Required(&'static str),
    /// Nothing: the key has no effect unless written. An example of its value as TOML.
    Absent(&'static str),
}

/// The whole file.
pub static ROOT: Table = Table {
    heading: "the file",
    about: "One TOML file.",
    keys: &[
        table("gateway", Kind::Table(&GATEWAY)),
        Key {
            name: "listen",
            kind: Kind::Tables(&LISTEN),
            preset: Preset::Required("[{ address = \"0.0.0.0:8080\" }]"),
            about: "Where clients connect.",
        },
        table("limits", Kind::Table(&LIMITS)),
        Key {
            name: "route",
            kind: Kind::Tables(&ROUTE),
            preset: Preset::Required("[{ upstream = \"app\" }]"),
            about: "What happens to which request.",
        },
        table("upstream", Kind::Named(&UPSTREAM)),
        table("errors", Kind::Table(&ERRORS)),
        table("log", Kind::Table(&LOG)),
        Key {
            name: "rate_limit",
            kind: Kind::Tables(&RATE_LIMIT),
            preset: Preset::Absent("[{ rate = \"10/s\" }]"),
            about: "How much a single client may ask for.",
        },
        later("admin", "remove it; the access log and the program's log say what happens"),
        later("metrics", "remove it; the access log in JSON has all that they would count"),
        later("status_page", "remove it; the access log and the program's log say what happens"),
        later("gzip", COMPRESSION),
        later("tls", "remove it and let something in front of the gateway do TLS for now"),
    ],
};

impl Table {
    /// The key of that name.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

impl Key {
    /// Whether this version takes it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(self.kind, Kind::Later)
    }

    /// The table behind it.
    #[must_use]
    pub fn table(&self) -> Option<&'static Table> {
        match self.kind {
            Kind::Table(table)
            | Kind::Tables(table)
            | Kind::Named(table)
            | Kind::TableOr(table, _)
            | Kind::Entries(table, _) => Some(table),
            _ => None,
        }
    }
}

impl Kind {
    /// What is expected, to follow "must be".
    #[must_use]
    pub fn expected(self) -> String {
        match self {
            Self::Table(table) => format!("a table, `{}`", table.heading),
            Self::Tables(table) => format!("a list of tables, each under `{}`", table.heading),
            Self::Named(table) => format!("tables with names, each under `{}`", table.heading),
            Self::TableOr(_, text) | Self::Entries(_, text) | Self::Text(text) => text.to_owned(),
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Count(least, most) => bounds(least, most),
            Self::CountOr(words @ [_], least, most) => format!("{} or {}", either(words), bounds(least, most)),
            Self::CountOr(words, least, most) => format!("{}, or {}", either(words), bounds(least, most)),
            Self::Size(0) => "a size such as \"64KiB\" or \"10MB\"".to_owned(),
            Self::Size(least) => format!("a size such as \"64KiB\", at least {}", size(least)),
            Self::Duration => "a duration such as \"10s\" or \"250ms\"".to_owned(),
            Self::DurationOrZero => "a duration such as \"10s\" or \"0s\"".to_owned(),
            Self::DurationOr(words) => format!("a duration such as \"10s\", or {}", either(words)),
            Self::Percent => "a percentage such as \"20%\"".to_owned(),
            Self::OneOf(&[word], _) => format!("\"{word}\""),
            Self::OneOf(words, _) => format!("one of {}", either(words)),
            Self::Later => "left out".to_owned(),
        }
    }
}

impl Preset {
    /// As TOML: the default, or the example.
    #[must_use]
    pub fn toml(&self) -> String {
        match *self {
            Self::Text(text) => format!("\"{text}\""),
            Self::Flag(flag) => flag.to_string(),
            Self::Count(count) => count.to_string(),
            Self::Size(bytes) => format!("\"{}\"", size(bytes)),
            Self::Duration(duration) => format!("\"{}\"", self::duration(duration)),
            Self::Percent(percent) => format!("\"{percent}%\""),
            Self::Texts(texts) => {
                format!("[{}]", texts.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", "))
            }
            Self::Required(example) | Self::Absent(example) => example.to_owned(),
        }
    }

    /// Whether the key means something without being written.
    #[must_use]
    pub fn is_default(&self) -> bool {
        !matches!(self, Self::Required(_) | Self::Absent(_))
    }
}

/// Every table, each once, in the order of the reference file.
#[must_use]
pub fn tables() -> Vec<&'static Table> {
    fn add(table: &'static Table, to: &mut Vec<&'static Table>) {
        to.push(table);
        for below in table.keys.iter().filter_map(Key::table) {
            add(below, to);
        }
    }
    let mut all = Vec::new();
    add(&ROOT, &mut all);
    all
}

/// Words as a sentence takes them: `"a", "b" or "c"`.
#[must_use]
pub fn either(words: &[&str]) -> String {
    let mut text = String::new();
    for (at, word) in words.iter().enumerate() {
        let joint = match at {
            0 => "",
            _ if at + 1 == words.len() => " or ",
            _ => ", ",
        };
        let _ = write!(text, "{joint}\"{word}\"");
    }
    text
}

/// A size as the file writes it: in the largest binary unit that divides it.
#[must_use]
pub fn size(bytes: u64) -> String {
    let (kib, mib) = (limits::KIB as u64, limits::MIB as u64);
    match bytes {
        0 => "0B".to_owned(),
        _ if bytes.is_multiple_of(mib) => format!("{}MiB", bytes / mib),
        _ if bytes.is_multiple_of(kib) => format!("{}KiB", bytes / kib),
        _ => format!("{bytes}B"),
    }
}

/// A duration as the file writes it: in seconds, or in minutes where there are several whole ones.
fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds / 60 {
        _ if duration.subsec_nanos() > 0 => humantime::format_duration(duration).to_string(),
        minutes if minutes > 1 && seconds.is_multiple_of(60) => format!("{minutes}m"),
        _ => format!("{seconds}s"),
    }
}

fn bounds(least: u64, most: u64) -> String {
    match (least, most) {
        (0, u64::MAX) => "a whole number".to_owned(),
        (_, u64::MAX) => format!("a whole number of at least {least}"),
        _ => format!("a whole number from {least} to {most}"),
    }
}

/// What to do without compression.
const COMPRESSION: &str =
    "remove it; let the application compress, or serve compressed files beside the others with `site.precompressed`";

const fn table(name: &'static str, kind: Kind) -> Key {
    let about = match kind {
        Kind::Table(table) | Kind::Named(table) | Kind::TableOr(table, _) => table.about,
        _ => "",
    };
    Key { name, kind, preset: Preset::Absent("{}"), about }
}

const fn later(name: &'static str, about: &'static str) -> Key {
    Key { name, kind: Kind::Later, preset: Preset::Absent("{}"), about }
}

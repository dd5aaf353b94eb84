//! The keys of a limit for single clients.

use super::{Key, Kind, Preset, Table, matching};
use crate::limits;

/// `[[rate_limit]]`
pub static RATE_LIMIT: Table = Table {
    heading: "[[rate_limit]]",
    about: "How much a single client may ask for; more is answered 429 with the time to come back. Every one of these \
            tables that fits a request counts it, once its route has let it in.",
    keys: &[
        matching::host("\"api.example.com\""),
        matching::PATH,
        matching::methods("[\"POST\"]"),
        Key {
            name: "key",
            kind: Kind::Text("\"client-ip\", or a field such as \"header:X-Api-Key\""),
            preset: Preset::Text("client-ip"),
            about: "What tells one client from another: \"client-ip\" (of IPv6 the first 64 bits) or the value of a field, \
                    as in \"header:X-Api-Key\". A request without it is not counted.",
        },
        Key {
            name: "rate",
            kind: Kind::Text("a rate such as \"10/s\", \"100/m\" or \"1000/h\""),
            preset: Preset::Absent("\"10/s\""),
            about: "Requests of each client in a second, minute or hour; over it limit-rate.",
        },
        Key {
            name: "burst",
            kind: Kind::Count(1, limits::MOST_RATE),
            preset: Preset::Absent("20"),
            about: "Requests of that rate that may come at once; by default as many as stand before its slash.",
        },
        Key {
            name: "concurrent",
            kind: Kind::Count(1, limits::MOST_CONNECTIONS),
            preset: Preset::Absent("20"),
            about: "Requests that each client may have under way, to the end of their answers; over it limit-concurrency.",
        },
    ],
};

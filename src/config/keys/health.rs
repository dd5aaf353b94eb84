//! The keys that say how it is found out which servers of an upstream work.
//! They stand in `[upstream.NAME]`, whose other keys are in `upstream`.

use super::{Key, Kind, Preset, Table, table};
use crate::limits;

/// `[upstream.NAME.health]`
pub static HEALTH: Table = Table {
    heading: "[upstream.NAME.health]",
    about: "Which servers work: others are preferred to one that does not. The last one is never given up.",
    keys: &[
        Key {
            name: "all_down",
            kind: Kind::OneOf(&["try", "refuse"], &[]),
            preset: Preset::Text("try"),
            about: "Requests while every server is ejected or fails its checks: \"try\" tries the servers one by one, so that \
                    health never makes an outage of its own; \"refuse\" is a circuit breaker that answers at once, with \
                    upstream-circuit-open, upstream-none-healthy or upstream-starting, and says when the next trial is.",
        },
        table("active", Kind::TableOr(&ACTIVE, "a table such as { path = \"/healthz\", every = \"5s\" }, or \"off\"")),
        table("passive", Kind::TableOr(&PASSIVE, "a table such as { failures = 5, within = \"10s\" }, or \"off\"")),
    ],
};

/// `[upstream.NAME.health.active]`
pub static ACTIVE: Table = Table {
    heading: "[upstream.NAME.health.active]",
    about: "The gateway asks each server itself, whatever requests come; left out, it does not.",
    keys: &[
        Key {
            name: "path",
            kind: Kind::Text("a path such as \"/healthz\""),
            preset: Preset::Absent("\"/healthz\""),
            about: "What is asked for by GET; for PHP-FPM what ping.path of the pool says. Without it the gateway only connects.",
        },
        Key {
            name: "every",
            kind: Kind::Duration,
            preset: Preset::Duration(limits::HEALTH_EVERY),
            about: "How often, once for the whole gateway and not in all servers at the same time.",
        },
        Key {
            name: "timeout",
            kind: Kind::Duration,
            preset: Preset::Duration(limits::HEALTH_TIMEOUT),
            about: "An answer whose head takes longer is a bad one.",
        },
        Key {
            name: "status",
            kind: Kind::Text("a range of statuses such as \"200-399\""),
            preset: Preset::Text("200-399"),
            about: "What a server answers that works.",
        },
        Key {
            name: "up",
            kind: Kind::Count(1, limits::MOST_HEALTH_COUNT),
            preset: Preset::Count(limits::HEALTH_UP),
            about: "Good answers in a row that take a server back; the first one of all is enough.",
        },
        Key {
            name: "down",
            kind: Kind::Count(1, limits::MOST_HEALTH_COUNT),
            preset: Preset::Count(limits::HEALTH_DOWN),
            about: "Bad answers in a row after which others are preferred; before the first good one, one is enough.",
        },
    ],
};

/// `[upstream.NAME.health.passive]`
pub static PASSIVE: Table = Table {
    heading: "[upstream.NAME.health.passive]",
    about: "A server that fails requests steadily, by its own fault, is ejected for a while; one request then tries it. \
            `passive = \"off\"` under `[upstream.NAME.health]` ejects none.",
    keys: &[
        Key {
            name: "failures",
            kind: Kind::Count(1, limits::MOST_HEALTH_COUNT),
            preset: Preset::Count(limits::HEALTH_FAILURES),
            about: "Failures in a row; those that one event causes count as one.",
        },
        Key {
            name: "within",
            kind: Kind::Duration,
            preset: Preset::Duration(limits::HEALTH_WITHIN),
            about: "The time in which they have to come.",
        },
        Key {
            name: "ratio",
            kind: Kind::Text("a percentage such as \"50%\", or \"off\""),
            preset: Preset::Text("50%"),
            about: "So many failures among the requests of that time eject it too, once there were at least 20; \"off\".",
        },
        Key {
            name: "eject",
            kind: Kind::Duration,
            preset: Preset::Duration(limits::HEALTH_EJECT),
            about: "For how long; twice as long each time that it fails its trial, up to eight times. One that could not be \
                    connected to is tried as soon as it can be.",
        },
    ],
};

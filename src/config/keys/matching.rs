//! The keys that say which requests a table is for: the same ones for a route and for a limit.
//! `route` and `rate_limit` begin with them; what fits is decided by the module `route` outside the configuration.

use super::{Key, Kind, Preset};

/// `host`, with an example of its value.
pub(super) const fn host(example: &'static str) -> Key {
    Key {
        name: "host",
        kind: Kind::Text("a host such as \"example.com\" or \"*.example.com\", or a list of hosts"),
        preset: Preset::Absent(example),
        about: "Which hosts; a list or a single one. Any host when left out.",
    }
}

/// `path`
pub(super) const PATH: Key = Key {
    name: "path",
    kind: Kind::Text("a prefix such as \"/api/\", \"=/exact\" or \"~regular expression\""),
    preset: Preset::Text("/"),
    about: "Which paths: a prefix on segment borders, \"=/exact\" or \"~regular expression\".",
};

/// `methods`, with an example of its value.
pub(super) const fn methods(example: &'static str) -> Key {
    Key {
        name: "methods",
        kind: Kind::Text("a list of methods such as [\"GET\", \"POST\"]"),
        preset: Preset::Absent(example),
        about: "Which methods; every one when left out.",
    }
}

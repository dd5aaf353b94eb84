//! The keys of the gateway as a whole: itself, its listeners, its limits, its errors and its logs.

use super::{Key, Kind, Preset, Table, later, table};
use crate::{failure::Language, limits};

/// `[gateway]`
pub static GATEWAY: Table = Table {
    heading: "[gateway]",
    about: "The gateway itself.",
    keys: &[
        Key {
            name: "name",
            kind: Kind::Text("a name of letters, digits, `-`, `_` and `.` that begins with a letter"),
            preset: Preset::Text("goodgate"),
            about: "Its name in the fields Proxy-Status, Via and Server.",
        },
        Key {
            name: "workers",
            kind: Kind::CountOr(&["auto"], 1, limits::MOST_WORKERS),
            preset: Preset::Text("auto"),
            about: "Event loops; \"auto\" is one per core.",
        },
        Key {
            name: "shutdown_grace",
            kind: Kind::DurationOrZero,
            preset: Preset::Duration(limits::SHUTDOWN_GRACE),
            about: "How long a stopping gateway waits for requests under way; then they are cut.",
        },
        Key {
            name: "trusted_proxies",
            kind: Kind::Text("a list of addresses and networks such as [\"10.0.0.0/8\", \"::1\"]"),
            preset: Preset::Texts(&[]),
            about: "Whose X-Forwarded-*, Forwarded, traceparent and X-Request-Id are believed; nobody's by default.",
        },
        Key {
            name: "forwarded",
            kind: Kind::OneOf(&["x-forwarded", "rfc7239", "both", "off"], &[]),
            preset: Preset::Text("x-forwarded"),
            about: "What upstreams are told about the client: \"x-forwarded\" (X-Forwarded-For, -Proto, -Host, X-Real-IP), \
                    \"rfc7239\" (Forwarded), \"both\" or \"off\".",
        },
        Key {
            name: "spool",
            kind: Kind::Text("a folder such as \"/var/lib/goodgate\""),
            preset: Preset::Absent("\"/var/lib/goodgate\""),
            about: "The folder for request bodies of unknown length on their way to FastCGI servers, which must know it; small ones stay in memory. The system's for temporary files by default.",
        },
    ],
};

/// `[[listen]]`
pub static LISTEN: Table = Table {
    heading: "[[listen]]",
    about: "Where clients connect; one table a listener.",
    keys: &[
        Key {
            name: "address",
            kind: Kind::Text(
                "an address with a port such as \"0.0.0.0:8080\", or a socket such as \"unix:/run/goodgate.sock\"",
            ),
            preset: Preset::Required("\"0.0.0.0:8080\""),
            about: "An IP address with its port, \"[::]:80\" (IPv4 too), or \"unix:/run/goodgate.sock\"; the socket has the rights \
                    0666, so that a proxy of another user can connect: its folder says who may.",
        },
        later("tls", "remove it and let something in front of the gateway do TLS for now"),
        later("http2", "remove it; clients are served over HTTP/1.1"),
        later(
            "proxy_protocol",
            "remove it; list the proxies in front in `gateway.trusted_proxies` and let them send X-Forwarded-For",
        ),
    ],
};

/// `[limits]`
pub static LIMITS: Table = Table {
    heading: "[limits]",
    about: "What a client may do.",
    keys: &[
        Key {
            name: "connections",
            kind: Kind::Count(1, limits::MOST_CONNECTIONS),
            preset: Preset::Count(limits::CONNECTIONS as u64),
            about: "Client connections over all workers; one more is turned away (accept-client-limit).",
        },
        Key {
            name: "header_timeout",
            kind: Kind::Duration,
            preset: Preset::Duration(limits::HEADER_TIMEOUT),
            about: "For a whole request head; then 408.",
        },
        Key {
            name: "body_timeout",
            kind: Kind::Duration,
            preset: Preset::Duration(limits::BODY_TIMEOUT),
            about: "Between two reads of a request body; then 408.",
        },
        Key {
            name: "keepalive_timeout",
            kind: Kind::Duration,
            preset: Preset::Duration(limits::KEEPALIVE_TIMEOUT),
            about: "An idle client connection is closed after this.",
        },
        Key {
            name: "send_timeout",
            kind: Kind::Duration,
            preset: Preset::Duration(limits::SEND_TIMEOUT),
            about: "A client that takes none of the answer for so long is cut off.",
        },
        Key {
            name: "header_size",
            kind: Kind::Size(limits::HEADER_SIZE_LEAST),
            preset: Preset::Size(limits::HEADER_SIZE as u64),
            about: "Bytes of a request head; a larger one is answered 431, or 414 when its first line alone is over it.",
        },
        Key {
            name: "headers",
            kind: Kind::Count(1, limits::MOST_HEADERS),
            preset: Preset::Count(limits::HEADERS as u64),
            about: "Field lines of a request head; more are answered 431.",
        },
        Key {
            name: "body_size",
            kind: Kind::Size(0),
            preset: Preset::Size(limits::BODY_SIZE),
            about: "Bytes of a request body; a larger one is answered 413.",
        },
        Key {
            name: "body_rate",
            kind: Kind::Size(0),
            preset: Preset::Size(limits::BODY_RATE),
            about: "Least bytes per second of a request body, averaged over body_timeout; a slower one is answered 408.",
        },
        Key {
            name: "half_close",
            kind: Kind::Flag,
            preset: Preset::Flag(false),
            about: "Whether a client that has ended its sending side still wants the answer; false: it has left.",
        },
        Key {
            name: "memory",
            kind: Kind::Size(limits::MEMORY_LEAST),
            preset: Preset::Absent("\"512MiB\""),
            about: "Memory of the gateway over which it turns away new requests (gateway-overloaded): the more over it, the \
                    more of them, but never all, and none of a route with high priority. Without limit when left out.",
        },
    ],
};

/// `[errors]`
pub static ERRORS: Table = Table {
    heading: "[errors]",
    about: "How failures are answered.",
    keys: &[
        Key {
            name: "statuses",
            kind: Kind::Text("a table of causes and statuses such as { \"connect-timeout\" = 500 }"),
            preset: Preset::Absent("{ \"dns-nxdomain\" = 500 }"),
            about: "Another status for a cause (`goodgate causes` lists them); the cause itself stays.",
        },
        Key {
            name: "languages",
            kind: Kind::Text("a list of languages such as [\"en\", \"ru\"]"),
            preset: Preset::Texts(Language::TAGS),
            about: "Languages of the error pages, the preferred one first; all that are built in by default.",
        },
        Key {
            name: "retry_after",
            kind: Kind::DurationOr(&["auto", "off"]),
            preset: Preset::Text("auto"),
            about: "When visitors are told to come back: \"auto\" only where the gateway knows, \"off\" never, \
                    or this long where it does not know. Each is told up to a fifth more, so that they do not come all at once.",
        },
        Key {
            name: "contact",
            kind: Kind::Text("one line of text such as \"support@example.com\""),
            preset: Preset::Absent("\"support@example.com\""),
            about: "Shown on the error pages.",
        },
        Key {
            name: "auto_retry",
            kind: Kind::Flag,
            preset: Preset::Flag(true),
            about: "Whether the page reloads itself, where nothing was delivered or the method is safe.",
        },
        Key {
            name: "templates",
            kind: Kind::Text("a folder such as \"pages/plain\""),
            preset: Preset::Absent("\"pages/plain\""),
            about: "A folder of page templates; its error.html, error.json and error.txt take the place of the built-in pages. README.md in config/pages tells their variables.",
        },
        Key {
            name: "pages",
            kind: Kind::Text("a table of causes, statuses or classes and files such as { \"502\" = \"502.html\" }"),
            preset: Preset::Absent(
                "{ \"connect-refused\" = \"error.html\", \"502\" = \"error.html\", \"4xx\" = \"builtin\" }",
            ),
            about: "Other templates of the folder (or files beside this one): by cause, then status, then class (4xx, 5xx); a file, a list of one a type (.html, .json, .txt), or \"builtin\".",
        },
        Key {
            name: "intercept",
            kind: Kind::Text("a list of statuses from 500 to 599 such as [502, 503]"),
            preset: Preset::Texts(&[]),
            about: "Statuses (5xx) of upstreams that get a page when their body is empty (Content-Length: 0); all others pass untouched.",
        },
    ],
};

/// `[log]`
pub static LOG: Table = Table {
    heading: "[log]",
    about: "The program's own log, which goes to standard error, and the access log.",
    keys: &[
        Key {
            name: "level",
            kind: Kind::OneOf(&["error", "warn", "info", "debug", "trace"], &[]),
            preset: Preset::Text("info"),
            about: "How much the program's own log says: \"error\", \"warn\", \"info\", \"debug\" or \"trace\".",
        },
        Key {
            name: "format",
            kind: Kind::OneOf(&["text", "json"], &[]),
            preset: Preset::Text("text"),
            about: "Of the program's own log: \"text\" or \"json\".",
        },
        table(
            "access",
            Kind::TableOr(&ACCESS_LOG, "a table such as { path = \"stdout\", format = \"text\" }, or \"off\""),
        ),
    ],
};

/// `[log.access]`
pub static ACCESS_LOG: Table = Table {
    heading: "[log.access]",
    about: "One line a request; `access = \"off\"` under `[log]` writes none.",
    keys: &[
        Key {
            name: "path",
            kind: Kind::Text("\"stdout\", \"stderr\", \"off\" or the path of a file"),
            preset: Preset::Text("stdout"),
            about: "Where the lines go: \"stdout\", \"stderr\", \"off\" or a file; SIGUSR1 opens it anew after it was renamed.",
        },
        Key {
            name: "format",
            kind: Kind::OneOf(&["text", "json", "combined"], &[]),
            preset: Preset::Text("text"),
            about: "\"text\", \"json\" or \"combined\" (NCSA).",
        },
    ],
};

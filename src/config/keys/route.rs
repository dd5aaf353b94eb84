//! The keys of a route.

use super::{COMPRESSION, Key, Kind, Preset, Table, later, matching, table};

const HEADER_TABLE: &str = "a table of field names and their values such as { \"X-Site\" = \"a\" }";
const HEADER_LIST: &str = "a list of field names such as [\"X-Debug\"]";
const NETWORKS: &str = "a list of addresses and networks such as [\"192.168.0.0/16\", \"::1\"]";

/// `[[route]]`
pub static ROUTE: Table = Table {
    heading: "[[route]]",
    about: "What happens to which request. The most specific one wins: an exact host before a wildcard before any host; \
            then an exact path, the longest prefix, a regular expression.",
    keys: &[
        matching::host("[\"example.com\", \"*.example.com\"]"),
        matching::PATH,
        matching::methods("[\"GET\", \"POST\"]"),
        Key {
            name: "path_mode",
            kind: Kind::OneOf(&["normal", "raw"], &[]),
            preset: Preset::Text("normal"),
            about: "\"normal\" cleans the path before matching and refuses what can be read in two ways; \
                    \"raw\" forwards it as it came.",
        },
        Key {
            name: "upstream",
            kind: Kind::Text("the NAME of an `[upstream.NAME]`"),
            preset: Preset::Absent("\"app\""),
            about: "Passes the request to this upstream. Every route has upstream, site, respond, redirect or maintenance.",
        },
        table("site", Kind::Table(&SITE)),
        table("respond", Kind::Table(&RESPOND)),
        table("redirect", Kind::Table(&REDIRECT)),
        table("maintenance", Kind::TableOr(&MAINTENANCE, "`true`, or a table such as { retry_after = \"10m\" }")),
        Key {
            name: "strip_prefix",
            kind: Kind::Text("the beginning of a path such as \"/api\""),
            preset: Preset::Absent("\"/api\""),
            about: "Taken off the front of the path before it is forwarded.",
        },
        Key {
            name: "body_size",
            kind: Kind::Size(0),
            preset: Preset::Absent("\"1GiB\""),
            about: "This route's own limit of the request body; that of [limits] when left out.",
        },
        Key {
            name: "retry_timeouts",
            kind: Kind::Flag,
            preset: Preset::Flag(false),
            about: "Whether idempotent requests may be sent again, to its fallback too, after the upstream took too long.",
        },
        Key {
            name: "idempotency_key",
            kind: Kind::Flag,
            preset: Preset::Flag(false),
            about: "Whether a POST or PATCH with an Idempotency-Key may be sent again like an idempotent request.",
        },
        Key {
            name: "priority",
            kind: Kind::OneOf(&["normal", "high"], &[]),
            preset: Preset::Text("normal"),
            about: "\"high\" goes before the others in the queue of an upstream, and is turned away neither because the line \
                    is never short nor because of limits.memory; only more than queue.max_waiting of its own kind, or a \
                    wait over queue.timeout, are too much. For health checks and the pages of administrators.",
        },
        table("request_headers", Kind::Table(&REQUEST_HEADERS)),
        table("response_headers", Kind::Table(&RESPONSE_HEADERS)),
        table("access", Kind::Table(&ACCESS)),
        table("errors", Kind::Table(&ROUTE_ERRORS)),
        later("gzip", COMPRESSION),
        later(
            "basic_auth",
            "remove it; let the application ask for the password, or admit addresses only with `access`",
        ),
        later("status_page", "remove it; the access log and the program's log say what happens"),
    ],
};

/// `[route.site]`
pub static SITE: Table = Table {
    heading: "[route.site]",
    about: "Answers with files of a folder, and lets the PHP scripts among them answer.",
    keys: &[
        Key {
            name: "root",
            kind: Kind::Text("a folder such as \"/var/www/blog\""),
            preset: Preset::Required("\"/var/www/blog\""),
            about: "The folder. A symbolic link in this path may be replaced while the gateway runs.",
        },
        Key {
            name: "php",
            kind: Kind::Text("the NAME of an `[upstream.NAME]` that runs PHP"),
            preset: Preset::Absent("\"app\""),
            about: "The upstream that runs the PHP scripts; without it they are neither run nor shown. Where the gateway \
                    does not see the folder, names alone decide what is a script.",
        },
        Key {
            name: "try",
            kind: Kind::Text("a list such as [\"{path}\", \"{path}/\", \"/index.php\"]"),
            preset: Preset::Absent("[\"{path}\", \"{path}/\", \"/index.php\"]"),
            about: "What is looked for, in this order: {path} is the request's path, \"{path}/\" the files of `index` in the \
                    folder of that name, an entry that begins with / the same for every request. By default {path} and \
                    {path}/, with php then /index.php.",
        },
        Key {
            name: "index",
            kind: Kind::Text("a list of names of files such as [\"index.php\", \"index.html\"]"),
            preset: Preset::Absent("[\"index.php\", \"index.html\"]"),
            about: "The files that stand for their folder. By default index.html, with php index.php before it.",
        },
        Key {
            name: "never_execute",
            kind: Kind::Text("a list of folders of the site such as [\"/uploads/\"]"),
            preset: Preset::Texts(&[]),
            about: "Folders whose scripts are never run, because visitors can put files there; scripts in them are answered 403.",
        },
        Key {
            name: "hidden",
            kind: Kind::Flag,
            preset: Preset::Flag(false),
            about: "Whether files and folders whose names begin with a dot are served; others are answered 403, except \
                    .well-known.",
        },
        Key {
            name: "symlinks",
            kind: Kind::OneOf(&["inside", "all", "off"], &[]),
            preset: Preset::Text("inside"),
            about: "Which symbolic links in the folder are followed: \"inside\" those that stay in it, \"all\", or \"off\" for none.",
        },
        Key {
            name: "precompressed",
            kind: Kind::Flag,
            preset: Preset::Flag(false),
            about: "Whether a file beside another with .br, .zst or .gz at its end is sent in its place to clients that take it.",
        },
        Key {
            name: "charset",
            kind: Kind::Text("the name of a character set such as \"utf-8\", or \"off\""),
            preset: Preset::Text("utf-8"),
            about: "The character set that text files are said to have; \"off\" says none.",
        },
    ],
};

/// `[route.respond]`
pub static RESPOND: Table = Table {
    heading: "[route.respond]",
    about: "Gives a fixed answer.",
    keys: &[
        Key { name: "status", kind: Kind::Count(200, 599), preset: Preset::Count(200), about: "Its status." },
        Key { name: "body", kind: Kind::Text("a string"), preset: Preset::Text(""), about: "Its body." },
        Key {
            name: "content_type",
            kind: Kind::Text("a media type such as \"text/html; charset=utf-8\""),
            preset: Preset::Text("text/plain; charset=utf-8"),
            about: "The media type of the body.",
        },
    ],
};

/// `[route.redirect]`
pub static REDIRECT: Table = Table {
    heading: "[route.redirect]",
    about: "Sends the client elsewhere. There are no variables here or elsewhere, other than ${NAME} from the environment.",
    keys: &[
        Key {
            name: "to",
            kind: Kind::Text("a URL such as \"https://example.com/new/\" or a path such as \"/new/\""),
            preset: Preset::Required("\"https://example.com/new/\""),
            about: "Where to: a URL or a path, sent as it stands; the path and the query of the request are dropped.",
        },
        Key {
            name: "keep_path",
            kind: Kind::Flag,
            preset: Preset::Flag(false),
            about: "Whether what the path has behind the prefix of the route, and the query, follow `to`, which ends with / \
                    then: from http to https, { to = \"https://example.com/\", keep_path = true }.",
        },
        Key {
            name: "status",
            kind: Kind::Text("301, 302, 303, 307 or 308"),
            preset: Preset::Count(308),
            about: "301, 302, 303, 307 or 308.",
        },
    ],
};

/// `[route.maintenance]`
pub static MAINTENANCE: Table = Table {
    heading: "[route.maintenance]",
    about: "Answers with the maintenance page; `maintenance = true` does so without a time.",
    keys: &[Key {
        name: "retry_after",
        kind: Kind::Duration,
        preset: Preset::Absent("\"10m\""),
        about: "In how long to come back, told to clients as Retry-After: each is told up to a fifth more, so that they do \
                not come all at once.",
    }],
};

/// `[route.request_headers]`
pub static REQUEST_HEADERS: Table = Table {
    heading: "[route.request_headers]",
    about: "Edits of the request's fields before it is forwarded.",
    keys: &[
        Key {
            name: "set",
            kind: Kind::Text(HEADER_TABLE),
            preset: Preset::Absent("{ \"X-Site\" = \"a\" }"),
            about: "Fields to add or replace, sent as they stand: $remote_addr and the like are no variables.",
        },
        Key {
            name: "remove",
            kind: Kind::Text(HEADER_LIST),
            preset: Preset::Texts(&[]),
            about: "Fields to take away.",
        },
    ],
};

/// `[route.response_headers]`
pub static RESPONSE_HEADERS: Table = Table {
    heading: "[route.response_headers]",
    about: "Edits of the answer's fields.",
    keys: &[
        Key {
            name: "set",
            kind: Kind::Text(HEADER_TABLE),
            preset: Preset::Absent("{ \"X-Frame-Options\" = \"DENY\" }"),
            about: "Fields to add or replace.",
        },
        Key {
            name: "remove",
            kind: Kind::Text(HEADER_LIST),
            preset: Preset::Texts(&[]),
            about: "Fields to take away.",
        },
    ],
};

/// `[route.access]`
pub static ACCESS: Table = Table {
    heading: "[route.access]",
    about: "Who may come in; others are answered 403.",
    keys: &[
        Key {
            name: "allow",
            kind: Kind::Text(NETWORKS),
            preset: Preset::Texts(&[]),
            about: "Addresses and networks that may come in; everybody when empty.",
        },
        Key {
            name: "deny",
            kind: Kind::Text(NETWORKS),
            preset: Preset::Texts(&[]),
            about: "Addresses and networks that may not; wins over allow.",
        },
    ],
};

/// `[route.errors]`
pub static ROUTE_ERRORS: Table = Table {
    heading: "[route.errors]",
    about: "What of [errors] is different on this route.",
    keys: &[
        Key {
            name: "statuses",
            kind: Kind::Text("a table of causes and statuses such as { \"connect-timeout\" = 500 }"),
            preset: Preset::Absent("{ \"dns-nxdomain\" = 500 }"),
            about: "Other statuses, on top of those of [errors].",
        },
        Key {
            name: "languages",
            kind: Kind::Text("a list of languages such as [\"en\", \"ru\"]"),
            preset: Preset::Absent("[\"ru\"]"),
            about: "Other languages of the error pages.",
        },
        Key {
            name: "retry_after",
            kind: Kind::DurationOr(&["auto", "off"]),
            preset: Preset::Absent("\"30s\""),
            about: "Another Retry-After.",
        },
        Key {
            name: "contact",
            kind: Kind::Text("one line of text such as \"support@example.com\""),
            preset: Preset::Absent("\"shop@example.com\""),
            about: "Another contact.",
        },
        Key {
            name: "auto_retry",
            kind: Kind::Flag,
            preset: Preset::Absent("false"),
            about: "Whether the page reloads itself.",
        },
        Key {
            name: "templates",
            kind: Kind::Text("a folder such as \"pages/plain\""),
            preset: Preset::Absent("\"pages/night\""),
            about: "Another folder; the templates and pages of [errors] do not count here then.",
        },
        Key {
            name: "pages",
            kind: Kind::Text("a table of causes, statuses or classes and files such as { \"502\" = \"502.html\" }"),
            preset: Preset::Absent(
                "{ \"connect-refused\" = \"error.html\", \"502\" = \"error.html\", \"4xx\" = \"builtin\" }",
            ),
            about: "Other templates, on top of those of [errors].",
        },
        Key {
            name: "intercept",
            kind: Kind::Text("a list of statuses from 500 to 599 such as [502, 503]"),
            preset: Preset::Absent("[502]"),
            about: "Other statuses whose empty answers get a page.",
        },
    ],
};

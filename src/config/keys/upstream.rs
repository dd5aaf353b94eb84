//! The keys of an upstream.

use std::time::Duration;

use super::{HEALTH, Key, Kind, Preset, Table, later, table};
use crate::limits;

/// `[upstream.NAME]`
pub static UPSTREAM: Table = Table {
    heading: "[upstream.NAME]",
    about: "An application: its servers and how they are treated.",
    keys: &[
        Key {
            name: "servers",
            kind: Kind::Entries(&SERVER, "a list of servers such as [\"http://127.0.0.1:3000\"]"),
            preset: Preset::Required("[\"http://127.0.0.1:3000\"]"),
            about: "\"http://HOST:PORT\" (an address, or a name with all its addresses, which take turns), \
                    \"http+unix:/run/app.sock\", or \"http+srv:_http._tcp.app.internal\": the servers, ports and weights that \
                    the SRV records of that name list; for FastCGI \"fastcgi://HOST:PORT\", \
                    \"fastcgi+unix:/run/php/php-fpm.sock\" or \"fastcgi+srv:NAME\".",
        },
        Key {
            name: "balance",
            kind: Kind::OneOf(&["two-choices", "round-robin", "least-busy", "hash"], &[]),
            preset: Preset::Text("two-choices"),
            about: "How a server is picked: \"two-choices\" takes two at random and the one that is less busy, faster and \
                    fails less; \"round-robin\" takes turns; \"least-busy\" takes the one with the fewest requests under \
                    way; \"hash\" always the same one for the same hash_key. All by weight.",
        },
        Key {
            name: "hash_key",
            kind: Kind::Text("\"client-ip\", or a field or cookie such as \"header:X-User\" or \"cookie:session\""),
            preset: Preset::Text("client-ip"),
            about: "What balance = \"hash\" goes by: \"client-ip\" (IPv6 by /64), \"header:NAME\" or \"cookie:NAME\"; a \
                    request without it goes as with \"two-choices\". A server that has a quarter more than its share, and \
                    over 32 requests under way, passes new ones on.",
        },
        Key {
            name: "slow_start",
            kind: Kind::DurationOrZero,
            preset: Preset::Duration(limits::SLOW_START),
            about: "The share of a server that was taken back grows from nothing over this time; \"0s\": at once.",
        },
        Key {
            name: "host_header",
            kind: Kind::Text("\"pass\", \"upstream\" or a host such as \"app.example.com\""),
            preset: Preset::Text("pass"),
            about: "The Host field it gets: \"pass\" as the client sent it, \"upstream\" the server's own, or this text.",
        },
        Key {
            name: "hold",
            kind: Kind::DurationOrZero,
            preset: Preset::Duration(Duration::ZERO),
            about: "When no server can be connected to, requests wait so long for one to come back, which bridges a restart: \
                    they were provably not delivered, so every method can wait; \"0s\" answers at once. With `fallback` too, a request \
                    waits all of it first, and goes to the stand-in then.",
        },
        Key {
            name: "head_size",
            kind: Kind::Size(limits::UPSTREAM_HEAD_SIZE_LEAST),
            preset: Preset::Size(limits::UPSTREAM_HEAD_SIZE as u64),
            about: "Bytes of an answer's head; over it response-header-too-large.",
        },
        Key {
            name: "hold_body",
            kind: Kind::Size(0),
            preset: Preset::Size(limits::HOLD_BODY),
            about: "An answer that promises a length up to this is held until complete, so that a short one becomes a clean \
                    error and not a broken answer; \"0B\" holds none.",
        },
        table("timeouts", Kind::Table(&TIMEOUTS)),
        table("pool", Kind::Table(&POOL)),
        table("retry", Kind::Table(&RETRY)),
        table("queue", Kind::Table(&QUEUE)),
        table("health", Kind::Table(&HEALTH)),
        table("dns", Kind::Table(&DNS)),
        table("fastcgi", Kind::Table(&FASTCGI)),
        table(
            "fallback",
            Kind::TableOr(
                &FALLBACK,
                "the NAME of another `[upstream.NAME]`, or a table such as { page = \"down.html\" }",
            ),
        ),
        table("stale_if_error", Kind::Table(&STALE_IF_ERROR)),
        later(
            "tls",
            "remove it; servers are reached without TLS: `http://`, `http+unix:`, `http+srv:`, and `fastcgi://`, `fastcgi+unix:`, \
             `fastcgi+srv:` for FastCGI",
        ),
        later("proxy_protocol", "remove it; the client's address is in X-Forwarded-For"),
    ],
};

/// An entry of `servers` as a table
pub static SERVER: Table = Table {
    heading: "an entry of servers",
    about: "A server with more than its place.",
    keys: &[
        Key {
            name: "url",
            kind: Kind::Text("a server such as \"http://127.0.0.1:3000\" or \"http+unix:/run/app.sock\""),
            preset: Preset::Required("\"http://127.0.0.1:3000\""),
            about: "Where it is.",
        },
        Key {
            name: "weight",
            kind: Kind::Count(1, limits::MOST_WEIGHT),
            preset: Preset::Count(1),
            about: "Its share of the requests.",
        },
        Key {
            name: "backup",
            kind: Kind::Flag,
            preset: Preset::Flag(false),
            about: "Whether it is asked only when no other server of the list is left.",
        },
    ],
};

/// `[upstream.NAME.timeouts]`
pub static TIMEOUTS: Table = Table {
    heading: "[upstream.NAME.timeouts]",
    about: "One limit a phase; \"off\" is none.",
    keys: &[
        phase("resolve", Preset::Duration(limits::RESOLVE_TIMEOUT), "Looking up a name; then dns-timeout."),
        phase(
            "connect",
            Preset::Duration(limits::CONNECT_TIMEOUT),
            "Connecting, all addresses together; then connect-timeout.",
        ),
        later("tls", "remove it; servers are reached without TLS"),
        phase(
            "send",
            Preset::Duration(limits::UPSTREAM_SEND_TIMEOUT),
            "While the server takes none of the request; then send-write-timeout.",
        ),
        phase(
            "head",
            Preset::Duration(limits::HEAD_TIMEOUT),
            "From when the server has taken the request to the answer's whole head; then response-header-timeout.",
        ),
        phase(
            "body",
            Preset::Duration(limits::UPSTREAM_BODY_TIMEOUT),
            "Between two reads of the answer's body; then body-idle-timeout.",
        ),
        phase(
            "total",
            Preset::Text("off"),
            "From the request's arrival to the end of the answer, all attempts together; then response-deadline.",
        ),
    ],
};

/// `[upstream.NAME.pool]`
pub static POOL: Table = Table {
    heading: "[upstream.NAME.pool]",
    about: "Kept connections.",
    keys: &[
        Key {
            name: "idle_timeout",
            kind: Kind::DurationOr(&["auto"]),
            preset: Preset::Text("auto"),
            about: "An idle connection is closed after this; \"auto\" is 60s, or less where the upstream announces less or \
                    was seen to close sooner, and a request that cannot be sent twice then uses only connections that have \
                    been idle for no longer than others were seen to survive.",
        },
        Key {
            name: "max_idle",
            kind: Kind::Count(0, limits::MOST_CONNECTIONS),
            preset: Preset::Count(limits::POOL_MAX_IDLE as u64),
            about: "Idle connections kept per worker and server; 0 keeps none.",
        },
        Key {
            name: "max_requests",
            kind: Kind::Count(0, u64::MAX),
            preset: Preset::Count(0),
            about: "Requests on one connection before it is closed; 0 is without limit.",
        },
    ],
};

/// `[upstream.NAME.retry]`
pub static RETRY: Table = Table {
    heading: "[upstream.NAME.retry]",
    about: "Second attempts.",
    keys: &[
        Key {
            name: "attempts",
            kind: Kind::Count(1, limits::MOST_ATTEMPTS),
            preset: Preset::Count(limits::RETRY_ATTEMPTS as u64),
            about: "Attempts of one request, the first one included; servers that are not there do not count.",
        },
        Key {
            name: "budget",
            kind: Kind::Percent,
            preset: Preset::Percent(limits::RETRY_BUDGET_PERCENT),
            about: "Retries that may add load, in percent of recent requests.",
        },
        Key {
            name: "on",
            kind: Kind::OneOf(&["proof", "idempotent", "off"], &[]),
            preset: Preset::Text("proof"),
            about: "\"proof\": any method where it is proven that nothing was delivered, else idempotent ones; \
                    \"idempotent\": the same without proofs that ask the kernel; \"off\". One thing looks to the kernel like \
                    a request that nobody read: a server that half-closes an idle connection, still reads and carries \
                    out a request there, and resets the connection within milliseconds. No HTTP server is known to do \
                    so; in front of one, write \"idempotent\".",
        },
        Key {
            name: "body",
            kind: Kind::Size(0),
            preset: Preset::Size(limits::RETRY_BODY as u64),
            about: "Request body bytes kept for it; a larger body is sent once only.",
        },
    ],
};

/// `[upstream.NAME.queue]`
pub static QUEUE: Table = Table {
    heading: "[upstream.NAME.queue]",
    about: "Requests over the limit wait here, in order, and not in the backlog of a socket, where nobody can say whether \
            they were delivered.",
    keys: &[
        Key {
            name: "max_in_flight",
            kind: Kind::CountOr(&["auto", "off"], 1, limits::MOST_CONNECTIONS),
            preset: Preset::Text("auto"),
            about: "Requests under way at all its servers together, over all workers; \"auto\" is pm.max_children where \
                    fastcgi.status_path lets PHP-FPM tell how many processes it has, else \"off\", which is without limit, \
                    and without a queue.",
        },
        Key {
            name: "max_waiting",
            kind: Kind::Count(0, limits::MOST_CONNECTIONS),
            preset: Preset::Count(limits::QUEUE_WAITING),
            about: "Requests that may wait; one more is answered upstream-conn-limit at once.",
        },
        Key {
            name: "timeout",
            kind: Kind::Duration,
            preset: Preset::Duration(limits::QUEUE_TIMEOUT),
            about: "Longest wait; then upstream-queue-timeout, and the request was provably never sent. Once every wait has been \
                    over a tenth of this for as long as this, most of those that would wait longer than a tenth \
                    are answered upstream-conn-limit at once, until the line has run empty.",
        },
    ],
};

/// `[upstream.NAME.dns]`
pub static DNS: Table = Table {
    heading: "[upstream.NAME.dns]",
    about: "How the names of servers are looked up: once before the first request, then in the background whenever an \
            answer's TTL is over. A name that nobody has needed for an hour is looked up again only beside the next \
            request, which gets the addresses known last. While no name server answers, those are used for up to a day; \
            for 30 s where one says that the name, or everything behind it, is gone.",
    keys: &[
        Key {
            name: "servers",
            kind: Kind::Text("a list of name servers such as [\"127.0.0.1:53\"]"),
            preset: Preset::Texts(&[]),
            about: "Name servers as \"ADDRESS\" or \"ADDRESS:PORT\"; the system's when empty.",
        },
        Key {
            name: "min_ttl",
            kind: Kind::DurationOrZero,
            preset: Preset::Duration(limits::DNS_MIN_TTL),
            about: "An answer is kept at least this long, whatever its TTL.",
        },
        Key {
            name: "max_ttl",
            kind: Kind::DurationOrZero,
            preset: Preset::Duration(limits::DNS_MAX_TTL),
            about: "And at most this long.",
        },
    ],
};

/// `[upstream.NAME.fastcgi]`
pub static FASTCGI: Table = Table {
    heading: "[upstream.NAME.fastcgi]",
    about: "Scripts behind servers that speak FastCGI, such as PHP-FPM.",
    keys: &[
        Key {
            name: "root",
            kind: Kind::Text("the absolute path of a folder such as \"/var/www/app\""),
            preset: Preset::Absent("\"/var/www/app\""),
            about: "The folder of the scripts as PHP sees it, which in a container may be another one than here; a route that leads straight here needs it.",
        },
        Key {
            name: "status_path",
            kind: Kind::Text("a path such as \"/fpm-status\""),
            preset: Preset::Absent("\"/fpm-status\""),
            about: "What pm.status_path of the pool says: asked when requests fail, so that the log can say how busy PHP is, and every 30 s for queue.max_in_flight = \"auto\".",
        },
        Key {
            name: "status_address",
            kind: Kind::Text(
                "a FastCGI address such as \"fastcgi://127.0.0.1:9001\" or \"fastcgi+unix:/run/php/status.sock\"",
            ),
            preset: Preset::Absent("\"fastcgi://127.0.0.1:9001\""),
            about: "What pm.status_listen of the pool says; without it a pool whose processes are all busy cannot tell so.",
        },
        Key {
            name: "params",
            kind: Kind::Text("a table of parameters such as { APP_ENV = \"prod\" }"),
            preset: Preset::Absent("{ APP_ENV = \"prod\" }"),
            about: "Parameters beyond the usual ones, or instead of them.",
        },
        Key {
            name: "keep",
            kind: Kind::CountOr(&["auto"], 0, limits::MOST_CONNECTIONS),
            preset: Preset::Text("auto"),
            about: "Idle connections kept per worker and server; each occupies a process of PHP-FPM, so stay well below \
                    pm.max_children. \"auto\" keeps two, for an instant and for safe methods only; 0 keeps none.",
        },
    ],
};

/// `[upstream.NAME.fallback]`
pub static FALLBACK: Table = Table {
    heading: "[upstream.NAME.fallback]",
    about: "A page for requests that no server can serve; `fallback = \"NAME\"` passes them to another upstream instead. \
            Only failures of the gateway's: what the application answers is its answer. And only where the request \
            provably was not delivered, or may be carried out twice (after a timeout another upstream gets only what \
            changes nothing, unless the route says `retry_timeouts`); others get the gateway's own page, which says so.",
    keys: &[
        Key {
            name: "page",
            kind: Kind::Text("a file such as \"down.html\""),
            preset: Preset::Required("\"down.html\""),
            about: "A file, read when the gateway starts; its ending says of which media type it is.",
        },
        Key {
            name: "status",
            kind: Kind::Count(200, 599),
            preset: Preset::Absent("200"),
            about: "The status it is sent with; that of the failure when left out, which keeps search engines from taking \
                    the page for the real one.",
        },
    ],
};

/// `[upstream.NAME.stale_if_error]`
pub static STALE_IF_ERROR: Table = Table {
    heading: "[upstream.NAME.stale_if_error]",
    about: "Keeps copies of answers that caches may keep, and gives them to GET and HEAD when no server can serve; never \
            in place of a fresh answer. This table switches it on.",
    keys: &[
        Key {
            name: "size",
            kind: Kind::Size(limits::STALE_SIZE_LEAST),
            preset: Preset::Size(limits::STALE_SIZE),
            about: "Bytes of all copies together, over all workers; all upstreams' may be half of limits.memory. Those that were not used for longest make room. An \
                    answer over an eighth of it is not kept.",
        },
        Key {
            name: "for",
            kind: Kind::Duration,
            preset: Preset::Duration(limits::STALE_FOR),
            about: "How long a copy is kept; less where the answer says so (stale-if-error of Cache-Control).",
        },
    ],
};

const fn phase(name: &'static str, preset: Preset, about: &'static str) -> Key {
    Key { name, kind: Kind::DurationOr(&["off"]), preset, about }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_tls_is_told_every_form_that_servers_may_have() {
        let about = |name: &str| UPSTREAM.key(name).map_or("", |key| key.about);
        for form in ["http://", "http+unix:", "http+srv:", "fastcgi://", "fastcgi+unix:", "fastcgi+srv:"] {
            assert!(about("servers").contains(form) && about("tls").contains(form), "{form}");
        }
    }
}

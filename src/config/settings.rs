//! The configuration as it is meant: valid by construction, every default filled in.
//! `resolve` builds it from what was written; the gateway reads it and never checks it again.

mod rate_limit;
mod site;
mod upstream;

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use http::{HeaderName, HeaderValue, Method, StatusCode};
use ipnet::IpNet;
use regex::Regex;

pub use rate_limit::{LimitKey, Rate, RateLimit};
pub use site::{Php, Site, Symlinks, Try};
pub use upstream::{
    Active, AllDown, Balance, Dns, Fallback, FallbackPage, FastCgi, FpmStatus, HashKey, Health, HostHeader, Keep,
    MaxInFlight, Passive, Pool, Protocol, Queue, Retry, RetryOn, Server, ServerAddress, StaleIfError, Timeouts,
    Upstream,
};

use crate::failure::{Cause, Language, page::Pages};

/// The whole configuration of one run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The gateway itself.
    pub gateway: Gateway,
    /// Where clients connect; never empty.
    pub listen: Vec<Listen>,
    /// What a client may do.
    pub limits: Limits,
    /// In file order; `route::Table` sorts them by specificity.
    pub routes: Vec<Route>,
    /// How much single clients may ask for; each applies on its own.
    pub rate_limits: Vec<RateLimit>,
    /// Routes name upstreams by their position here.
    pub upstreams: Vec<Upstream>,
    /// How failures are answered.
    pub errors: Errors,
    /// The access log and the program's own log.
    pub log: Log,
}

/// `[gateway]`
#[derive(Debug, Clone)]
pub struct Gateway {
    /// In Proxy-Status, Via and Server.
    pub name: String,
    /// Event loops; at least one.
    pub workers: usize,
    /// How long a stopping gateway waits for requests under way.
    pub shutdown_grace: Duration,
    /// Whose forwarding fields and request ids are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// What upstreams are told about the client.
    pub forwarded: ForwardedStyle,
    /// The folder of request bodies that wait there because an upstream must know their length; the system's for
    /// temporary files when `None`.
    pub spool: Option<PathBuf>,
}

/// Which forwarding fields an upstream gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardedStyle {
    /// X-Forwarded-For, -Proto, -Host and X-Real-IP.
    XForwarded,
    /// Forwarded (RFC 7239).
    Rfc7239,
    /// Both of them.
    Both,
    /// Neither; those of strangers are still dropped.
    Off,
}

/// `[[listen]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A TCP address.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// `[limits]`
#[derive(Debug, Clone)]
pub struct Limits {
    /// Client connections over all workers.
    pub connections: usize,
    /// For a whole request head.
    pub header_timeout: Duration,
    /// Between two reads of a request body.
    pub body_timeout: Duration,
    /// For an idle connection.
    pub keepalive_timeout: Duration,
    /// For a client that takes nothing.
    pub send_timeout: Duration,
    /// Bytes of a request head.
    pub header_size: usize,
    /// Field lines of a request head.
    pub headers: usize,
    /// Bytes of a request body.
    pub body_size: u64,
    /// Least bytes per second of a request body.
    pub body_rate: u64,
    /// Whether a client that ended its sending side still wants the answer.
    pub half_close: bool,
    /// Bytes of memory in use over which new requests are turned away.
    pub memory: Option<u64>,
}

/// `[[route]]`
#[derive(Debug, Clone)]
pub struct Route {
    /// As the access log shows it: the host and path as written, e.g. `example.com/api/`.
    pub name: String,
    /// Empty: any host.
    pub hosts: Vec<HostPattern>,
    /// Which paths.
    pub path: PathPattern,
    /// Empty: every method.
    pub methods: Vec<Method>,
    /// What happens to a request.
    pub action: Action,
    /// Taken off the front of the path before it is forwarded.
    pub strip_prefix: Option<String>,
    /// Edits of the request's fields before it is forwarded.
    pub request_headers: HeaderEdits,
    /// Edits of the answer's fields.
    pub response_headers: HeaderEdits,
    /// This route's own body limit.
    pub body_size: Option<u64>,
    /// Who may come in; others get 403.
    pub access: Access,
    /// A POST or PATCH with Idempotency-Key counts as idempotent.
    pub idempotency_key: bool,
    /// Idempotent requests may be tried again after a timeout of ours.
    pub retry_timeouts: bool,
    /// Whether the path is forwarded as it came, without normalisation.
    pub path_mode: PathMode,
    /// Who goes first where not all can.
    pub priority: Priority,
    /// The error settings of this route: `[errors]` with the route's overrides.
    pub errors: Arc<Errors>,
}

/// Who goes first where not all requests can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// In the order in which they come.
    Normal,
    /// Before the others, and turned away neither for a line that is never short nor for `limits.memory`; places in the
    /// line are limited for its own kind too.
    High,
}

/// How a request path is read before it is matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathMode {
    /// Normalised; what cannot be read in one way only is refused.
    Normal,
    /// Forwarded as it came.
    Raw,
}

/// One entry of `host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPattern {
    /// A name or address, lower case, without a port.
    Exact(String),
    /// `*.example.com`: the suffix with its dot, lower case (`.example.com`).
    Suffix(String),
}

/// `path`
#[derive(Debug, Clone)]
pub enum PathPattern {
    /// `/api/` or `/api`: a prefix on segment borders.
    Prefix(String),
    /// `=/exact`
    Exact(String),
    /// `~regex`
    Regex(Regex),
}

/// What a route does with a request.
#[derive(Debug, Clone)]
pub enum Action {
    /// Passes it to `Settings::upstreams[n]`.
    Upstream(usize),
    /// Answers with a file, or lets a script answer.
    Site(Site),
    /// Gives a fixed answer.
    Respond {
        /// Of the answer.
        status: StatusCode,
        /// Of the answer; may be empty.
        body: String,
        /// Of the body.
        content_type: HeaderValue,
    },
    /// Sends the client elsewhere.
    Redirect {
        /// The Location field.
        to: HeaderValue,
        /// 301, 302, 303, 307 or 308.
        status: StatusCode,
        /// Whether what the path has behind the route's prefix, and the query, are put behind it. It ends with a slash
        /// then, and the path is a prefix.
        keep_path: bool,
    },
    /// 503 with the maintenance page.
    Maintenance {
        /// Said to the client, when known.
        retry_after: Option<Duration>,
    },
}

/// `request_headers` and `response_headers`
#[derive(Debug, Clone, Default)]
pub struct HeaderEdits {
    /// Replace or add.
    pub set: Vec<(HeaderName, HeaderValue)>,
    /// Take away.
    pub remove: Vec<HeaderName>,
}

/// `access`: `deny` wins over `allow`; an empty `allow` admits everybody.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Who may come in.
    pub allow: Vec<IpNet>,
    /// Who may not.
    pub deny: Vec<IpNet>,
}

/// `[errors]`
#[derive(Debug, Clone)]
pub struct Errors {
    /// Statuses of causes that differ from the table.
    pub statuses: BTreeMap<Cause, StatusCode>,
    /// Languages offered, in order of preference; never empty.
    pub languages: Vec<Language>,
    /// How Retry-After is found.
    pub retry_after: RetryAfter,
    /// Shown on the page.
    pub contact: Option<String>,
    /// Whether the page reloads itself where that is safe.
    pub auto_retry: bool,
    /// Pages of the operator's own.
    pub pages: Pages,
    /// Statuses (5xx) of upstreams whose empty answers get a page.
    pub intercept: Vec<StatusCode>,
}

/// `errors.retry_after`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// Only where there is a real number.
    Auto,
    /// Never.
    Off,
    /// This long on every 503 that has no number of its own.
    Fixed(Duration),
}

/// `[log]`
#[derive(Debug, Clone)]
pub struct Log {
    /// Of the program's own log.
    pub level: tracing::Level,
    /// Of the program's own log, which goes to standard error.
    pub format: LogFormat,
    /// `None`: no access log.
    pub access: Option<AccessLog>,
}

/// `log.format`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// `log.access`
#[derive(Debug, Clone)]
pub struct AccessLog {
    /// Where lines go.
    pub to: LogTarget,
    /// What they look like.
    pub format: AccessFormat,
}

/// `log.access.path`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTarget {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file, appended to.
    File(PathBuf),
}

impl fmt::Display for LogTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::Stderr => f.write_str("stderr"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// `log.access.format`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
    /// NCSA combined, with what the gateway knows behind it.
    Combined,
}

impl Gateway {
    /// Whether `client` is one of `trusted_proxies`.
    #[must_use]
    pub fn trusts(&self, client: IpAddr) -> bool {
        let client = client.to_canonical();
        self.trusted_proxies.iter().any(|net| net.contains(&client))
    }
}

impl Access {
    /// Whether `client` may come in. One without an address, on a Unix socket, is in no network: it only comes in where
    /// everybody does.
    #[must_use]
    pub fn admits(&self, client: Option<IpAddr>) -> bool {
        let Some(client) = client.map(|client| client.to_canonical()) else { return self.allow.is_empty() };
        let within = |nets: &[IpNet]| nets.iter().any(|net| net.contains(&client));
        !within(&self.deny) && (self.allow.is_empty() || within(&self.allow))
    }
}

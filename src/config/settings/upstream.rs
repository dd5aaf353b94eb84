//! `[upstream.NAME]`: the servers of an application and how they are treated.
//! Part of the settings; pools and transports read it.

use std::{
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode};

/// `[upstream.NAME]`
#[derive(Debug, Clone)]
pub struct Upstream {
    /// NAME.
    pub name: String,
    /// Never empty.
    pub servers: Vec<Server>,
    /// How one of them is picked.
    pub balance: Balance,
    /// Time over which the share of a server that was taken back grows; zero is at once.
    pub slow_start: Duration,
    /// One limit a phase.
    pub timeouts: Timeouts,
    /// Kept connections.
    pub pool: Pool,
    /// Second attempts.
    pub retry: Retry,
    /// Requests that wait until others are over.
    pub queue: Queue,
    /// How long a request waits when no server can be connected to; zero: not at all.
    pub hold: Duration,
    /// Bytes of an answer's head.
    pub head_size: usize,
    /// Answers that promise a length up to this are held until complete; 0 holds none.
    pub hold_body: u64,
    /// How it is found out which servers work.
    pub health: Health,
    /// How names are looked up.
    pub dns: Dns,
    /// What the Host field says.
    pub host_header: HostHeader,
    /// Who stands in when no server can serve.
    pub fallback: Option<Fallback>,
    /// Which earlier answers may stand in.
    pub stale_if_error: Option<StaleIfError>,
    /// What is to be known of its scripts where its servers speak FastCGI; `None` where they speak HTTP.
    pub fastcgi: Option<FastCgi>,
}

/// `[upstream.NAME.fastcgi]`
#[derive(Debug, Clone)]
pub struct FastCgi {
    /// The folder of the scripts as PHP sees it, without a slash at its end. `None` where only sites lead here, which
    /// bring their own.
    pub root: Option<Arc<str>>,
    /// Where PHP-FPM tells how busy it is.
    pub status: Option<FpmStatus>,
    /// Parameters of the operator's own; they go before those of the gateway.
    pub params: Vec<(String, String)>,
    /// Which connections are kept; `Pool` says how many and how long.
    pub keep: Keep,
    /// The folder of request bodies that wait for their end.
    pub spool: Arc<Path>,
}

/// Which connections to a FastCGI server are kept. A kept one occupies a process of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// None.
    No,
    /// Those of safe methods, for an instant: a busy gateway saves the connecting, an idle one occupies nothing. What an
    /// application closes meanwhile can be asked again without harm.
    Briefly,
    /// Those of all requests.
    Yes,
}

impl FastCgi {
    /// Whether the connection of a request is to be kept.
    #[must_use]
    pub fn keeps(&self, method: &Method) -> bool {
        match self.keep {
            Keep::No => false,
            Keep::Briefly => method.is_safe(),
            Keep::Yes => true,
        }
    }
}

/// `status_path` and `status_address`
#[derive(Debug, Clone)]
pub struct FpmStatus {
    /// `pm.status_path` of the pool.
    pub path: String,
    /// `pm.status_listen` of the pool; `None` asks the servers themselves, which cannot answer while they are full.
    pub address: Option<Server>,
}

/// One entry of `servers`.
#[derive(Debug, Clone)]
pub struct Server {
    /// As written, without credentials; the member's name in log and evidence.
    pub label: Arc<str>,
    /// Where it is.
    pub address: ServerAddress,
    /// Its share; at least 1.
    pub weight: u32,
    /// Whether it is asked only when no other is left.
    pub backup: bool,
    /// What it speaks; the same for all servers of an upstream.
    pub protocol: Protocol,
}

/// What a server speaks: the scheme of its URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `http://`, `http+unix:`, `http+srv:`
    Http,
    /// `fastcgi://`, `fastcgi+unix:`, `fastcgi+srv:`
    FastCgi,
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerAddress {
    /// `http://10.0.0.1:3000`
    Socket(SocketAddr),
    /// `http://app.internal:3000`
    Name {
        /// Lower case, without a trailing dot.
        host: String,
        /// When the URL has none, 80 for HTTP and 9000 for FastCGI.
        port: u16,
    },
    /// `http+srv:_http._tcp.app.internal`: the servers that the SRV records of the name list (RFC 2782). Lower case,
    /// without a trailing dot.
    Service(String),
    /// `http+unix:/run/app.sock`
    Unix(PathBuf),
}

/// `balance`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Balance {
    /// Smooth weighted round-robin.
    RoundRobin,
    /// The one with the fewest requests under way.
    LeastBusy,
    /// Of two at random the one that is less busy, faster and fails less.
    TwoChoices,
    /// The same one for the same key.
    Hash(HashKey),
}

/// `hash_key`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashKey {
    /// The client's address; the first 64 bits of an IPv6 address.
    ClientIp,
    /// The first field of this name.
    Header(HeaderName),
    /// The first cookie of this name.
    Cookie(String),
}

/// `timeouts`; `None` is "off".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Looking up a name.
    pub resolve: Option<Duration>,
    /// All addresses together.
    pub connect: Option<Duration>,
    /// Between two writes of the request.
    pub send: Option<Duration>,
    /// From the last byte of the request to the answer's whole head.
    pub head: Option<Duration>,
    /// Between two reads of the answer's body.
    pub body: Option<Duration>,
    /// From the request's arrival to the answer's end, all attempts together.
    pub total: Option<Duration>,
}

/// `pool`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// `None`: auto, that is 60 s, or less where the upstream announces less or was seen to close sooner.
    pub idle_timeout: Option<Duration>,
    /// Idle connections per worker and member; 0 keeps none.
    pub max_idle: usize,
    /// Requests on one connection; 0 is without limit.
    pub max_requests: u64,
}

/// `retry`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The first one included; at least 1.
    pub attempts: u32,
    /// Retries that may add load, in percent of recent requests.
    pub budget_percent: u32,
    /// When a second attempt is allowed.
    pub on: RetryOn,
    /// Request body bytes kept for it.
    pub body: usize,
}

/// `retry.on`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryOn {
    /// Not delivered: any method; else idempotent ones.
    Proof,
    /// The same without proofs that ask the kernel.
    Idempotent,
    /// Never.
    Off,
}

/// `queue`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Requests under way at the upstream, over all workers.
    pub max_in_flight: MaxInFlight,
    /// Requests that may wait; 0 lets none.
    pub max_waiting: u32,
    /// Longest wait.
    pub timeout: Duration,
}

/// `max_in_flight`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxInFlight {
    /// As many as PHP-FPM says that it has processes; while nothing is known, and where nobody is asked, no limit.
    Auto,
    /// No limit.
    Off,
    /// So many.
    Most(u32),
}

/// `health`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Questions to each server, apart from requests; `None` where nobody is asked.
    pub active: Option<Active>,
    /// What the requests themselves find out; `None` is "off".
    pub passive: Option<Passive>,
    /// What happens to requests while no server is in use.
    pub all_down: AllDown,
}

/// `health.active`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// What is asked for; `None` only connects.
    pub path: Option<String>,
    /// From the start of one question to that of the next.
    pub every: Duration,
    /// Longest wait for the answer's head.
    pub timeout: Duration,
    /// Statuses of a server that works.
    pub status: RangeInclusive<u16>,
    /// Good answers in a row that take a server back.
    pub up: u32,
    /// Bad answers in a row after which others are preferred.
    pub down: u32,
}

/// `health.passive`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passive {
    /// Failures in a row that eject a server.
    pub failures: u32,
    /// The time in which they have to come.
    pub within: Duration,
    /// Failures in percent of the requests in that time that eject it as well; `None` is "off".
    pub ratio: Option<u32>,
    /// How long it is ejected; repeatedly, longer.
    pub eject: Duration,
}

/// `health.all_down`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllDown {
    /// They are tried one by one.
    Try,
    /// They are answered at once.
    Refuse,
}

/// `dns`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dns {
    /// Empty: the system's.
    pub servers: Vec<SocketAddr>,
    /// An answer is kept at least this long.
    pub min_ttl: Duration,
    /// And at most this long.
    pub max_ttl: Duration,
}

/// `fallback`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fallback {
    /// `Settings::upstreams[n]`. Following these never leads in a circle.
    Upstream(usize),
    /// The same page for every request.
    Page(FallbackPage),
}

/// `fallback.page`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FallbackPage {
    /// Never empty.
    pub body: Bytes,
    /// By the ending of its name.
    pub content_type: HeaderValue,
    /// `None`: that of the failure.
    pub status: Option<StatusCode>,
}

/// `stale_if_error`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaleIfError {
    /// Bytes of all answers that are kept, over all workers.
    pub size: u64,
    /// How long one is kept.
    pub keep: Duration,
}

/// `host_header`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostHeader {
    /// As the client sent it.
    Pass,
    /// The server's own name and port.
    Upstream,
    /// This text.
    Literal(HeaderValue),
}

//! The record of one request: what came, what was decided, what happened.
//! Layers and transports fill it in as they go; the access log reads it when the answer has left.

use std::{
    cell::{Cell, OnceCell, RefCell},
    net::IpAddr,
    rc::Rc,
    time::{Duration, Instant, SystemTime},
};

use http::{HeaderValue, request};
use smallvec::SmallVec;

use super::{Connection, Script, forwarded::Forwarding, present::Present, request_id::Id};
use crate::{
    config::settings::Route,
    failure::{Cause, Delivered, Failure, Phase},
};

/// What happened to one request. Owned by one worker, shared by the parts of its way.
pub struct Record {
    /// The request's head as the client sent it.
    pub head: request::Parts,
    /// Which fields it has.
    pub present: Present,
    /// The request's id: the client's own if a trusted proxy sent one, else new.
    pub id: Id,
    /// Who asks: the peer, or the client that trusted proxies speak for. `None` on a Unix socket.
    pub client: Option<IpAddr>,
    /// The client's connection.
    pub connection: Rc<Connection>,
    /// `http` or `https`, as the client sees it.
    pub scheme: &'static str,
    /// What upstreams are told about the client.
    pub forwarding: Forwarding,
    /// When the head was complete.
    pub started: Instant,
    /// The same on the wall clock.
    pub received: SystemTime,
    /// Whom the request is for, once it is known to be valid.
    pub authority: OnceCell<Rc<Authority>>,
    /// The normalised path that is matched and forwarded; `None` inside when it is the one that came.
    pub normal_path: OnceCell<Option<Box<str>>>,
    /// The path that is forwarded, where the route takes a prefix off; else it is the one that was matched.
    pub stripped_path: OnceCell<Box<str>>,
    /// The route found.
    pub route: OnceCell<Rc<Route>>,
    /// The script to run, where a site has found one for a FastCGI upstream.
    pub script: OnceCell<Script>,
    /// The name of the route's upstream.
    pub upstream: OnceCell<Rc<str>>,
    /// Body bytes read from the client.
    pub bytes_in: Cell<u64>,
    /// Body bytes of the answer handed to the client's connection.
    pub bytes_out: Cell<u64>,
    /// Status sent; 499 when the client left first, 0 before that is known.
    pub status: Cell<u16>,
    /// Status of the upstream's answer; 0 when there was none.
    pub upstream_status: Cell<u16>,
    /// The worst verdict of all attempts.
    pub delivered: Cell<Delivered>,
    /// Every attempt, in order.
    pub attempts: RefCell<SmallVec<[Attempt; 1]>>,
    /// The failure that decided the answer, or that broke it after its head.
    pub failure: RefCell<Option<Box<Failure>>>,
    /// A cause worth logging although the answer is good, e.g. `body-excess`, `upstream-answered-error`.
    pub remark: Cell<Option<Cause>>,
    /// Whether the end of the answer cannot be told from its breaking off: only the end of the upstream's connection
    /// ends it.
    pub endless: Cell<bool>,
    /// How the request was answered although its upstream failed.
    pub rescue: OnceCell<Rescue>,
    /// Where the time went.
    pub times: Times,
    /// Retry-After as sent.
    pub retry_after: Cell<Option<Duration>>,
}

/// Whom a request is for: the authority of an absolute-form target, else the Host field.
#[derive(Debug, PartialEq, Eq)]
pub struct Authority {
    /// As it came, port included. It is what upstreams are told.
    pub sent: HeaderValue,
    /// Length of the host in `sent`, without the port (brackets of an IPv6 address included).
    pub host_len: usize,
    /// The host in lower case, without the port. Empty for an HTTP/1.0 request without Host.
    pub host: Box<str>,
}

/// Who stood in for an upstream that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rescue {
    /// Another upstream, of this name.
    Upstream(Rc<str>),
    /// An earlier answer of the upstream.
    Stale,
    /// A page of the operator's.
    Page,
}

impl Rescue {
    /// As the program's log says it: the answer is from it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Upstream(_) => "another upstream",
            Self::Stale => "an earlier answer",
            Self::Page => "the fallback page",
        }
    }
}

/// One attempt at an upstream server.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Which server.
    pub member: Rc<str>,
    /// Why it failed; `None` when it did not.
    pub cause: Option<Cause>,
    /// How far it came.
    pub phase: Phase,
    /// Of head and body, to the upstream.
    pub bytes_written: u64,
    /// From the upstream.
    pub bytes_read: u64,
    /// Whether the connection had served a request before.
    pub reused: bool,
    /// From its start to its end or failure.
    pub took: Duration,
}

/// Time spent, phase by phase, over all attempts.
#[derive(Debug, Default)]
pub struct Times {
    /// Waiting in the upstream's queue.
    pub queue: Cell<Duration>,
    /// Looking up names.
    pub resolve: Cell<Duration>,
    /// Connecting.
    pub connect: Cell<Duration>,
    /// Writing the request.
    pub send: Cell<Duration>,
    /// Waiting for the answer's head.
    pub head: Cell<Duration>,
    /// Reading the answer's body.
    pub body: Cell<Duration>,
}

impl Record {
    /// The record of a request that just came; everything else is filled in on its way.
    #[must_use]
    pub fn new(
        head: request::Parts,
        id: Id,
        connection: &Rc<Connection>,
        forwarding: Forwarding,
        (started, received): (Instant, SystemTime),
    ) -> Self {
        Self {
            present: Present::of(&head.headers),
            head,
            id,
            client: forwarding.client,
            scheme: forwarding.scheme,
            forwarding,
            connection: Rc::clone(connection),
            started,
            received,
            authority: OnceCell::new(),
            normal_path: OnceCell::new(),
            stripped_path: OnceCell::new(),
            route: OnceCell::new(),
            script: OnceCell::new(),
            upstream: OnceCell::new(),
            bytes_in: Cell::new(0),
            bytes_out: Cell::new(0),
            status: Cell::new(0),
            upstream_status: Cell::new(0),
            delivered: Cell::new(Delivered::No),
            attempts: RefCell::default(),
            failure: RefCell::default(),
            remark: Cell::new(None),
            endless: Cell::new(false),
            rescue: OnceCell::new(),
            times: Times::default(),
            retry_after: Cell::new(None),
        }
    }

    /// Host in lower case, without the port; empty when none came or none was understood.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.get().map_or("", |authority| &authority.host)
    }

    /// The normalised path; the one that came where nothing had to change (or before it was looked at).
    #[must_use]
    pub fn path(&self) -> &str {
        match self.normal_path.get() {
            Some(Some(path)) => path,
            _ => self.head.uri.path(),
        }
    }

    /// The path that upstreams are asked for.
    #[must_use]
    pub fn forwarded_path(&self) -> &str {
        self.stripped_path.get().map_or_else(|| self.path(), AsRef::as_ref)
    }

    /// The query without its question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.head.uri.query()
    }

    /// The name of the upstream that answered, else of the one that was asked.
    #[must_use]
    pub fn answering_upstream(&self) -> Option<&Rc<str>> {
        match self.rescue.get() {
            Some(Rescue::Upstream(name)) => Some(name),
            _ => self.upstream.get(),
        }
    }

    /// The cause to log: of the failure, else a remark.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        self.failure.borrow().as_ref().map(|failure| failure.cause).or_else(|| self.remark.get())
    }
}

//! One server of a pool, as one worker sees it: its address and its idle connections.
//! `attempt` takes a connection, the exchange gives it back; nobody else holds one.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderName, HeaderValue};

use super::{
    resolve::{Name, Places},
    roster::Standing,
    transport::{Connection, Idle, http1::Head},
};
use crate::{
    config::settings::{self, ServerAddress},
    failure::{Cause, Delivered, Failure},
    limits,
    message::Record,
    observe::program_log,
};

/// The field in which a server says how long it keeps idle connections.
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// A server and its idle connections.
pub struct Member {
    /// Its settings.
    pub server: settings::Server,
    /// Its own name and port, for Host where that is wanted or the client sent none.
    pub authority: HeaderValue,
    /// What is looked up to find it; `None` where its address is in the settings.
    pub name: Option<Rc<Name>>,
    /// How it stands, over all workers.
    pub standing: Arc<Standing>,
    /// Last used last.
    idle: RefCell<Vec<Kept>>,
    /// How long it said that it keeps idle connections.
    announced: Cell<Option<Duration>>,
    /// Whether somebody closes connections whose instant is over.
    tidying: Cell<bool>,
}

struct Kept {
    connection: Connection,
    until: Instant,
}

impl Member {
    /// A server without connections.
    #[must_use]
    pub fn new(server: settings::Server, standing: &Arc<Standing>) -> Self {
        let authority = match &server.address {
            ServerAddress::Socket(address) => HeaderValue::try_from(address.to_string()),
            ServerAddress::Name { host, port: 80 } => HeaderValue::try_from(host.as_str()),
            ServerAddress::Name { host, port } => HeaderValue::try_from(format!("{host}:{port}")),
            ServerAddress::Service(name) => HeaderValue::try_from(domain(name)),
            ServerAddress::Unix(_) => Ok(HeaderValue::from_static("localhost")),
        };
        Self {
            server,
            authority: authority.unwrap_or(HeaderValue::from_static("localhost")),
            name: None,
            standing: Arc::clone(standing),
            idle: RefCell::default(),
            announced: Cell::new(None),
            tidying: Cell::new(false),
        }
    }

    /// The same with the name that leads to it.
    #[must_use]
    pub fn named(self, name: Option<Rc<Name>>) -> Self {
        Self { name, ..self }
    }

    /// Sees to it that `take` begins with an idle connection to `address`; `false` where there is none.
    pub fn prefer(&self, address: SocketAddr) -> bool {
        let mut idle = self.idle.borrow_mut();
        let Some(position) = idle.iter().rposition(|kept| kept.connection.leads_to == Some(address)) else {
            return false;
        };
        let kept = idle.remove(position);
        idle.push(kept);
        true
    }

    /// Closes idle connections to addresses that its name no longer leads to.
    pub fn leave(&self, places: Option<&Places>) {
        let left = |address| !places.is_some_and(|places| places.has(address));
        self.idle.borrow_mut().retain(|kept| !kept.connection.leads_to.is_some_and(left));
    }

    /// An idle connection that is at `now` still open and silent, the one used last first.
    pub fn take(&self, record: &Record, now: Instant) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        while let Some(mut kept) = idle.pop() {
            if kept.until <= now {
                continue;
            }
            match kept.connection.look() {
                Idle::Clean => return Some(kept.connection),
                Idle::Closed => {}
                Idle::Stray if kept.connection.says_goodbye() => {}
                Idle::Stray => self.report_stray(record),
            }
        }
        None
    }

    /// Keeps a connection that may serve again, from `now` on.
    pub fn keep(&self, connection: Connection, pool: &settings::Pool, now: Instant) {
        if self.name.as_ref().is_some_and(|name| !connection.leads_to.is_some_and(|address| name.leads_to(address))) {
            return;
        }
        let used_up = pool.max_requests > 0 && connection.served >= pool.max_requests;
        let mut idle = self.idle.borrow_mut();
        if used_up || idle.len() >= pool.max_idle {
            return;
        }
        let announced = self.announced.get().map(|timeout| timeout.saturating_sub(limits::POOL_IDLE_MARGIN));
        let longest = match (pool.idle_timeout, announced) {
            (Some(set), _) => set,
            (None, Some(announced)) => announced.min(limits::POOL_IDLE_TIMEOUT),
            (None, None) => limits::POOL_IDLE_TIMEOUT,
        };
        if !longest.is_zero() {
            idle.push(Kept { connection, until: now + longest });
        }
    }

    /// Notes what an answer says of its connection: `Keep-Alive: timeout=N`.
    pub fn heed(&self, head: &Head) {
        let Some(value) = head.hop_values(KEEP_ALIVE).next() else { return };
        let timeout = value
            .as_bytes()
            .split(|byte| *byte == b',')
            .filter_map(|item| item.trim_ascii().strip_prefix(b"timeout="))
            .find_map(|seconds| std::str::from_utf8(seconds).ok()?.trim().parse().ok());
        if let Some(seconds) = timeout {
            self.announced.set(Some(Duration::from_secs(seconds)));
        }
    }

    /// Closes idle connections that are too old or that the server has closed.
    pub fn sweep(&self, now: Instant) {
        self.idle.borrow_mut().retain_mut(|kept| kept.until > now && kept.connection.look() != Idle::Closed);
    }

    /// Closes connections that are kept for an instant when that is over: the sweep of the worker comes too seldom.
    pub fn tidy_soon(self: &Rc<Self>, pool: &settings::Pool) {
        let Some(instant) = pool.idle_timeout.filter(|timeout| *timeout <= limits::FASTCGI_INSTANT) else { return };
        if self.tidying.replace(true) {
            return;
        }
        let member = Rc::clone(self);
        tokio::task::spawn_local(async move {
            while !member.idle.borrow().is_empty() {
                tokio::time::sleep(instant).await;
                member.sweep(Instant::now());
            }
            member.tidying.set(false);
        });
    }

    /// Says so in the program log only: the request that found the bytes has nothing to do with them.
    fn report_stray(&self, record: &Record) {
        let evidence = "bytes came on an idle connection, behind a complete answer: it was closed and a fresh one used";
        let failure = Failure::new(Cause::BodyExcess, evidence).delivered(Delivered::Yes).member(&self.server.label);
        program_log::failure(record, &failure, 0);
    }
}

/// The domain of a service: `app.internal` of `_http._tcp.app.internal`.
fn domain(service: &str) -> &str {
    let mut rest = service;
    while let Some((_, behind)) = rest.split_once('.').filter(|_| rest.starts_with('_')) {
        rest = behind;
    }
    rest
}

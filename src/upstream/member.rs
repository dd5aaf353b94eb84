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
    danger::Danger,
    keeping::{Keeping, Span, Stretch},
    resolve::{Name, Places},
    roster::Standing,
    transport::{
        Connection, Idle,
        http1::{Head, memo::Memo},
    },
};
use crate::{
    config::settings::{self, ServerAddress},
    failure::{Cause, Failure},
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
    /// The label in them, for the records of this worker's requests.
    pub label: Rc<str>,
    /// Its own name and port, for Host where that is wanted or the client sent none.
    pub authority: HeaderValue,
    /// What is looked up to find it; `None` where its address is in the settings.
    pub name: Option<Rc<Name>>,
    /// How it stands, over all workers.
    pub standing: Arc<Standing>,
    /// The head of its last answer.
    pub heads: RefCell<Memo>,
    /// What its pool's servers are up to, over all of them.
    pub danger: Rc<Danger>,
    /// Last used last.
    idle: RefCell<Vec<Kept>>,
    /// How long it keeps idle connections, as far as is known.
    keeping: Cell<Keeping>,
    /// When the idle connections were looked through.
    swept: Cell<Option<Instant>>,
    /// Whether somebody closes connections whose instant is over.
    tidying: Cell<bool>,
}

struct Kept {
    connection: Box<Connection>,
    since: Instant,
}

/// What a connection is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// A request that is sent again if the connection turns out to be dead.
    Repeatable,
    /// A request that may not be, or cannot be.
    Once,
    /// The same, sent so that its connection tells when nobody has read it, if it is one that can (see
    /// [`Connection::is_local`]).
    Witnessed,
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
            label: server.label.as_ref().into(),
            server,
            authority: authority.unwrap_or(HeaderValue::from_static("localhost")),
            name: None,
            standing: Arc::clone(standing),
            heads: RefCell::default(),
            danger: Rc::default(),
            idle: RefCell::default(),
            keeping: Cell::default(),
            swept: Cell::new(None),
            tidying: Cell::new(false),
        }
    }

    /// The same with the name that leads to it.
    #[must_use]
    pub fn named(self, name: Option<Rc<Name>>) -> Self {
        Self { name, ..self }
    }

    /// The same with the mark that it shares with its pool's other servers.
    #[must_use]
    pub fn warned(self, danger: &Rc<Danger>) -> Self {
        Self { danger: Rc::clone(danger), ..self }
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

    /// An idle connection that is at `now` still open and silent, the one used last first. A request that can be sent
    /// once only gets none that has been idle for longer than others were seen to survive, unless the settings say so.
    pub fn take(&self, record: &Record, pool: &settings::Pool, wanted: Use, now: Instant) -> Option<Box<Connection>> {
        let mut kept_ones = self.idle.borrow_mut();
        let keeping = self.keeping.get();
        let longest = match (pool.idle_timeout, wanted) {
            (Some(set), _) => set,
            (None, Use::Repeatable) => keeping.longest(),
            (None, Use::Once | Use::Witnessed) => keeping.longest_tested(now),
        };
        let longest_of = |kept: &Kept| match (pool.idle_timeout, wanted) {
            (None, Use::Witnessed) if kept.connection.is_local() => longest.max(keeping.longest_survived()),
            _ => longest,
        };
        while let Some(mut kept) = kept_ones.pop_if(|kept| now.saturating_duration_since(kept.since) < longest_of(kept))
        {
            let idle = self.stretch(&kept, now);
            match kept.connection.look() {
                Idle::Clean => {
                    kept.connection.idle = Some(idle);
                    return Some(kept.connection);
                }
                Idle::Closed => self.saw_closed(idle, now),
                Idle::Stray if kept.connection.says_goodbye() => self.saw_closed(idle, now),
                Idle::Stray => self.report_stray(record),
            }
        }
        None
    }

    /// A connection that had been idle for so long was found closed, or was closed just when it was used again.
    pub fn saw_closed(&self, idle: Stretch, now: Instant) {
        let mut keeping = self.keeping.get();
        self.note_closed(&mut keeping, idle.span(), now);
        self.keeping.set(keeping);
    }

    fn note_closed(&self, keeping: &mut Keeping, idle: Span, now: Instant) {
        keeping.saw_closed(idle, now);
        if idle.is_hasty() {
            self.danger.sign(now);
        }
    }

    /// Keeps a connection that may serve again, from `now` on.
    pub fn keep(&self, connection: Box<Connection>, pool: &settings::Pool, now: Instant) {
        if self.name.as_ref().is_some_and(|name| !connection.leads_to.is_some_and(|address| name.leads_to(address))) {
            return;
        }
        let used_up = pool.max_requests > 0 && connection.served >= pool.max_requests;
        let mut idle = self.idle.borrow_mut();
        let longest = self.longest(pool);
        if used_up || pool.max_idle == 0 || longest.is_zero() {
            return;
        }
        if idle.len() >= pool.max_idle {
            // One that is too old makes room.
            if idle.first().is_none_or(|oldest| now.saturating_duration_since(oldest.since) < longest) {
                return;
            }
            idle.remove(0);
        }
        idle.push(Kept { connection, since: now });
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
            let mut keeping = self.keeping.get();
            keeping.announce(Duration::from_secs(seconds));
            self.keeping.set(keeping);
        }
    }

    /// Closes idle connections that are too old or that the server has closed.
    pub fn sweep(&self, pool: &settings::Pool, now: Instant) {
        let longest = self.longest(pool);
        let mut keeping = self.keeping.get();
        let mut oldest = Duration::ZERO;
        self.idle.borrow_mut().retain_mut(|kept| {
            let span = self.stretch(kept, now).span();
            if kept.connection.look() == Idle::Closed {
                self.note_closed(&mut keeping, span, now);
                return false;
            }
            oldest = oldest.max(span.until);
            span.until < longest
        });
        keeping.saw_open(oldest, now);
        self.keeping.set(keeping);
        self.swept.set(Some(now));
    }

    /// For how long connections are kept.
    fn longest(&self, pool: &settings::Pool) -> Duration {
        pool.idle_timeout.unwrap_or_else(|| self.keeping.get().longest())
    }

    /// How long a connection has been idle at `now`.
    fn stretch(&self, kept: &Kept, now: Instant) -> Stretch {
        Stretch { since: kept.since, seen: self.swept.get(), until: now }
    }

    /// Closes connections that are kept for an instant when that is over: the sweep of the worker comes too seldom.
    pub fn tidy_soon(self: &Rc<Self>, pool: &settings::Pool) {
        let Some(instant) = pool.idle_timeout.filter(|timeout| *timeout <= limits::FASTCGI_INSTANT) else { return };
        if self.tidying.replace(true) {
            return;
        }
        let (member, pool) = (Rc::clone(self), *pool);
        tokio::task::spawn_local(async move {
            while !member.idle.borrow().is_empty() {
                tokio::time::sleep(instant).await;
                member.sweep(&pool, Instant::now());
            }
            member.tidying.set(false);
        });
    }

    /// Says so in the program log only: the request that found the bytes has nothing to do with them.
    fn report_stray(&self, record: &Record) {
        let evidence = "bytes came on an idle connection, behind a complete answer: it was closed and a fresh one used";
        let failure = Failure::new(Cause::BodyExcess, evidence).member(&self.server.label);
        program_log::aside(record, &failure);
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

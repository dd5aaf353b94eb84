//! Names of upstream servers become addresses: a cache by TTL in front of `/etc/hosts` and the name servers.
//! `servers` does the asking, `trouble` the explaining; the caller has the deadline and connects to what is found.

mod file;
mod hosts;
mod servers;
mod sockets;
mod trouble;

#[cfg(test)]
mod tests;

use std::{
    cell::RefCell,
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
    rc::Rc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::Shared};
use tokio::{sync::oneshot, task::spawn_local};

use self::{
    file::Watched,
    hosts::Hosts,
    servers::{Found, Servers},
    trouble::Trouble,
};
use crate::{
    config::settings::Dns,
    failure::{self, Cause, Failure},
    limits::DNS_FAILURE_TTL,
};

/// Looks names up for one upstream. Owned by one worker, whose tasks run in a `LocalSet`.
pub struct Resolver {
    shared: Rc<Lookups>,
}

struct Lookups {
    source: Source,
    hosts: Watched<Hosts>,
    min_ttl: Duration,
    max_ttl: Duration,
    names: RefCell<HashMap<Box<str>, Entry>>,
}

/// Who is asked.
enum Source {
    Own(Result<Rc<Servers>, String>),
    System(Watched<Result<Rc<Servers>, String>>),
}

type Outcome = Result<Rc<[IpAddr]>, Rc<Trouble>>;

enum Entry {
    Asking(Shared<oneshot::Receiver<Outcome>>),
    Known { outcome: Outcome, until: Instant },
}

impl Resolver {
    /// A resolver as configured. It neither fails nor touches the network: a problem with the system's settings
    /// becomes the failure of the look-ups, and goes away with the problem.
    #[must_use]
    pub fn new(dns: &Dns) -> Self {
        Self::with_files(dns, "/etc/resolv.conf".into(), "/etc/hosts".into())
    }

    fn with_files(dns: &Dns, resolv_conf: PathBuf, hosts: PathBuf) -> Self {
        let source = match dns.servers.as_slice() {
            [] => Source::System(Watched::new(resolv_conf)),
            own => Source::Own(Servers::own(own).map(Rc::new)),
        };
        Self {
            shared: Rc::new(Lookups {
                source,
                hosts: Watched::new(hosts),
                min_ttl: dns.min_ttl,
                max_ttl: dns.max_ttl,
                names: RefCell::default(),
            }),
        }
    }

    /// The addresses of `host`, IPv4 first: at least one.
    ///
    /// Look-ups of one name at a time share one query, which runs to its end even when every caller has gone, so that
    /// a late answer is there for the next one.
    ///
    /// # Errors
    /// A `dns-…` cause, nothing delivered. There is no deadline here: callers drop the future when theirs is over and
    /// report `timed_out`.
    pub async fn lookup(&self, host: &str) -> failure::Result<Rc<[IpAddr]>> {
        let waiting = match self.shared.entry(host) {
            Entry::Known { outcome, .. } => return outcome.map_err(|trouble| trouble.failure()),
            Entry::Asking(waiting) => waiting,
        };
        if let Ok(outcome) = waiting.await {
            return outcome.map_err(|trouble| trouble.failure());
        }
        // The task that asked is gone, so nobody would ever answer: the next request asks anew.
        self.shared.names.borrow_mut().remove(host);
        Err(Failure::new(Cause::GatewayInternalError, format!("the look-up of {host} was abandoned")))
    }

    /// The failure of a look-up that the caller gave up after `limit`.
    #[must_use]
    pub fn timed_out(&self, host: &str, limit: Duration) -> Box<Failure> {
        let asked = self.shared.servers().map_or_else(|_| Vec::new(), |servers| servers.listed());
        Trouble::timed_out(host, &asked, limit).failure()
    }
}

impl Lookups {
    /// What is known about `host`, or the look-up under way, begun now if there was none.
    fn entry(self: &Rc<Self>, host: &str) -> Entry {
        match self.names.borrow().get(host) {
            Some(Entry::Asking(waiting)) => return Entry::Asking(waiting.clone()),
            Some(Entry::Known { outcome, until }) if Instant::now() < *until => {
                return Entry::Known { outcome: outcome.clone(), until: *until };
            }
            _ => {}
        }
        if let Some(addresses) = self.local(host) {
            return self.keep(host, Ok(addresses), self.min_ttl);
        }
        let (tell, told) = oneshot::channel();
        let waiting = told.shared();
        self.names.borrow_mut().insert(host.into(), Entry::Asking(waiting.clone()));
        let (lookups, host) = (Rc::clone(self), Box::<str>::from(host));
        spawn_local(async move {
            let (outcome, ttl) = match lookups.ask(&host).await {
                Ok(found) => {
                    let ttl = found.valid_until.saturating_duration_since(Instant::now());
                    (Ok(found.addresses.into()), ttl.min(lookups.max_ttl).max(lookups.min_ttl))
                }
                Err(trouble) => (Err(Rc::new(trouble)), DNS_FAILURE_TTL),
            };
            lookups.keep(&host, Outcome::clone(&outcome), ttl);
            // Nobody may be waiting any more.
            let _ = tell.send(outcome);
        });
        Entry::Asking(waiting)
    }

    fn keep(&self, host: &str, outcome: Outcome, ttl: Duration) -> Entry {
        let until = Instant::now() + ttl;
        self.names.borrow_mut().insert(host.into(), Entry::Known { outcome: outcome.clone(), until });
        Entry::Known { outcome, until }
    }

    async fn ask(&self, host: &str) -> Result<Found, Trouble> {
        match self.servers() {
            _ if is_reserved(host) => Err(Trouble::reserved(host)),
            Ok(servers) => servers.addresses(host).await,
            Err(problem) => Err(Trouble::no_servers(host, &problem)),
        }
    }

    fn servers(&self) -> Result<Rc<Servers>, String> {
        match &self.source {
            Source::Own(servers) => servers.clone(),
            Source::System(file) => (*file.contents(parse_resolv_conf)).clone(),
        }
    }

    /// Addresses that need no name server: from the hosts file, and of `localhost` (RFC 6761 section 6.3).
    fn local(&self, host: &str) -> Option<Rc<[IpAddr]>> {
        if let Some(listed) = self.hosts.contents(Hosts::parse).addresses(host) {
            return Some(listed.into());
        }
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        is_below(host, "localhost").then(|| loopback.into())
    }
}

fn parse_resolv_conf(path: &Path, text: io::Result<Vec<u8>>) -> Result<Rc<Servers>, String> {
    match text {
        Ok(text) => Servers::system(&text).map(Rc::new).map_err(|problem| format!("{}: {problem}", path.display())),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}

/// Whether no name server knows `host` by definition (RFC 6761 section 6.4, RFC 7686).
fn is_reserved(host: &str) -> bool {
    is_below(host, "invalid") || is_below(host, "onion")
}

fn is_below(host: &str, zone: &str) -> bool {
    host.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

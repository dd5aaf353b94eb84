//! Names of upstream servers become addresses: by `/etc/hosts` and the name servers, kept for their TTL and beyond.
//! `servers` does the asking, `trouble` the explaining, `name` the keeping, `ledger` for all workers; the caller has the
//! deadline and connects to what is found.

mod aliases;
mod file;
mod hosts;
mod known;
mod ledger;
mod name;
mod news;
mod places;
mod servers;
mod service;
mod sockets;
mod trouble;

#[cfg(test)]
mod tests;

use std::{
    cell::RefCell,
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use self::{
    file::Watched,
    hosts::Hosts,
    places::Target,
    servers::{Found, Servers, Wanted},
    trouble::Trouble,
};
pub use self::{
    ledger::Ledger,
    name::Name,
    places::{Pick, Places},
};
use crate::{
    config::settings::{Dns, ServerAddress},
    limits::DNS_FAILURE_TTL,
};

/// Looks names up for one upstream. Owned by one worker, whose tasks run in a `LocalSet`.
pub struct Resolver {
    lookups: Rc<Lookups>,
    ledger: Arc<Ledger>,
    names: RefCell<HashMap<Question, Rc<Name>>>,
}

/// What is asked, and of whom.
struct Lookups {
    source: Source,
    hosts: Watched<Hosts>,
    /// Least and most of the time for which an answer is kept.
    ttl: (Duration, Duration),
}

/// Who is asked.
enum Source {
    Own(Result<Rc<Servers>, String>),
    System(Watched<Result<Rc<Servers>, String>>),
}

/// What is to be known of a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Question {
    /// The addresses of a host, with this port.
    Host(Box<str>, u16),
    /// The servers of a service, with the ports of its SRV records.
    Service(Box<str>),
}

impl Question {
    fn host(&self) -> &str {
        match self {
            Self::Host(host, _) | Self::Service(host) => host,
        }
    }

    fn wanted(&self) -> Wanted {
        match self {
            Self::Host(..) => Wanted::Addresses,
            Self::Service(_) => Wanted::Services,
        }
    }
}

impl Resolver {
    /// A resolver as configured; `ledger` is the one of its upstream over all workers. It neither fails nor touches the
    /// network: a problem with the system's settings becomes the failure of the look-ups, and goes away with the problem.
    #[must_use]
    pub fn new(dns: &Dns, ledger: &Arc<Ledger>) -> Self {
        Self::with_files(dns, ledger, "/etc/resolv.conf".into(), "/etc/hosts".into())
    }

    fn with_files(dns: &Dns, ledger: &Arc<Ledger>, resolv_conf: PathBuf, hosts: PathBuf) -> Self {
        let source = match dns.servers.as_slice() {
            [] => Source::System(Watched::new(resolv_conf)),
            own => Source::Own(Servers::own(own).map(Rc::new)),
        };
        let lookups = Lookups { source, hosts: Watched::new(hosts), ttl: (dns.min_ttl, dns.max_ttl) };
        Self { lookups: Rc::new(lookups), ledger: Arc::clone(ledger), names: RefCell::default() }
    }

    /// The name in `address`, the same one each time; `None` where there is nothing to look up.
    #[must_use]
    pub fn name(&self, address: &ServerAddress) -> Option<Rc<Name>> {
        let question = match address {
            ServerAddress::Socket(_) | ServerAddress::Unix(_) => return None,
            ServerAddress::Name { host, port } => Question::Host(host.as_str().into(), *port),
            ServerAddress::Service(name) => Question::Service(name.as_str().into()),
        };
        let mut names = self.names.borrow_mut();
        let name = names.entry(question.clone()).or_insert_with(|| Name::new(question, &self.lookups, &self.ledger));
        Some(Rc::clone(name))
    }
}

impl Lookups {
    /// Where the name leads to now, and until when that may be kept. Where a part cannot be found out, what was so
    /// `before` still holds.
    async fn find(&self, question: &Question, before: Option<&Places>) -> Result<(Places, Instant), Trouble> {
        match question {
            Question::Service(service) => self.service(service, before).await,
            Question::Host(host, port) => {
                let (addresses, until) = self.addresses(host, before.map(Places::of_host)).await?;
                let target = Target::new((0, 0), "", addresses.into_iter().map(|ip| (ip, *port).into()));
                let places = Places::new(target).ok_or_else(|| Trouble::empty(host))?;
                Ok((places, until))
            }
        }
    }

    /// The addresses of `host`, never none, and until when they may be kept. Those of a family that nobody answers for are
    /// what they were `before`; where nothing was known somebody waits, and the rest is asked for soon.
    async fn addresses(&self, host: &str, before: Option<&[SocketAddr]>) -> Result<(Vec<IpAddr>, Instant), Trouble> {
        if let Some(addresses) = self.local(host.strip_suffix('.').unwrap_or(host)) {
            // The files are looked at again after the least of times.
            return Ok((addresses, Instant::now()));
        }
        let wanted = if before.is_some() { Wanted::Addresses } else { Wanted::AddressesSoon };
        let Found { mut addresses, partial, mut valid_until, .. } = self.ask(host, wanted).await?;
        if partial {
            let missing = |ip: &IpAddr| !addresses.iter().any(|found| found.is_ipv4() == ip.is_ipv4());
            match before {
                Some(before) => {
                    let kept: Vec<IpAddr> = before.iter().map(SocketAddr::ip).filter(missing).collect();
                    addresses.extend(kept);
                }
                None => valid_until = valid_until.min(Instant::now() + DNS_FAILURE_TTL),
            }
        }
        Ok((addresses, valid_until))
    }

    async fn ask(&self, host: &str, wanted: Wanted) -> Result<Found, Trouble> {
        match self.servers() {
            _ if is_reserved(host) => Err(Trouble::reserved(host)),
            Ok(servers) => servers.find(host, wanted).await,
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
    fn local(&self, host: &str) -> Option<Vec<IpAddr>> {
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
    let host = host.strip_suffix('.').unwrap_or(host);
    is_below(host, "invalid") || is_below(host, "onion")
}

fn is_below(host: &str, zone: &str) -> bool {
    host.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

//! Asking name servers: one after the other until one knows, search domains as resolv.conf(5) has them.
//! hickory speaks DNS with each of them; its cache and its choice of servers are not used, so that what is reported is what each one said.

use std::{
    cell::Cell,
    net::{IpAddr, SocketAddr},
    pin::pin,
    time::{Duration, Instant},
};

use futures_util::future::{Either, select};
use hickory_resolver::{
    Resolver,
    config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts},
    lookup::Lookup,
    net::{DnsError, NetError, NoRecords},
    proto::{
        ProtoError,
        op::ResponseCode,
        rr::{Name, RData, RecordType, rdata::SRV},
    },
    system_conf::parse_resolv_conf,
};
use tokio::time::timeout;

use super::{
    aliases::{Aliases, Trail},
    sockets::{Connected, Strays},
    trouble::{Answer, Trouble},
};
use crate::{
    failure::{Cause, classify},
    limits::{DNS_FAMILY_DELAY, DNS_QUERY_TIMEOUT, DNS_ROUNDS},
};

/// The name servers of an upstream, never none.
pub(super) struct Servers {
    all: Vec<Server>,
    /// The one that answered last; it is asked first.
    first: Cell<usize>,
    search: Vec<Name>,
    /// A name with at least so many dots is asked for as it is before the search domains are tried.
    dots: usize,
}

struct Server {
    address: SocketAddr,
    client: Resolver<Connected>,
    strays: Strays,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A and AAAA records.
    Addresses,
    /// The same for somebody who waits: a slow AAAA answer does not hold up a known IPv4 address (RFC 8305 section 3).
    AddressesSoon,
    /// SRV records.
    Services,
}

/// The records of a name.
pub(super) struct Found {
    /// Never none where addresses were asked for.
    pub(super) addresses: Vec<IpAddr>,
    /// Never none where services were asked for.
    pub(super) services: Vec<SRV>,
    /// Whether it is not known if there are addresses of the family that has none.
    pub(super) partial: bool,
    pub(super) valid_until: Instant,
}

impl Servers {
    /// These servers, without search domains.
    pub(super) fn own(addresses: &[SocketAddr]) -> Result<Self, String> {
        let configs = addresses.iter().map(|address| server(*address));
        Self::build(configs, &ResolverOpts::default(), Vec::new()).map_err(|error| error.to_string())
    }

    /// The servers and search domains of a resolv.conf(5).
    pub(super) fn system(text: &[u8]) -> Result<Self, String> {
        parse_resolv_conf(text)
            .and_then(|(config, options)| {
                let (domain, search, servers) = config.into_parts();
                let search = if search.is_empty() { domain.into_iter().collect() } else { search };
                Self::build(servers, &options, search)
            })
            .map_err(|error| error.to_string())
    }

    /// These servers, with the settings that matter here: the dots of `options`, and the search domains.
    pub(super) fn build(
        configs: impl IntoIterator<Item = NameServerConfig>,
        options: &ResolverOpts,
        search: Vec<Name>,
    ) -> Result<Self, NetError> {
        let dots = options.ndots;
        let servers = configs.into_iter().map(|config| Server::build(config, options.clone()));
        Ok(Self { all: servers.collect::<Result<_, _>>()?, first: Cell::new(0), search, dots })
    }

    /// The addresses asked, as configured.
    pub(super) fn listed(&self) -> Vec<SocketAddr> {
        self.all.iter().map(|server| server.address).collect()
    }

    /// The records of `host`, by the first of its full names that has any.
    pub(super) async fn find(&self, host: &str, wanted: Wanted) -> Result<Found, Trouble> {
        let name = parse(host).map_err(|error| Trouble::bad_name(host, &error))?;
        let mut answers = Vec::new();
        let mut verdicts = Vec::new();
        for name in self.full_names(&name) {
            match self.ask(&name, wanted, &mut answers).await {
                Ok(found) => return Ok(found),
                Err(error) => {
                    let cause = classify::dns(&error).cause;
                    verdicts.push(error);
                    // When nobody answers, more names only take more time.
                    if !matches!(
                        cause,
                        Cause::DnsNxdomain | Cause::DnsNoAddress | Cause::DnsServfail | Cause::DnsRefused
                    ) {
                        break;
                    }
                }
            }
        }
        let verdict = most_telling(verdicts);
        let aliases = match wanted {
            Wanted::Services => None,
            Wanted::Addresses | Wanted::AddressesSoon => self.aliases(&answers, classify::dns(&verdict).cause).await,
        };
        Err(Trouble::answered((host, wanted), &answers, verdict, aliases))
    }

    /// The aliases behind the answer that gives the look-up its `cause`.
    async fn aliases(&self, answers: &[Answer], cause: Cause) -> Option<Aliases> {
        let telling = |answer: &&Answer| classify::dns(&answer.error).cause == cause;
        let answer = answers.iter().rfind(telling)?;
        let server = self.all.iter().find(|server| server.address == answer.server)?;
        server.aliases(complete(&answer.name), complete(followed(&answer.error)?), cause).await
    }

    /// The addresses of those who sent, after `then`, answers to other queries when they were asked for `host`.
    pub(super) fn strayed(&self, host: &str, then: Instant) -> Vec<SocketAddr> {
        let names = parse(host).map(|name| self.full_names(&name)).unwrap_or_default();
        let strayed = |server: &&Server| names.iter().any(|name| server.strays.since(name, then));
        self.all.iter().filter(strayed).map(|server| server.address).collect()
    }

    /// The names that `name` can stand for, in the order in which they are asked for.
    fn full_names(&self, name: &Name) -> Vec<Name> {
        if name.is_fqdn() {
            return vec![name.clone()];
        }
        let mut names: Vec<Name> =
            self.search.iter().filter_map(|domain| name.clone().append_domain(domain).ok()).collect();
        let mut alone = name.clone();
        alone.set_fqdn(true);
        let position = if usize::from(name.num_labels()) > self.dots { 0 } else { names.len() };
        names.insert(position, alone);
        names
    }

    /// Asks for one full name: every server in turn, and once more in the next round where one was silent.
    async fn ask(&self, name: &Name, wanted: Wanted, answers: &mut Vec<Answer>) -> Result<Found, NetError> {
        let mut failed = Vec::new();
        for _ in 0..DNS_ROUNDS {
            let mut silent = false;
            let first = self.first.get();
            for turn in 0..self.all.len() {
                let position = (first + turn) % self.all.len();
                let server = &self.all[position];
                let asked_at = Instant::now();
                let asked = match wanted {
                    Wanted::Addresses => server.addresses(name, Duration::MAX).await,
                    Wanted::AddressesSoon => server.addresses(name, DNS_FAMILY_DELAY).await,
                    Wanted::Services => server.services(name).await,
                };
                let error = match asked {
                    Ok(found) => {
                        self.first.set(position);
                        return Ok(found);
                    }
                    Err(error) => error,
                };
                let cause = classify::dns(&error).cause;
                let strayed = server.strays.since(name, asked_at);
                answers.push(Answer { name: name.clone(), server: server.address, error: error.clone(), strayed });
                if matches!(cause, Cause::DnsNxdomain | Cause::DnsNoAddress) {
                    self.first.set(position);
                    return Err(error);
                }
                silent |= cause == Cause::DnsTimeout;
                failed.push(error);
            }
            if !silent {
                break;
            }
        }
        Err(most_telling(failed))
    }
}

impl Server {
    fn build(config: NameServerConfig, mut options: ResolverOpts) -> Result<Self, NetError> {
        let port = config.connections.first().map_or_else(Default::default, |connection| connection.port);
        let address = SocketAddr::new(config.ip, port);
        options.timeout = DNS_QUERY_TIMEOUT;
        options.attempts = 0;
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        let config = ResolverConfig::from_name_servers(vec![config]);
        let strays = Strays::default();
        let mut builder = Resolver::builder_with_config(config, Connected::new(&strays));
        *builder.options_mut() = options;
        Ok(Self { address, client: builder.build()?, strays })
    }

    /// Both address families, IPv4 first; where those are known, the others are waited for no longer than `patience`.
    async fn addresses(&self, name: &Name, patience: Duration) -> Result<Found, NetError> {
        let four = pin!(self.client.ipv4_lookup(name.clone()));
        let six = pin!(self.client.ipv6_lookup(name.clone()));
        let (four, six) = match select(four, six).await {
            Either::Left((four, six)) => {
                let patience = if four.is_ok() { patience } else { Duration::MAX };
                (four, timeout(patience, six).await.ok())
            }
            Either::Right((six, four)) => (four.await, Some(six)),
        };
        let mut found =
            Found { addresses: Vec::new(), services: Vec::new(), partial: false, valid_until: Instant::now() };
        found.partial = six.is_none();
        let mut errors = Vec::new();
        for answer in [Some(four), six].into_iter().flatten() {
            match answer {
                Ok(lookup) => found.add(&lookup),
                Err(error) => errors.push(error),
            }
        }
        if !found.addresses.is_empty() {
            let denies = |error| matches!(classify::dns(error).cause, Cause::DnsNxdomain | Cause::DnsNoAddress);
            found.partial |= !errors.iter().all(denies);
            return Ok(found);
        }
        // A name that does not exist has no records of any type, whatever became of the other question.
        match errors.iter().position(|error| classify::dns(error).cause == Cause::DnsNxdomain) {
            Some(position) => Err(errors.swap_remove(position)),
            None => Err(most_telling(errors)),
        }
    }

    /// What `name` is an alias of, where its look-up ended with `cause` at the name `followed`. As far as this server
    /// tells, within the time of one query.
    async fn aliases(&self, name: Name, followed: Name, cause: Cause) -> Option<Aliases> {
        let is_alias = name != followed;
        if !is_alias && cause != Cause::DnsNoAddress {
            return None;
        }
        let mut trail = Trail::new(&name);
        let all = async {
            while let Some(alias) = trail.next() {
                let Ok(lookup) = self.client.lookup(alias.clone(), RecordType::CNAME).await else { return };
                let target = lookup.answers().iter().find_map(|record| match &record.data {
                    RData::CNAME(target) if record.name == *alias => Some(target.0.clone()),
                    _ => None,
                });
                let Some(target) = target else { return };
                trail.push(target);
            }
        };
        // What was found until then is of use.
        let _ = timeout(DNS_QUERY_TIMEOUT, all).await;
        trail.end(&followed, cause)
    }

    /// The SRV records (RFC 2782). One whose target is the root says that there is no such service.
    async fn services(&self, name: &Name) -> Result<Found, NetError> {
        let lookup = self.client.srv_lookup(name.clone()).await?;
        let services: Vec<SRV> = lookup
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::SRV(service) if !service.target.is_root() && service.port > 0 => Some(service.clone()),
                _ => None,
            })
            .collect();
        if services.is_empty() {
            return Err(NoRecords::new(lookup.query().clone(), ResponseCode::NoError).into());
        }
        Ok(Found { addresses: Vec::new(), services, partial: false, valid_until: lookup.valid_until() })
    }
}

impl Found {
    fn add(&mut self, lookup: &Lookup) {
        let until = lookup.valid_until();
        self.valid_until = if self.addresses.is_empty() { until } else { self.valid_until.min(until) };
        self.addresses.extend(lookup.answers().iter().filter_map(|record| record.data.ip_addr()));
    }
}

/// The name that an answer without records is about: where aliases lead elsewhere, their last one.
fn followed(error: &NetError) -> Option<&Name> {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => Some(none.query.name()),
        _ => None,
    }
}

/// The name that `host` is. The first form takes an underscore, which has its place in names of services; the second one
/// other scripts.
fn parse(host: &str) -> Result<Name, ProtoError> {
    Name::from_ascii(host).or_else(|_| Name::from_utf8(host))
}

/// The same name as answers have it, whose names are all complete.
fn complete(name: &Name) -> Name {
    let mut name = name.clone();
    name.set_fqdn(true);
    name
}

/// A server that is asked over UDP, and over TCP where its answer is too long for that.
pub(super) fn server(address: SocketAddr) -> NameServerConfig {
    let mut config = NameServerConfig::udp_and_tcp(address.ip());
    config.connections.iter_mut().for_each(|connection| connection.port = address.port());
    config
}

/// The error that says most about why there is no address: a bad answer over none, none over a plain "no".
fn most_telling(errors: Vec<NetError>) -> NetError {
    let rank = |error: &NetError| match classify::dns(error).cause {
        Cause::DnsServfail => 6,
        Cause::DnsRefused => 5,
        Cause::DnsTimeout => 4,
        Cause::DnsResolverUnreachable => 2,
        Cause::DnsNoAddress => 1,
        Cause::DnsNxdomain => 0,
        _ => 3,
    };
    errors.into_iter().max_by_key(rank).unwrap_or(NetError::NoConnections)
}

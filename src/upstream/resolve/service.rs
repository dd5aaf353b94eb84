//! What stands behind a name of a service: its SRV records, and the addresses of the servers that they name.
//! `servers` asks; `name` keeps what is found here for as long as the least of all records may be kept.

use std::time::Instant;

use futures_util::future::join_all;
use hickory_resolver::proto::rr::rdata::SRV;

use super::{
    Lookups,
    places::{Places, Target},
    servers::Wanted,
    trouble::Trouble,
};
use crate::limits::{DNS_FAILURE_TTL, DNS_TARGETS};

impl Lookups {
    /// The servers of `service` (RFC 2782), and until when that may be kept. A server whose address cannot be found keeps
    /// the ones it had `before`; one that has none is left out, as long as there are others.
    pub(super) async fn service(&self, service: &str, before: Option<&Places>) -> Result<(Places, Instant), Trouble> {
        let found = self.ask(service, Wanted::Services).await?;
        let mut records = found.services;
        records.sort_by_key(|record| (record.priority, u16::MAX - record.weight));
        records.truncate(DNS_TARGETS);
        let mut hosts: Vec<String> = records.iter().map(host).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let known = |host: &String| before.and_then(|before| before.target(host)).map(Target::addresses);
        let answers = join_all(hosts.iter().map(|host| self.addresses(host, known(host)))).await;
        let (mut targets, mut until, mut first) = (Vec::new(), found.valid_until, None);
        for (asked, answer) in hosts.iter().zip(answers) {
            let named = || records.iter().filter(|record| host(record) == *asked);
            let target =
                |record: &SRV, addresses: Vec<_>| Target::new((record.priority, record.weight), asked, addresses);
            match answer {
                Ok((addresses, valid_until)) => {
                    until = until.min(valid_until);
                    let at = |port| addresses.iter().map(move |ip| (*ip, port).into()).collect();
                    targets.extend(named().filter_map(|record| target(record, at(record.port))));
                }
                Err(trouble) => {
                    until = until.min(Instant::now() + DNS_FAILURE_TTL);
                    if let Some(old) = known(asked).filter(|_| !trouble.is_denial()) {
                        let at = |port| old.iter().map(move |old| (old.ip(), port).into()).collect();
                        targets.extend(named().filter_map(|record| target(record, at(record.port))));
                    }
                    first = first.or(Some(trouble));
                }
            }
        }
        match (Places::new(targets), first) {
            (Some(places), _) => Ok((places, until)),
            (None, Some(trouble)) => Err(trouble.of_service(service)),
            (None, None) => Err(Trouble::empty(service)),
        }
    }
}

/// The host that a record names, as it is looked up: it is complete, and no search domain belongs to it.
fn host(record: &SRV) -> String {
    let mut name = record.target.to_ascii().to_ascii_lowercase();
    if !name.ends_with('.') {
        name.push('.');
    }
    name
}

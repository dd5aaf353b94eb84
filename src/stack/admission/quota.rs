//! One `[[rate_limit]]` at work: whom it counts, whether one more request is too many, and what the client is told then.
//! The layer asks all of them; the numbers are kept by `buckets`.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    allowance::Allowance,
    buckets::{Bucket, Buckets, Client},
};
use crate::{
    config::settings::{LimitKey, RateLimit},
    failure::{Cause, Failure},
    message::Record,
    route::{host, path, table},
    upstream::queue::pace::{self, Pace},
};

/// A limit and what is known of its clients, shared by all workers.
#[derive(Debug)]
pub(super) struct Quota {
    settings: RateLimit,
    allowance: Option<Allowance>,
    buckets: Buckets,
    /// How long requests were under way.
    pace: Pace,
    epoch: Instant,
}

/// A request that is counted among those under way; over when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    quota: Arc<Quota>,
    client: Client,
    /// `None` where it went no further.
    since: Option<Instant>,
}

/// What a limit says to a request.
pub(super) enum Answer {
    /// It is none of this limit's.
    Passes,
    /// It may go on, and is counted until it is over.
    Counted(Permit),
    /// It is one too many.
    Refused(Box<Failure>),
}

impl Quota {
    /// Without clients yet.
    pub(super) fn new(settings: &RateLimit) -> Arc<Self> {
        Arc::new(Self {
            settings: settings.clone(),
            allowance: settings.rate.map(Allowance::new),
            buckets: Buckets::new(),
            pace: Pace::default(),
            epoch: Instant::now(),
        })
    }

    /// Counts a request, if it is one of this limit's.
    pub(super) fn enter(self: &Arc<Self>, record: &Record) -> Answer {
        let Some(client) = self.client(record) else { return Answer::Passes };
        let now = self.nanos(record.started);
        // Where all buckets are taken by requests under way, one more client is not counted.
        let Some(counted) = self.buckets.at(client, |bucket| self.count(bucket, now)) else { return Answer::Passes };
        match counted {
            Ok(()) if self.settings.concurrent.is_some() => {
                Answer::Counted(Permit { quota: Arc::clone(self), client, since: Some(record.started) })
            }
            Ok(()) => Answer::Passes,
            Err(TooMany::Rate(wait)) => Answer::Refused(self.too_often(record, wait)),
            Err(TooMany::UnderWay(open, wait)) => Answer::Refused(self.too_many(record, open, wait)),
        }
    }

    /// How long a request that goes no further would have to wait here; zero where it would not.
    pub(super) fn wait(&self, record: &Record) -> Duration {
        let Some(client) = self.client(record) else { return Duration::ZERO };
        let now = self.nanos(record.started);
        self.buckets.known(client, |bucket| self.rate_wait(bucket, now)).unwrap_or_default()
    }

    /// How long until the rate allows one more request; zero where it does, or where there is none.
    fn rate_wait(&self, bucket: &Bucket, now: u64) -> Duration {
        let wait = self.allowance.and_then(|allowance| allowance.take(bucket.full, now).err());
        wait.map_or(Duration::ZERO, in_seconds)
    }

    /// A request that was counted went no further, because of another limit.
    pub(super) fn forget(&self, record: &Record) {
        if let (Some(client), Some(allowance)) = (self.client(record), self.allowance) {
            self.buckets.known(client, |bucket| bucket.full = allowance.give_back(bucket.full));
        }
    }

    fn count(&self, bucket: &mut Bucket, now: u64) -> Result<(), TooMany> {
        if let Some(most) = self.settings.concurrent
            && bucket.open >= most
        {
            let stalled = Duration::from_nanos(now.saturating_sub(bucket.moved));
            let wait = self.pace.mean().and_then(|mean| pace::wait(mean, stalled, 0, most));
            // Nobody is told to come back just to be told again that it is too soon.
            let too_soon = self.rate_wait(bucket, now);
            return Err(TooMany::UnderWay(bucket.open, wait.map(|wait| wait.max(too_soon))));
        }
        if let Some(allowance) = self.allowance {
            bucket.full = allowance.take(bucket.full, now).map_err(|wait| TooMany::Rate(in_seconds(wait)))?;
        }
        if self.settings.concurrent.is_some() {
            if bucket.open == 0 {
                bucket.moved = now;
            }
            bucket.open += 1;
        }
        Ok(())
    }

    /// Who asks; `None` where this limit does not count the request.
    fn client(&self, record: &Record) -> Option<Client> {
        let settings = &self.settings;
        let host = record.host();
        let fits = table::admits(&settings.methods, &record.head.method)
            && (settings.hosts.is_empty() || settings.hosts.iter().any(|pattern| host::fits(pattern, host)))
            && path::fits(&settings.path, record.path());
        if !fits {
            return None;
        }
        match &settings.key {
            LimitKey::ClientIp => record.client.map(|address| self.buckets.client(network(address))),
            LimitKey::Header(name) => {
                let value = record.head.headers.get(name).filter(|value| !value.is_empty())?;
                Some(self.buckets.client(value.as_bytes()))
            }
        }
    }

    /// As the operator is told of it. A field may hold a secret.
    fn who(&self, record: &Record) -> String {
        match (&self.settings.key, record.client.map(network)) {
            (LimitKey::Header(name), _) => format!("the client with this value of {name}"),
            (LimitKey::ClientIp, Some(IpAddr::V6(network))) => format!("the client in {network}/64"),
            (LimitKey::ClientIp, Some(address)) => format!("the client {address}"),
            (LimitKey::ClientIp, None) => "the client".to_owned(),
        }
    }

    fn too_often(&self, record: &Record, wait: Duration) -> Box<Failure> {
        let (who, name) = (self.who(record), &self.settings.name);
        let rate = self.settings.rate.map_or_else(String::new, |rate| format!("{rate}, {} at once", rate.burst));
        let evidence = format!(
            "{who} asks more often than the [[rate_limit]] of {name} allows: {rate}; it may come back in {}",
            humantime::format_duration(wait)
        );
        let mut failure = Failure::new(Cause::LimitRate, evidence);
        failure.retry_after = Some(wait);
        failure
    }

    fn too_many(&self, record: &Record, open: u32, wait: Option<Duration>) -> Box<Failure> {
        let (who, name) = (self.who(record), &self.settings.name);
        let most = self.settings.concurrent.unwrap_or_default();
        let requests = if open == 1 { "request" } else { "requests" };
        let evidence =
            format!("{who} has {open} {requests} under way, and the [[rate_limit]] of {name} allows {most} at once");
        let mut failure = Failure::new(Cause::LimitConcurrency, evidence);
        failure.retry_after = wait;
        failure
    }

    fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Why a request is one too many, and how long until it would not be.
enum TooMany {
    Rate(Duration),
    UnderWay(u32, Option<Duration>),
}

impl Permit {
    /// Gives it back for a request that went no further, and took no time that could be learned from.
    pub(super) fn void(mut self) {
        self.since = None;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let (quota, now) = (&self.quota, Instant::now());
        if let Some(since) = self.since {
            quota.pace.held(now.saturating_duration_since(since));
        }
        quota.buckets.known(self.client, |bucket| {
            bucket.open = bucket.open.saturating_sub(1);
            bucket.moved = quota.nanos(now);
        });
    }
}

/// An address as limits take it: IPv4 whole, of IPv6 the first 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// Whole seconds, rounded up, as Retry-After says them (RFC 9110 section 10.2.3).
fn in_seconds(nanos: u64) -> Duration {
    let time = Duration::from_nanos(nanos);
    Duration::from_secs(time.as_secs() + u64::from(time.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{config, observe::sample};

    fn quota(limit: &str) -> Arc<Quota> {
        let text = format!(
            "[[listen]]\naddress = \"127.0.0.1:0\"\n[[route]]\nrespond = {{ status = 204 }}\n[[rate_limit]]\n{limit}\n"
        );
        let settings = config::parse(&text, Path::new("test.toml"), &|_| None).unwrap().settings;
        Quota::new(&settings.rate_limits[0])
    }

    fn refusal(quota: &Arc<Quota>, record: &Record) -> Box<Failure> {
        match quota.enter(record) {
            Answer::Refused(failure) => failure,
            Answer::Passes | Answer::Counted(_) => panic!("it was one too many"),
        }
    }

    #[test]
    fn a_refusal_tells_the_operator_who_and_what_and_no_secret() {
        let record = sample::record("http://example.com/login", &[("x-api-key", b"hush")]);
        for (limit, said) in [
            (
                "rate = \"2/m\"\nburst = 1\npath = \"/login\"",
                "the client 203.0.113.9 asks more often than the [[rate_limit]] of /login allows: 2/m, 1 at once; it may \
                 come back in 30s",
            ),
            (
                "rate = \"1/h\"\nkey = \"header:X-Api-Key\"",
                "the client with this value of x-api-key asks more often than the [[rate_limit]] of / allows: 1/h, 1 at \
                 once; it may come back in 1h",
            ),
        ] {
            let quota = quota(limit);
            assert!(matches!(quota.enter(&record), Answer::Passes));
            let failure = refusal(&quota, &record);
            assert_eq!((failure.cause, &*failure.evidence), (Cause::LimitRate, said));
            assert_eq!(failure.retry_after, Some(quota.wait(&record)));
        }
    }

    #[test]
    fn a_permit_counts_until_it_is_dropped_and_its_time_is_learned_from() {
        let quota = quota("concurrent = 2");
        let record = sample::record("http://example.com/", &[]);
        let permit = || match quota.enter(&record) {
            Answer::Counted(permit) => permit,
            Answer::Passes | Answer::Refused(_) => panic!("there was room"),
        };
        let (first, second) = (permit(), permit());
        let failure = refusal(&quota, &record);
        let said = "the client 203.0.113.9 has 2 requests under way, and the [[rate_limit]] of / allows 2 at once";
        assert_eq!((failure.cause, &*failure.evidence), (Cause::LimitConcurrency, said));
        assert_eq!(failure.retry_after, None, "none was over yet");
        first.void();
        let third = permit();
        assert_eq!(refusal(&quota, &record).retry_after, None, "one that went no further tells nothing");
        drop(third);
        let _third = permit();
        assert_eq!(refusal(&quota, &record).retry_after, Some(Duration::from_secs(1)));
        drop(second);
    }

    #[test]
    fn who_has_too_many_under_way_is_told_to_come_back_when_the_rate_allows_it_too() {
        let record = sample::record("http://example.com/", &[]);
        for (rate, expected) in [("2/m", 30), ("1000/s", 1)] {
            let quota = quota(&format!("concurrent = 1\nrate = \"{rate}\"\nburst = 2"));
            let permit = || match quota.enter(&record) {
                Answer::Counted(permit) => permit,
                Answer::Passes | Answer::Refused(_) => panic!("there was room"),
            };
            drop(permit());
            let _second = permit();
            let failure = refusal(&quota, &record);
            let told = (failure.cause, failure.retry_after);
            assert_eq!(told, (Cause::LimitConcurrency, Some(Duration::from_secs(expected))), "{rate}");
        }
    }

    #[test]
    fn a_client_is_told_apart_by_what_it_cannot_choose() {
        for (address, expected) in
            [("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
        {
            assert_eq!(network(address.parse().unwrap()), expected.parse::<IpAddr>().unwrap());
        }
    }
}

//! Look-ups against scripted name servers on loopback: bytes of an answer in, addresses or cause out.

mod answers;
mod background;
mod name_server;
mod services;
mod workers;

use std::{fs, future::Future};

use futures_util::future::join_all;
use hickory_resolver::{config::ResolverOpts, proto::rr::Name as Full};
use tokio::{net::UdpSocket, runtime, task::LocalSet, time::timeout};

use self::name_server::{NameServer, Reply};
use super::*;
use crate::failure::{self, Cause, Delivered, Failure, Parameter};

impl Resolver {
    fn host(&self, host: &str) -> Rc<Name> {
        self.name(&ServerAddress::Name { host: host.into(), port: 80 }).unwrap()
    }

    async fn lookup(&self, host: &str) -> failure::Result<Vec<IpAddr>> {
        self.host(host).places().await.map(|places| addresses(&places))
    }
}

fn addresses(places: &Places) -> Vec<IpAddr> {
    places.all().map(|address| address.ip()).collect()
}

fn run(test: impl Future<Output = ()>) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        timeout(Duration::from_secs(20), test).await.expect("the test hangs");
    });
}

fn dns(servers: &[SocketAddr]) -> Dns {
    Dns { servers: servers.to_vec(), min_ttl: Duration::from_millis(50), max_ttl: Duration::from_mins(5) }
}

fn resolver(servers: &[SocketAddr]) -> Resolver {
    Resolver::with_files(&dns(servers), &Arc::default(), "/nonexistent".into(), "/nonexistent".into())
}

async fn failure(resolver: &Resolver, host: &str) -> Box<Failure> {
    let failure = resolver.lookup(host).await.expect_err("found an address");
    assert_eq!(failure.delivered, Delivered::No);
    assert!(failure.evidence.contains(host) && failure.next.is_some(), "{failure:?}");
    failure
}

fn last(address: u8) -> Vec<IpAddr> {
    vec![IpAddr::from([192, 0, 2, address])]
}

#[test]
fn every_bad_answer_has_its_cause() {
    run(async {
        for (code, cause, rcode) in [
            (3, Cause::DnsNxdomain, "NXDOMAIN"),
            (2, Cause::DnsServfail, "SERVFAIL"),
            (1, Cause::DnsServfail, "FORMERR"),
            (4, Cause::DnsServfail, "NOTIMP"),
            (5, Cause::DnsRefused, "REFUSED"),
            (0, Cause::DnsNoAddress, "NOERROR"),
        ] {
            let server = NameServer::start(move |_, _| Reply::Code(code)).await;
            let failure = failure(&resolver(&[server.address]), "app.example").await;
            assert_eq!(failure.cause, cause, "{failure:?}");
            assert_eq!(failure.parameters, [("rcode", Parameter::Text(rcode.to_owned()))]);
            assert!(failure.evidence.contains(&server.address.to_string()), "{failure}");
            assert!(failure.evidence.contains(rcode), "{failure}");
            let expected = if cause == Cause::DnsNoAddress { 3 } else { 2 };
            assert_eq!(server.queries.get(), expected, "one query for each family, and one for an alias");
        }
    });
}

#[test]
fn a_server_that_never_answers_becomes_a_timeout() {
    run(async {
        let server = NameServer::start(|_, _| Reply::Silence).await;
        let failure = failure(&resolver(&[server.address]), "app.example").await;
        assert_eq!((failure.cause, failure.parameters.len()), (Cause::DnsTimeout, 0), "{failure:?}");
        assert!(failure.evidence.contains("did not answer within 1s (3 times)"), "{failure}");
    });
}

#[test]
fn a_lost_packet_is_sent_again_soon() {
    run(async {
        let server =
            NameServer::start(|_, count| if count <= 2 { Reply::Silence } else { Reply::Address(1, 60) }).await;
        let resolver = resolver(&[server.address]);
        let found = timeout(Duration::from_millis(1500), resolver.lookup("app.example")).await.expect("late").unwrap();
        assert_eq!(found, last(1));
    });
}

#[test]
fn a_closed_port_is_an_unreachable_resolver() {
    run(async {
        let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let failure = failure(&resolver(&[closed]), "app.example").await;
        assert_eq!(failure.cause, Cause::DnsResolverUnreachable, "{failure:?}");
        assert!(failure.evidence.contains("cannot be reached"), "{failure}");
    });
}

#[test]
fn answers_are_kept_for_their_ttl_within_the_limits() {
    run(async {
        // Wanted TTL, least and most of the settings, and for how long the first answer must be seen.
        for (ttl, min, max, kept) in [(1, 50, 300_000, 1000), (0, 400, 300_000, 400), (3600, 50, 400, 400)] {
            let server = NameServer::start(move |_, count| Reply::Address(u8::from(count > 2), ttl)).await;
            let millis = Duration::from_millis;
            let settings = Dns { servers: vec![server.address], min_ttl: millis(min), max_ttl: millis(max) };
            let resolver =
                Resolver::with_files(&settings, &Arc::default(), "/nonexistent".into(), "/nonexistent".into());
            let start = Instant::now();
            while resolver.lookup("app.example").await.unwrap() == last(0) {
                tokio::task::yield_now().await;
            }
            let seen = start.elapsed();
            assert!(seen >= millis(kept) && seen < millis(kept + 500), "TTL {ttl}: kept for {seen:?}");
        }
    });
}

#[test]
fn a_failure_is_repeated_for_a_second_and_then_forgotten() {
    run(async {
        let server =
            NameServer::start(|_, count| if count <= 2 { Reply::Code(2) } else { Reply::Address(1, 60) }).await;
        let resolver = resolver(&[server.address]);
        let start = Instant::now();
        while resolver.lookup("app.example").await.is_err() {
            tokio::task::yield_now().await;
        }
        assert!(start.elapsed() >= DNS_FAILURE_TTL && start.elapsed() < 2 * DNS_FAILURE_TTL, "{:?}", start.elapsed());
    });
}

#[test]
fn look_ups_of_one_name_at_a_time_share_one_query() {
    run(async {
        let server = NameServer::start(|_, _| Reply::Address(1, 60)).await;
        let resolver = resolver(&[server.address]);
        for found in join_all((0..100).map(|_| resolver.lookup("app.example"))).await {
            assert_eq!(found.unwrap(), last(1));
        }
        assert_eq!(server.queries.get(), 2, "one query for each family");
    });
}

#[test]
fn an_answer_that_nobody_waits_for_is_there_for_the_next_request() {
    run(async {
        let server =
            NameServer::start(|_, count| if count <= 2 { Reply::Silence } else { Reply::Address(1, 60) }).await;
        let resolver = resolver(&[server.address]);
        assert!(timeout(Duration::from_millis(20), resolver.lookup("app.example")).await.is_err());
        let told = resolver.host("app.example").timed_out(Duration::from_millis(20));
        assert_eq!((told.cause, told.delivered), (Cause::DnsTimeout, Delivered::No));
        assert!(told.evidence.contains("within 20ms") && told.evidence.contains(&server.address.to_string()), "{told}");
        while resolver.host("app.example").known(Instant::now()).is_none() {
            tokio::task::yield_now().await;
        }
        let queries = server.queries.get();
        assert_eq!(resolver.lookup("app.example").await.unwrap(), last(1));
        assert_eq!(server.queries.get(), queries);
    });
}

#[test]
fn a_server_that_fails_gives_way_to_the_next() {
    run(async {
        let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let bad = NameServer::start(|_, _| Reply::Code(5)).await;
        let good = NameServer::start(|_, _| Reply::Address(7, 60)).await;
        let resolver = resolver(&[closed, bad.address, good.address]);
        assert_eq!(resolver.lookup("one.example").await.unwrap(), last(7));
        assert_eq!(resolver.lookup("two.example").await.unwrap(), last(7));
        assert_eq!(bad.queries.get(), 2, "the one that answered is asked first from then on");
    });
}

#[test]
fn search_domains_and_hosts_of_the_system_are_honoured() {
    run(async {
        let server = NameServer::start(|name, _| match name {
            "app.corp.example" => Reply::Address(9, 60),
            "broken.corp.example" => Reply::Code(2),
            _ => Reply::Code(3),
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let (conf, hosts) = (folder.path().join("resolv.conf"), folder.path().join("hosts"));
        let resolver = Resolver::with_files(&dns(&[]), &Arc::default(), conf.clone(), hosts.clone());

        let missing = failure(&resolver, "app").await;
        assert_eq!(missing.cause, Cause::DnsResolverUnreachable);
        assert!(missing.evidence.contains("resolv.conf cannot be read"), "{missing}");

        // A port other than 53 cannot be written there: the settings are parsed, then pointed at the test's server.
        fs::write(&conf, "nameserver 127.0.0.1\nsearch corp.example\n").unwrap();
        let Source::System(watched) = &resolver.lookups.source else { panic!("not the system's") };
        let parsed = watched.contents(parse_resolv_conf);
        assert_eq!((*parsed).clone().unwrap().listed(), ["127.0.0.1:53".parse().unwrap()]);

        fs::write(&hosts, "192.0.2.44 pinned.example pinned\n").unwrap();
        assert_eq!(resolver.lookup("pinned").await.unwrap(), last(44));

        let search = vec![Full::from_ascii("corp.example").unwrap()];
        let servers = Servers::build([servers::server(server.address)], &ResolverOpts::default(), search).unwrap();
        assert_eq!(servers.find("app", Wanted::Addresses).await.map_err(|t| t.failure()).unwrap().addresses, last(9));
        let found = servers.find("app.corp.example", Wanted::Addresses).await.map_err(|t| t.failure()).unwrap();
        assert_eq!(found.addresses, last(9));
        for (host, cause) in [("broken", Cause::DnsServfail), ("none", Cause::DnsNxdomain)] {
            let failure = servers.find(host, Wanted::Addresses).await.err().unwrap().failure();
            assert_eq!(failure.cause, cause);
            assert!(failure.evidence.contains(&format!("for {host}.corp.example")), "{failure}");
            assert!(!failure.evidence.contains("alias"), "{failure}");
        }
    });
}

#[test]
fn names_that_need_no_server_are_answered_at_once() {
    run(async {
        let server = NameServer::start(|_, _| Reply::Code(2)).await;
        let resolver = resolver(&[server.address]);
        let loopback: Vec<IpAddr> = vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
        assert_eq!(resolver.lookup("localhost").await.unwrap(), loopback);
        for host in ["app.invalid", "app.onion", "a..b"] {
            assert_eq!(failure(&resolver, host).await.cause, Cause::DnsNxdomain);
        }
        assert_eq!(server.queries.get(), 0);
        assert_eq!(failure(&resolver, "my_app.example").await.cause, Cause::DnsServfail);
    });
}

#[test]
fn a_change_of_the_systems_settings_is_noticed() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let conf = folder.path().join("resolv.conf");
        let resolver = Resolver::with_files(&dns(&[]), &Arc::default(), conf.clone(), "/nonexistent".into());
        let listed = || resolver.lookups.servers().map(|servers| servers.listed()[0].to_string());
        assert!(listed().is_err());
        fs::write(&conf, "nameserver 192.0.2.1\n").unwrap();
        assert_eq!(listed().unwrap(), "192.0.2.1:53");
        assert_eq!(listed().unwrap(), "192.0.2.1:53");
        // As long as the old one and put in its place, as most programs do it.
        let new = folder.path().join("new");
        fs::write(&new, "nameserver 192.0.2.2\n").unwrap();
        fs::rename(&new, &conf).unwrap();
        assert_eq!(listed().unwrap(), "192.0.2.2:53");
        fs::remove_file(&conf).unwrap();
        assert!(listed().is_err_and(|problem| problem.contains("cannot be read")));
    });
}

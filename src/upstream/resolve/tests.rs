//! Look-ups against scripted name servers on loopback: bytes of an answer in, addresses or cause out.

use std::{cell::Cell, fs, future::Future, net::SocketAddr};

use futures_util::future::join_all;
use hickory_resolver::{config::ResolverOpts, proto::rr::Name};
use tokio::{net::UdpSocket, runtime, task::LocalSet, time::timeout};

use super::*;
use crate::failure::{Delivered, Parameter};

const A: u16 = 1;

/// What a name server does with one query.
#[derive(Clone, Copy)]
enum Reply {
    Code(u8),
    /// 192.0.2.N with this TTL to A, nothing to AAAA.
    Address(u8, u32),
    Silence,
}

/// A name server on UDP alone, its queries counted.
struct NameServer {
    address: SocketAddr,
    queries: Rc<Cell<usize>>,
}

impl NameServer {
    async fn start(reply: impl Fn(&str, usize) -> Reply + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let queries = Rc::new(Cell::new(0));
        let counter = Rc::clone(&queries);
        spawn_local(async move {
            let mut buffer = [0; 512];
            loop {
                let (length, peer) = socket.recv_from(&mut buffer).await.unwrap();
                counter.set(counter.get() + 1);
                if let Some(answer) = answer(&buffer[..length], |name| reply(name, counter.get())) {
                    socket.send_to(&answer, peer).await.unwrap();
                }
            }
        });
        Self { address, queries }
    }
}

fn answer(query: &[u8], reply: impl FnOnce(&str) -> Reply) -> Option<Vec<u8>> {
    let (mut name, mut at) = (Vec::new(), 12);
    while query[at] > 0 {
        let end = at + 1 + usize::from(query[at]);
        name.push(String::from_utf8(query[at + 1..end].to_vec()).unwrap());
        at = end;
    }
    let question = &query[12..at + 5];
    let family = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    let reply = reply(&name.join("."));
    let (code, answers) = match reply {
        Reply::Silence => return None,
        Reply::Code(code) => (code, 0),
        Reply::Address(..) => (0, u8::from(family == A)),
    };
    let mut message = [&query[..2], &[0x81, 0x80 | code, 0, 1, 0, answers, 0, 0, 0, 0], question].concat();
    if let (Reply::Address(last, ttl), 1) = (reply, answers) {
        message.extend([0xc0, 12, 0, 1, 0, 1]);
        message.extend(ttl.to_be_bytes());
        message.extend([0, 4, 192, 0, 2, last]);
    }
    Some(message)
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
    Resolver::with_files(&dns(servers), "/nonexistent".into(), "/nonexistent".into())
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
            assert_eq!(server.queries.get(), 2, "one query for each family");
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
        assert_eq!(*found, last(1));
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
            let resolver = Resolver::with_files(&settings, "/nonexistent".into(), "/nonexistent".into());
            let start = Instant::now();
            while *resolver.lookup("app.example").await.unwrap() == last(0) {
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
            assert_eq!(*found.unwrap(), last(1));
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
        let told = resolver.timed_out("app.example", Duration::from_millis(20));
        assert_eq!((told.cause, told.delivered), (Cause::DnsTimeout, Delivered::No));
        assert!(told.evidence.contains("within 20ms") && told.evidence.contains(&server.address.to_string()), "{told}");
        while !matches!(resolver.shared.names.borrow().get("app.example"), Some(Entry::Known { .. })) {
            tokio::task::yield_now().await;
        }
        let queries = server.queries.get();
        assert_eq!(*resolver.lookup("app.example").await.unwrap(), last(1));
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
        assert_eq!(*resolver.lookup("one.example").await.unwrap(), last(7));
        assert_eq!(*resolver.lookup("two.example").await.unwrap(), last(7));
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
        let resolver = Resolver::with_files(&dns(&[]), conf.clone(), hosts.clone());

        let missing = failure(&resolver, "app").await;
        assert_eq!(missing.cause, Cause::DnsResolverUnreachable);
        assert!(missing.evidence.contains("resolv.conf cannot be read"), "{missing}");

        // A port other than 53 cannot be written there: the settings are parsed, then pointed at the test's server.
        fs::write(&conf, "nameserver 127.0.0.1\nsearch corp.example\n").unwrap();
        let Source::System(watched) = &resolver.shared.source else { panic!("not the system's") };
        let parsed = watched.contents(parse_resolv_conf);
        assert_eq!((*parsed).clone().unwrap().listed(), ["127.0.0.1:53".parse().unwrap()]);

        fs::write(&hosts, "192.0.2.44 pinned.example pinned\n").unwrap();
        assert_eq!(*resolver.lookup("pinned").await.unwrap(), last(44));

        let search = vec![Name::from_ascii("corp.example").unwrap()];
        let servers = Servers::build([servers::server(server.address)], &ResolverOpts::default(), search).unwrap();
        assert_eq!(servers.addresses("app").await.map_err(|t| t.failure()).unwrap().addresses, last(9));
        let found = servers.addresses("app.corp.example").await.map_err(|t| t.failure()).unwrap();
        assert_eq!(found.addresses, last(9));
        for (host, cause) in [("broken", Cause::DnsServfail), ("none", Cause::DnsNxdomain)] {
            let failure = servers.addresses(host).await.err().unwrap().failure();
            assert_eq!(failure.cause, cause);
            assert!(failure.evidence.contains(&format!("for {host}.corp.example")), "{failure}");
        }
    });
}

#[test]
fn names_that_need_no_server_are_answered_at_once() {
    run(async {
        let server = NameServer::start(|_, _| Reply::Code(2)).await;
        let resolver = resolver(&[server.address]);
        let loopback: Vec<IpAddr> = vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
        assert_eq!(*resolver.lookup("localhost").await.unwrap(), loopback);
        for host in ["app.invalid", "app.onion", "a..b"] {
            assert_eq!(failure(&resolver, host).await.cause, Cause::DnsNxdomain);
        }
        assert_eq!(server.queries.get(), 0);
        assert_eq!(failure(&resolver, "my_app.example").await.cause, Cause::DnsServfail);
    });
}

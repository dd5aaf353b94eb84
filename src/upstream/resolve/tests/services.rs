//! Names of services: SRV records in, servers with ports in their order out.

use std::cell::Cell;

use super::*;

impl Resolver {
    fn service(&self) -> Rc<Name> {
        self.name(&ServerAddress::Service("_http._tcp.app.example".into())).unwrap()
    }
}

async fn order(resolver: &Resolver) -> Vec<String> {
    let name = resolver.service();
    let places = name.places().await.unwrap();
    let now = Instant::now();
    name.order(&places, name.pick(&places, now), now).iter().map(SocketAddr::to_string).collect()
}

async fn start(reply: impl Fn(&str) -> Reply + 'static) -> (NameServer, Resolver) {
    let server = NameServer::start(move |name, _| reply(name)).await;
    let resolver = resolver(&[server.address]);
    (server, resolver)
}

#[test]
fn servers_come_with_their_ports_by_priority() {
    run(async {
        let (_server, resolver) = start(|name| match name {
            "_http._tcp.app.example" => Reply::Services(&[
                ([20, 0, 8003], "c.example"),
                ([10, 5, 8001], "a.example"),
                ([15, 0, 8002], "b.example"),
                ([15, 0, 8009], "missing.example"),
                ([16, 0, 8004], "a.example"),
            ]),
            "a.example" => Reply::Address(1, 60),
            "b.example" => Reply::Address(2, 60),
            "c.example" => Reply::Address(3, 60),
            _ => Reply::Code(3),
        })
        .await;
        assert_eq!(order(&resolver).await, ["192.0.2.1:8001", "192.0.2.2:8002", "192.0.2.1:8004", "192.0.2.3:8003"]);
    });
}

#[test]
fn a_service_without_servers_is_an_empty_set() {
    run(async {
        for (reply, cause, said) in [
            (Reply::Code(0), Cause::UpstreamSetEmpty, "no SRV record that leads to a server (NOERROR)"),
            (Reply::Services(&[([0, 0, 0], ".")]), Cause::UpstreamSetEmpty, "no SRV record that leads to a server"),
            (Reply::Code(3), Cause::DnsNxdomain, "answered NXDOMAIN"),
            (Reply::Code(2), Cause::DnsServfail, "answered SERVFAIL"),
            (
                Reply::Services(&[([0, 0, 80], "a.invalid")]),
                Cause::DnsNxdomain,
                "_http._tcp.app.example name, a.invalid",
            ),
        ] {
            let (_server, resolver) = start(move |_| reply).await;
            let failure = resolver.service().places().await.expect_err("found a server");
            assert_eq!((failure.cause, failure.delivered), (cause, Delivered::No), "{failure:?}");
            assert!(failure.evidence.contains(said), "{failure}");
            let next = failure.next.as_deref().unwrap();
            assert!(next.contains("dig") && next.contains(" SRV ") || said.contains("invalid"), "{next}");
        }
    });
}

#[test]
fn a_server_whose_address_cannot_be_looked_up_again_keeps_it() {
    run(async {
        let down = Rc::new(Cell::new(false));
        let is_down = Rc::clone(&down);
        let (_server, resolver) = start(move |name| match name {
            "_http._tcp.app.example" if is_down.get() => {
                Reply::Services(&[([1, 0, 8001], "a.example"), ([2, 0, 8005], "b.example")])
            }
            "_http._tcp.app.example" => Reply::Services(&[([1, 0, 8001], "a.example"), ([2, 0, 8002], "b.example")]),
            "b.example" if is_down.get() => Reply::Code(2),
            // The least TTL of all is that of the whole.
            "b.example" => Reply::Address(2, 0),
            _ => Reply::Address(1, 60),
        })
        .await;
        assert_eq!(order(&resolver).await, ["192.0.2.1:8001", "192.0.2.2:8002"]);
        down.set(true);
        while order(&resolver).await != ["192.0.2.1:8001", "192.0.2.2:8005"] {
            tokio::task::yield_now().await;
        }
    });
}

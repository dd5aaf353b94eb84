//! What becomes of an answer when its time is over: the old one serves on while a new one is asked for.

use std::cell::Cell;

use futures_util::FutureExt;

use super::*;
use crate::limits::{ADDRESS_SHUNNED, DNS_GONE_HOLD, DNS_REST};

/// A name server whose reply can be changed, and a resolver that asks it ten times a second.
async fn changing(reply: Reply) -> (Rc<Cell<Reply>>, NameServer, Resolver) {
    let current = Rc::new(Cell::new(reply));
    let says = Rc::clone(&current);
    let server = NameServer::start(move |_, _| says.get()).await;
    let resolver = resolver(&[server.address]);
    (current, server, resolver)
}

/// Waits until `done`, while a request comes again and again and is served without a wait.
async fn until(name: &Rc<Name>, done: impl Fn(&[IpAddr]) -> bool) {
    loop {
        let places = name.places().now_or_never().expect("a known name is never waited for").expect("it is known");
        if done(&addresses(&places)) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[test]
fn an_answer_past_its_time_serves_while_a_new_one_is_asked_for() {
    run(async {
        let (reply, server, resolver) = changing(Reply::Address(1, 0)).await;
        let name = resolver.host("app.example");
        assert_eq!(addresses(&name.places().await.unwrap()), last(1));
        reply.set(Reply::Silence);
        let asked = server.queries.get();
        until(&name, |found| {
            assert_eq!(found, last(1));
            server.queries.get() > asked
        })
        .await;
        reply.set(Reply::Address(2, 60));
        until(&name, |found| found == last(2)).await;
    });
}

#[test]
fn an_old_answer_serves_while_the_name_server_fails() {
    run(async {
        let (reply, server, resolver) = changing(Reply::Address(1, 0)).await;
        let name = resolver.host("app.example");
        name.places().await.unwrap();
        for trouble in [Reply::Code(2), Reply::Code(5), Reply::Code(3)] {
            reply.set(trouble);
            let asked = server.queries.get();
            until(&name, |found| {
                assert_eq!(found, last(1));
                server.queries.get() > asked + 2
            })
            .await;
        }
        reply.set(Reply::Address(2, 60));
        until(&name, |found| found == last(2)).await;
    });
}

#[test]
fn a_family_that_is_not_answered_for_keeps_its_addresses() {
    run(async {
        let (reply, server, resolver) = changing(Reply::Half(1)).await;
        let name = resolver.host("app.example");
        let both = |at: u8| [last(at), vec![format!("2001:db8::{at}").parse().unwrap()]].concat();
        assert_eq!(addresses(&name.places().await.unwrap()), last(1), "whoever waits gets what there is");
        reply.set(Reply::Both(1));
        until(&name, |found| found == both(1)).await;
        reply.set(Reply::Half(1));
        let asked = server.queries.get();
        until(&name, |found| {
            assert_eq!(found, both(1));
            server.queries.get() > asked + 4
        })
        .await;
        reply.set(Reply::Both(2));
        until(&name, |found| found == both(2)).await;
        reply.set(Reply::Address(2, 60));
        until(&name, |found| found == last(2)).await;
    });
}

#[test]
fn whoever_keeps_connections_is_told_where_a_name_leads_to_now() {
    run(async {
        let (reply, _server, resolver) = changing(Reply::Address(1, 0)).await;
        let name = resolver.host("app.example");
        let told: Rc<RefCell<Vec<Vec<IpAddr>>>> = Rc::default();
        let tells = Rc::clone(&told);
        name.watch(move |places| tells.borrow_mut().push(places.map(addresses).unwrap_or_default()));
        name.places().await.unwrap();
        let [one, two] = [1, 2].map(|at| SocketAddr::from(([192, 0, 2, at], 80)));
        assert!(name.leads_to(one) && !name.leads_to(two));
        reply.set(Reply::Address(2, 60));
        until(&name, |found| found == last(2)).await;
        assert!(!name.leads_to(one) && name.leads_to(two));
        assert_eq!(*told.borrow(), [last(2)], "once, and not for answers that say the same");

        let denied = || Trouble::reserved("app.example");
        let now = Instant::now();
        assert!(name.learn(Err(denied()), now).is_some(), "a denial may be an error");
        assert_eq!(addresses(&name.known(now).unwrap()), last(2));
        assert!(name.learn(Err(denied()), now + DNS_GONE_HOLD).is_none());
        assert!(name.known(now).is_none() && !name.leads_to(two));
        assert_eq!(told.borrow().last(), Some(&Vec::new()));
        let failure = name.places().await.expect_err("it is gone");
        assert_eq!(failure.cause, Cause::DnsNxdomain);
    });
}

#[test]
fn a_name_that_nobody_needs_is_looked_up_again_beside_the_next_request() {
    run(async {
        let (reply, server, resolver) = changing(Reply::Address(1, 60)).await;
        let name = resolver.host("app.example");
        name.places().await.unwrap();
        let used = Instant::now();
        assert!(name.known(used).is_some());
        assert!(!name.rests(used + DNS_REST / 2));
        assert!(name.rests(used + DNS_REST));
        assert!(name.leads_to(SocketAddr::from(([192, 0, 2, 1], 80))), "its connections are kept");
        for (next, way) in [(2, "known"), (3, "places")] {
            reply.set(Reply::Address(next, 60));
            let asked = server.queries.get();
            let found = match way {
                "known" => name.known(Instant::now()),
                _ => name.places().now_or_never().map(Result::unwrap),
            };
            assert_eq!(found.map(|places| addresses(&places)), Some(last(next - 1)), "{way}");
            until(&name, |found| found == last(next)).await;
            assert_eq!(server.queries.get(), asked + 2, "{way}: it is asked for once");
            assert!(name.rests(Instant::now() + DNS_REST));
        }
    });
}

#[test]
fn addresses_take_turns_and_one_that_failed_is_the_last() {
    run(async {
        let (_, _server, resolver) =
            changing(Reply::Addresses(&[[192, 0, 2, 2], [192, 0, 2, 1], [192, 0, 2, 3]])).await;
        let name = resolver.host("app.example");
        let places = name.places().await.unwrap();
        let now = Instant::now();
        let firsts = |now| -> Vec<u8> {
            let first = |_| match name.pick(&places, now).address.ip() {
                IpAddr::V4(ip) => ip.octets()[3],
                IpAddr::V6(_) => 0,
            };
            let mut firsts: Vec<u8> = (0..6).map(first).collect();
            firsts.sort_unstable();
            firsts
        };
        assert_eq!(firsts(now), [1, 1, 2, 2, 3, 3]);
        let bad = SocketAddr::from(([192, 0, 2, 2], 80));
        name.shun(bad, now);
        assert!(!firsts(now).contains(&2));
        let order = name.order(&places, name.pick(&places, now), now);
        assert_eq!((order.len(), order.last()), (3, Some(&bad)));
        assert_eq!(firsts(now + ADDRESS_SHUNNED), [1, 1, 2, 2, 3, 3]);
        name.praise(bad);
        assert_eq!(firsts(now), [1, 1, 2, 2, 3, 3], "it was connected to again");
    });
}

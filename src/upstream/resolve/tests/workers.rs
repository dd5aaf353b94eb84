//! Several workers, each with its own resolver: what one of them has found serves the others.

use futures_util::FutureExt;

use super::*;
use crate::limits::{DNS_REFRESH_LEAST, DNS_REST};

fn workers(server: &NameServer) -> [Resolver; 2] {
    let ledger = Arc::default();
    [(); 2]
        .map(|()| Resolver::with_files(&dns(&[server.address]), &ledger, "/nonexistent".into(), "/nonexistent".into()))
}

#[test]
fn an_answer_that_is_still_good_is_asked_for_by_one_worker() {
    run(async {
        let server = NameServer::start(|_, _| Reply::Address(1, 60)).await;
        let [one, other] = workers(&server);
        assert_eq!(one.lookup("app.example").await.unwrap(), last(1));
        assert_eq!(other.lookup("app.example").now_or_never().expect("nobody waits").unwrap(), last(1));
        // Whatever the other one's task had to ask would have been asked before this.
        assert_eq!(other.lookup("next.example").await.unwrap(), last(1));
        assert_eq!(server.queries.get(), 4, "one query for each name and family");
    });
}

#[test]
fn a_worker_without_an_answer_uses_the_old_one_of_another() {
    run(async {
        for trouble in [Reply::Code(2), Reply::Silence] {
            let current = Rc::new(std::cell::Cell::new(Reply::Address(1, 0)));
            let says = Rc::clone(&current);
            let server = NameServer::start(move |_, _| says.get()).await;
            let [one, other] = workers(&server);
            one.lookup("app.example").await.unwrap();
            current.set(trouble);
            let asked = server.queries.get();
            while server.queries.get() < asked + 3 {
                assert_eq!(one.lookup("app.example").await.unwrap(), last(1));
                tokio::task::yield_now().await;
            }
            assert_eq!(other.lookup("app.example").now_or_never().expect("nobody waits").unwrap(), last(1));
            let asked = server.queries.get();
            while server.queries.get() < asked + 3 {
                assert_eq!(other.lookup("app.example").await.unwrap(), last(1), "a failed look-up changes nothing");
                tokio::task::yield_now().await;
            }
            current.set(Reply::Address(2, 60));
            for worker in [&one, &other] {
                while worker.lookup("app.example").await.unwrap() != last(2) {
                    tokio::task::yield_now().await;
                }
            }
        }
    });
}

#[test]
fn a_failure_is_over_once_another_worker_has_an_answer() {
    run(async {
        let server =
            NameServer::start(|_, count| if count <= 2 { Reply::Code(2) } else { Reply::Address(1, 60) }).await;
        let [one, other] = workers(&server);
        assert_eq!(failure(&one, "app.example").await.cause, Cause::DnsServfail);
        assert_eq!(other.lookup("app.example").await.unwrap(), last(1));
        assert_eq!(one.lookup("app.example").now_or_never().expect("nobody waits").unwrap(), last(1));
    });
}

#[test]
fn a_worker_that_rested_takes_what_another_has_found_since() {
    run(async {
        let current = Rc::new(std::cell::Cell::new(Reply::Address(1, 60)));
        let says = Rc::clone(&current);
        let server = NameServer::start(move |_, _| says.get()).await;
        let [one, other] = workers(&server).map(|worker| worker.host("app.example"));
        for name in [&one, &other] {
            assert_eq!(addresses(&name.places().await.unwrap()), last(1));
            assert!(name.rests(Instant::now() + DNS_REST));
        }
        current.set(Reply::Address(2, 60));
        while addresses(&one.known(Instant::now()).unwrap()) != last(2) {
            tokio::task::yield_now().await;
        }
        let asked = server.queries.get();
        assert_eq!(addresses(&other.known(Instant::now()).unwrap()), last(2), "not its own old ones");
        // Whatever the other one's task had to ask would have been asked before this.
        resolver(&[server.address]).lookup("next.example").await.unwrap();
        assert_eq!(server.queries.get(), asked + 2, "the answer is still good");
    });
}

#[test]
fn an_answer_past_its_time_is_asked_for_by_one_worker() {
    run(async {
        let server = NameServer::start(|_, _| Reply::Address(1, 0)).await;
        let [one, other] = workers(&server);
        for worker in [&one, &other] {
            worker.lookup("app.example").await.unwrap();
        }
        let (start, asked) = (Instant::now(), server.queries.get());
        let rounds: u32 = 6;
        while server.queries.get() < asked + 2 * rounds as usize {
            for worker in [&one, &other] {
                assert_eq!(worker.lookup("app.example").await.unwrap(), last(1));
            }
            tokio::task::yield_now().await;
        }
        let least = DNS_REFRESH_LEAST * (rounds - 1);
        assert!(start.elapsed() >= least, "both ask each time: {:?}", start.elapsed());
    });
}

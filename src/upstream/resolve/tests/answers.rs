//! Answers that name no address and are more than a plain "no": what is said of them, and what is not made up.

use futures_util::future::join;

use super::*;

/// What a resolver says of `host` where its name server gives `reply`.
async fn told(host: &str, reply: impl Fn(&str) -> Reply + 'static) -> Box<Failure> {
    let server = NameServer::start(move |name, _| reply(name)).await;
    failure(&resolver(&[server.address]), host).await
}

fn says(failure: &Failure, evidence: &str, next: &[&str]) {
    assert!(failure.evidence.contains(evidence), "{evidence} in {failure:?}");
    let step = failure.next.as_deref().unwrap_or_default();
    for part in next {
        assert!(step.contains(part), "{part} in {step}");
    }
}

#[test]
fn an_answer_that_cannot_be_used_has_no_response_code() {
    run(async {
        for (reply, evidence, next) in [
            (Reply::CutOff, "too long for UDP", ["open TCP port ", "dig +tcp @127.0.0.1"]),
            (Reply::Garbage, "sent an answer that cannot be used", ["speaks no DNS", "dig @127.0.0.1"]),
        ] {
            let failure = told("app.example", move |_| reply).await;
            assert_eq!((failure.cause, failure.parameters.len()), (Cause::DnsServfail, 0), "{failure:?}");
            assert!(failure.cause.facts().parameters.is_empty(), "nobody sent that code");
            says(&failure, evidence, &next);
            assert!(failure.next.as_ref().is_some_and(|next| !next.contains("DNSSEC")), "{failure:?}");
        }
    });
}

#[test]
fn answers_to_other_queries_are_ignored_and_told_of() {
    run(async {
        for reply in [Reply::WrongId, Reply::WrongQuestion] {
            let failure = told("app.example", move |_| reply).await;
            assert_eq!((failure.cause, failure.parameters.len()), (Cause::DnsTimeout, 0), "{failure:?}");
            says(&failure, "sent only answers to other queries", &["on the way"]);
        }
        let server = NameServer::start(|_, _| Reply::WrongId).await;
        let resolver = resolver(&[server.address]);
        let limit = Duration::from_millis(20);
        assert!(timeout(limit, resolver.lookup("app.example")).await.is_err());
        says(&resolver.host("app.example").timed_out(limit), "answers to other queries", &["on the way"]);
    });
}

#[test]
fn who_is_silent_is_not_blamed_for_the_answers_of_others() {
    run(async {
        let server = NameServer::start(|name, _| match name {
            "forged.example" => Reply::WrongId,
            _ => Reply::Silence,
        })
        .await;
        let own = resolver(&[server.address]);
        let (forged, silent) = join(failure(&own, "forged.example"), failure(&own, "silent.example")).await;
        says(&forged, "sent only answers to other queries", &["on the way"]);
        says(&silent, "did not answer within 1s (3 times)", &["A firewall that drops packets"]);
        assert!(!silent.evidence.contains("other queries"), "{silent:?}");

        let limit = Duration::from_millis(20);
        let patient = |host: &'static str| timeout(limit, own.lookup(host));
        let _ = join(patient("forged.example"), patient("quiet.example")).await;
        let told = own.host("quiet.example").timed_out(limit);
        assert!(!told.evidence.contains("other queries"), "{told:?}");
    });
}

#[test]
fn only_servers_that_sent_answers_to_other_queries_are_blamed_for_it() {
    run(async {
        let silent = NameServer::start(|_, _| Reply::Silence).await;
        let forger = NameServer::start(|_, _| Reply::WrongId).await;
        let failure = failure(&resolver(&[silent.address, forger.address]), "app.example").await;
        let said = format!("{} sent only answers to other queries", forger.address);
        says(&failure, &said, &[&format!("what comes from {}: a broken forwarder", forger.address)]);
        says(&failure, &format!("{} did not answer", silent.address), &["dig @127.0.0.1"]);
    });
}

#[test]
fn aliases_in_a_circle_are_shown() {
    run(async {
        let failure = told("loop.example", |name| match name {
            "loop.example" => Reply::Alias("other.example", 0),
            _ => Reply::Alias("loop.example", 0),
        })
        .await;
        assert_eq!(failure.cause, Cause::DnsNoAddress, "{failure:?}");
        let circle = "lead in a circle: loop.example → other.example → loop.example";
        says(&failure, circle, &["CNAME record of loop.example or other.example"]);
        let failure = told("self.example", |_| Reply::Alias("self.example", 0)).await;
        says(&failure, "lead in a circle: self.example → self.example", &["CNAME record of self.example so that"]);
    });
}

#[test]
fn the_name_at_the_end_of_the_aliases_is_what_has_to_be_mended() {
    run(async {
        let failure = told("app.example", |name| match name {
            "app.example" => Reply::Alias("lb.example", 0),
            "lb.example" => Reply::Alias("bare.example", 0),
            _ => Reply::Code(0),
        })
        .await;
        assert_eq!(failure.cause, Cause::DnsNoAddress, "{failure:?}");
        let chain = "app.example → lb.example → bare.example, and bare.example has no A or AAAA record";
        says(&failure, chain, &["record for bare.example", "CNAME record of lb.example"]);
        for code in [0, 3] {
            let failure = told("app.example", move |name| match name {
                "app.example" => Reply::Alias("gone.example", code),
                _ => Reply::Code(3),
            })
            .await;
            assert_eq!(failure.cause, Cause::DnsNxdomain, "{failure:?}");
            let chain = "app.example → gone.example, and gone.example does not exist";
            says(&failure, chain, &["Create gone.example", "CNAME record of app.example"]);
        }
    });
}

//! A failure: its cause read from the kernel's error, and the whole answer to the visitor in its three forms.
//! A failed upstream must not cost more than a working one, so these figures matter when everything else is down.

use std::{hint::black_box, io, time::SystemTime};

use criterion::Criterion;
use goodgate::failure::{
    Cause, Delivered, Failure,
    classify::{connect_tcp_errno, connect_unix_errno},
    page,
};
use http::{HeaderMap, HeaderValue};
use rustix::io::Errno;

use super::sample;

pub fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("classify");
    let refused = io::Error::from(Errno::CONNREFUSED);
    group.bench_function("tcp", |bencher| bencher.iter(|| connect_tcp_errno(black_box(&refused))));
    group.bench_function("unix", |bencher| bencher.iter(|| connect_unix_errno(black_box(&refused), || Some(true))));
    group.bench_function("facts", |bencher| {
        bencher.iter(|| {
            let cause = black_box(Cause::ConnectRefused);
            black_box((cause.id(), cause.class(), cause.phase(), cause.fault(), cause.status()))
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("page");
    let settings = sample::settings([String::new()]);
    let failure = Failure::new(Cause::UpstreamClosedNoResponse, "closed after 120 bytes, without a byte of an answer")
        .delivered(Delivered::Maybe);
    for (name, accept) in [
        ("html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("json", "application/json"),
        ("plain", "text/plain"),
    ] {
        let (head, ()) = sample::request(accept).into_parts();
        let asked = page::Asked {
            method: &head.method,
            headers: &head.headers,
            host: "shop.example.com",
            request_id: sample::ID,
            received: SystemTime::now(),
            date: HeaderValue::from_static("Mon, 24 Nov 2025 16:12:47 GMT"),
            server: HeaderValue::from_static("goodgate"),
            gateway: &settings.gateway,
            errors: &settings.routes[0].errors,
        };
        assert!(kind(page::answer(&failure, &asked).headers()).contains(name), "another form than {name}");
        group.bench_function(name, |bencher| bencher.iter(|| page::answer(black_box(&failure), &asked)));
    }
    group.finish();
}

/// What the answer is.
fn kind(headers: &HeaderMap) -> &str {
    headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

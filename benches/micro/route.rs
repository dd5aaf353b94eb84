//! Before a request has its route: its path made normal, and the table asked.
//! The table is asked for its last route and for one that is not there, with few routes and with many.

use std::hint::black_box;

use criterion::Criterion;
use goodgate::{message::path::normalise, route::Table};
use http::Method;

use super::sample;

pub fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("path");
    for (name, path) in [
        ("normal", "/assets/2026/app-4f2a.min.js"),
        ("escaped", "/assets/%7euser/caf%c3%a9.html"),
        ("dots", "/assets/../a//b/./c/../app.js"),
        ("refused", "/assets/..%2f..%2fetc/passwd"),
    ] {
        group.bench_function(name, |bencher| bencher.iter(|| normalise(black_box(path))));
    }
    group.finish();

    let mut group = criterion.benchmark_group("route");
    for count in [3_usize, 300] {
        let settings = sample::settings((0..count).map(|number| {
            // Three routes a site: all of it, its API, one exact path.
            let path = ["/", "/api/", "=/login"][number % 3];
            format!("host = \"site{}.example.com\"\npath = \"{path}\"", number / 3)
        }));
        let table = Table::new(&settings.routes);
        let last = format!("site{}.example.com", (count - 1) / 3);
        for (name, host, path) in [("found", last.as_str(), "/api/v2/orders"), ("none", "other.example.com", "/")] {
            group.bench_function(format!("{name} of {count}"), |bencher| {
                bencher.iter(|| black_box(table.find(black_box(host), black_box(path), &Method::GET)));
            });
        }
    }
    group.finish();
}

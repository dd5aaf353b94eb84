//! One line of the access log in each format, with its share of the hand-over to the writer's thread.
//! The lines go to `/dev/null`: what a disk costs is not the worker's time.

use std::{hint::black_box, time::Instant};

use criterion::Criterion;
use goodgate::{
    config::settings::{AccessFormat, LogTarget},
    observe::Writer,
};

use super::sample;

pub fn bench(criterion: &mut Criterion) {
    let settings = sample::settings([String::new()]);
    let record = sample::record(&settings);
    let mut group = criterion.benchmark_group("access log");
    for (name, format) in
        [("json", AccessFormat::Json), ("text", AccessFormat::Text), ("combined", AccessFormat::Combined)]
    {
        let writer = Writer::open(&LogTarget::File("/dev/null".into())).expect("everybody may write there");
        let log = writer.access_log(format);
        let now = Instant::now();
        group.bench_function(name, |bencher| bencher.iter(|| log.line(black_box(&record), || now)));
        drop(log);
        _ = writer.finish();
    }
    group.finish();
}

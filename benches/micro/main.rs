//! What the single steps of a request's way cost, by criterion: `cargo bench --bench micro`, with a name to run a part.
//! What a whole request costs, beside other gateways, is measured by `benches/compare`.

mod access_log;
mod answer;
mod failure;
mod route;
mod sample;

use std::time::Duration;

use criterion::Criterion;
use mimalloc::MiMalloc;

// The allocator of the program: its cost is a part of every figure.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    // Short, so that a run is over within a minute; a change that matters shows well above the noise.
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(50)
        .configure_from_args();
    route::bench(&mut criterion);
    answer::bench(&mut criterion);
    failure::bench(&mut criterion);
    access_log::bench(&mut criterion);
    criterion.final_summary();
}

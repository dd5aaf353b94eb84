//! The same targets for libFuzzer, which sees what code an input reaches; cargo-fuzz builds and runs it.
//! `GOODGATE_FUZZ` names the target.
#![no_main]

mod targets;

use std::sync::LazyLock;

use targets::Target;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("GOODGATE_FUZZ").unwrap_or_default();
    let found = targets::ALL.into_iter().find(|(known, _)| *known == name);
    found.map_or_else(|| panic!("GOODGATE_FUZZ names no target: {name:?}"), |(_, target)| target)
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| TARGET(data));

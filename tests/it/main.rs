//! All integration tests, one binary.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests fail by panicking and say what they saw"
)]

mod apps;
mod architecture;
mod behaviour;
mod browser;
mod chaos;
mod config;
mod demo;
mod examples;
mod failures;
mod fuzz;
mod harness;
mod logs;
mod pages;
mod php;
mod profile;
mod readme;
mod sites;
#[path = "../support/mod.rs"]
mod support;

//! All integration tests, one binary.
mod config;

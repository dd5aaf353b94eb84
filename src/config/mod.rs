//! From a TOML file to `Settings`, with every problem at its place.

pub mod settings;

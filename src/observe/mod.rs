//! What operators see: the access log and the program's own log.
//! Both read the record of a request when its answer has left or failed; they decide nothing.

pub mod access_log;
mod escape;
pub mod program_log;

pub use access_log::{AccessLog, Writer};

#[cfg(test)]
pub(crate) mod sample;

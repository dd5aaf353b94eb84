//! HTTP/1 towards upstreams: our own exchange, because it sees every byte and so knows causes instead of guessing them.
//! `head`, `framing` and `chunked` are pure; `exchange`, `upload` and `stream` carry them out.

mod afterwards;
pub mod chunked;
pub mod connection;
pub mod exchange;
pub mod framing;
pub mod head;
mod stream;
#[cfg(test)]
mod tests;
mod upload;
mod verdict;

pub use connection::{Connection, Idle};
pub use exchange::{Exchange, Terms};
pub use framing::Framing;
pub use head::Head;
pub use stream::Stream;

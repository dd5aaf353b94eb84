//! How one exchange with an upstream is carried out: `exchange` reads while `upload` sends, in the task of the request.
//! What the bytes mean is each protocol's, one folder each; what a broken exchange means is `verdict`'s.

mod afterwards;
mod answer_head;
pub mod connection;
mod deadline;
pub mod exchange;
pub mod fastcgi;
pub mod http1;
mod proof;
mod stream;
#[cfg(test)]
mod tests;
mod timeouts;
mod upload;
mod verdict;
mod witness;

pub use connection::{Connection, Idle};
pub use exchange::{Exchange, Terms};
pub use stream::Stream;

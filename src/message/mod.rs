//! The vocabulary of the request path: bodies, requests, the record of an exchange.
//! Everything above uses it; it uses nothing above.

pub mod body;
pub mod record;

pub use body::Body;
pub use record::{Attempt, Record};

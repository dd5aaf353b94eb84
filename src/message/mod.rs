//! The vocabulary of the request path: bodies, requests, the record of an exchange.
//! Everything above uses it; it uses nothing above.

pub mod authority;
pub mod body;
pub mod connection;
pub mod forwarded;
pub mod hop;
pub mod path;
pub mod present;
pub mod record;
pub mod request;
pub mod request_id;
pub mod script;

pub use body::Body;
pub use connection::Connection;
pub use record::{Attempt, Record, Rescue};
pub use request::{Length, Request, RequestBody, UNCLEAR, too_large};
pub use script::Script;

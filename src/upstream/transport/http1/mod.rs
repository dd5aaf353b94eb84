//! What the bytes of an HTTP/1 upstream mean; pure. Our own reader, because it sees every byte and so knows causes
//! instead of guessing them.

pub mod chunked;
pub mod fields;
pub mod framing;
pub mod head;
pub mod memo;
pub mod sniff;
pub mod status_line;
#[cfg(test)]
mod tests;

pub use framing::Framing;
pub use head::{Head, Stated};

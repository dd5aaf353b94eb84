//! FastCGI towards upstreams, in the seat of the HTTP/1 exchange, which does everything that both have in common.
//! `record`, `params`, `head` and `script` are pure; `request` writes what is sent, `answer` reads what comes back.

pub mod answer;
pub mod diagnosis;
pub mod head;
pub mod params;
pub mod record;
pub mod request;
pub mod script;

pub use answer::Answer;

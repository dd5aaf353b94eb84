//! FastCGI towards upstreams; the exchange does everything that it has in common with HTTP/1.
//! `record`, `params`, `head` and `script` are pure; `request` writes what is sent, `answer` reads what comes back.

pub mod answer;
pub mod diagnosis;
pub mod head;
pub mod params;
pub mod record;
pub mod request;
pub mod script;

pub use answer::Answer;

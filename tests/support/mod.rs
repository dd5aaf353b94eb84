//! The harness: what provokes (`Origin`, `faults`, `names`) and what observes (`Gate`, `Client`).
//! Real sockets on port 0, the real binary; everything waits on events with a deadline, nothing on fixed pauses.

pub mod apps;
pub mod client;
pub mod fastcgi;
pub mod faults;
pub mod fpm;
pub mod gate;
pub mod member;
pub mod names;
pub mod origin;
pub mod reader;

pub use client::Client;
pub use gate::Gate;
pub use member::{Member, Trouble};
pub use origin::{Event, Origin, Step};
pub use reader::{End, Response};

use std::time::{Duration, Instant};

/// How long anything is waited for. Nothing in a passing test comes near it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks `look` again and again until it finds something, at most for `PATIENCE`.
pub fn poll<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

//! Limits of FastCGI and of what PHP-FPM says of itself.

use std::time::Duration;

use super::KIB;

/// The same behind an answer that has no body (HEAD, 204, 304): then the connection is closed.
pub const FASTCGI_AFTERWARDS_BODILESS: Duration = Duration::from_secs(2);
/// Connections that a worker reads on so; more are closed at once.
pub const FASTCGI_READING_ON: usize = 64;
/// Idle connections that a worker keeps for an instant to a FastCGI server; more are closed at once.
pub const FASTCGI_BRIEFLY: usize = 2;
/// That instant: an idle connection is closed within twice this. It occupies a process of the server so long.
pub const FASTCGI_INSTANT: Duration = Duration::from_millis(20);
/// Room for the head of a request to a FastCGI server; a larger one costs a second allocation.
pub const FASTCGI_HEAD: usize = 2 * KIB;
/// How long PHP-FPM may take to tell its status; then the log says that it did not answer.
pub const FPM_STATUS_TIMEOUT: Duration = Duration::from_millis(500);
/// PHP-FPM is asked for its status at most this often per server and worker; failures in between repeat what it said.
pub const FPM_STATUS_LIFE: Duration = Duration::from_secs(1);
/// PHP-FPM's answer about its status; what is longer is no such answer.
pub const FPM_STATUS_SIZE: usize = 16 * KIB;
/// How often PHP-FPM is asked how many requests it can serve at once, where the queue follows it.
pub const FPM_STATUS_EVERY: Duration = Duration::from_secs(30);
/// The same while it has not told its status yet, was started just now, or has said a number only once.
pub const FPM_STATUS_AGAIN: Duration = Duration::from_secs(2);
/// Seconds from its start for which PHP-FPM may miscount its processes: nothing is learned from them.
pub const FPM_STATUS_SETTLED: u64 = 2;
/// Seconds after which PHP-FPM has counted its processes anew: a number that it says again then is right.
pub const FPM_STATUS_APART: u64 = 2;
/// A silence that ends so shortly behind a whole second was most likely ended by a timer of PHP-FPM.
pub const FASTCGI_ROUND_MILLIS: u32 = 400;
/// Words on STDERR that are kept of one answer; the rest is dropped.
pub const FASTCGI_STDERR: usize = 4 * KIB;
/// How long an application may take to end what it does behind a complete answer; then its connection is closed.
pub const FASTCGI_AFTERWARDS: Duration = Duration::from_mins(5);

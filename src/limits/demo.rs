//! Limits of the demo's upstreams.

use std::time::Duration;

use super::KIB;

/// Between the drops of a trickling answer of the demo, and how long it waits for a queue to be full.
pub const DEMO_PAUSE: Duration = Duration::from_millis(200);
/// How long an upstream of the demo is silent, which is longer than any timeout there; then it closes.
pub const DEMO_SILENCE: Duration = Duration::from_secs(30);
/// How long the demo waits for PHP-FPM to listen; then it says so and ends.
pub const DEMO_PHP_START: Duration = Duration::from_secs(5);
/// The demo's long answer comes in pieces of this: large enough to fill every buffer on its way at once.
pub const DEMO_PIECE: usize = 64 * KIB;
/// A question to the demo's name server; longer ones are cut and not understood.
pub const DEMO_PACKET: usize = 512;

//! Scenes: as much is under way at the upstream as may be.
//! It takes two visitors at once to see that, so these are commands.

use super::super::scene::{Act, Scene, Upstream};
use crate::failure::Cause;

pub(super) const SCENES: &[Scene] = &[
    Scene::new(
        "upstream-conn-limit",
        Cause::UpstreamConnLimit,
        "The application may do one thing at a time and nobody may wait: of two visitors one is turned away at once.",
        Upstream::Plays(&[Act::ReadRequest, Act::Sleep]),
    )
    .options("queue = { max_in_flight = 1, max_waiting = 0 }")
    .command("curl -im 2 {url} & curl -im 2 {url}; wait"),
    Scene::new(
        "upstream-queue-timeout",
        Cause::UpstreamQueueTimeout,
        "The application may do one thing at a time: of two visitors one waits in the queue, two seconds and no longer.",
        Upstream::Plays(&[Act::ReadRequest, Act::Sleep]),
    )
    .options("queue = { max_in_flight = 1, timeout = \"2s\" }")
    .command("curl -im 4 {url} & curl -im 4 {url}; wait"),
];

//! Scenes: a client asks for more than it may, as much is under way at the upstream as may be, or so much has failed
//! there that nobody is sent there. It takes two visitors to see that, so these are commands.

use super::super::scene::{Act, Scene, Upstream};
use crate::failure::Cause;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ngood\n";

pub(super) const SCENES: &[Scene] = &[
    Scene::new(
        "limit-rate",
        Cause::LimitRate,
        "Every visitor may come once in a minute: the second request comes too soon, and is told when it may come back.",
        Upstream::Plays(&[Act::ReadRequest, Act::Send(OK)]),
    )
    .options("[[rate_limit]]\npath = \"/limit-rate/\"\nrate = \"1/m\"")
    .command("curl -i {url}; curl -i {url}"),
    Scene::new(
        "limit-concurrency",
        Cause::LimitConcurrency,
        "Every visitor may ask for one thing at a time: of two requests one is turned away at once.",
        Upstream::Plays(&[Act::ReadRequest, Act::Sleep]),
    )
    .options("[[rate_limit]]\npath = \"/limit-concurrency/\"\nconcurrent = 1")
    .command("curl -im 2 {url} & curl -im 2 {url}; wait"),
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
    Scene::new(
        "upstream-circuit-open",
        Cause::UpstreamCircuitOpen,
        "The application breaks every connection, and its circuit breaker opens at the first failure: the second visitor \
         is turned away at once, and told when to come back.",
        Upstream::Plays(&[Act::ReadRequest, Act::Reset]),
    )
    .options("retry = { attempts = 1 }\nhealth = { all_down = \"refuse\", passive = { failures = 1 } }")
    .command("curl -im 4 {url}; curl -im 4 {url}"),
];

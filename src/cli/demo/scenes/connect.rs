//! Scenes: there is nobody to connect to, so that nothing was delivered.
//! The places themselves are made in `place`.

use super::super::scene::{Place, Scene, Upstream};
use crate::failure::Cause;

pub(super) const SCENES: &[Scene] = &[
    Scene::new(
        "connect-refused",
        Cause::ConnectRefused,
        "Nothing listens at the port: the application is not running.",
        Upstream::Is(Place::ClosedPort),
    )
    .both(),
    Scene::new(
        "connect-timeout",
        Cause::ConnectTimeout,
        "The machine does not answer: the port's queue is full and the kernel drops what comes.",
        Upstream::Is(Place::FullPort),
    )
    .options("timeouts = { connect = \"1s\" }")
    .both(),
    Scene::new(
        "connect-unroutable",
        Cause::ConnectUnroutable,
        "No route leads to the address.",
        Upstream::Is(Place::Unroutable),
    ),
    Scene::new(
        "connect-unix-missing",
        Cause::ConnectUnixMissing,
        "The Unix socket does not exist.",
        Upstream::Is(Place::MissingSocket),
    ),
    Scene::new(
        "connect-unix-stale",
        Cause::ConnectUnixStale,
        "The socket file is there, the process behind it is gone.",
        Upstream::Is(Place::StaleSocket),
    ),
    Scene::new(
        "connect-unix-permission",
        Cause::ConnectUnixPermission,
        "The gateway's user may not write to the socket.",
        Upstream::Is(Place::ForbiddenSocket),
    ),
    Scene::new(
        "connect-unix-not-socket",
        Cause::ConnectUnixNotSocket,
        "There is a plain file where the socket should be.",
        Upstream::Is(Place::File),
    ),
    Scene::new(
        "connect-backlog-full",
        Cause::ConnectBacklogFull,
        "The application does not accept: the socket's queue is full.",
        Upstream::Is(Place::FullSocket),
    )
    .options("timeouts = { connect = \"1s\" }"),
];

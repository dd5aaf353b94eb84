//! Scenes: an answer whose head cannot be used.
//! Exact bytes, as they come from confused applications and from ports that speak something else.

use super::super::scene::{Act, Scene, Upstream};
use crate::{failure::Cause, limits};

/// A good answer that keeps the connection.
pub(super) const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 44\r\n\r\n\
    This visit went well. Now reload this page.\n";

pub(super) const SCENES: &[Scene] = &[
    Scene::new(
        "response-not-http",
        Cause::ResponseNotHttp,
        "The port belongs to an SSH server.",
        Upstream::Plays(&[Act::ReadRequest, Act::Send(b"SSH-2.0-OpenSSH_9.6\r\n")]),
    )
    .both(),
    Scene::new(
        "response-is-tls",
        Cause::ResponseIsTls,
        "The port speaks TLS and answers plain HTTP with an alert.",
        Upstream::Plays(&[Act::ReadRequest, Act::Send(b"\x15\x03\x01\x00\x02\x02\x46")]),
    ),
    Scene::new(
        "response-head-truncated",
        Cause::ResponseHeadTruncated,
        "The answer ends in the middle of its head.",
        Upstream::Plays(&[Act::ReadRequest, Act::Send(b"HTTP/1.1 200 OK\r\nContent-Ty")]),
    )
    .both(),
    Scene::new(
        "response-head-malformed",
        Cause::ResponseHeadMalformed,
        "A field name with a space in it.",
        Upstream::Plays(&[Act::ReadRequest, Act::Send(b"HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n")]),
    ),
    Scene::new(
        "response-bad-status",
        Cause::ResponseBadStatus,
        "A status that does not exist.",
        Upstream::Plays(&[Act::ReadRequest, Act::Send(b"HTTP/1.1 600 Strange\r\nContent-Length: 0\r\n\r\n")]),
    ),
    Scene::new(
        "response-framing-conflict",
        Cause::ResponseFramingConflict,
        "Two different lengths: where the answer ends is anybody's guess.",
        Upstream::Plays(&[
            Act::ReadRequest,
            Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        ]),
    ),
    Scene::new(
        "response-transfer-coding",
        Cause::ResponseTransferCoding,
        "A transfer coding that nobody asked for.",
        Upstream::Plays(&[Act::ReadRequest, Act::Send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc")]),
    ),
    Scene::new(
        "response-header-too-large",
        Cause::ResponseHeaderTooLarge,
        "An endless header, as an application that appends cookies makes it.",
        Upstream::Plays(&[
            Act::ReadRequest,
            Act::Send(b"HTTP/1.1 200 OK\r\nSet-Cookie: "),
            Act::Repeat(b"x", limits::UPSTREAM_HEAD_SIZE),
            Act::Send(b"\r\n\r\n"),
        ]),
    ),
    Scene::new(
        "response-too-many-interim",
        Cause::ResponseTooManyInterim,
        "One interim answer after the other, never a final one.",
        Upstream::Plays(&[
            Act::ReadRequest,
            Act::Repeat(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", limits::UPSTREAM_INTERIM as usize + 1),
            Act::Sleep,
        ]),
    ),
    Scene::new(
        "upgrade-invalid",
        Cause::UpgradeInvalid,
        "The application switches to a protocol that nobody asked for.",
        Upstream::Plays(&[
            Act::ReadRequest,
            Act::Send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n"),
        ]),
    ),
    Scene::new(
        "upstream-answered-error",
        Cause::UpstreamAnsweredError,
        "The application's own error page, which passes untouched.",
        Upstream::Plays(&[
            Act::ReadRequest,
            Act::Send(
                b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 45\r\n\r\n\
                This is the application's own error message.\n",
            ),
        ]),
    )
    .sees("500, passed on"),
];

//! Scenes: what PHP-FPM and other FastCGI applications do, played by an emulator.
//! Sockets that are missing, stale or forbidden are among the scenes of `connect`; they look the same for PHP.

use super::super::scene::{Act, Scene, Upstream};
use crate::failure::Cause;

const ROOT: &str = "fastcgi = { root = \"/var/www/demo\" }";
const HEAD: &str = "Content-Type: text/plain; charset=utf-8\r\n\r\n";

pub(super) const SCENES: &[Scene] = &[
    Scene::new(
        "fcgi-script-not-found",
        Cause::FcgiScriptNotFound,
        "PHP sees another folder than the configuration says, and finds no script at that path.",
        Upstream::Runs(&[
            Act::ReadRecords,
            Act::Say("Primary script unknown"),
            Act::Answer("Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\nFile not found.\n"),
            Act::End(0, 0),
        ]),
    )
    .options(ROOT)
    .sees("404"),
    Scene::new(
        "upstream-answered-error-php",
        Cause::UpstreamAnsweredError,
        "A fatal error in a script: PHP answers an empty 500, and its words stand in the log.",
        Upstream::Runs(&[
            Act::ReadRecords,
            Act::Say("PHP message: PHP Fatal error:  Uncaught Error: Call to undefined function demo()"),
            Act::Answer("Status: 500 Internal Server Error\r\nContent-Type: text/html\r\n\r\n"),
            Act::End(0, 0),
        ]),
    )
    .options(ROOT)
    .route("errors = { intercept = [500] }")
    .sees("500"),
    Scene::new(
        "fcgi-no-headers",
        Cause::FcgiNoHeaders,
        "The script ends without an answer; all that it said went to its error stream.",
        Upstream::Runs(&[Act::ReadRecords, Act::Say("PHP Fatal error:  Out of memory"), Act::End(255, 0)]),
    )
    .options(ROOT)
    .both(),
    Scene::new(
        "body-truncated-php",
        Cause::BodyTruncated,
        "The process is killed in the middle of its answer, which so lacks its end.",
        Upstream::Runs(&[Act::ReadRecords, Act::Answer(HEAD), Act::Answer("The first lines of an answer.\n")]),
    )
    .options(ROOT)
    .sees("200, cut"),
    Scene::new(
        "upstream-closed-no-response-php",
        Cause::UpstreamClosedNoResponse,
        "The process is killed (request_terminate_timeout) before it answers.",
        Upstream::Runs(&[Act::ReadRecords]),
    )
    .options(ROOT)
    .both(),
    Scene::new(
        "fcgi-protocol-error",
        Cause::FcgiProtocolError,
        "A web server listens where PHP-FPM should.",
        Upstream::Runs(&[Act::Send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), Act::ReadRecords]),
    )
    .options(ROOT),
    Scene::new(
        "fcgi-overloaded",
        Cause::FcgiOverloaded,
        "The application takes no more requests at the moment.",
        Upstream::Runs(&[Act::ReadRecords, Act::End(0, 2)]),
    )
    .options(ROOT)
    .both(),
    Scene::new(
        "fcgi-cant-mpx",
        Cause::FcgiCantMpx,
        "The application claims to be busy on a connection of our own.",
        Upstream::Runs(&[Act::ReadRecords, Act::End(0, 1)]),
    )
    .options(ROOT),
    Scene::new(
        "fcgi-unknown-role",
        Cause::FcgiUnknownRole,
        "The application checks rights (as an authorizer) and does not answer requests.",
        Upstream::Runs(&[Act::ReadRecords, Act::End(0, 3)]),
    )
    .options(ROOT),
];

//! Scenes: a request that the gateway refuses, or that its sender gives up.
//! No browser sends these, so each comes as a command to copy.

use super::super::scene::{Act, Scene, Upstream};
use crate::failure::Cause;

/// The route answers by itself; the request does not come so far.
const REFUSED: &str = "respond = { status = 200, body = \"this request was good\" }";

pub(super) const SCENES: &[Scene] = &[
    refused("request-malformed", Cause::RequestMalformed, "A field name with a space in it.")
        .command("curl -i -H 'Bad Name: x' {url}"),
    refused("request-framing-conflict", Cause::RequestFramingConflict, "Two different lengths.")
        .command("curl -i -H 'Content-Length: 1' -H 'Content-Length: 2' -d ab {url}"),
    refused("request-header-too-large", Cause::RequestHeaderTooLarge, "A header of 40 kilobytes.")
        .command("curl -i -H \"X-Big: $(printf '%040000d' 0)\" {url}"),
    refused("request-uri-too-long", Cause::RequestUriTooLong, "An address of 40 kilobytes.")
        .command("curl -i \"{url}$(printf '%040000d' 0)\""),
    Scene::new(
        "request-body-too-large",
        Cause::RequestBodyTooLarge,
        "More than the ten bytes that this route takes.",
        Upstream::Plays(&[Act::ReadRequest, Act::Send(super::answer::OK)]),
    )
    .route("body_size = \"10B\"")
    .command("curl -i -d 'more than ten bytes' {url}"),
    refused("request-header-timeout", Cause::RequestHeaderTimeout, "A head that does not come to its end.")
        .command("{ printf 'GET /request-header-timeout/ HTTP'; sleep 3; } | curl -s telnet://{address}"),
    Scene::new(
        "request-body-timeout",
        Cause::RequestBodyTimeout,
        "An upload that stops coming.",
        Upstream::Plays(&[Act::ReadRequest, Act::Send(super::answer::OK)]),
    )
    .command("{ printf 'hello'; sleep 5; } | curl -i -T - {url}"),
    Scene::new(
        "request-body-truncated",
        Cause::RequestBodyTruncated,
        "A connection that ends before the upload does.",
        Upstream::Plays(&[Act::ReadRequest, Act::Send(super::answer::OK)]),
    )
    .command("curl -i -m 1 -H 'Content-Length: 10' -d abc {url}"),
    Scene::new(
        "request-client-aborted",
        Cause::RequestClientAborted,
        "A visitor who does not wait for the answer.",
        Upstream::Plays(&[Act::ReadRequest, Act::Sleep]),
    )
    .command("curl -i -m 1 {url}"),
    refused(
        "request-transfer-coding-unsupported",
        Cause::RequestTransferCodingUnsupported,
        "An unknown transfer coding.",
    )
    .command("curl -i -H 'Transfer-Encoding: gzip, chunked' -d x {url}"),
    refused("request-not-supported", Cause::RequestNotSupported, "A tunnel, which this gateway does not make.")
        .command("curl -i --proxytunnel --proxy http://{address} http://example.com/"),
    refused("request-expectation-failed", Cause::RequestExpectationFailed, "An expectation that nobody can meet.")
        .command("curl -i -H 'Expect: tea' {url}"),
    refused("request-version-unsupported", Cause::RequestVersionUnsupported, "A version that is not spoken this way.")
        .command(
            "printf 'GET /request-version-unsupported/ HTTP/3.0\\r\\nHost: a\\r\\n\\r\\n' | curl -s telnet://{address}",
        ),
];

const fn refused(name: &'static str, cause: Cause, says: &'static str) -> Scene {
    Scene::new(name, cause, says, Upstream::Nobody).route(REFUSED)
}

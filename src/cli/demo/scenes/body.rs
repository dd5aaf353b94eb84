//! Scenes: the answer breaks after its head has left.
//! No page can be sent any more; the browser has to see that something is missing.

use super::super::scene::{Act, Scene, Upstream};
use crate::{failure::Cause, limits};

const LONG: Act = Act::Send(
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000000\r\n\r\nThe answer begins and then ...\n",
);
const SHORT: Act = Act::Send(
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\nThe answer begins and then ...\n",
);
const CHUNKED: Act = Act::Send(
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n1f\r\nThe answer begins and then ...\n\r\n",
);

/// More than comes with the head: what does is looked over before anything is passed on.
const MORE: Act = Act::Repeat(b"17\r\nThe answer goes on ...\n\r\n", 400);

pub(super) const SCENES: &[Scene] = &[
    Scene::new(
        "body-truncated",
        Cause::BodyTruncated,
        "The application closes long before the promised length; your browser sees a broken answer.",
        Upstream::Plays(&[Act::ReadRequest, LONG]),
    )
    .sees("200, cut short"),
    Scene::new(
        "body-truncated-held",
        Cause::BodyTruncated,
        "The same with a short answer: it was held back until complete, so there is a page instead.",
        Upstream::Plays(&[Act::ReadRequest, SHORT]),
    )
    .both(),
    Scene::new(
        "body-reset",
        Cause::BodyReset,
        "The application crashes in the middle of its answer.",
        Upstream::Plays(&[Act::ReadRequest, LONG, Act::Reset]),
    )
    .sees("200, cut short"),
    Scene::new(
        "body-idle-timeout",
        Cause::BodyIdleTimeout,
        "The answer stops coming and the connection stays open.",
        Upstream::Plays(&[Act::ReadRequest, CHUNKED, Act::Sleep]),
    )
    .sees("200, cut short")
    .options("timeouts = { body = \"2s\" }"),
    Scene::new(
        "body-deadline",
        Cause::BodyDeadline,
        "The answer comes in drops and is not complete in time.",
        Upstream::Plays(&[Act::ReadRequest, CHUNKED, Act::Trickle(b"1\r\n.\r\n")]),
    )
    .sees("200, cut short")
    .options("timeouts = { total = \"3s\" }"),
    Scene::new(
        "body-bad-chunk",
        Cause::BodyBadChunk,
        "A chunk whose size is no number.",
        Upstream::Plays(&[Act::ReadRequest, CHUNKED, MORE, Act::Send(b"zz\r\n")]),
    )
    .sees("200, cut short"),
    Scene::new(
        "trailer-invalid",
        Cause::TrailerInvalid,
        "A trailer line that is none.",
        Upstream::Plays(&[Act::ReadRequest, CHUNKED, MORE, Act::Send(b"0\r\nNo Colon\r\n\r\n")]),
    )
    .sees("200, cut short"),
    Scene::new(
        "body-excess",
        Cause::BodyExcess,
        "The application sends more than it promised; the answer is good, the surplus reaches nobody.",
        Upstream::Plays(&[
            Act::ReadRequest,
            Act::Send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 17\r\n\r\nAll is complete.\nAnd this is surplus"),
            Act::Sleep,
        ]),
    )
    .sees("200, all of it"),
    Scene::new(
        "downstream-aborted-midstream",
        Cause::DownstreamAbortedMidstream,
        "The visitor leaves while the answer is coming.",
        Upstream::Plays(&[Act::ReadRequest, CHUNKED, Act::Trickle(b"1\r\n.\r\n")]),
    )
    .command("curl -i -m 2 {url}"),
    Scene::new(
        "downstream-write-timeout",
        Cause::DownstreamWriteTimeout,
        "The visitor stops reading, and the answer is long.",
        Upstream::Plays(&[
            Act::ReadRequest,
            Act::Send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"),
            Act::Repeat(&[b'.'; limits::DEMO_PIECE], 10_000),
        ]),
    )
    .command("curl -s {url} | sleep 5"),
];

//! Scenes: the exchange breaks after the connection and before the first byte of an answer.
//! Nobody can say whether the request was carried out, which is why a POST gets other advice than a GET.

use super::{
    super::scene::{Act, Scene, Upstream},
    answer::OK,
};
use crate::failure::Cause;

pub(super) const SCENES: &[Scene] = &[
    Scene::new(
        "upstream-closed-no-response",
        Cause::UpstreamClosedNoResponse,
        "The application reads the request and closes without a word.",
        Upstream::Plays(&[Act::ReadRequest]),
    )
    .both(),
    Scene::new(
        "upstream-reset-no-response",
        Cause::UpstreamResetNoResponse,
        "The application reads the request and resets the connection: it crashed.",
        Upstream::Plays(&[Act::ReadRequest, Act::Reset]),
    )
    .both(),
    Scene::new(
        "response-header-timeout",
        Cause::ResponseHeaderTimeout,
        "The application reads the request and never answers.",
        Upstream::Plays(&[Act::ReadRequest, Act::Sleep]),
    )
    .options("timeouts = { head = \"2s\" }")
    .both(),
    Scene::new(
        "response-deadline",
        Cause::ResponseDeadline,
        "The whole exchange may take two seconds, and the answer does not come in that time.",
        Upstream::Plays(&[Act::ReadRequest, Act::Sleep]),
    )
    .options("timeouts = { total = \"2s\" }")
    .both(),
    Scene::new(
        "send-reset-reused",
        Cause::SendResetReused,
        "The first visit is answered well; the next one comes on the kept connection and is reset.",
        Upstream::Plays(&[Act::ReadRequest, Act::Send(OK), Act::ReadRequest, Act::Reset]),
    )
    .options("retry = { attempts = 1 }\npool = { idle_timeout = \"10m\" }")
    .both(),
    Scene::new(
        "send-upload-broken",
        Cause::SendUploadBroken,
        "The application resets the connection while an upload is under way.",
        Upstream::Plays(&[Act::ReadHead, Act::Reset]),
    )
    // Without Expect, because a server that leaves before it asked for the body breaks no upload.
    .command("head -c 30000000 /dev/zero | curl -i -H Expect: -T - {url}"),
    Scene::new(
        "send-write-timeout",
        Cause::SendWriteTimeout,
        "The application stops reading an upload.",
        Upstream::Plays(&[Act::Sleep]),
    )
    .options("timeouts = { send = \"2s\" }")
    .command("head -c 30000000 /dev/zero | curl -i -T - {url}"),
];

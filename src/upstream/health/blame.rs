//! Which failures are the server's own, so that they count against its health; pure.
//! `exchange` and `attempt` ask before they report; what the client, the application or the gateway did never counts.

use std::time::Instant;

use crate::{failure::Cause, upstream::delivery::Delivery};

/// Whether the failure of the attempt in `delivery` for `cause` counts against its server. `started` is when the request
/// came.
#[must_use]
pub fn is_own(cause: Cause, delivery: &Delivery, started: Instant, now: Instant) -> bool {
    match cause {
        Cause::ConnectRefused
        | Cause::ConnectTimeout
        | Cause::ConnectUnroutable
        | Cause::ConnectReset
        | Cause::ConnectUnixMissing
        | Cause::ConnectUnixStale
        | Cause::ConnectUnixPermission
        | Cause::ConnectUnixNotSocket
        | Cause::SendUploadBroken
        | Cause::SendWriteTimeout
        | Cause::ResponseHeaderTimeout
        | Cause::UpstreamConnectionLost
        | Cause::ResponseHeadTruncated
        | Cause::ResponseNotHttp
        | Cause::ResponseIsTls
        | Cause::FcgiProtocolError
        | Cause::BodyTruncated
        | Cause::BodyReset
        | Cause::BodyIdleTimeout => true,
        // A kept connection may be closed at any time.
        Cause::UpstreamClosedNoResponse | Cause::UpstreamResetNoResponse => !delivery.reused.get(),
        // Only where it was the server that took most of the time.
        Cause::ResponseDeadline => delivery.sent.get().is_some_and(|sent| {
            let (waited, all) = (now.saturating_duration_since(sent), now.saturating_duration_since(started));
            waited * 2 >= all
        }),
        // Overload passes to the others when a server is ejected for it, and an application that answers, however
        // wrongly, does so on every server.
        _ => false,
    }
}

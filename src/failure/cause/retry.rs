//! In words, for the reference: when the gateway tries a request again after a cause.
//! `upstream::judge` decides; the rows only say what is usual.

/// Nothing was delivered.
pub(super) const ANY: &str = "Any method: nothing was delivered.";
/// Nothing was delivered, but a second attempt at once would meet the same.
pub(super) const LATER: &str = "Any method, later: nothing was delivered.";
/// Whether it was delivered is known only in each case.
pub(super) const BY_VERDICT: &str = "Later: any method where nothing was delivered, else idempotent ones.";
/// It may have been delivered.
pub(super) const IDEMPOTENT: &str = "Idempotent methods, once: it may have been delivered.";
/// It may have been delivered and the work may still run.
pub(super) const TIMEOUT: &str =
    "Not by itself, because the work may still run; idempotent methods where the route says retry_timeouts.";
/// A held answer that broke.
pub(super) const UNFORWARDED: &str =
    "Idempotent methods, once, while nothing of the answer has reached the client; else never.";
/// A second attempt would end the same way, or nobody waits for it.
pub(super) const NEVER: &str = "Never.";
/// The client's own part is missing.
pub(super) const BY_CLIENT: &str = "Never by the gateway; the client may send it again.";
/// The answer was complete, or on its way.
pub(super) const NOTHING_TO_REPEAT: &str = "Nothing to repeat: the answer had already come.";

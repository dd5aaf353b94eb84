//! Whether the kernel proves that a request never reached the application: thrown away behind the peer's end of a kept
//! connection, or unread when the peer reset the connection.
//! Asked by `exchange` when a connection has ended in silence; `verdict` names the cause, `judge` decides what follows.

use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::exchange::{End, Exchange};
use crate::{config::settings::RetryOn, limits};

/// The SYN counts among the acknowledged bytes.
pub(super) const SYN: u64 = 1;

/// What was found out about a connection that has ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Findings {
    /// When it ended.
    pub at: Instant,
    /// How it is known that nothing of the request has reached the application, where it is.
    pub undelivered: Option<Proof>,
}

/// How it is known that a request has not been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// It came behind the peer's end.
    TooLate,
    /// The peer reset the connection, and what was sent is of a kind that is acknowledged when it is read.
    Unread,
}

impl Exchange {
    /// Asks the kernel about a connection that has just ended, and waits a moment for what may still be on its way.
    ///
    /// The proof that it was too late needs all of: a connection that has served before; not one byte of an answer, and the
    /// peer's FIN first; then its reset, which a kernel sends that has no reader for the bytes any more (state CLOSE, error EPIPE: a reset
    /// without the FIN before it would say ECONNRESET); and nothing of this request acknowledged. A FIN carries the
    /// acknowledgement of all that came before it, so this one left before the request arrived. The acknowledged bytes
    /// alone would prove nothing, because an acknowledgement may be delayed.
    ///
    /// The proof that it was not read needs a reset (ECONNRESET, told to the read or to the write that met it), not one byte
    /// of an answer, and a witness that the end of the head was not acknowledged although it would have been: see
    /// `witness`.
    pub(super) async fn examine(&self, end: &End) -> Findings {
        let at = Instant::now();
        let silent = self.delivery.read.get() == 0 && self.delivery.written.get() > 0;
        let asks = silent && self.terms.upstream.retry.on == RetryOn::Proof;
        let undelivered = if !asks {
            None
        } else if self.was_unread(end) {
            Some(Proof::Unread)
        } else if self.delivery.reused.get() && matches!(end, End::Closed) && self.was_thrown_away(at).await {
            Some(Proof::TooLate)
        } else {
            None
        };
        Findings { at, undelivered }
    }

    /// Whether the witnesses of this exchange say that nobody has read it.
    fn was_unread(&self, end: &End) -> bool {
        let told = match end {
            End::Failed(error) => Some(error),
            End::Closed => self.upload.error(),
        };
        let reset = told.and_then(Errno::from_io_error) == Some(Errno::CONNRESET);
        let proves = |info| self.upload.witness().proves(self.delivery.written.get(), info);
        reset && self.connection.tcp_info().is_some_and(proves)
    }

    /// What was acknowledged when the exchange began: all that earlier requests have written was acknowledged at the
    /// latest with their answers.
    pub(super) fn acked_before(&self) -> u64 {
        SYN + (self.connection.written() - self.delivery.written.get())
    }

    /// Whether the peer's kernel threw the whole request away; waits up to two round trips for it to say so.
    async fn was_thrown_away(&self, since: Instant) -> bool {
        let before = self.acked_before();
        loop {
            let waited = since.elapsed();
            let Some(info) = self.connection.tcp_info() else { return false };
            if info.acked != before {
                return false;
            }
            if info.over {
                return self.was_cut_behind_the_end();
            }
            let patience = (info.round_trip * 2).clamp(limits::PROOF_WAIT_LEAST, limits::PROOF_WAIT_MOST);
            if waited >= patience {
                return false;
            }
            tokio::time::sleep(limits::PROOF_PAUSE).await;
        }
    }

    /// Whether the reset came behind the FIN. The error is told once: to the write that met it, or else to who asks.
    fn was_cut_behind_the_end(&self) -> bool {
        let told = self.upload.error().and_then(Errno::from_io_error);
        let error = told.or_else(|| Errno::from_io_error(&self.connection.take_error()?));
        error == Some(Errno::PIPE)
    }

    /// How soon after a request a kept connection that was closed before it came would have said so.
    pub(super) fn race(&self) -> Duration {
        self.connection.tcp_info().map_or(limits::KEEPALIVE_RACE, |info| {
            (info.round_trip * 2).clamp(limits::KEEPALIVE_RACE, limits::KEEPALIVE_RACE_MOST)
        })
    }
}

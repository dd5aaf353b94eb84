//! Whether the kernel proves that a request on a kept connection never reached the application.
//! Asked by `exchange` when a connection has ended in silence; `verdict` names the cause, `judge` decides what follows.

use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::exchange::{End, Exchange};
use crate::{config::settings::RetryOn, limits};

/// The SYN counts among the acknowledged bytes.
const SYN: u64 = 1;

/// What was found out about a connection that has ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Findings {
    /// When it ended.
    pub at: Instant,
    /// Whether nothing of the request has reached the application.
    pub undelivered: bool,
}

impl Exchange {
    /// Asks the kernel about a connection that has just ended, and waits a moment for what may still be on its way.
    ///
    /// The proof needs all of: a connection that has served before; not one byte of an answer, and the peer's FIN first;
    /// then its reset, which a kernel sends that has no reader for the bytes any more (state CLOSE, error EPIPE: a reset
    /// without the FIN before it would say ECONNRESET); and nothing of this request acknowledged. A FIN carries the
    /// acknowledgement of all that came before it, so this one left before the request arrived. The acknowledged bytes
    /// alone would prove nothing, because an acknowledgement may be delayed.
    pub(super) async fn examine(&self, end: &End) -> Findings {
        let at = Instant::now();
        let silent = self.delivery.read.get() == 0 && self.delivery.written.get() > 0;
        let undelivered = silent
            && self.delivery.reused.get()
            && matches!(end, End::Closed)
            && self.terms.upstream.retry.on == RetryOn::Proof
            && self.was_thrown_away(at).await;
        Findings { at, undelivered }
    }

    /// Whether the peer's kernel threw the whole request away; waits up to two round trips for it to say so.
    async fn was_thrown_away(&self, since: Instant) -> bool {
        // All that earlier requests have written was acknowledged at the latest with their answers.
        let before = SYN + (self.connection.written() - self.delivery.written.get());
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

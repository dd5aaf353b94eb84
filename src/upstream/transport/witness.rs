//! A request that goes out so that its connection bears witness of whether an application has read it; mostly pure.
//! `upload` writes as it says, the exchange keeps watch while the body is held back, and `proof` asks it in the end.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};

use tokio::time::{Sleep, sleep};

use super::{exchange::Exchange, proof::SYN};
use crate::{limits, socket::TcpInfo};

/// How far a head is on its way out in small segments, and so what a reset will tell.
///
/// A server that dies with a request unread in its socket, and one that read it and then resets the connection, look
/// alike: a reset, and no FIN. They differ in what their kernel has acknowledged, if the request is one that makes Linux
/// acknowledge it *when it is read*. On a connection that has answered of late, the kernel delays acknowledgements
/// (`inet_csk_in_pingpong_mode`), and reading what came in one segment does not change that. But `tcp_measure_rcv_mss`
/// marks a small segment as `ICSK_ACK_PUSHED`, and a second one as `ICSK_ACK_PUSHED2` where no acknowledgement has left
/// between them. With this mark `tcp_cleanup_rbuf`, the last thing that every read does, acknowledges at once if the read
/// has emptied the queue. So the head goes in two segments, and the body stays here until the head is acknowledged: with a
/// body behind it, reading the head would not empty the queue. Then a reset with the last segment not acknowledged means
/// that nobody has read the head to its end. It works for a few milliseconds only: the kernel at this end soon probes for a
/// loss (`tcp_send_loss_probe`), and the probe is acknowledged read or not.
///
/// On a connection that is fresh, or whose server took longer to answer than an acknowledgement is delayed for, the first
/// segments are acknowledged as they come, up to `TCP_MAX_QUICKACKS` of them (`tcp_in_quickack_mode`), and would be whether
/// somebody reads or not; so is what follows one that is not small. So a small segment must have been kept waiting before
/// the last one follows: one byte more goes, until one is. Where acknowledgements have left, the first mark is enough: it
/// makes a read acknowledge on every connection that is not in ping-pong mode. However much of an unfinished head is read or
/// acknowledged, nobody can act on it.
///
/// The segments must arrive as they are. So each is a write of its own, each but the last has left before the next is
/// written (a kernel that paces could make one of two), none is sent again (`tcp_retrans_try_collapse` could join them), and
/// on the loopback device nothing else joins them: `skb_try_coalesce` takes no segment of which the sender still has the
/// original. The acknowledgement must come, and before the reset: the loopback device hands over what is sent before the
/// call that sends it returns. Elsewhere it may be lost, and the kernel be another one; therefore only loopback addresses
/// will do, and of those only the ones whose segments are as large as on that device: an address that a packet filter
/// translates leads elsewhere.
///
/// What it does not cover: an application that carries a request out whose head it has only looked at (`MSG_PEEK`) or not
/// read to its blank line; a loopback device that loses packets, because it is made to or because a processor's queue
/// overflows (`net.core.netdev_max_backlog`); and one so flooded that it puts packets off (`ksoftirqd`), where a reset from
/// another processor can overtake the acknowledgement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Witness {
    /// Nobody wants to know, or it did not go as it must.
    #[default]
    Nothing,
    /// What was written of it, if anything, was acknowledged as it came, or is about to be.
    Asked(Head),
    /// All but the rest has left, and the last of that waits to be acknowledged.
    Half(Head),
    /// All of it was written.
    Whole(Head),
}

/// The head that is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    length: usize,
    /// How much of it has left before the rest.
    left: usize,
    /// Segments sent again on the connection until then.
    resent: u32,
    /// Bytes acknowledged on it until then.
    acked: u64,
}

impl Head {
    /// Where the next write before the rest ends.
    fn next(&self) -> usize {
        if self.left == 0 { self.length - limits::WITNESS_REST } else { self.left + 1 }
    }
}

impl Witness {
    /// For a head of `length` bytes.
    pub fn of(length: usize) -> Self {
        if length > limits::WITNESS_REST {
            Self::Asked(Head { length, left: 0, resent: 0, acked: 0 })
        } else {
            Self::Nothing
        }
    }

    /// Whether the next write is one that matters.
    pub fn is_writing(&self) -> bool {
        matches!(self, Self::Asked(_) | Self::Half(_))
    }

    /// Where the next write ends, of `gathered` bytes.
    pub fn end(&self, gathered: usize) -> usize {
        match self {
            Self::Asked(head) => head.next(),
            _ => gathered,
        }
    }

    /// What is known after a write of `written` bytes that counted, `sent` with all before it on the connection; `info` is
    /// asked behind it.
    #[must_use]
    pub fn wrote(self, written: usize, sent: u64, info: impl FnOnce() -> Option<TcpInfo>) -> Self {
        match self {
            Self::Asked(head) if head.left + written == head.next() => {
                let head = Head { left: head.next(), ..head };
                match info() {
                    Some(info) if info.unsent > 0 || info.segment < limits::LOOPBACK_SEGMENT => Self::Nothing,
                    Some(info) if info.acked < SYN + sent && written <= limits::WITNESS_SMALL => {
                        Self::Half(Head { resent: info.resent, acked: info.acked, ..head })
                    }
                    Some(_) if head.next() < head.length => Self::Asked(head),
                    _ => Self::Nothing,
                }
            }
            Self::Half(head) if head.left + written == head.length => Self::Whole(head),
            _ => Self::Nothing,
        }
    }

    /// Whether the body need not wait any longer: `before` bytes were acknowledged when the exchange began.
    pub fn is_over(&self, before: u64, info: Option<TcpInfo>) -> bool {
        let (Self::Whole(head), Some(info)) = (self, info) else { return true };
        info.acked >= before + head.length as u64
    }

    /// Whether a connection that was reset proves that nobody has read the head: nothing but the head was `written` in
    /// this exchange, and nothing acknowledged since its rest went.
    pub fn proves(&self, written: u64, info: TcpInfo) -> bool {
        let Self::Whole(head) = self else { return false };
        written == head.length as u64 && info.over && info.acked == head.acked && info.resent == head.resent
    }
}

/// A watch over a head that has not been acknowledged; the body is held back for it.
pub(super) struct Watch {
    since: Instant,
    pause: Pin<Box<Sleep>>,
}

impl Exchange {
    /// Lets the body follow when the head has been acknowledged, or that has taken too long; ready then.
    pub(super) fn poll_watch(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (before, witness) = (self.acked_before(), self.upload.witness());
        let watch = self.upload.watch.get_or_insert_with(|| {
            Box::new(Watch { since: Instant::now(), pause: Box::pin(sleep(limits::WITNESS_PAUSE)) })
        });
        while !witness.is_over(before, self.connection.tcp_info()) && watch.since.elapsed() < limits::WITNESS_WAIT {
            if watch.since.elapsed() < limits::WITNESS_EAGER {
                // A server that is not busy reads sooner than any timer goes off.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            ready!(watch.pause.as_mut().poll(cx));
            watch.pause.set(sleep(limits::WITNESS_PAUSE));
        }
        self.upload.open();
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests;

//! Waits for an idle client with next to no memory: the HTTP server and its buffers are gone until a byte comes.
//! `accept` starts the serving of a connection here, and starts it anew behind each pause.

use std::{cell::Cell, future::poll_fn, rc::Rc, task::Poll, time::Duration};

use bytes::Bytes;

use super::{
    Reception,
    accept::{Peer, Place},
    connection::{Pause, serve},
};
use crate::{limits, socket::Socket};

/// Says how long each connection is idle before it is parked: most for the usual time, every fourth of them longer, every
/// fourth of those longer still.
///
/// The allocator gives freed pages back when something else is freed near them a little later. A crowd that falls silent
/// at once and is parked at once would leave its buffers (20 KB each) with the process for as long as nothing happens;
/// those who follow give back what the others have left.
#[derive(Debug, Default)]
pub struct Turns(Cell<u32>);

impl Turns {
    /// For the next connection.
    pub fn next(&self) -> Duration {
        let number = self.0.get().wrapping_add(1);
        self.0.set(number);
        limits::PARK_AFTER + limits::PARK_APART * (number.trailing_zeros() / 2).min(limits::PARK_TURNS)
    }
}

/// Serves `socket` in a task of its own, until its end or its next pause. `begun` was read from it before.
pub fn attend(socket: Socket, begun: Bytes, peer: Peer, place: Place, reception: &Rc<Reception>) {
    let reception = Rc::clone(reception);
    tokio::task::spawn_local(async move {
        if let Some(Pause { socket, begun, idle }) = serve(socket, begun, peer, &reception).await {
            if begun.is_empty() {
                park(socket, idle, peer, place, &reception);
            } else {
                attend(socket, begun, peer, place, &reception);
            }
        }
    });
}

/// Waits for the client's next byte in a task that holds nothing else; the client has been silent for `idle`.
fn park(socket: Socket, idle: Duration, peer: Peer, place: Place, reception: &Rc<Reception>) {
    let reception = Rc::clone(reception);
    tokio::task::spawn_local(async move {
        if wait(&socket, idle, &reception).await {
            attend(socket, Bytes::new(), peer, place, &reception);
        }
    });
}

/// Whether the client said something, or left, before the keep-alive time was over.
async fn wait(socket: &Socket, idle: Duration, reception: &Reception) -> bool {
    let timer = reception.clock.timer();
    timer.arm(Some(reception.shared.settings.limits.keepalive_timeout.saturating_sub(idle)));
    let (mut seat, mut told) = (reception.drain.seat(), false);
    poll_fn(|cx| {
        seat.register(cx);
        if reception.drain.is_draining() && !std::mem::replace(&mut told, true) {
            timer.arm(Some(limits::DRAIN_IDLE));
        }
        match socket.poll_read_ready(cx) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending => timer.poll_expired(cx).map(|()| false),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_and_fewer_are_parked_later_and_later() {
        let turns = Turns::default();
        let mut counts = [0; 7];
        for _ in 0..4096 {
            let later = turns.next().saturating_sub(limits::PARK_AFTER);
            counts[usize::try_from(later.as_nanos() / limits::PARK_APART.as_nanos()).unwrap()] += 1;
        }
        assert_eq!(counts, [3072, 768, 192, 48, 12, 3, 1]);
    }
}

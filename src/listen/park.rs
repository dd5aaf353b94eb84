//! Waits for an idle client with next to no memory: the HTTP server and its buffers are gone until a byte comes.
//! `accept` starts the serving of a connection here, and starts it anew behind each pause.

use std::{future::poll_fn, rc::Rc, task::Poll};

use bytes::Bytes;

use super::{
    Reception,
    accept::{Peer, Place},
    connection::{Pause, serve},
    io::Socket,
};
use crate::limits;

/// Serves `socket` in a task of its own, until its end or its next pause. `begun` was read from it before.
pub fn attend(socket: Socket, begun: Bytes, peer: Peer, place: Place, reception: &Rc<Reception>) {
    let reception = Rc::clone(reception);
    tokio::task::spawn_local(async move {
        if let Some(Pause { socket, begun }) = serve(socket, begun, peer, &reception).await {
            if begun.is_empty() {
                park(socket, peer, place, &reception);
            } else {
                attend(socket, begun, peer, place, &reception);
            }
        }
    });
}

/// Waits for the client's next byte in a task that holds nothing else.
fn park(socket: Socket, peer: Peer, place: Place, reception: &Rc<Reception>) {
    let reception = Rc::clone(reception);
    tokio::task::spawn_local(async move {
        if wait(&socket, &reception).await {
            attend(socket, Bytes::new(), peer, place, &reception);
        }
    });
}

/// Whether the client said something, or left, before the keep-alive time was over.
async fn wait(socket: &Socket, reception: &Reception) -> bool {
    let timer = reception.clock.timer();
    timer.arm(Some(reception.shared.settings.limits.keepalive_timeout.saturating_sub(limits::PARK_AFTER)));
    let mut seat = reception.drain.seat();
    poll_fn(|cx| {
        seat.register(cx);
        if reception.drain.is_draining() {
            return Poll::Ready(false);
        }
        match socket.poll_readable(cx) {
            Poll::Ready(()) => Poll::Ready(true),
            Poll::Pending => timer.poll_expired(cx).map(|()| false),
        }
    })
    .await
}

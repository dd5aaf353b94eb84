//! Accepts connections on one worker's share of a listener.
//! Survives a lack of file descriptors, holds the limit on connections, hands each connection to a task of its own.

use std::{
    io,
    net::IpAddr,
    pin::pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::net::{TcpListener, UnixListener};

use super::{Listener, Reception, connection::linger, io::Watch, park::attend, refuse};
use crate::{
    failure::{Cause, Failure, classify},
    limits,
    message::Connection,
    observe::program_log,
    shutdown::Busy,
    socket::Socket,
};

/// Who is at the other end of a connection. `None` on a Unix socket.
pub type Peer = Option<IpAddr>;

/// Client connections of all workers together: those that are served, and those that are being turned away.
#[derive(Debug, Clone, Default)]
pub struct Census {
    served: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
}

/// A served connection's place in the gateway, given back when it ends.
#[derive(Debug)]
pub struct Place {
    _counted: Counted,
    _busy: Busy,
}

/// One connection's place in a count, given back when dropped.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

/// A place, if there are fewer than `limit`.
fn enter(count: &Arc<AtomicUsize>, limit: usize) -> Option<Counted> {
    let counted = Counted(Arc::clone(count));
    (count.fetch_add(1, Ordering::Relaxed) < limit).then_some(counted)
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A listener on the reception's runtime.
enum Open {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Open {
    async fn accept(&self) -> io::Result<(Socket, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                let address = Some(peer.ip().to_canonical());
                Ok((Socket::Tcp(stream), address))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Socket::Unix(stream), None))
            }
        }
    }
}

/// Accepts until the gateway drains, and then those who had connected before.
///
/// # Errors
/// The listener cannot be used on this runtime.
pub async fn accept(listener: Listener, reception: Rc<Reception>) -> io::Result<()> {
    let listener = match listener {
        Listener::Tcp(listener) => Open::Tcp(TcpListener::from_std(listener)?),
        Listener::Unix(listener) => Open::Unix(UnixListener::from_std(listener)?),
    };
    let mut complaint = Complaint::default();
    let _accepting = reception.drain.busy();
    let mut ended = pin!(async {
        reception.drain.started().await;
        tokio::time::sleep(limits::DRAIN_ACCEPT).await;
    });
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut ended => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => begin(socket, peer, &reception),
            // The client was gone before it was accepted.
            Err(error) if classify::concerns_one_client(&error) => {}
            Err(error) => {
                complaint.about(&error);
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
            }
        }
    }
    Ok(())
}

/// Says that accepting fails: at once, then now and then, with a count.
#[derive(Default)]
struct Complaint {
    last: Option<Instant>,
    unsaid: u64,
}

impl Complaint {
    fn about(&mut self, error: &io::Error) {
        self.unsaid += 1;
        if self.last.is_none_or(|last| last.elapsed() >= limits::ACCEPT_COMPLAINT) {
            program_log::accept_failed(error, self.unsaid);
            *self = Self { last: Some(Instant::now()), unsaid: 0 };
        }
    }
}

fn begin(socket: Socket, peer: Peer, reception: &Rc<Reception>) {
    let census = &reception.census;
    let busy = reception.drain.busy();
    if let Some(counted) = enter(&census.served, reception.shared.settings.limits.connections) {
        attend(socket, Bytes::new(), peer, Place { _counted: counted, _busy: busy }, reception);
    } else if let Some(counted) = enter(&census.refused, limits::TURNED_AWAY) {
        let reception = Rc::clone(reception);
        tokio::task::spawn_local(async move {
            turn_away(socket, peer, &reception).await;
            drop((counted, busy));
        });
    }
}

/// Says that there are too many connections, without reading a request.
async fn turn_away(mut socket: Socket, peer: Peer, reception: &Rc<Reception>) {
    let limits = &reception.shared.settings.limits;
    let connection = Rc::new(Connection::new(peer, limits.body_timeout));
    let watch = Watch::new(connection, reception.clock.timer(), limits, Duration::MAX);
    let evidence = format!("`limits.connections` is {}, and as many clients are connected", limits.connections);
    let failure = Failure::new(Cause::AcceptClientLimit, evidence);
    refuse::answer(&mut socket, failure, &watch, reception).await;
    linger(&mut socket, reception).await;
}

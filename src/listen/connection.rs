//! Serves one client connection from its first byte to its last: hyper parses and writes, this holds the deadlines.
//! What ends a connection otherwise than in order is said in the record of the request, and to the client where it
//! still listens.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWrite as _;
use tower::Service as _;

use super::{
    Reception,
    accept::Peer,
    io::{Io, Waiting, Watch},
    refuse,
};
use crate::{
    clock::Timer,
    failure::Cause,
    limits,
    message::{Connection, Length},
    shutdown::{Drain, Seat},
    socket::Socket,
    stack::{self, Logged},
};

/// How serving a connection ended.
enum End {
    /// In order, or the client was gone.
    Done,
    /// An answer broke, and the client must see that.
    Broken,
    /// The client sent something that is no request.
    Unreadable(hyper::Error),
    /// A deadline of the client's passed.
    Expired(Waiting),
    /// The gateway stops and waits no longer for an answer that is under way.
    Cut,
    /// The same for a head that is.
    Stopped,
}

/// A connection that is idle, without its HTTP server.
pub struct Pause {
    /// Its socket.
    pub socket: Socket,
    /// What had been read of the next request, nearly always nothing.
    pub begun: Bytes,
    /// For how long it has been idle already.
    pub idle: Duration,
}

/// Serves `socket` until its end, or until it has been idle for a while. `begun` was read from it before.
pub async fn serve(socket: Socket, begun: Bytes, peer: Peer, reception: &Rc<Reception>) -> Option<Pause> {
    let settings = &reception.shared.settings.limits;
    let mut connection = Connection::new(peer, settings.body_timeout);
    if reception.shared.tells_ends {
        connection.ends = socket.ends();
    }
    let connection = Rc::new(connection);
    let park_after = reception.turns.next();
    let watch = Rc::new(Watch::new(Rc::clone(&connection), reception.clock.timer(), settings, park_after));
    let service = service(reception, &watch);
    let mut http = http1::Builder::new()
        // Whether the client has left is for `Io` to see.
        .half_close(true)
        .max_headers(settings.headers)
        .max_buf_size(settings.header_size.max(limits::CLIENT_BUFFER))
        .auto_date_header(false)
        .serve_connection(TokioIo::new(Io::new(socket, begun, &watch)), service);
    let end = {
        let mut told = false;
        let mut seat = reception.drain.seat();
        poll_fn(|cx| {
            if !told && reception.drain.is_draining() {
                told = true;
                watch.drain();
            }
            let over = reception.drain.is_over();
            if over {
                // A request without an answer gets one from the stack at the last poll.
                connection.ended.set(Some(Cause::GatewayDraining));
            }
            seat.register(cx);
            let mut polled = Pin::new(&mut http).poll(cx);
            if over && polled.is_pending() {
                // The first poll may have ended with an answer that it could not flush yet.
                polled = Pin::new(&mut http).poll(cx);
            }
            match polled {
                Poll::Ready(Ok(())) => Poll::Ready(End::Done),
                Poll::Ready(Err(error)) if error.is_parse() => Poll::Ready(End::Unreadable(error)),
                Poll::Ready(Err(error)) if error.is_user() => Poll::Ready(End::Broken),
                Poll::Ready(Err(_)) => Poll::Ready(End::Done),
                Poll::Pending if over => Poll::Ready(match watch.waiting() {
                    _ if watch.is_answering() => End::Cut,
                    Waiting::Head => End::Stopped,
                    _ => End::Done,
                }),
                Poll::Pending if connection.left.get() => Poll::Ready(End::Done),
                Poll::Pending => expired(&watch, cx),
            }
        })
        .await
    };
    if let End::Expired(Waiting::Send) = end {
        connection.ended.set(Some(Cause::DownstreamWriteTimeout));
    }
    // From here on hyper is gone, and with it a request that was under way: its line is in the log.
    let parts = http.into_parts();
    drop(parts.service);
    let socket = parts.io.into_inner().socket;
    if let End::Expired(Waiting::Next) = end
        && settings.keepalive_timeout > park_after
        && !connection.draining.get()
        // The server that reads the rest of a body must not be taken away: another would take it for a request.
        && !connection.unread.get()
    {
        return Some(Pause { socket, begun: parts.read_buf, idle: park_after });
    }
    finish(socket, end, &watch, reception).await;
    None
}

fn expired(watch: &Watch, cx: &mut Context<'_>) -> Poll<End> {
    watch.timer.poll_expired(cx).map(|()| End::Expired(watch.waiting()))
}

/// The stack for the requests of one connection, as hyper calls it.
fn service(
    reception: &Rc<Reception>,
    watch: &Rc<Watch>,
) -> impl hyper::service::Service<Request<Incoming>, Response = Response<Logged>, Error = std::convert::Infallible> + use<>
{
    // The layers are always ready, so the stack needs no copy of its own for each request to wait in.
    let stack = RefCell::new(stack::build(&reception.shared, &watch.connection));
    let watch = Rc::clone(watch);
    hyper::service::service_fn(move |request: Request<Incoming>| {
        watch.request(Length::of(request.body()));
        stack.borrow_mut().call(request)
    })
}

/// Ends the connection as its end asks for.
async fn finish(mut socket: Socket, end: End, watch: &Watch, reception: &Reception) {
    match end {
        End::Broken if watch.connection.until_close.get() => socket.reset_on_close(),
        End::Expired(Waiting::Send) | End::Cut => socket.reset_on_close(),
        End::Unreadable(error) => {
            let refusal = refuse::unreadable(&error, &watch.unread_head(), &reception.shared.settings.limits);
            refuse::answer(&mut socket, refusal, watch, reception).await;
            linger(&mut socket, reception).await;
        }
        End::Expired(Waiting::Head) => {
            let refusal = refuse::late_head(&watch.unread_head(), &reception.shared.settings.limits);
            refuse::answer(&mut socket, refusal, watch, reception).await;
            linger(&mut socket, reception).await;
        }
        End::Stopped => {
            let refusal = refuse::stopped(&watch.unread_head());
            refuse::answer(&mut socket, refusal, watch, reception).await;
            linger(&mut socket, reception).await;
        }
        // An idle connection ends silently.
        End::Expired(_) => {}
        End::Done | End::Broken => {
            if watch.connection.unread.get() || !watch.unread_head().is_empty() {
                linger(&mut socket, reception).await;
            }
        }
    }
}

/// Closes without losing what was written: a socket that is closed with unread bytes resets, and the reset would
/// overtake the answer. So the sending side is ended first, and what still comes is read and dropped for a while.
pub(super) async fn linger(socket: &mut Socket, reception: &Reception) {
    let (silence, whole) = (reception.clock.timer(), reception.clock.timer());
    silence.arm(Some(limits::LINGER_SILENCE));
    whole.arm(Some(limits::LINGER));
    // What cannot be ended or read is at its end.
    let _: io::Result<()> = poll_fn(|cx| Pin::new(&mut *socket).poll_shutdown(cx)).await;
    let mut last = Last::new(reception);
    poll_fn(|cx| {
        loop {
            let expired = silence.poll_expired(cx).is_ready() || whole.poll_expired(cx).is_ready();
            if expired || last.poll(cx).is_ready() {
                return Poll::Ready(());
            }
            match socket.poll_receive(cx, limits::SCRATCH, <[u8]>::len) {
                Poll::Ready(Ok(1..)) => silence.arm(Some(limits::LINGER_SILENCE)),
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await;
}

/// The little time that is left for a last word when the gateway ends.
struct Last<'a> {
    drain: &'a Drain,
    seat: Seat,
    timer: Timer,
    begun: bool,
}

impl<'a> Last<'a> {
    fn new(reception: &'a Reception) -> Self {
        let Reception { drain, clock, .. } = reception;
        Self { drain, seat: drain.seat(), timer: clock.timer(), begun: false }
    }

    /// Ready when it is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.seat.register(cx);
        if !self.drain.is_over() {
            return Poll::Pending;
        }
        if !std::mem::replace(&mut self.begun, true) {
            self.timer.arm(Some(limits::DRAIN_IDLE));
        }
        self.timer.poll_expired(cx)
    }
}

/// Writes `bytes`; gives up after the send timeout, or when the gateway ends.
pub(super) async fn write(socket: &mut Socket, mut bytes: &[u8], reception: &Reception) {
    let timer = reception.clock.timer();
    timer.arm(Some(reception.shared.settings.limits.send_timeout));
    let mut last = Last::new(reception);
    poll_fn(|cx| {
        if last.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        while !bytes.is_empty() {
            match socket.poll_send(cx, bytes) {
                Poll::Ready(Ok(written)) if written > 0 => bytes = &bytes[written..],
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return timer.poll_expired(cx),
            }
        }
        Poll::Ready(())
    })
    .await;
}

//! A client's socket as the HTTP server sees it, and what the gateway learns by looking on.
//! Arms the client's deadlines, keeps the bytes of an unfinished head, swallows the server's own answers.

use std::{
    cell::{Cell, RefCell},
    io::{self, IoSlice},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::tap::Tap;
use crate::{
    clock::Timer,
    config::settings::Limits,
    limits,
    message::{Connection, Length, UNCLEAR},
    socket::{Progress, Socket},
};

/// What the connection's deadline stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Not armed: a request is under way.
    Nothing,
    /// The first byte of the first request.
    First,
    /// The first byte of another request.
    Next,
    /// The rest of a head.
    Head,
    /// The client takes more of an answer.
    Send,
}

/// What is known of a connection while it is served. Shared between the socket, the service and the driver.
pub struct Watch {
    /// What layers and driver tell each other.
    pub connection: Rc<Connection>,
    /// Its one deadline.
    pub timer: Timer,
    waiting: Cell<Waiting>,
    tap: RefCell<Tap>,
    /// A request is under way: from its head until its answer has been flushed.
    answering: Cell<bool>,
    header_timeout: Duration,
    keepalive_timeout: Duration,
    send_timeout: Duration,
    progress: Progress,
    park_after: Duration,
    half_close: bool,
}

impl Watch {
    /// Of a connection that was just accepted; once it has been idle for `park_after` somebody else waits for it.
    pub fn new(connection: Rc<Connection>, timer: Timer, limits: &Limits, park_after: Duration) -> Self {
        let watch = Self {
            connection,
            timer,
            waiting: Cell::new(Waiting::Nothing),
            tap: RefCell::default(),
            answering: Cell::new(false),
            header_timeout: limits.header_timeout,
            keepalive_timeout: limits.keepalive_timeout,
            send_timeout: limits.send_timeout,
            progress: Progress::default(),
            park_after,
            half_close: limits.half_close,
        };
        watch.wait(Waiting::First);
        watch
    }

    /// What the deadline stands for.
    pub fn waiting(&self) -> Waiting {
        self.waiting.get()
    }

    /// The start of a head that was not understood.
    pub fn unread_head(&self) -> Vec<u8> {
        self.tap.borrow_mut().unread().to_vec()
    }

    /// The server understood a request head.
    pub fn request(&self, length: Length) {
        self.follow(|tap| tap.head(length));
        self.answering.set(true);
        self.connection.handed_over.set(false);
        self.wait(Waiting::Nothing);
    }

    /// The gateway stops: what is idle now, or soon, ends so.
    pub fn drain(&self) {
        self.connection.draining.set(true);
        self.connection.last.set(true);
        if matches!(self.waiting.get(), Waiting::First | Waiting::Next) {
            self.wait(self.waiting.get());
        }
    }

    fn wait(&self, waiting: Waiting) {
        self.waiting.set(waiting);
        if self.connection.draining.get() && matches!(waiting, Waiting::First | Waiting::Next) {
            return self.timer.arm(Some(limits::DRAIN_IDLE));
        }
        self.timer.arm(match waiting {
            Waiting::Nothing => None,
            Waiting::First | Waiting::Head => Some(self.header_timeout),
            // With a part of a body still to come there is no idle connection to park.
            Waiting::Next if self.connection.unread.get() => Some(self.keepalive_timeout),
            Waiting::Next => Some(self.keepalive_timeout.min(self.park_after)),
            Waiting::Send => Some(self.progress.begin(self.send_timeout)),
        });
    }

    /// Follows what comes, and notes what it says of the body under way.
    fn follow(&self, step: impl FnOnce(&mut Tap)) {
        let mut tap = self.tap.borrow_mut();
        step(&mut tap);
        self.connection.announced.set(tap.announced());
        self.connection.unclear.set(tap.is_unclear());
        if tap.is_lost() {
            self.connection.last.set(true);
        }
    }

    fn read(&self, bytes: &[u8]) {
        self.follow(|tap| {
            if !self.connection.unread.get() {
                tap.body_ended();
            }
            tap.read(bytes);
        });
        if self.connection.unread.get() {
            // The rest of a body whose answer has left already keeps the connection from being idle.
            if self.waiting.get() == Waiting::Next {
                self.wait(Waiting::Next);
            }
            return;
        }
        if matches!(self.waiting.get(), Waiting::First | Waiting::Next) {
            self.wait(Waiting::Head);
        }
    }

    /// Whether a request is under way: from its head until its answer has been flushed.
    pub fn is_answering(&self) -> bool {
        self.answering.get()
    }

    /// Whether the server's write is an answer of its own, to something that was no request: it is swallowed, because
    /// the gateway answers in its place.
    fn swallows(&self) -> bool {
        !self.answering.get()
    }

    /// Whether the whole request has come, also what nobody has taken yet of its body.
    fn body_has_come(&self) -> bool {
        !self.connection.unread.get() || self.tap.borrow().body_has_come()
    }

    /// Whether another request has begun to come.
    fn has_begun(&self) -> bool {
        !self.tap.borrow_mut().unread().is_empty()
    }

    /// Whether another request is there already: its sender may well say at once that it was the last one.
    fn has_another(&self) -> bool {
        self.tap.borrow_mut().has_another()
    }

    /// The socket has no room for more; `acked` asks how much the client has taken.
    fn blocked(&self, cx: &mut Context<'_>, acked: impl FnOnce() -> Option<u64>) {
        if self.waiting.get() != Waiting::Send {
            self.wait(Waiting::Send);
        } else if self.timer.poll_expired(cx).is_ready()
            && let Some(longer) = self.progress.look(self.send_timeout, acked(), true)
        {
            self.timer.arm(Some(longer));
        }
    }

    fn wrote(&self) {
        if self.waiting.get() == Waiting::Send {
            self.wait(Waiting::Nothing);
        }
    }

    /// Everything written so far has gone to the kernel.
    fn flushed(&self) {
        if self.connection.handed_over.replace(false) {
            self.answering.set(false);
            self.wait(if self.has_begun() { Waiting::Head } else { Waiting::Next });
        }
    }
}

/// The socket with its watch.
pub struct Io {
    /// The socket.
    pub socket: Socket,
    /// Read before, and not yet given on.
    begun: Bytes,
    watch: Rc<Watch>,
}

thread_local! {
    /// Where the worker puts the pieces of a small answer together.
    static FLAT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Io {
    /// Puts the two together; `begun` was read from the socket before.
    pub fn new(socket: Socket, begun: Bytes, watch: &Rc<Watch>) -> Self {
        Self { socket, begun, watch: Rc::clone(watch) }
    }
}

impl AsyncRead for Io {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let io = self.get_mut();
        let before = buffer.filled().len();
        if io.begun.is_empty() {
            // A body comes in large pieces, which go where they shall be at once.
            if io.watch.connection.unread.get() {
                ready!(Pin::new(&mut io.socket).poll_read(cx, buffer))?;
            } else {
                ready!(io.socket.poll_receive(cx, buffer.remaining(), |head| buffer.put_slice(head)))?;
            }
        } else {
            let begun = io.begun.split_to(io.begun.len().min(buffer.remaining()));
            buffer.put_slice(&begun);
        }
        let read = &buffer.filled()[before..];
        if !read.is_empty() {
            io.watch.read(read);
            if io.watch.connection.unclear.get() {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, UNCLEAR)));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let io = self.get_mut();
        if io.watch.swallows() {
            return Poll::Ready(Ok(bytes.len()));
        }
        let polled = io.socket.poll_send(cx, bytes);
        io.note(&polled, cx);
        polled
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let io = self.get_mut();
        if io.watch.swallows() {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        let whole: usize = slices.iter().map(|slice| slice.len()).sum();
        let polled = if whole <= limits::FLATTEN {
            FLAT.with_borrow_mut(|flat| {
                flat.clear();
                for slice in slices {
                    flat.extend_from_slice(slice);
                }
                io.socket.poll_send(cx, flat)
            })
        } else {
            Pin::new(&mut io.socket).poll_write_vectored(cx, slices)
        };
        io.note(&polled, cx);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// hyper calls this after every poll, also when there is nothing to flush.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.watch.flushed();
        self.look(cx);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // How the connection ends is decided when hyper is done with it.
        Poll::Ready(Ok(()))
    }
}

impl Io {
    fn note(&self, polled: &Poll<io::Result<usize>>, cx: &mut Context<'_>) {
        match polled {
            Poll::Pending => {
                self.watch.blocked(cx, || Some(self.socket.tcp_info()?.acked));
                self.look(cx);
            }
            Poll::Ready(_) => self.watch.wrote(),
        }
    }

    /// Looks whether the client has left a request that is under way. The server would read for that, which costs every
    /// request a buffer; this asks only what the event loop knows. With a part of the body still to come the server reads
    /// as soon as somebody wants more of it, and an end is that body's, unless the request waits its turn.
    fn look(&self, cx: &mut Context<'_>) {
        let watch = &self.watch;
        if !watch.answering.get() || watch.half_close {
            return;
        }
        let left = if watch.body_has_come() {
            match self.socket.poll_end(cx) {
                Poll::Ready(Ok(())) => !watch.has_another(),
                Poll::Ready(Err(_)) => true,
                Poll::Pending => false,
            }
        } else {
            watch.connection.watched.get() && self.socket.has_ended(cx)
        };
        if left {
            watch.connection.left.set(true);
        }
    }
}

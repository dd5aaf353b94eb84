//! A connected stream socket, TCP or Unix, as both sides of the gateway use it.
//!
//! Small pieces are received and sent with the kernel's own calls, by `rustix`: the C library's are cancellation points,
//! for which every call in a process with threads pays, and nobody here cancels threads.

mod kernel;
mod progress;

use std::{
    cell::RefCell,
    future::Future,
    io::{self, IoSlice},
    net::SocketAddr,
    os::fd::AsFd,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use rustix::{
    io::retry_on_intr,
    net::{RecvFlags, SendFlags, recv, send},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::{TcpStream, UnixStream},
};

pub use self::{kernel::TcpInfo, progress::Progress};
use crate::limits;

/// A connected stream.
#[derive(Debug)]
pub enum Socket {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a Unix socket.
    Unix(UnixStream),
}

thread_local! {
    /// Where the worker receives small pieces: it stays in the processor's cache.
    static SCRATCH: RefCell<Box<[u8; limits::SCRATCH]>> = RefCell::new(Box::new([0; limits::SCRATCH]));
}

impl Socket {
    /// Its addresses, ours and the peer's; none on a Unix socket.
    #[must_use]
    pub fn ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        match self {
            Self::Tcp(stream) => Some((stream.local_addr().ok()?, stream.peer_addr().ok()?)),
            Self::Unix(_) => None,
        }
    }

    /// Receives up to `most` bytes, `limits::SCRATCH` if that is less, and gives them to `take`; none are the end. `take`
    /// receives nothing itself.
    ///
    /// # Errors
    /// The socket's.
    pub fn poll_receive<T>(
        &self,
        cx: &mut Context<'_>,
        most: usize,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Poll<io::Result<T>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let most = most.min(scratch.len());
            let buffer = &mut scratch[..most];
            let received = match self {
                Self::Tcp(stream) => poll_recv(stream, cx, buffer),
                Self::Unix(stream) => poll_recv(stream, cx, buffer),
            };
            received.map_ok(|received| take(&scratch[..received]))
        })
    }

    /// Sends some of `bytes`.
    ///
    /// # Errors
    /// The socket's.
    pub fn poll_send(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => poll_send(stream, cx, bytes),
            Self::Unix(stream) => poll_send(stream, cx, bytes),
        }
    }

    /// Reads what is there and waits for nothing.
    ///
    /// # Errors
    /// The socket's; `WouldBlock` when nothing is there, for which the kernel is hardly ever asked.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_read(buffer),
            Self::Unix(stream) => stream.try_read(buffer),
        }
    }

    /// Ready when there is something to read, the end included.
    ///
    /// # Errors
    /// The runtime's, when it ends.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_read_ready(cx),
            Self::Unix(stream) => stream.poll_read_ready(cx),
        }
    }

    /// Ready when the peer has ended the connection and nothing is left to read. Reads nothing.
    ///
    /// # Errors
    /// The connection did not end in order: nothing can be sent either.
    pub fn poll_end(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => poll_end(stream, cx),
            Self::Unix(stream) => poll_end(stream, cx),
        }
    }

    /// Whether the peer has ended the connection, also behind bytes that nobody has read yet.
    pub fn has_ended(&self, cx: &mut Context<'_>) -> bool {
        let ready = match self {
            Self::Tcp(stream) => pin!(stream.ready(Interest::READABLE)).poll(cx),
            Self::Unix(stream) => pin!(stream.ready(Interest::READABLE)).poll(cx),
        };
        matches!(ready, Poll::Ready(Ok(ready)) if ready.is_read_closed())
    }

    /// What the kernel knows of the connection; `None` where it does not run over TCP.
    #[must_use]
    pub fn tcp_info(&self) -> Option<TcpInfo> {
        match self {
            Self::Tcp(stream) => kernel::tcp_info(stream),
            Self::Unix(_) => None,
        }
    }

    /// Makes the coming close a reset: the peer sees that what it got is not whole.
    pub fn reset_on_close(&self) {
        if let Self::Tcp(stream) = self {
            // Where it does not work the connection ends in order, which is what it would do anyway.
            let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }
}

/// What the event loop offers of either kind of socket.
trait Ready: AsFd {
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    fn try_io(&self, interest: Interest, call: impl FnOnce() -> io::Result<()>) -> io::Result<()>;
}

macro_rules! ready_by_its_own_methods {
    ($($stream:ty),+) => {$(
        impl Ready for $stream {
            fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.poll_read_ready(cx)
            }

            fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.poll_write_ready(cx)
            }

            fn try_io(&self, interest: Interest, call: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
                self.try_io(interest, call)
            }
        }
    )+};
}

ready_by_its_own_methods!(TcpStream, UnixStream);

fn poll_recv(stream: &impl Ready, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
    loop {
        ready!(stream.poll_read_ready(cx))?;
        let most = buffer.len();
        let call = || retry_on_intr(|| recv(stream, &mut *buffer, RecvFlags::empty())).map(|(received, _)| received);
        if let Some(received) = transfer(stream, Interest::READABLE, most, call) {
            return Poll::Ready(received);
        }
    }
}

fn poll_send(stream: &impl Ready, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
    loop {
        let call = || retry_on_intr(|| send(stream, bytes, SendFlags::NOSIGNAL));
        if let Some(sent) = transfer(stream, Interest::WRITABLE, bytes.len(), call) {
            return Poll::Ready(sent);
        }
        // Asked for afterwards: there is nearly always room. That a task lets others run is seen to where it reads.
        ready!(stream.poll_write_ready(cx))?;
    }
}

fn poll_end(stream: &impl Ready, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    loop {
        ready!(stream.poll_read_ready(cx))?;
        // The event loop may have said so without having heard of it: nobody has asked the kernel yet.
        let mut first = [0];
        let call = || retry_on_intr(|| recv(stream, &mut first, RecvFlags::PEEK)).map(|(received, _)| received);
        match transfer(stream, Interest::READABLE, 1, call) {
            Some(Ok(1..)) => return Poll::Pending,
            Some(ended) => return Poll::Ready(ended.map(drop)),
            None => {}
        }
    }
}

/// Carries out `call`, which moves up to `most` bytes; `None` when the socket was not ready after all.
///
/// One that moved less than that has emptied or filled the socket, and the event loop is told that it is no longer
/// ready, as tokio's own reading and writing do: the next call waits for news and does not ask the kernel in vain.
fn transfer(
    stream: &impl Ready,
    interest: Interest,
    most: usize,
    call: impl FnOnce() -> rustix::io::Result<usize>,
) -> Option<io::Result<usize>> {
    let mut moved = None;
    let tried = stream.try_io(interest, || {
        let count = call()?;
        moved = Some(count);
        if count > 0 && count < most { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
    });
    match (moved, tried) {
        (Some(count), _) => Some(Ok(count)),
        (None, Err(error)) if error.kind() != io::ErrorKind::WouldBlock => Some(Err(error)),
        (None, _) => None,
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_send(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What was sent is the kernel's.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests;

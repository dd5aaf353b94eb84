//! A connection to an HTTP/1 upstream: its socket, what was read and not yet used, how often it served.
//! The pool keeps it between exchanges; an exchange owns it while it lasts.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::BytesMut;
use tokio::io::AsyncWrite;
use tokio_util::io::poll_read_buf;

use crate::{limits, upstream::connect::Wire};

/// An open connection.
pub struct Connection {
    wire: Wire,
    /// Read and not yet used.
    pub buffer: BytesMut,
    /// Exchanges it has served to their end.
    pub served: u64,
    /// Whether a large body is being read.
    pub streams: bool,
}

/// What an idle connection looks like.
#[derive(Debug, PartialEq, Eq)]
pub enum Idle {
    /// Open and silent: it may be used.
    Clean,
    /// The peer closed it.
    Closed,
    /// The peer sent bytes that belong to no request.
    Stray,
}

impl Connection {
    /// A fresh connection.
    #[must_use]
    pub fn new(wire: Wire) -> Self {
        Self { wire, buffer: BytesMut::new(), served: 0, streams: false }
    }

    /// Looks at an idle connection. Costs a system call only when the kernel has reported something on it.
    pub fn look(&mut self) -> Idle {
        if !self.buffer.is_empty() {
            return Idle::Stray;
        }
        match self.poll_read(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => Idle::Clean,
            Poll::Ready(Ok(0) | Err(_)) => Idle::Closed,
            Poll::Ready(Ok(_)) => Idle::Stray,
        }
    }

    /// Whether the stray bytes are a 408, which some servers send before they close an idle connection.
    #[must_use]
    pub fn says_goodbye(&self) -> bool {
        self.buffer.starts_with(b"HTTP/1.1 408") || self.buffer.starts_with(b"HTTP/1.0 408")
    }

    /// Reads what is there into the buffer; 0 is the end.
    ///
    /// # Errors
    /// The socket's.
    pub fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.buffer.capacity() - self.buffer.len() < limits::READ_SPARE {
            self.buffer.reserve(if self.streams { limits::READ_BUFFER } else { limits::READ_FIRST });
        }
        poll_read_buf(Pin::new(&mut self.wire), cx, &mut self.buffer)
    }

    /// Makes room for `bytes` more, so that one read can take them all.
    pub fn make_room(&mut self, bytes: usize) {
        self.buffer.reserve(bytes.min(limits::READ_BUFFER));
    }

    /// Writes some of `first`, and of `second` behind it.
    ///
    /// # Errors
    /// The socket's.
    pub fn poll_write(&mut self, cx: &mut Context<'_>, first: &[u8], second: &[u8]) -> Poll<io::Result<usize>> {
        let wire = Pin::new(&mut self.wire);
        match (first.is_empty(), second.is_empty()) {
            (_, true) => wire.poll_write(cx, first),
            (true, false) => wire.poll_write(cx, second),
            (false, false) => wire.poll_write_vectored(cx, &[io::IoSlice::new(first), io::IoSlice::new(second)]),
        }
    }
}

//! A connection to an HTTP/1 upstream: its socket, what was read and not yet used, how often it served.
//! The pool keeps it between exchanges; an exchange owns it while it lasts.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use tokio::io::AsyncWrite;
use tokio_util::io::poll_read_buf;

use crate::{
    limits,
    socket::{Socket, TcpInfo},
    upstream::keeping::Stretch,
};

/// An open connection.
pub struct Connection {
    socket: Socket,
    /// Read and not yet used.
    pub buffer: BytesMut,
    /// Exchanges it has served to their end.
    pub served: u64,
    /// Whether a large body is being read.
    pub streams: bool,
    /// The address of its far end, where that was looked up by name.
    pub leads_to: Option<SocketAddr>,
    /// Whether the last answer was too large for the worker's scratch buffer.
    large: bool,
    /// Bytes written in all exchanges.
    written: u64,
    /// Whether it leads to a loopback address, over TCP.
    local: bool,
    /// How long it had been idle when it was taken, and how much of that it was last seen open.
    pub idle: Option<Stretch>,
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
    /// A fresh connection. Boxed, because it goes from hand to hand.
    #[must_use]
    pub fn new(socket: Socket) -> Box<Self> {
        let local = matches!(&socket, Socket::Tcp(stream) if stream.peer_addr().is_ok_and(is_loopback));
        Box::new(Self {
            socket,
            local,
            buffer: BytesMut::new(),
            served: 0,
            streams: false,
            leads_to: None,
            large: false,
            written: 0,
            idle: None,
        })
    }

    /// A fresh connection to `address`, which was looked up by name.
    #[must_use]
    pub fn to(address: SocketAddr, socket: Socket) -> Box<Self> {
        let mut connection = Self::new(socket);
        connection.leads_to = Some(address);
        connection
    }

    /// Whether the kernel at its far end is this one, as far as an address tells: TCP to a loopback address.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// Bytes written since it was opened.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// What the kernel knows of it; `None` where it does not run over TCP.
    #[must_use]
    pub fn tcp_info(&self) -> Option<TcpInfo> {
        self.socket.tcp_info()
    }

    /// The error that the kernel keeps for who asks next.
    #[must_use]
    pub fn take_error(&self) -> Option<io::Error> {
        match &self.socket {
            Socket::Tcp(stream) => stream.take_error().ok()?,
            Socket::Unix(stream) => stream.take_error().ok()?,
        }
    }

    /// Looks at an idle connection. Costs a system call only when the kernel has reported something on it.
    pub fn look(&mut self) -> Idle {
        if !self.buffer.is_empty() {
            return Idle::Stray;
        }
        // Nobody is to be woken, so no waker is left behind.
        let mut stray = [0; limits::STRAY_BYTES];
        match self.socket.try_read(&mut stray) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Idle::Clean,
            Ok(0) | Err(_) => Idle::Closed,
            Ok(read) => {
                self.buffer = BytesMut::from(&stray[..read]);
                Idle::Stray
            }
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
        if !self.large && self.buffer.is_empty() {
            return self.poll_read_small(cx);
        }
        if self.buffer.capacity() - self.buffer.len() < limits::READ_SPARE {
            // Memory is for what has come, not for what is waited for.
            ready!(self.socket.poll_read_ready(cx))?;
            self.buffer.reserve(if self.streams { limits::READ_BUFFER } else { limits::READ_FIRST });
        }
        poll_read_buf(Pin::new(&mut self.socket), cx, &mut self.buffer)
    }

    /// Reads by way of the worker's scratch buffer, which stays in the processor's cache: a small answer then costs memory
    /// of its own size and no more.
    fn poll_read_small(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Self { socket, buffer, large, .. } = self;
        socket.poll_receive(cx, limits::READ_SMALL, |received| {
            *buffer = BytesMut::from(received);
            *large = received.len() == limits::READ_SMALL;
            received.len()
        })
    }

    /// An answer of `bytes` is complete, and the next one will be much like it.
    pub fn served(&mut self, bytes: u64) {
        self.served += 1;
        self.streams = false;
        // An idle connection holds no memory, and the next answer is not squeezed into what this one has left over.
        self.buffer = BytesMut::new();
        self.large = bytes >= limits::READ_SMALL as u64;
    }

    /// Makes room for `bytes` more, so that one read can take them all.
    pub fn make_room(&mut self, bytes: usize) {
        self.large |= bytes >= limits::READ_SMALL;
        self.buffer.reserve(bytes.min(limits::READ_BUFFER));
    }

    /// Writes some of `first`, and of `second` behind it.
    ///
    /// # Errors
    /// The socket's.
    pub fn poll_write(&mut self, cx: &mut Context<'_>, first: &[u8], second: &[u8]) -> Poll<io::Result<usize>> {
        let socket = &mut self.socket;
        let written = ready!(match (first.is_empty(), second.is_empty()) {
            (_, true) => socket.poll_send(cx, first),
            (true, false) => socket.poll_send(cx, second),
            (false, false) => {
                Pin::new(socket).poll_write_vectored(cx, &[io::IoSlice::new(first), io::IoSlice::new(second)])
            }
        })?;
        self.written += written as u64;
        Poll::Ready(Ok(written))
    }
}

/// Whether `address` is this machine's own, one of IPv4 in the form of IPv6 included.
fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_addresses_are_known_in_every_form() {
        let rows = [
            ("127.0.0.1:80", true),
            ("127.9.0.1:80", true),
            ("[::1]:80", true),
            ("[::ffff:127.0.0.1]:80", true),
            ("10.0.0.1:80", false),
            ("[::ffff:10.0.0.1]:80", false),
            ("[fe80::1]:80", false),
        ];
        for (address, expected) in rows {
            assert_eq!(is_loopback(address.parse().unwrap()), expected, "{address}");
        }
    }
}

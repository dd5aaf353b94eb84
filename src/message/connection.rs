//! What the parts of a request's way know of the client's connection, and tell each other about it.
//! Made by the listener; the record of every request on the connection points to it.

use std::{
    cell::Cell,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use crate::failure::Cause;

/// The client's connection.
#[derive(Debug)]
pub struct Connection {
    /// Who is at the other end. `None` on a Unix socket.
    pub peer: Option<IpAddr>,
    /// Its addresses, ours and the peer's, where an upstream wants to be told of both. `None` on a Unix socket.
    pub ends: Option<(SocketAddr, SocketAddr)>,
    /// `http`, or `https` where the connection is encrypted.
    pub scheme: &'static str,
    /// Whether a part of the current request's body is still to be read.
    pub unread: Cell<bool>,
    /// Whether the current answer has been handed to the HTTP server as a whole.
    pub handed_over: Cell<bool>,
    /// Whether the current answer is delimited by the connection's end, so that only a reset can show a broken one.
    pub until_close: Cell<bool>,
    /// Why the gateway ended the connection; `None` while it did not, so that an early end means that the client left.
    pub ended: Cell<Option<Cause>>,
    /// Whether the gateway is stopping, so that nobody may be idle for long.
    pub draining: Cell<bool>,
    /// Whether the next answer is the last on this connection.
    pub last: Cell<bool>,
    /// Whether the body of the current request can be read in two ways.
    pub unclear: Cell<bool>,
    /// Bytes that have still to come of what the client has announced: of a body, or of its chunk.
    pub announced: Cell<u64>,
    /// Whether a request waits its turn here with a body that nobody reads: then the listener looks whether the client
    /// has left.
    pub watched: Cell<bool>,
    /// Whether it has.
    pub left: Cell<bool>,
    /// Longest pause between two reads of a request body.
    pub body_timeout: Duration,
}

impl Connection {
    /// A connection that was just accepted. `body_timeout` is the longest pause within a request body.
    #[must_use]
    pub fn new(peer: Option<IpAddr>, body_timeout: Duration) -> Self {
        Self {
            peer,
            ends: None,
            scheme: "http",
            unread: Cell::new(false),
            handed_over: Cell::new(false),
            until_close: Cell::new(false),
            ended: Cell::new(None),
            draining: Cell::new(false),
            last: Cell::new(false),
            unclear: Cell::new(false),
            announced: Cell::new(0),
            watched: Cell::new(false),
            left: Cell::new(false),
            body_timeout,
        }
    }

    /// The answer is the gateway's own, and nobody will read the rest of the request: nothing else can follow it.
    pub fn ends_if_unread(&self) {
        if self.unread.get() {
            self.last.set(true);
        }
    }
}

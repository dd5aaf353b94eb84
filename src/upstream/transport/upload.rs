//! Sends a request: head and small body in one write (unless the head is witnessed), then the body as the client sends it.
//! Polled by the exchange beside its reads; what a broken write means is for the exchange to say.

use std::{
    io::{self, Write as _},
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use rustix::io::Errno;

use super::{
    connection::Connection,
    witness::{Watch, Witness},
};
use crate::upstream::transport::fastcgi::record::{self, CONTENT, STDIN_END};
use crate::{
    failure::Result,
    limits,
    message::Length,
    upstream::{delivery::Delivery, replay::Replay},
};

/// A request being sent.
pub struct Upload {
    replay: Box<Replay>,
    /// Gathered and not yet written: the head, small pieces, chunk framing.
    gathered: Vec<u8>,
    /// How much of `gathered` was written.
    at: usize,
    /// A large piece, written behind `gathered`.
    large: Bytes,
    /// What must follow `large`.
    behind: &'static [u8],
    /// What did not fit into one record with `large`.
    rest: Bytes,
    coding: Coding,
    /// What the body waits for here.
    held: Option<Held>,
    /// What the sending of the head tells of its reading.
    witness: Witness,
    /// Over a head that has not been acknowledged, while the body is held back for it.
    pub(super) watch: Option<Box<Watch>>,
    /// Whether everything has been gathered.
    complete: bool,
    /// Body bytes gathered so far.
    bytes: u64,
    /// The error that ended the writing.
    broken: Option<io::Error>,
    /// Whether the client's body broke: then nothing more is sent, above all nothing that would end the body well.
    failed: bool,
    /// Whether anything moved since the last look.
    moved: bool,
}

/// What holds a body back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// The upstream thinks about `Expect: 100-continue`.
    Word,
    /// The head has not been acknowledged.
    Witness,
}

/// How the body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// As it is; its length stands in the head.
    Plain,
    /// In chunks (RFC 9112 section 7.1).
    Chunked,
    /// In records of FastCGI.
    Records,
}

/// What an upload waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// Nothing: it is done.
    Done,
    /// The upstream, to take more.
    Upstream,
    /// The client, to send more.
    Client,
    /// The upstream's word after `Expect: 100-continue`.
    Word,
    /// The upstream's kernel, to acknowledge the head.
    Witness,
    /// Nothing: a write failed or the body broke, and nothing more will be sent.
    Broken,
}

impl Upload {
    /// `head` and the body behind it. `expects` holds the body back until [`Upload::open`], and so does `witnessed`, for
    /// which the head goes out in two writes. With `records` the body is sent in records of FastCGI; the end of one that
    /// is empty is part of the head.
    #[must_use]
    pub fn new(head: Vec<u8>, replay: Box<Replay>, (expects, witnessed): (bool, bool), records: bool) -> Self {
        let coding = match replay.length() {
            _ if records => Coding::Records,
            Length::Unknown => Coding::Chunked,
            Length::None | Length::Exact(_) => Coding::Plain,
        };
        let complete = replay.is_end() && coding != Coding::Chunked;
        let held = match (expects && !replay.is_end(), witnessed && !complete) {
            (true, _) => Some(Held::Word),
            (false, true) => Some(Held::Witness),
            (false, false) => None,
        };
        Self {
            complete,
            held,
            witness: if witnessed { Witness::of(head.len()) } else { Witness::Nothing },
            watch: None,
            replay,
            gathered: head,
            at: 0,
            large: Bytes::new(),
            behind: b"",
            rest: Bytes::new(),
            coding,
            bytes: 0,
            broken: None,
            failed: false,
            moved: false,
        }
    }

    /// Lets the body go.
    pub fn open(&mut self) {
        (self.held, self.watch) = (None, None);
    }

    /// Whether the body may be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.held.is_none()
    }

    /// What the sending of the head tells.
    pub(super) fn witness(&self) -> Witness {
        self.witness
    }

    /// Whether the body waits for the head to be acknowledged.
    #[must_use]
    pub(super) fn is_watched(&self) -> bool {
        self.held == Some(Held::Witness)
    }

    /// Whether the body waits for the upstream to ask for it.
    #[must_use]
    pub(super) fn is_asked(&self) -> bool {
        self.held == Some(Held::Word)
    }

    /// Whether anything moved since the last call.
    pub fn moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// Whether nothing more will be sent, though not all of it was.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.failed || self.broken.is_some()
    }

    /// The error that ended the writing.
    #[must_use]
    pub fn error(&self) -> Option<&io::Error> {
        self.broken.as_ref()
    }

    /// The reset that ended the writing, where one did: the kernel tells it only once, and the reads behind it get what
    /// looks like an end in order.
    #[must_use]
    pub fn reset(&self) -> Option<io::Error> {
        let errno = self.broken.as_ref().and_then(Errno::from_io_error);
        errno.filter(|errno| *errno == Errno::CONNRESET).map(io::Error::from)
    }

    /// Whether all of it was written.
    #[must_use]
    pub fn is_done(&self) -> bool {
        !self.failed && self.complete && self.gathered.is_empty() && self.large.is_empty()
    }

    /// Whether it broke off before its end. A body that would have left with its head in one write, had the head not been
    /// witnessed, is as good as written.
    #[must_use]
    pub(super) fn is_partial(&self) -> bool {
        let small = |bytes| bytes <= limits::WRITE_GATHER as u64;
        let one_write = match (self.held, self.replay.length()) {
            (None, _) => self.complete && small(self.bytes),
            (Some(_), Length::None) => true,
            (Some(_), Length::Exact(length)) => small(length),
            (Some(_), Length::Unknown) => false,
        };
        !self.is_done() && !one_write
    }

    /// The body, for another attempt.
    #[must_use]
    pub fn into_replay(self) -> Box<Replay> {
        self.replay
    }

    /// The body.
    #[must_use]
    pub fn replay(&self) -> &Replay {
        &self.replay
    }

    /// Sends what can be sent now.
    ///
    /// # Errors
    /// The client's own failures: its body broke, is too large or too slow. The upload is broken from then on.
    pub fn poll(&mut self, connection: &mut Connection, delivery: &Delivery, cx: &mut Context<'_>) -> Result<Waits> {
        if self.broken.is_some() || self.failed {
            return Ok(Waits::Broken);
        }
        if self.is_done() {
            return Ok(Waits::Done);
        }
        loop {
            if let Err(failure) = self.gather(cx) {
                self.failed = true;
                return Err(failure);
            }
            if self.gathered.is_empty() && self.large.is_empty() {
                return Ok(match (self.complete, self.held) {
                    (true, _) => Waits::Done,
                    (false, None) => Waits::Client,
                    (false, Some(Held::Word)) => Waits::Word,
                    (false, Some(Held::Witness)) => Waits::Witness,
                });
            }
            let end = self.witness.end(self.gathered.len());
            match connection.poll_write(cx, &self.gathered[self.at..end], &self.large) {
                Poll::Pending => return Ok(Waits::Upstream),
                Poll::Ready(Ok(0)) => self.broken = Some(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => {
                    self.replay.commit();
                    if self.witness.is_writing() {
                        self.witness = self.witness.wrote(written, connection.written(), || connection.tcp_info());
                    }
                    self.advance(written);
                    delivery.written.set(delivery.written.get() + written as u64);
                }
                Poll::Ready(Err(error)) => self.broken = Some(error),
            }
            if self.broken.is_some() {
                return Ok(Waits::Broken);
            }
            if self.large.is_empty() {
                self.gathered.extend_from_slice(std::mem::take(&mut self.behind));
            }
        }
    }

    fn advance(&mut self, written: usize) {
        self.moved = true;
        let front = written.min(self.gathered.len() - self.at);
        self.at += front;
        self.large.advance(written - front);
        if self.at == self.gathered.len() {
            self.gathered.clear();
            self.at = 0;
        }
    }

    /// Takes pieces of the body until enough are here for one write, or none is left.
    fn gather(&mut self, cx: &mut Context<'_>) -> Result<()> {
        while self.held.is_none()
            && !self.complete
            && self.large.is_empty()
            && self.gathered.len() < limits::WRITE_GATHER
        {
            if !self.rest.is_empty() {
                let rest = std::mem::take(&mut self.rest);
                self.data(rest);
                continue;
            }
            match self.replay.poll_frame(cx) {
                Poll::Pending => break,
                Poll::Ready(None) => self.finish(None)?,
                Poll::Ready(Some(Err(failure))) => return Err(failure),
                Poll::Ready(Some(Ok(frame))) => {
                    self.moved = true;
                    match frame.into_data() {
                        Ok(data) => self.data(data),
                        Err(frame) => self.finish(frame.into_trailers().ok())?,
                    }
                }
            }
        }
        Ok(())
    }

    fn data(&mut self, mut data: Bytes) {
        if data.is_empty() {
            return;
        }
        if self.coding == Coding::Records && data.len() > CONTENT {
            self.rest = data.split_off(CONTENT);
        }
        self.bytes += data.len() as u64;
        if let Length::Exact(length) = self.replay.length() {
            self.complete = self.bytes == length;
        }
        let behind: &[u8] = match self.coding {
            Coding::Plain => b"",
            Coding::Chunked => {
                // Writing to memory cannot fail.
                let _ = write!(self.gathered, "{:x}\r\n", data.len());
                b"\r\n"
            }
            Coding::Records => {
                self.gathered.extend_from_slice(&record::header(record::kind::STDIN, data.len()));
                if self.complete { &STDIN_END } else { b"" }
            }
        };
        if data.len() <= limits::WRITE_COPY {
            self.gathered.extend_from_slice(&data);
            self.gathered.extend_from_slice(behind);
        } else {
            self.large = data;
            self.behind = behind;
        }
    }

    /// The body has ended. One that promised more is never ended well towards the upstream (RFC 9112 section 8).
    fn finish(&mut self, trailers: Option<HeaderMap>) -> Result<()> {
        if let Length::Exact(length) = self.replay.length()
            && self.bytes != length
        {
            return Err(self.replay.body().cut_short());
        }
        self.complete = true;
        if self.coding != Coding::Chunked {
            return Ok(());
        }
        self.gathered.extend_from_slice(b"0\r\n");
        for (name, value) in trailers.iter().flatten() {
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                self.gathered.extend_from_slice(part);
            }
        }
        self.gathered.extend_from_slice(b"\r\n");
        Ok(())
    }
}

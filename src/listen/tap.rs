//! Keeps the bytes of the request head that is being read, as evidence for the moment it turns out not to be one.
//! The HTTP server parses; this only looks on, and costs one copy of each head.

mod chunks;

use http::{HeaderMap, HeaderName, HeaderValue};

use self::chunks::Chunks;
use crate::{limits, message::Length};

/// The bytes since the last whole request, and until the next read those of the one before.
#[derive(Debug, Default)]
pub struct Tap {
    bytes: Vec<u8>,
    /// How many of `bytes` belong to heads that were understood.
    done: usize,
    /// Heads behind those that were understood too.
    heads: usize,
    /// Whether not all was kept of a read. From then on nobody can tell where a head begins.
    cut: bool,
    /// The body that is passing, which is not kept.
    body: Passing,
}

/// How much of a body is still to come.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Passing {
    /// Nothing.
    #[default]
    Nothing,
    /// So many bytes; what comes behind them is a head.
    Bytes(u64),
    /// As chunks say; the same.
    Chunks(Chunks),
    /// Until the server says that it is over: more came with its head than was kept.
    Unknown,
}

impl Tap {
    /// Bytes came from the client.
    pub fn read(&mut self, bytes: &[u8]) {
        let bytes = match &mut self.body {
            Passing::Unknown => return,
            Passing::Chunks(chunks) => chunks.pass(bytes),
            Passing::Bytes(left) => {
                let of_body = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= of_body as u64;
                &bytes[of_body..]
            }
            Passing::Nothing => bytes,
        };
        self.settle();
        self.bytes.drain(..std::mem::take(&mut self.done));
        let room = limits::TAP_BYTES.saturating_sub(self.bytes.len());
        self.cut |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The server understood a head; `length` says what body follows it.
    pub fn head(&mut self, length: Length) {
        self.heads += 1;
        match length {
            Length::Exact(1..) | Length::Unknown if self.cut => {
                self.bytes.clear();
                (self.done, self.heads) = (0, 0);
                self.body = Passing::Unknown;
            }
            Length::None | Length::Exact(0) => {}
            Length::Exact(length) => {
                self.settle();
                let here = usize::try_from(length).unwrap_or(usize::MAX).min(self.bytes.len() - self.done);
                self.done += here;
                self.body = Passing::Bytes(length - here as u64);
            }
            Length::Unknown => {
                self.settle();
                let mut chunks = Chunks::START;
                let behind = chunks.pass(&self.bytes[self.done..]).len();
                self.done = self.bytes.len() - behind;
                self.body = Passing::Chunks(chunks);
            }
        }
    }

    /// The body that passed is over.
    pub fn body_ended(&mut self) {
        self.body = Passing::Nothing;
    }

    /// Whether all of the last request's body has come from the client.
    pub fn body_has_come(&self) -> bool {
        matches!(self.body, Passing::Nothing | Passing::Bytes(0) | Passing::Chunks(Chunks::Over))
    }

    /// Whether the passing body can be read in two ways.
    pub fn is_unclear(&self) -> bool {
        self.body == Passing::Chunks(Chunks::Unclear)
    }

    /// Whether more came at once than is kept, so that nothing can be told for sure of what follows.
    pub fn is_lost(&self) -> bool {
        self.cut
    }

    /// Bytes that have still to come of what the client has announced: the body, or its chunk.
    pub fn announced(&self) -> u64 {
        match self.body {
            Passing::Bytes(left) => left,
            Passing::Chunks(chunks) => chunks.announced(),
            Passing::Nothing | Passing::Unknown => 0,
        }
    }

    /// The start of a head that is not understood yet; empty between requests.
    pub fn unread(&mut self) -> &[u8] {
        self.settle();
        &self.bytes[self.done..]
    }

    /// Whether a whole head is there that is not understood yet.
    pub fn has_another(&mut self) -> bool {
        head_length(self.unread()).is_some()
    }

    /// Passes over the heads that were understood.
    fn settle(&mut self) {
        while self.heads > 0 {
            self.heads -= 1;
            let rest = &self.bytes[self.done..];
            self.done += head_length(rest).unwrap_or(rest.len());
        }
    }
}

/// Bytes of the head at the front of `bytes`, empty lines before it included, which are skipped (RFC 9112 section 2.2);
/// `None` while it has no end.
fn head_length(bytes: &[u8]) -> Option<usize> {
    let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let rest = &bytes[blank..];
    let end = memchr::memchr_iter(b'\n', rest).find_map(|at| match rest[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    });
    end.map(|end| blank + end)
}

/// What can be understood of a head that is none as a whole: its fields up to the first bad line.
#[must_use]
pub fn fields(head: &[u8]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let (name, value) = line.split_at(colon);
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value[1..].trim_ascii()))
            && fields.len() < limits::HEADERS
        {
            fields.append(name, value);
        }
    }
    fields
}

#[cfg(test)]
mod tests;

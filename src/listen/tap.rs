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
    /// Whether not all was kept of the last read.
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
        self.cut = bytes.len() > room;
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

    /// The start of a head that is not understood yet; empty between requests.
    pub fn unread(&mut self) -> &[u8] {
        self.settle();
        &self.bytes[self.done..]
    }

    /// Passes over the heads that were understood.
    fn settle(&mut self) {
        while self.heads > 0 {
            self.heads -= 1;
            // Empty lines in front of a head are skipped (RFC 9112 section 2.2).
            let blank = self.bytes[self.done..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.done += blank;
            let rest = &self.bytes[self.done..];
            let end = memchr::memchr_iter(b'\n', rest).find_map(|at| match rest[at + 1..] {
                [b'\n', ..] => Some(at + 2),
                [b'\r', b'\n', ..] => Some(at + 3),
                _ => None,
            });
            self.done += end.unwrap_or(rest.len());
        }
    }
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
mod tests {
    use super::*;

    #[test]
    fn only_what_was_not_understood_is_left() {
        let mut tap = Tap::default();
        tap.read(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        tap.head(Length::None);
        assert_eq!(tap.unread(), b"");
        tap.read(b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nBAD");
        tap.head(Length::None);
        tap.head(Length::None);
        assert_eq!(tap.unread(), b"BAD");
        tap.read(b" LINE");
        assert_eq!(tap.unread(), b"BAD LINE");
    }

    #[test]
    fn bodies_are_not_kept() {
        for length in [Length::Exact(9), Length::Unknown] {
            let mut tap = Tap::default();
            tap.read(b"POST / HTTP/1.1\r\n\r\nsecret");
            tap.head(length);
            tap.read(b"too");
            tap.body_ended();
            assert_eq!(tap.unread(), b"");
            tap.read(b"GET");
            assert_eq!(tap.unread(), b"GET");
        }
    }

    #[test]
    fn what_comes_behind_a_body_of_known_length_is_a_head() {
        let mut tap = Tap::default();
        tap.read(b"POST / HTTP/1.1\r\n\r\n12345GE");
        tap.head(Length::Exact(5));
        assert_eq!(tap.unread(), b"GE");
        tap.read(b"T / HTTP/1.1\r\n\r\n");
        tap.head(Length::Exact(4));
        tap.read(b"1234POST");
        assert_eq!(tap.unread(), b"POST");
    }

    #[test]
    fn what_comes_behind_a_chunked_body_is_a_head() {
        let mut tap = Tap::default();
        tap.read(b"POST / HTTP/1.1\r\n\r\n3\r\na");
        tap.head(Length::Unknown);
        assert!(!tap.body_has_come());
        tap.read(b"bc\r\n0\r\n");
        assert!(!tap.body_has_come());
        tap.read(b"\r\nGET");
        assert!(tap.body_has_come());
        assert_eq!(tap.unread(), b"GET");
        tap.read(b" / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\n\r\n0\r\n\r\nBAD");
        tap.head(Length::None);
        tap.head(Length::Unknown);
        assert!(tap.body_has_come());
        assert_eq!(tap.unread(), b"BAD");
    }

    #[test]
    fn empty_lines_before_a_head_are_no_head() {
        let mut tap = Tap::default();
        tap.read(b"\r\n\r\nGET / HTTP/1.1\r\n\r\n");
        tap.head(Length::None);
        assert_eq!(tap.unread(), b"");
    }

    #[test]
    fn a_body_whose_beginning_was_not_kept_is_over_when_the_server_says_so() {
        let mut tap = Tap::default();
        tap.read(&[b"POST / HTTP/1.1\r\n\r\n", vec![b'x'; limits::TAP_BYTES].as_slice()].concat());
        tap.head(Length::Exact(limits::TAP_BYTES as u64 + 1));
        tap.read(b"x");
        assert!(!tap.body_has_come());
        tap.body_ended();
        tap.read(b"GET");
        assert_eq!(tap.unread(), b"GET");
    }

    #[test]
    fn fields_are_read_as_far_as_they_make_sense() {
        let fields = fields(b"GET / HTTP/1.1\r\nAccept: text/html\r\nbad name: x\r\nAccept-Language: ru\r\n");
        assert_eq!(fields["accept"], "text/html");
        assert_eq!(fields["accept-language"], "ru");
        assert_eq!(fields.len(), 2);
    }
}

//! Records of FastCGI (its specification, sections 3 and 5): headers to write, and a reader that takes them apart; pure.
//! `answer` feeds it what has come and makes sense of the pieces.

use bytes::BytesMut;

use super::super::http1::head::{Fault, shown};
use crate::failure::Cause;

/// Bytes of a record's header.
pub const HEADER: usize = 8;
/// Most bytes of content that are written into one record: the most that 16 bits hold and 8 divides.
pub const CONTENT: usize = 0xfff8;
/// The header that ends a request's body.
pub const STDIN_END: [u8; HEADER] = header(kind::STDIN, 0);

/// The one request on a connection. Requests are never multiplexed.
const REQUEST: u16 = 1;
/// The one version there is.
const VERSION: u8 = 1;

/// What to do about an application that speaks FastCGI and breaks its rules.
pub const CONFUSED: &str = "The address is right, what came before was FastCGI: see what else writes to the application's \
                            socket, or update its FastCGI library.";

/// Types of records.
pub mod kind {
    /// Begins a request.
    pub const BEGIN: u8 = 1;
    /// Ends an answer.
    pub const END: u8 = 3;
    /// Parameters of a request.
    pub const PARAMS: u8 = 4;
    /// The body of a request.
    pub const STDIN: u8 = 5;
    /// The answer.
    pub const STDOUT: u8 = 6;
    /// Words for the log.
    pub const STDERR: u8 = 7;
    /// The last of those that only a client of FastCGI sends.
    pub const GET_VALUES: u8 = 9;
}

/// A record's header for `content` bytes, at most [`CONTENT`].
#[must_use]
pub const fn header(kind: u8, content: usize) -> [u8; HEADER] {
    let ([id_high, id_low], [.., high, low]) = (REQUEST.to_be_bytes(), content.to_be_bytes());
    [VERSION, kind, id_high, id_low, high, low, 0, 0]
}

/// The record that begins a request in the role of a responder. `keep` asks for the connection to stay open.
pub fn begin(keep: bool, into: &mut Vec<u8>) {
    const RESPONDER: u8 = 1;
    let content = [0, RESPONDER, u8::from(keep), 0, 0, 0, 0, 0];
    into.extend_from_slice(&header(kind::BEGIN, content.len()));
    into.extend_from_slice(&content);
}

/// The end of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// What the application says of itself; 0 is good.
    pub app: u32,
    /// What became of the request; 0 is served, 1 to 3 are refusals.
    pub protocol: u8,
}

/// A part of a record.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Of the answer.
    Stdout(BytesMut),
    /// Of the words for the log.
    Stderr(BytesMut),
    /// The answer has ended.
    End(Ended),
}

/// A reader between two reads.
#[derive(Debug, Default)]
pub struct Reader {
    state: State,
    /// Whether a header has been understood.
    understood: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a header.
    #[default]
    Header,
    /// Inside a record's content, so many bytes left, so much padding behind them.
    Content { kind: u8, left: usize, padding: usize },
    /// Inside padding.
    Padding(usize),
}

impl Reader {
    /// Whether anything that came was FastCGI.
    #[must_use]
    pub fn understood(&self) -> bool {
        self.understood
    }

    /// Whether no record is half read.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.state == State::Header
    }

    /// Takes the next piece off the front of `buffer`; `None` asks for more bytes. Contents are given on as they come,
    /// records of no interest and padding are dropped.
    ///
    /// # Errors
    /// What is no FastCGI, or a record that an application does not send.
    pub fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Piece>, Fault> {
        loop {
            match self.state {
                State::Header => {
                    if buffer.first().is_some_and(|version| *version != VERSION) {
                        return Err(self.fault(other_protocol(buffer)));
                    }
                    let Some(header) = buffer.first_chunk::<HEADER>() else { return Ok(None) };
                    self.state = self.read(*header)?;
                    self.understood = true;
                    let _ = buffer.split_to(HEADER);
                }
                State::Content { left: 0, padding, .. } => self.state = State::Padding(padding),
                State::Content { kind: kind::END, left, padding } => {
                    if buffer.len() < left {
                        return Ok(None);
                    }
                    let content = buffer.split_to(left);
                    self.state = State::Padding(padding);
                    let [a, b, c, d, protocol, ..] = content[..] else {
                        return Err(self.fault(format!("END_REQUEST has {left} bytes, it must have 8")));
                    };
                    return Ok(Some(Piece::End(Ended { app: u32::from_be_bytes([a, b, c, d]), protocol })));
                }
                State::Content { kind, left, padding } => {
                    if buffer.is_empty() {
                        return Ok(None);
                    }
                    let piece = buffer.split_to(left.min(buffer.len()));
                    self.state = State::Content { kind, left: left - piece.len(), padding };
                    match kind {
                        kind::STDOUT => return Ok(Some(Piece::Stdout(piece))),
                        kind::STDERR => return Ok(Some(Piece::Stderr(piece))),
                        _ => {}
                    }
                }
                State::Padding(0) => self.state = State::Header,
                State::Padding(left) => {
                    if buffer.is_empty() {
                        return Ok(None);
                    }
                    let dropped = buffer.split_to(left.min(buffer.len())).len();
                    self.state = State::Padding(left - dropped);
                }
            }
        }
    }

    /// What follows a header.
    fn read(&self, [_, kind, id_high, id_low, high, low, padding, _]: [u8; HEADER]) -> Result<State, Fault> {
        let id = u16::from_be_bytes([id_high, id_low]);
        let left = usize::from(u16::from_be_bytes([high, low]));
        let is_answer = matches!(kind, kind::STDOUT | kind::STDERR | kind::END);
        if is_answer && id != REQUEST {
            return Err(self.fault(format!("a record of type {kind} is for request {id}, there is only request 1")));
        }
        // Types that nobody knows yet may be dropped, those that only go the other way are a confusion.
        if !is_answer && kind <= kind::GET_VALUES {
            return Err(self.fault(format!("a record of type {kind} came, which an application never sends")));
        }
        if kind == kind::END && left < HEADER {
            return Err(self.fault(format!("END_REQUEST has {left} bytes, it must have 8")));
        }
        Ok(State::Content { kind, left, padding: usize::from(padding) })
    }

    fn fault(&self, evidence: String) -> Fault {
        let fault = Fault::new(Cause::FcgiProtocolError, evidence).in_protocol(self.understood);
        if self.understood { fault.next(CONFUSED) } else { fault }
    }
}

/// What begins with another byte than the version.
fn other_protocol(bytes: &[u8]) -> String {
    let what = match bytes {
        [b'H', ..] if bytes.starts_with(b"HTTP/") || b"HTTP/".starts_with(bytes) => "it speaks HTTP",
        [0x15 | 0x16] | [0x15 | 0x16, 0x03, ..] => "it speaks TLS",
        _ if bytes.starts_with(b"SSH-") => "it speaks SSH",
        [version, ..] => return format!("the answer is not FastCGI: a record of version {version}: {}", shown(bytes)),
        [] => "nothing came",
    };
    format!("the answer is not FastCGI, {what}: {}", shown(bytes))
}

#[cfg(test)]
mod tests;

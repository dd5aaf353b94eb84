//! Decodes a chunked body (RFC 9112 section 7.1), strictly and whatever way its bytes are split; pure.
//! The exchange feeds it what it has read; extensions are read and dropped.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use super::{
    fields,
    head::{Fault, shown},
};
use crate::{failure::Cause, limits};

/// A decoder between two reads.
#[derive(Debug, Default)]
pub struct Chunked {
    state: State,
    /// Decoded bytes of data so far, for evidence.
    decoded: u64,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a chunk-size line.
    #[default]
    Size,
    /// Inside a chunk, so many bytes left.
    Data(u64),
    /// Before the line end behind a chunk.
    DataEnd,
    /// Behind the last chunk.
    Trailers,
    /// Behind the empty line.
    Done,
}

/// What one step of decoding gives.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes of the body.
    Data(Bytes),
    /// The trailer section, last of all; may be empty.
    End(HeaderMap),
}

impl Chunked {
    /// Whether the body has ended.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Takes the next piece off the front of `buffer`; `None` asks for more bytes.
    ///
    /// # Errors
    /// A chunk-size line, line end or trailer that is not valid.
    pub fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Piece>, Fault> {
        loop {
            match self.state {
                State::Size => {
                    let Some(line) = line(buffer, limits::CHUNK_LINE, || self.bad_line(buffer))? else {
                        return Ok(None);
                    };
                    let size = size(&buffer[..line]).ok_or_else(|| self.bad_line(buffer))?;
                    let _ = buffer.split_to(line);
                    self.state = if size == 0 { State::Trailers } else { State::Data(size) };
                }
                State::Data(left) => {
                    if buffer.is_empty() {
                        return Ok(None);
                    }
                    let take = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
                    let data = buffer.split_to(take).freeze();
                    self.decoded += take as u64;
                    self.state = match left - take as u64 {
                        0 => State::DataEnd,
                        left => State::Data(left),
                    };
                    return Ok(Some(Piece::Data(data)));
                }
                State::DataEnd => match buffer[..] {
                    [b'\r', b'\n', ..] => {
                        let _ = buffer.split_to(2);
                        self.state = State::Size;
                    }
                    [] | [b'\r'] => return Ok(None),
                    _ => {
                        return Err(Fault::new(
                            Cause::BodyBadChunk,
                            format!(
                                "no line end behind the chunk that ends at byte {}, but {}",
                                self.decoded,
                                shown(buffer)
                            ),
                        ));
                    }
                },
                State::Trailers => return self.trailers(buffer),
                State::Done => return Ok(None),
            }
        }
    }

    fn trailers(&mut self, buffer: &mut BytesMut) -> Result<Option<Piece>, Fault> {
        let invalid = |what: String| Fault::new(Cause::TrailerInvalid, what);
        let Some(end) = fields::end(buffer) else {
            return if buffer.len() > limits::UPSTREAM_TRAILERS {
                Err(invalid(format!("the trailer section has more than {} bytes", limits::UPSTREAM_TRAILERS)))
            } else {
                Ok(None)
            };
        };
        if end > limits::UPSTREAM_TRAILERS {
            return Err(invalid(format!("the trailer section has {end} bytes")));
        }
        let raw = buffer.split_to(end).freeze();
        let mut trailers = HeaderMap::new();
        let read = fields::read(&raw, 0, |name, value| {
            trailers.append(name, value);
        });
        read.map_err(|_| invalid(format!("the trailer section is {}", shown(&raw))))?;
        self.state = State::Done;
        Ok(Some(Piece::End(trailers)))
    }

    fn bad_line(&self, buffer: &[u8]) -> Fault {
        let line = buffer.split(|byte| *byte == b'\n').next().unwrap_or_default();
        Fault::new(
            Cause::BodyBadChunk,
            format!("the chunk-size line behind byte {} of the body is {}", self.decoded, shown(line)),
        )
    }
}

/// Length of the first line with its end, when it is all there.
fn line(buffer: &[u8], limit: usize, too_long: impl Fn() -> Fault) -> Result<Option<usize>, Fault> {
    match memchr::memchr(b'\n', buffer) {
        Some(at) if at < limit => Ok(Some(at + 1)),
        None if buffer.len() < limit => Ok(None),
        _ => Err(too_long()),
    }
}

/// The size that a whole chunk-size line says: `1*HEXDIG [ BWS ";" … ] CRLF`.
fn size(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"\r\n")?;
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    // A bare CR is no blank (RFC 9112 section 2.2): others may take it for the end of the line.
    let blanks = line[digits..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let extension = &line[digits + blanks..];
    let good_extension = extension.is_empty() && line.len() == digits
        || extension.first() == Some(&b';') && extension.iter().all(|byte| *byte == b'\t' || !byte.is_ascii_control());
    if digits == 0 || !good_extension {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(&line[..digits]).ok()?, 16).ok()
}

//! Decodes a chunked body (RFC 9112 section 7.1), strictly and whatever way its bytes are split; pure.
//! The exchange feeds it what it has read; extensions are read and dropped.

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;

use super::{
    fields::{self, Bad, Why},
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

/// What stands at the front of the bytes that have come.
enum Front {
    /// Not enough to say.
    Unknown,
    /// So many bytes of framing.
    Framing(usize),
    /// So many bytes of data.
    Data(usize),
    /// So many bytes of trailers, all there are.
    Trailers(usize),
}

/// A look ahead at a body that stays as it came.
#[derive(Debug, Default)]
pub struct Preview {
    /// What was seen of it.
    pub seen: Chunked,
    /// How many bytes that are.
    at: usize,
}

impl Preview {
    /// Goes on through `bytes`, which are all of the body that has come.
    ///
    /// # Errors
    /// Those of [`Chunked::next`].
    pub fn look(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        loop {
            let rest = &bytes[self.at..];
            match self.seen.step(rest)? {
                Front::Unknown => return Ok(()),
                Front::Framing(length) | Front::Data(length) => self.at += length,
                Front::Trailers(length) => {
                    // Nearly every section is empty.
                    if length > EMPTY.len() {
                        trailers(&Bytes::copy_from_slice(&rest[..length]))?;
                    }
                    self.at += length;
                }
            }
        }
    }
}

impl Chunked {
    /// Whether the body has ended.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether everything but the line that ends the trailers has come.
    #[must_use]
    pub fn is_in_trailers(&self) -> bool {
        self.state == State::Trailers
    }

    /// Bytes of the body so far, without their framing.
    #[must_use]
    pub fn decoded(&self) -> u64 {
        self.decoded
    }

    /// Takes the next piece off the front of `buffer`; `None` asks for more bytes.
    ///
    /// # Errors
    /// A chunk-size line, line end or trailer that is not valid.
    pub fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Piece>, Fault> {
        loop {
            match self.step(buffer)? {
                Front::Unknown => return Ok(None),
                Front::Framing(length) => buffer.advance(length),
                Front::Data(length) => return Ok(Some(Piece::Data(buffer.split_to(length).freeze()))),
                Front::Trailers(length) => return Ok(Some(Piece::End(trailers(&buffer.split_to(length).freeze())?))),
            }
        }
    }

    /// Says what stands at the front of `bytes`, and takes it for used.
    fn step(&mut self, bytes: &[u8]) -> Result<Front, Fault> {
        match self.state {
            State::Size => {
                let Some(line) = line(bytes, limits::CHUNK_LINE, || self.bad_line(bytes))? else {
                    return Ok(Front::Unknown);
                };
                let size = size(&bytes[..line]).ok_or_else(|| self.bad_line(bytes))?;
                self.state = if size == 0 { State::Trailers } else { State::Data(size) };
                Ok(Front::Framing(line))
            }
            State::Data(_) if bytes.is_empty() => Ok(Front::Unknown),
            State::Data(left) => {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                self.decoded += here as u64;
                self.state = match left - here as u64 {
                    0 => State::DataEnd,
                    left => State::Data(left),
                };
                Ok(Front::Data(here))
            }
            State::DataEnd => match bytes {
                [b'\r', b'\n', ..] => {
                    self.state = State::Size;
                    Ok(Front::Framing(EMPTY.len()))
                }
                [] | [b'\r'] => Ok(Front::Unknown),
                _ => Err(Fault::new(
                    Cause::BodyBadChunk,
                    format!("no line end behind the chunk that ends at byte {}, but {}", self.decoded, shown(bytes)),
                )),
            },
            State::Trailers => match fields::end(bytes) {
                None if bytes.len() > limits::UPSTREAM_TRAILERS => {
                    Err(too_large(format!("the trailer section has more than {} bytes", limits::UPSTREAM_TRAILERS)))
                }
                None => Ok(Front::Unknown),
                Some(end) if end > limits::UPSTREAM_TRAILERS => {
                    Err(too_large(format!("the trailer section has {end} bytes")))
                }
                Some(end) => {
                    self.state = State::Done;
                    Ok(Front::Trailers(end))
                }
            },
            State::Done => Ok(Front::Unknown),
        }
    }

    fn bad_line(&self, bytes: &[u8]) -> Fault {
        let line = bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        let why = match line {
            [.., b'\n'] if !line.ends_with(EMPTY) => ", which ends without CR",
            _ => "",
        };
        Fault::new(
            Cause::BodyBadChunk,
            format!("the chunk-size line behind byte {} of the body is {}{why}", self.decoded, shown(line)),
        )
    }
}

/// The line that ends a chunk, or a section without trailers.
const EMPTY: &[u8] = b"\r\n";

/// The fields of a whole trailer section.
fn trailers(raw: &Bytes) -> Result<HeaderMap, Fault> {
    let mut trailers = HeaderMap::new();
    let read = fields::read(raw, 0, |name, value| {
        trailers.append(name, value);
    });
    match read {
        Ok(_) => Ok(trailers),
        Err(Bad { why: Why::TooMany, .. }) => {
            Err(too_large(format!("the trailer section has more than {} fields", limits::UPSTREAM_HEADERS)))
        }
        Err(Bad { line, number, .. }) => {
            let evidence = format!("line {number} of the trailer section is {}, which is no field", shown(line));
            Err(Fault::new(Cause::TrailerInvalid, evidence))
        }
    }
}

fn too_large(evidence: String) -> Fault {
    Fault::new(Cause::TrailerInvalid, evidence).next("Make the trailer fields of the application fewer or smaller.")
}

/// Length of the first line with its end, when it is all there.
fn line(buffer: &[u8], limit: usize, too_long: impl Fn() -> Fault) -> Result<Option<usize>, Fault> {
    match memchr::memchr(b'\n', buffer) {
        Some(at) if at < limit => Ok(Some(at + 1)),
        None if buffer.len() < limit => Ok(None),
        _ => Err(too_long()),
    }
}

/// The size that a whole chunk-size line says: `1*HEXDIG BWS [ ";" … ] CRLF`. Old servers pad it with blanks.
fn size(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"\r\n")?;
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    // A bare CR is no blank (RFC 9112 section 2.2): others may take it for the end of the line.
    let blanks = line[digits..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let extension = &line[digits + blanks..];
    let good_extension = extension.is_empty()
        || extension.first() == Some(&b';') && extension.iter().all(|byte| *byte == b'\t' || !byte.is_ascii_control());
    if digits == 0 || !good_extension {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(&line[..digits]).ok()?, 16).ok()
}

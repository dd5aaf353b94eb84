//! Reads the head of an HTTP/1 answer, strictly (RFC 9112 sections 2 to 5); pure.
//! The exchange feeds it what it has read so far; what body follows is `framing`'s to say.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use smallvec::SmallVec;

use super::fields::{self, Extent, Why, extent};
use crate::{failure::Cause, limits, message::hop};

/// The head of an answer.
#[derive(Debug, Clone)]
pub struct Head {
    /// 100 to 599.
    pub status: StatusCode,
    /// Whether it said HTTP/1.1; else HTTP/1.0.
    pub http11: bool,
    /// The fields that are for the client.
    pub fields: HeaderMap,
    /// Those of this connection, which end here (RFC 9110 section 7.6.1).
    pub hop: SmallVec<[(HeaderName, HeaderValue); 1]>,
    /// What Connection says.
    pub named: hop::Named,
    /// What Content-Length says.
    pub stated: Stated,
    /// Whether it says when it was made.
    pub dated: bool,
}

/// What the Content-Length fields of a head say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stated {
    /// There is none.
    Nothing,
    /// One number, written as everybody writes it.
    Plain(u64),
    /// Something else, which takes a closer look.
    Unclear,
}

impl Head {
    /// A head without fields, with room for so many.
    #[must_use]
    pub fn new(status: StatusCode, http11: bool, room: usize) -> Self {
        Self {
            status,
            http11,
            fields: HeaderMap::with_capacity(room),
            hop: SmallVec::new(),
            named: hop::Named::default(),
            stated: Stated::Nothing,
            dated: false,
        }
    }

    /// Adds a field to those that pass or to those of the connection.
    pub fn add(&mut self, name: HeaderName, value: HeaderValue) {
        if hop::is_hop_by_hop(&name) {
            self.hop.push((name, value));
            return;
        }
        if name == header::CONTENT_LENGTH {
            let plain = plain(value.as_bytes()).filter(|_| self.stated == Stated::Nothing);
            self.stated = plain.map_or(Stated::Unclear, Stated::Plain);
        }
        self.fields.append(name, value);
    }

    /// The head with all its fields: what Connection says is known, and what it names ends here.
    #[must_use]
    pub fn complete(mut self) -> Self {
        self.named = hop::Named::by(self.hop_values(header::CONNECTION), &self.fields);
        for name in self.named.fields() {
            self.fields.remove(name);
        }
        self.dated = self.fields.contains_key(header::DATE);
        self
    }

    /// The values of a field of this connection.
    pub fn hop_values(&self, name: HeaderName) -> impl Iterator<Item = &HeaderValue> {
        self.hop.iter().filter(move |(other, _)| *other == name).map(|(_, value)| value)
    }
}

/// The number that `digits` are: no blanks, no zero in front, small enough not to overflow.
fn plain(digits: &[u8]) -> Option<u64> {
    let zero_in_front = digits.len() > 1 && digits.first() == Some(&b'0');
    if digits.is_empty() || digits.len() > PLAIN_DIGITS || zero_in_front {
        return None;
    }
    digits
        .iter()
        .try_fold(0, |number: u64, digit| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0')))
}

/// Digits of the largest number that every count of so many fits into: 2⁶⁴ has twenty.
const PLAIN_DIGITS: usize = 19;

/// Why bytes are no head, or no body.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The cause.
    pub cause: Cause,
    /// What was seen.
    pub evidence: String,
    /// Whether the bytes were an answer in the right protocol at all.
    pub http: bool,
}

impl Fault {
    /// A fault in what was recognised as HTTP.
    pub fn new(cause: Cause, evidence: impl Into<String>) -> Self {
        Self { cause, evidence: evidence.into(), http: true }
    }
}

/// Takes one head off the front of `buffer`.
///
/// `None` asks for more bytes. `limit` is in bytes, for the whole head.
///
/// # Errors
/// Names what is wrong as soon as it is certain, however the bytes were split.
pub fn take(buffer: &mut BytesMut, limit: usize) -> Result<Option<Head>, Fault> {
    whole(buffer, limit)?.map(|(raw, passing)| parse(&raw, passing)).transpose()
}

/// Takes the bytes of one head off the front of `buffer`, and says how many of its fields are for the client.
pub(super) fn whole(buffer: &mut BytesMut, limit: usize) -> Result<Option<(Bytes, usize)>, Fault> {
    if buffer.is_empty() {
        return Ok(None);
    }
    protocol(buffer)?;
    let Some(Extent { len, passing }) = extent(buffer) else {
        return if buffer.len() > limit { Err(too_large(buffer, limit)) } else { Ok(None) };
    };
    if len > limit {
        return Err(too_large(&buffer[..len], limit));
    }
    Ok(Some((buffer.split_to(len).freeze(), passing)))
}

/// Whether the bytes are the beginning of an HTTP/1 answer.
#[must_use]
pub fn begins(bytes: &[u8]) -> bool {
    let known = bytes.len().min(START.len());
    known > 0 && bytes[..known] == START[..known]
}

/// What every HTTP/1 answer begins with.
const START: &[u8] = b"HTTP/1.";

/// Whether the first bytes can be an HTTP/1 status line; names the other protocol where they cannot.
fn protocol(bytes: &[u8]) -> Result<(), Fault> {
    if begins(bytes) {
        return match bytes.get(START.len()) {
            None | Some(b'0' | b'1') => Ok(()),
            Some(_) => Err(Fault::new(
                Cause::ResponseHeadMalformed,
                format!("the status line names an unknown version: {}", shown(bytes)),
            )),
        };
    }
    let not_http = |what: &str| Fault {
        cause: Cause::ResponseNotHttp,
        evidence: format!("the answer is not HTTP/1 but {what}: {}", shown(bytes)),
        http: false,
    };
    Err(match bytes {
        // An alert or a handshake record of TLS (RFC 8446 section 5.1).
        [0x15 | 0x16, 0x03, ..] => Fault {
            cause: Cause::ResponseIsTls,
            evidence: format!("the server speaks TLS on this port: {}", shown(bytes)),
            http: false,
        },
        [0x15 | 0x16] => return Ok(()),
        [b'\r' | b'\n', ..] => {
            Fault::new(Cause::ResponseHeadMalformed, format!("an empty line before the status line: {}", shown(bytes)))
        }
        // A SETTINGS frame on stream 0 (RFC 9113 section 6.5).
        [0, 0, _, 4, _, 0, 0, 0, 0, ..] => not_http("HTTP/2"),
        [1, 3 | 6 | 7, ..] => not_http("FastCGI"),
        _ if bytes.starts_with(b"SSH-") => not_http("SSH"),
        _ if bytes.starts_with(b"HTTP/") => not_http("another version of HTTP"),
        _ if bytes.starts_with(b"-ERR") || bytes.starts_with(b"+OK") => not_http("a line protocol such as Redis"),
        _ if bytes[0] == b'<' => not_http("bare HTML or XML"),
        _ => not_http("something else"),
    })
}

/// Parses a whole head with so many fields for the client.
pub(super) fn parse(raw: &Bytes, passing: usize) -> Result<Head, Fault> {
    // Without room for fields it stops at the first of them.
    let mut line = httparse::Response::new(&mut []);
    match line.parse(raw) {
        Ok(httparse::Status::Complete(_)) | Err(httparse::Error::TooManyHeaders) => {}
        Ok(httparse::Status::Partial) => {
            return Err(Fault::new(Cause::ResponseHeadMalformed, format!("the head cannot be read: {}", shown(raw))));
        }
        Err(error) => return Err(malformed(raw, error)),
    }
    let code = line.code.unwrap_or_default();
    let status = match StatusCode::from_u16(code) {
        Ok(status) if code < MAX_STATUS => status,
        _ => return Err(Fault::new(Cause::ResponseBadStatus, format!("the status is {code}, outside 100 to 599"))),
    };
    let mut head = Head::new(status, line.version == Some(1), passing + ADDED);
    let behind = memchr::memchr(b'\n', raw).map_or(raw.len(), |end| end + 1);
    fields::read(raw, behind, |name, value| head.add(name, value)).map_err(|bad| match bad.why {
        Why::TooMany => too_many(),
        Why::NoColon | Why::Name => malformed(raw, httparse::Error::HeaderName),
        Why::Value => malformed(raw, httparse::Error::HeaderValue),
    })?;
    Ok(head.complete())
}

/// Room for what the gateway adds, and for one more: a map makes room before it looks whether a field is there already.
const ADDED: usize = 3;

/// The first status that does not exist (RFC 9110 section 15).
const MAX_STATUS: u16 = 600;

/// Names the first line that is wrong.
fn malformed(raw: &[u8], error: httparse::Error) -> Fault {
    let mut lines = raw.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let status_line = lines.next().unwrap_or_default();
    if error == httparse::Error::Status {
        return Fault::new(Cause::ResponseBadStatus, format!("the status line is {}", shown(status_line)));
    }
    let mut slots = [httparse::EMPTY_HEADER; 1];
    let status_is_good = httparse::Response::new(&mut slots)
        .parse(&[status_line, b"\r\n\r\n"].concat())
        .is_ok_and(|status| status.is_complete());
    if !status_is_good {
        return Fault::new(
            Cause::ResponseHeadMalformed,
            format!("the status line is {} ({error})", shown(status_line)),
        );
    }
    for (index, line) in lines.enumerate() {
        let alone = [b"HTTP/1.1 200 OK\r\n", line, b"\r\n\r\n"].concat();
        let folded = matches!(line.first(), Some(b' ' | b'\t'));
        if folded || httparse::Response::new(&mut [httparse::EMPTY_HEADER; 2]).parse(&alone).is_err() {
            let why = if folded { "a folded line, which RFC 9112 forbids".to_owned() } else { error.to_string() };
            return Fault::new(
                Cause::ResponseHeadMalformed,
                format!("field line {} is {} ({why})", index + 1, shown(line)),
            );
        }
    }
    Fault::new(Cause::ResponseHeadMalformed, format!("{error} in the head: {}", shown(raw)))
}

/// A head with too many fields.
#[must_use]
pub fn too_many() -> Fault {
    Fault::new(
        Cause::ResponseHeaderTooLarge,
        format!("the head has more than {} field lines", limits::UPSTREAM_HEADERS),
    )
}

/// Names the largest field of a head that is over the limit.
#[must_use]
pub fn too_large(bytes: &[u8], limit: usize) -> Fault {
    let largest = bytes
        .split(|byte| *byte == b'\n')
        .max_by_key(|line| line.len())
        .map(|line| {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            format!("; its longest line starts with {} and has {} bytes", shown(name), line.len())
        })
        .unwrap_or_default();
    Fault::new(
        Cause::ResponseHeaderTooLarge,
        format!("the head has {} bytes or more, the limit is {limit}{largest}", bytes.len()),
    )
}

/// The first bytes as evidence, escaped.
#[must_use]
pub fn shown(bytes: &[u8]) -> String {
    let first = &bytes[..bytes.len().min(limits::EVIDENCE_BYTES)];
    let more = if bytes.len() > first.len() { "…" } else { "" };
    format!("\"{}\"{more}", first.escape_ascii())
}

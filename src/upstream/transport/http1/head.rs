//! Reads the head of an HTTP/1 answer, strictly (RFC 9112 sections 2 to 5); pure.
//! The exchange feeds it what it has read so far. Its first bytes are `sniff`'s, its first line is `status_line`'s, what
//! body follows is `framing`'s to say.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::ext::ReasonPhrase;
use smallvec::SmallVec;

use super::{
    fields::{self, Bad, Extent, Why, extent},
    sniff, status_line,
};
use crate::{
    failure::{Cause, Parameter},
    limits,
    message::hop,
};

/// The head of an answer.
#[derive(Debug, Clone)]
pub struct Head {
    /// 100 to 599.
    pub status: StatusCode,
    /// What it is in words, where no document says that; else those are used.
    pub reason: Option<ReasonPhrase>,
    /// Whether it said HTTP/1.1 or more; else HTTP/1.0.
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
            reason: None,
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
        if self.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            self.let_challenge_pass();
        }
        self.named = hop::Named::by(self.hop_values(header::CONNECTION), &self.fields);
        for name in self.named.fields() {
            self.fields.remove(name);
        }
        self.dated = self.fields.contains_key(header::DATE);
        self
    }

    /// A 407 without its challenge tells nobody what is asked for. The field is not among those that RFC 9110 section 7.6.1
    /// ends at every hop; where it is for nobody, with any other status, it stays here.
    fn let_challenge_pass(&mut self) {
        let is_challenge = |name: &[u8]| name.eq_ignore_ascii_case(header::PROXY_AUTHENTICATE.as_str().as_bytes());
        let names_it = |value: &HeaderValue| {
            value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii).any(is_challenge)
        };
        if self.hop_values(header::CONNECTION).any(names_it) {
            return;
        }
        let Self { hop, fields, .. } = self;
        hop.retain(|(name, value)| {
            let stays = *name != header::PROXY_AUTHENTICATE;
            if !stays {
                fields.append(&*name, value.clone());
            }
            stays
        });
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
    /// A next step that is more exact than the cause's own.
    pub next: Option<&'static str>,
    /// What Proxy-Status says of it.
    pub parameter: Option<(&'static str, Parameter)>,
}

impl Fault {
    /// A fault in what was recognised as HTTP.
    pub fn new(cause: Cause, evidence: impl Into<String>) -> Self {
        Self { cause, evidence: evidence.into(), http: true, next: None, parameter: None }
    }

    /// The same in what may have been another protocol.
    #[must_use]
    pub fn in_protocol(self, http: bool) -> Self {
        Self { http, ..self }
    }

    /// Gives a next step that is more exact than the cause's own.
    #[must_use]
    pub fn next(self, next: &'static str) -> Self {
        Self { next: Some(next), ..self }
    }

    /// Adds a parameter of Proxy-Status.
    #[must_use]
    pub fn parameter(self, name: &'static str, value: Parameter) -> Self {
        Self { parameter: Some((name, value)), ..self }
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
    sniff::protocol(buffer)?;
    let (len, passing) = match extent(buffer) {
        Some(Extent { len, passing }) if len <= limit => (len, passing),
        found => {
            // As much of it as every way of splitting has seen by then.
            if let Some(fault) = lone_cr(&buffer[..buffer.len().min(limit + 1)]) {
                return Err(fault);
            }
            return match found {
                Some(Extent { len, .. }) => Err(too_large(&buffer[..len], limit)),
                None if buffer.len() > limit => Err(too_large(buffer, limit)),
                None => Ok(None),
            };
        }
    };
    Ok(Some((buffer.split_to(len).freeze(), passing)))
}

/// Whether the bytes are the beginning of an HTTP/1 answer.
#[must_use]
pub fn begins(bytes: &[u8]) -> bool {
    let known = bytes.len().min(START.len());
    known > 0 && bytes[..known] == START[..known]
}

/// What every HTTP/1 answer begins with.
pub(super) const START: &[u8] = b"HTTP/1.";

/// Parses a whole head with so many fields for the client.
pub(super) fn parse(raw: &Bytes, passing: usize) -> Result<Head, Fault> {
    // However it is split, a CR on its own is what is wrong first.
    read(raw, passing).map_err(|fault| lone_cr(raw).unwrap_or(fault))
}

fn read(raw: &Bytes, passing: usize) -> Result<Head, Fault> {
    let end = memchr::memchr(b'\n', raw).unwrap_or(raw.len());
    let line = raw[..end].strip_suffix(b"\r").unwrap_or(&raw[..end]);
    let line = status_line::read(line)?;
    let mut head = Head::new(line.status, line.http11, passing + ADDED);
    if line.status.canonical_reason().is_none() {
        head.reason = ReasonPhrase::try_from(line.reason).ok();
    }
    let behind = raw.len().min(end + 1);
    fields::read(raw, behind, |name, value| head.add(name, value)).map_err(malformed)?;
    Ok(head.complete())
}

/// Room for what the gateway adds, and for one more: a map makes room before it looks whether a field is there already.
const ADDED: usize = 3;

/// Names the field line that is wrong.
fn malformed(Bad { line, number, why }: Bad<'_>) -> Fault {
    let why = match why {
        Why::TooMany => return too_many(),
        _ if matches!(line.first(), Some(b' ' | b'\t')) => "a folded line, which RFC 9112 forbids",
        Why::NoColon => "no colon",
        Why::Name => "not the name of a field",
        Why::Value => "a character that no value may have",
    };
    Fault::new(Cause::ResponseHeadMalformed, format!("field line {number} is {} ({why})", shown(line)))
}

/// A CR with something other than LF behind it, in the bytes of a head: the one fault that could hide its end for ever
/// (RFC 9112 section 2.2).
fn lone_cr(head: &[u8]) -> Option<Fault> {
    let at = memchr::memchr_iter(b'\r', head).find(|at| head.get(at + 1).is_some_and(|next| *next != b'\n'))?;
    let evidence = format!("byte {at} of the head is a CR that no LF follows: {}", shown_at(head, at));
    Some(Fault::new(Cause::ResponseHeadMalformed, evidence).next(
        "Let the application end the lines of its head with CR LF, and put no CR into the value of a field (RFC 9112 \
         section 2.2).",
    ))
}

/// A head with too many fields.
#[must_use]
pub fn too_many() -> Fault {
    let evidence = format!("the head has more than {} field lines", limits::UPSTREAM_HEADERS);
    Fault::new(Cause::ResponseHeaderTooLarge, evidence)
        .next("Let the application send fewer fields; how many are taken is no setting.")
}

/// Names the largest field of a head that is over the limit; `bytes` is as much of it as came.
#[must_use]
pub fn too_large(bytes: &[u8], limit: usize) -> Fault {
    let largest = bytes
        .split(|byte| *byte == b'\n')
        .max_by_key(|line| line.len())
        .map(|line| {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            format!("; {} of them are in the longest line, which starts with {}", line.len(), shown(name))
        })
        .unwrap_or_default();
    Fault::new(
        Cause::ResponseHeaderTooLarge,
        format!("the head has {} bytes or more, the limit is {limit}{largest}", bytes.len()),
    )
    .parameter("header-section-size", Parameter::Number(bytes.len() as u64))
}

/// The first bytes as evidence, escaped.
#[must_use]
pub fn shown(bytes: &[u8]) -> String {
    let first = &bytes[..bytes.len().min(limits::EVIDENCE_BYTES)];
    let more = if bytes.len() > first.len() { "…" } else { "" };
    format!("\"{}\"{more}", first.escape_ascii())
}

/// The same of bytes around the one at `at`.
#[must_use]
pub fn shown_at(bytes: &[u8], at: usize) -> String {
    let from = at.saturating_sub(limits::EVIDENCE_BYTES / 2);
    let before = if from > 0 { "…" } else { "" };
    format!("{before}{}", shown(&bytes[from..]))
}

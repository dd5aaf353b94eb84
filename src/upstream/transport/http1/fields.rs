//! The field lines of a head, one by one (RFC 9112 section 5); pure.
//! Shared by the readers of heads of HTTP/1 and CGI and of trailers, which say in their own words what is wrong with a line.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};

use crate::limits;

/// How far a head goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Its bytes, the empty line included.
    pub len: usize,
    /// Its lines behind the first one that are for the client; those of the connection are nearly all known by name.
    pub passing: usize,
}

/// Where a head with a line of its own in front of the fields ends: behind the first empty line.
#[must_use]
pub fn extent(bytes: &[u8]) -> Option<Extent> {
    let mut passing = 0;
    for at in memchr::memchr_iter(b'\n', bytes) {
        let len = match &bytes[at + 1..] {
            [b'\n', ..] => at + 2,
            [b'\r', b'\n', ..] => at + 3,
            line => {
                passing += usize::from(!stays(line));
                continue;
            }
        };
        return Some(Extent { len, passing });
    }
    None
}

/// Where a section that is nothing but fields ends: behind the first empty line, which may be its first.
#[must_use]
pub fn end(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => extent(bytes).map(|extent| extent.len),
    }
}

/// Whether a line is one of the two that servers send of their connection: Connection and Keep-Alive.
fn stays(line: &[u8]) -> bool {
    let name = header::CONNECTION.as_str().len();
    line.get(name) == Some(&b':')
        && (line[..name].eq_ignore_ascii_case(b"connection") || line[..name].eq_ignore_ascii_case(b"keep-alive"))
}

/// What is wrong with a field line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bad<'a> {
    /// The line, without its end.
    pub line: &'a [u8],
    /// The how manieth it is, from 1.
    pub number: usize,
    /// Why.
    pub why: Why,
}

/// Why a line is no field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// There are more than [`limits::UPSTREAM_HEADERS`].
    TooMany,
    /// It has no colon.
    NoColon,
    /// What stands before the colon is no name, or blanks stand there.
    Name,
    /// The value has a character that no value may have.
    Value,
}

/// Hands the fields of `raw` to `take`, from the line that begins at byte `at` to the empty one, and counts them.
///
/// # Errors
/// The first line that is no field. A folded line is none (RFC 9112 section 5.2).
pub fn read(raw: &Bytes, mut at: usize, mut take: impl FnMut(HeaderName, HeaderValue)) -> Result<usize, Bad<'_>> {
    let mut number = 0;
    while let Some(end) = memchr::memchr(b'\n', &raw[at..]).map(|length| at + length) {
        let line = raw[at..end].strip_suffix(b"\r").unwrap_or(&raw[at..end]);
        if line.is_empty() {
            break;
        }
        number += 1;
        let bad = |why| Bad { line, number, why };
        if number > limits::UPSTREAM_HEADERS {
            return Err(bad(Why::TooMany));
        }
        // Names are short: this is sooner done than a search is set up.
        let colon = line.iter().position(|byte| *byte == b':').ok_or_else(|| bad(Why::NoColon))?;
        let name = HeaderName::from_bytes(&line[..colon]).map_err(|_| bad(Why::Name))?;
        let value = trim(&line[colon + 1..]);
        let start = at + colon + 1 + value.start;
        let value =
            HeaderValue::from_maybe_shared(raw.slice(start..start + value.len())).map_err(|_| bad(Why::Value))?;
        take(name, value);
        at = end + 1;
    }
    Ok(number)
}

/// Where the value stands between the blanks around it (RFC 9110 section 5.5).
fn trim(value: &[u8]) -> std::ops::Range<usize> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let end = value.iter().rposition(|byte| !blank(byte)).map_or(0, |last| last + 1);
    let start = value[..end].iter().position(|byte| !blank(byte)).unwrap_or(end);
    start..end
}

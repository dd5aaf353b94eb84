//! The one reading of a request's path: percent-encoding made uniform, dot segments and doubled slashes resolved.
//! Comes before routing, and what is matched is what is forwarded; the query is never touched.

use std::{borrow::Cow, fmt};

/// Why a path has no single safe reading; the request is answered 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathProblem {
    /// It begins with something other than a slash.
    NotAbsolute,
    /// A percent sign without two hexadecimal digits (RFC 3986 section 2.1).
    BadEscape,
    /// `%2F`: some servers read it as a segment border, others do not.
    EncodedSlash,
    /// `%00`: some servers end the path there.
    EncodedNul,
    /// A backslash or `%5C`: some servers read it as a slash.
    Backslash,
    /// A control character or a space.
    Control,
    /// `#`: a fragment is no part of a request's target (RFC 9112 section 3.2).
    Fragment,
    /// `..` above the root.
    AboveRoot,
    /// `..;x` or `.;x`: some servers cut the parameter off and resolve the dots, others do not.
    DotsWithParameter,
}

impl fmt::Display for PathProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAbsolute => "the path does not begin with a slash",
            Self::BadEscape => "the path has a percent sign without two hexadecimal digits after it",
            Self::EncodedSlash => "the path has an encoded slash (%2F)",
            Self::EncodedNul => "the path has an encoded NUL (%00)",
            Self::Backslash => "the path has a backslash, plain or encoded (%5C)",
            Self::Control => "the path has a control character or a space",
            Self::Fragment => "the target has a fragment (#)",
            Self::AboveRoot => "the path climbs above the root (..)",
            Self::DotsWithParameter => "the path has a dot segment with a parameter (..;)",
        })
    }
}

impl std::error::Error for PathProblem {}

/// The normal form of `path` (without its query), by RFC 3986 section 6.2.2: percent-encoded unreserved characters
/// decoded, other escapes in upper case, dot segments resolved, doubled slashes merged (before the dots are resolved).
/// `Ok(None)` when it is normal as it stands, which is nearly always and takes no memory. `*` is left alone, and so is
/// an empty path (CONNECT); whether they are legal is `authority`'s question.
///
/// # Errors
/// A path that two servers could read in two ways.
pub fn normalise(path: &str) -> Result<Option<Box<str>>, PathProblem> {
    if matches!(path, "" | "*") {
        return Ok(None);
    }
    if !path.starts_with('/') {
        return Err(PathProblem::NotAbsolute);
    }
    let unescaped = if is_uniform(path.as_bytes())? { None } else { Some(unescape(path)?) };
    let text = unescaped.as_deref().unwrap_or(path);
    if has_plain_segments(text) {
        return Ok(unescaped.map(String::into_boxed_str));
    }
    resolve(text).map(|resolved| Some(resolved.into_boxed_str()))
}

/// Whether every escape is one that stays, in upper case.
fn is_uniform(path: &[u8]) -> Result<bool, PathProblem> {
    for (at, &byte) in path.iter().enumerate() {
        match byte {
            b'%' => {
                let (value, upper) = escape(&path[at + 1..])?;
                if !upper || is_unreserved(value) {
                    return Ok(false);
                }
            }
            b'\\' => return Err(PathProblem::Backslash),
            b'#' => return Err(PathProblem::Fragment),
            0..=b' ' | 0x7f => return Err(PathProblem::Control),
            _ => {}
        }
    }
    Ok(true)
}

/// The value of the two digits after a percent sign, and whether they are in upper case.
fn escape(rest: &[u8]) -> Result<(u8, bool), PathProblem> {
    let digit = |at: usize| {
        let byte = *rest.get(at)?;
        let value = char::from(byte).to_digit(16)?;
        Some((u8::try_from(value).ok()?, !byte.is_ascii_lowercase()))
    };
    let (Some((high, first)), Some((low, second))) = (digit(0), digit(1)) else {
        return Err(PathProblem::BadEscape);
    };
    match high << 4 | low {
        b'/' => Err(PathProblem::EncodedSlash),
        b'\\' => Err(PathProblem::Backslash),
        0 => Err(PathProblem::EncodedNul),
        value => Ok((value, first && second)),
    }
}

/// RFC 3986 section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn unescape(path: &str) -> Result<String, PathProblem> {
    let mut text = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        is_uniform(&rest.as_bytes()[..at])?;
        let (value, _) = escape(&rest.as_bytes()[at + 1..])?;
        text.push_str(&rest[..at]);
        if is_unreserved(value) {
            text.push(char::from(value));
        } else {
            text.push('%');
            text.push_str(&rest[at + 1..at + 3].to_ascii_uppercase());
        }
        rest = &rest[at + 3..];
    }
    is_uniform(rest.as_bytes())?;
    text.push_str(rest);
    Ok(text)
}

/// Whether nothing has to be merged, resolved or refused: no segment but the last is empty, none begins with a dot that
/// could mean something.
fn has_plain_segments(path: &str) -> bool {
    let bytes = path.as_bytes();
    memchr::memchr_iter(b'/', bytes).all(|at| match bytes.get(at + 1) {
        Some(b'/') => false,
        Some(b'.') => match bytes.get(at + 2) {
            None | Some(b'/' | b';') => false,
            Some(b'.') => !matches!(bytes.get(at + 3), None | Some(b'/' | b';')),
            Some(_) => true,
        },
        _ => true,
    })
}

fn resolve(path: &str) -> Result<String, PathProblem> {
    let mut resolved = String::with_capacity(path.len());
    // Whether the path ends in a directory: with an empty segment or a dot segment.
    let mut open = false;
    for segment in path.split('/').skip(1) {
        open = true;
        match segment {
            "" | "." => {}
            ".." => match resolved.rfind('/') {
                Some(parent) => resolved.truncate(parent),
                None => return Err(PathProblem::AboveRoot),
            },
            _ if segment.starts_with(".;") || segment.starts_with("..;") => return Err(PathProblem::DotsWithParameter),
            _ => {
                resolved.push('/');
                resolved.push_str(segment);
                open = false;
            }
        }
    }
    if open {
        resolved.push('/');
    }
    Ok(resolved)
}

/// The bytes that `path` stands for, decoded once. An encoded slash becomes one: who takes segments apart looks first.
///
/// `None` where a percent sign has no two hexadecimal digits behind it (RFC 3986 section 2.1).
#[must_use]
pub fn decode(path: &[u8]) -> Option<Cow<'_, [u8]>> {
    let Some(first) = memchr::memchr(b'%', path) else { return Some(Cow::Borrowed(path)) };
    let mut decoded = Vec::with_capacity(path.len());
    decoded.extend_from_slice(&path[..first]);
    let mut rest = &path[first..];
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            decoded.push(byte);
            rest = after;
            continue;
        }
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        decoded.push(digit(0)? << 4 | digit(1)?);
        rest = &after[2..];
    }
    Some(Cow::Owned(decoded))
}

#[cfg(test)]
mod tests;

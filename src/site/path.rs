//! The path of a request as the name of something below a site's root: decoded once, and safe by construction.
//! Comes after routing has normalised the path; what stands there is looked at in `try_order`.

use std::borrow::Cow;

use super::name;
use crate::message::path;

/// A decoded path: begins with a slash, and no segment of it is empty (but the last), a dot segment, or has a control
/// character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked<'a> {
    path: Cow<'a, [u8]>,
    /// Where its first hidden segment begins.
    hidden: Option<usize>,
}

/// Why a path is no name of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadPath {
    /// `*`, or anything else that does not begin with a slash.
    NotAbsolute,
    /// A percent sign without two hexadecimal digits after it.
    Escape,
    /// NUL, a line break or another control character, plain or encoded.
    Control,
    /// An empty or dot segment, or an encoded slash; routing lets none of them through.
    Segment,
}

impl BadPath {
    /// In words, to follow "the path".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NotAbsolute => "does not begin with a slash",
            Self::Escape => "has a percent sign without two hexadecimal digits after it",
            Self::Control => "has a control character, plain or encoded",
            Self::Segment => "has an empty segment, a dot segment or an encoded slash",
        }
    }
}

impl<'a> Asked<'a> {
    /// Reads a path as it came, without its query.
    ///
    /// # Errors
    /// It cannot be the name of a file in one way only.
    pub fn read(path: &'a str) -> Result<Self, BadPath> {
        if !path.starts_with('/') {
            return Err(BadPath::NotAbsolute);
        }
        // Decoded, it would look like the slash between two segments.
        if ["%2f", "%2F"].iter().any(|slash| memchr::memmem::find(path.as_bytes(), slash.as_bytes()).is_some()) {
            return Err(BadPath::Segment);
        }
        let path = path::decode(path.as_bytes()).ok_or(BadPath::Escape)?;
        let mut hidden = None;
        let mut start = 1;
        while start <= path.len() {
            let end = memchr::memchr(b'/', &path[start..]).map_or(path.len(), |length| start + length);
            let segment = &path[start..end];
            let is_last = end == path.len();
            if matches!(segment, b"." | b"..") || (segment.is_empty() && !is_last) {
                return Err(BadPath::Segment);
            }
            if hidden.is_none() && name::is_hidden(segment) {
                hidden = Some(start);
            }
            start = end + 1;
        }
        if path.iter().any(u8::is_ascii_control) {
            return Err(BadPath::Control);
        }
        Ok(Self { path, hidden })
    }

    /// The whole path.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// The path without the slash at its end; empty for `/`.
    #[must_use]
    pub fn trimmed(&self) -> &[u8] {
        self.path.strip_suffix(b"/").unwrap_or(&self.path)
    }

    /// Whether it asks for what stands for a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.path.ends_with(b"/")
    }

    /// Where its first segment begins that a site without `hidden` does not show.
    #[must_use]
    pub fn hidden(&self) -> Option<usize> {
        self.hidden
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_once() {
        for (path, decoded) in [
            ("/", "/"),
            ("/a/b.txt", "/a/b.txt"),
            ("/a/", "/a/"),
            ("/%D1%84/a%20b", "/ф/a b"),
            ("/a%2525", "/a%25"),
            ("/a.php/x", "/a.php/x"),
        ] {
            assert_eq!(Asked::read(path).map(|asked| asked.path().to_vec()), Ok(decoded.as_bytes().to_vec()), "{path}");
        }
    }

    #[test]
    fn what_could_mean_two_things_is_refused() {
        for (path, problem) in [
            ("*", BadPath::NotAbsolute),
            ("", BadPath::NotAbsolute),
            ("/a%", BadPath::Escape),
            ("/a%2", BadPath::Escape),
            ("/a%zz", BadPath::Escape),
            ("/a%2fb", BadPath::Segment),
            ("//a", BadPath::Segment),
            ("/a//b", BadPath::Segment),
            ("/a/../b", BadPath::Segment),
            ("/a/%2e%2E/b", BadPath::Segment),
            ("/a/.", BadPath::Segment),
            ("/x.php%00.jpg", BadPath::Control),
            ("/x.jpg%0a.php", BadPath::Control),
            ("/x.php/%0d%0aA:", BadPath::Control),
            ("/x%7f", BadPath::Control),
        ] {
            assert_eq!(Asked::read(path), Err(problem), "{path}");
        }
    }

    #[test]
    fn the_first_hidden_segment_is_found() {
        for (path, hidden) in [
            ("/a/b", None),
            ("/.env", Some(1)),
            ("/a/.git/config", Some(3)),
            ("/%2eenv", Some(1)),
            ("/.well-known/x", None),
            ("/.well-known/.x", Some(13)),
            ("/...", Some(1)),
        ] {
            assert_eq!(Asked::read(path).unwrap().hidden(), hidden, "{path}");
        }
    }
}

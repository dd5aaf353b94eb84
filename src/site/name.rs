//! What the name of a file says: hidden, a script, or the source of one.
//! Pure; `try_order` decides by it what may be run, sent or refused.

/// Names that PHP itself commonly runs, in lower case.
const SOURCES: [&[u8]; 10] = [b"php", b"phtml", b"phar", b"phps", b"pht", b"php3", b"php4", b"php5", b"php7", b"php8"];
/// What editors, people and archives put behind the name of a file that they keep.
const COPIES: [&[u8]; 16] = [
    b"bak", b"backup", b"old", b"orig", b"save", b"sav", b"swp", b"swo", b"tmp", b"copy", b"dist", b"txt", b"gz",
    b"br", b"zst", b"zip",
];

/// Whether a segment is not shown: it begins with a dot, and is not the one that RFC 8615 publishes.
#[must_use]
pub fn is_hidden(segment: &[u8]) -> bool {
    segment.first() == Some(&b'.') && segment != b".well-known"
}

/// Whether a path names a script: `.php`, in exactly these letters, behind a name.
#[must_use]
pub fn is_script(path: &[u8]) -> bool {
    last(path).strip_suffix(b".php").is_some_and(|stem| !stem.is_empty())
}

/// Whether a file holds the source of a script, so that it is never sent: by its ending in any letters, or a copy of such
/// a file (`wp-config.php~`, `wp-config.php.bak`).
#[must_use]
pub fn is_source(path: &[u8]) -> bool {
    let name = last(path);
    let is_copy = name.ends_with(b"~");
    let mut parts = name.strip_suffix(b"~").unwrap_or(name).rsplit(|byte| *byte == b'.');
    let Some(ending) = parts.next() else { return false };
    let is_named = |part: &[u8]| SOURCES.iter().any(|source| part.eq_ignore_ascii_case(source));
    // Without a dot the name has no ending.
    let Some(before) = parts.next() else { return false };
    is_named(ending)
        || ((is_copy || COPIES.iter().any(|copy| ending.eq_ignore_ascii_case(copy)))
            && (is_named(before) || parts.any(is_named)))
}

/// The last segment.
#[must_use]
pub fn last(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_their_sources_are_known_by_name() {
        for (path, script, source) in [
            ("/a.php", true, true),
            ("/a/b.php", true, true),
            ("/.php", false, true),
            ("/a.PHP", false, true),
            ("/a.php5", false, true),
            ("/a.phtml", false, true),
            ("/a.phar", false, true),
            ("/a.php~", false, true),
            ("/wp-config.php.bak", false, true),
            ("/wp-config.php.txt", false, true),
            ("/wp-config.php.old.gz", false, true),
            ("/a.php.jpg", false, false),
            ("/index.php.html", false, false),
            ("/a.php/b.jpg", false, false),
            ("/a.txt", false, false),
            ("/a~", false, false),
            ("/php", false, false),
            ("/a.inc", false, false),
            ("/jquery.phpunit.js", false, false),
            ("/", false, false),
        ] {
            assert_eq!((is_script(path.as_bytes()), is_source(path.as_bytes())), (script, source), "{path}");
        }
    }
}

//! What the name of a file says: hidden, a script, or the source of one.
//! Pure; `try_order` decides by it what may be run, sent or refused.

/// Names that PHP itself commonly runs, in lower case.
const SOURCES: [&[u8]; 10] = [b"php", b"phtml", b"phar", b"phps", b"pht", b"php3", b"php4", b"php5", b"php7", b"php8"];
/// Endings behind which nobody keeps the copy of a script: what is called so is what its ending says.
const OTHERS: [&[u8]; 24] = [
    b"avif", b"css", b"gif", b"htm", b"html", b"ico", b"jpeg", b"jpg", b"js", b"json", b"map", b"mjs", b"mp3", b"mp4",
    b"ogg", b"pdf", b"png", b"svg", b"ttf", b"webm", b"webp", b"woff", b"woff2", b"xml",
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

/// Whether a file holds the source of a script, so that it is never sent: by its ending in any letters, or as a copy of
/// such a file, whatever editors, people and packages put around its name (`wp-config.php~`, `wp-config.php.bak`,
/// `#wp-config.php#`, `wp-config.php_old`).
#[must_use]
pub fn is_source(path: &[u8]) -> bool {
    let mut parts = last(path).split(|byte| *byte == b'.');
    // What stands before the first dot is no ending.
    parts.next();
    let is_one_of = |part: &[u8], all: &[&[u8]]| all.iter().any(|one| part.eq_ignore_ascii_case(one));
    let (mut named, mut ending) = (false, &b""[..]);
    for part in parts {
        let word = part.split(|byte| !byte.is_ascii_alphanumeric()).next().unwrap_or_default();
        named |= is_one_of(word, &SOURCES);
        ending = part;
    }
    named && !is_one_of(ending, &OTHERS)
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
            ("/#wp-config.php#", false, true),
            ("/wp-config.php.1", false, true),
            ("/wp-config.php_old", false, true),
            ("/wp-config.php-bak", false, true),
            ("/wp-config.php.rpmsave", false, true),
            ("/wp-config.php.inc", false, true),
            ("/wp-config.php (copy)", false, true),
            ("/style.php.css", false, false),
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

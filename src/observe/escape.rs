//! Text that strangers chose, made harmless: no log line can be forged with it and no terminal steered.
//! The formats of both logs write every such value through here.

use std::{borrow::Cow, fmt::Write};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends a JSON string with its quotes (RFC 8259 section 7). Bytes that are no UTF-8 become U+FFFD.
pub(super) fn json(bytes: &[u8], into: &mut Vec<u8>) {
    into.push(b'"');
    if bytes.iter().all(|byte| stands_quoted(*byte)) {
        into.extend_from_slice(bytes);
        into.push(b'"');
        return;
    }
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid();
        let mut done = 0;
        for (at, char) in valid.char_indices() {
            if !(matches!(char, '"' | '\\') || steers(char)) {
                continue;
            }
            into.extend_from_slice(&valid.as_bytes()[done..at]);
            done = at + char.len_utf8();
            match char {
                '"' | '\\' => into.extend_from_slice(&[b'\\', char as u8]),
                '\n' => into.extend_from_slice(b"\\n"),
                '\r' => into.extend_from_slice(b"\\r"),
                '\t' => into.extend_from_slice(b"\\t"),
                _ => {
                    // Everything that steers lies in the basic plane: one escape is enough.
                    into.extend_from_slice(b"\\u");
                    let code = char as u32;
                    into.extend([12, 8, 4, 0].map(|shift| HEX[(code >> shift & 0xf) as usize]));
                }
            }
        }
        into.extend_from_slice(&valid.as_bytes()[done..]);
        if !chunk.invalid().is_empty() {
            into.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    into.push(b'"');
}

/// Appends text in printable ASCII; everything else, quotes and backslashes are written `\xNN`.
pub(super) fn quotable(bytes: &[u8], into: &mut Vec<u8>) {
    plain(bytes, stands_quoted, into);
}

/// Whether a byte stands for itself between quotes, whatever is around it.
fn stands_quoted(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')
}

/// The same for a text that stands between blanks: they are escaped too, and nothing is `-`.
pub(super) fn word(bytes: &[u8], into: &mut Vec<u8>) {
    if bytes.is_empty() {
        into.push(b'-');
    }
    plain(bytes, |byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'), into);
}

fn plain(bytes: &[u8], stands: impl Fn(u8) -> bool, into: &mut Vec<u8>) {
    // Without a way out in its middle the loop looks at many bytes at once, and nearly every text passes.
    if bytes.iter().fold(true, |all, byte| all & stands(*byte)) {
        into.extend_from_slice(bytes);
        return;
    }
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| !stands(*byte)) {
        let byte = rest[at];
        into.extend_from_slice(&rest[..at]);
        into.extend_from_slice(&[b'\\', b'x', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0xf)]]);
        rest = &rest[at + 1..];
    }
    into.extend_from_slice(rest);
}

/// Text for a terminal: what would steer it or split the line is written `\u{1b}`.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        if steers(char) {
            _ = write!(safe, "{}", char.escape_unicode());
        } else {
            safe.push(char);
        }
    }
    Cow::Owned(safe)
}

/// Whether a character acts instead of being shown: controls of both blocks, line separators, changes of direction.
fn steers(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    type Escape = fn(&[u8], &mut Vec<u8>);

    #[test]
    fn nothing_that_acts_comes_through() {
        for (escape, raw, expected) in [
            (json as Escape, &b"plain \xc3\xa4/"[..], "\"plain \u{e4}/\""),
            (json, b"a\"b\\c\n\r\t\x00\x1b[31m\x7f", "\"a\\\"b\\\\c\\n\\r\\t\\u0000\\u001b[31m\\u007f\""),
            (json, "\u{9b}x\u{2028}\u{202e}".as_bytes(), "\"\\u009bx\\u2028\\u202e\""),
            (json, b"a\xff\xfeb\xc3", "\"a\u{fffd}\u{fffd}b\u{fffd}\""),
            (quotable, b"a b\"\\\n\x1b\x7f\xc3\xa4", "a b\\x22\\x5c\\x0a\\x1b\\x7f\\xc3\\xa4"),
            (word, b"a b\"\\\n", "a\\x20b\\x22\\x5c\\x0a"),
            (word, b"", "-"),
        ] {
            let mut into = Vec::new();
            escape(raw, &mut into);
            assert_eq!(String::from_utf8(into).unwrap(), expected, "{raw:?}");
        }
    }

    #[test]
    fn escaped_json_reads_back_as_it_was() {
        let every: String = (0..0x3000).filter_map(char::from_u32).collect();
        let mut into = Vec::new();
        json(every.as_bytes(), &mut into);
        assert_eq!(serde_json::from_slice::<String>(&into).unwrap(), every);
    }

    #[test]
    fn a_terminal_sees_text_only() {
        for (raw, expected) in [
            ("Füße → ok", "Füße → ok"),
            ("a\nb\x1b[2J", "a\\u{a}b\\u{1b}[2J"),
            ("\u{202e}x\u{9b}", "\\u{202e}x\\u{9b}"),
        ] {
            assert_eq!(visible(raw), expected);
        }
    }
}

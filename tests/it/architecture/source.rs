//! Rust sources as the rules read them: text, the same text with comments and literals blanked out, and what is test code.
//! A small lexer is enough; the compiler has already refused everything stranger.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

/// One source file.
pub struct Source {
    /// Below the repository, with slashes.
    pub path: String,
    /// As it stands.
    pub text: String,
    /// The same length; comments and the insides of strings and characters are blanks.
    pub code: String,
    /// Where the comments are.
    pub comments: Vec<Range<usize>>,
    /// Where the insides of strings are.
    pub strings: Vec<Range<usize>>,
    /// Where `#[cfg(test)]` items are.
    pub tests: Vec<Range<usize>>,
    /// Whether all of it is test code: a file of tests, or one that is only mounted for them.
    pub only_tests: bool,
}

/// The folder that holds `Cargo.toml`.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `folder`; none where the folder does not exist.
pub fn read_all(folder: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    walk(&repository().join(folder), &mut paths);
    paths.sort();
    let mut sources: Vec<Source> = paths
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).expect("a source file is readable text");
            let below = path.strip_prefix(repository()).expect("the walk started there");
            Source::new(&below.to_string_lossy(), &text)
        })
        .collect();
    let mounted: Vec<String> = sources.iter().flat_map(Source::mounted_for_tests).collect();
    for source in &mut sources {
        source.only_tests |= mounted.iter().any(|module| {
            source.path.strip_prefix(module.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        });
    }
    sources
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

impl Source {
    /// Reads `text` as if it stood in `path`.
    pub fn new(path: &str, text: &str) -> Self {
        let mut source = Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code: String::new(),
            comments: Vec::new(),
            strings: Vec::new(),
            tests: Vec::new(),
            only_tests: path.starts_with("tests/") || path.ends_with("/tests.rs") || path.contains("/tests/"),
        };
        source.lex();
        source.find_tests();
        source
    }

    /// The line of a position, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }

    /// Whether a position belongs to tests.
    pub fn in_tests(&self, at: usize) -> bool {
        self.only_tests || self.tests.iter().any(|range| range.contains(&at))
    }

    /// The modules behind `#[cfg(test)] mod x;`, as paths without their ending.
    fn mounted_for_tests(&self) -> Vec<String> {
        let folder = self.path.trim_end_matches(".rs");
        let folder = folder.strip_suffix("/mod").or_else(|| folder.strip_suffix("/lib")).unwrap_or(folder);
        let items = self.tests.iter().map(|range| self.code[range.clone()].trim_end());
        let names = items.filter(|item| !item.contains('{')).filter_map(|item| item.split("mod ").nth(1));
        names.map(|name| format!("{folder}/{}", name.trim())).collect()
    }

    fn lex(&mut self) {
        let bytes = self.text.as_bytes();
        let mut code = bytes.to_vec();
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let end = if rest.starts_with(b"//") {
                let end = at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
                self.comments.push(at..end);
                end
            } else if rest.starts_with(b"/*") {
                let end = at + block_comment(rest);
                self.comments.push(at..end);
                end
            } else if let Some((open, close)) = raw_string(rest).filter(|_| !after_word(bytes, at)) {
                self.strings.push(at + open..at + close);
                blank(&mut code, at + open..at + close);
                at += close + 1;
                continue;
            } else if rest[0] == b'"' {
                let close = closing(rest, b'"');
                self.strings.push(at + 1..at + close);
                blank(&mut code, at + 1..at + close);
                at += close + 1;
                continue;
            } else if let Some(close) = character(rest) {
                blank(&mut code, at + 1..at + close);
                at += close + 1;
                continue;
            } else {
                at += 1;
                continue;
            };
            blank(&mut code, at..end);
            at = end;
        }
        self.code = String::from_utf8(code).expect("only whole characters were blanked");
    }

    fn find_tests(&mut self) {
        const MARK: &str = "#[cfg(test)]";
        let mut from = 0;
        while let Some(found) = self.code[from..].find(MARK) {
            let start = from + found;
            let item = start + MARK.len();
            let open = self.code[item..].find(['{', ';']).map_or(self.code.len(), |offset| item + offset);
            let end = if self.code[open..].starts_with('{') { matching(&self.code, open) } else { open };
            self.tests.push(start..end);
            from = end.max(item);
        }
    }
}

/// The position behind the bracket that closes the one at `open`.
pub fn matching(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return offset + 1;
        }
    }
    code.len()
}

fn blank(code: &mut [u8], range: Range<usize>) {
    for byte in &mut code[range] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn after_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

/// Where the inside of a raw string begins and ends.
fn raw_string(rest: &[u8]) -> Option<(usize, usize)> {
    let prefix = [&b"br"[..], b"cr", b"r"].into_iter().find(|prefix| rest.starts_with(prefix))?.len();
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    let open = prefix + hashes + 1;
    if rest.get(open - 1) != Some(&b'"') {
        return None;
    }
    let mut end = vec![b'"'];
    end.resize(hashes + 1, b'#');
    let length = rest[open..].windows(end.len()).position(|window| window == end)?;
    Some((open, open + length))
}

/// Where the literal that starts at 0 ends: the position of its closing quote.
fn closing(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    at.min(rest.len() - 1)
}

/// The closing quote of a character literal; `None` for a lifetime.
fn character(rest: &[u8]) -> Option<usize> {
    if rest.first() != Some(&b'\'') {
        return None;
    }
    if rest.get(1) == Some(&b'\\') {
        return Some(closing(rest, b'\''));
    }
    let length = std::str::from_utf8(&rest[1..rest.len().min(5)])
        .map_or_else(|error| error.valid_up_to().min(1), |text| text.chars().next().map_or(0, char::len_utf8));
    let length = if length == 0 { 1 } else { length };
    (rest.get(1 + length) == Some(&b'\'')).then_some(1 + length)
}

#[test]
fn a_module_that_is_mounted_for_tests_is_test_code() {
    let parent =
        Source::new("src/a/mod.rs", "mod b;\n#[cfg(test)]\nmod sample;\n#[cfg(test)]\nmod tests { fn f() {} }");
    assert_eq!(parent.mounted_for_tests(), ["src/a/sample"]);
    assert_eq!(Source::new("src/a.rs", "#[cfg(test)]\nmod sample;").mounted_for_tests(), ["src/a/sample"]);
}

#[test]
fn the_lexer_tells_code_from_comments_and_literals() {
    let text = "let a: &'static str = \"502 // no\"; // 503\nlet b = r#\"a \"quoted\" 504\"#; let c = '\"'; let d = '\u{e9}'; /* 1 /* 2 */ 3 */ e";
    let source = Source::new("src/x.rs", text);
    assert_eq!(source.code.len(), text.len());
    assert!(!source.code.contains("50"), "{}", source.code);
    assert!(source.code.ends_with(" e") && source.code.contains("let b = r#\""), "{}", source.code);
    assert_eq!((source.comments.len(), source.strings.len()), (2, 2));
}

//! One function a rule: a source in, the places that break the rule out.
//! What a contributor should do about them stands in the tests of `architecture.rs`.

use regex::Regex;

use super::{
    Findings,
    source::{Source, matching},
};

/// No file over this many lines.
const LINES: usize = 500;
/// Unit tests over this many lines have a file of their own.
const INLINE_TEST_LINES: usize = 100;
/// A proof in `expect` is at least so long.
const PROOF: usize = 20;

pub fn length(source: &Source) -> Findings {
    let lines = source.text.lines().count();
    if lines > LINES { vec![(LINES, format!("{lines} lines"))] } else { Vec::new() }
}

pub fn statuses(source: &Source) -> Findings {
    if source.path.starts_with("src/failure/") {
        return Vec::new();
    }
    let mut found = in_code(
        source,
        r"\b50[234](_?(u16|u32|i32|u64))?\b|\b(BAD_GATEWAY|SERVICE_UNAVAILABLE|GATEWAY_TIMEOUT)\b",
        "a gateway's status",
    );
    let status_line = pattern(r"HTTP/1\.[01] 50[234]");
    for string in source.strings.iter().filter(|string| !source.in_tests(string.start)) {
        if status_line.is_match(&source.text[string.clone()]) {
            found.push((source.line(string.start), "a gateway's status in a raw answer".into()));
        }
    }
    found
}

pub fn panics(source: &Source) -> Findings {
    let mut found = in_code(source, r"\.\s*unwrap\(\)|\b(panic|todo|unimplemented|unreachable)!", "can panic");
    for call in pattern(r"\.\s*expect\(\s*").find_iter(&source.code) {
        let proof = source.strings.iter().find(|string| (call.end()..call.end() + 4).contains(&string.start));
        if !source.in_tests(call.start()) && proof.is_none_or(|proof| proof.len() < PROOF) {
            found.push((source.line(call.start()), "`expect` without a proof".into()));
        }
    }
    found
}

pub fn opening(source: &Source) -> Findings {
    let lines: Vec<&str> = source.text.lines().map_while(|line| line.strip_prefix("//!")).collect();
    if lines.is_empty() {
        return vec![(1, "does not open with `//!`".into())];
    }
    // The crate's own documentation is the map of the whole; it may be long.
    if source.path == "src/lib.rs" {
        return Vec::new();
    }
    let prose = pattern("`[^`]*`").replace_all(&lines.join(" "), "x").replace("e.g.", "").replace("i.e.", "");
    let sentences = pattern(r"[.!?…]+[)\x22]?(\s|$)").find_iter(&prose).count();
    if sentences > 3 { vec![(1, format!("{sentences} sentences"))] } else { Vec::new() }
}

pub fn reasons(source: &Source) -> Findings {
    pattern(r"#!?\[\s*(cfg_attr\([^\]]*)?(allow|expect)\s*\(")
        .find_iter(&source.code)
        .filter(|found| !source.code[found.start()..matching(&source.code, found.end() - 1)].contains("reason"))
        .map(|found| (source.line(found.start()), "a lint exception without a reason".into()))
        .collect()
}

pub fn unsafety(source: &Source) -> Findings {
    // The one question to the kernel that no safe wrapper asks.
    if source.path == "src/socket/kernel.rs" {
        return Vec::new();
    }
    in_code(source, r"\bunsafe\b|\b(allow|expect|warn)\s*\(\s*unsafe_code", "unsafe code")
}

pub fn limits(source: &Source) -> Findings {
    if source.path == "src/limits.rs" || source.path.starts_with("src/limits/") {
        return Vec::new();
    }
    let mut found = in_code(source, r"\bDuration::(from_\w+|new)\(\s*[0-9]", "a duration");
    found.extend(in_code(source, r"\b1024\b|<<\s*[1-4]0\b", "a size"));
    for number in pattern(r"\b[0-9][0-9_]{3,}\b").find_iter(&source.code) {
        let value: u64 = number.as_str().replace('_', "").parse().unwrap_or(0);
        if value > 1024 && value.is_power_of_two() && !source.in_tests(number.start()) {
            found.push((source.line(number.start()), format!("a size: {}", number.as_str())));
        }
    }
    found
}

pub fn names(source: &Source) -> Findings {
    const REFUSED: [&str; 6] = ["manager", "helper", "util", "common", "misc", "handler"];
    let refused = |name: &str| {
        let apart = pattern("([a-z0-9])([A-Z])").replace_all(name, "${1}_$2").to_lowercase();
        apart.split('_').any(|word| REFUSED.contains(&word) || REFUSED.contains(&word.trim_end_matches('s')))
    };
    let mut found = Findings::new();
    if source.path.trim_end_matches(".rs").split('/').any(refused) {
        found.push((1, "the file's name".into()));
    }
    let named = pattern(r"\b(mod|struct|enum|union|trait|type|fn)\s+([A-Za-z_][A-Za-z0-9_]*)");
    for name in named.captures_iter(&source.code) {
        let at = name.get(0).map_or(0, |whole| whole.start());
        // The name of a test is a sentence, and sentences may have common words.
        if refused(&name[2]) && !(&name[1] == "fn" && source.in_tests(at)) {
            found.push((source.line(at), format!("`{}`", &name[2])));
        }
    }
    found
}

pub fn leftovers(source: &Source) -> Findings {
    let mark = pattern(&["\\b(TO", "DO|FIX", "ME|XX", "X)\\b"].concat());
    let marked = source.comments.iter().filter(|comment| mark.is_match(&source.text[(*comment).clone()]));
    marked.map(|comment| (source.line(comment.start), source.text[comment.clone()].trim().to_owned())).collect()
}

pub fn inline_tests(source: &Source) -> Findings {
    let lines = |range: &std::ops::Range<usize>| source.text[range.clone()].lines().count();
    let long = source.tests.iter().filter(|range| lines(range) > INLINE_TEST_LINES);
    long.map(|range| (source.line(range.start), format!("{} lines of tests", lines(range)))).collect()
}

fn in_code(source: &Source, wanted: &str, what: &str) -> Findings {
    pattern(wanted)
        .find_iter(&source.code)
        .filter(|found| !source.in_tests(found.start()))
        .map(|found| (source.line(found.start()), format!("{what}: {}", found.as_str().trim())))
        .collect()
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of these rules is valid")
}

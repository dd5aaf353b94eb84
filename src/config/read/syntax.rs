//! Errors of TOML's syntax as problems, with a hint for the usual slips.
//! What the walk found besides is kept only where the text around it could be understood.

use std::{collections::BTreeSet, ops::Range};

use toml::de::Error;

use crate::config::problem::{Lines, Problem};

/// The problems of a file that is not TOML everywhere.
pub fn problems(text: &str, errors: &[Error], found: Vec<Problem>) -> Vec<Problem> {
    let lines = Lines::of(text);
    // An error without a place, such as a depth that is not followed, leaves nothing that could be relied upon.
    if let Some(error) = errors.iter().find(|error| error.span().is_none()) {
        let problem = Problem::of_file(format!("not TOML that can be read: {}", error.message()));
        return vec![problem.hint("nest tables and lists less deep")];
    }
    let spans: Vec<Range<usize>> = errors.iter().filter_map(Error::span).collect();
    // A bad value spoils its line; a table, list or string that does not end spoils what follows.
    let mut spoilt = BTreeSet::new();
    let mut end = usize::MAX;
    for (error, span) in errors.iter().zip(&spans) {
        spoilt.insert(lines.line(span.start));
        if !error.message().starts_with("invalid ") && !error.message().starts_with("duplicate ") {
            end = end.min(lines.line(span.start));
        }
    }
    let mut all: Vec<Problem> = found
        .into_iter()
        .filter(|problem| {
            let line = lines.line(problem.start());
            line < end && !spoilt.contains(&line) && !problem.is_of_nothing()
        })
        .collect();
    let mut told = BTreeSet::new();
    for (error, span) in errors.iter().zip(spans) {
        let line = lines.line(span.start);
        // What follows on the same line is a consequence.
        if told.insert(line) {
            all.push(problem(text, error.message(), span));
        }
    }
    all
}

fn problem(text: &str, message: &str, span: Range<usize>) -> Problem {
    let line = line_around(text, span.start);
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let (what, label) = match expected {
        _ if value_in(line).is_some_and(str::is_empty) => ("a value is missing", "expected a value".to_owned()),
        "" => (what, "here".to_owned()),
        "nothing" => (what, "cannot be read".to_owned()),
        "literal string" => (what, "text without quotes".to_owned()),
        _ => (what, format!("expected {expected}")),
    };
    let problem = Problem::error(span, format!("not TOML: {what}"), label);
    match hint(line, what) {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

fn hint(line: &str, what: &str) -> Option<String> {
    if let Some(open) = open_text(line) {
        let quote = &open[..1];
        let text = open[1..].trim_end_matches([']', '}', ',', ' ']);
        return Some(match text {
            "" => format!("a text has no end on this line: write it between two quotes, as in {quote}...{quote}"),
            _ => format!("a text has no end on this line: write {quote}{text}{quote}"),
        });
    }
    if what.starts_with("duplicate key") {
        return Some("keep one of the two".to_owned());
    }
    if what.starts_with("key with no value") {
        let (key, value) = line.trim().split_once([' ', ':'])?;
        let value = value.trim();
        let is_plain = value.starts_with(['"', '\'', '[', '{'])
            || value.parse::<u64>().is_ok()
            || value == "true"
            || value == "false";
        return (!value.is_empty()).then(|| {
            if is_plain { format!("write `{key} = {value}`") } else { format!("write `{key} = \"{value}\"`") }
        });
    }
    let key = line.split_once('=')?.0.trim();
    match value_in(line)? {
        "" => Some(format!("write a value after `{key} =`, or remove the line")),
        "True" | "TRUE" | "yes" | "on" => Some("write `true`".to_owned()),
        "False" | "FALSE" | "no" => Some("write `false`".to_owned()),
        value if value.starts_with(['"', '\'', '[', '{']) => None,
        value => Some(format!("text goes in quotes: `{key} = \"{value}\"`")),
    }
}

/// What follows a quote that no other closes on its line; texts over several lines are left alone.
fn open_text(line: &str) -> Option<&str> {
    if line.contains("\"\"\"") || line.contains("'''") {
        return None;
    }
    let mut open: Option<(usize, char)> = None;
    // A quote within a bare word, as in `it's`, begins nothing.
    let (mut escaped, mut may_begin) = (false, true);
    for (at, letter) in line.char_indices() {
        match open {
            None if letter == '#' => return None,
            None => {
                open = (may_begin && matches!(letter, '"' | '\'')).then_some((at, letter));
                may_begin = letter.is_whitespace() && may_begin || matches!(letter, '=' | '[' | '{' | ',');
            }
            Some(_) if escaped => escaped = false,
            Some((_, '"')) if letter == '\\' => escaped = true,
            Some((_, quote)) if letter == quote => open = None,
            Some(_) => {}
        }
    }
    open.map(|(at, _)| &line[at..])
}

/// The line that `at` is in.
fn line_around(text: &str, at: usize) -> &str {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
}

/// What a line has after its `=`, without a comment.
fn value_in(line: &str) -> Option<&str> {
    let (_, value) = line.split_once('=')?;
    value.split(" #").next().map(str::trim)
}

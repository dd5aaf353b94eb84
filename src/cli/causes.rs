//! `goodgate causes [ID]`: the reference of every cause, and its table for the README.
//! Written from the rows that the gateway itself uses; nothing is said twice.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Args;
use http::StatusCode;

use crate::{
    failure::{Cause, Facts},
    limits,
};

/// List the causes of failure, or explain one
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goodgate causes                    every cause in one line
  goodgate causes connect-refused    what it means, why it happens, what to do
  goodgate causes 502                the causes that are answered with this status
  goodgate causes unreachable        the causes that the public is told as this")]
pub struct Arguments {
    /// The cause, as the log names it; or a status, or the word that the public is told
    id: Option<String>,
}

/// Prints every cause, those of a status or class, or all about the one of that id; exit code 64 where there is none.
#[must_use]
pub fn run(arguments: &Arguments) -> ExitCode {
    let Some(id) = arguments.id.as_deref() else { return super::answer(&list(|_| true)) };
    if let Some(cause) = Cause::from_id(id) {
        return super::answer(&article(cause.facts()));
    }
    let is_meant = |facts: &Facts| {
        let has_status = facts.status.is_some_and(|status| status.as_str() == id);
        has_status || facts.class.as_str() == id || facts.logged.is_some_and(|logged| logged.to_string() == id)
    };
    if Cause::ALL.iter().any(|cause| is_meant(cause.facts())) {
        return super::answer(&list(is_meant));
    }
    let _ = io::stderr().write_all(unknown(id).as_bytes());
    ExitCode::from(super::BAD_USAGE)
}

/// The table of every cause in Markdown.
#[must_use]
pub fn markdown_table() -> String {
    let mut out = "| cause | status | Proxy-Status | delivered | meaning | next step |\n".to_owned();
    out += "|---|---|---|---|---|---|\n";
    for facts in Cause::ALL.iter().map(|cause| cause.facts()) {
        let (status, token) = (status(facts), token(facts).unwrap_or_else(|| "–".into()));
        let cells = [format!("`{}`", facts.id), status, token];
        let cells = cells.into_iter().chain([facts.delivered.as_str(), facts.meaning, facts.next].map(String::from));
        let cells: Vec<_> = cells.map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}

/// Every cause that is meant, in a line of its own, by phase.
fn list(is_meant: impl Fn(&Facts) -> bool) -> String {
    let width = Cause::ALL.iter().map(|cause| cause.id().len()).max().unwrap_or_default();
    let mut out = format!("{:width$}  status  delivered  meaning\n", "cause");
    let mut phase = None;
    for facts in Cause::ALL.iter().map(|cause| cause.facts()).filter(|facts| is_meant(facts)) {
        if phase != Some(facts.phase) {
            let _ = writeln!(out, "\n{}", facts.phase.as_str());
            phase = Some(facts.phase);
        }
        let (status, delivered) = (status(facts), facts.delivered.as_str());
        let _ = writeln!(out, "{:width$}  {status:<6}  {delivered:<9}  {}", facts.id, facts.meaning);
    }
    out += "\nThe status is what the client gets while nothing of an answer was sent yet; in brackets: it is only logged;\n";
    out += "a dash: none of the gateway's own. `goodgate causes ID` tells all about a cause.\n";
    out
}

/// All about one cause.
fn article(facts: &Facts) -> String {
    let mut out = format!("{}\n\n", facts.id);
    let _ = writeln!(out, "{}", wrapped(facts.meaning, 0));
    let mut row = |label: &str, text: &str| {
        let _ = writeln!(out, "{label:LABEL$}{}", wrapped(text, LABEL));
    };
    row("", "");
    let meaning = facts.status.and_then(|status| status.canonical_reason()).unwrap_or_default();
    let status = status(facts);
    row("phase", facts.phase.as_str());
    row("blame", facts.fault.as_str());
    row("status", &format!("{status} {meaning}"));
    row("class", &format!("{} (what the public is told instead of the cause)", facts.class.as_str()));
    row("Proxy-Status", &token(facts).map_or_else(|| "no error type".into(), |token| format!("error={token}")));
    row("delivered", &format!("usually {}; each failure carries its own verdict", facts.delivered.as_str()));
    row("tried again", facts.retry);
    row("goes away", if facts.passes { "often by itself" } else { "when somebody changes something" });
    row("", "");
    for (at, reason) in facts.real_life.iter().enumerate() {
        row(if at == 0 { "comes from" } else { "" }, reason);
    }
    row("", "");
    row("next step", facts.next);
    out.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// That there is no such cause, and which are meant.
fn unknown(id: &str) -> String {
    let near = nearest(id);
    let mut out = format!("goodgate: there is no cause \"{}\".\n", id.escape_debug());
    if !near.is_empty() {
        let _ = writeln!(out, "Did you mean {}?", near.join(" or "));
    }
    out + "`goodgate causes` lists them all.\n"
}

/// The causes that contain the word, or else the one that takes the fewest changes.
fn nearest(id: &str) -> Vec<&'static str> {
    let id = id.to_ascii_lowercase().replace(['_', ' '], "-");
    let ids = || Cause::ALL.iter().map(|cause| cause.id());
    let containing: Vec<_> = ids().filter(|known| !id.is_empty() && known.contains(&id)).collect();
    if !containing.is_empty() {
        return containing;
    }
    let closest = ids().map(|known| (distance(&id, known), known)).min();
    closest.filter(|(changes, known)| changes * 3 <= known.len()).map(|(_, known)| known).into_iter().collect()
}

/// How many characters have to be put in, taken out or changed (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, have) in from.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], line + 1);
        for (at, want) in to.iter().enumerate() {
            let changed = corner + usize::from(have != *want);
            corner = row[at + 1];
            row[at + 1] = changed.min(corner + 1).min(row[at] + 1);
        }
    }
    row[to.len()]
}

fn status(facts: &Facts) -> String {
    let sent = facts.status.map(|status| status.as_u16());
    match (sent, facts.logged) {
        (Some(status), _) => status.to_string(),
        (None, Some(logged)) => format!("({logged})"),
        (None, None) => "–".into(),
    }
}

/// The error type with the parameters that are always the same.
fn token(facts: &Facts) -> Option<String> {
    let mut out = facts.token?.to_owned();
    if out == "http_request_error" {
        let _ = write!(out, ";status-code={}", facts.status.as_ref().map_or("", StatusCode::as_str));
    }
    for (key, value) in facts.parameters {
        let _ = write!(out, ";{key}={value}");
    }
    Some(out)
}

/// Where the second column of an article begins.
const LABEL: usize = 14;

/// Breaks a text into lines, all but the first behind an indent.
fn wrapped(text: &str, indent: usize) -> String {
    let mut out = String::new();
    let mut used = indent;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > indent && used + 1 + length > limits::TERMINAL_WIDTH {
            let _ = write!(out, "\n{:indent$}", "");
            used = indent;
        } else if used > indent {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_a_line_for_every_cause_under_its_phase() {
        let list = list(|_| true);
        for cause in Cause::ALL {
            let facts = cause.facts();
            let line = list.lines().position(|line| line.split_whitespace().next() == Some(facts.id));
            let phase = list.lines().position(|line| line == facts.phase.as_str());
            assert!(phase < line, "{}", facts.id);
            assert!(markdown_table().contains(&format!("| `{}` | ", facts.id)));
        }
        assert_eq!(markdown_table().lines().count(), Cause::ALL.len() + 2);
        assert!(markdown_table().lines().all(|line| line.matches('|').count() == 7));
    }

    #[test]
    fn an_article_tells_all_and_fits_a_terminal() {
        for cause in Cause::ALL {
            let facts = cause.facts();
            let article = article(facts);
            assert!(article.lines().all(|line| line.chars().count() <= limits::TERMINAL_WIDTH), "{article}");
            let flat = article.split_whitespace().collect::<Vec<_>>().join(" ");
            for text in [facts.id, facts.meaning, facts.next, facts.retry, facts.class.as_str(), facts.fault.as_str()] {
                assert!(flat.contains(text), "{text} in {article}");
            }
            assert!(facts.real_life.iter().all(|reason| flat.contains(reason)));
        }
        assert!(article(Cause::DnsNxdomain.facts()).contains("error=dns_error;rcode=NXDOMAIN"));
    }

    #[test]
    fn an_unknown_cause_is_answered_with_the_nearest() {
        let rows = [
            ("conect-refused", "Did you mean connect-refused?"),
            ("Connect_Refused", "Did you mean connect-refused?"),
            ("backlog", "Did you mean connect-backlog-full?"),
            ("unix-s", "Did you mean connect-unix-stale?"),
            ("xyzzy", "lists them all"),
            ("", "lists them all"),
        ];
        for (id, expected) in rows {
            assert!(unknown(id).contains(expected), "{id}: {}", unknown(id));
        }
        assert!(!unknown("xyzzy").contains("mean"));
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn the_exit_code_tells_whether_there_is_such_a_cause() {
        assert_eq!(run(&Arguments { id: Some("connect-refused".to_owned()) }), ExitCode::SUCCESS);
        assert_eq!(run(&Arguments { id: Some("no-such-cause".to_owned()) }), ExitCode::from(crate::cli::BAD_USAGE));
    }
}

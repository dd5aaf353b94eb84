//! The reference file against the definition of the keys: every key, every default, every sentence.

use std::{fmt::Write, path::Path};

use goodgate::config::{
    self,
    keys::{self, Key, Kind, Table},
};

use super::{SMALLEST, good, parse};

const FILE: &str = "config/goodgate.toml";
const WIDTH: usize = 110;
const INTRODUCTION: &str = "\
Every key of goodgate with its default. A key behind a # has none: its value is an example.
Durations are whole numbers with ms, s, m (minutes), h or d: \"250ms\", \"10s\", \"2m 30s\"; or with
words, as in \"10 min\" or \"5 seconds\". \"10M\" is refused.
Sizes are numbers with B, with KB, MB, GB, TB (1 KB is 1000 B) or with KiB, MiB, GiB, TiB (1 KiB is 1024 B), or a
plain number of bytes. What nginx and PHP write as 10m or 10M is \"10MiB\" here; \"10M\" is refused.
Relative paths are relative to this file. ${NAME} in a string is taken from the environment; $${ is ${ itself.
`goodgate check FILE` shows everything that is wrong with a file.";

#[test]
fn the_reference_file_is_what_the_keys_say() {
    let path = format!("{}/{FILE}", env!("CARGO_MANIFEST_DIR"));
    let wanted = reference();
    if std::env::var_os("GOODGATE_WRITE_REFERENCE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    for (line, (found, wanted)) in found.lines().zip(wanted.lines()).enumerate() {
        assert_eq!(found, wanted, "line {} of {FILE}; GOODGATE_WRITE_REFERENCE=1 writes it anew", line + 1);
    }
    assert_eq!(found.len(), wanted.len(), "{FILE} ends elsewhere; GOODGATE_WRITE_REFERENCE=1 writes it anew");
}

#[test]
fn the_reference_file_loads_and_changes_nothing() {
    let loaded = good(&reference());
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let (written, left_out) = (format!("{:#?}", loaded.settings), format!("{:#?}", good(SMALLEST).settings));
    assert_eq!(written, left_out, "every key at its default means the same as no key");
}

#[test]
fn every_example_of_the_reference_file_is_taken() {
    let text = reference();
    let mut in_comment = false;
    for line in text.lines() {
        if line.trim_start_matches('#').starts_with('[') {
            in_comment = line.starts_with('#');
        }
        let example =
            line.strip_prefix('#').filter(|_| !in_comment).and_then(|line| Some((line, line.split_once(" = ")?)));
        let Some((line, (name, value))) = example else { continue };
        if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            continue;
        }
        let document = text.replace(&format!("\n#{line}\n"), &format!("\n{name} = {value}\n"));
        assert_ne!(document, text);
        // Files of pages are in the folder of templates, which is an example too.
        let document = if name == "pages" { document.replace("\n#templates = ", "\ntemplates = ") } else { document };
        let path = format!("{}/{FILE}", env!("CARGO_MANIFEST_DIR"));
        if let Err(problems) = config::parse(&document, Path::new(&path), &|_| None) {
            panic!("{problems}");
        }
    }
}

/// A date is the value of no key, so that every key that is read at all refuses it.
#[test]
fn every_known_key_is_read() {
    for (table, key) in all_keys().filter(|(_, key)| key.is_known()) {
        let text = document(table, &format!("{} = 1979-05-27", key.name));
        let problems = parse(&text).expect_err(&text);
        assert!(
            problems
                .iter()
                .any(|problem| problem.label == "this is a date or a time" || problem.label == "this is no number"),
            "`{}` of {} is not read:\n{problems}",
            key.name,
            table.heading
        );
    }
}

#[test]
fn every_key_of_a_later_version_is_refused_as_that() {
    let mut count = 0;
    for (table, key) in all_keys().filter(|(_, key)| !key.is_known()) {
        for value in ["true", "false", "\"off\"", "{}", "[]", "5"] {
            let text = document(table, &format!("{} = {value}", key.name));
            let problems = parse(&text).expect_err(&text);
            let problem = problems.iter().find(|problem| problem.title.contains("not yet known in this version"));
            let problem = problem.unwrap_or_else(|| panic!("{text}\n{problems}"));
            assert!(problem.title.contains(key.name) && problem.hint.is_some(), "{problems}");
        }
        count += 1;
    }
    assert!(count > 5, "only {count} keys");
}

#[test]
fn every_word_of_a_choice_is_taken_and_later_ones_are_refused_as_that() {
    for (table, key) in all_keys() {
        let Kind::OneOf(now, later) = key.kind else { continue };
        for word in now {
            let text = document(table, &format!("{} = \"{word}\"", key.name));
            if let Err(problems) = parse(&text) {
                panic!("{text}\n{problems}");
            }
        }
        for word in later {
            let problems = parse(&document(table, &format!("{} = \"{word}\"", key.name))).unwrap_err();
            assert!(problems.to_string().contains("not yet known in this version"), "{problems}");
        }
    }
}

fn all_keys() -> impl Iterator<Item = (&'static Table, &'static Key)> {
    keys::tables().into_iter().flat_map(|table| table.keys.iter().map(move |key| (table, key)))
}

/// A good file but for `line`, which stands in `table` in place of what stood there.
fn document(table: &Table, line: &str) -> String {
    let name = line.split(' ').next().unwrap();
    let (mut listen, mut route, mut upstream) = (
        "address = \"127.0.0.1:0\"".to_owned(),
        "upstream = \"app\"".to_owned(),
        "servers = [\"http://127.0.0.1:1\"]".to_owned(),
    );
    let mut rest = String::new();
    let put = |stood: &mut String| {
        if stood.starts_with(name) { line.clone_into(stood) } else { *stood = format!("{stood}\n{line}") }
    };
    match table.heading {
        "the file" => {
            let without =
                |heading: &str| if heading.trim_matches(['[', ']']) == name { "#" } else { heading }.to_owned();
            let mut text = format!("{line}\n");
            for (heading, body) in [("[[listen]]", &listen), ("[[route]]", &route), ("[upstream.app]", &upstream)] {
                let heading =
                    if name == "upstream" && heading == "[upstream.app]" { "#".to_owned() } else { without(heading) };
                let body = if heading == "#" { "" } else { body.as_str() };
                let _ = write!(text, "{heading}\n{body}\n");
            }
            return text;
        }
        "[[listen]]" => put(&mut listen),
        "[[route]]" => put(&mut route),
        "[upstream.NAME]" => put(&mut upstream),
        "an entry of servers" => {
            let url = if name == "url" { "" } else { "url = \"http://127.0.0.1:1\", " };
            upstream = format!("servers = [{{ {url}{line} }}]");
        }
        "[route.site]" => {
            route.clear();
            let root = if name == "root" { "" } else { "root = \"/srv\"\n" };
            rest = format!("[route.site]\n{root}{line}");
        }
        heading => rest = format!("{}\n{line}", heading.replace("NAME", "app")),
    }
    let of = |part: &str| if rest.starts_with(part) { rest.as_str() } else { "" };
    let other = if of("[route.").is_empty() && of("[upstream.").is_empty() { rest.as_str() } else { "" };
    format!(
        "[[listen]]\n{listen}\n[[route]]\n{route}\n{}\n[upstream.app]\n{upstream}\n{}\n{other}\n",
        of("[route."),
        of("[upstream.")
    )
}

fn reference() -> String {
    let mut text = INTRODUCTION.lines().fold(String::new(), |text, line| format!("{text}# {line}\n"));
    for key in keys::ROOT.keys.iter().filter(|key| key.is_known()) {
        write_table(key.table().unwrap(), &mut text);
    }
    text
}

fn write_table(table: &Table, text: &mut String) {
    text.push('\n');
    comment(table.about, text);
    // Only one of these can stand in a route, and others mean something by standing there: they are shown as they would
    // be written.
    let is_shown = ![
        "[route.site]",
        "[route.respond]",
        "[route.redirect]",
        "[route.maintenance]",
        "[upstream.NAME.fastcgi]",
        "[[rate_limit]]",
        "[upstream.NAME.fallback]",
        "[upstream.NAME.stale_if_error]",
        "[upstream.NAME.health.active]",
    ]
    .contains(&table.heading);
    let mark = if is_shown { "" } else { "#" };
    let _ = writeln!(text, "{mark}{}", table.heading.replace("NAME", "app"));
    let has_no_table = |key: &&Key| !matches!(key.kind, Kind::Table(_) | Kind::TableOr(..));
    for (at, key) in table.keys.iter().filter(|key| key.is_known()).filter(has_no_table).enumerate() {
        if at > 0 {
            text.push('\n');
        }
        comment(key.about, text);
        let is_action = key.name == "upstream";
        let mark = if is_shown && (key.preset.is_default() || is_required(key) || is_action) { "" } else { "#" };
        let _ = writeln!(text, "{mark}{} = {}", key.name, key.preset.toml());
        if let Kind::Entries(entry, _) = key.kind {
            comment("An entry can also be a table, as in { url = \"http://127.0.0.1:3000\", weight = 1 }:", text);
            for key in entry.keys.iter().filter(|key| key.is_known()) {
                let _ = writeln!(text, "#   {} = {}: {}", key.name, key.preset.toml(), key.about);
            }
        }
    }
    for key in table.keys {
        if let Kind::Table(below) | Kind::TableOr(below, _) = key.kind {
            write_table(below, text);
        }
    }
}

fn is_required(key: &Key) -> bool {
    matches!(key.preset, keys::Preset::Required(_))
}

fn comment(sentence: &str, text: &mut String) {
    let mut line = "#".to_owned();
    for word in sentence.split(' ') {
        if line.len() + word.len() >= WIDTH {
            let _ = writeln!(text, "{line}");
            line.truncate(1);
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(text, "{line}");
}

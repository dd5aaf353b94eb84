//! The README against the program: its table of causes, its configuration, its commands, its paths.
//! `GOODGATE_WRITE_README=1` writes the table anew; all else in it is written by hand.

use std::{fs, path::Path};

use goodgate::{cli::causes, failure::Cause};

use crate::support::gate::run;

const OPEN: &str = "<!-- causes -->\n";
const CLOSE: &str = "<!-- /causes -->";

fn file() -> String {
    format!("{}/README.md", env!("CARGO_MANIFEST_DIR"))
}

fn text() -> String {
    fs::read_to_string(file()).expect("there is a README")
}

/// Its three parts: before, within and behind the markers.
fn parts(text: &str) -> (&str, &str, &str) {
    let (before, rest) = text.split_once(OPEN).expect("the table's first marker");
    let (table, behind) = rest.split_once(CLOSE).expect("the table's second marker");
    (before, table, behind)
}

/// Blocks of code in that language, without the end of their last line.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    // Fences open and close in turn, so every second piece is a block that begins with its language.
    let pieces = text.split("\n```").skip(1).step_by(2);
    pieces
        .filter_map(|piece| piece.split_once('\n'))
        .filter(|(name, _)| *name == language)
        .map(|(_, code)| code)
        .collect()
}

/// What stands between backticks within a line.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with("```")).flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Command lines of the program, as words behind its name.
fn commands(text: &str) -> Vec<Vec<&str>> {
    let lines = spans(text).chain(blocks(text, "sh").into_iter().flat_map(str::lines));
    let words =
        lines.filter_map(|line| line.strip_prefix("goodgate ").or(line.strip_prefix("cargo run --release -- ")));
    words.map(|words| words.split_whitespace().collect()).collect()
}

#[test]
fn the_table_of_causes_is_what_the_code_says() {
    let wanted = causes::markdown_table();
    if std::env::var_os("GOODGATE_WRITE_README").is_some() {
        let text = text();
        let (before, _, behind) = parts(&text);
        fs::write(file(), format!("{before}{OPEN}{wanted}{CLOSE}{behind}")).expect("the README can be written");
    }
    let text = text();
    let (_, found, _) = parts(&text);
    for (found, wanted) in found.lines().zip(wanted.lines()) {
        assert_eq!(found, wanted, "GOODGATE_WRITE_README=1 writes the table anew");
    }
    assert_eq!(found.len(), wanted.len(), "the table ends elsewhere; GOODGATE_WRITE_README=1 writes it anew");
}

#[test]
fn the_smallest_configuration_has_six_lines_and_is_good() {
    let text = text();
    let blocks = blocks(&text, "toml");
    assert_eq!(blocks.len(), 1, "one configuration: {blocks:?}");
    assert_eq!(blocks[0].lines().count(), 6, "six lines: {}", blocks[0]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("goodgate.toml");
    fs::write(&file, blocks[0]).expect("the configuration can be written");
    let (code, out, err) = run(&["check", &file.display().to_string()]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(run(&["run", "--help"]).1.contains(&blocks[0].replace('\n', "\n  ")), "the help shows another one");
}

#[test]
fn every_command_exists_with_its_options() {
    let text = text();
    let commands = commands(&text);
    for command in ["run", "check", "proxy", "causes", "demo"] {
        assert!(commands.iter().any(|words| words[0] == command), "`goodgate {command}` is not explained");
    }
    for words in commands {
        let (code, help, err) = run(&[words[0], "--help"]);
        assert_eq!(code, 0, "`goodgate {}`: {err}", words.join(" "));
        for option in words.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(option), "`goodgate {}` has no {option}:\n{help}", words[0]);
        }
    }
    let help = run(&["--help"]).1;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for command in listed.filter_map(|line| line.split_whitespace().next()).filter(|command| *command != "help") {
        assert!(
            text.contains(&format!("| `goodgate {command} ")) || text.contains(&format!("| `goodgate {command}` "))
        );
    }
}

#[test]
fn every_path_and_every_link_leads_somewhere() {
    let text = text();
    let (before, _, behind) = parts(&text);
    let paths = [before, behind].into_iter().flat_map(spans);
    let paths =
        paths.filter(|span| ["src/", "tests/", "benches/", "config/"].iter().any(|root| span.starts_with(root)));
    let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
    let scripts = blocks(&text, "sh").into_iter().filter(|line| !line.starts_with("cargo "));
    let mut count = 0;
    for path in paths.chain(links.filter(|link| !link.contains("://"))).chain(scripts) {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists(), "{path} is not there");
        count += 1;
    }
    assert!(count > 30, "only {count} paths found");
}

#[test]
fn the_example_names_a_cause_and_its_own_request() {
    let text = text();
    let example = blocks(&text, "");
    let cause = example[1].split("cause=").nth(1).and_then(|rest| rest.split(' ').next()).expect("a cause");
    assert!(Cause::from_id(cause).is_some(), "{cause}");
    let id = example[0].split("x-request-id: ").nth(1).and_then(|rest| rest.lines().next()).expect("an id");
    assert!(example[1].contains(&format!("request={id}")), "the line belongs to another request");
}

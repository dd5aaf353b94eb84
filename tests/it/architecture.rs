//! The house rules, as tests that scan the sources.
//! Each test says what to do when it fails, and shows on a small sample that it can fail.

mod imports;
mod rules;
mod source;

use std::{collections::BTreeSet, fs, path::Path};

use source::{Source, repository};

/// What a rule found: the line, and what is wrong there.
type Findings = Vec<(usize, String)>;

/// Runs `rule` over every file of `folders` and fails with all findings and `advice`.
fn hold(folders: &[&str], rule: impl Fn(&Source) -> Findings, advice: &str) {
    let found: Vec<String> = folders
        .iter()
        .flat_map(|folder| source::read_all(folder))
        .flat_map(|source| {
            let findings = rule(&source);
            findings.into_iter().map(move |(line, what)| format!("  {}:{line}: {what}", source.path))
        })
        .collect();
    assert!(found.is_empty(), "{} found:\n{}\nWhat to do: {advice}", found.len(), found.join("\n"));
}

/// Shows that `rule` finds `expected` places in a sample of code.
fn finds(rule: impl Fn(&Source) -> Findings, path: &str, text: &str, expected: usize) {
    let found = rule(&Source::new(path, text));
    assert_eq!(found.len(), expected, "in this sample:\n{text}\nfound: {found:?}");
}

#[test]
fn no_file_is_over_500_lines() {
    finds(rules::length, "src/x.rs", &"\n".repeat(500), 0);
    finds(rules::length, "src/x.rs", &"\n".repeat(501), 1);
    hold(
        &["src", "tests", "benches"],
        rules::length,
        "split the file by phase, then by protocol; about 150 lines is good",
    );
}

#[test]
fn gateway_statuses_are_named_only_under_failure() {
    finds(rules::statuses, "src/stack/x.rs", "fn f() { g(502) } // 503", 1);
    finds(rules::statuses, "src/stack/x.rs", "const S: StatusCode = StatusCode::GATEWAY_TIMEOUT;", 1);
    finds(rules::statuses, "src/stack/x.rs", "const S: &[u8] = b\"HTTP/1.1 503 Busy\\r\\n\";", 1);
    finds(rules::statuses, "src/stack/x.rs", "const S: &str = \"documented: answers 503\"; let x = 5020;", 0);
    finds(rules::statuses, "src/failure/cause/x.rs", "const S: u16 = 502;", 0);
    finds(rules::statuses, "src/stack/x.rs", "#[cfg(test)]\nmod tests { const S: u16 = 502; }", 0);
    hold(
        &["src"],
        rules::statuses,
        "make a `Failure` with its `Cause`; only the rows under src/failure/cause know statuses",
    );
}

#[test]
fn imports_follow_the_way_of_a_request() {
    finds(imports::direction, "src/route/x.rs", "use crate::{upstream::Pool, limits};", 0);
    finds(imports::direction, "src/route/x.rs", "use crate::{limits, stack::{respond, guard}};", 2);
    finds(imports::direction, "src/upstream/x/y.rs", "fn f() { crate::listen::accept() }", 1);
    finds(imports::direction, "src/upstream/x.rs", "use super::super::route::Table;", 1);
    finds(imports::direction, "src/upstream/mod.rs", "use super::route::Table;", 1);
    finds(imports::direction, "src/upstream/x.rs", "use super::route::Table;", 0);
    finds(imports::direction, "src/failure/x.rs", "use crate::config::{settings::Errors, keys};", 1);
    finds(imports::direction, "src/upstream/x.rs", "#[cfg(test)]\nmod tests { use crate::stack; }", 0);
    finds(imports::direction, "src/novelty/x.rs", "use crate::limits;", 1);
    hold(
        &["src"],
        imports::direction,
        "move the code to the module that may know both sides, or pass the value down as an argument; \
         a new module gets its line in tests/it/architecture/imports.rs",
    );
}

#[test]
fn nothing_outside_tests_can_panic_by_surprise() {
    finds(rules::panics, "src/x.rs", "fn f() { a.unwrap(); }", 1);
    finds(rules::panics, "src/x.rs", "fn f() { todo!(); unreachable!() }", 2);
    finds(rules::panics, "src/x.rs", "fn f() { a.expect(\"short\"); a.expect(why) }", 2);
    finds(rules::panics, "src/x.rs", "fn f() { a\n.expect(\"the list was filled one line above\"); }", 0);
    finds(rules::panics, "src/x.rs", "/// calls x.unwrap()\nfn f() { a(\"panic!\") }", 0);
    finds(rules::panics, "src/x/tests.rs", "fn f() { a.unwrap(); }", 0);
    finds(rules::panics, "src/x.rs", "#[cfg(test)]\nmod tests { fn f() { a.unwrap(); } }\nfn g() { b.unwrap() }", 1);
    hold(
        &["src"],
        rules::panics,
        "return the failure; an invariant that is proven may be `.expect(\"the proof in at least 20 characters\")`",
    );
}

#[test]
fn every_file_says_in_at_most_three_sentences_what_it_is() {
    finds(rules::opening, "src/x.rs", "use a;", 1);
    finds(rules::opening, "src/x.rs", "//! One. Two, e.g. `a. b`.\n//! Three.\nuse a;", 0);
    finds(rules::opening, "src/x.rs", "//! One. Two.\n//! Three? Four.\nuse a;", 1);
    finds(rules::opening, "src/lib.rs", "//! One. Two. Three. Four.", 0);
    hold(
        &["src", "tests", "benches"],
        rules::opening,
        "open the file with `//!`: what it is, what comes before and after it, what it leaves to others; \
         longer explanations belong to the items",
    );
}

#[test]
fn every_lint_exception_has_a_reason() {
    finds(rules::reasons, "src/x.rs", "#[allow(dead_code)]\nfn f() {}", 1);
    finds(rules::reasons, "src/x.rs", "#![expect(\n  clippy::a,\n  clippy::b\n)]", 1);
    finds(rules::reasons, "src/x.rs", "#[expect(unsafe_code, reason = \"asks the kernel\")]\nfn f() {}", 0);
    hold(&["src", "tests", "benches"], rules::reasons, "add `reason = \"…\"`, or better, do what the lint says");
}

#[test]
fn unsafe_code_is_in_the_one_module_that_asks_the_kernel() {
    finds(rules::unsafety, "src/x.rs", "fn f() { unsafe { g() } } // unsafe", 1);
    finds(rules::unsafety, "src/x.rs", "#[expect(unsafe_code, reason = \"fast\")]\nmod x;", 1);
    finds(rules::unsafety, "src/x.rs", "#![deny(unsafe_code)]\nconst S: &str = \"unsafe\";", 0);
    finds(rules::unsafety, "src/socket/kernel.rs", "fn f() { unsafe { g() } }", 0);
    hold(
        &["src", "tests", "benches"],
        rules::unsafety,
        "use a safe wrapper (rustix, socket2); src/socket/kernel.rs may ask the kernel for what none of them tells",
    );
}

#[test]
fn durations_and_sizes_live_in_limits() {
    finds(rules::limits, "src/x.rs", "let d = Duration::from_millis(250);", 1);
    finds(rules::limits, "src/x.rs", "let n = 64 * 1024; let m = 65_536; let k = 8 << 10;", 3);
    finds(rules::limits, "src/x.rs", "let d = Duration::from_secs(seconds); let n = 64; let k = 10240;", 0);
    finds(rules::limits, "src/limits.rs", "pub const A: usize = 64 * 1024;", 0);
    finds(rules::limits, "src/limits/x.rs", "pub const A: usize = 64 * 1024;", 0);
    finds(rules::limits, "src/limits_of_x.rs", "pub const A: usize = 64 * 1024;", 1);
    hold(
        &["src"],
        rules::limits,
        "add a named constant to src/limits.rs with a sentence on what happens when it is reached",
    );
}

#[test]
fn names_come_from_the_domain() {
    finds(rules::names, "src/conn_helper.rs", "", 1);
    finds(rules::names, "src/x.rs", "mod utils; struct PoolManager; fn handler() {}", 3);
    finds(rules::names, "src/x.rs", "mod a; struct Commonwealth; fn handle() {}", 0);
    hold(
        &["src", "tests", "benches"],
        rules::names,
        "say what the thing is or does in the words of the domain (Listener, Route, Pool, Member, Attempt, Failure …)",
    );
}

#[test]
fn nothing_is_left_for_later() {
    finds(rules::leftovers, "src/x.rs", "// TODO: more\n/* FIXME */\n// XXX", 3);
    finds(rules::leftovers, "src/x.rs", "let a = \"TODO\"; // METHODOLOGY", 0);
    hold(&["src", "tests", "benches"], rules::leftovers, "do it now, or leave no trace of it in the sources");
}

#[test]
fn long_unit_tests_have_their_own_file() {
    let long = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "    // a line\n".repeat(100));
    finds(rules::inline_tests, "src/x.rs", &long, 1);
    finds(rules::inline_tests, "src/x.rs", "#[cfg(test)]\nmod tests;\n", 0);
    finds(rules::inline_tests, "src/x.rs", "#[cfg(test)]\nmod tests {\n    // short\n}\n", 0);
    hold(&["src"], rules::inline_tests, "move the tests to `x/tests.rs` and leave `#[cfg(test)] mod tests;`");
}

#[test]
fn the_top_level_holds_what_was_agreed_and_nothing_else() {
    const AGREED: [&str; 8] = ["Cargo.toml", "Cargo.lock", "src", "config", "tests", "benches", "README.md", "LICENSE"];
    let strangers = |names: &[String]| -> Vec<String> {
        let known: BTreeSet<&str> = AGREED.into_iter().collect();
        names.iter().filter(|n| !n.starts_with('.') && *n != "target" && !known.contains(n.as_str())).cloned().collect()
    };
    assert_eq!(strangers(&["src".into(), ".ci".into(), "target".into(), "notes.txt".into()]), ["notes.txt"]);
    let names: Vec<String> = fs::read_dir(repository())
        .expect("the repository can be listed")
        .map(|entry| entry.expect("an entry can be read").file_name().to_string_lossy().into_owned())
        .collect();
    let found = strangers(&names);
    assert!(
        found.is_empty(),
        "{found:?} do not belong at the top level. What to do: find them a place under {AGREED:?}"
    );
    let missing: Vec<&str> =
        AGREED.into_iter().filter(|name| *name != "benches" && !Path::new(&repository()).join(name).exists()).collect();
    assert!(missing.is_empty(), "{missing:?} are missing at the top level. What to do: bring them back");
}

//! Who may use whom: `listen → stack → route → upstream`, and a vocabulary that uses nothing above it.
//! Reads `use` trees, paths in the code, and `super` chains.

use super::{
    Findings,
    source::{Source, matching},
};

const VOCABULARY: [&str; 4] = ["limits", "failure", "message", "config::settings"];

/// A module of the top level, and what it may use besides itself.
const ALLOWED: &[(&str, &[&str])] = &[
    ("limits", &[]),
    ("socket", &["limits"]),
    ("config::settings", &["failure", "limits"]),
    ("failure", &["config::settings", "limits"]),
    ("message", &["failure", "config::settings", "limits"]),
    ("config", &["failure", "limits"]),
    ("clock", &VOCABULARY),
    ("shutdown", &["limits", "failure", "message", "config::settings", "clock"]),
    ("observe", &["limits", "failure", "message", "config::settings", "clock"]),
    ("upstream", &["limits", "failure", "message", "config::settings", "clock", "observe", "socket"]),
    ("route", &["limits", "failure", "message", "config::settings", "upstream"]),
    ("site", &VOCABULARY),
    (
        "stack",
        &[
            "limits",
            "failure",
            "message",
            "config::settings",
            "clock",
            "observe",
            "shutdown",
            "site",
            "route",
            "upstream",
        ],
    ),
    (
        "listen",
        &[
            "limits",
            "failure",
            "message",
            "config::settings",
            "clock",
            "observe",
            "shutdown",
            "socket",
            "route",
            "upstream",
            "stack",
        ],
    ),
];

/// Wiring: these may use everything.
const WIRING: [&str; 5] = ["cli", "gateway", "worker", "main", "lib"];

pub fn direction(source: &Source) -> Findings {
    let own = module_path(&source.path);
    let Some(top) = own.first() else { return Findings::new() };
    if WIRING.contains(&top.as_str()) {
        return Findings::new();
    }
    let name = if own.starts_with(&["config".into(), "settings".into()]) { "config::settings" } else { top };
    let Some((_, allowed)) = ALLOWED.iter().find(|(module, _)| *module == name) else {
        return vec![(1, format!("nobody has said yet what `{name}` may use"))];
    };
    let permits = |path: &str| {
        let within = |module: &str| path == module || path.starts_with(&format!("{module}::"));
        within(name) || allowed.iter().any(|module| within(module))
    };
    paths(source, &own)
        .into_iter()
        .filter(|(at, path)| !source.in_tests(*at) && !permits(path))
        .map(|(at, path)| (source.line(at), format!("`{name}` uses `{path}`")))
        .collect()
}

/// `src/a/b.rs` and `src/a/b/mod.rs` are both `[a, b]`.
fn module_path(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    inner.split('/').map(str::to_owned).collect()
}

/// Every path from the crate's root that the source names, with where.
fn paths(source: &Source, own: &[String]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in source.code.match_indices("crate::") {
        if !source.code[..at].ends_with(['$', '_']) {
            tree(&source.code, at + "crate::".len(), "", &mut found);
        }
    }
    let chain = regex::Regex::new(r"\b(super::)+").expect("the pattern is valid");
    for supers in chain.find_iter(&source.code) {
        // Only a chain that reaches the root can leave the module.
        if supers.as_str().matches("super").count() == own.len() {
            tree(&source.code, supers.end(), "", &mut found);
        }
    }
    found
}

/// Flattens the use tree at `at` into paths below `prefix`.
fn tree(code: &str, at: usize, prefix: &str, found: &mut Vec<(usize, String)>) {
    let rest = &code[at..];
    let skipped = rest.len() - rest.trim_start().len();
    let (at, rest) = (at + skipped, rest.trim_start());
    if rest.starts_with('{') {
        let end = matching(code, at) - 1;
        let mut start = at + 1;
        let mut depth = 0_usize;
        for (offset, byte) in code.bytes().enumerate().take(end + 1).skip(at + 1) {
            match byte {
                b'{' => depth += 1,
                b'}' if depth > 0 => depth -= 1,
                b',' | b'}' if depth == 0 => {
                    if !code[start..offset].trim().is_empty() {
                        tree(code, start, prefix, found);
                    }
                    start = offset + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let path = if prefix.is_empty() { word.clone() } else { format!("{prefix}::{word}") };
    match rest[word.len()..].strip_prefix("::") {
        Some(_) => tree(code, at + word.len() + 2, &path, found),
        None => found.push((at, path)),
    }
}

//! Walks the file table by table and takes every value that fits; everything else becomes a problem at its place.
//! `config` calls it with the text; contradictions between values are left to `resolve`.

mod errors;
mod fields;
mod gateway;
mod health;
mod leaf;
mod measure;
mod network;
mod pattern;
mod rate_limit;
mod route;
mod section;
mod server;
mod site;
mod syntax;
mod units;
mod upstream;

use std::{cell::RefCell, path::Path};

use toml::de::DeTable;

pub use section::meant;

use super::{keys, problem::Problem, written::Written};
use section::Section;

/// What every part of the walk shares.
pub struct Reader<'a> {
    /// The whole file.
    text: &'a str,
    /// The folder that relative paths start from.
    base: &'a Path,
    environment: &'a dyn Fn(&str) -> Option<String>,
    found: RefCell<Vec<Problem>>,
}

/// Reads `text`. The problems found are all of them but contradictions; without a result the text is not even TOML.
pub fn read(text: &str, base: &Path, environment: &dyn Fn(&str) -> Option<String>) -> (Option<Written>, Vec<Problem>) {
    let (tree, errors) = DeTable::parse_recoverable(text);
    let reader = Reader { text, base, environment, found: RefCell::default() };
    let written = walk(&reader, tree.get_ref());
    let found = reader.found.into_inner();
    if errors.is_empty() {
        return (Some(written), found);
    }
    (None, syntax::problems(text, &errors, found))
}

fn walk<'a>(reader: &'a Reader<'a>, tree: &'a DeTable<'a>) -> Written {
    let root = Section::open(reader, &keys::ROOT, tree, 0..0);
    let limits = root.section("limits");
    Written {
        gateway: gateway::gateway(&root.section("gateway")),
        listen: root.sections("listen").iter().filter_map(gateway::listen).collect(),
        has_listen: root.leaf("listen").is_some(),
        limits: gateway::limits(&limits),
        memory: limits.place("memory"),
        routes: root.sections("route").iter().map(route::route).collect(),
        rate_limits: root.sections("rate_limit").iter().map(rate_limit::rate_limit).collect(),
        has_route: root.leaf("route").is_some(),
        upstreams: root.named("upstream").iter().map(|(name, section)| upstream::upstream(name, section)).collect(),
        errors: errors::errors(&root.section("errors")),
        log: gateway::log(&root.section("log")),
    }
}

impl Reader<'_> {
    fn problem(&self, problem: Problem) {
        self.found.borrow_mut().push(problem);
    }

    /// Problems so far.
    fn count(&self) -> usize {
        self.found.borrow().len()
    }

    fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name)
    }
}

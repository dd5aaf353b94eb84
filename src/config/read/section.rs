//! One table of the file with what `keys` knows of it: unknown keys are reported as it is opened.
//! `read`'s files ask it for their keys; values are left to `Leaf`.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Reader,
    leaf::{Leaf, Misfit},
};
use crate::config::{
    keys::{self, Key, Table},
    problem::Problem,
};

/// An open table; also one that was left out, which has every key at its default.
pub struct Section<'a> {
    /// Whoever reads.
    pub reader: &'a Reader<'a>,
    /// Its heading, or the key of an inline table's value.
    pub span: Range<usize>,
    table: &'static Table,
    entries: Option<&'a DeTable<'a>>,
}

impl<'a> Section<'a> {
    /// Opens a table that was written.
    pub fn open(
        reader: &'a Reader<'a>,
        table: &'static Table,
        entries: &'a DeTable<'a>,
        span: Range<usize>,
    ) -> Section<'a> {
        for name in entries.keys() {
            match table.key(name.get_ref()) {
                None => reader.problem(unknown(table, name.get_ref(), name.span())),
                Some(key) if !key.is_known() => reader.problem(not_yet(key.name, name.span(), key.about)),
                Some(_) => {}
            }
        }
        Section { reader, span, table, entries: Some(entries) }
    }

    /// What stands at a key.
    pub fn leaf(&self, name: &str) -> Option<Leaf<'a>> {
        let value = self.entries?.get(name)?;
        Some(Leaf { reader: self.reader, key: self.key(name), value: value.get_ref(), span: value.span() })
    }

    /// Where a key stands, if it was written.
    pub fn place(&self, name: &str) -> Option<Range<usize>> {
        self.entries?.get_key_value(name).map(|(key, _)| key.span())
    }

    /// The value of a key; `None` when it was not written or does not fit, which is then reported.
    pub fn take<T>(&self, name: &str, read: impl FnOnce(&Leaf<'a>) -> Result<T, Misfit>) -> Option<T> {
        let leaf = self.leaf(name)?;
        match read(&leaf) {
            Ok(value) => Some(value),
            Err(misfit) => {
                leaf.report(misfit);
                None
            }
        }
    }

    /// The same with its place.
    pub fn take_at<T>(&self, name: &str, read: impl FnOnce(&Leaf<'a>) -> Result<T, Misfit>) -> Option<Spanned<T>> {
        let span = self.leaf(name)?.span;
        self.take(name, read).map(|value| Spanned::new(span, value))
    }

    /// The value of a key that has to be written; its absence is reported at the table's heading.
    pub fn need<T>(&self, name: &str, read: impl FnOnce(&Leaf<'a>) -> Result<T, Misfit>) -> Option<T> {
        if self.leaf(name).is_none() {
            let key = self.key(name);
            let title = format!("{} needs `{name}`", quoted(self.table));
            let hint = format!("add `{name} = {}`", key.preset.toml());
            self.reader.problem(Problem::error(self.span.clone(), title, format!("has no `{name}`")).hint(hint));
        }
        self.take(name, read)
    }

    /// The table at a key of kind `Table`.
    pub fn section(&self, name: &str) -> Section<'a> {
        let table = self.table_of(name);
        self.take(name, |leaf| leaf.section(table)).unwrap_or_else(|| Section {
            reader: self.reader,
            span: self.span.clone(),
            table,
            entries: None,
        })
    }

    /// The tables at a key of kind `Tables`.
    pub fn sections(&self, name: &str) -> Vec<Section<'a>> {
        let table = self.table_of(name);
        let Some(leaf) = self.leaf(name) else { return Vec::new() };
        match leaf.value {
            DeValue::Array(items) => leaf.each(items.iter(), |item| item.section(table)),
            DeValue::Table(_) => {
                let heading = table.heading;
                let misfit =
                    Misfit::new("this is a single table").hint(format!("write `{heading}`, with two brackets"));
                leaf.report(misfit);
                Vec::new()
            }
            _ => {
                leaf.report(leaf.wrong_type());
                Vec::new()
            }
        }
    }

    /// The tables at a key of kind `Named`, in file order, each with its name.
    pub fn named(&self, name: &str) -> Vec<(Spanned<&'a str>, Section<'a>)> {
        let table = self.table_of(name);
        let Some(leaf) = self.leaf(name) else { return Vec::new() };
        let DeValue::Table(entries) = leaf.value else {
            leaf.report(leaf.wrong_type().hint(format!("write `{}` and the keys below it", table.heading)));
            return Vec::new();
        };
        let mut found = Vec::new();
        for (key, value) in entries {
            let text: &'a str = key.get_ref();
            let below = Leaf { reader: self.reader, key: self.key(name), value: value.get_ref(), span: value.span() };
            if let DeValue::Table(entries) = value.get_ref() {
                let section = Section::open(self.reader, table, entries, value.span());
                found.push((Spanned::new(key.span(), text), section));
            } else {
                let hint = match table.key(text) {
                    Some(_) => format!("`{text}` is a key of `{}`: give the table a name", table.heading),
                    None => format!("write `{}` and the keys below it", table.heading.replace("NAME", text)),
                };
                below.report(below.wrong_type().hint(hint));
            }
        }
        found.sort_by_key(|(name, _)| name.span().start);
        found
    }

    /// The definition of a key.
    pub fn key(&self, name: &str) -> &'static Key {
        self.table.key(name).expect("readers ask for keys of their table only: the tests read every table once")
    }

    fn table_of(&self, name: &str) -> &'static Table {
        self.key(name).table().expect("sections are asked for at keys of tables only: the tests read every table once")
    }
}

/// A name among `names` that may have been meant by `written`.
pub fn meant<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let lower = written.to_lowercase();
    let distance = |name: &str| strsim::osa_distance(&lower, &name.to_lowercase());
    let near = |name: &&str| distance(name) <= (name.chars().count() / 3).max(1);
    names.into_iter().filter(near).min_by_key(|name| distance(name))
}

/// A key, word or scheme of a later version.
pub fn not_yet(what: &str, span: Range<usize>, advice: &str) -> Problem {
    Problem::error(span, format!("`{what}` is not yet known in this version"), "not yet known").hint(advice)
}

fn unknown(table: &'static Table, name: &str, span: Range<usize>) -> Problem {
    let problem = Problem::error(span, format!("unknown key `{name}`"), format!("not a key of {}", quoted(table)));
    let names = || table.keys.iter().map(|key| key.name);
    if let Some(near) = meant(name, names()) {
        return problem.hint(format!("did you mean `{near}`?"));
    }
    let owners: Vec<String> =
        keys::tables().into_iter().filter(|table| table.key(name).is_some_and(Key::is_known)).map(quoted).collect();
    if !owners.is_empty() {
        return problem.hint(format!("`{name}` belongs to {}", owners.join(" or ")));
    }
    let known: Vec<String> =
        table.keys.iter().filter(|key| key.is_known()).map(|key| format!("`{}`", key.name)).collect();
    problem.hint(format!("known here: {}", known.join(", ")))
}

/// A table's heading as a sentence takes it.
fn quoted(table: &Table) -> String {
    if table.heading.starts_with('[') { format!("`{}`", table.heading) } else { table.heading.to_owned() }
}

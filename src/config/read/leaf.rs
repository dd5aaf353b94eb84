//! One value of the file: its type, its text with the environment filled in, its parts.
//! `Section` hands leaves out; what a text or number means is left to `measure`, `network` and the tables' files.

use std::ops::Range;

use toml::{Spanned, de::DeValue};

use super::{
    Reader,
    section::{Section, meant},
};
use crate::config::{
    keys::{self, Key, Kind, Table, either},
    problem::Problem,
};

/// A value and the key it belongs to.
#[derive(Clone)]
pub struct Leaf<'a> {
    /// Whoever reads.
    pub reader: &'a Reader<'a>,
    /// The definition of its key.
    pub key: &'static Key,
    /// The value.
    pub value: &'a DeValue<'a>,
    /// Of the value.
    pub span: Range<usize>,
}

/// Why a value is not taken.
pub struct Misfit {
    title: Option<String>,
    rule: Option<&'static str>,
    label: String,
    hint: Option<String>,
    span: Option<Range<usize>>,
    kind: MisfitKind,
}

#[derive(PartialEq, Eq)]
enum MisfitKind {
    /// Of the value.
    Value,
    /// Of a `${NAME}` in it.
    Variable,
    /// Already reported.
    Told,
}

impl Misfit {
    /// What stands there instead.
    pub fn new(label: impl Into<String>) -> Self {
        Self { title: None, rule: None, label: label.into(), hint: None, span: None, kind: MisfitKind::Value }
    }

    /// What is wrong with a `${NAME}`.
    fn of_variable(label: &str) -> Self {
        Self { kind: MisfitKind::Variable, ..Self::new(label) }
    }

    /// Says something else than what the key must be.
    pub fn title(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    /// The same where nothing else is said yet.
    pub fn or_title(self, title: &str) -> Self {
        Self { title: self.title.or_else(|| Some(title.to_owned())), ..self }
    }

    /// What an entry must be, where the key's kind speaks of the whole list.
    pub fn rule(self, rule: &'static str) -> Self {
        Self { rule: Some(rule), ..self }
    }

    /// What to write.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Marks a part of the value.
    pub fn at(self, span: Range<usize>) -> Self {
        Self { span: Some(span), ..self }
    }

    /// Already reported.
    pub fn told() -> Self {
        Self { kind: MisfitKind::Told, ..Self::new("") }
    }

    /// A word, scheme or form of a later version.
    pub fn not_yet(what: &str, advice: &str) -> Self {
        Self::new("not yet known").title(format!("`{what}` is not yet known in this version")).hint(advice)
    }
}

impl<'a> Leaf<'a> {
    /// Reports why this value is not taken. What came from the environment may be a secret: then the value is not repeated.
    pub fn report(&self, misfit: Misfit) {
        if misfit.kind == MisfitKind::Told {
            return;
        }
        let may_repeat = misfit.kind == MisfitKind::Variable || !self.has_variable();
        let title = misfit.title.filter(|_| may_repeat);
        let title = title.or(misfit.rule.map(str::to_owned));
        let title = title.unwrap_or_else(|| format!("`{}` must be {}", self.key.name, self.key.kind.expected()));
        let problem = Problem::error(misfit.span.unwrap_or(self.span.clone()), title, misfit.label);
        self.reader.problem(match misfit.hint.filter(|_| may_repeat) {
            Some(hint) => problem.hint(hint),
            None => problem,
        });
    }

    /// Whether the text of this value is partly that of the environment.
    pub fn has_variable(&self) -> bool {
        matches!(self.value, DeValue::String(text) if text.contains("${"))
    }

    /// Reports what is odd about this value.
    pub fn warn(&self, title: impl Into<String>, label: impl Into<String>, hint: impl Into<String>) {
        self.reader.problem(Problem::warning(self.span.clone(), title, label).hint(hint));
    }

    /// The misfit of a value that is of another type.
    pub fn wrong_type(&self) -> Misfit {
        let label = match self.value {
            DeValue::String(text) if text.is_empty() => "this is an empty string",
            DeValue::String(_) => "this is a string",
            DeValue::Integer(_) => "this is a whole number",
            DeValue::Float(_) => "this is a number with a fraction",
            DeValue::Boolean(_) => "this is `true` or `false`",
            DeValue::Datetime(_) => "this is a date or a time",
            DeValue::Array(_) => "this is a list",
            DeValue::Table(_) => "this is a table",
        };
        Misfit::new(label)
    }

    /// A string, with `${NAME}` from the environment (`$${` is `${`).
    pub fn text(&self) -> Result<String, Misfit> {
        match self.value {
            DeValue::String(text) => self.filled_in(text),
            DeValue::Integer(number) => Err(self.wrong_type().hint(format!("put it in quotes: \"{number}\""))),
            DeValue::Float(number) => Err(self.wrong_type().hint(format!("put it in quotes: \"{number}\""))),
            _ => Err(self.wrong_type()),
        }
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Result<bool, Misfit> {
        match self.value {
            DeValue::Boolean(flag) => Ok(*flag),
            DeValue::String(text) => Err(match text.to_lowercase().as_str() {
                "true" | "on" | "yes" => self.wrong_type().hint("write `true`, without quotes"),
                "false" | "off" | "no" => self.wrong_type().hint("write `false`, without quotes"),
                _ => self.wrong_type(),
            }),
            _ => Err(self.wrong_type()),
        }
    }

    /// One of the words of the key's kind.
    pub fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, Misfit> {
        let text = self.text()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        let later = if let Kind::OneOf(_, later) = self.key.kind { later } else { &[] };
        let names = words.iter().map(|(word, _)| *word);
        if later.contains(&text.as_str()) {
            let known: Vec<&str> = names.collect();
            return Err(Misfit::not_yet(&text, &format!("use {}", either(&known))));
        }
        let misfit = Misfit::new("none of these");
        Err(match meant(&text, names) {
            Some(near) => misfit.hint(format!("did you mean \"{near}\"?")),
            None => misfit,
        })
    }

    /// The entries of a list, each read on its own; those that do not fit are reported.
    pub fn list<T>(&self, read: impl Fn(&Leaf<'a>) -> Result<T, Misfit>) -> Result<Vec<T>, Misfit> {
        match self.value {
            DeValue::Array(items) => Ok(self.each(items.iter(), read)),
            DeValue::String(text) => Err(self.wrong_type().hint(format!("write a list: [\"{text}\"]"))),
            _ => Err(self.wrong_type()),
        }
    }

    /// The same, or a single entry.
    pub fn one_or_list<T>(&self, read: impl Fn(&Leaf<'a>) -> Result<T, Misfit>) -> Result<Vec<T>, Misfit> {
        match self.value {
            DeValue::Array(items) => Ok(self.each(items.iter(), read)),
            _ => Ok(vec![read(self)?]),
        }
    }

    /// Reads `items` as values of this key; those that do not fit are reported and left out.
    pub fn each<T>(
        &self,
        items: impl Iterator<Item = &'a Spanned<DeValue<'a>>>,
        read: impl Fn(&Leaf<'a>) -> Result<T, Misfit>,
    ) -> Vec<T> {
        let mut good = Vec::new();
        for item in items {
            let leaf = Leaf { value: item.get_ref(), span: item.span(), ..self.clone() };
            match read(&leaf) {
                Ok(value) => good.push(value),
                Err(misfit) => leaf.report(misfit),
            }
        }
        good
    }

    /// The entries of a table whose keys are the user's own, in file order; those that do not fit are reported.
    pub fn entries<T>(
        &self,
        read: impl Fn(&Spanned<&'a str>, &Leaf<'a>) -> Result<T, Misfit>,
    ) -> Result<Vec<T>, Misfit> {
        let DeValue::Table(table) = self.value else { return Err(self.wrong_type()) };
        let mut pairs: Vec<_> = table.iter().collect();
        pairs.sort_by_key(|(key, _)| key.span().start);
        let mut good = Vec::new();
        for (key, value) in pairs {
            let leaf = Leaf { value: value.get_ref(), span: value.span(), ..self.clone() };
            match read(&Spanned::new(key.span(), key.get_ref().as_ref()), &leaf) {
                Ok(value) => good.push(value),
                Err(misfit) => leaf.report(misfit),
            }
        }
        Ok(good)
    }

    /// A table with the keys of `table`.
    pub fn section(&self, table: &'static Table) -> Result<Section<'a>, Misfit> {
        match self.value {
            DeValue::Table(entries) => Ok(Section::open(self.reader, table, entries, self.span.clone())),
            DeValue::Array(_) if matches!(self.key.kind, Kind::Table(_)) => {
                Err(self.wrong_type().hint(format!("write `{}`, with single brackets", table.heading)))
            }
            DeValue::Boolean(true) if !table.keys.iter().any(|key| matches!(key.preset, keys::Preset::Required(_))) => {
                Err(self.wrong_type().hint("write `{}` for all its defaults"))
            }
            DeValue::Boolean(false) => Err(self.wrong_type().hint("remove it")),
            _ => Err(self.wrong_type()),
        }
    }

    fn filled_in(&self, written: &str) -> Result<String, Misfit> {
        let mut text = String::with_capacity(written.len());
        let mut rest = written;
        while let Some(at) = rest.find('$') {
            text.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("$${") {
                text.push_str("${");
                rest = after;
            } else if let Some(after) = rest.strip_prefix("${") {
                let Some((name, after)) = after.split_once('}') else {
                    let hint = "close it, or write `$${` for the characters themselves";
                    return Err(Misfit::of_variable("has no `}`").title("a `${` without its end").hint(hint));
                };
                text.push_str(&self.variable(name)?);
                rest = after;
            } else {
                text.push('$');
                rest = &rest[1..];
            }
        }
        text.push_str(rest);
        Ok(text)
    }

    /// The value of a variable.
    fn variable(&self, name: &str) -> Result<String, Misfit> {
        let whole = format!("${{{name}}}");
        let source = self.reader.text.get(self.span.clone()).unwrap_or_default();
        let span = source.find(&whole).map_or(self.span.clone(), |at| {
            let start = self.span.start + at;
            start..start + whole.len()
        });
        let fits = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if name.is_empty() || !fits(name) {
            let hint = "write `$${` for the characters themselves";
            return Err(Misfit::of_variable("not a name")
                .title(format!("`{whole}` names no variable"))
                .hint(hint)
                .at(span));
        }
        self.reader.variable(name).ok_or_else(|| {
            Misfit::of_variable("taken from the environment")
                .title(format!("the environment variable `{name}` is not set"))
                .hint(format!("set it for goodgate, as in `{name}=... goodgate run`; `$${{` stands for `${{` itself"))
                .at(span)
        })
    }
}

/// The words of a preset, for what is read by the same rules as the file.
pub fn preset_text(key: &Key) -> &'static str {
    match key.preset {
        keys::Preset::Text(text) => text,
        _ => "",
    }
}

//! A page of the operator's own: compiled once when the configuration is read, filled in from the `Story`.
//! `config` makes them, `page` renders them and uses the built-in page where that fails.

use std::fmt;

use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value, syntax::SyntaxConfig, value::Serde};

use super::{
    story::Story,
    variables::{NAMES, Variables},
};
use crate::limits;

/// What a template makes; told by the end of its file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `.html`
    Html,
    /// `.json`, for clients that ask for JSON.
    Json,
    /// `.txt`
    Text,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Html, Self::Json, Self::Text];

    /// The end of its files' names, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Json => "json",
            Self::Text => "txt",
        }
    }

    /// The kind of a file; `None` when its name ends otherwise.
    #[must_use]
    pub fn of(file: &str) -> Option<Self> {
        let (_, extension) = file.rsplit_once('.')?;
        Self::ALL.into_iter().find(|kind| kind.extension().eq_ignore_ascii_case(extension))
    }
}

/// A compiled template.
pub struct Template {
    file: String,
    kind: Kind,
    /// With this template alone, by the name of its file.
    environment: Environment<'static>,
}

/// Why a file is no template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, in one line.
    pub reason: String,
    /// From 1; 0 where it is not known.
    pub line: usize,
    /// In characters, from 1; 0 where it is not known.
    pub column: usize,
}

impl Template {
    /// Compiles `source`, which stood in `file`.
    ///
    /// # Errors
    /// The name of the file tells no kind, or the text is no template.
    pub fn new(file: &str, source: String) -> Result<Self, Fault> {
        let Some(kind) = Kind::of(file) else {
            let reason = "its name does not end in .html, .json or .txt".to_owned();
            return Err(Fault { reason, line: 0, column: 0 });
        };
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(move |_| match kind {
            Kind::Html => AutoEscape::Html,
            Kind::Json => AutoEscape::Json,
            Kind::Text => AutoEscape::None,
        });
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        environment.set_fuel(Some(limits::TEMPLATE_FUEL));
        environment.set_syntax(white_space());
        // Places are only told while this is on; at run time it would copy every variable into the error.
        environment.set_debug(true);
        environment.add_template_owned(file.to_owned(), source.clone()).map_err(|error| fault(&error, &source))?;
        environment.set_debug(false);
        Ok(Self { file: file.to_owned(), kind, environment })
    }

    /// Its file, as it was given.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What it makes.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Names that it uses and that no page is given, in order; they stand for nothing.
    #[must_use]
    pub fn unknown_variables(&self) -> Vec<String> {
        let Ok(template) = self.environment.get_template(&self.file) else { return Vec::new() };
        let is_global = |name: &str| self.environment.globals().any(|(global, _)| global == name);
        let mut unknown: Vec<String> = template
            .undeclared_variables(false)
            .into_iter()
            .filter(|name| !NAMES.contains(&name.as_str()) && !is_global(name))
            .collect();
        unknown.sort_unstable();
        unknown
    }

    /// The whole body.
    ///
    /// # Errors
    /// In one line: where it failed, also for want of fuel.
    pub(super) fn render(&self, story: &Story<'_>) -> Result<String, String> {
        let variables = Value::from(Serde(Variables::of(story)));
        let rendered = self.environment.get_template(&self.file).and_then(|page| page.render(variables));
        rendered.map_err(|error| format!("{}, line {}", reason(&error), error.line().unwrap_or_default()))
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Lines that hold a block alone leave nothing behind.
fn white_space() -> SyntaxConfig {
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    syntax.expect("only delimiters can be refused, and they are the usual ones")
}

fn fault(error: &Error, source: &str) -> Fault {
    let line = error.line().unwrap_or_default();
    let column = error.range().map_or(0, |range| {
        let before = source.get(..range.start).unwrap_or_default();
        before.rsplit('\n').next().unwrap_or_default().chars().count() + 1
    });
    Fault { reason: reason(error), line, column }
}

/// What happened, in one line.
fn reason(error: &Error) -> String {
    let text = error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_no_template_is_refused_with_its_place() {
        let rows = [
            ("a.html", "<p>\n  {% if title %}\n</p>", 3),
            ("a.html", "<p>{{ title </p>", 1),
            ("a.json", "{\n\"a\": {{ title | }}\n}", 2),
            ("a.txt", "{% nonsense %}", 1),
        ];
        for (file, text, line) in rows {
            let fault = Template::new(file, text.to_owned()).unwrap_err();
            assert_eq!(fault.line, line, "{text}: {fault:?}");
            assert!(fault.column > 0 && !fault.reason.is_empty(), "{text}: {fault:?}");
        }
        assert!(Template::new("a.htm", String::new()).unwrap_err().reason.contains(".html"));
        assert_eq!(Template::new("a.txt", "ä\nöä {{ | }}".to_owned()).unwrap_err().column, 7);
    }

    #[test]
    fn a_name_that_stands_for_nothing_is_found() {
        let text =
            "{{ titel }}{% set mine = 1 %}{{ mine }}{% for n in range(retry.after) %}{{ loop.index }}{% endfor %}";
        assert_eq!(Template::new("a.txt", text.to_owned()).unwrap().unknown_variables(), ["titel"]);
    }
}

//! What is wrong with a configuration: each problem at its place, all of them in one report.
//! The reader and `resolve` find them; the command line shows them; nobody else makes them.

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};

use crate::limits;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can, but hardly means what it says.
    Warning,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub title: String,
    /// What stands at the place.
    pub label: String,
    /// What to do.
    pub hint: Option<String>,
    /// From 1; 0 when the problem has no place in the file.
    pub line: usize,
    /// In characters, from 1; 0 when the problem has no place in the file.
    pub column: usize,
    span: Option<Range<usize>>,
    also: Option<(Range<usize>, String)>,
}

/// All problems of one file, in file order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    file: PathBuf,
    text: String,
    list: Vec<Problem>,
}

impl Problem {
    /// An error at `span` (bytes of the text).
    pub(super) fn error(span: Range<usize>, title: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            title: title.into(),
            label: label.into(),
            hint: None,
            line: 0,
            column: 0,
            span: Some(span),
            also: None,
        }
    }

    /// A warning at `span`.
    pub(super) fn warning(span: Range<usize>, title: impl Into<String>, label: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, title, label) }
    }

    /// An error of the file as a whole.
    pub(super) fn of_file(title: impl Into<String>) -> Self {
        Self { span: None, ..Self::error(0..0, title, "") }
    }

    /// What to do about it.
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// A second place that belongs to it.
    pub(super) fn also(self, span: Range<usize>, label: impl Into<String>) -> Self {
        Self { also: Some((span, label.into())), ..self }
    }

    /// Where it begins, in bytes.
    pub(super) fn start(&self) -> usize {
        self.span.as_ref().map_or(0, |span| span.start)
    }

    /// Whether it is about a value that stands nowhere: the TOML parser puts one in where it could read none.
    pub(super) fn is_of_nothing(&self) -> bool {
        self.span == Some(0..0)
    }

    /// What stands there and what to do, in one line, where the place is known otherwise.
    #[must_use]
    pub fn in_one_line(&self) -> String {
        let text = if self.label.is_empty() { &self.title } else { &self.label };
        match &self.hint {
            Some(hint) => format!("{text} ({hint})"),
            None => text.clone(),
        }
    }
}

impl Problems {
    /// Puts problems in order and finds their lines.
    pub(super) fn new(file: &Path, text: &str, mut list: Vec<Problem>) -> Self {
        let lines = Lines::of(text);
        for problem in &mut list {
            problem.span = problem.span.take().map(|span| within(text, span));
            problem.also = problem.also.take().map(|(span, label)| (within(text, span), label));
            if let Some(span) = &problem.span {
                (problem.line, problem.column) = lines.place(span.start);
            }
        }
        list.sort_by_key(|problem| (problem.line, problem.column));
        Self { file: file.to_owned(), text: text.to_owned(), list }
    }

    /// One problem that is about `file` and not about its text.
    pub(super) fn of_file(file: &Path, problem: Problem) -> Self {
        Self::new(file, "", vec![problem])
    }

    /// Each of them, in file order.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.list.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The report, with colours if `styled`; of very many problems only the first are shown.
    #[must_use]
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        // Each is shown with its line: all of a long line with thousands of them would take minutes.
        let shown = self.list.iter().take(limits::CONFIG_PROBLEMS);
        let mut reports: Vec<String> = shown.map(|problem| self.render_one(problem, &renderer)).collect();
        if let Some(more) = self.list.len().checked_sub(limits::CONFIG_PROBLEMS).filter(|more| *more > 0) {
            reports.push(format!("and {more} more, which are shown when these are gone"));
        }
        reports.join("\n\n")
    }

    fn render_one(&self, problem: &Problem, renderer: &Renderer) -> String {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(problem.title.as_str());
        let file = self.file.to_string_lossy();
        let mut group = match &problem.span {
            Some(span) if !self.text.is_empty() => {
                // The lines in question alone, so that a long file with many problems is shown at once.
                let others = problem.also.as_ref().map_or(span, |(span, _)| span);
                let (start, end) = (span.start.min(others.start), span.end.max(others.end));
                let start = self.text[..start].rfind('\n').map_or(0, |end| end + 1);
                let end = self.text[end..].find('\n').map_or(self.text.len(), |at| end + at);
                let line = problem.line - self.text[start..span.start].matches('\n').count();
                let of = |span: &Range<usize>| span.start - start..span.end - start;
                let mark = AnnotationKind::Primary.span(of(span)).label(problem.label.as_str());
                let mut snippet =
                    Snippet::source(&self.text[start..end]).line_start(line).path(file.as_ref()).annotation(mark);
                if let Some((span, label)) = &problem.also {
                    snippet = snippet.annotation(AnnotationKind::Context.span(of(span)).label(label.as_str()));
                }
                title.element(snippet)
            }
            _ => Group::with_title(title),
        };
        if let Some(hint) = &problem.hint {
            group = group.element(Level::HELP.message(hint.as_str()));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// `span`, moved to whole characters inside of `text`.
fn within(text: &str, span: Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.ceil_char_boundary(span.end.min(text.len())).max(start);
    start..end
}

/// Where the lines of a text begin, in bytes.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Looks for them once.
    pub(super) fn of(text: &'a str) -> Self {
        let after_ends = memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1);
        Self { text, starts: std::iter::once(0).chain(after_ends).collect() }
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    /// Line and column (in characters) of a byte, both from 1.
    fn place(&self, at: usize) -> (usize, usize) {
        let line = self.line(at);
        (line, self.text[self.starts[line - 1]..at].chars().count() + 1)
    }
}

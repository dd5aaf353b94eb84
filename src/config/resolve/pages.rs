//! The files of page templates: found, read and compiled once each, with everything that is wrong with them at the
//! place that names them. `resolve` asks for the pages of each `[errors]`; `failure::page` renders them.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    config::{keys, problem::Problem, reason, written::ErrorEdits},
    failure::page::{Fault, Kind, Occasion, Pages, Template},
    limits,
};

/// Reads templates; one that several places name is read once.
pub struct Loader<'a> {
    /// The folder of the configuration.
    base: &'a Path,
    /// `None` is one that was reported.
    loaded: BTreeMap<PathBuf, Option<Arc<Template>>>,
}

/// The pages of one `[errors]`, and the folder that files are looked for in.
pub struct Look {
    /// `None` is one that was reported; what is in it is not looked for.
    folder: Option<PathBuf>,
    /// What the settings get.
    pub pages: Pages,
}

impl<'a> Loader<'a> {
    /// With files beside the configuration in `base`.
    pub fn new(base: &'a Path) -> Self {
        Self { base, loaded: BTreeMap::new() }
    }

    /// What `edits` make of the pages `above`. A folder of their own starts afresh. `used_elsewhere`: somebody else may
    /// name the folder's files.
    pub fn look(
        &mut self,
        edits: &ErrorEdits,
        above: Option<&Look>,
        used_elsewhere: bool,
        found: &mut Vec<Problem>,
    ) -> Look {
        let mut look = match (&edits.templates, above) {
            (Some(folder), _) => {
                let named = used_elsewhere || !edits.pages.is_empty();
                self.folder(folder.get_ref(), &folder.span(), named, found)
            }
            (None, Some(above)) => Look { folder: above.folder.clone(), pages: above.pages.clone() },
            (None, None) => Look { folder: Some(self.base.to_owned()), pages: Pages::default() },
        };
        for (occasion, files) in &edits.pages {
            let mut templates: Vec<Arc<Template>> = Vec::new();
            for file in files {
                let path = look.folder.as_ref().map(|folder| folder.join(file.get_ref()));
                let Some(template) = path.and_then(|path| self.template(&path, &file.span(), found)) else { continue };
                if templates.iter().any(|other| other.kind() == template.kind()) {
                    let title = format!("two files that end in .{} are for the same", template.kind().extension());
                    let problem = Problem::error(file.span(), title, "never used");
                    found.push(problem.hint("keep one of each type"));
                    continue;
                }
                templates.push(template);
            }
            look.pages.set(*occasion, templates);
        }
        look
    }

    /// The pages of a folder without a word about what they are for.
    fn folder(&mut self, folder: &Path, span: &Range<usize>, named: bool, found: &mut Vec<Problem>) -> Look {
        let shown = folder.display();
        let mut look = Look { folder: None, pages: Pages::default() };
        match folder.metadata() {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => {
                let title = format!("`{shown}` is not a folder");
                found.push(Problem::error(span.clone(), title, "a file").hint("name the folder that it is in"));
                return look;
            }
            Err(error) => {
                let title = format!("the folder `{shown}` cannot be used: {}", reason(&error));
                let problem = Problem::error(span.clone(), title, "the folder of the templates");
                found.push(problem.hint("relative paths start at the folder of this file"));
                return look;
            }
        }
        look.folder = Some(folder.to_owned());
        let files = Kind::ALL.map(|kind| folder.join(format!("error.{}", kind.extension())));
        let there: Vec<_> = files.iter().filter(|file| file.symlink_metadata().is_ok()).collect();
        if there.is_empty() && !named {
            let title = format!("no template of `{shown}` is used");
            let problem = Problem::warning(span.clone(), title, "has no error.html, error.json or error.txt");
            found.push(problem.hint("name its files in `pages`, or call one of them error.html"));
        }
        let templates: Vec<_> = there.into_iter().filter_map(|file| self.template(file, span, found)).collect();
        if !templates.is_empty() {
            look.pages.set(Occasion::Any, templates);
        }
        look
    }

    /// The template of a file that is named at `span`.
    fn template(&mut self, file: &Path, span: &Range<usize>, found: &mut Vec<Problem>) -> Option<Arc<Template>> {
        if let Some(known) = self.loaded.get(file) {
            return known.clone();
        }
        let template = compile(file, span).map_err(|problem| found.push(*problem)).ok().map(Arc::new);
        for name in template.iter().flat_map(|template| template.unknown_variables()) {
            let title = format!("the template `{}` uses `{name}`, which stands for nothing", file.display());
            let problem = Problem::warning(span.clone(), title, "named here");
            found.push(problem.hint("README.md in config/pages lists the variables that there are"));
        }
        self.loaded.insert(file.to_owned(), template.clone());
        template
    }
}

fn compile(file: &Path, span: &Range<usize>) -> Result<Template, Box<Problem>> {
    let shown = file.display().to_string();
    let unreadable = |why: &str| {
        let title = format!("the template `{shown}` cannot be read: {why}");
        let problem = Problem::error(span.clone(), title, "named here");
        Box::new(problem.hint("it is looked for in the folder `templates`, or beside this file without one"))
    };
    let mut text = String::new();
    let opened = File::open(file).map_err(|error| unreadable(&reason(&error)))?;
    opened.take(limits::TEMPLATE_SIZE + 1).read_to_string(&mut text).map_err(|error| unreadable(&reason(&error)))?;
    if text.len() as u64 > limits::TEMPLATE_SIZE {
        return Err(unreadable(&format!("it is larger than {}", keys::size(limits::TEMPLATE_SIZE))));
    }
    let line_of = |line: usize| text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim().to_owned();
    Template::new(&shown, text.clone()).map_err(|Fault { reason, line, column }| {
        if line == 0 {
            let title = format!("`{shown}` is no template: {reason}");
            return Box::new(Problem::error(span.clone(), title, "named here"));
        }
        let place = if column == 0 { format!("{shown}:{line}") } else { format!("{shown}:{line}:{column}") };
        let problem = Problem::error(span.clone(), format!("not a template: {place}: {reason}"), "named here");
        Box::new(problem.hint(format!("line {line} of the template is `{}`", line_of(line))))
    })
}

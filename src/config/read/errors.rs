//! `[errors]` and `[route.errors]`.

use std::collections::BTreeMap;

use http::StatusCode;
use toml::Spanned;

use super::{
    leaf::{Leaf, Misfit},
    section::{Section, meant},
};
use crate::{
    config::{keys::either, settings::RetryAfter, written::ErrorEdits},
    failure::{Cause, Language, page::Occasion},
};

/// In place of a file: the page that is built in.
const BUILT_IN: &str = "builtin";

/// Both tables have the same keys.
pub fn errors(section: &Section<'_>) -> ErrorEdits {
    ErrorEdits {
        statuses: section
            .take("statuses", |leaf| {
                leaf.entries(|id, status| {
                    let cause = cause(id.get_ref()).map_err(|misfit| misfit.at(id.span()))?;
                    has_status(cause).map_err(|misfit| misfit.at(id.span()))?;
                    Ok((cause, status.error_status()?))
                })
            })
            .map(BTreeMap::from_iter)
            .unwrap_or_default(),
        languages: section.take("languages", languages),
        retry_after: section.take("retry_after", retry_after),
        contact: section.take("contact", contact),
        auto_retry: section.take("auto_retry", Leaf::flag),
        templates: section.take_at("templates", |leaf| leaf.path(&not_empty(leaf)?)),
        pages: section.take("pages", |leaf| leaf.entries(page)).unwrap_or_default(),
        intercept: section.take("intercept", |leaf| leaf.list(intercept)),
    }
}

fn cause(id: &str) -> Result<Cause, Misfit> {
    let ids = || Cause::ALL.iter().map(|cause| cause.id());
    if let Some(cause) = Cause::ALL.iter().find(|cause| cause.id() == id) {
        return Ok(*cause);
    }
    let misfit = Misfit::new("not known").title(format!("`{id}` is no cause that this version knows"));
    Err(match meant(id, ids()) {
        Some(near) => misfit.hint(format!("did you mean `{near}`?")),
        None => misfit.hint("`goodgate causes` lists them all"),
    })
}

/// Whether the gateway answers a failure of that cause at all. What the application answers is answered anew where
/// `intercept` asks for it.
fn has_status(cause: Cause) -> Result<(), Misfit> {
    if cause.facts().status.is_some() || cause == Cause::UpstreamAnsweredError {
        return Ok(());
    }
    let title = format!("`{}` has no status of the gateway's own", cause.id());
    Err(Misfit::new("has no effect").title(title).hint("remove it; `goodgate causes` shows which have a status"))
}

fn languages(leaf: &Leaf<'_>) -> Result<Vec<Language>, Misfit> {
    let list = leaf.list(|item| {
        let text = item.text()?;
        Language::from_tag(&text).ok_or_else(|| {
            Misfit::new("not built in")
                .title(format!("there are no pages in the language `{text}`"))
                .hint(format!("write {}", either(Language::TAGS)))
        })
    })?;
    let written = if let toml::de::DeValue::Array(items) = leaf.value { items.len() } else { 0 };
    if written == 0 {
        return Err(Misfit::new("the list is empty").hint("leave `languages` out for all that are built in"));
    }
    Ok(list)
}

fn retry_after(leaf: &Leaf<'_>) -> Result<RetryAfter, Misfit> {
    match leaf.word_of_kind() {
        Some("auto") => Ok(RetryAfter::Auto),
        Some(_) => Ok(RetryAfter::Off),
        None => leaf.duration().map(RetryAfter::Fixed),
    }
}

fn contact(leaf: &Leaf<'_>) -> Result<String, Misfit> {
    let text = leaf.text()?;
    if text.trim().is_empty() {
        return Err(leaf.wrong_type().hint("leave `contact` out for none"));
    }
    if text.contains(char::is_control) {
        return Err(Misfit::new("has a line break or control character"));
    }
    Ok(text)
}

fn not_empty(leaf: &Leaf<'_>) -> Result<String, Misfit> {
    let text = leaf.text()?;
    if text.trim().is_empty() { Err(leaf.wrong_type()) } else { Ok(text) }
}

/// An entry of `pages`: what it is for, and its files; none of them for the built-in page.
fn page<'a>(name: &Spanned<&'a str>, leaf: &Leaf<'a>) -> Result<(Occasion, Vec<Spanned<String>>), Misfit> {
    let occasion = occasion(name.get_ref()).map_err(|misfit| misfit.at(name.span()))?;
    let title = format!(
        "the page for `{}` must be a file such as \"502.html\", a list of them, or \"builtin\"",
        name.get_ref()
    );
    let file = |leaf: &Leaf<'a>| {
        let text = not_empty(leaf).map_err(|misfit| misfit.or_title(&title))?;
        Ok(Spanned::new(leaf.span.clone(), text))
    };
    let mut files = leaf.one_or_list(file)?;
    if files.is_empty() && matches!(leaf.value, toml::de::DeValue::Array(items) if items.is_empty()) {
        return Err(Misfit::new("the list is empty").title(title).hint("write \"builtin\" for the built-in page"));
    }
    if let Some(word) = files.iter().find(|file| file.get_ref() == BUILT_IN) {
        if files.len() > 1 {
            let misfit = Misfit::new("excludes the other files of the list").title(title);
            return Err(misfit.at(word.span()));
        }
        files.clear();
    }
    Ok((occasion, files))
}

/// What a page is for: `4xx`, `5xx`, a status or a cause.
fn occasion(name: &str) -> Result<Occasion, Misfit> {
    let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    match name {
        "4xx" => Ok(Occasion::ClientErrors),
        "5xx" => Ok(Occasion::ServerErrors),
        _ if is_number => {
            let status = name.parse().ok().filter(|status| (400..=599).contains(status));
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            status.map(Occasion::Status).ok_or_else(|| {
                Misfit::new("not the status of an error")
                    .title(format!("`{name}` is no status that a page can be for"))
                    .hint("write a status from 400 to 599, \"4xx\", \"5xx\", or a cause such as \"connect-refused\"")
            })
        }
        _ => cause(name).map(Occasion::Cause).map_err(|_| {
            let misfit = Misfit::new("not known").title(format!("`{name}` is nothing that a page can be for"));
            let kinds = "a status from 400 to 599, \"4xx\", \"5xx\", or a cause such as \"connect-refused\"";
            let ids = Cause::ALL.iter().map(|cause| cause.id());
            misfit.hint(match meant(name, ids.chain(["4xx", "5xx"])) {
                Some(near) => format!("did you mean `{near}`? A page can be for {kinds}"),
                None => format!("write {kinds}"),
            })
        }),
    }
}

/// An entry of `intercept`. Answers about the request itself (4xx) are the application's to explain.
fn intercept(leaf: &Leaf<'_>) -> Result<StatusCode, Misfit> {
    let title = "`intercept` must be a list of statuses from 500 to 599";
    let status = leaf.count().map_err(|misfit| misfit.or_title(title))?;
    let status = u16::try_from(status).ok().filter(|status| (500..=599).contains(status));
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    status.ok_or_else(|| Misfit::new("not one of them").title(title))
}

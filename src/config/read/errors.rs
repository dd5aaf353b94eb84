//! `[errors]` and `[route.errors]`.

use std::collections::BTreeMap;

use super::{
    leaf::{Leaf, Misfit},
    section::{Section, meant},
};
use crate::{
    config::{keys::either, settings::RetryAfter, written::ErrorEdits},
    failure::{Cause, Language},
};

/// The languages that are built in, by their tags (RFC 5646).
pub const LANGUAGES: [(&str, Language); 2] = [("en", Language::En), ("ru", Language::Ru)];

/// Both tables have the same keys.
pub fn errors(section: &Section<'_>) -> ErrorEdits {
    ErrorEdits {
        statuses: section
            .take("statuses", |leaf| {
                leaf.entries(|id, status| {
                    let cause = cause(id.get_ref()).map_err(|misfit| misfit.at(id.span()))?;
                    Ok((cause, status.error_status()?))
                })
            })
            .map(BTreeMap::from_iter)
            .unwrap_or_default(),
        languages: section.take("languages", languages),
        retry_after: section.take("retry_after", retry_after),
        contact: section.take("contact", contact),
        auto_retry: section.take("auto_retry", Leaf::flag),
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

fn languages(leaf: &Leaf<'_>) -> Result<Vec<Language>, Misfit> {
    let known = either(&LANGUAGES.map(|(tag, _)| tag));
    let list = leaf.list(|item| {
        let text = item.text()?;
        let found = LANGUAGES.iter().find(|(tag, _)| *tag == text).map(|(_, language)| *language);
        found.ok_or_else(|| {
            Misfit::new("not built in")
                .title(format!("there are no pages in the language `{text}`"))
                .hint(format!("write {known}"))
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

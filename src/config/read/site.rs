//! `[route.site]`: a folder, what is looked for in it, and what is never shown or run.

use std::{
    fs,
    io::ErrorKind,
    path::{self, Path, PathBuf},
};

use toml::de::DeValue;

use super::{
    leaf::{Leaf, Misfit, preset_text},
    section::Section,
};
use crate::config::{
    reason,
    settings::{Site, Symlinks, Try},
    written::Action,
};

const SYMLINKS: [(&str, Symlinks); 3] = [("inside", Symlinks::Inside), ("all", Symlinks::All), ("off", Symlinks::Off)];
const PATH: &str = "{path}";

/// `site`; which upstream its `php` names is left to `resolve`.
pub fn site(section: &Section<'_>) -> Option<Action> {
    let root = section.need("root", |leaf| {
        let root = root(leaf)?;
        // With PHP the scripts may be in a container, where the gateway does not see them.
        if section.place("php").is_none() {
            warn_of_no_folder(leaf, &root);
        }
        Ok(root)
    });
    let php = section.take_at("php", Leaf::text);
    // A value that was refused was written all the same.
    let has_php = section.place("php").is_some();
    let index = section.take("index", index).unwrap_or_else(|| {
        let names: &[&str] = if has_php { &["index.php", "index.html"] } else { &["index.html"] };
        names.iter().map(|name| (*name).to_owned()).collect()
    });
    let tries = section.take("try", tries).unwrap_or_else(|| {
        let front = has_php.then(|| Entry::Try(Try::Fixed("/index.php".to_owned())));
        [Entry::Try(Try::Path(String::new())), Entry::Index].into_iter().chain(front).collect()
    });
    let never_execute = section.take("never_execute", |leaf| leaf.list(folder)).unwrap_or_default();
    let preset = preset_text(section.key("charset"));
    let charset = section.take("charset", charset).unwrap_or_else(|| Some(preset.to_owned()));
    let (hidden, precompressed) = (section.flag("hidden"), section.flag("precompressed"));
    let symlinks = section.take("symlinks", |leaf| leaf.word(&SYMLINKS)).unwrap_or(Symlinks::Inside);
    let tries = tries.into_iter().flat_map(|entry| entry.with(&index)).collect();
    let site = Site { root: root?, php: None, tries, hidden, symlinks, never_execute, precompressed, charset };
    Some(Action::Site(site, php))
}

/// An entry of `try` as it was written.
enum Entry {
    Try(Try),
    /// `{path}/`: the index files of a folder.
    Index,
}

impl Entry {
    fn with(self, index: &[String]) -> Vec<Try> {
        match self {
            Self::Try(entry) => vec![entry],
            Self::Index => index.iter().map(|name| Try::Path(format!("/{name}"))).collect(),
        }
    }
}

fn root(leaf: &Leaf<'_>) -> Result<PathBuf, Misfit> {
    let text = leaf.text()?;
    if text.is_empty() {
        return Err(leaf.wrong_type());
    }
    let path = leaf.path(&text)?;
    // PHP is told this path, and knows nothing of the folder that the gateway was started in.
    Ok(path::absolute(&path).unwrap_or(path))
}

/// A deploy may make the folder later.
fn warn_of_no_folder(leaf: &Leaf<'_>, root: &Path) {
    let shown = root.display();
    let (title, label, hint) = match fs::metadata(root) {
        Ok(found) if found.is_dir() => return,
        Ok(_) => (
            format!("`{shown}` is not a folder"),
            "something else stands there",
            "name the folder that has the files; until it is one, requests are answered site-root-missing",
        ),
        Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => (
            format!("the folder `{shown}` cannot be looked at: {}", reason(&error)),
            "may be there or not",
            "requests are answered site-root-missing unless the user that goodgate runs as can enter it",
        ),
        Err(_) => (
            format!("the folder `{shown}` is not there"),
            "nothing to serve",
            "until it is, requests are answered site-root-missing; relative paths start at the folder of this file",
        ),
    };
    leaf.warn(title, label, hint);
}

fn tries(leaf: &Leaf<'_>) -> Result<Vec<Entry>, Misfit> {
    not_empty(leaf, "leave `try` out for its default")?.list(entry)
}

fn entry(leaf: &Leaf<'_>) -> Result<Entry, Misfit> {
    let title = "an entry of `try` must be \"{path}\" with or without something behind it, or begin with `/`";
    let refuse = |label: &str, hint: &str| Err(Misfit::new(label).title(title).hint(hint));
    let text = leaf.text().map_err(|misfit| misfit.or_title(title))?;
    if text.starts_with('=') {
        return refuse("not a file", "leave it out: what is nowhere is answered 404 anyway");
    }
    if text.starts_with("$uri") {
        return refuse("not known here", &format!("write \"{}\"", text.replace("$uri", PATH)));
    }
    if text.contains('?') {
        return refuse("has a query", "leave the query out; scripts get that of the request");
    }
    let (is_path, rest) = text.strip_prefix(PATH).map_or((false, text.as_str()), |rest| (true, rest));
    if rest.contains(['{', '}']) {
        return refuse("only {path} at the beginning stands for something", "write \"{path}\" first");
    }
    if is_path && rest == "/" {
        return Ok(Entry::Index);
    }
    if rest.ends_with('/') {
        return refuse("a folder", "name a file in it");
    }
    if !is_path && !rest.starts_with('/') {
        return refuse("does not begin with `/`", &format!("write \"/{rest}\" or \"{PATH}/{rest}\""));
    }
    if !is_plain(rest) {
        return refuse("has empty or dot segments, or characters that no name has", "write it without them");
    }
    Ok(Entry::Try(if is_path { Try::Path(text[PATH.len()..].to_owned()) } else { Try::Fixed(text) }))
}

fn index(leaf: &Leaf<'_>) -> Result<Vec<String>, Misfit> {
    not_empty(leaf, "write a name, or a `try` without \"{path}/\"")?.list(|leaf| {
        let name = leaf.text()?;
        match name.contains('/') {
            _ if name.is_empty() => Err(leaf.wrong_type()),
            true => Err(Misfit::new("has a slash").hint("name a file; other places are for `try`")),
            false if !is_plain(&name) => Err(Misfit::new("not the name of a file")),
            false => Ok(name),
        }
    })
}

/// An entry of `never_execute`, with slashes at both ends.
fn folder(leaf: &Leaf<'_>) -> Result<String, Misfit> {
    let text = leaf.text()?;
    if !text.starts_with('/') {
        return Err(
            Misfit::new("does not begin with `/`").hint(format!("write \"/{text}\", as the site's paths begin"))
        );
    }
    let name = text.trim_end_matches('/');
    if !is_plain(name) {
        return Err(Misfit::new("has empty or dot segments, or characters that no name has"));
    }
    Ok(format!("{name}/"))
}

fn charset(leaf: &Leaf<'_>) -> Result<Option<String>, Misfit> {
    let text = leaf.text()?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:+".contains(&byte);
    if text.is_empty() || !text.bytes().all(fits) {
        return Err(Misfit::new("not the name of a character set"));
    }
    Ok((text != "off").then_some(text))
}

/// Whether a name or path has neither empty segments nor dots nor control characters.
fn is_plain(path: &str) -> bool {
    let path = path.strip_prefix('/').unwrap_or(path);
    let is_plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(|c: char| c.is_control());
    path.is_empty() || path.split('/').all(is_plain)
}

fn not_empty<'l, 'a>(leaf: &'l Leaf<'a>, hint: &str) -> Result<&'l Leaf<'a>, Misfit> {
    match leaf.value {
        DeValue::Array(items) if items.is_empty() => Err(Misfit::new("the list is empty").hint(hint)),
        _ => Ok(leaf),
    }
}

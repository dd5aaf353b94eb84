//! Who stands in for whom: names of upstreams become positions, pages are read, and nobody may end up at himself.
//! What the settings get is followed by `stack::rescue` without another look.

use std::{fs::File, io::Read, path::Path};

use http::{HeaderValue, StatusCode};
use toml::Spanned;

use super::{fastcgi, routes::position};
use crate::{
    config::{
        keys,
        problem::Problem,
        reason,
        settings::{self, FallbackPage, Protocol},
        written::{Fallback, Upstream},
    },
    limits,
};

/// Puts what stands in into the settings of `upstreams`.
pub fn resolve(upstreams: &mut [Upstream], found: &mut Vec<Problem>) {
    let resolved: Vec<_> = upstreams.iter().map(|upstream| of(upstream, upstreams, found)).collect();
    let next = |at: usize| match resolved.get(at) {
        Some(Some(settings::Fallback::Upstream(next))) => Some(*next),
        _ => None,
    };
    for at in 0..upstreams.len() {
        let circle: Vec<usize> = std::iter::successors(next(at), |at| next(*at)).take(upstreams.len()).collect();
        let Some(length) = circle.iter().position(|one| *one == at) else { continue };
        // Each circle is told of once, at the one of its upstreams that is written first.
        if circle[..length].iter().all(|other| *other > at) {
            found.push(in_a_circle(at, &circle[..=length], upstreams));
        }
    }
    for (upstream, fallback) in upstreams.iter_mut().zip(resolved) {
        upstream.settings.fallback = fallback;
    }
}

/// The names of upstreams that stand in for others.
pub fn used(upstreams: &[Upstream]) -> impl Iterator<Item = String> {
    upstreams.iter().filter_map(|upstream| match &upstream.fallback {
        Some(Fallback::Upstream(name)) => Some(name.get_ref().clone()),
        _ => None,
    })
}

fn of(upstream: &Upstream, upstreams: &[Upstream], found: &mut Vec<Problem>) -> Option<settings::Fallback> {
    match upstream.fallback.as_ref()? {
        Fallback::Upstream(name) => {
            let at = position(name, Protocol::Http, upstreams, found)?;
            found.extend(check_scripts(name, upstream, &upstreams[at]));
            Some(settings::Fallback::Upstream(at))
        }
        Fallback::Page { file, status } => match page(file, *status) {
            Ok(page) => Some(settings::Fallback::Page(page)),
            Err(problem) => {
                found.push(*problem);
                None
            }
        },
    }
}

/// The script of a request is found once.
fn check_scripts(name: &Spanned<String>, first: &Upstream, second: &Upstream) -> Option<Problem> {
    let (Some(of_first), Some(of_second)) = (&first.settings.fastcgi, &second.settings.fastcgi) else {
        return fastcgi::check_root(name, second);
    };
    let differs = of_second.root.as_ref().is_some_and(|root| of_first.root.as_ref() != Some(root));
    differs.then(|| {
        let title = format!("`{}` has its scripts in another folder", name.get_ref());
        let problem = Problem::error(name.span(), title, "another `root`");
        problem.hint(format!("give `fastcgi` of both the same `root`, or remove that of `{}`", name.get_ref()))
    })
}

fn in_a_circle(at: usize, circle: &[usize], upstreams: &[Upstream]) -> Problem {
    let name = |at: &usize| format!("`{}`", upstreams[*at].name.get_ref());
    let own = name(&at);
    let span = match &upstreams[at].fallback {
        Some(Fallback::Upstream(name)) => name.span(),
        _ => upstreams[at].name.span(),
    };
    let (title, label) = if circle.len() == 1 {
        (format!("{own} cannot stand in for itself"), "its own name".to_owned())
    } else {
        let names: Vec<String> = circle.iter().map(name).collect();
        ("upstreams stand in for each other in a circle".to_owned(), format!("{own} → {}", names.join(" → ")))
    };
    Problem::error(span, title, label)
        .hint("name an upstream that does not need this one, or a page: { page = \"down.html\" }")
}

/// A page and its media type.
fn page(file: &Spanned<std::path::PathBuf>, status: Option<StatusCode>) -> Result<FallbackPage, Box<Problem>> {
    let shown = file.get_ref().display().to_string();
    let refused = |why: &str, hint: &str| {
        let title = format!("the page `{shown}` cannot be used: {why}");
        Box::new(Problem::error(file.span(), title, "named here").hint(hint))
    };
    let place = "relative paths start at the folder of this file";
    let mut body = Vec::new();
    let opened = File::open(file.get_ref()).map_err(|error| refused(&reason(&error), place))?;
    opened.take(limits::TEMPLATE_SIZE + 1).read_to_end(&mut body).map_err(|error| refused(&reason(&error), place))?;
    if body.is_empty() {
        return Err(refused("it is empty", "write what visitors shall read"));
    }
    if body.len() as u64 > limits::TEMPLATE_SIZE {
        let why = format!("it is larger than {}", keys::size(limits::TEMPLATE_SIZE));
        return Err(refused(&why, "it is kept in memory; let it load its pictures from elsewhere"));
    }
    if status.is_some_and(|status| matches!(status.as_u16(), 204 | 205 | 206 | 304)) {
        return Err(refused("an answer with this `status` has no page", "use another status, or leave it out"));
    }
    let content_type = content_type(file.get_ref(), std::str::from_utf8(&body).is_ok());
    Ok(FallbackPage { body: body.into(), content_type, status })
}

fn content_type(file: &Path, is_utf8: bool) -> HeaderValue {
    let kind = mime_guess::from_path(file).first_raw().unwrap_or("application/octet-stream");
    if is_utf8 && kind.starts_with("text/") {
        HeaderValue::try_from(format!("{kind}; charset=utf-8")).unwrap_or(HeaderValue::from_static("text/html"))
    } else {
        HeaderValue::from_static(kind)
    }
}

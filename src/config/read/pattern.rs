//! What a route matches: hosts, path, methods.

use std::net::Ipv6Addr;

use http::Method;
use regex::Regex;

use super::{
    leaf::{Leaf, Misfit},
    network::is_host,
    section::meant,
};
use crate::config::settings::{HostPattern, PathMode, PathPattern};

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"];

/// An entry of `host`.
pub fn host(leaf: &Leaf<'_>) -> Result<(String, HostPattern), Misfit> {
    let text = leaf.text()?;
    let lower = text.to_ascii_lowercase();
    if !text.is_ascii() {
        return Err(Misfit::new("a name in other letters than a to z")
            .hint("write it in its ASCII form, which begins with xn--"));
    }
    if let Some(name) = lower.strip_prefix("*.")
        && is_host(name)
    {
        return Ok((text, HostPattern::Suffix(format!(".{name}"))));
    }
    let bracketed = lower.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    if is_host(&lower) || bracketed.is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok()) {
        return Ok((text, HostPattern::Exact(lower)));
    }
    Err(match lower.rsplit_once(':') {
        _ if lower == "*" => Misfit::new("stands for any host").hint("leave `host` out for any host"),
        _ if lower.contains('*') => {
            Misfit::new("a `*` stands only at the beginning, for whole labels").hint("write \"*.example.com\"")
        }
        _ if lower.contains("://") || lower.contains('/') => {
            Misfit::new("more than a host").hint("write the host alone; the path is the key `path`")
        }
        _ if lower.parse::<Ipv6Addr>().is_ok() => {
            Misfit::new("an IPv6 address without brackets").hint(format!("write \"[{lower}]\""))
        }
        Some((host, port)) if is_host(host) && port.parse::<u16>().is_ok() => {
            Misfit::new("has a port, which is not looked at").hint(format!("write \"{host}\""))
        }
        _ if lower.ends_with('.') => Misfit::new("ends in a dot").hint("write it without the dot"),
        _ => Misfit::new("not a host"),
    })
}

/// `path`
pub fn path(leaf: &Leaf<'_>, mode: PathMode) -> Result<(String, PathPattern), Misfit> {
    let text = leaf.text()?;
    if let Some(pattern) = text.strip_prefix('~') {
        let regex = Regex::new(pattern).map_err(|error| regex_misfit(&error))?;
        return Ok((text, PathPattern::Regex(regex)));
    }
    let (exact, plain) = match text.strip_prefix('=') {
        Some(plain) => (true, plain.to_owned()),
        None => (false, text.clone()),
    };
    check_path(&plain, mode)?;
    Ok((text, if exact { PathPattern::Exact(plain) } else { PathPattern::Prefix(plain) }))
}

/// `strip_prefix`
pub fn strip_prefix(leaf: &Leaf<'_>, mode: PathMode) -> Result<String, Misfit> {
    let text = leaf.text()?;
    check_path(&text, mode)?;
    Ok(text)
}

/// An entry of `methods`.
pub fn method(leaf: &Leaf<'_>) -> Result<Method, Misfit> {
    let text = leaf.text()?;
    let Ok(method) = Method::from_bytes(text.as_bytes()) else { return Err(Misfit::new("not the name of a method")) };
    // A method of another name is possible; one that differs in a letter or its case only is a slip.
    match meant(&text, METHODS) {
        Some(known) if known != text => {
            let title = format!("`{text}` is no method of HTTP");
            Err(Misfit::new("not known").title(title).hint(format!("did you mean \"{known}\"?")))
        }
        _ => Ok(method),
    }
}

/// Refuses what no path that comes to be matched can look like.
fn check_path(path: &str, mode: PathMode) -> Result<(), Misfit> {
    if !path.starts_with('/') {
        let misfit = Misfit::new("does not begin with `/`");
        return Err(if path.is_empty() { misfit } else { misfit.hint(format!("write \"/{path}\"")) });
    }
    if path.contains(['?', '#']) {
        return Err(Misfit::new("has a query or fragment, which is not looked at"));
    }
    if path.contains('*') && path.ends_with('*') {
        let plain = path.trim_end_matches('*');
        return Err(Misfit::new("a `*` stands for itself").hint(format!("\"{plain}\" is a prefix already")));
    }
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Misfit::new("has spaces or letters that a path carries percent-encoded").hint("write them as %XX"));
    }
    if mode == PathMode::Normal && (path.contains("//") || path.split('/').any(|part| part == "." || part == "..")) {
        let hint = "paths are cleaned of doubled slashes and dots before they are matched";
        return Err(Misfit::new("never matches").hint(hint));
    }
    Ok(())
}

/// The reason of a regex error in one line.
fn regex_misfit(error: &regex::Error) -> Misfit {
    let text = error.to_string();
    let reason = text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
    Misfit::new(reason).title("`path` is not a regular expression that can be used")
}

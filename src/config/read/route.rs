//! `[[route]]` and the tables below it.

use http::{HeaderValue, StatusCode};
use toml::{Spanned, de::DeValue};

use super::{
    errors::errors,
    fields::{Way, edits},
    leaf::{Leaf, Misfit, preset_text},
    pattern,
    section::Section,
    site::site,
};
use crate::config::{
    keys::MAINTENANCE,
    settings::{Access, HostPattern, PathMode, PathPattern, Priority},
    written::{Action, Route},
};

const ACTIONS: [&str; 5] = ["upstream", "site", "respond", "redirect", "maintenance"];
const FOR_UPSTREAM: [&str; 4] = ["strip_prefix", "request_headers", "retry_timeouts", "idempotency_key"];
const PRIORITIES: [(&str, Priority); 2] = [("normal", Priority::Normal), ("high", Priority::High)];
const PATH_MODES: [(&str, PathMode); 2] = [("normal", PathMode::Normal), ("raw", PathMode::Raw)];

/// `[[route]]`
pub fn route(section: &Section<'_>) -> Route {
    let path_mode = section.take("path_mode", |leaf| leaf.word(&PATH_MODES)).unwrap_or(PathMode::Normal);
    let before = section.reader.count();
    let (host_text, hosts) = hosts(section);
    let (path_text, path) = path(section, path_mode);
    let methods = section.take("methods", methods).unwrap_or_default();
    let is_sure = section.reader.count() == before;
    let access = section.section("access");
    let networks = |name| access.take(name, |leaf| leaf.list(Leaf::network)).unwrap_or_default();
    Route {
        span: section.span.clone(),
        name: host_text + &path_text,
        hosts,
        path,
        methods,
        is_sure,
        actions: ACTIONS.iter().filter_map(|name| section.place(name)).collect(),
        action: action(section),
        strip_prefix: section.take_at("strip_prefix", |leaf| pattern::strip_prefix(leaf, path_mode)),
        request_headers: edits(&section.section("request_headers"), Way::Request),
        response_headers: edits(&section.section("response_headers"), Way::Response),
        body_size: section.take("body_size", Leaf::size),
        access: Access { allow: networks("allow"), deny: networks("deny") },
        allow_at: access.place("allow"),
        idempotency_key: section.flag("idempotency_key"),
        retry_timeouts: section.flag("retry_timeouts"),
        path_mode,
        priority: section.take("priority", |leaf| leaf.word(&PRIORITIES)).unwrap_or(Priority::Normal),
        path_mode_at: section.place("path_mode"),
        for_upstream: FOR_UPSTREAM
            .iter()
            .filter_map(|name| section.place(name).map(|span| Spanned::new(span, *name)))
            .collect(),
        errors: errors(&section.section("errors")),
    }
}

/// `path` as it was written and as it is meant.
pub(super) fn path(section: &Section<'_>, mode: PathMode) -> (String, Spanned<PathPattern>) {
    section.take_at("path", |leaf| pattern::path(leaf, mode)).map_or_else(
        || {
            let any = preset_text(section.key("path")).to_owned();
            (any.clone(), Spanned::new(section.span.clone(), PathPattern::Prefix(any)))
        },
        |path| {
            let span = path.span();
            let (text, pattern) = path.into_inner();
            (text, Spanned::new(span, pattern))
        },
    )
}

/// `host` as it was written and as it is meant.
pub(super) fn hosts(section: &Section<'_>) -> (String, Vec<HostPattern>) {
    let hosts = section.take("host", |leaf| match leaf.value {
        DeValue::Array(items) if items.is_empty() => {
            Err(Misfit::new("the list is empty").hint("leave `host` out for any host"))
        }
        _ => leaf.one_or_list(pattern::host),
    });
    let (texts, patterns): (Vec<String>, _) = hosts.unwrap_or_default().into_iter().unzip();
    (texts.join(","), patterns)
}

/// `methods`
pub(super) fn methods(leaf: &Leaf<'_>) -> Result<Vec<http::Method>, Misfit> {
    if let DeValue::Array(items) = leaf.value
        && items.is_empty()
    {
        return Err(Misfit::new("the list is empty").hint("leave `methods` out for every method"));
    }
    leaf.list(pattern::method)
}

fn action(section: &Section<'_>) -> Option<Action> {
    // All of them are read, so that all that is wrong is found; contradictions are left to `resolve`.
    let upstream = section.take_at("upstream", Leaf::text).map(Action::Upstream);
    let site = section.leaf("site").and_then(|_| site(&section.section("site")));
    let respond = section.leaf("respond").and_then(|_| respond(&section.section("respond")));
    let redirect = section.leaf("redirect").and_then(|_| redirect(&section.section("redirect")));
    let maintenance = section.take("maintenance", maintenance);
    upstream.or(site).or(respond).or(redirect).or(maintenance)
}

fn respond(section: &Section<'_>) -> Option<Action> {
    let body = section.take_at("body", Leaf::text);
    let content_type = section.take("content_type", |leaf| {
        let text = leaf.text()?;
        let value = HeaderValue::from_str(&text).ok().filter(|_| text.contains('/'));
        value.ok_or_else(|| Misfit::new("not a media type"))
    });
    let preset = preset_text(section.key("content_type"));
    Some(Action::Respond {
        status: StatusCode::from_u16(section.count("status")).ok()?,
        body: body.unwrap_or_else(|| Spanned::new(section.span.clone(), String::new())),
        content_type: content_type.unwrap_or(HeaderValue::from_static(preset)),
    })
}

fn redirect(section: &Section<'_>) -> Option<Action> {
    let keep_path = section.place("keep_path").filter(|_| section.flag("keep_path"));
    let place = section.leaf("to").map(|leaf| leaf.span);
    let to = section.need("to", |leaf| {
        let text = leaf.text()?;
        if !text.starts_with('/') && !text.contains("://") {
            let misfit = Misfit::new("neither a URL nor a path");
            return Err(if text.is_empty() { misfit } else { misfit.hint(format!("write \"https://{text}\"")) });
        }
        if text.contains(['\r', '\n']) {
            return Err(Misfit::new("has a line break"));
        }
        if text.contains(char::is_control) {
            return Err(Misfit::new("has a control character"));
        }
        if text.contains(' ') {
            return Err(Misfit::new("has a space").hint("write it as %20"));
        }
        if text.contains(['$', '{', '}']) {
            let title = "the target of a redirect is fixed: there are no variables";
            let hint = "`keep_path = true` adds the path and the query of the request; the character $ itself is %24";
            return Err(Misfit::new("would be sent as it stands").title(title).hint(hint));
        }
        HeaderValue::from_str(&text).map_err(|_| Misfit::new("has characters that a URL carries percent-encoded"))
    });
    let status = section.take("status", |leaf| {
        let status = u16::try_from(leaf.count()?).ok().filter(|status| [301, 302, 303, 307, 308].contains(status));
        status.ok_or_else(|| Misfit::new("does not redirect"))
    });
    let status = StatusCode::from_u16(status.unwrap_or_else(|| section.preset_count("status"))).ok()?;
    Some(Action::Redirect { to: Spanned::new(place?, to?), status, keep_path })
}

fn maintenance(leaf: &Leaf<'_>) -> Result<Action, Misfit> {
    match leaf.value {
        DeValue::Boolean(true) => Ok(Action::Maintenance { retry_after: None }),
        DeValue::Boolean(false) => {
            Err(Misfit::new("this is `false`").hint("remove the key, and say what the route does instead"))
        }
        DeValue::Table(_) => {
            let retry_after = leaf.section(&MAINTENANCE)?.take("retry_after", Leaf::duration);
            Ok(Action::Maintenance { retry_after })
        }
        _ => Err(leaf.wrong_type()),
    }
}

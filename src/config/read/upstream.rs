//! `[upstream.NAME]` and the tables below it.

use http::{HeaderName, HeaderValue, StatusCode, uri::Authority};
use toml::{Spanned, de::DeValue};

use super::{
    leaf::{Leaf, Misfit, preset_text},
    section::{Section, meant},
    server::{server, status_address},
};
use crate::config::{
    keys::{FALLBACK, Preset},
    problem::Problem,
    settings::{
        self, Balance, Dns, FastCgi, FpmStatus, HashKey, HostHeader, Keep, MaxInFlight, Pool, Protocol, Queue, Retry,
        RetryOn, StaleIfError, Timeouts,
    },
    written::{Fallback, Upstream},
};
use crate::limits;

/// A policy; only that of `hash` needs a key.
type Policy = fn(HashKey) -> Balance;
const BALANCE: [(&str, Policy); 4] = [
    ("two-choices", |_| Balance::TwoChoices),
    ("round-robin", |_| Balance::RoundRobin),
    ("least-busy", |_| Balance::LeastBusy),
    ("hash", Balance::Hash),
];
const RETRY_ON: [(&str, RetryOn); 3] =
    [("proof", RetryOn::Proof), ("idempotent", RetryOn::Idempotent), ("off", RetryOn::Off)];

/// `[upstream.NAME]`
pub fn upstream(name: &Spanned<&str>, section: &Section<'_>) -> Upstream {
    check_name(name, section);
    let servers = section.need("servers", servers).unwrap_or_default();
    let dns = section.section("dns");
    let fastcgi_section = section.section("fastcgi");
    let keep = fastcgi_section.take("keep", keep).flatten();
    let fastcgi = fastcgi(&fastcgi_section, keep);
    let is_fastcgi = servers.first().is_some_and(|server| server.get_ref().protocol == Protocol::FastCgi);
    let pool_section = section.section("pool");
    let hash_key = section.take("hash_key", hash_key).unwrap_or(HashKey::ClientIp);
    // At its default it may stand beside any policy.
    let hash_key_place = section.place("hash_key").filter(|_| hash_key != HashKey::ClientIp);
    let mut settings = settings::Upstream {
        name: (*name.get_ref()).to_owned(),
        servers: servers.iter().map(|server| server.get_ref().clone()).collect(),
        balance: section
            .take("balance", |leaf| leaf.word(&BALANCE))
            .map_or(Balance::TwoChoices, |policy| policy(hash_key)),
        slow_start: section.duration("slow_start"),
        timeouts: timeouts(&section.section("timeouts")),
        pool: pool(&pool_section),
        retry: retry(&section.section("retry")),
        queue: queue(&section.section("queue")),
        hold: section.duration("hold"),
        head_size: section.size("head_size"),
        hold_body: section.size("hold_body"),
        health: super::health::health(&section.section("health")),
        dns: Dns {
            servers: dns.take("servers", |leaf| leaf.list(Leaf::name_server)).unwrap_or_default(),
            min_ttl: dns.duration("min_ttl"),
            max_ttl: dns.duration("max_ttl"),
        },
        host_header: section.take("host_header", host_header).unwrap_or(HostHeader::Pass),
        // `resolve` finds who is meant.
        fallback: None,
        stale_if_error: section.leaf("stale_if_error").map(|_| stale_if_error(&section.section("stale_if_error"))),
        fastcgi: is_fastcgi.then(|| fastcgi.clone()),
    };
    if is_fastcgi {
        settings.pool.max_idle = keep.unwrap_or(limits::FASTCGI_BRIEFLY);
        if keep.is_none() {
            settings.pool.idle_timeout = Some(limits::FASTCGI_INSTANT);
        }
    }
    Upstream {
        name: Spanned::new(name.span(), settings.name.clone()),
        settings,
        servers: servers.iter().map(Spanned::span).collect(),
        hash_key: hash_key_place,
        stale_if_error: section.place("stale_if_error"),
        min_ttl: dns.leaf("min_ttl").map(|leaf| leaf.span),
        max_ttl: dns.leaf("max_ttl").map(|leaf| leaf.span),
        max_idle: pool_section.place("max_idle"),
        fallback: section.take("fallback", fallback).flatten(),
        fastcgi: section.place("fastcgi"),
        status_address: fastcgi_section.place("status_address"),
    }
}

fn check_name(name: &Spanned<&str>, section: &Section<'_>) {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.get_ref().is_empty() || !name.get_ref().bytes().all(fits) {
        let title = "the name of an upstream must be of letters, digits, `-`, `_` and `.`";
        section.reader.problem(Problem::error(name.span(), title, "has other characters"));
    }
}

fn servers(leaf: &Leaf<'_>) -> Result<Vec<Spanned<settings::Server>>, Misfit> {
    match leaf.value {
        DeValue::Array(items) if items.is_empty() => {
            Err(Misfit::new("the list is empty").hint("write at least one, such as \"http://127.0.0.1:3000\""))
        }
        _ => leaf.list(server),
    }
}

fn hash_key(leaf: &Leaf<'_>) -> Result<HashKey, Misfit> {
    let text = leaf.text()?;
    if text == preset_text(leaf.key) {
        return Ok(HashKey::ClientIp);
    }
    // A cookie's name is a token, as the name of a field is (RFC 6265 section 4.1.1).
    let (kind, name) = text.split_once(':').ok_or_else(|| Misfit::new("none of these"))?;
    let header = name.parse::<HeaderName>().map_err(|_| Misfit::new("what follows the colon is not a name"))?;
    match kind {
        "header" => Ok(HashKey::Header(header)),
        "cookie" => Ok(HashKey::Cookie(name.to_owned())),
        _ => Err(Misfit::new("none of these")),
    }
}

fn timeouts(section: &Section<'_>) -> Timeouts {
    Timeouts {
        resolve: section.duration_or_word("resolve"),
        connect: section.duration_or_word("connect"),
        send: section.duration_or_word("send"),
        head: section.duration_or_word("head"),
        body: section.duration_or_word("body"),
        total: section.duration_or_word("total"),
    }
}

fn pool(section: &Section<'_>) -> Pool {
    Pool {
        idle_timeout: section.duration_or_word("idle_timeout"),
        max_idle: section.count("max_idle"),
        max_requests: section.count("max_requests"),
    }
}

fn fastcgi(section: &Section<'_>, keep: Option<usize>) -> FastCgi {
    let address = section.take("status_address", status_address);
    let path = section.take("status_path", absolute);
    FastCgi {
        root: section.take("root", |leaf| {
            let text = absolute(leaf)?;
            Ok(text.trim_end_matches('/').into())
        }),
        status: path.map(|path| FpmStatus { path, address }),
        params: section.take("params", |leaf| leaf.entries(parameter)).unwrap_or_default(),
        keep: match keep {
            None => Keep::Briefly,
            Some(0) => Keep::No,
            Some(_) => Keep::Yes,
        },
        // `resolve` puts the gateway's own folder here.
        spool: std::env::temp_dir().into(),
    }
}

/// A path that begins with a slash.
pub fn absolute(leaf: &Leaf<'_>) -> Result<String, Misfit> {
    let text = leaf.text()?;
    if !text.starts_with('/') {
        return Err(if text.is_empty() { leaf.wrong_type() } else { Misfit::new("does not begin with a slash") });
    }
    if text.contains(char::is_control) {
        return Err(Misfit::new("has a control character"));
    }
    Ok(text)
}

fn parameter(name: &Spanned<&str>, value: &Leaf<'_>) -> Result<(String, String), Misfit> {
    let text = name.get_ref();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        let misfit = Misfit::new("has other characters").at(name.span());
        return Err(misfit.title("the name of a parameter must be of letters, digits and `_`"));
    }
    Ok(((*text).to_owned(), value.text()?))
}

fn retry(section: &Section<'_>) -> Retry {
    let preset = if let Preset::Percent(percent) = section.key("budget").preset { percent } else { 0 };
    Retry {
        attempts: section.count("attempts"),
        budget_percent: section.take("budget", Leaf::percent).unwrap_or(preset),
        on: section.take("on", |leaf| leaf.word(&RETRY_ON)).unwrap_or(RetryOn::Proof),
        body: section.size("body"),
    }
}

fn stale_if_error(section: &Section<'_>) -> StaleIfError {
    StaleIfError { size: section.size("size"), keep: section.duration("for") }
}

/// Who stands in; `None` where the table does not say it, which was reported.
fn fallback(leaf: &Leaf<'_>) -> Result<Option<Fallback>, Misfit> {
    match leaf.value {
        DeValue::String(text) if !text.is_empty() => {
            Ok(Some(Fallback::Upstream(Spanned::new(leaf.span.clone(), leaf.text()?))))
        }
        DeValue::Table(_) => {
            let section = leaf.section(&FALLBACK)?;
            let status = section.take("status", Leaf::count).and_then(|status| u16::try_from(status).ok());
            let page = section.need("page", |leaf| {
                let text = leaf.text()?;
                if text.is_empty() {
                    return Err(leaf.wrong_type());
                }
                Ok(Spanned::new(leaf.span.clone(), leaf.path(&text)?))
            });
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            Ok(page.map(|file| Fallback::Page { file, status }))
        }
        _ => Err(leaf.wrong_type()),
    }
}

fn queue(section: &Section<'_>) -> Queue {
    Queue {
        max_in_flight: section.take("max_in_flight", max_in_flight).unwrap_or(MaxInFlight::Auto),
        max_waiting: section.count("max_waiting"),
        timeout: section.duration("timeout"),
    }
}

/// How many connections to keep; `None` is "auto".
fn keep(leaf: &Leaf<'_>) -> Result<Option<usize>, Misfit> {
    match leaf.word_of_kind() {
        Some(_) => Ok(None),
        None => leaf.count_beside_words().map(Some),
    }
}

fn max_in_flight(leaf: &Leaf<'_>) -> Result<MaxInFlight, Misfit> {
    match leaf.word_of_kind() {
        Some("off") => Ok(MaxInFlight::Off),
        Some(_) => Ok(MaxInFlight::Auto),
        None => leaf.count_beside_words().map(MaxInFlight::Most),
    }
}

fn host_header(leaf: &Leaf<'_>) -> Result<HostHeader, Misfit> {
    let text = leaf.text()?;
    let words = [preset_text(leaf.key), "upstream"];
    match text.as_str() {
        "pass" => return Ok(HostHeader::Pass),
        "upstream" => return Ok(HostHeader::Upstream),
        _ => {}
    }
    if let Some(near) = meant(&text, words).filter(|_| !leaf.has_variable()) {
        let title = format!("every request will be sent with `Host: {text}`");
        leaf.warn(title, "taken as the text of the field", format!("did you mean \"{near}\"?"));
    }
    let is_authority = text.parse::<Authority>().is_ok_and(|authority| !authority.as_str().contains('@'));
    let value = HeaderValue::from_str(&text).ok().filter(|_| is_authority);
    value.map(HostHeader::Literal).ok_or_else(|| Misfit::new("not a host, with or without a port"))
}

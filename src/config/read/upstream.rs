//! `[upstream.NAME]` and the tables below it.

use http::{HeaderValue, uri::Authority};
use toml::{Spanned, de::DeValue};

use super::{
    leaf::{Leaf, Misfit, preset_text},
    section::{Section, meant},
    server::server,
};
use crate::config::{
    keys::Preset,
    problem::Problem,
    settings::{self, Balance, Dns, HostHeader, Pool, Queue, Retry, RetryOn, Timeouts},
    written::Upstream,
};

const BALANCE: [(&str, Balance); 1] = [("round-robin", Balance::RoundRobin)];
const RETRY_ON: [(&str, RetryOn); 3] =
    [("proof", RetryOn::Proof), ("idempotent", RetryOn::Idempotent), ("off", RetryOn::Off)];

/// `[upstream.NAME]`
pub fn upstream(name: &Spanned<&str>, section: &Section<'_>) -> Upstream {
    check_name(name, section);
    let servers = section.need("servers", servers).unwrap_or_default();
    let dns = section.section("dns");
    let settings = settings::Upstream {
        name: (*name.get_ref()).to_owned(),
        servers: servers.iter().map(|server| server.get_ref().clone()).collect(),
        balance: section.take("balance", |leaf| leaf.word(&BALANCE)).unwrap_or(Balance::RoundRobin),
        timeouts: timeouts(&section.section("timeouts")),
        pool: pool(&section.section("pool")),
        retry: retry(&section.section("retry")),
        queue: queue(&section.section("queue")),
        head_size: section.size("head_size"),
        hold_body: section.size("hold_body"),
        dns: Dns {
            servers: dns.take("servers", |leaf| leaf.list(Leaf::name_server)).unwrap_or_default(),
            min_ttl: dns.duration("min_ttl"),
            max_ttl: dns.duration("max_ttl"),
        },
        host_header: section.take("host_header", host_header).unwrap_or(HostHeader::Pass),
    };
    Upstream {
        name: Spanned::new(name.span(), settings.name.clone()),
        settings,
        servers: servers.iter().map(Spanned::span).collect(),
        min_ttl: dns.leaf("min_ttl").map(|leaf| leaf.span),
        max_ttl: dns.leaf("max_ttl").map(|leaf| leaf.span),
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

fn timeouts(section: &Section<'_>) -> Timeouts {
    Timeouts {
        resolve: section.duration_or_word("resolve"),
        connect: section.duration_or_word("connect"),
        tls: section.duration_or_word("tls"),
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

fn retry(section: &Section<'_>) -> Retry {
    let preset = if let Preset::Percent(percent) = section.key("budget").preset { percent } else { 0 };
    Retry {
        attempts: section.count("attempts"),
        budget_percent: section.take("budget", Leaf::percent).unwrap_or(preset),
        on: section.take("on", |leaf| leaf.word(&RETRY_ON)).unwrap_or(RetryOn::Proof),
        body: section.size("body"),
    }
}

fn queue(section: &Section<'_>) -> Queue {
    Queue {
        max_in_flight: section.take("max_in_flight", Leaf::count_or_word).flatten(),
        max_waiting: section.count("max_waiting"),
        timeout: section.duration("timeout"),
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

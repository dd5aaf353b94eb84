//! `[gateway]`, `[[listen]]`, `[limits]` and `[log]`.

use std::{num::NonZero, thread};

use toml::{Spanned, de::DeValue};

use super::{
    leaf::{Leaf, Misfit, preset_text},
    section::Section,
};
use crate::config::settings::{
    AccessFormat, AccessLog, ForwardedStyle, Gateway, Limits, Listen, Log, LogFormat, LogTarget,
};

const FORWARDED: [(&str, ForwardedStyle); 4] = [
    ("x-forwarded", ForwardedStyle::XForwarded),
    ("rfc7239", ForwardedStyle::Rfc7239),
    ("both", ForwardedStyle::Both),
    ("off", ForwardedStyle::Off),
];
const LEVELS: [(&str, tracing::Level); 5] = [
    ("error", tracing::Level::ERROR),
    ("warn", tracing::Level::WARN),
    ("info", tracing::Level::INFO),
    ("debug", tracing::Level::DEBUG),
    ("trace", tracing::Level::TRACE),
];
const LOG_FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];
const ACCESS_FORMATS: [(&str, AccessFormat); 3] =
    [("text", AccessFormat::Text), ("json", AccessFormat::Json), ("combined", AccessFormat::Combined)];

/// `[gateway]`
pub fn gateway(section: &Section<'_>) -> Gateway {
    Gateway {
        name: section.take("name", name).unwrap_or_else(|| preset_text(section.key("name")).to_owned()),
        workers: section.take("workers", workers).unwrap_or_else(one_per_core),
        shutdown_grace: section.duration("shutdown_grace"),
        trusted_proxies: section.take("trusted_proxies", |leaf| leaf.list(Leaf::network)).unwrap_or_default(),
        forwarded: section.take("forwarded", |leaf| leaf.word(&FORWARDED)).unwrap_or(ForwardedStyle::XForwarded),
        spool: section.take("spool", |leaf| match leaf.text()?.as_str() {
            "" => Err(leaf.wrong_type()),
            path => leaf.path(path),
        }),
    }
}

/// `[[listen]]`
pub fn listen(section: &Section<'_>) -> Option<Spanned<Listen>> {
    let address = |leaf: &Leaf<'_>| Ok(Spanned::new(leaf.span.clone(), leaf.listen_address()?));
    section.need("address", address)
}

/// `[limits]`
pub fn limits(section: &Section<'_>) -> Limits {
    Limits {
        connections: section.count("connections"),
        header_timeout: section.duration("header_timeout"),
        body_timeout: section.duration("body_timeout"),
        keepalive_timeout: section.duration("keepalive_timeout"),
        send_timeout: section.duration("send_timeout"),
        header_size: section.size("header_size"),
        headers: section.count("headers"),
        body_size: section.size("body_size"),
        body_rate: section.size("body_rate"),
        half_close: section.flag("half_close"),
        memory: section.take("memory", Leaf::size),
    }
}

/// `[log]`
pub fn log(section: &Section<'_>) -> Log {
    Log {
        level: section.take("level", |leaf| leaf.word(&LEVELS)).unwrap_or(tracing::Level::INFO),
        format: section.take("format", |leaf| leaf.word(&LOG_FORMATS)).unwrap_or(LogFormat::Text),
        access: access(section),
    }
}

fn access(log: &Section<'_>) -> Option<AccessLog> {
    if log.leaf("access").is_some_and(|leaf| !matches!(leaf.value, DeValue::Table(_))) {
        log.take("access", |leaf| match leaf.value {
            DeValue::Boolean(true) => Err(leaf.wrong_type().hint("write `{}` for all its defaults")),
            DeValue::Boolean(false) => Err(leaf.wrong_type().hint("write \"off\" for no access log")),
            _ => match leaf.text()?.as_str() {
                "off" => Ok(()),
                "none" | "false" | "no" | "" => Err(Misfit::new("not \"off\"").hint("write \"off\" for no access log")),
                path => Err(Misfit::new("not \"off\"").hint(format!("write {{ path = \"{path}\" }}"))),
            },
        });
        return None;
    }
    let access = log.section("access");
    let to = access.take("path", |leaf| {
        Ok(match leaf.text()?.as_str() {
            "stdout" => Some(LogTarget::Stdout),
            "stderr" => Some(LogTarget::Stderr),
            "off" => None,
            "" => return Err(leaf.wrong_type()),
            path => match leaf.path(path)? {
                path if path.is_dir() => {
                    let hint = format!("name a file in it, such as \"{}\"", path.join("access.log").display());
                    return Err(Misfit::new("this is a folder").hint(hint));
                }
                path => Some(LogTarget::File(path)),
            },
        })
    });
    let format = access.take("format", |leaf| leaf.word(&ACCESS_FORMATS)).unwrap_or(AccessFormat::Text);
    to.unwrap_or(Some(LogTarget::Stdout)).map(|to| AccessLog { to, format })
}

/// A token (RFC 9110 section 5.6.2) that is also one of structured fields (RFC 9651 section 3.3.4), without the odd signs.
fn name(leaf: &Leaf<'_>) -> Result<String, Misfit> {
    let text = leaf.text()?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Err(if text.is_empty() { leaf.wrong_type() } else { Misfit::new("does not begin with a letter") });
    }
    if text.bytes().all(fits) { Ok(text) } else { Err(Misfit::new("has other characters")) }
}

fn workers(leaf: &Leaf<'_>) -> Result<usize, Misfit> {
    if let DeValue::String(_) = leaf.value
        && leaf.text()? == "auto"
    {
        return Ok(one_per_core());
    }
    Ok(usize::try_from(leaf.count()?).unwrap_or(usize::MAX))
}

fn one_per_core() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

//! `[[rate_limit]]`: whom it counts, and how much is too much.

use std::time::Duration;

use http::HeaderName;

use super::{
    leaf::{Leaf, Misfit},
    route,
    section::Section,
};
use crate::{
    config::{
        settings::{LimitKey, PathMode},
        written::RateLimit,
    },
    limits,
};

const CLIENT_IP: &str = "client-ip";
const HEADER: &str = "header:";

/// `[[rate_limit]]`
pub fn rate_limit(section: &Section<'_>) -> RateLimit {
    let (host_text, hosts) = route::hosts(section);
    let (path_text, path) = route::path(section, PathMode::Normal);
    RateLimit {
        span: section.span.clone(),
        name: host_text + &path_text,
        hosts,
        path: path.into_inner(),
        methods: section.take("methods", route::methods).unwrap_or_default(),
        key: section.take("key", key).unwrap_or(LimitKey::ClientIp),
        has_rate: section.leaf("rate").is_some(),
        rate: section.take("rate", rate),
        burst: section.take_at("burst", Leaf::count),
        has_concurrent: section.leaf("concurrent").is_some(),
        concurrent: section.take("concurrent", Leaf::count),
    }
}

fn key(leaf: &Leaf<'_>) -> Result<LimitKey, Misfit> {
    let text = leaf.text()?;
    if text == CLIENT_IP {
        return Ok(LimitKey::ClientIp);
    }
    if let Some(name) = text.strip_prefix(HEADER) {
        let name = HeaderName::from_bytes(name.as_bytes());
        return name.map(LimitKey::Header).map_err(|_| Misfit::new("not the name of a field"));
    }
    let misfit = Misfit::new("neither of these");
    Err(match text.to_ascii_lowercase().as_str() {
        "ip" | "client_ip" | "clientip" | "address" | "client" | "remote_addr" => {
            misfit.hint(format!("write \"{CLIENT_IP}\""))
        }
        lower if HeaderName::from_bytes(lower.as_bytes()).is_ok() && lower.starts_with("x-") => {
            misfit.hint(format!("write \"{HEADER}{text}\""))
        }
        _ => misfit,
    })
}

/// So many requests in one unit of time.
fn rate(leaf: &Leaf<'_>) -> Result<(u32, Duration), Misfit> {
    let text = leaf.text()?;
    let Some((count, unit)) = text.split_once('/') else {
        let misfit = Misfit::new("has no unit of time");
        return Err(match text.parse::<u32>() {
            Ok(count) => misfit.hint(format!("write \"{count}/s\" for so many in a second")),
            Err(_) => misfit,
        });
    };
    let Some((_, per)) = limits::RATE_UNITS.iter().find(|(known, _)| *known == unit) else {
        return Err(Misfit::new("not per s, m or h").hint(match unit.trim() {
            "min" | "minute" => format!("write \"{count}/m\""),
            "sec" | "second" => format!("write \"{count}/s\""),
            "hour" => format!("write \"{count}/h\""),
            _ => "a day has 24 hours: divide by them".to_owned(),
        }));
    };
    let digits = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    match count.parse::<u32>().ok().filter(|_| digits) {
        None if digits => Err(Misfit::new("too many")),
        None => Err(Misfit::new("does not begin with a whole number")),
        Some(0) => Err(Misfit::new("would let nobody in").hint("`access` of a route keeps clients out")),
        Some(count) if u64::from(count) > limits::MOST_RATE => Err(Misfit::new("too many")),
        Some(count) => Ok((count, *per)),
    }
}

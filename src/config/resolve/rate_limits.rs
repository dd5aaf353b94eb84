//! Contradictions of limits for single clients: those that limit nothing.

use toml::Spanned;

use crate::config::{
    problem::Problem,
    settings::{self, Rate},
    written::RateLimit,
};

/// The limit as it is meant.
pub fn resolve(written: RateLimit, found: &mut Vec<Problem>) -> settings::RateLimit {
    if !written.has_rate && !written.has_concurrent {
        let problem = Problem::error(written.span.clone(), "a `[[rate_limit]]` that limits nothing", "no limit here");
        found.push(problem.hint("add `rate = \"10/s\"`, `concurrent = 20` or both"));
    } else if let Some(burst) = written.burst.as_ref().filter(|_| !written.has_rate) {
        let problem = Problem::error(burst.span(), "`burst` without `rate` has no effect", "nothing to exceed");
        found.push(problem.hint("add `rate = \"10/s\"`, or remove `burst`"));
    }
    let burst = written.burst.map(Spanned::into_inner).and_then(|burst| u32::try_from(burst).ok());
    settings::RateLimit {
        name: written.name,
        hosts: written.hosts,
        path: written.path,
        methods: written.methods,
        key: written.key,
        rate: written.rate.map(|(count, per)| Rate { count, per, burst: burst.unwrap_or(count) }),
        concurrent: written.concurrent.and_then(|most| u32::try_from(most).ok()),
    }
}

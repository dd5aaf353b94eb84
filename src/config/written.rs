//! The configuration as it was written: valid piece by piece, with the places that `resolve` needs.
//! `read` makes it; `resolve` turns it into `Settings`.

use std::{collections::BTreeMap, ops::Range, path::PathBuf};

use http::{HeaderValue, Method, StatusCode};
use toml::Spanned;

use super::settings::{self, HostPattern, PathMode, PathPattern};
use crate::failure::{
    Cause, Language,
    page::{Occasion, Pages},
};

/// A whole file.
pub struct Written {
    pub gateway: settings::Gateway,
    pub listen: Vec<Spanned<settings::Listen>>,
    /// Whether `listen` was written at all, however badly.
    pub has_listen: bool,
    pub limits: settings::Limits,
    /// The place of `limits.memory`, where it was written.
    pub memory: Option<Range<usize>>,
    pub routes: Vec<Route>,
    /// Whether `route` was written at all, however badly.
    pub has_route: bool,
    pub rate_limits: Vec<RateLimit>,
    pub upstreams: Vec<Upstream>,
    pub errors: ErrorEdits,
    pub log: settings::Log,
}

/// `[[route]]`
pub struct Route {
    /// Of its heading.
    pub span: Range<usize>,
    pub name: String,
    pub hosts: Vec<HostPattern>,
    pub path: Spanned<PathPattern>,
    pub methods: Vec<Method>,
    /// Whether host, path and methods are all as they were written.
    pub is_sure: bool,
    /// The places of what says what it does, as far as it was written.
    pub actions: Vec<Range<usize>>,
    /// The first of `actions`; `None` when there is none that can be used.
    pub action: Option<Action>,
    pub strip_prefix: Option<Spanned<String>>,
    pub request_headers: settings::HeaderEdits,
    pub response_headers: settings::HeaderEdits,
    pub body_size: Option<u64>,
    pub access: settings::Access,
    /// The place of `access.allow`, where it was written.
    pub allow_at: Option<Range<usize>>,
    pub idempotency_key: bool,
    pub retry_timeouts: bool,
    pub path_mode: PathMode,
    pub priority: settings::Priority,
    /// The place of `path_mode`, where it was written.
    pub path_mode_at: Option<Range<usize>>,
    /// Keys that mean something only with `upstream`, with their places.
    pub for_upstream: Vec<Spanned<&'static str>>,
    pub errors: ErrorEdits,
}

/// What a route does; an upstream still by name.
pub enum Action {
    Upstream(Spanned<String>),
    /// The name is that of its `php`; the position in its settings is not known yet.
    Site(settings::Site, Option<Spanned<String>>),
    Respond {
        status: StatusCode,
        body: Spanned<String>,
        content_type: HeaderValue,
    },
    Redirect {
        to: Spanned<HeaderValue>,
        status: StatusCode,
        /// The place of `keep_path`, where it is true.
        keep_path: Option<Range<usize>>,
    },
    Maintenance {
        retry_after: Option<std::time::Duration>,
    },
}

/// `[[rate_limit]]`
pub struct RateLimit {
    /// Of its heading.
    pub span: Range<usize>,
    pub name: String,
    pub hosts: Vec<HostPattern>,
    pub path: PathPattern,
    pub methods: Vec<Method>,
    pub key: settings::LimitKey,
    /// Whether `rate` was written at all, however badly.
    pub has_rate: bool,
    pub rate: Option<(u32, std::time::Duration)>,
    pub burst: Option<Spanned<u64>>,
    /// Whether `concurrent` was written at all, however badly.
    pub has_concurrent: bool,
    pub concurrent: Option<u64>,
}

/// `[upstream.NAME]`
pub struct Upstream {
    /// Its name.
    pub name: Spanned<String>,
    pub settings: settings::Upstream,
    /// The places of its servers, as far as they could be read.
    pub servers: Vec<Range<usize>>,
    /// The place of `hash_key`, where it was written and is not the default.
    pub hash_key: Option<Range<usize>>,
    /// The place of `stale_if_error`, where it was written.
    pub stale_if_error: Option<Range<usize>>,
    /// The place of `dns.min_ttl`, where it was written.
    pub min_ttl: Option<Range<usize>>,
    /// The place of `dns.max_ttl`, where it was written.
    pub max_ttl: Option<Range<usize>>,
    /// The place of `pool.max_idle`, where it was written.
    pub max_idle: Option<Range<usize>>,
    /// Who stands in for it; an upstream still by name, a page still by file.
    pub fallback: Option<Fallback>,
    /// The place of `fastcgi`, where it was written.
    pub fastcgi: Option<Range<usize>>,
    /// The place of `fastcgi.status_address`, where it was written.
    pub status_address: Option<Range<usize>>,
}

/// `fallback`
pub enum Fallback {
    Upstream(Spanned<String>),
    Page { file: Spanned<PathBuf>, status: Option<StatusCode> },
}

/// `[errors]` or `[route.errors]`, as far as it was written.
#[derive(Default)]
pub struct ErrorEdits {
    pub statuses: BTreeMap<Cause, StatusCode>,
    pub languages: Option<Vec<Language>>,
    pub retry_after: Option<settings::RetryAfter>,
    pub contact: Option<String>,
    pub auto_retry: Option<bool>,
    /// The folder of templates.
    pub templates: Option<Spanned<PathBuf>>,
    /// Files of templates, by what they are for; no file is the built-in page.
    pub pages: Vec<(Occasion, Vec<Spanned<String>>)>,
    pub intercept: Option<Vec<StatusCode>>,
}

impl ErrorEdits {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.statuses.is_empty()
            && self.languages.is_none()
            && self.retry_after.is_none()
            && self.contact.is_none()
            && self.auto_retry.is_none()
            && self.templates.is_none()
            && self.pages.is_empty()
            && self.intercept.is_none()
    }

    /// `base` with what was written instead, and with `pages`.
    pub fn over(self, base: &settings::Errors, pages: Pages) -> settings::Errors {
        let mut errors = base.clone();
        errors.statuses.extend(self.statuses);
        errors.languages = self.languages.unwrap_or(errors.languages);
        errors.retry_after = self.retry_after.unwrap_or(errors.retry_after);
        errors.contact = self.contact.or(errors.contact);
        errors.auto_retry = self.auto_retry.unwrap_or(errors.auto_retry);
        errors.pages = pages;
        errors.intercept = self.intercept.unwrap_or(errors.intercept);
        errors
    }
}

//! Which answers may be kept and which of them may stand in (RFC 9111 sections 3, 3.5, 4.1 and 4.2.4, RFC 5861 section
//! 4); pure. The crate http-cache-semantics judges what the RFC says of storing, age and freshness; what it does not look
//! at, or takes more easily than a gateway may, is judged here.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_cache_semantics::{BeforeRequest, CacheOptions, CachePolicy};

use crate::message::Record;

/// Fields of an answer that its validity follows from.
const JUDGED: [HeaderName; 6] =
    [header::CACHE_CONTROL, header::EXPIRES, header::DATE, header::AGE, header::LAST_MODIFIED, header::VARY];

/// In the name of a field that says who somebody is.
const CREDENTIALS: [&str; 6] = ["api-key", "apikey", "token", "auth", "session", "secret"];

/// Since when, for whom and how long an answer may stand in.
#[derive(Debug)]
pub struct Validity {
    policy: CachePolicy,
    /// Fields of the request that select it.
    varies: Vec<HeaderName>,
    /// Bytes of the names and values that it compares with.
    selected: u64,
    /// When it came.
    since: SystemTime,
    /// How long it was fresh from then on.
    fresh: Duration,
    /// May be given while it is fresh and not later.
    only_fresh: bool,
    /// How long after that, where the answer says so.
    if_error: Option<Duration>,
    /// Meant for everybody, whoever they are.
    public: bool,
}

/// How old an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// Since it left the application.
    pub age: Duration,
    /// Seconds for which it is still fresh; negative since it is stale.
    pub ttl: i64,
}

impl Validity {
    /// Of an answer to a request at `now`; `None` where it may not be kept.
    pub fn of(record: &Record, status: StatusCode, answer: &HeaderMap, now: SystemTime) -> Option<Self> {
        let asked = &record.head.headers;
        if record.head.method != Method::GET
            || status.is_server_error()
            || asked.contains_key(header::RANGE)
            || has_body(asked)
            || answer.contains_key(header::SET_COOKIE)
            || answer.contains_key(header::CONTENT_RANGE)
        {
            return None;
        }
        let directives = Directives::of(answer)?;
        if directives.has("no-cache") || directives.has("no-store") || directives.has("private") {
            return None;
        }
        let public = directives.has("public") || directives.has("s-maxage");
        let varies = varies(answer)?;
        // An application that looks at cookies and does not say so is nothing unusual.
        if asked.contains_key(header::COOKIE) && !public && !varies.contains(&header::COOKIE) {
            return None;
        }
        if !public && has_credentials(asked, &varies) {
            return None;
        }
        // More than that is no age, and adding to it could fail.
        if answer
            .get(header::AGE)
            .is_some_and(|age| age.to_str().ok().and_then(|age| age.parse::<u32>().ok()).is_none())
        {
            return None;
        }
        let selecting = selecting(record, &varies);
        let selected = selecting.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
        let policy = CachePolicy::new_options(
            &selecting,
            &judged(status, answer, &directives),
            now,
            CacheOptions { shared: true, ..CacheOptions::default() },
        );
        policy.is_storable().then(|| Self {
            fresh: policy.time_to_live(now),
            policy,
            varies,
            selected: selected as u64,
            since: now,
            only_fresh: ["must-revalidate", "proxy-revalidate", "s-maxage"].iter().any(|name| directives.has(name)),
            if_error: directives.seconds("stale-if-error"),
            public,
        })
    }

    /// Whether the fields that select it are those of this request.
    pub fn fits(&self, record: &Record) -> bool {
        // The policy compares; whether it is fresh does not matter here.
        match self.policy.before_request(&selecting(record, &self.varies), self.since) {
            BeforeRequest::Fresh(_) => true,
            BeforeRequest::Stale { matches, .. } => matches,
        }
    }

    /// How fresh it is at `now`, where it may stand in for the answer to this request.
    pub fn stands_in(&self, record: &Record, now: SystemTime) -> Option<Freshness> {
        let asked = &record.head.headers;
        if !matches!(record.head.method, Method::GET | Method::HEAD)
            || asked.contains_key(header::RANGE)
            || has_body(asked)
        {
            return None;
        }
        // Somebody who wants it from the application or not at all (RFC 9111 section 5.2.1.4).
        if Directives::of(asked).is_none_or(|directives| directives.has("no-cache") || directives.has("no-store")) {
            return None;
        }
        if !self.public && has_credentials(asked, &self.varies) || !self.fits(record) {
            return None;
        }
        let passed = now.duration_since(self.since).unwrap_or_default();
        let stale = passed.saturating_sub(self.fresh);
        if !stale.is_zero() && (self.only_fresh || self.if_error.is_some_and(|limit| stale > limit)) {
            return None;
        }
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Some(Freshness { age: self.policy.age(now), ttl: seconds(self.fresh).saturating_sub(seconds(passed)) })
    }

    /// Bytes that it holds, roughly.
    pub fn size(&self) -> u64 {
        self.selected + self.varies.iter().map(|name| name.as_str().len() as u64).sum::<u64>()
    }
}

/// The directives of Cache-Control in lower case, as they have to be compared (RFC 9111 section 5.2).
struct Directives(String);

impl Directives {
    /// `None` where they cannot be read: then there is no knowing what they forbid.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let mut all = String::new();
        for line in headers.get_all(header::CACHE_CONTROL) {
            let separator = if all.is_empty() { "" } else { ", " };
            all.push_str(separator);
            all.push_str(&line.to_str().ok()?.to_ascii_lowercase());
        }
        if all.is_empty()
            && let Some(pragma) = headers.get(header::PRAGMA)
            && pragma.to_str().ok()?.to_ascii_lowercase().contains("no-cache")
        {
            all.push_str("no-cache");
        }
        Some(Self(all))
    }

    fn values(&self, wanted: &str) -> impl Iterator<Item = &str> {
        let pairs = self.0.split(',').map(|part| part.split_once('=').unwrap_or((part, "")));
        pairs.filter(move |(name, _)| name.trim() == wanted).map(|(_, value)| value.trim().trim_matches('"'))
    }

    fn has(&self, wanted: &str) -> bool {
        self.values(wanted).next().is_some()
    }

    fn seconds(&self, wanted: &str) -> Option<Duration> {
        self.values(wanted).next().map(|value| Duration::from_secs(value.parse::<u32>().unwrap_or(0).into()))
    }
}

/// Whether the request says more than its head: a body may decide what is answered, and is not compared.
fn has_body(asked: &HeaderMap) -> bool {
    asked.contains_key(header::TRANSFER_ENCODING)
        || asked.get_all(header::CONTENT_LENGTH).iter().any(|length| length.as_bytes() != b"0")
}

/// Whether the request says who somebody is in a field that is not compared. Authorization counts in any case (RFC 9111
/// section 3.5).
fn has_credentials(asked: &HeaderMap, varies: &[HeaderName]) -> bool {
    asked.keys().any(|name| {
        *name == header::AUTHORIZATION
            || CREDENTIALS.iter().any(|part| name.as_str().contains(part)) && !varies.contains(name)
    })
}

/// Whether the application gets this field from the gateway, so that what the client sent in it selects nothing.
fn is_own(name: &HeaderName) -> bool {
    matches!(*name, header::FORWARDED | header::VIA)
        || matches!(name.as_str(), "x-real-ip" | "x-request-id")
        || name.as_str().starts_with("x-forwarded-")
}

/// The names in Vary; `None` where they select nothing that could be compared.
fn varies(answer: &HeaderMap) -> Option<Vec<HeaderName>> {
    let mut names = Vec::new();
    for line in answer.get_all(header::VARY) {
        for name in line.to_str().ok()?.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if name == "*" {
                return None;
            }
            let name = HeaderName::try_from(name).ok()?;
            if is_own(&name) {
                return None;
            }
            names.push(name);
        }
    }
    Some(names)
}

/// What of a request decides. The target is part of the key.
fn selecting(record: &Record, varies: &[HeaderName]) -> Request<()> {
    let mut request = Request::new(());
    let asked = &record.head.headers;
    let mut copy = |name: &HeaderName| {
        let mut lines = asked.get_all(name).iter();
        let Some(first) = lines.next() else { return };
        // Of several lines all count, and the policy looks at one.
        let whole = lines.fold(first.as_bytes().to_vec(), |all, line| [&all, &b", "[..], line.as_bytes()].concat());
        if let Ok(whole) = HeaderValue::from_bytes(&whole) {
            request.headers_mut().insert(name.clone(), whole);
        }
    };
    varies.iter().for_each(&mut copy);
    copy(&header::AUTHORIZATION);
    if let Some(directives) = Directives::of(asked) {
        let directives = HeaderValue::try_from(directives.0);
        if let Ok(directives) = directives {
            request.headers_mut().insert(header::CACHE_CONTROL, directives);
        }
    }
    request
}

/// What of an answer decides.
fn judged(status: StatusCode, answer: &HeaderMap, directives: &Directives) -> Response<()> {
    let mut judged = Response::new(());
    *judged.status_mut() = status;
    for name in JUDGED {
        for value in answer.get_all(&name) {
            judged.headers_mut().append(name.clone(), value.clone());
        }
    }
    if let Ok(directives) = HeaderValue::try_from(directives.0.as_str())
        && !directives.is_empty()
    {
        judged.headers_mut().insert(header::CACHE_CONTROL, directives);
    }
    judged
}

#[cfg(test)]
mod tests;

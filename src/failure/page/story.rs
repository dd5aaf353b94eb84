//! What an answer tells the client about a failure: the sentences, chosen by class, verdict and kind of method,
//! and the reference. Every form of the answer is written from it; it holds nothing that the public may not see.

use std::{
    borrow::Cow,
    cell::RefCell,
    fmt::Write as _,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::StatusCode;

use super::{
    Asked, Language,
    language::{Refusal, Texts, Words},
    negotiate,
};
use crate::{
    config::settings::RetryAfter,
    failure::{Cause, Class, Delivered, Failure},
    limits,
};

/// All that the public is told.
pub(crate) struct Story<'a> {
    /// The status of the answer.
    pub status: StatusCode,
    /// What is told instead of the cause.
    pub class: Class,
    /// The verdict.
    pub delivered: Delivered,
    /// Whether sending the request again can do no harm.
    pub retry_safe: bool,
    /// A real number for Retry-After, in seconds.
    pub retry_after: Option<u64>,
    /// The language of the sentences.
    pub texts: &'static Texts,
    /// The headline.
    pub title: &'static str,
    /// One or two sentences more.
    pub what: &'static str,
    /// Where the visitor has no part in it.
    pub not_your_fault: Option<&'static str>,
    /// Was it delivered, and what to do now.
    pub delivery: &'static str,
    /// What to change, where the request has to.
    pub advice: Option<&'static str>,
    /// How much the sentence about delivery matters.
    pub weight: Weight,
    /// Whether the page offers to load itself again.
    pub again: bool,
    /// After how many seconds the page reloads itself.
    pub reload: Option<u64>,
    /// When the request came (RFC 3339, UTC, seconds).
    pub time: String,
    /// Host as the client named it, made visible; may be empty.
    pub host: String,
    /// The request's id, made visible.
    pub request_id: String,
    /// As configured.
    pub contact: Option<&'a str>,
}

/// How much the sentence about delivery matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Nothing was delivered; sending it again is the thing to do.
    Safe,
    /// Nothing was delivered; the request has to change.
    Plain,
    /// A safe method: it does not matter.
    Light,
    /// Something may have been ordered or paid.
    Careful,
}

impl<'a> Story<'a> {
    /// Chooses what to tell about `failure` to the client that `asked`.
    pub fn new(failure: &Failure, asked: &Asked<'a>) -> Self {
        let class = failure.cause.class();
        let status = failure.status(asked.errors);
        let texts = negotiate::language(asked.headers, &asked.errors.languages).texts();
        let delivered = failure.delivered;
        let safe_method = asked.method.is_safe();
        let passes = failure.cause.facts().passes;
        let (title, what, advice) = words(failure.cause, texts);
        let weight = match (delivered, safe_method) {
            (Delivered::No, _) if advice.is_some() => Weight::Plain,
            (Delivered::No, _) => Weight::Safe,
            (_, true) => Weight::Light,
            (_, false) => Weight::Careful,
        };
        let delivery = match (delivered, safe_method) {
            (Delivered::No, _) if advice.is_some() => texts.delivery.refused,
            (Delivered::No, _) => texts.delivery.no,
            (_, true) => texts.delivery.reload,
            (Delivered::Maybe, false) => texts.delivery.unknown,
            (Delivered::Yes, false) => texts.delivery.reached,
        };
        let retry_after = retry_after(failure, status, asked.errors.retry_after);
        let reloads = passes && safe_method && asked.errors.auto_retry;
        Self {
            status,
            class,
            delivered,
            retry_safe: delivered == Delivered::No || asked.method.is_idempotent(),
            retry_after,
            texts,
            title,
            what,
            not_your_fault: advice.is_none().then_some(texts.not_your_fault),
            delivery,
            // With anything delivered, the sentence above already says what to do first.
            advice: advice.filter(|_| delivered == Delivered::No),
            weight,
            again: safe_method && advice.is_none(),
            reload: reloads.then(|| retry_after.unwrap_or_else(|| with_jitter(limits::PAGE_RELOAD))),
            time: rfc3339(asked.received),
            host: visible(asked.host),
            request_id: visible(asked.request_id),
            contact: asked.errors.contact.as_deref(),
        }
    }

    /// The language of the sentences, as a tag.
    pub fn language(&self) -> &'static str {
        self.texts.tag
    }

    /// The sentences below the headline, in order.
    pub fn sentences(&self) -> impl Iterator<Item = &'static str> {
        [Some(self.what), self.not_your_fault, Some(self.delivery), self.advice].into_iter().flatten()
    }

    /// When to come back, where that is known.
    pub fn again_in(&self) -> Option<String> {
        let seconds = self.retry_after?;
        let [before, after] = self.texts.again_in;
        Some(format!("{before}{}{after}", self.length(seconds)))
    }

    /// That and when the page reloads itself.
    pub fn reloads_in(&self) -> Option<String> {
        let seconds = self.reload?;
        let [before, after] = self.texts.reloads_in;
        Some(format!("{before}{}{after}", self.length(seconds)))
    }

    /// The time as people read it.
    pub fn readable_time(&self) -> String {
        let (day, time) = self.time.split_once('T').unwrap_or((&self.time, ""));
        [day, " ", time.trim_end_matches('Z'), " UTC"].concat()
    }

    /// The reference without the contact: label and value, in order; values that are not known are left out.
    pub fn reference(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let labels = &self.texts.labels;
        let rows = [
            (labels.time, Cow::Owned(self.readable_time())),
            (labels.host, Cow::Borrowed(&*self.host)),
            (labels.request_id, Cow::Borrowed(&*self.request_id)),
            (labels.code, Cow::Borrowed(self.status.as_str())),
        ];
        rows.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// The kind of problem as a URI (RFC 9457 section 3.1.1).
    pub fn problem_type(&self) -> String {
        format!("urn:goodgate:problem:{}", self.class.as_str())
    }

    /// A URI for this one failure: the request's id as a URN.
    pub fn instance(&self) -> String {
        let id = &self.request_id;
        if uuid::Uuid::try_parse(id).is_ok_and(|uuid| uuid.hyphenated().to_string() == *id) {
            return format!("urn:uuid:{id}");
        }
        let safe = |c: char| if c.is_ascii_alphanumeric() || "-._~".contains(c) { c } else { '_' };
        format!("urn:goodgate:request:{}", id.chars().map(safe).collect::<String>())
    }

    /// Where a link on the contact leads, if it is a web or mail address.
    pub fn contact_link(&self) -> Option<String> {
        let contact = self.contact?;
        if contact.starts_with("https://") || contact.starts_with("http://") {
            return Some(contact.to_owned());
        }
        let mail = contact.strip_prefix("mailto:").unwrap_or(contact);
        let is_mail = mail.contains('@') && !mail.contains(|c: char| c.is_whitespace() || c == ':');
        is_mail.then(|| format!("mailto:{mail}"))
    }

    fn length(&self, seconds: u64) -> String {
        let [s, min, h] = self.texts.units;
        let (minute, hour) = (60, 60 * 60);
        if seconds <= limits::PAGE_SECONDS {
            format!("{seconds} {s}")
        } else if seconds <= limits::PAGE_MINUTES {
            format!("{} {min}", seconds.div_ceil(minute))
        } else {
            format!("{} {h}", seconds.div_ceil(hour))
        }
    }
}

/// Headline, explanation, and what to change where it is the request that has to.
fn words(cause: Cause, texts: &'static Texts) -> (&'static str, &'static str, Option<&'static str>) {
    let plain = |words: &'static Words| (words.title, words.what, None);
    let refusal = |words: &'static Refusal| (words.title, words.what, Some(words.advice));
    match cause.class() {
        Class::Unreachable => plain(&texts.unreachable),
        Class::Timeout => plain(&texts.timeout),
        Class::BrokenAnswer => plain(&texts.broken_answer),
        Class::Busy => plain(&texts.busy),
        Class::Maintenance => plain(&texts.maintenance),
        Class::Gateway => plain(&texts.gateway),
        Class::NotFound => refusal(&texts.not_found),
        Class::YourRequest => {
            let requests = &texts.your_request;
            refusal(match cause.status() {
                Some(StatusCode::FORBIDDEN) => &requests.forbidden,
                Some(StatusCode::METHOD_NOT_ALLOWED) => &requests.method,
                Some(StatusCode::REQUEST_TIMEOUT) => &requests.slow,
                Some(StatusCode::PAYLOAD_TOO_LARGE) => &requests.large,
                Some(StatusCode::URI_TOO_LONG) => &requests.long_address,
                Some(StatusCode::EXPECTATION_FAILED) => &requests.expectation,
                Some(StatusCode::TOO_MANY_REQUESTS) => &requests.often,
                Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE) => &requests.large_header,
                Some(StatusCode::NOT_IMPLEMENTED) => &requests.unsupported,
                Some(StatusCode::HTTP_VERSION_NOT_SUPPORTED) => &requests.version,
                _ => &requests.malformed,
            })
        }
    }
}

/// The number for Retry-After (RFC 9110 section 10.2.3): only where coming back later is the answer.
fn retry_after(failure: &Failure, status: StatusCode, setting: RetryAfter) -> Option<u64> {
    let busy = status == StatusCode::SERVICE_UNAVAILABLE;
    let later = busy || status == StatusCode::TOO_MANY_REQUESTS || failure.cause.class() == Class::Maintenance;
    let own = failure.retry_after.filter(|_| later);
    let known = match setting {
        RetryAfter::Auto => own,
        RetryAfter::Off => None,
        RetryAfter::Fixed(fixed) => own.or(busy.then_some(fixed)),
    };
    known.map(with_jitter)
}

/// Whole seconds, never less than `length`, at most the jitter more (and what rounding up adds).
fn with_jitter(length: Duration) -> u64 {
    let most = u64::try_from(length.as_millis()).unwrap_or(u64::MAX).min(u64::from(u32::MAX) * 1000);
    (most + fastrand::u64(0..=most / 100 * limits::RETRY_AFTER_JITTER_PERCENT)).div_ceil(1000)
}

/// A time in UTC with seconds; one before 1970 counts as 1970. Failures come in swarms, so the last text is kept.
fn rfc3339(time: SystemTime) -> String {
    thread_local! {
        static LAST: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
    }
    let second = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    LAST.with_borrow_mut(|(last, text)| {
        if *last != second || text.is_empty() {
            *last = second;
            text.clear();
            let _ = write!(text, "{}", humantime::format_rfc3339_seconds(time.max(UNIX_EPOCH)));
        }
        text.clone()
    })
}

/// A value from the request as it can be shown: visible ASCII and of bounded length.
fn visible(value: &str) -> String {
    if value.len() <= limits::PAGE_VALUE && value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return value.to_owned();
    }
    let show = |c: char| if c.is_ascii_graphic() { c } else { '?' };
    let mut shown: String = value.chars().take(limits::PAGE_VALUE).map(show).collect();
    if value.chars().nth(limits::PAGE_VALUE).is_some() {
        shown.push('…');
    }
    shown
}

impl Language {
    /// Every headline of this language, for tests that look for one in an answer.
    #[cfg(test)]
    pub(crate) fn titles(self) -> Vec<&'static str> {
        let mut titles: Vec<_> = Cause::ALL.iter().map(|cause| words(*cause, self.texts()).0).collect();
        titles.sort_unstable();
        titles.dedup();
        titles
    }
}

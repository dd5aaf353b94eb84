//! Request ids: new ones that sort by time, and whether one that a trusted proxy sent may be kept.
//! Whose ids are believed is decided where the request's record is made.

use std::{
    cell::RefCell,
    time::{SystemTime, UNIX_EPOCH},
};

use fastrand::Rng;
use http::{HeaderName, HeaderValue};
use uuid::{Builder, fmt::Hyphenated};

use crate::limits;

/// The field that carries a request's id.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's id, as it stands in fields: a token, see [`acceptable`].
#[derive(Debug, Clone)]
pub struct Id(Kind);

#[derive(Debug, Clone)]
enum Kind {
    New([u8; Hyphenated::LENGTH]),
    Told(HeaderValue),
}

impl Id {
    /// The one that a trusted proxy sent, if it can be kept.
    #[must_use]
    pub fn told(value: &HeaderValue) -> Option<Self> {
        acceptable(value.as_bytes()).then(|| Self(Kind::Told(value.clone())))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// As bytes, which need no escape anywhere.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Kind::New(text) => text,
            Kind::Told(value) => value.as_bytes(),
        }
    }

    /// As a field's value.
    #[must_use]
    pub fn value(&self) -> HeaderValue {
        match &self.0 {
            Kind::New(text) => HeaderValue::from_bytes(text).unwrap_or(HeaderValue::from_static("")),
            Kind::Told(value) => value.clone(),
        }
    }
}

/// One worker's source of ids: no lock and no system call for one.
#[derive(Debug, Default)]
pub struct RequestIds {
    random: RefCell<Rng>,
}

impl RequestIds {
    /// A new id, a UUID of version 7 (RFC 9562 section 5.7) in lower case: 48 bits of time, 74 random ones.
    /// Unique, not secret.
    #[must_use]
    pub fn next(&self, now: SystemTime) -> Id {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut random = [0; 10];
        self.random.borrow_mut().fill(&mut random);
        let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let id = Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        let mut text = [0; Hyphenated::LENGTH];
        id.hyphenated().encode_lower(&mut text);
        Id(Kind::New(text))
    }
}

/// Whether a proxy's id can be kept: a token (RFC 9110 section 5.6.2) of bounded length, which needs no escape in
/// fields, logs, pages and URLs.
#[must_use]
pub fn acceptable(id: &[u8]) -> bool {
    (1..=limits::REQUEST_ID_LENGTH).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, time::Duration};

    use super::*;

    #[test]
    fn ids_are_version_7_unique_and_sort_by_time() {
        let ids = RequestIds::default();
        let start = UNIX_EPOCH + Duration::from_millis(0x0192_0000_abcd);
        let next = |now| ids.next(now).as_str().to_owned();
        let first = next(start);
        assert_eq!(&first[..15], "01920000-abcd-7");
        assert_eq!(first.len(), 36);
        assert!(matches!(&first[19..20], "8" | "9" | "a" | "b"), "{first}");
        assert!(acceptable(first.as_bytes()));
        let later = next(start + Duration::from_millis(1));
        assert!(first < later, "{first} {later}");
        let many: HashSet<_> = (0..1000).map(|_| next(start)).collect();
        assert_eq!(many.len(), 1000);
        assert_eq!(&next(UNIX_EPOCH - Duration::from_secs(1))[..13], "00000000-0000");
    }

    #[test]
    fn two_workers_do_not_share_a_sequence() {
        let now = SystemTime::now();
        assert_ne!(RequestIds::default().next(now).as_bytes(), RequestIds::default().next(now).as_bytes());
    }

    #[test]
    fn only_bounded_tokens_are_kept() {
        let longest = "a".repeat(limits::REQUEST_ID_LENGTH);
        for (id, kept) in [
            ("0192f0c4-7d1e-7abc-8def-0123456789ab", true),
            ("req_1.2~x", true),
            (&longest, true),
            (&format!("{longest}a"), false),
            ("", false),
            ("a b", false),
            ("a\"b", false),
            ("a,b", false),
            ("<script>", false),
            ("a\x1b[31m", false),
            ("ä", false),
        ] {
            assert_eq!(acceptable(id.as_bytes()), kept, "{id}");
            let told = HeaderValue::from_bytes(id.as_bytes()).ok().and_then(|value| Id::told(&value));
            assert_eq!(told.as_ref().map(Id::as_str), kept.then_some(id));
        }
    }
}

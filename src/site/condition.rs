//! Preconditions of a request for a file, in the order of RFC 9110 section 13.2.2, and then its range.
//! Pure; `file` carries the verdict out.

use std::time::SystemTime;

use headers::{ETag, HeaderMapExt as _, IfMatch, IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince};
use http::{HeaderMap, HeaderValue, Method, header};

use super::range::{self, Part};

/// What a request for a file gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The file, or a part of it.
    Send(Part),
    /// The client has it: 304.
    NotModified,
    /// A condition is not met: 412.
    Failed,
}

/// The verdict on a file of `size` bytes with the validators `etag` and `modified`.
#[must_use]
pub fn judge(
    method: &Method,
    headers: &HeaderMap,
    etag: &HeaderValue,
    modified: Option<SystemTime>,
    size: u64,
) -> Verdict {
    // Nearly every request has none of these.
    let has = |name| headers.contains_key(name);
    let has_range = has(header::RANGE) && *method == Method::GET;
    let has_conditions = has(header::IF_NONE_MATCH)
        || has(header::IF_MODIFIED_SINCE)
        || has(header::IF_MATCH)
        || has(header::IF_UNMODIFIED_SINCE);
    if !has_range && !has_conditions {
        return Verdict::Send(Part::Whole);
    }
    let Some(etag) = etag.to_str().ok().and_then(|etag| etag.parse::<ETag>().ok()) else {
        return Verdict::Send(Part::Whole);
    };
    if let Some(wanted) = headers.typed_get::<IfMatch>() {
        if !wanted.precondition_passes(&etag) {
            return Verdict::Failed;
        }
    } else if let (Some(since), Some(modified)) = (headers.typed_get::<IfUnmodifiedSince>(), modified)
        && !since.precondition_passes(modified)
    {
        return Verdict::Failed;
    }
    if let Some(known) = headers.typed_get::<IfNoneMatch>() {
        if !known.precondition_passes(&etag) {
            return Verdict::NotModified;
        }
    } else if let (Some(since), Some(modified)) = (headers.typed_get::<IfModifiedSince>(), modified)
        && !since.is_modified(modified)
    {
        return Verdict::NotModified;
    }
    let Some(range) = headers.get(header::RANGE).filter(|_| has_range) else { return Verdict::Send(Part::Whole) };
    // A field that cannot be read is one that does not match.
    let is_current = !has(header::IF_RANGE)
        || headers.typed_get::<IfRange>().is_some_and(|known| {
            let modified = modified.map(headers::LastModified::from);
            !known.is_modified(Some(&etag), modified.as_ref())
        });
    Verdict::Send(if is_current { range::part(range.as_bytes(), size) } else { Part::Whole })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// Sun, 09 Sep 2001 01:46:40 GMT, and a half second that no field can carry.
    const MODIFIED: Duration = Duration::from_millis(1_000_000_000_500);

    fn judged(method: Method, fields: &[(&'static str, &str)]) -> Verdict {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        judge(&method, &headers, &HeaderValue::from_static("\"a\""), Some(UNIX_EPOCH + MODIFIED), 10)
    }

    #[test]
    fn conditions_are_judged_in_their_order() {
        const SAME: &str = "Sun, 09 Sep 2001 01:46:40 GMT";
        const BEFORE: &str = "Sun, 09 Sep 2001 01:46:39 GMT";
        let whole = Verdict::Send(Part::Whole);
        let part = Verdict::Send(Part::Some { start: 0, length: 2 });
        let table: &[(&[(&'static str, &str)], Verdict)] = &[
            (&[], whole),
            (&[("if-none-match", "\"a\"")], Verdict::NotModified),
            (&[("if-none-match", "W/\"a\"")], Verdict::NotModified),
            (&[("if-none-match", "\"b\", \"a\"")], Verdict::NotModified),
            (&[("if-none-match", "*")], Verdict::NotModified),
            (&[("if-none-match", "\"b\"")], whole),
            (&[("if-none-match", "\"b\""), ("if-modified-since", SAME)], whole),
            (&[("if-modified-since", SAME)], Verdict::NotModified),
            (&[("if-modified-since", BEFORE)], whole),
            (&[("if-modified-since", "yesterday")], whole),
            (&[("if-match", "\"a\"")], whole),
            (&[("if-match", "*")], whole),
            (&[("if-match", "\"b\"")], Verdict::Failed),
            (&[("if-match", "W/\"a\"")], Verdict::Failed),
            (&[("if-match", "\"a\""), ("if-unmodified-since", BEFORE)], whole),
            (&[("if-unmodified-since", BEFORE)], Verdict::Failed),
            (&[("if-unmodified-since", SAME)], whole),
            (&[("if-match", "\"b\""), ("if-none-match", "\"a\"")], Verdict::Failed),
            (&[("range", "bytes=0-1")], part),
            (&[("range", "bytes=0-1"), ("if-none-match", "\"a\"")], Verdict::NotModified),
            (&[("range", "bytes=0-1"), ("if-range", "\"a\"")], part),
            (&[("range", "bytes=0-1"), ("if-range", "W/\"a\"")], whole),
            (&[("range", "bytes=0-1"), ("if-range", "\"b\"")], whole),
            (&[("range", "bytes=0-1"), ("if-range", SAME)], part),
            (&[("range", "bytes=0-1"), ("if-range", BEFORE)], whole),
            (&[("range", "bytes=0-1"), ("if-range", "?")], whole),
            (&[("range", "bytes=10-")], Verdict::Send(Part::Unsatisfiable)),
        ];
        for (fields, expected) in table {
            assert_eq!(judged(Method::GET, fields), *expected, "{fields:?}");
        }
        assert_eq!(judged(Method::HEAD, &[("range", "bytes=0-1")]), whole, "ranges are for GET alone");
        assert_eq!(judged(Method::HEAD, &[("if-none-match", "\"a\"")]), Verdict::NotModified);
    }
}

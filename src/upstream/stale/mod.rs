//! Earlier answers that may stand in for an upstream that fails: which are kept, where, and when one may be given.
//! `stack::rescue` offers every answer and asks after a failure; nothing here is ever used in place of a fresh answer.

mod copying;
mod store;
mod validity;

use std::{
    rc::Rc,
    sync::Arc,
    time::{Instant, SystemTime},
};

use http::{Method, Response, StatusCode, header};

use self::{copying::Copying, validity::Validity};
pub use self::{
    store::{Kept, Key, Store},
    validity::Freshness,
};
use crate::message::{Body, Record};

/// Keeps the answer to a request if it may be kept, which is when its last byte has passed. What the client gets is what
/// is returned; it waits for nothing.
#[must_use]
pub fn keep(store: &Arc<Store>, record: &Rc<Record>, answer: Response<Body>, now: SystemTime) -> Response<Body> {
    if !record.head.method.is_safe() {
        // What was changed shall not be shown as it was (RFC 9111 section 4.4).
        if answer.status().is_success() || answer.status().is_redirection() {
            store.forget(&Key::of(record));
        }
        return answer;
    }
    // Without a length or an end of its own, a broken answer would look like a complete one.
    let has_end = !record.endless.get();
    let validity = has_end.then(|| Validity::of(record, answer.status(), answer.headers(), now)).flatten();
    let key = Key::of(record);
    if withdraws(record, answer.status()) {
        store.withdraw(record, &key, validity.as_ref().map(|_| answer.status()));
    }
    let Some(validity) = validity else { return answer };
    let at = Instant::now();
    if store.is_recent(record, &key, at) {
        return answer;
    }
    let (head, body) = answer.into_parts();
    let mut headers = head.headers.clone();
    for name in [header::CONNECTION, header::RETRY_AFTER, header::TRANSFER_ENCODING] {
        headers.remove(name);
    }
    let kept = Kept { status: head.status, headers, body: bytes::Bytes::new(), validity, at };
    let body = Copying::start(store, record, key, kept, body);
    Response::from_parts(head, body)
}

/// Whether an answer says that what there was is not to be shown any more: it was moved, closed or taken down, and shall
/// not come back in place of an error.
fn withdraws(record: &Record, status: StatusCode) -> bool {
    let is_withdrawal = match status {
        StatusCode::NOT_MODIFIED => false,
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::NOT_FOUND
        | StatusCode::GONE
        | StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS => true,
        status => status.is_redirection(),
    };
    is_withdrawal && record.head.method == Method::GET && !record.head.headers.contains_key(header::RANGE)
}

//! What the gateway adds to an upstream's answer: Via, Date, the request's id. The way there is `outgoing`'s.
//! Most of it is done where the head is read, so that a head that is remembered has it already.

use http::{HeaderMap, HeaderValue, header};

use super::{outgoing::Identity, transport::http1::Head};
use crate::{
    clock::Clock,
    message::{Record, request_id::X_REQUEST_ID},
};

/// Puts this gateway in Via (RFC 9110 section 7.6.3), and keeps a place for the id: a map that grows costs more than
/// what is put in.
pub fn add_via(head: &mut Head, identity: &Identity) {
    head.fields.append(header::VIA, identity.received(head.http11).clone());
    head.fields.insert(X_REQUEST_ID, HeaderValue::from_static(""));
}

/// Says which request `fields` answer, and when if the upstream has not (RFC 9110 section 6.6.1).
pub fn identify(fields: &mut HeaderMap, dated: bool, record: &Record, clock: &Clock) {
    if !dated {
        fields.insert(header::DATE, clock.wall().today());
    }
    let id = record.id.value();
    // Its place is there (see `add_via`), and to fill it costs less than to put it in anew.
    match fields.get_mut(&X_REQUEST_ID) {
        Some(place) => *place = id,
        None => _ = fields.insert(X_REQUEST_ID, id),
    }
}

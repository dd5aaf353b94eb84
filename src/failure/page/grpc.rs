//! The answer to a gRPC call: the status and message of the gRPC protocol in the head, no body ("Trailers-Only").
//! Written from the `Story`; the code is chosen so that no client sends twice what may have been delivered.

use std::fmt::Write as _;

use http::{HeaderName, HeaderValue, StatusCode};

use super::story::Story;
use crate::failure::{Class, Delivered};

const CANCELLED: u16 = 1;
const DEADLINE_EXCEEDED: u16 = 4;
const PERMISSION_DENIED: u16 = 7;
const RESOURCE_EXHAUSTED: u16 = 8;
const UNIMPLEMENTED: u16 = 12;
const INTERNAL: u16 = 13;
const UNAVAILABLE: u16 = 14;

/// The fields that say what happened.
pub(super) fn fields(story: &Story<'_>) -> [(HeaderName, HeaderValue); 2] {
    let message = encode(&[story.title, story.texts.stop, story.texts.joint, story.delivery].concat());
    let message = HeaderValue::try_from(message).expect("percent-encoded text is visible ASCII");
    [
        (HeaderName::from_static("grpc-status"), HeaderValue::from(code(story))),
        (HeaderName::from_static("grpc-message"), message),
    ]
}

/// The gRPC status: UNAVAILABLE invites a retry, so it is said only where nothing was delivered.
fn code(story: &Story<'_>) -> u16 {
    match story.class {
        Class::Timeout => DEADLINE_EXCEEDED,
        Class::NotFound => UNIMPLEMENTED,
        Class::YourRequest => match story.status {
            StatusCode::FORBIDDEN => PERMISSION_DENIED,
            StatusCode::REQUEST_TIMEOUT => CANCELLED,
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => {
                UNIMPLEMENTED
            }
            StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::URI_TOO_LONG
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => RESOURCE_EXHAUSTED,
            _ => INTERNAL,
        },
        Class::Unreachable | Class::Busy | Class::Maintenance | Class::BrokenAnswer | Class::Gateway => {
            let later = story.status == StatusCode::SERVICE_UNAVAILABLE || story.class != Class::Gateway;
            if later && story.delivered == Delivered::No { UNAVAILABLE } else { INTERNAL }
        }
    }
}

/// Percent-encodes what is not visible ASCII (gRPC over HTTP/2, "Percent-Encoded").
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => out.push(char::from(byte)),
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

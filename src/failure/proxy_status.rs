//! The Proxy-Status member (RFC 9209) of a failure, and the one of an application's own error that passes.
//! `page` and `stack::respond` append it; it says what the message was like and never where it came from.

use std::cell::RefCell;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use sfv::{BareItem, Key, ListSerializer, RefBareItem, StringRef, TokenRef};

use crate::{
    failure::{Cause, Delivered, Failure, Parameter},
    limits,
};

/// The field.
pub const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");

/// Parameters that may be told to the public: they describe the message, not the network behind the gateway.
const PUBLIC: &[&str] = &[
    "alert-id",
    "body-size",
    "coding",
    "header-name",
    "header-section-size",
    "header-size",
    "info-code",
    "rcode",
    "received-status",
    "status-code",
    "trailer-name",
    "trailer-section-size",
    "trailer-size",
];

/// Parameters that RFC 9209 section 2.3 defines as strings, whatever they look like.
const STRINGS: &[&str] = &["header-name", "rcode", "trailer-name"];

/// The member for a failure that the gateway called `name` answers with `status`.
#[must_use]
pub fn member(name: &str, failure: &Failure, status: StatusCode) -> HeaderValue {
    thread_local! {
        static KNOWN: RefCell<Known> = RefCell::default();
    }
    if !failure.parameters.is_empty() {
        return fresh(name, failure, status);
    }
    KNOWN.with_borrow_mut(|known| known.member(name, failure, status))
}

/// Members that were said before: failures come in swarms.
#[derive(Default)]
struct Known {
    name: String,
    members: Vec<((Cause, Delivered, StatusCode), HeaderValue)>,
}

impl Known {
    fn member(&mut self, name: &str, failure: &Failure, status: StatusCode) -> HeaderValue {
        if self.name != name || self.members.len() >= limits::PROXY_STATUS_KNOWN {
            name.clone_into(&mut self.name);
            self.members.clear();
        }
        let key = (failure.cause, failure.delivered, status);
        if let Some((_, member)) = self.members.iter().find(|(known, _)| *known == key) {
            return member.clone();
        }
        let member = fresh(name, failure, status);
        self.members.push((key, member.clone()));
        member
    }
}

fn fresh(name: &str, failure: &Failure, status: StatusCode) -> HeaderValue {
    let mut parameters = Vec::new();
    if let Some(token) = failure.cause.token() {
        set(&mut parameters, "error", text("error", token));
    }
    set(&mut parameters, "delivered", text("delivered", failure.delivered.as_str()));
    if failure.cause.token() == Some("http_request_error") {
        set(&mut parameters, "status-code", BareItem::Integer(status.as_u16().into()));
    }
    for (key, value) in failure.cause.facts().parameters {
        set(&mut parameters, key, text(key, value));
    }
    for (key, value) in &failure.parameters {
        if PUBLIC.contains(key) {
            let value = match value {
                Parameter::Text(value) => text(key, value),
                Parameter::Number(value) => number(*value),
            };
            set(&mut parameters, key, value);
        }
    }
    serialize(name, &parameters)
}

/// The member for an application's own answer that passes through the gateway called `name`
/// (RFC 9209 section 2.1.4).
#[must_use]
pub fn passed(name: &str, received: StatusCode) -> HeaderValue {
    let mut parameters = Vec::new();
    set(&mut parameters, "received-status", BareItem::Integer(received.as_u16().into()));
    set(&mut parameters, "delivered", text("delivered", Delivered::Yes.as_str()));
    serialize(name, &parameters)
}

/// Adds a member behind those that came from upstream (RFC 9209 section 2).
pub fn append(headers: &mut HeaderMap, member: HeaderValue) {
    headers.append(PROXY_STATUS, member);
}

/// Sets a parameter; a later value replaces an earlier one in its place.
fn set(parameters: &mut Vec<(Key, BareItem)>, key: &str, value: BareItem) {
    let Ok(key) = Key::from_string(key.to_owned()) else { return };
    match parameters.iter_mut().find(|(known, _)| *known == key) {
        Some(known) => known.1 = value,
        None => parameters.push((key, value)),
    }
}

/// A token where it can be one and may be one, else a string of its visible characters.
fn text(key: &str, value: &str) -> BareItem {
    if !STRINGS.contains(&key)
        && let Ok(token) = TokenRef::from_str(value)
    {
        return BareItem::Token(token.to_owned());
    }
    let visible: String = value.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect();
    BareItem::String(StringRef::from_str(&visible).expect("only visible ASCII is left").to_owned())
}

/// An integer, bounded by what a structured field can hold (RFC 9651 section 3.3.1).
fn number(value: u64) -> BareItem {
    let value = i64::try_from(value).ok().and_then(|value| sfv::Integer::try_from(value).ok());
    BareItem::Integer(value.unwrap_or(sfv::Integer::MAX))
}

/// A list of one member, which is the gateway called `name` (RFC 9651 section 3.1).
pub(crate) fn serialize(name: &str, parameters: &[(Key, BareItem)]) -> HeaderValue {
    let name = text("", name);
    let mut list = ListSerializer::new();
    list.bare_item(&name).parameters(parameters.iter().map(|(key, value)| (key, RefBareItem::from(value))));
    let value = list.finish().expect("one member was written");
    HeaderValue::from_str(&value).expect("structured fields are visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(failure: &Failure, status: u16) -> String {
        let status = StatusCode::from_u16(status).unwrap();
        member("goodgate", failure, status).to_str().unwrap().to_owned()
    }

    #[test]
    fn says_error_verdict_and_what_the_message_was_like() {
        let text = |value: &str| Parameter::Text(value.into());
        let rows = [
            (Failure::new(Cause::ConnectRefused, ""), 502, "goodgate;error=connection_refused;delivered=no"),
            (
                Failure::new(Cause::RequestMalformed, ""),
                400,
                "goodgate;error=http_request_error;delivered=no;status-code=400",
            ),
            (
                Failure::new(Cause::RequestMalformed, ""),
                422,
                "goodgate;error=http_request_error;delivered=no;status-code=422",
            ),
            (Failure::new(Cause::DnsNxdomain, ""), 502, "goodgate;error=dns_error;delivered=no;rcode=\"NXDOMAIN\""),
            (
                Failure::new(Cause::DnsServfail, "").parameter("rcode", text("FORMERR")),
                502,
                "goodgate;error=dns_error;delivered=no;rcode=\"FORMERR\"",
            ),
            (
                Failure::new(Cause::ResponseTransferCoding, "")
                    .delivered(Delivered::Yes)
                    .parameter("coding", text("gzip")),
                502,
                "goodgate;error=http_response_transfer_coding;delivered=yes;coding=gzip",
            ),
            (
                Failure::new(Cause::ResponseTransferCoding, "").parameter("coding", text("a \"b\"\r\n")),
                502,
                r#"goodgate;error=http_response_transfer_coding;delivered=no;coding="a \"b\"??""#,
            ),
            (
                Failure::new(Cause::ResponseHeaderTooLarge, "")
                    .delivered(Delivered::Yes)
                    .parameter("header-section-size", Parameter::Number(70_000)),
                502,
                "goodgate;error=http_response_header_section_size;delivered=yes;header-section-size=70000",
            ),
            (
                Failure::new(Cause::BodyTruncated, "").parameter("received-status", Parameter::Number(u64::MAX)),
                502,
                "goodgate;error=http_response_incomplete;delivered=no;received-status=999999999999999",
            ),
            (Failure::new(Cause::RequestClientAborted, ""), 400, "goodgate;delivered=no"),
        ];
        for (failure, status, expected) in rows {
            assert_eq!(written(&failure, status), expected);
        }
    }

    #[test]
    fn never_says_where_the_message_came_from() {
        let failure = Failure::new(Cause::ConnectRefused, "10.0.0.1:3000 refused")
            .parameter("next-hop", Parameter::Text("10.0.0.1".into()))
            .parameter("details", Parameter::Text("refused".into()));
        assert_eq!(written(&failure, 502), "goodgate;error=connection_refused;delivered=no");
    }

    #[test]
    fn a_name_that_is_no_token_becomes_a_string() {
        let failure = Failure::new(Cause::ConnectRefused, "");
        let value = member("front gate ü", &failure, StatusCode::BAD_GATEWAY);
        assert_eq!(value, "\"front gate ?\";error=connection_refused;delivered=no");
    }

    #[test]
    fn an_answer_that_passes_is_appended_to_what_came() {
        let mut headers = HeaderMap::new();
        headers.insert(PROXY_STATUS, HeaderValue::from_static("inner;error=dns_timeout"));
        append(&mut headers, passed("goodgate", StatusCode::SERVICE_UNAVAILABLE));
        let all: Vec<_> = headers.get_all(PROXY_STATUS).iter().collect();
        assert_eq!(all, ["inner;error=dns_timeout", "goodgate;received-status=503;delivered=yes"]);
    }
}

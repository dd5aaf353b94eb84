//! Which fields end at the gateway: those of one connection (RFC 9110 section 7.6.1) and those that could deceive.
//! The head writers of both sides ask here field by field; forwarding fields are `forwarded`'s.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONNECTION, TE},
};

/// Whether a field concerns one connection only: it ends here in either direction, with one exception.
///
/// RFC 9110 section 7.6.1, and the proxy credentials: to its clients a gateway is the origin server, so they are for
/// nobody behind it. The exception is a challenge (Proxy-Authenticate), which passes with the one status that needs it,
/// see `Head::complete`: what an upstream asks for with a 407 is then for the client to know. `Trailer` passes, because a
/// client that is told of trailers needs it; TE is written anew where [`accepts_trailers`] says so, Upgrade where an
/// upgrade is asked for.
#[must_use]
pub fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "http2-settings"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Whether the gateway writes this field itself, so that nobody else may take it away or put it in.
#[must_use]
pub fn gateway_sets(name: &str) -> bool {
    matches!(name, "content-length" | "date" | "host" | "proxy-status" | "server" | "via" | "x-request-id")
        || is_forwarding(name)
}

/// Whether a field tells an upstream about the client: Forwarded, X-Real-IP and everything in X-Forwarded.
#[must_use]
pub fn is_forwarding(name: &str) -> bool {
    matches!(name, "forwarded" | "x-real-ip" | "x-forwarded") || name.starts_with("x-forwarded-")
}

/// Whether a request's field is dropped because an application could take it for something else: `Proxy`, which CGI
/// turns into `HTTP_PROXY`, and names whose underscores make them equal to a guarded name in CGI and WSGI
/// (`X_Forwarded_For`, `Content_Length`).
#[must_use]
pub fn deceives(name: &HeaderName) -> bool {
    let name = name.as_str();
    name == "proxy" || (name.as_bytes().contains(&b'_') && is_guarded(&name.replace('_', "-")))
}

/// Names that decide about framing, routing, identity or rights.
fn is_guarded(dashed: &str) -> bool {
    gateway_sets(dashed)
        || matches!(
            dashed,
            "cf-connecting-ip"
                | "client-ip"
                | "content-encoding"
                | "content-type"
                | "idempotency-key"
                | "keep-alive"
                | "proxy-authorization"
                | "proxy-connection"
                | "remote-addr"
                | "remote-user"
                | "transfer-encoding"
                | "true-client-ip"
                | "x-client-ip"
                | "x-cluster-client-ip"
                | "x-http-method-override"
                | "x-original-host"
                | "x-original-url"
                | "x-remote-user"
                | "x-rewrite-url"
        )
}

/// The `trailers` that go on behind a message whose Connection fields have `values`: those of a kind that may, without
/// those that Connection names.
pub fn passing<'a>(mut trailers: HeaderMap, values: impl IntoIterator<Item = &'a HeaderValue>) -> HeaderMap {
    let named = values.into_iter().flat_map(members).filter_map(|member| HeaderName::from_bytes(member).ok());
    let barred: Vec<_> = trailers.keys().filter(|name| !trailer_may_pass(name)).cloned().collect();
    for name in named.chain(barred) {
        trailers.remove(name);
    }
    trailers
}

/// Whether a value of Connection may name a field that would pass otherwise; `keep-alive` alone, the usual one, does not.
#[must_use]
pub fn names_fields(value: &HeaderValue) -> bool {
    !value.as_bytes().eq_ignore_ascii_case(b"keep-alive")
}

/// Whether a trailer field may pass: nothing about framing, routing, authentication, content or the client, which must
/// be known before the content (RFC 9110 section 6.5.1).
fn trailer_may_pass(name: &HeaderName) -> bool {
    let barred = matches!(
        name.as_str(),
        "age"
            | "authorization"
            | "cache-control"
            | "content-encoding"
            | "content-range"
            | "content-type"
            | "cookie"
            | "expect"
            | "expires"
            | "location"
            | "max-forwards"
            | "pragma"
            | "range"
            | "retry-after"
            | "set-cookie"
            | "trailer"
            | "vary"
            | "warning"
            | "www-authenticate"
    );
    !(barred
        || name.as_str().starts_with("if-")
        || is_hop_by_hop(name)
        || gateway_sets(name.as_str())
        || deceives(name))
}

/// Whether TE says `trailers`: the one value that may be repeated to an upstream (RFC 9110 section 10.1.4).
#[must_use]
pub fn accepts_trailers(headers: &HeaderMap) -> bool {
    headers.get_all(TE).iter().flat_map(members).any(|member| member.eq_ignore_ascii_case(b"trailers"))
}

/// What the Connection fields of a message say.
#[derive(Debug, Default, Clone)]
pub struct Named {
    /// `close`
    pub close: bool,
    /// `keep-alive`
    pub keep_alive: bool,
    /// `upgrade`
    pub upgrade: bool,
    /// Fields of this message that end here. Empty, and then without memory, for nearly all messages.
    fields: Vec<HeaderName>,
}

impl Named {
    /// Reads the Connection fields of `headers`.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        Self::by(headers.get_all(CONNECTION), headers)
    }

    /// Reads `values` of Connection, for a message whose other fields are `headers`.
    #[must_use]
    pub fn by<'a>(values: impl IntoIterator<Item = &'a HeaderValue>, headers: &HeaderMap) -> Self {
        let mut named = Self::default();
        for member in values.into_iter().flat_map(members) {
            if member.eq_ignore_ascii_case(b"close") {
                named.close = true;
                // No field has this name, RFC 9110 keeps it free; one that comes is named here all the same.
                named.add(member, headers);
            } else if member.eq_ignore_ascii_case(b"keep-alive") {
                named.keep_alive = true;
            } else if member.eq_ignore_ascii_case(b"upgrade") {
                named.upgrade = true;
            } else {
                named.add(member, headers);
            }
        }
        named
    }

    /// The fields that were named and so do not pass.
    #[must_use]
    pub fn fields(&self) -> &[HeaderName] {
        &self.fields
    }

    /// Whether a field was named and so does not pass. Never true of what the gateway sets itself: a client that names
    /// Host, Content-Length or X-Forwarded-For would otherwise hide them from the upstream.
    #[must_use]
    pub fn contains(&self, name: &HeaderName) -> bool {
        !self.fields.is_empty() && self.fields.contains(name)
    }

    /// Only fields that are there are kept, so a long list costs no more than the message has fields.
    fn add(&mut self, member: &[u8], headers: &HeaderMap) {
        let Ok(name) = HeaderName::from_bytes(member) else { return };
        if headers.contains_key(&name)
            && !is_hop_by_hop(&name)
            && !gateway_sets(name.as_str())
            && !self.fields.contains(&name)
        {
            self.fields.push(name);
        }
    }
}

/// The members of a comma-separated list, without the blanks around them.
fn members(value: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

#[cfg(test)]
mod tests;

//! A request as a FastCGI responder gets it: which parameters there are, after nginx's `fastcgi_params` (RFC 3875).
//! Header fields are those that an HTTP upstream would get, from `outgoing`; the body is sent by the exchange.

use std::io::Write;

use http::{Version, header};

use super::{
    params::Params,
    record::{self, STDIN_END},
};
use crate::{
    config::settings::Upstream,
    limits,
    message::{Length, Record, Script},
    upstream::{member::Member, outgoing},
};

/// The request up to its body. `ends` says that there is none, so that its end belongs here too.
#[must_use]
pub fn head(
    record: &Record,
    upstream: &Upstream,
    script: &Script,
    (member, identity): (&Member, &outgoing::Identity),
    (length, ends): (Length, bool),
) -> Vec<u8> {
    let settings = upstream.fastcgi.as_ref();
    let own = settings.map_or(&[][..], |fastcgi| &fastcgi.params);
    let keep = settings.is_some_and(|fastcgi| fastcgi.keeps(&record.head.method));
    let mut out = Vec::with_capacity(limits::FASTCGI_HEAD);
    record::begin(keep, &mut out);
    let mut params = Params::new(out, own);
    about_script(&mut params, script);
    about_request(&mut params, record, length);
    about_ends(&mut params, record);
    // The same fields as over HTTP, by the same code.
    let fields = outgoing::head(record, upstream, member, identity, (Length::None, false));
    about_fields(&mut params, &fields);
    let mut out = params.finish();
    if ends {
        out.extend_from_slice(&STDIN_END);
    }
    out
}

fn about_script(params: &mut Params<'_>, Script { root, name, path_info }: &Script) {
    params.parts(b"SCRIPT_FILENAME", &[root.as_bytes(), name]);
    params.add(b"SCRIPT_NAME", name);
    if !path_info.is_empty() {
        params.add(b"PATH_INFO", path_info);
        params.parts(b"PATH_TRANSLATED", &[root.as_bytes(), path_info]);
    }
    params.parts(b"DOCUMENT_URI", &[name, path_info]);
    params.add(b"DOCUMENT_ROOT", if root.is_empty() { b"/" } else { root.as_bytes() });
}

fn about_request(params: &mut Params<'_>, record: &Record, length: Length) {
    let head = &record.head;
    let query = record.query().unwrap_or_default().as_bytes();
    params.add(b"QUERY_STRING", query);
    params.add(b"REQUEST_METHOD", head.method.as_str().as_bytes());
    match length {
        Length::Exact(length) => params.add(b"CONTENT_LENGTH", itoa::Buffer::new().format(length).as_bytes()),
        Length::None | Length::Unknown => params.add(b"CONTENT_LENGTH", b""),
    }
    let mark: &[u8] = if record.query().is_some() { b"?" } else { b"" };
    // What was matched, not what came: an application that routes by it must not be led past a route's guard.
    params.parts(b"REQUEST_URI", &[record.path().as_bytes(), mark, query]);
    params.add(b"REQUEST_SCHEME", record.scheme.as_bytes());
    if record.scheme == "https" {
        params.add(b"HTTPS", b"on");
    }
    let protocol: &[u8] = if head.version == Version::HTTP_10 { b"HTTP/1.0" } else { b"HTTP/1.1" };
    params.add(b"SERVER_PROTOCOL", protocol);
    params.add(b"GATEWAY_INTERFACE", b"CGI/1.1");
    params.add(b"SERVER_SOFTWARE", b"goodgate");
    // PHP that was built to be safe from direct calls wants to see this.
    params.add(b"REDIRECT_STATUS", b"200");
}

/// Who talks to whom.
fn about_ends(params: &mut Params<'_>, record: &Record) {
    let mut text = Vec::with_capacity(limits::ADDRESS_TEXT);
    let mut shown = |params: &mut Params<'_>, name: &[u8], value: Option<&dyn std::fmt::Display>| {
        text.clear();
        if let Some(value) = value {
            // Writing to memory cannot fail.
            let _ = write!(text, "{value}");
        }
        params.add(name, &text);
    };
    let (local, peer) = record.connection.ends.unzip();
    let client = record.client;
    shown(params, b"REMOTE_ADDR", client.as_ref().map(|client| client as _));
    // The port is that of the connection's peer, so it is said of nobody else.
    let port = peer.filter(|peer| client == Some(peer.ip().to_canonical())).map(|peer| peer.port());
    shown(params, b"REMOTE_PORT", port.as_ref().map(|port| port as _));
    let address = local.map(|local| local.ip().to_canonical());
    shown(params, b"SERVER_ADDR", address.as_ref().map(|address| address as _));
    let usual = if record.scheme == "https" { HTTPS_PORT } else { HTTP_PORT };
    let port = local.map_or(usual, |local| local.port());
    shown(params, b"SERVER_PORT", Some(&port));
    match (record.host(), &address) {
        ("", Some(address)) => shown(params, b"SERVER_NAME", Some(address)),
        (host, _) => params.add(b"SERVER_NAME", host.as_bytes()),
    }
}

/// What a URL without a port means (RFC 9110 sections 4.2.1 and 4.2.2).
const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// The field lines of an HTTP head as parameters. Lines with the same name follow each other.
fn about_fields(params: &mut Params<'_>, head: &[u8]) {
    let mut start = 0;
    let lines = memchr::memchr_iter(b'\n', head).map(|end| &head[std::mem::replace(&mut start, end + 1)..end]);
    let mut lines = lines.skip(1).filter_map(field).peekable();
    let mut repeated = Vec::new();
    let mut content_type: &[u8] = b"";
    while let Some((name, value)) = lines.next() {
        if name == header::CONTENT_TYPE.as_str().as_bytes() {
            content_type = value;
        }
        if lines.peek().is_none_or(|(next, _)| *next != name) {
            if may_pass(name) {
                params.field(name, &[value], b"");
            }
            continue;
        }
        repeated.clear();
        repeated.push(value);
        while let Some((_, value)) = lines.next_if(|(next, _)| *next == name) {
            repeated.push(value);
        }
        if may_pass(name) {
            let separator: &[u8] = if name == b"cookie" { b"; " } else { b", " };
            params.field(name, &repeated, separator);
        }
    }
    params.add(b"CONTENT_TYPE", content_type);
}

/// `name: value\r`, as `outgoing` writes it.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    Some((&line[..colon], line.get(colon + 2..)?.strip_suffix(b"\r")?))
}

/// Whether a field becomes a parameter: not those of a connection and of framing, nor those that have parameters of
/// their own, nor names that would become the variable of another field (`X_Forwarded_For`, `X.Real.IP`).
fn may_pass(name: &[u8]) -> bool {
    let own =
        matches!(name, b"connection" | b"te" | b"expect" | b"transfer-encoding" | b"content-length" | b"content-type");
    !own && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

//! What a client sends: target, Host, Connection, Accept and Accept-Language.
//! Each is compared with a second, plain reading, or with the same request written in another way.

use std::{
    net::Ipv6Addr,
    sync::LazyLock,
    time::{Duration, UNIX_EPOCH},
};

use goodgate::{
    config::{self, settings::Settings},
    failure::{
        Cause, Failure, Language,
        page::{Asked, answer},
    },
    message::{
        authority::{Known, authority as whom, host_len},
        hop,
        path::{PathProblem, normalise},
    },
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version, header};

use super::fields;

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    let text = "[[listen]]\naddress = \"127.0.0.1:0\"\n[[route]]\nrespond = { status = 200 }\n\
                [errors]\nlanguages = [\"en\", \"ru\", \"de\", \"ar\"]\n";
    config::parse(text, "goodgate.toml".as_ref(), &|_| None).expect("the configuration is good").settings
});

/// Field lines; the answer to a failure is asked for with them.
pub fn negotiate(data: &[u8]) {
    let headers = fields(data);
    let found = form_and_language(&headers);
    let (form, language) = (found.0.as_str(), found.1.as_str());
    let languages: Vec<&str> = SETTINGS.errors.languages.iter().map(|language| language.tag()).collect();
    let says = |name: HeaderName, text: &str| {
        headers.get_all(name).iter().any(|value| {
            value.as_bytes().to_ascii_lowercase().windows(text.len()).any(|window| window == text.as_bytes())
        })
    };
    match form {
        "text/plain" => {}
        "text/html" | "application/json" | "application/problem+json" => {
            assert!(says(header::ACCEPT, form), "{form} was not asked for");
        }
        _ => {
            assert!(form.to_ascii_lowercase().starts_with("application/grpc"), "{form}");
            assert!(says(header::CONTENT_TYPE, "application/grpc"));
        }
    }
    if !language.is_empty() {
        assert!(languages.contains(&language), "{language} was not offered");
        let first = language == languages[0];
        let any = says(header::ACCEPT_LANGUAGE, "*");
        assert!(first || any || says(header::ACCEPT_LANGUAGE, language), "{language} was not asked for");
    }
    // Several fields are one list (RFC 9110 section 5.3), and blanks and empty members mean nothing.
    let plain = |value: &HeaderValue| std::str::from_utf8(value.as_bytes()).is_ok_and(|text| !text.contains('"'));
    if headers.values().all(plain) {
        let mut joined = headers.clone();
        for name in [header::ACCEPT, header::ACCEPT_LANGUAGE] {
            let values: Vec<&[u8]> = headers.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
            let value = HeaderValue::from_bytes(&[b",, ", &*values.join(&b" ,\t"[..]), b" ,"].concat());
            joined.insert(name, value.expect("values in a list are a value"));
        }
        assert_eq!(form_and_language(&joined), found, "one list and several fields differ");
    }
    // What nothing can be worse than: a member of weight 0 in front.
    for (name, member) in [(header::ACCEPT, "a/b;q=0"), (header::ACCEPT_LANGUAGE, "xx;q=0")] {
        let mut more = headers.clone();
        let old: Vec<HeaderValue> = headers.get_all(&name).iter().cloned().collect();
        more.insert(&name, HeaderValue::from_static(member));
        for value in old {
            more.append(&name, value);
        }
        assert_eq!(form_and_language(&more), found, "{member} changes the answer");
    }
}

fn form_and_language(headers: &HeaderMap) -> (String, String) {
    let failure = Failure::new(Cause::ConnectRefused, "");
    let response = answer(
        &failure,
        &Asked {
            method: &Method::GET,
            headers,
            host: "good.test",
            request_id: "1",
            received: UNIX_EPOCH + Duration::from_secs(1),
            date: HeaderValue::from_static("Mon, 24 Nov 2025 16:12:47 GMT"),
            server: HeaderValue::from_static("goodgate"),
            gateway: &SETTINGS.gateway,
            errors: &SETTINGS.errors,
        },
    );
    let said = |name| {
        let value = response.headers().get(name).map(HeaderValue::as_bytes).unwrap_or_default();
        String::from_utf8_lossy(value).into_owned()
    };
    assert_eq!(said(header::CONTENT_LENGTH), response.body().len().to_string());
    let language = said(header::CONTENT_LANGUAGE);
    assert!(language.is_empty() || Language::from_tag(&language).is_some());
    let form = said(header::CONTENT_TYPE);
    (form.trim_end_matches("; charset=utf-8").to_owned(), language)
}

/// A path without its query.
pub fn path(data: &[u8]) {
    let Ok(path) = std::str::from_utf8(data) else { return };
    let found = normalise(path);
    let Ok(normal) = &found else { return };
    let normal = normal.as_deref().unwrap_or(path);
    assert_eq!(normalise(normal), Ok(None), "the normal form of {path:?} has another one");
    if matches!(path, "" | "*") {
        return;
    }
    assert!(normal.starts_with('/') && !normal.contains("//"), "{normal:?}");
    assert!(!normal.bytes().any(|byte| byte <= b' ' || matches!(byte, 0x7f | b'\\' | b'#')), "{normal:?}");
    for segment in normal.split('/') {
        let name = segment.split(';').next().unwrap_or_default();
        assert!(!matches!(name, "." | ".."), "a dot segment is left: {normal:?}");
    }
    let mut escapes = normal.split('%');
    escapes.next();
    for escape in escapes {
        let digits = escape.get(..2).expect("a percent sign without two digits is left");
        let value = u8::from_str_radix(digits, 16).expect("a percent sign without two digits is left");
        assert_eq!(digits, format!("{value:02X}"), "an escape in lower case is left: {normal:?}");
        assert!(!matches!(value, 0 | b'/' | b'\\') && !is_unreserved(value), "%{digits} is left: {normal:?}");
    }
    assert_eq!(plain_path(path), normal, "{path:?}");
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// The normal form of a path that has one, step by step.
fn plain_path(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = String::from_utf8_lossy(&rest[..2]).to_uppercase();
        rest = &rest[2..];
        match u8::from_str_radix(&digits, 16) {
            Ok(value) if is_unreserved(value) => bytes.push(value),
            _ => bytes.extend_from_slice(format!("%{digits}").as_bytes()),
        }
    }
    let text = String::from_utf8(bytes).expect("only ASCII was decoded");
    let mut stack: Vec<&str> = Vec::new();
    for segment in text.split('/') {
        match segment {
            "" | "." => {}
            ".." => assert!(stack.pop().is_some(), "{} is let through", PathProblem::AboveRoot),
            _ => stack.push(segment),
        }
    }
    let open = ["/", "/.", "/.."].iter().any(|end| text.ends_with(end)) && !stack.is_empty();
    format!("/{}{}", stack.join("/"), if open { "/" } else { "" })
}

/// A request line and field lines.
pub fn authority(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let mut words = data[..end].trim_ascii().split(|byte| *byte == b' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let version = match words.next() {
        Some(b"HTTP/1.0") => Version::HTTP_10,
        _ => Version::HTTP_11,
    };
    let Ok(request) = http::Request::builder().method(method).uri(target).version(version).body(()) else { return };
    let (mut head, ()) = request.into_parts();
    head.headers = fields(&data[end..]);
    let known = Known::default();
    let Ok(found) = whom(&head, &known) else { return };
    assert!(whom(&head, &known).is_ok_and(|again| again == found), "the same is read in two ways");
    let hosts: Vec<&[u8]> = head.headers.get_all(header::HOST).iter().map(HeaderValue::as_bytes).collect();
    assert!(hosts.len() == 1 || hosts.is_empty() && version == Version::HTTP_10, "{hosts:?} is let through");
    let (host, sent) = (&*found.host, found.sent.as_bytes());
    if head.uri.authority().is_none() {
        assert_eq!(sent, hosts.first().copied().unwrap_or_default(), "another host than the one sent");
    }
    if sent.is_empty() {
        assert_eq!((host, version), ("", Version::HTTP_10));
        return;
    }
    assert!(sent[..host.len()].eq_ignore_ascii_case(host.as_bytes()), "{host} of {}", sent.escape_ascii());
    assert!(!host.bytes().any(|byte| byte.is_ascii_uppercase()), "{host}");
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        assert!(address.parse::<Ipv6Addr>().is_ok(), "{host}");
    } else {
        assert!(host.bytes().all(is_unreserved), "{host}");
        let name = host.strip_suffix('.').unwrap_or(host);
        assert!(name.split('.').all(|label| !label.is_empty()), "{host}");
    }
    match &sent[host.len()..] {
        [] | [b':'] => {}
        [b':', port @ ..] => {
            let port = std::str::from_utf8(port).expect("a port is digits");
            assert!(port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok(), "{port}");
        }
        rest => panic!("{} behind the host", rest.escape_ascii()),
    }
    assert_eq!(host_len(host.as_bytes()), Ok(host.len()), "a host that is read in another way the second time");
}

/// Field lines, Connection and TE among them.
pub fn connection(data: &[u8]) {
    let headers = fields(data);
    let list = |name| {
        let values = headers.get_all(name).iter();
        values.flat_map(|value| {
            value.as_bytes().split(|byte| *byte == b',').map(|member| member.trim_ascii().to_ascii_lowercase())
        })
    };
    let said: Vec<Vec<u8>> = list(header::CONNECTION).collect();
    let says = |text: &str| said.iter().any(|member| member == text.as_bytes());
    let named = hop::Named::of(&headers);
    assert_eq!(
        (named.close, named.keep_alive, named.upgrade),
        (says("close"), says("keep-alive"), says("upgrade")),
        "{said:?}"
    );
    for name in headers.keys() {
        let own = hop::gateway_sets(name.as_str()) || hop::is_hop_by_hop(name);
        assert_eq!(named.contains(name), says(name.as_str()) && !own, "{name}");
    }
    for kept in ["host", "content-length", "x-forwarded-for", "forwarded", "via", "x-request-id", "date"] {
        assert!(!named.contains(&HeaderName::from_static(kept)), "{kept} can be hidden");
    }
    assert_eq!(hop::accepts_trailers(&headers), list(header::TE).any(|member| member == b"trailers"));
    for name in hop::passing(headers.clone(), headers.get_all(header::CONNECTION)).keys() {
        assert!(!says(name.as_str()), "{name}");
        assert!(!hop::is_hop_by_hop(name) && !hop::gateway_sets(name.as_str()) && !hop::deceives(name), "{name}");
    }
}

//! Header fields: what is taken off, what is added, what is never believed.
//! Looked at on both sides of the gateway.

use std::collections::HashSet;

use super::{OK, before, configured};
use crate::support::{Origin, Step};

fn seen(tables: &str, fields: &str) -> crate::support::origin::Request {
    let origin = Origin::answering(OK);
    let gate = configured(&origin, tables, "", "");
    let response = gate.client().send(format!("GET /f?a=b HTTP/1.1\r\nHost: test.example\r\n{fields}\r\n")).response();
    assert_eq!(response.status, 200, "{response:?}");
    origin.request()
}

#[test]
fn hop_by_hop_fields_of_a_request_stay_here() {
    let request = seen(
        "",
        "Connection: keep-alive, X-Mine, Host\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\n\
         TE: gzip\r\nUpgrade: chat\r\nProxy-Authorization: Basic x\r\nX-Kept: yes\r\n",
    );
    for name in ["x-mine", "keep-alive", "proxy-connection", "upgrade", "te"] {
        assert_eq!(request.field(name), None, "{name} went on: {}", request.head);
    }
    assert_eq!(request.field("x-kept"), Some("yes"));
    assert_eq!(request.field("host"), Some("test.example"), "Host cannot be taken off by Connection");
    assert_eq!(request.line(), "GET /f?a=b HTTP/1.1");
}

#[test]
fn hop_by_hop_fields_of_an_answer_stay_here() {
    let origin = Origin::answering(
        "HTTP/1.1 200 OK\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\n\
         Content-Length: 2\r\nX-Kept: yes\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nok",
    );
    let gate = before(&origin);
    let response = gate.client().get("/f");
    for name in ["x-mine", "keep-alive", "proxy-connection"] {
        assert_eq!(response.field(name), None, "{name} went on: {response:?}");
    }
    assert_eq!(response.field("x-kept"), Some("yes"));
    assert_eq!(response.fields.iter().filter(|(name, _)| name == "set-cookie").count(), 2);
}

#[test]
fn a_later_minor_version_is_read_as_the_highest_known_one() {
    let origin = Origin::answering("HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let gate = before(&origin);
    let mut client = gate.client();
    assert_eq!((client.get("/1").text(), client.get("/2").text()), ("ok", "ok"));
    assert_eq!(origin.connections(), 1);
}

#[test]
fn a_status_without_words_of_its_own_keeps_those_of_the_upstream() {
    for (line, expected) in [("299 Odd", "299 Odd"), ("299", "299 "), ("200 Fine", "200 OK")] {
        // More than once, because heads that come again are remembered.
        let origin = Origin::answering(format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n"));
        let gate = before(&origin);
        let mut client = gate.client();
        for _ in 0..4 {
            client.send("GET /odd HTTP/1.1\r\nHost: a\r\n\r\n");
            client.read_until(b"\r\n\r\n");
            let line = format!("HTTP/1.1 {expected}\r\n");
            assert_eq!(client.read_exactly(line.len()), line.as_bytes());
            client = gate.client();
        }
    }
}

#[test]
fn a_challenge_for_credentials_passes_with_its_407() {
    let origin = Origin::answering(
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"a\"\r\nContent-Length: 0\r\n\r\n",
    );
    let response = before(&origin).client().get("/407");
    assert_eq!(
        (response.status, response.field("proxy-authenticate")),
        (407, Some("Basic realm=\"a\"")),
        "{response:?}"
    );
}

#[test]
fn strangers_are_not_believed_about_who_they_are() {
    let forged = "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\n\
                  X-Real-IP: 192.0.2.7\r\nForwarded: for=192.0.2.7\r\nX-Request-Id: forged\r\n";
    let request = seen("", forged);
    assert_eq!(request.field("x-forwarded-for"), Some("127.0.0.1"), "{}", request.head);
    assert_eq!(request.field("x-real-ip"), Some("127.0.0.1"));
    assert_eq!(request.field("x-forwarded-proto"), Some("http"));
    assert_eq!(request.field("x-forwarded-host"), Some("test.example"));
    assert_eq!(request.field("forwarded"), None);
    assert!(request.field("x-request-id").is_some_and(|id| id != "forged"), "{}", request.head);
}

#[test]
fn trusted_proxies_are_believed() {
    let tables = "[gateway]\nworkers = 1\ntrusted_proxies = [\"127.0.0.0/8\"]";
    let request = seen(tables, "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Request-Id: known-1\r\n");
    assert_eq!(request.field("x-forwarded-for"), Some("192.0.2.7, 127.0.0.1"), "{}", request.head);
    assert_eq!(request.field("x-real-ip"), Some("192.0.2.7"));
    assert_eq!(request.field("x-forwarded-proto"), Some("https"));
    assert_eq!(request.field("x-request-id"), Some("known-1"));
}

#[test]
fn the_forwarding_style_is_as_configured() {
    let style = |style: &str| seen(&format!("[gateway]\nworkers = 1\nforwarded = \"{style}\""), "");
    let rfc = style("rfc7239");
    assert!(rfc.field("forwarded").is_some_and(|value| value.contains("for=127.0.0.1")), "{}", rfc.head);
    assert_eq!(rfc.field("x-forwarded-for"), None);
    let both = style("both");
    assert!(both.field("forwarded").is_some() && both.field("x-forwarded-for").is_some(), "{}", both.head);
    let off = style("off");
    assert!(off.field("forwarded").is_none() && off.field("x-forwarded-for").is_none(), "{}", off.head);
}

#[test]
fn fields_that_deceive_applications_are_dropped() {
    let request = seen("", "Proxy: http://evil.example\r\nX_Forwarded_For: 192.0.2.7\r\nContent_Length: 5\r\n");
    for name in ["proxy", "x_forwarded_for", "content_length"] {
        assert_eq!(request.field(name), None, "{name} went on: {}", request.head);
    }
}

#[test]
fn the_gateway_names_itself_once_each_way() {
    let origin = Origin::answering(OK);
    let gate = before(&origin);
    let response = gate.client().get("/via");
    let request = origin.request();
    let told = request.field("via").unwrap_or_default();
    assert!(
        told.starts_with("1.1 goodgate (") && !told.contains(','),
        "the name, and the instance in a comment: {told}"
    );
    assert_eq!(response.field("via"), Some("1.1 goodgate"), "{response:?}");
    assert!(response.field("date").is_some(), "an upstream without Date gets ours: {response:?}");
    assert!(response.field("x-request-id").is_some(), "{response:?}");
}

#[test]
fn a_version_of_http_is_named_that_the_answer_came_over() {
    let origin = Origin::answering("HTTP/1.0 200 OK\r\nVia: 1.1 inner\r\nContent-Length: 2\r\n\r\nok");
    let response = before(&origin).client().get("/");
    let via: Vec<_> = response.fields.iter().filter(|(name, _)| name == "via").map(|(_, value)| value).collect();
    assert_eq!(via, ["1.1 inner", "1.0 goodgate"], "{response:?}");
}

#[test]
fn answers_with_the_same_head_are_told_apart() {
    let origin = Origin::always(vec![
        Step::ReadRequest,
        Step::Send("HTTP/1.1 200 OK\r\nX-Request-Id: app\r\nContent-Length: 2\r\n\r\nok".into()),
        Step::Again,
    ]);
    let gate = before(&origin);
    let mut client = gate.client();
    let ids: HashSet<String> = (0..5)
        .map(|number| {
            let path = format!("/{number}");
            let response = client.get(&path);
            assert_eq!(response.field("via"), Some("1.1 goodgate"), "{response:?}");
            assert!(response.field("date").is_some(), "{response:?}");
            let id = gate.logged(&path)["request_id"].as_str().unwrap().to_owned();
            assert_eq!(response.field("x-request-id"), Some(id.as_str()));
            id
        })
        .collect();
    assert_eq!(ids.len(), 5);
}

#[test]
fn what_the_upstream_says_of_date_and_server_stands() {
    let origin = Origin::answering(
        "HTTP/1.1 200 OK\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nServer: app/1\r\nContent-Length: 2\r\n\r\nok",
    );
    let gate = before(&origin);
    let response = gate.client().get("/");
    assert_eq!(response.field("date"), Some("Tue, 15 Nov 1994 08:12:31 GMT"));
    assert_eq!(response.field("server"), Some("app/1"));
}

#[test]
fn one_request_id_stands_everywhere() {
    let origin = Origin::answering(OK);
    let gate = before(&origin);
    let response = gate.client().get("/id");
    let entry = gate.logged("/id");
    let id = entry["request_id"].as_str();
    assert!(id.is_some_and(|id| id.len() >= 16), "{entry}");
    assert_eq!(response.field("x-request-id"), id);
    assert_eq!(origin.request().field("x-request-id"), id);
}

#[test]
fn nothing_is_asked_for_that_the_client_did_not_ask_for() {
    let request = seen("", "");
    for name in ["accept-encoding", "accept", "user-agent", "content-length", "transfer-encoding"] {
        assert_eq!(request.field(name), None, "{name} was added: {}", request.head);
    }
}

#[test]
fn the_host_field_is_as_configured() {
    for (setting, expected) in [("pass", None), ("upstream", Some("")), ("fixed.example", Some("fixed.example"))] {
        let origin = Origin::answering(OK);
        let gate = configured(&origin, "", "", &format!("host_header = \"{setting}\""));
        assert_eq!(gate.client().get("/").status, 200);
        let own = origin.server().trim_start_matches("http://").to_owned();
        let expected = match expected {
            None => "test.example",
            Some("") => &own,
            Some(literal) => literal,
        };
        assert_eq!(origin.request().field("host"), Some(expected), "{setting}");
    }
}

//! Routes as a client meets them: which one is taken, and what it does.
//! The order of specificity itself is tested beside the code.

use super::{OK, before, configured};
use crate::support::{Gate, Origin, client::get};

#[test]
fn a_redirect_says_where_to_go() {
    let gate = Gate::start("[[route]]\nredirect = { to = \"https://example.com/new/\", status = 308 }\n");
    let response = gate.client().get("/old/");
    assert_eq!((response.status, response.field("location")), (308, Some("https://example.com/new/")), "{response:?}");
}

#[test]
fn a_redirect_that_keeps_the_path_never_leads_to_another_host() {
    let gate = Gate::start(
        "[[route]]\nredirect = { to = \"https://example.com/\", keep_path = true }\n\
         [[route]]\npath = \"/old/\"\nredirect = { to = \"/\", keep_path = true, status = 302 }\n\
         [[route]]\npath = \"/fixed\"\nredirect = { to = \"https://example.com/new\" }\n",
    );
    let rows = [
        ("/", "https://example.com/"),
        ("/a/b%20c?d=e&f", "https://example.com/a/b%20c?d=e&f"),
        ("/a?", "https://example.com/a?"),
        ("//evil.example/x", "https://example.com/evil.example/x"),
        ("/.evil.example", "https://example.com/.evil.example"),
        ("/@evil.example", "https://example.com/@evil.example"),
        ("/old", "/"),
        ("/old/", "/"),
        ("/old/a/?b=/c", "/a/?b=/c"),
        ("/old//evil.example", "/evil.example"),
        ("/old/./\u{2f}/evil.example", "/evil.example"),
        ("/older", "https://example.com/older"),
        ("/fixed/a?b=c", "https://example.com/new"),
    ];
    for (target, wanted) in rows {
        let response = gate.client().get(target);
        assert_eq!(response.field("location"), Some(wanted), "{target}: {response:?}");
    }
    for target in ["/old/%2f/evil.example", "/old/\\evil.example", "/old/%5cevil.example"] {
        let response = gate.client().get(target);
        assert_eq!((response.status, response.field("location")), (400, None), "{target}: {response:?}");
    }
}

#[test]
fn a_fixed_answer_is_given_as_written() {
    let gate = Gate::start("[[route]]\nrespond = { status = 403, body = \"no\" }\n");
    let response = gate.client().get("/private/");
    assert_eq!((response.status, response.text()), (403, "no"), "{response:?}");
}

#[test]
fn maintenance_says_when_to_come_back() {
    let gate = Gate::start("[[route]]\nmaintenance = { retry_after = \"10m\" }\n");
    let response = gate.client().get("/down/");
    let after: u64 = response.field("retry-after").and_then(|value| value.parse().ok()).expect("a number of seconds");
    assert!((600..900).contains(&after), "the time configured, and a little jitter: {after}");
    assert_eq!(gate.logged("/down/")["retry_after"], after);
}

#[test]
fn access_is_judged_by_address() {
    let origin = Origin::answering(OK);
    let gate = configured(&origin, "", "access = { allow = [\"127.0.0.0/8\"] }", "");
    assert_eq!(gate.client().get("/").status, 200);
    let gate = configured(&origin, "", "access = { allow = [\"127.0.0.0/8\"], deny = [\"127.0.0.1/32\"] }", "");
    assert_eq!(gate.client().get("/").status, 403, "deny wins");
}

#[test]
fn a_method_that_no_route_takes_is_told_which_ones_do() {
    let origin = Origin::answering(OK);
    let gate = configured(&origin, "", "methods = [\"POST\", \"PUT\"]", "");
    let mut client = gate.client();
    let response = client.get("/");
    let allow = response.field("allow").expect("a 405 has Allow").to_owned();
    assert!(response.status == 405 && allow.contains("POST") && allow.contains("PUT"), "{response:?}");
    assert_eq!(client.post("/", "hello").status, 200, "the connection lives on");
}

#[test]
fn a_prefix_is_taken_off() {
    let origin = Origin::answering(OK);
    let gate = configured(&origin, "", "path = \"/api/\"\nstrip_prefix = \"/api\"", "");
    assert_eq!(gate.client().get("/api/v1/x?y=z").status, 200);
    assert_eq!(origin.request().line(), "GET /v1/x?y=z HTTP/1.1");
}

#[test]
fn field_edits_of_a_route_apply_both_ways() {
    let origin = Origin::answering("HTTP/1.1 200 OK\r\nX-Secret: 1\r\nContent-Length: 2\r\n\r\nok");
    let edits = "request_headers = { set = { \"X-Site\" = \"a\" }, remove = [\"X-Debug\"] }\n\
                 response_headers = { set = { \"X-Frame-Options\" = \"DENY\" }, remove = [\"X-Secret\"] }";
    let gate = configured(&origin, "", edits, "");
    let response = gate.client().send("GET / HTTP/1.1\r\nHost: a\r\nX-Debug: 1\r\nX-Site: forged\r\n\r\n").response();
    let request = origin.request();
    assert_eq!((request.field("x-site"), request.field("x-debug")), (Some("a"), None), "{}", request.head);
    assert_eq!((response.field("x-frame-options"), response.field("x-secret")), (Some("DENY"), None), "{response:?}");
}

#[test]
fn hosts_and_paths_choose_the_upstream() {
    let (one, two) = (Origin::answering(OK), Origin::answering(OK));
    let gate = Gate::start(&format!(
        "[[route]]\nhost = \"one.example\"\nupstream = \"one\"\n[[route]]\nhost = \"*.two.example\"\nupstream = \"two\"\n\
         [[route]]\npath = \"/two/\"\nupstream = \"two\"\n\
         [upstream.one]\nservers = [\"{}\"]\n[upstream.two]\nservers = [\"{}\"]\n",
        one.server(),
        two.server()
    ));
    let mut client = gate.client();
    let mut ask = |host: &str, path: &str| client.send(get(path).replace("test.example", host)).response().status;
    assert_eq!(ask("ONE.example:8080", "/a"), 200);
    assert_eq!(ask("a.b.two.example", "/b"), 200);
    assert_eq!(ask("other.example", "/two/c"), 200);
    assert_eq!(ask("other.example", "/twofold"), 404, "a prefix ends on a segment border");
    assert_eq!(ask("two.example", "/d"), 404, "a wildcard takes one label or more");
    let paths = |origin: &Origin| origin.requests().iter().map(|r| r.line().to_owned()).collect::<Vec<_>>();
    assert_eq!(paths(&one), ["GET /a HTTP/1.1"]);
    assert_eq!(paths(&two), ["GET /b HTTP/1.1", "GET /two/c HTTP/1.1"]);
}

#[test]
fn what_was_matched_is_what_is_forwarded() {
    let origin = Origin::answering(OK);
    let gate = configured(&origin, "", "", "");
    assert_eq!(gate.client().get("/a/./b//c/../%7Ed?q=%7E").status, 200);
    assert_eq!(origin.request().line(), "GET /a/b/~d?q=%7E HTTP/1.1");
}

#[test]
fn a_raw_route_forwards_the_path_as_it_came() {
    let origin = Origin::answering(OK);
    let gate = configured(&origin, "", "path_mode = \"raw\"", "");
    assert_eq!(gate.client().get("/a%2fb//c").status, 200);
    assert_eq!(origin.request().line(), "GET /a%2fb//c HTTP/1.1");
}

#[test]
fn the_status_of_a_cause_may_be_changed_and_the_cause_may_not() {
    let origin = Origin::always(vec![crate::support::Step::ReadRequest, crate::support::Step::Close]);
    let tables = "[errors]\nstatuses = { \"upstream-closed-no-response\" = 503 }";
    let gate = configured(&origin, tables, "", "");
    assert_eq!(gate.client().post("/s", "x").status, 503);
    assert_eq!(gate.logged("/s")["cause"], "upstream-closed-no-response");
}

#[test]
fn a_client_without_an_address_is_in_no_network() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("gate.sock");
    let origin = Origin::answering(OK);
    let listen = format!("[[listen]]\naddress = \"unix:{}\"", path.display());
    let _gate = configured(&origin, &listen, "access = { allow = [\"10.0.0.0/8\"] }", "");
    assert_eq!(crate::support::Client::unix(&path).get("/").status, 403);
}

#[test]
fn an_edited_forwarding_field_is_said_once() {
    let origin = Origin::answering(OK);
    let edits = "request_headers = { set = { X-Forwarded-Proto = \"https\" }, remove = [\"X-Forwarded-Host\"] }";
    let gate = configured(&origin, "", edits, "");
    assert_eq!(gate.client().get("/").status, 200);
    assert_eq!(origin.request().fields("x-forwarded-proto"), ["https"]);
    assert!(origin.request().field("x-forwarded-host").is_none());
}

#[test]
fn max_forwards_is_counted_down_and_ends_at_the_gateway() {
    let origin = Origin::answering(OK);
    let gate = before(&origin);
    let ask = |left: &str| format!("OPTIONS / HTTP/1.1\r\nHost: test.example\r\nMax-Forwards: {left}\r\n\r\n");
    assert_eq!(gate.client().send(ask("0")).response().status, 200);
    assert!(origin.requests().is_empty());
    assert_eq!(gate.client().send(ask("3")).response().status, 200);
    assert_eq!(origin.request().field("max-forwards"), Some("2"));
}

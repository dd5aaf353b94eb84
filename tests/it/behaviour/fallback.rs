//! Who stands in for an upstream that fails: another upstream, or a page. Never where something may be done twice, and
//! never in place of what the application itself answers.

use std::path::Path;

use super::OK;
use crate::support::{Event, Gate, Origin, Response, Step, client::post, fastcgi, faults};

/// `app` on `server`, and `standby` that stands in for it.
fn with_standby(server: &str, standby: &Origin, upstream: &str) -> Gate {
    let standby = standby.server();
    Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{server}\"]\nfallback = \"standby\"\n{upstream}\n\
         [upstream.standby]\nservers = [\"{standby}\"]\n"
    ))
}

/// `app` on `server`, and a page that stands in for it.
fn with_page(server: &str, more: &str) -> Gate {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let page = folder.path().join("down.html");
    std::fs::write(&page, "<p>back soon</p>").expect("the folder is ours");
    let page = page.display();
    // The page is read at the start and not needed any more afterwards.
    Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{server}\"]\nfallback = {{ page = \"{page}\"{more} }}\n"
    ))
}

fn error(response: &Response) -> String {
    let member = response.proxy_status().unwrap_or_default();
    member.into_iter().find_map(|(name, value)| (name == "error").then_some(value)).unwrap_or_default()
}

#[test]
fn what_was_not_delivered_goes_to_the_fallback_whatever_its_method() {
    let refused = faults::refused(Path::new(""));
    let standby = Origin::answering(OK);
    let gate = with_standby(&refused.server, &standby, "");
    let mut client = gate.client();
    for response in [client.get("/get"), client.post("/post", "hello")] {
        assert_eq!((response.status, response.text()), (200, "ok"), "{response:?}");
        assert_eq!(error(&response), "connection_refused", "{response:?}");
    }
    let requests = standby.requests();
    assert_eq!(requests.len(), 2, "each request once");
    assert_eq!(requests[1].body, b"hello");
    let entry = gate.logged("/post");
    assert_eq!((entry["cause"].as_str(), entry["upstream"].as_str()), (Some("connect-refused"), Some("standby")));
    assert_eq!((entry["status"].as_u64(), entry["delivered"].as_str()), (Some(200), Some("yes")), "{entry}");
    let attempts = entry["attempts"].as_array().expect("a list");
    assert_eq!(attempts.len(), 2, "{entry}");
    assert_eq!(attempts[0]["cause"], "connect-refused");
    assert_eq!(attempts[1]["member"], standby.server());
    let line = gate.program_line(|line| line.contains("connect-refused"));
    assert!(line.contains("\"upstream\":\"app\"") && line.contains("\"rescue\":\"another upstream\""), "{line}");
}

#[test]
fn a_post_that_was_read_never_goes_to_the_fallback() {
    for end in [Step::Reset, Step::Close] {
        let origin = Origin::always(vec![Step::ReadRequest, end]);
        let standby = Origin::answering(OK);
        let gate = with_standby(origin.server(), &standby, "");
        let response = gate.client().post("/post", "hello");
        assert_eq!((response.status, standby.requests().len()), (502, 0), "{response:?}");
        assert_eq!(response.json()["delivered"], "maybe");
        assert_eq!(gate.client().get("/get").status, 200);
        assert_eq!(standby.requests().len(), 1);
    }
}

#[test]
fn a_body_that_is_gone_does_not_go_to_the_fallback() {
    let origin = Origin::always(vec![Step::ReadRequest, Step::Reset]);
    let standby = Origin::answering(OK);
    let gate = with_standby(origin.server(), &standby, "retry = { body = \"10B\" }");
    let put = |body: &str| gate.client().send(post("/put", body).replacen("POST", "PUT", 1)).response().status;
    assert_eq!((put("more than ten bytes"), standby.requests().len()), (502, 0));
    assert_eq!((put("few"), standby.requests().len()), (200, 1));
}

#[test]
fn an_error_of_the_application_is_its_answer() {
    let own = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 3\r\n\r\nown";
    let (origin, standby) = (Origin::answering(own), Origin::answering(OK));
    let gate = with_standby(origin.server(), &standby, "");
    let response = gate.client().get("/own");
    assert_eq!((response.status, response.text(), response.field("retry-after")), (503, "own", Some("7")));
    assert!(standby.requests().is_empty());
}

#[test]
fn a_slow_upstream_and_a_full_one_are_replaced_too() {
    let slow = Origin::always(vec![Step::ReadRequest, Step::Listen]);
    let standby = Origin::answering(OK);
    let gate = with_standby(slow.server(), &standby, "timeouts = { head = \"200ms\" }");
    let response = gate.client().get("/slow");
    assert_eq!((response.status, &*error(&response)), (200, "connection_read_timeout"), "{response:?}");
    let released = Event::default();
    let busy =
        Origin::always(vec![Step::ReadRequest, Step::Await(released.clone()), Step::Send(OK.into()), Step::Again]);
    let gate = with_standby(busy.server(), &standby, "queue = { max_in_flight = 1, max_waiting = 0 }");
    let mut first = gate.client();
    first.send(post("/first", ""));
    busy.wait_requests(1);
    let response = gate.client().post("/second", "hello");
    assert_eq!((response.status, &*error(&response)), (200, "connection_limit_reached"), "{response:?}");
    released.set();
    assert_eq!(first.response().status, 200);
    assert_eq!((busy.requests().len(), standby.requests().len()), (1, 2));
}

#[test]
fn what_took_too_long_goes_to_the_fallback_only_where_it_changes_nothing_or_the_route_says_so() {
    for (method, route, expected) in [
        ("PUT", "", (504, 0)),
        ("DELETE", "", (504, 0)),
        ("GET", "", (200, 1)),
        ("OPTIONS", "", (200, 1)),
        ("PUT", "retry_timeouts = true", (200, 1)),
        ("POST", "retry_timeouts = true", (504, 0)),
    ] {
        let slow = Origin::always(vec![Step::ReadRequest, Step::Listen]);
        let standby = Origin::answering(OK);
        let gate = Gate::start(&format!(
            "[[route]]\nupstream = \"app\"\n{route}\n[upstream.app]\nservers = [\"{}\"]\nfallback = \"standby\"\n\
             timeouts = {{ head = \"200ms\" }}\n[upstream.standby]\nservers = [\"{}\"]\n",
            slow.server(),
            standby.server()
        ));
        let response = gate.client().send(post("/slow", "hello").replacen("POST", method, 1)).response();
        assert_eq!((response.status, standby.requests().len()), expected, "{method} {route}: {response:?}");
    }
}

#[test]
fn where_the_fallback_fails_too_the_first_failure_is_answered() {
    let (first, second) = (faults::refused(Path::new("")), Origin::always(vec![Step::ReadRequest, Step::Close]));
    let gate = with_standby(&first.server, &second, "");
    let response = gate.client().post("/both", "hello");
    assert_eq!((response.status, &*error(&response)), (502, "connection_refused"), "{response:?}");
    assert_eq!(response.json()["delivered"], "maybe", "the fallback has read it");
    assert_eq!(second.requests().len(), 1);
    let entry = gate.logged("/both");
    assert_eq!(
        (entry["cause"].as_str(), entry["upstream"].as_str()),
        (Some("connect-refused"), Some("app")),
        "{entry}"
    );
    let line = gate.program_line(|line| line.contains("connect-refused"));
    assert!(line.contains("its fallback standby failed too: upstream-closed-no-response"), "{line}");
}

#[test]
fn fallbacks_are_followed_to_their_end() {
    let gone = [faults::refused(Path::new("")), faults::refused(Path::new(""))];
    let last = Origin::answering(OK);
    let gate = Gate::start(&format!(
        "[[route]]\nupstream = \"a\"\n[upstream.a]\nservers = [\"{}\"]\nfallback = \"b\"\n\
         [upstream.b]\nservers = [\"{}\"]\nfallback = \"c\"\n[upstream.c]\nservers = [\"{}\"]\n",
        gone[0].server,
        gone[1].server,
        last.server()
    ));
    assert_eq!(gate.client().post("/far", "hello").status, 200);
    let entry = gate.logged("/far");
    assert_eq!(
        (entry["upstream"].as_str(), entry["attempts"].as_array().map(Vec::len)),
        (Some("c"), Some(3)),
        "{entry}"
    );
}

#[test]
fn a_page_stands_in_with_the_status_of_the_failure_or_its_own() {
    let refused = faults::refused(Path::new(""));
    for (more, status) in [("", 502), (", status = 200", 200), (", status = 503", 503)] {
        let gate = with_page(&refused.server, more);
        let mut client = gate.client();
        for response in [client.get("/get"), client.post("/post", "hello")] {
            assert_eq!((response.status, response.text()), (status, "<p>back soon</p>"), "{response:?}");
            assert_eq!(response.field("content-type"), Some("text/html; charset=utf-8"));
            assert_eq!(response.field("cache-control"), Some("no-store"));
            assert!(response.field("via").is_none() && response.field("x-request-id").is_some(), "{response:?}");
            assert_eq!(error(&response), "connection_refused");
        }
        let response = client.send("HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n").head_response();
        assert_eq!((response.status, response.field("content-length")), (status, Some("16")), "{response:?}");
        let entry = gate.logged("/get");
        assert_eq!((entry["cause"].as_str(), entry["status"].as_u64()), (Some("connect-refused"), Some(status.into())));
    }
}

#[test]
fn who_may_have_done_something_is_told_so_and_gets_no_page() {
    let origin = Origin::always(vec![Step::ReadRequest, Step::Reset]);
    let gate = with_page(origin.server(), "");
    let response = gate.client().post("/post", "hello");
    assert_eq!((response.status, response.json()["delivered"].as_str()), (502, Some("maybe")), "{response:?}");
    assert_eq!(gate.client().get("/get").text(), "<p>back soon</p>");
}

#[test]
fn a_client_that_breaks_off_gets_no_stand_in() {
    let origin = Origin::always(vec![Step::ReadRequest, Step::Close]);
    let standby = Origin::answering(OK);
    let gate = with_standby(origin.server(), &standby, "");
    let mut client = gate.client();
    let response = client.send("PUT /cut HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhal").finish().response();
    assert_eq!((response.status, standby.requests().len()), (400, 0), "{response:?}");
}

#[test]
fn the_protocol_of_the_fallback_may_be_another() {
    let chunked = "POST /order.php HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let scripts = Origin::fastcgi(fastcgi::answers(fastcgi::OK));
    let pages = Origin::answering(OK);
    let refused = faults::refused(Path::new(""));
    let no_scripts = refused.server.replacen("http", "fastcgi", 1);
    let root = "fastcgi = { root = \"/nowhere/site\" }";
    let gate = with_standby(&no_scripts, &pages, root);
    assert_eq!(gate.client().send(chunked).response().text(), "ok");
    assert_eq!((pages.request().line(), &*pages.request().body), ("POST /order.php HTTP/1.1", &b"hello"[..]));
    let gate = Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{}\"]\nfallback = \"php\"\n\
         [upstream.php]\nservers = [\"{}\"]\n{root}\n",
        refused.server,
        scripts.server()
    ));
    assert_eq!(gate.client().send(chunked).response().text(), "ok");
    let asked = scripts.request();
    assert_eq!((asked.param("SCRIPT_FILENAME"), &*asked.body), (Some("/nowhere/site/order.php"), &b"hello"[..]));
}

#[test]
fn a_chunked_body_comes_whole_to_a_fallback_of_fastcgi() {
    let (second, third) = ("b".repeat(3000), "c".repeat(200_000));
    for end in [Step::Reset, Step::Close] {
        let origin = Origin::always(vec![Step::ReadRequest, end]);
        let scripts = Origin::fastcgi(fastcgi::answers(fastcgi::OK));
        let gate = Gate::start(&format!(
            "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{}\"]\nfallback = \"php\"\n\
             retry = {{ body = \"1MiB\" }}\n\
             [upstream.php]\nservers = [\"{}\"]\nfastcgi = {{ root = \"/nowhere/site\" }}\n",
            origin.server(),
            scripts.server()
        ));
        let mut client = gate.client();
        client.send("PUT /order.php HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        for piece in ["hello", &second, &third] {
            client.send(format!("{:x}\r\n{piece}\r\n", piece.len()));
        }
        let response = client.send("0\r\n\r\n").response();
        assert_eq!((response.status, response.text()), (200, "ok"), "{response:?}");
        let asked = scripts.request();
        assert_eq!(asked.param("CONTENT_LENGTH"), Some("203005"));
        assert!(asked.body == format!("hello{second}{third}").as_bytes(), "{} bytes came", asked.body.len());
    }
}

//! A site on its way through the stack: what routes do for upstreams they do for files too.

use super::Site;

#[test]
fn the_routes_edits_are_for_files_too() {
    let site = Site::with(
        "",
        "response_headers = { set = { \"Cache-Control\" = \"max-age=60\", \"X-A\" = \"b\" }, remove = [\"ETag\"] }",
        "",
    );
    site.file("a.txt", "a");
    let response = site.get("/a.txt");
    assert_eq!(response.field("cache-control"), Some("max-age=60"), "{response:?}");
    assert_eq!((response.field("x-a"), response.field("etag")), (Some("b"), None), "{response:?}");
    assert_eq!(site.get("/missing").field("x-a"), None, "a failure is the gateway's own answer");
}

#[test]
fn access_lists_stand_before_files() {
    let site = Site::with("", "access = { allow = [\"192.0.2.0/24\"] }", "");
    site.file("a.txt", "secret");
    let response = site.get("/a.txt");
    assert_eq!(response.status, 403);
    assert!(!response.text().contains("secret"));
}

#[test]
fn a_prefix_is_taken_off_before_the_file_is_looked_for() {
    let site = Site::with("", "path = \"/static/\"\nstrip_prefix = \"/static\"", "");
    site.file("a.txt", "a").file("docs/index.html", "docs").file("index.html", "start");
    assert_eq!(site.get("/static/a.txt").text(), "a");
    assert_eq!(site.get("/static/").text(), "start");
    assert_eq!(site.get("/static/docs?q").field("location"), Some("/static/docs/?q"), "as the client knows it");
    assert_eq!(site.get("/a.txt").status, 404);
}

#[test]
fn the_access_log_has_files_like_every_other_answer() {
    let site = Site::new("");
    site.file("a.txt", "0123456789");
    site.get("/a.txt?x=1");
    let entry = site.gate.logged("/a.txt?x=1");
    assert_eq!((&entry["status"], &entry["bytes_out"]), (&200.into(), &10.into()), "{entry}");
    assert!(entry["cause"].is_null() && entry["upstream"].is_null() && entry["route"] == "/", "{entry}");
    assert_eq!(entry["attempts"], serde_json::json!([]), "{entry}");
}

#[test]
fn a_request_with_a_body_does_not_spoil_the_connection() {
    let site = Site::new("");
    site.file("a.txt", "a");
    let mut client = site.gate.client();
    let request = "GET /a.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    let response = client.send(request).send("hello").response();
    assert_eq!((response.status, response.text()), (200, "a"), "{response:?}");
    assert!(response.field("connection") == Some("close") || client.is_usable("/a.txt"), "{response:?}");
}

#[test]
fn an_old_client_gets_its_file() {
    let site = Site::new("");
    site.file("a.txt", "a");
    let got = site.gate.client().send("GET /a.txt HTTP/1.0\r\n\r\n").everything();
    assert!(got.starts_with("HTTP/1.0 200") || got.starts_with("HTTP/1.1 200"), "{got}");
    assert!(got.ends_with("\r\n\r\na"), "{got}");
}

#[test]
fn many_requests_on_one_connection_get_one_answer_each() {
    let site = Site::new("");
    site.file("a.txt", "a").file("b.txt", "b");
    let mut client = site.gate.client();
    client.send("GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\nGET /b.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.response().text(), "a");
    assert_eq!(client.response().text(), "b");
}

//! Earlier answers that stand in when the upstream fails: which are kept, who gets them, and how they are labelled.

use std::{fmt::Write as _, path::Path};

use super::{OK, configured};
use crate::support::{Client, End, Event, Gate, Origin, Response, Step, client::post, fastcgi, faults, poll};

const STALE: &str = "stale_if_error = {}";
const PAGE: &str = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nETag: \"a\"\r\nContent-Length: 5\r\n\r\nfirst";

/// Gives these answers, one for each request, and fails from then on.
fn failing_after<A: AsRef<[u8]>>(answers: &[A]) -> Origin {
    let mut scripts: Vec<Vec<Step>> = answers
        .iter()
        .map(|answer| vec![Step::ReadRequest, Step::Send(answer.as_ref().to_vec()), Step::Close])
        .collect();
    scripts.push(vec![Step::ReadRequest, Step::Reset]);
    Origin::scripts(scripts)
}

fn ask(gate: &Gate, method: &str, path: &str, fields: &str) -> Response {
    let mut client = gate.client();
    client.send(format!("{method} {path} HTTP/1.1\r\nHost: test.example\r\n{fields}\r\n"));
    if method == "HEAD" { client.head_response() } else { client.response() }
}

/// The first request gets `answer`; what does the second one get, when the upstream has failed?
fn second(answer: &str, first: &str, second: &str) -> Response {
    let origin = failing_after(&[answer]);
    let gate = configured(&origin, "", "", STALE);
    let got = ask(&gate, "GET", "/page", first);
    assert!(got.is_complete() && got.status < 500, "{got:?}");
    ask(&gate, "GET", "/page", second)
}

fn with(fields: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{fields}\r\nok")
}

#[test]
fn an_earlier_answer_stands_in_and_says_so() {
    let origin = failing_after(&[PAGE]);
    let gate = configured(&origin, "", "", STALE);
    let first = ask(&gate, "GET", "/page?a=b", "");
    assert_eq!((first.text(), first.field("cache-status"), first.field("age")), ("first", None, None));
    let response = ask(&gate, "GET", "/page?a=b", "");
    assert_eq!((response.status, response.text()), (200, "first"), "{response:?}");
    let label = response.field("cache-status").expect("a label");
    assert!(label.starts_with("goodgate;hit;ttl=") && label.ends_with(";detail=stale-if-error"), "{label}");
    assert!(response.field("age").is_some_and(|age| age.parse::<u32>().is_ok()), "{response:?}");
    assert_eq!(response.field("etag"), Some("\"a\""));
    assert!(response.field("warning").is_none() && response.field("retry-after").is_none(), "{response:?}");
    let member = response.proxy_status().expect("a member");
    assert!(member.contains(&("error".into(), "connection_terminated".into())), "{member:?}");
    let entry = gate.log_line(|entry| entry["cause"] == "upstream-reset-no-response");
    assert_eq!((entry["status"].as_u64(), entry["upstream_status"].as_u64()), (Some(200), None), "{entry}");
    let line = gate.program_line(|line| line.contains("upstream-reset-no-response"));
    assert!(line.contains("\"rescue\":\"an earlier answer\""), "{line}");
    assert_eq!(ask(&gate, "GET", "/page?a=c", "").status, 502, "another page is another page");
    assert_eq!(ask(&gate, "GET", "/page?a=b", "").text(), "first", "and it stands in again");
}

#[test]
fn only_answers_that_caches_may_keep_are_kept() {
    let authorized = "Authorization: Basic eA==\r\n";
    let cookie = "Cookie: a=b\r\n";
    let rows: &[(&str, &str, bool)] = &[
        ("", "", true),
        ("Cache-Control: max-age=0\r\n", "", true),
        ("Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\n", "", true),
        ("Cache-Control: No-Store\r\n", "", false),
        ("Cache-Control: max-age=60\r\nCache-Control: no-store\r\n", "", false),
        ("Cache-Control: private, max-age=60\r\n", "", false),
        ("Cache-Control: no-cache\r\n", "", false),
        ("Pragma: no-cache\r\n", "", false),
        ("Cache-Control: max-age=60, must-revalidate\r\n", "", true),
        ("Cache-Control: max-age=0, must-revalidate\r\n", "", false),
        ("Cache-Control: max-age=0, proxy-revalidate\r\n", "", false),
        ("Cache-Control: s-maxage=0\r\n", "", false),
        ("Cache-Control: max-age=60, stale-if-error=0\r\n", "", true),
        ("Cache-Control: max-age=0, stale-if-error=0\r\n", "", false),
        ("Cache-Control: max-age=0, stale-if-error=60\r\n", "", true),
        ("Set-Cookie: a=b\r\nCache-Control: public, max-age=60\r\n", "", false),
        ("Vary: *\r\n", "", false),
        ("Age: 99999999999999999999\r\n", "", false),
        ("", "Cache-Control: no-store\r\n", false),
        ("", "Range: bytes=0-1\r\n", false),
        ("", authorized, false),
        ("Cache-Control: max-age=60\r\n", authorized, false),
        ("Cache-Control: public\r\n", authorized, true),
        ("", cookie, false),
        ("Vary: Accept\r\n", cookie, false),
        ("Cache-Control: s-maxage=60\r\n", cookie, true),
    ];
    for (fields, request, is_kept) in rows {
        let answer = with(fields);
        let expected = if *is_kept { 200 } else { 502 };
        assert_eq!(second(&answer, request, "").status, expected, "{fields:?} to {request:?}");
    }
    // With the cookie named it is the visitor's own.
    let own = with("Vary: Cookie\r\nCache-Control: max-age=60\r\n");
    assert_eq!(second(&own, cookie, cookie).status, 200);
    assert_eq!(second(&own, cookie, "").status, 502);
    for status in ["500 No", "503 No", "201 Created", "206 Part"] {
        let origin = failing_after(&[OK.replace("200 OK", status)]);
        let gate = configured(&origin, "", "", STALE);
        ask(&gate, "GET", "/page", "");
        assert_eq!(ask(&gate, "GET", "/page", "").status, 502, "{status}");
    }
}

#[test]
fn who_wants_something_else_does_not_get_it() {
    for fields in
        ["Range: bytes=0-1\r\n", "Cache-Control: No-Cache\r\n", "Authorization: x y\r\n", "If-Match: \"b\"\r\n"]
    {
        assert_eq!(second(PAGE, "", fields).status, 502, "{fields}");
    }
    let origin = failing_after(&[PAGE]);
    let gate = configured(&origin, "", "", STALE);
    ask(&gate, "GET", "/page", "");
    assert_eq!(gate.client().post("/page", "hello").status, 502);
    let other = "GET /page HTTP/1.1\r\nHost: other.example\r\n\r\n";
    assert_eq!(gate.client().send(other).response().status, 502);
}

#[test]
fn variants_are_kept_apart() {
    let page = |text: &str| {
        format!("HTTP/1.1 200 OK\r\nVary: Accept-Language\r\nContent-Length: {}\r\n\r\n{text}", text.len())
    };
    let origin = failing_after(&[page("hello"), page("hallo")]);
    let gate = configured(&origin, "", "", STALE);
    for _ in 0..2 {
        assert_eq!(ask(&gate, "GET", "/page", "Accept-Language: en\r\n").text(), "hello");
        assert_eq!(ask(&gate, "GET", "/page", "Accept-Language: de\r\n").text(), "hallo");
    }
    assert_eq!(ask(&gate, "GET", "/page", "").status, 502);
    assert_eq!(ask(&gate, "GET", "/page", "Accept-Language: en\r\nAccept-Language: de\r\n").status, 502);
}

#[test]
fn head_and_conditions_are_answered_from_it() {
    let chunked =
        "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nfir\r\n2\r\nst\r\n0\r\n\r\n";
    let origin = failing_after(&[chunked]);
    let gate = configured(&origin, "", "", STALE);
    assert_eq!(ask(&gate, "GET", "/page", "").text(), "first");
    let response = ask(&gate, "GET", "/page", "");
    assert_eq!((response.text(), response.field("content-length")), ("first", Some("5")), "{response:?}");
    let response = ask(&gate, "HEAD", "/page", "");
    assert_eq!((response.status, response.field("content-length")), (200, Some("5")), "{response:?}");
    let response = ask(&gate, "GET", "/page", "If-None-Match: \"a\"\r\n");
    assert_eq!((response.status, response.field("etag")), (304, Some("\"a\"")), "{response:?}");
    assert!(response.field("cache-status").is_some() && response.end == End::Complete, "{response:?}");
    assert_eq!(ask(&gate, "GET", "/page", "If-None-Match: \"b\"\r\n").text(), "first");
}

#[test]
fn what_did_not_come_to_its_end_is_never_kept() {
    let long = "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\nfirst bytes";
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nfirst bytes\r\n";
    let open = format!("HTTP/1.0 200 OK\r\n\r\n{}", "first bytes".repeat(20_000));
    for answer in [long, chunks, &*open] {
        let origin = failing_after(&[answer]);
        let gate = configured(&origin, "", "", STALE);
        assert_eq!(ask(&gate, "GET", "/page", "").status, 200);
        // It was not held: the client saw it break, or could not have.
        let response = ask(&gate, "GET", "/page", "");
        assert_eq!(response.status, 502, "{response:?}");
    }
}

#[test]
fn a_visitor_who_leaves_leaves_no_half_page_behind() {
    let (half, rest) = (Event::default(), Event::default());
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n{}", "a".repeat(100_000));
    let origin = Origin::scripts(vec![
        vec![Step::ReadRequest, Step::Send(long.into()), Step::Signal(half.clone()), Step::Await(rest.clone())],
        vec![Step::ReadRequest, Step::Reset],
    ]);
    let gate = configured(&origin, "", "", STALE);
    let mut client = gate.client();
    client.send("GET /page HTTP/1.1\r\nHost: test.example\r\n\r\n").read_until(b"aaaa");
    assert!(half.wait());
    client.reset();
    gate.logged("/page");
    rest.set();
    assert_eq!(ask(&gate, "GET", "/page", "").status, 502);
}

#[test]
fn a_body_passes_as_it_comes() {
    let rest = Event::default();
    let origin = Origin::scripts(vec![
        vec![
            Step::ReadRequest,
            Step::Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n".into()),
            Step::Await(rest.clone()),
            Step::Send("4\r\nlast\r\n0\r\n\r\n".into()),
            Step::Close,
        ],
        vec![Step::ReadRequest, Step::Reset],
    ]);
    let gate = configured(&origin, "", "", STALE);
    let mut client: Client = gate.client();
    client.send("GET /page HTTP/1.1\r\nHost: test.example\r\n\r\n").read_until(b"first");
    rest.set();
    client.read_until(b"last");
    client.read_until(b"0\r\n\r\n");
    assert_eq!(ask(&gate, "GET", "/page", "").text(), "firstlast");
}

#[test]
fn never_in_place_of_an_answer_that_came() {
    let own = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nown";
    let newer = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 5\r\n\r\nnewer";
    let origin = failing_after(&[PAGE, newer, own]);
    let gate = configured(&origin, "", "", STALE);
    assert_eq!(ask(&gate, "GET", "/page", "").text(), "first");
    assert_eq!(ask(&gate, "GET", "/page", "").text(), "newer");
    let response = ask(&gate, "GET", "/page", "");
    assert_eq!((response.status, response.text(), response.field("cache-status")), (503, "own", None), "{response:?}");
}

#[test]
fn what_was_changed_is_forgotten() {
    let done = "HTTP/1.1 204 No Content\r\n\r\n";
    let failed = "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n";
    for (answer, expected) in [(done, 502), (failed, 200)] {
        let origin = failing_after(&[PAGE, answer]);
        let gate = configured(&origin, "", "", STALE);
        ask(&gate, "GET", "/page", "");
        gate.client().send(post("/page", "new")).response();
        assert_eq!(ask(&gate, "GET", "/page", "").status, expected);
    }
}

#[test]
fn what_was_taken_down_does_not_come_back() {
    let rows: &[(&str, &str, &str, bool)] = &[
        ("404 Not Found", "Cache-Control: no-store\r\n", "", true),
        ("410 Gone", "Set-Cookie: a=b\r\n", "", true),
        ("401 Unauthorized", "Cache-Control: private\r\n", "", true),
        ("403 Forbidden", "", "", true),
        ("451 Unavailable For Legal Reasons", "Cache-Control: no-cache\r\n", "", true),
        ("302 Found", "Location: /login\r\nSet-Cookie: a=b\r\n", "", true),
        ("404 Not Found", "Cache-Control: no-store\r\n", "Range: bytes=0-1\r\n", false),
        ("304 Not Modified", "Cache-Control: no-store\r\n", "If-None-Match: \"a\"\r\n", false),
        ("200 OK", "Cache-Control: no-store\r\n", "", false),
        ("500 Broken", "", "", false),
        // These are kept themselves, though the page is still young.
        ("404 Not Found", "", "", true),
        ("410 Gone", "Cache-Control: max-age=60\r\n", "", true),
    ];
    for (status, fields, request, goes) in rows {
        let length = if status.starts_with("304") { "" } else { "Content-Length: 0\r\n" };
        let origin = failing_after(&[PAGE, &format!("HTTP/1.1 {status}\r\n{length}{fields}\r\n")]);
        let gate = configured(&origin, "", "", STALE);
        assert_eq!(ask(&gate, "GET", "/page", "").text(), "first");
        assert!(ask(&gate, "GET", "/page", request).is_complete(), "{status}");
        let response = ask(&gate, "GET", "/page", "");
        assert_eq!(response.text() != "first", *goes, "{status} {fields:?} to {request:?}: {response:?}");
    }
}

#[test]
fn the_copies_together_stay_within_their_size() {
    let page = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}", "a".repeat(length));
    let answers: Vec<String> = (0..14).map(|_| page(6000)).chain([page(9000)]).collect();
    let origin = failing_after(&answers);
    let gate = configured(&origin, "", "", "stale_if_error = { size = \"64KiB\" }");
    for turn in 0..15 {
        assert_eq!(ask(&gate, "GET", &format!("/{turn}"), "").status, 200);
    }
    let kept: Vec<bool> = (0..15).map(|turn| ask(&gate, "GET", &format!("/{turn}"), "").status == 200).collect();
    let count = kept.iter().filter(|kept| **kept).count();
    assert!((7..=10).contains(&count), "{kept:?}");
    assert!(!kept[0] && !kept[1], "the oldest made room: {kept:?}");
    assert!(kept[12] && kept[13], "the youngest are there: {kept:?}");
    assert!(!kept[14], "over an eighth of the whole is too much: {kept:?}");
}

#[test]
fn a_copy_is_given_up_after_its_time() {
    let origin = failing_after(&[PAGE]);
    let gate = configured(&origin, "", "", "stale_if_error = { for = \"1ms\" }");
    ask(&gate, "GET", "/page", "");
    poll("the copy to be given up", || (ask(&gate, "GET", "/page", "").status == 502).then_some(()));
}

#[test]
fn what_one_worker_keeps_stands_in_for_all() {
    let origin = failing_after(&[PAGE]);
    let gate = configured(&origin, "[gateway]\nworkers = 4\n", "", STALE);
    ask(&gate, "GET", "/page", "");
    for _ in 0..16 {
        assert_eq!(ask(&gate, "GET", "/page", "").text(), "first");
    }
}

#[test]
fn another_upstream_goes_before_it_and_a_page_behind_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let page = folder.path().join("down.txt");
    std::fs::write(&page, "down").expect("the folder is ours");
    let origin = failing_after(&[PAGE]);
    let gate = configured(&origin, "", "", &format!("{STALE}\nfallback = {{ page = \"{}\" }}", page.display()));
    ask(&gate, "GET", "/page", "");
    assert_eq!(ask(&gate, "GET", "/page", "").text(), "first");
    assert_eq!(ask(&gate, "GET", "/other", "").text(), "down");
    let (origin, standby) = (failing_after(&[PAGE]), failing_after(&[OK]));
    let mut more = format!("{STALE}\nfallback = \"standby\"\n[upstream.standby]\n");
    let _ = write!(more, "servers = [\"{}\"]", standby.server());
    let gate = configured(&origin, "", "", &more);
    assert_eq!(ask(&gate, "GET", "/page", "").text(), "first");
    assert_eq!(ask(&gate, "GET", "/page", "").text(), "ok");
    assert_eq!(ask(&gate, "GET", "/page", "").text(), "first");
    assert_eq!(standby.requests().len(), 3, "one answered, then one that is tried twice");
    let gone = faults::refused(Path::new(""));
    let gate = Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{}\"]\n{STALE}\n",
        gone.server
    ));
    assert_eq!(gate.client().get("/never").status, 502, "what was never there cannot stand in");
}

#[test]
fn an_answer_of_fastcgi_has_an_end_of_its_own_and_is_kept() {
    let long = format!("Content-Type: text/plain\r\n\r\n{}", "ok".repeat(100_000));
    let whole = [fastcgi::stdout(&long), fastcgi::end(0, 0)].concat();
    let cut = fastcgi::stdout(&long);
    for (answer, expected) in [(whole, 200), (cut, 502)] {
        let origin = Origin::fastcgi_scripts(vec![fastcgi::says(&[answer]), vec![Step::ReadRecords, Step::Reset]]);
        let gate = configured(&origin, "", "", &format!("{STALE}\nfastcgi = {{ root = \"/nowhere/site\" }}"));
        assert_eq!(ask(&gate, "GET", "/page.php", "").status, 200);
        let response = ask(&gate, "GET", "/page.php", "");
        assert_eq!(response.status, expected, "{:?}", response.fields);
        assert!(expected != 200 || response.body.len() == 200_000, "{} bytes", response.body.len());
    }
}

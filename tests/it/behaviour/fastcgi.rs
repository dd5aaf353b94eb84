//! FastCGI where nothing fails: what an application is told, bodies either way, kept connections, words for the log.
//! Failures by cause are in `failures/fastcgi.rs`; the real PHP-FPM is in `php.rs`.

use std::{fs, time::Duration};

use crate::support::{
    Gate, Origin, Step,
    client::get,
    fastcgi::{OK, answers, end, record, says, stderr, stdout},
    gate::Under,
    origin::{Event, Request},
};

fn before(origin: &Origin, route: &str, fastcgi: &str) -> Gate {
    Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n{route}\n[upstream.app]\nservers = [\"{}\"]\n\
         fastcgi = {{ root = \"/nowhere/site\", {fastcgi} }}\n",
        origin.server()
    ))
}

/// What an application is told of a request.
fn told(request: &str, route: &str, fastcgi: &str) -> Request {
    let origin = Origin::fastcgi(answers(OK));
    let gate = before(&origin, route, fastcgi);
    let mut client = gate.client();
    assert_eq!(client.send(request).response().status, 200);
    origin.request()
}

#[test]
fn an_application_is_told_what_nginx_would_tell_it() {
    let request = told(
        "POST /a%20b/x.php/in%66o?q=%31&r HTTP/1.1\r\nHost: Site.Example:8080\r\nContent-Type: text/plain\r\n\
         Content-Length: 3\r\nAccept-Language: de\r\nCookie: a=1\r\nCookie: b=2\r\nX-Two: 1\r\nX-Two: 2\r\n\
         Authorization: Basic eA==\r\n\r\nabc",
        "request_headers = { set = { \"X-Site\" = \"main\" } }",
        "",
    );
    assert_eq!(request.body, b"abc");
    for (name, expected) in [
        ("SCRIPT_FILENAME", "/nowhere/site/a b/x.php"),
        ("SCRIPT_NAME", "/a b/x.php"),
        ("PATH_INFO", "/info"),
        ("PATH_TRANSLATED", "/nowhere/site/info"),
        ("REQUEST_URI", "/a%20b/x.php/info?q=%31&r"),
        ("DOCUMENT_URI", "/a b/x.php/info"),
        ("DOCUMENT_ROOT", "/nowhere/site"),
        ("QUERY_STRING", "q=%31&r"),
        ("REQUEST_METHOD", "POST"),
        ("CONTENT_TYPE", "text/plain"),
        ("CONTENT_LENGTH", "3"),
        ("REQUEST_SCHEME", "http"),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("GATEWAY_INTERFACE", "CGI/1.1"),
        ("SERVER_SOFTWARE", "goodgate"),
        ("SERVER_NAME", "site.example"),
        ("SERVER_ADDR", "127.0.0.1"),
        ("REMOTE_ADDR", "127.0.0.1"),
        ("REDIRECT_STATUS", "200"),
        ("HTTP_HOST", "Site.Example:8080"),
        ("HTTP_ACCEPT_LANGUAGE", "de"),
        ("HTTP_COOKIE", "a=1; b=2"),
        ("HTTP_X_TWO", "1, 2"),
        ("HTTP_AUTHORIZATION", "Basic eA=="),
        ("HTTP_X_SITE", "main"),
        ("HTTP_X_FORWARDED_FOR", "127.0.0.1"),
        ("HTTP_X_FORWARDED_PROTO", "http"),
    ] {
        assert_eq!(request.param(name), Some(expected), "{name} of\n{}", request.head);
    }
    for name in ["SERVER_PORT", "REMOTE_PORT"] {
        assert!(request.param(name).is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0)), "{name}");
    }
    assert!(request.param("HTTP_X_REQUEST_ID").is_some() && request.param("HTTP_VIA").is_some(), "{}", request.head);
    for name in ["HTTPS", "HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_CONNECTION"] {
        assert_eq!(request.param(name), None, "{name}");
    }
}

#[test]
fn no_field_can_pose_as_another_variable() {
    let request = told(
        "GET / HTTP/1.1\r\nHost: a\r\nProxy: http://evil\r\nX_Forwarded_For: 1.2.3.4\r\nX.Real.IP: 1.2.3.4\r\n\
         X_Custom: evil\r\nX-Custom: good\r\nX-Forwarded-For: 1.2.3.4\r\nConnection: close, X-Secret\r\nX-Secret: a\r\n\r\n",
        "",
        "",
    );
    assert_eq!(request.param("SCRIPT_NAME"), Some("/index.php"));
    assert_eq!(request.param("PATH_INFO"), None);
    assert_eq!(request.param("HTTP_X_FORWARDED_FOR"), Some("127.0.0.1"));
    assert_eq!(request.param("HTTP_X_CUSTOM"), Some("good"));
    assert_eq!(request.param("HTTP_X_REAL_IP"), Some("127.0.0.1"));
    for name in ["HTTP_PROXY", "HTTP_X.REAL.IP", "HTTP_X_SECRET"] {
        assert_eq!(request.param(name), None, "{name}");
    }
}

#[test]
fn the_operators_own_parameters_go_before_those_of_the_gateway() {
    let params = "params = { APP_ENV = \"prod\", SERVER_SOFTWARE = \"nginx/goodgate\", HTTP_ACCEPT = \"all\" }";
    let request = told(&get("/"), "", params);
    for (name, expected) in [("APP_ENV", "prod"), ("SERVER_SOFTWARE", "nginx/goodgate"), ("HTTP_ACCEPT", "all")] {
        assert_eq!(request.param(name), Some(expected));
        assert_eq!(request.head.lines().filter(|line| line.starts_with(&format!("{name}="))).count(), 1, "{name}");
    }
}

#[test]
fn uploads_arrive_as_they_were_sent_whatever_their_length_is_told() {
    let origin = Origin::fastcgi(answers(OK));
    let gate = before(&origin, "", "");
    let mut sent = 0;
    for size in [0, 1, 5000, 70_000, 300_000, 1 << 20] {
        let body = "0123456789abcdef".repeat(size / 16 + 1)[..size].to_owned();
        let chunks: String = body.as_bytes().chunks(9999).fold(String::new(), |all, chunk| {
            all + &format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk))
        });
        for framed in [
            format!("Content-Length: {size}\r\n\r\n{body}"),
            format!("Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"),
        ] {
            let mut client = gate.client();
            client.send_meanwhile(format!("POST /up HTTP/1.1\r\nHost: a\r\n{framed}").into_bytes());
            assert_eq!(client.response().status, 200, "{size}");
            sent += 1;
            origin.wait_requests(sent);
            let request = origin.requests().pop().expect("a request");
            assert_eq!(request.param("CONTENT_LENGTH"), Some(&*size.to_string()), "{size}");
            assert_eq!(request.param("HTTP_TRANSFER_ENCODING"), None);
            assert!(request.body == body.as_bytes(), "{} of {size} bytes came", request.body.len());
        }
    }
}

#[test]
fn an_answer_that_comes_before_a_large_upload_was_read_is_delivered() {
    let origin = Origin::fastcgi(vec![
        Step::Send([stdout("Status: 403 Forbidden\nContent-Type: text/plain\n\nno"), end(0, 0)].concat()),
        Step::Close,
    ]);
    let gate = before(&origin, "", "");
    let mut client = gate.client();
    let size = 20 << 20;
    let mut bytes = format!("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n").into_bytes();
    bytes.resize(bytes.len() + size, b'u');
    client.send_meanwhile(bytes);
    let response = client.response();
    assert_eq!((response.status, response.text()), (403, "no"), "{response:?}");
}

#[test]
fn an_answer_and_an_upload_can_be_under_way_at_once() {
    let body = "answer".repeat(500_000);
    let origin = Origin::fastcgi(vec![
        Step::Send(stdout(format!("Content-Type: text/plain\n\n{body}"))),
        Step::ReadRecords,
        Step::Send(end(0, 0)),
        Step::Close,
    ]);
    let gate = before(&origin, "", "");
    let mut client = gate.client();
    let size = 8 << 20;
    let mut bytes = format!("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n").into_bytes();
    bytes.resize(bytes.len() + size, b'u');
    client.send_meanwhile(bytes);
    let response = client.response();
    assert!(response.is_complete() && response.text() == body, "{} bytes came", response.body.len());
    assert_eq!(origin.request().body.len(), size);
}

#[test]
fn answers_are_put_together_from_whatever_records_they_come_in() {
    let text = "Content-Type: text/plain\r\nX-Powered-By: PHP\r\n\r\n".to_owned() + &"0123456789".repeat(20_000);
    let small: Vec<u8> = text.as_bytes().chunks(333).flat_map(|piece| record(6, piece, 255)).collect();
    for script in [
        says(&[small.clone(), record(6, b"", 8), record(3, &[0; 8], 200)]),
        vec![Step::ReadRecords, Step::Send(stdout(&text)), Step::Send(stderr("PHP Warning: x")), Step::Send(end(0, 0))],
    ] {
        let origin = Origin::fastcgi(script);
        let gate = before(&origin, "", "");
        let response = gate.client().get("/");
        assert!(response.is_complete() && text.ends_with(response.text()), "{} bytes came", response.body.len());
        assert_eq!(response.field("x-powered-by"), Some("PHP"));
    }
}

#[test]
fn a_small_answer_has_a_length_and_one_to_head_no_body() {
    let origin = Origin::fastcgi(answers(OK));
    let gate = before(&origin, "", "");
    let mut client = gate.client();
    let response = client.get("/");
    assert_eq!((response.field("content-length"), response.text()), (Some("2"), "ok"));
    assert_eq!(response.field("transfer-encoding"), None);
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    let response = client.head_response();
    assert_eq!((response.status, response.body.len()), (200, 0));
    assert!(client.is_usable("/next"));
}

#[test]
fn connections_are_kept_only_where_that_is_wanted() {
    for (fastcgi, method, expected) in
        [("", "POST", 3), ("keep = 0", "GET", 3), ("keep = 2", "GET", 1), ("keep = 2", "POST", 1)]
    {
        let origin = Origin::fastcgi(answers(OK));
        let gate = before(&origin, "", fastcgi);
        let mut client = gate.client();
        for _ in 0..3 {
            client.send(format!("{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"));
            assert_eq!(client.response().status, 200);
        }
        assert_eq!(origin.connections(), expected, "{method} {fastcgi}");
    }
}

#[test]
fn a_connection_that_is_kept_for_an_instant_is_closed_behind_it() {
    let origin = Origin::fastcgi(answers(OK));
    let gate = before(&origin, "", "");
    let mut client = gate.client();
    assert_eq!(client.get("/").status, 200);
    origin.wait_ended(1);
    assert_eq!(client.get("/").status, 200);
}

#[test]
fn a_busy_gateway_uses_the_kept_connection_again() {
    let origin = Origin::fastcgi(answers(OK));
    let gate = before(&origin, "", "");
    let mut client = gate.client();
    // All at once, so that one follows the other within the instant.
    let count = 20;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(count));
    for _ in 0..count {
        assert_eq!(client.response().status, 200);
    }
    assert!(origin.connections() < count, "{} connections", origin.connections());
}

#[test]
fn a_script_that_works_on_behind_its_answer_keeps_its_seat() {
    let done = Event::default();
    let origin = Origin::fastcgi_scripts(vec![
        vec![
            Step::ReadRecords,
            Step::Send(stdout("Content-Type: text/plain\nContent-Length: 2\n\nok")),
            Step::Await(done.clone()),
            Step::Send(end(0, 0)),
            Step::Listen,
        ],
        answers(OK),
    ]);
    let gate = Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{}\"]\n\
         fastcgi = {{ root = \"/nowhere/site\", keep = 0 }}\nqueue = {{ max_in_flight = 1 }}\n",
        origin.server()
    ));
    assert_eq!(gate.client().get("/first").text(), "ok");
    let mut second = gate.client();
    second.send("GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(second.is_silent(Duration::from_millis(300)), "the seat was given away");
    assert_eq!(origin.requests().len(), 1);
    done.set();
    assert_eq!(second.response().text(), "ok");
}

#[test]
fn nobody_reads_on_for_long_behind_an_answer_without_a_body() {
    let origin =
        Origin::fastcgi(vec![Step::ReadRecords, Step::Flood(stdout("Content-Type: text/plain\n\nmore and more"))]);
    let gate = before(&origin, "", "");
    let mut client = gate.client();
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.head_response().status, 200);
    origin.wait_ended(1);
}

#[test]
fn the_time_that_a_client_takes_to_send_is_not_the_applications() {
    let origin = Origin::fastcgi(vec![Step::ReadRecords, Step::Close]);
    let gate = before(&origin, "", "keep = 1");
    let mut client = gate.client();
    client.send("POST /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.drip(b"5\r\nhello\r\n", Duration::from_millis(120));
    client.send("0\r\n\r\n");
    assert_eq!(client.response().status, 502);
    let line = gate.logged("/slow");
    let (all, attempt) = (line["ms"]["total"].as_f64().unwrap(), line["attempts"][0]["ms"].as_f64().unwrap());
    assert!(all - attempt >= 1000.0, "{attempt} of {all} ms are said to be the application's");
}

#[test]
fn an_upload_goes_on_behind_an_early_answer() {
    let origin = Origin::fastcgi_scripts(vec![vec![
        Step::Send(stdout("Content-Type: text/plain\nContent-Length: 2\n\nok")),
        Step::ReadRecords,
        Step::Send(end(0, 0)),
        Step::Listen,
    ]]);
    let gate = before(&origin, "", "");
    let mut client = gate.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    assert_eq!(client.response().text(), "ok");
    client.send("def");
    assert_eq!(origin.request().body, b"abcdef");
    assert!(client.is_usable("/next"));
}

#[test]
fn what_a_script_does_behind_its_answer_keeps_nobody_waiting() {
    let origin = Origin::fastcgi(vec![
        Step::ReadRecords,
        Step::Send(stdout("Content-Type: text/plain\nContent-Length: 2\n\nok")),
        Step::Listen,
    ]);
    let gate = before(&origin, "", "keep = 1");
    let mut client = gate.client();
    assert_eq!(client.get("/").text(), "ok");
    assert!(client.get("/again").is_complete());
    assert_eq!(origin.connections(), 2, "the first one is still at work");
}

#[test]
fn an_application_that_does_not_multiplex_is_asked_again_on_a_connection_of_its_own() {
    let refusal = vec![Step::ReadRecords, Step::Send(end(0, 1)), Step::Close];
    let origin = Origin::fastcgi_scripts(vec![refusal, answers(OK)]);
    let gate = before(&origin, "", "keep = 1");
    assert_eq!(gate.client().post("/", "once").status, 200);
    assert_eq!(gate.logged("/")["attempts"].as_array().map(Vec::len), Some(2));
}

#[test]
fn words_for_the_log_are_tied_to_the_request_and_harmless() {
    let origin = Origin::fastcgi(says(&[stderr("PHP Notice: a\n\u{1b}[31mb"), stdout(OK), end(0, 0)]));
    let gate = before(&origin, "", "");
    let response = gate.client().get("/noisy");
    assert_eq!(response.text(), "ok");
    let id = response.field("x-request-id").expect("an id").to_owned();
    let line = gate.program_line(|line| line.contains("PHP Notice"));
    assert!(line.contains(&id) && line.contains("/noisy") && !line.contains('\u{1b}'), "{line}");
}

#[test]
fn an_empty_error_is_explained_in_the_log_and_not_on_the_page() {
    let words = "PHP Fatal error:  Uncaught Error: Call to undefined function nope()";
    let origin = Origin::fastcgi(says(&[stderr(words), stdout("Status: 500\n\n"), end(0, 0)]));
    let gate = before(&origin, "errors = { intercept = [500] }", "");
    let response = gate.client().get("/fatal");
    assert!(response.status == 500 && !response.text().contains("nope"), "{response:?}");
    let id = response.field("x-request-id").expect("an id").to_owned();
    gate.program_line(|line| line.contains("undefined function nope()") && line.contains(&id));
}

#[test]
fn a_script_that_php_does_not_find_is_named_with_what_the_gateway_sees() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("x.php"), "<?php").expect("our own folder");
    let answer =
        says(&[stderr("Primary script unknown"), stdout("Status: 404 Not Found\n\nFile not found.\n"), end(0, 0)]);
    let origin = Origin::fastcgi(answer);
    let gate = Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{}\"]\nfastcgi = {{ root = \"{}\" }}\n",
        origin.server(),
        folder.path().display()
    ));
    for (path, seen) in [("/x.php", "the gateway sees that file"), ("/y.php", "no such file either")] {
        let response = gate.client().get(path);
        assert_eq!((response.status, response.text()), (404, "File not found.\n"));
        assert_eq!(gate.logged(path)["cause"], "fcgi-script-not-found");
        let file = format!("{}{path}", folder.path().display());
        gate.program_line(|line| line.contains("fcgi-script-not-found") && line.contains(&file) && line.contains(seen));
    }
}

#[test]
fn the_wrong_protocol_is_named_either_way() {
    let web = Origin::always(vec![
        Step::Send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec()),
        Step::Close,
    ]);
    let gate = Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{}\"]\nfastcgi = {{ root = \"/srv\" }}\n",
        web.server().replace("http:", "fastcgi:")
    ));
    assert_eq!(gate.client().get("/").status, 502);
    gate.program_line(|line| line.contains("fcgi-protocol-error") && line.contains("it speaks HTTP, not FastCGI"));
    let fpm = Origin::always(vec![Step::Send([stdout(OK), end(0, 0)].concat()), Step::Close]);
    let gate =
        Gate::start(&format!("[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{}\"]\n", fpm.server()));
    assert_eq!(gate.client().get("/").status, 502);
    gate.program_line(|line| line.contains("response-not-http") && line.contains("fastcgi://"));
}

#[test]
fn a_client_that_leaves_ends_its_script() {
    let origin = Origin::fastcgi(vec![Step::ReadRecords, Step::Listen]);
    let gate = before(&origin, "", "keep = 1");
    let mut client = gate.client();
    client.send(get("/slow"));
    origin.wait_requests(1);
    drop(client);
    origin.wait_ended(1);
    assert_eq!(gate.logged("/slow")["cause"], "request-client-aborted");
}

#[test]
fn a_body_of_unknown_length_can_be_sent_again() {
    for size in [3, 700_000] {
        let refusal = vec![Step::ReadRecords, Step::Send(end(0, 1)), Step::Close];
        let origin = Origin::fastcgi_scripts(vec![refusal, answers(OK)]);
        let gate = before(&origin, "", "");
        let mut client = gate.client();
        let body = "u".repeat(size);
        let chunked = format!("Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n");
        client.send_meanwhile(format!("POST /up HTTP/1.1\r\nHost: a\r\n{chunked}").into_bytes());
        assert_eq!(client.response().status, 200);
        let requests = origin.requests();
        assert!(requests.len() == 2 && requests.iter().all(|request| request.body == body.as_bytes()), "{size}");
    }
}

#[test]
fn a_body_of_unknown_length_is_limited_like_any_other() {
    let origin = Origin::fastcgi(answers(OK));
    let gate = before(&origin, "body_size = \"400KB\"", "");
    let mut client = gate.client();
    let chunk = format!("{:x}\r\n{}\r\n", 100_000, "u".repeat(100_000)).repeat(5);
    client.send_meanwhile(
        format!("POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}").into_bytes(),
    );
    assert_eq!(client.response().status, 413);
    assert!(origin.requests().is_empty());
}

#[test]
fn a_socket_of_php_that_is_not_there_is_named_with_what_is_and_what_to_start() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let _other =
        std::os::unix::net::UnixListener::bind(folder.path().join("php8.1-fpm.sock")).expect("the path is free");
    let gate = Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"fastcgi+unix:{}/php8.2-fpm.sock\"]\n\
         fastcgi = {{ root = \"/srv\" }}\n",
        folder.path().display()
    ));
    assert_eq!(gate.client().get("/").status, 502);
    gate.program_line(|line| {
        ["connect-unix-missing", "php8.1-fpm.sock", "tart PHP-FPM"].iter().all(|part| line.contains(part))
    });
}

#[test]
fn a_socket_of_php_that_bars_the_gateway_is_named_with_the_lines_to_change() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("our own folder");
    let socket = folder.path().join("fpm.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("the path is free");
    fs::set_permissions(&socket, std::os::unix::fs::PermissionsExt::from_mode(0o660)).expect("our own socket");
    let gate = Gate::start_under(
        Under { user: Some(65534), ..Under::default() },
        &format!(
            "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"fastcgi+unix:{}\"]\n\
             fastcgi = {{ root = \"/srv\" }}\n",
            socket.display()
        ),
    );
    assert_eq!(gate.client().get("/").status, 502);
    gate.program_line(|line| {
        let parts = [
            "connect-unix-permission",
            "root:root 0660",
            "user nobody",
            "Write `listen.group = nogroup`",
            "restart PHP",
        ];
        // Nobody is to join root's group for a socket.
        parts.iter().all(|part| line.contains(part)) && !line.contains("usermod")
    });
}

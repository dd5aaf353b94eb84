//! What the log says of an upstream that fails: the evidence is true of this very failure, and so is the next step.
//! Which cause it is belongs to `failures.rs`.

use std::net::TcpListener;

use super::{OK, configured};
use crate::support::{
    Gate, Origin, Step,
    client::{get, post},
    fastcgi::{end, says, stdout},
};

/// The line of the program's log about the request for `/it` with `script` behind the gateway. It is sent behind `good`
/// ones on the same connections.
fn line(origin: &Origin, options: &str, request: &str, good: usize) -> String {
    let gate = configured(origin, "", "", &format!("retry = {{ on = \"off\" }}\n{options}"));
    let mut client = gate.client();
    for number in 0..good {
        assert_eq!(client.get(&format!("/good/{number}")).status, 200);
    }
    client.send(request);
    client.response();
    gate.program_line(|line| line.contains("\"/it\"")).replace("\\\"", "'")
}

fn check(origin: &Origin, options: &str, request: &str, good: usize, said: &[&str], unsaid: &[&str]) {
    let line = line(origin, options, request, good);
    for words in said {
        assert!(line.contains(words), "{words}: {line}");
    }
    for words in unsaid {
        assert!(!line.contains(words), "{words}: {line}");
    }
}

/// What is done, what the line must say, what it must not say.
type Said<'a, T> = (T, &'a [&'a str], &'a [&'a str]);

fn answering(bytes: impl AsRef<[u8]>, then: Step) -> Origin {
    Origin::always(vec![Step::ReadRequest, Step::Send(bytes.as_ref().to_vec()), then])
}

#[test]
fn a_server_that_leaves_before_the_body_has_only_seen_the_head() {
    let request = "POST /it HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 300\r\n\r\n";
    for step in [Step::Close, Step::Reset] {
        let origin = Origin::always(vec![Step::ReadHead, step]);
        check(&origin, "", request, 0, &["before it asked for the body"], &["300 bytes"]);
    }
    let kept = vec![Step::ReadRequest, Step::Send(OK.into()), Step::ReadHead, Step::Close];
    let said = ["a kept connection", "after the head of request 2, before it asked for the body"];
    check(&Origin::always(kept), "", request, 1, &said, &["was written to it"]);
}

#[test]
fn a_kept_connection_that_was_hardly_idle_was_not_closed_by_a_timeout() {
    let script = vec![Step::ReadRequest, Step::Send(OK.into()), Step::ReadRequest, Step::Reset];
    let pool = "pool = { idle_timeout = \"1h\" }";
    check(
        &Origin::always(script),
        pool,
        &get("/it"),
        1,
        &[
            "after request 2 was written to it, idle for ",
            "Few keep-alive timeouts",
            "number of requests. If not, set `pool.idle_timeout`",
        ],
        &["no keep-alive timeout"],
    );
}

#[test]
fn a_head_that_does_not_come_is_told_from_one_that_does_not_end() {
    let head = "timeouts = { head = \"300ms\" }";
    let rows: [Said<&str>; 3] = [
        ("", &["not a byte came within 300ms", "acknowledged the whole request"], &["took the request"]),
        ("HTTP/1.1 200 OK\r\nX", &["18 bytes of a head came", "'HTTP/1.1 200 OK", "middle of its head"], &[]),
        (
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
            &["1 interim (1xx) answer came, and then no final one within 300ms"],
            &["not a byte"],
        ),
    ];
    for (bytes, said, unsaid) in rows {
        check(&answering(bytes, Step::Listen), head, &get("/it"), 0, said, unsaid);
    }
}

#[test]
fn a_server_that_does_not_accept_has_not_taken_the_request() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it listens");
    let gate = Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"http://{address}\"]\ntimeouts = {{ head = \"300ms\" }}\n"
    ));
    assert_eq!(gate.client().get("/it").status, 504);
    let line = gate.program_line(|line| line.contains("\"/it\""));
    assert!(line.contains("has left 1 connection unaccepted") && line.contains("does not accept"), "{line}");
}

#[test]
fn what_is_no_http_on_a_connection_that_has_served_is_left_over() {
    let script = vec![Step::ReadRequest, Step::Send(OK.into()), Step::ReadRequest, Step::Send(b"surplus".into())];
    let said = ["on a connection that has served 1 request before", "longer than it said"];
    check(&Origin::always(script), "", &get("/it"), 1, &said, &["Correct the port"]);
}

#[test]
fn bytes_that_the_kernel_took_were_not_taken_by_the_server() {
    let origin = Origin::always(vec![Step::Hold]);
    let request = post("/it", &"x".repeat(32 << 20));
    let gate = configured(&origin, "", "", "retry = { on = \"off\" }\ntimeouts = { send = \"300ms\" }");
    let mut client = gate.client();
    client.send_meanwhile(request.into());
    client.response();
    let line = gate.program_line(|line| line.contains("\"/it\""));
    assert!(line.contains("were handed to the kernel") && !line.contains("the server took"), "{line}");
}

#[test]
fn a_chunked_body_is_told_where_it_ends() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let rows: [Said<&str>; 4] = [
        ("", &["after 5 bytes of the body, before its last chunk"], &["promised"]),
        ("0\r\n", &["and its last chunk, before the line that ends the trailers", "empty line"], &["before its last"]),
        ("3\nabc\r\n", &["'3\\\\n', which ends without CR"], &[]),
        ("0\r\nNo Colon\r\n\r\n", &["line 1 of the trailer section is 'No Colon'"], &["smaller"]),
    ];
    for (rest, said, unsaid) in rows {
        check(&answering(format!("{head}{rest}"), Step::Close), "", &get("/it"), 0, said, unsaid);
    }
}

#[test]
fn a_fastcgi_application_is_told_what_it_did() {
    let broken = [stdout("A: b\n"), b"junk".to_vec()];
    let rows: [Said<&[Vec<u8>]>; 5] = [
        (&[end(0, 9)], &["protocol status 9", "socket"], &["port or the scheme"]),
        (&[end(0, 0)], &["ended the request in order", "nothing was printed"], &["signal 11"]),
        (&[stdout("hello"), end(0, 0)], &["ended the request in order", "fields"], &["nothing was printed"]),
        (&broken, &["what came before was FastCGI"], &["port or the scheme"]),
        (&[b"junk".to_vec()], &["port or the scheme"], &["what came before"]),
    ];
    for (records, said, unsaid) in rows {
        let origin = Origin::fastcgi(says(records));
        check(&origin, "fastcgi = { root = \"/srv\" }", &get("/it"), 0, said, unsaid);
    }
}

#[test]
fn what_stands_in_a_head_is_corrected_where_it_stands() {
    let rows: [Said<&str>; 7] = [
        ("HTTP/1.1 200 O\0K\r\n\r\n", &["reason phrase", "Correct the status line"], &["Correct the field"]),
        ("HTTP/1.1 200 OK\rA: b\r\r", &["a CR that no LF follows", "HTTP/1.1 200 OK\\\\rA: b"], &["timeout"]),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &["HTTP/1.0"], &["Take the Content-Length"]),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", &["`identity`"], &["Content-Encoding"]),
        ("220 mail.example ESMTP\r\n", &["SMTP or FTP"], &["something else"]),
        ("\u{feff}HTTP/1.1 200 OK\r\n\r\n", &["byte order mark"], &["something else"]),
        ("HTTP/1.1 204 No Content\r\n\r\nbody", &["no body with this answer"], &["Correct the length"]),
    ];
    for (bytes, said, unsaid) in rows {
        check(&answering(bytes, Step::Listen), "", &get("/it"), 0, said, unsaid);
    }
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(300));
    check(&answering(many, Step::Listen), "", &get("/it"), 0, &["fewer fields"], &["head_size"]);
}

#[test]
fn the_size_of_a_head_that_is_too_large_is_the_size_of_the_head() {
    let large = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\nbody", "y".repeat(70_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(300));
    let size = (large.len() - "body".len()).to_string();
    for (answer, expected) in [(&large, Some(size.as_str())), (&many, None)] {
        let origin = answering(answer, Step::Listen);
        let gate = configured(&origin, "", "", "");
        let response = gate.client().get("/it");
        let member = response.proxy_status().expect("a Proxy-Status");
        let said = member.iter().find(|(name, _)| name == "header-section-size").map(|(_, size)| size.as_str());
        assert_eq!(said, expected, "{member:?}");
    }
}

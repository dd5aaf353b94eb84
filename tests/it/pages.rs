//! Pages of the operator's own, pages in place of empty answers, and errors that other origins may read.
//! Which template wins is tested beside `failure::page::pages`; here the whole gateway answers.

use std::{fs, path::Path};

use goodgate::config;

use crate::support::{Client, Gate, Origin, faults};

const LOOKS: [&str; 2] = ["plain", "night"];

/// A folder of templates.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a template can be written");
    }
    folder
}

/// A gateway before a port where nobody listens; `FOLDER` in `errors` is the folder.
fn gate(folder: &Path, errors: &str, route: &str) -> Gate {
    let refused = faults::refused(Path::new(""));
    let text = format!(
        "[[route]]\nupstream = \"app\"\n[[route]]\npath = \"/other/\"\nupstream = \"app\"\n{route}\n\
         [upstream.app]\nservers = [\"{}\"]\n[errors]\n{errors}\n",
        refused.server
    );
    Gate::start(&text.replace("FOLDER", &folder.display().to_string()))
}

fn get(client: &mut Client, path: &str, accept: &str) -> crate::support::Response {
    client
        .send(format!("GET {path} HTTP/1.1\r\nHost: <b>x\r\nAccept: {accept}\r\n\r\n").replace("<b>x", "shop.example"));
    client.response()
}

#[test]
fn a_failure_gets_the_template_of_its_cause_and_of_the_type_asked_for() {
    let folder = folder(&[
        ("error.html", "any {{ status }} {{ host }} {{ request_id }}"),
        ("error.json", "{ \"title\": {{ title }}, \"safe\": {{ retry.safe }}, \"none\": {{ retry.after }} }"),
        ("refused.html", "{% if contact %}<i>{{ contact }}</i>{% endif %} {{ delivered }} {{ class }}"),
        ("route.txt", "route {{ lang }} {{ dir }}"),
    ]);
    let gate = gate(
        folder.path(),
        "templates = \"FOLDER\"\ncontact = \"<us> & co\"\npages = { connect-refused = \"refused.html\", \"404\" = \"builtin\" }",
        "errors = { pages = { \"5xx\" = [\"route.txt\", \"error.html\"], connect-refused = \"route.txt\" } }",
    );
    let mut client = gate.client();
    let page = get(&mut client, "/a", "text/html");
    assert_eq!((page.status, page.text()), (502, "<i>&lt;us&gt; &amp; co</i> no unreachable"));
    assert_eq!(page.field("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.field("content-language"), Some("en"));
    let policy = page.field("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("img-src data:"), "{policy}");
    let problem = get(&mut client, "/a", "application/problem+json");
    assert_eq!(problem.field("content-type"), Some("application/problem+json"));
    assert_eq!(problem.json()["safe"], true, "{}", problem.text());
    assert!(problem.json()["none"].is_null() && problem.json()["title"].is_string());
    let text = get(&mut client, "/a", "*/*");
    assert!(text.text().contains("Nothing was submitted"), "no .txt: the built-in one\n{}", text.text());
    assert_eq!(get(&mut client, "/other/a", "text/plain").text(), "route en ltr");
    let any = get(&mut client, "/other/a", "text/html");
    let id = any.field("x-request-id").expect("an id").to_owned();
    assert_eq!(any.text(), format!("any 502 shop.example {id}"));
}

#[test]
fn a_template_that_fails_gives_way_to_the_built_in_page_and_is_told() {
    let folder = folder(&[
        ("error.html", "before {{ nobody.knows.this }}"),
        ("error.txt", "{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}"),
    ]);
    let gate = gate(folder.path(), "templates = \"FOLDER\"", "");
    let mut client = gate.client();
    for (accept, file, why) in [("text/html", "error.html", "undefined"), ("text/plain", "error.txt", "fuel")] {
        let page = get(&mut client, "/a", accept);
        assert_eq!(page.status, 502);
        assert!(page.text().contains("Nothing was submitted"), "{}", page.text());
        let line = gate.program_line(|line| line.contains("template failed") && line.contains(file));
        assert!(line.contains(why) && line.contains(page.field("x-request-id").expect("an id")), "{line}");
    }
}

#[test]
fn a_bad_template_is_told_with_its_place_and_the_gateway_does_not_start() {
    let folder = folder(&[
        ("error.html", "<p>\n{{ title }}{% if %}\n"),
        ("good.html", "{{ titel }}"),
        ("second.html", ""),
        ("third.html", ""),
        ("page.php", ""),
    ]);
    let path = folder.path().display().to_string();
    let read = |errors: &str| {
        let text = format!(
            "[[listen]]\naddress = \"127.0.0.1:0\"\n[[route]]\nrespond = {{ status = 204 }}\n[errors]\n{}\n",
            errors.replace("FOLDER", &path)
        );
        config::parse(&text, &folder.path().join("gg.toml"), &|_| None)
    };
    let table: [(&str, (usize, usize), &str); 11] = [
        ("templates = \"FOLDER\"", (6, 13), "error.html:2:"),
        ("templates = \"FOLDER/none\"", (6, 13), "cannot be used: No such file"),
        ("templates = \"good.html\"", (6, 13), "is not a folder"),
        ("pages = { \"502\" = \"none.html\" }", (6, 19), "cannot be read: No such file"),
        ("pages = { \"502\" = \"error.html\" }", (6, 19), "error.html:2:"),
        ("pages = { \"502\" = \"page.php\" }", (6, 19), "does not end in .html"),
        ("pages = { \"502\" = [\"second.html\", \"third.html\"] }", (6, 35), "two files that end in .html"),
        ("pages = { \"200\" = \"builtin\" }", (6, 11), "no status that a page can be for"),
        ("pages = { conect-refused = \"builtin\" }", (6, 11), "did you mean `connect-refused`?"),
        ("pages = { \"502\" = 5 }", (6, 19), "the page for `502` must be a file"),
        ("intercept = [404]", (6, 14), "from 500 to 599"),
    ];
    for (errors, place, words) in table {
        let problems = read(errors).expect_err(errors);
        let problem = problems.iter().next().expect("a problem");
        assert_eq!((problem.line, problem.column), place, "{problems}");
        assert!(problems.to_string().contains(words), "{words} is not in:\n{problems}");
        assert_eq!(problems.len(), 1, "told once:\n{problems}");
    }
    let warnings = read("pages = { \"502\" = \"good.html\" }").expect("a warning only").warnings;
    assert!(warnings.to_string().contains("uses `titel`"), "{warnings}");
    let both = "pages = { \"502\" = \"good.html\", \"503\" = \"builtin\" }\nintercept = [502, 503]";
    assert_eq!(read(both).expect("good").settings.errors.intercept.len(), 2);
}

#[test]
fn the_looks_to_start_from_say_what_the_built_in_page_says() {
    for look in LOOKS {
        let folder = format!("{}/config/pages/{look}", env!("CARGO_MANIFEST_DIR"));
        let gate = gate(Path::new(&folder), "templates = \"FOLDER\"\ncontact = \"help@example.com\"", "");
        let mut client = gate.client();
        let page = get(&mut client, "/a", "text/html");
        let id = page.field("x-request-id").expect("an id").to_owned();
        let parts = ["<html lang=\"en\" dir=\"ltr\">", "<h1>", "Nothing was submitted", "mailto:help@example.com", &id];
        for part in parts {
            assert!(page.text().contains(part), "{look}: {part} is not in\n{}", page.text());
        }
        assert!(page.text().contains("font:1.0625rem"), "{look}: not the template");
        for nothing in ["<script", ">none<", "src=", "{%"] {
            assert!(
                page.text().starts_with("<!doctype html>") && !page.text().contains(nothing),
                "{look}: {nothing} in\n{}",
                page.text()
            );
        }
        let problem = get(&mut client, "/a", "application/json").json();
        assert_eq!((&problem["status"], &problem["delivered"]), (&502.into(), &"no".into()), "{problem}");
        assert!(problem["retry"]["safe"] == true && problem["detail"].as_str().is_some_and(|text| text.len() > 40));
        let text = get(&mut client, "/a", "text/plain");
        let id = text.field("x-request-id").expect("an id");
        assert!(text.text().contains("Nothing was submitted") && text.text().contains(id), "{}", text.text());
        assert!(text.text().lines().count() > 6, "{}", text.text());
    }
}

#[test]
fn an_empty_answer_to_head_gets_the_fields_of_the_page_and_one_of_unknown_length_none() {
    for (fields, is_page) in [("Content-Length: 0\r\n", true), ("Content-Length: 7\r\n", false), ("", false)] {
        let origin = Origin::answering(format!("HTTP/1.1 502 No\r\n{fields}\r\n"));
        let gate = intercepting(&origin);
        let mut client = gate.client();
        client.send("HEAD / HTTP/1.1\r\nHost: shop.example\r\nAccept: text/html\r\n\r\n");
        let answer = client.head_response();
        assert_eq!(answer.status, 502);
        assert_eq!(answer.field("content-type").is_some(), is_page, "{fields:?}: {answer:?}");
    }
}

/// A gateway before `origin` that answers in place of an empty 502 and 503.
fn intercepting(origin: &Origin) -> Gate {
    Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\nresponse_headers.set = {{ X-Edit = \"1\" }}\n[upstream.app]\nservers = [\"{}\"]\n\
         [errors]\nintercept = [502, 503]\n",
        origin.server()
    ))
}

#[test]
fn an_empty_error_of_the_application_gets_a_page_where_it_is_asked_for() {
    let answer = "HTTP/1.1 503 No\r\nContent-Length: 0\r\nSet-Cookie: secret=1\r\nRetry-After: 100\r\n\r\n";
    let origin = Origin::answering(answer);
    let gate = intercepting(&origin);
    let mut client = gate.client();
    let page = get(&mut client, "/empty", "text/html");
    assert_eq!(page.status, 503);
    assert!(page.text().contains("<h1>") && page.is_complete(), "{page:?}");
    assert_eq!((page.field("set-cookie"), page.field("x-edit")), (None, None));
    let after: u64 = page.field("retry-after").and_then(|text| text.parse().ok()).expect("the application's number");
    assert!((100..=200).contains(&after), "{after}");
    let status = page.field("proxy-status").expect("a member");
    assert!(status.contains("received-status=503") && status.contains("delivered=yes"), "{status}");
    assert!(!status.contains("error="), "{status}");
    let entry = gate.logged("/empty");
    assert_eq!((&entry["cause"], &entry["status"]), (&"upstream-answered-error".into(), &503.into()), "{entry}");
    assert_eq!((&entry["delivered"], &entry["upstream_status"]), (&"yes".into(), &503.into()), "{entry}");
    get(&mut client, "/again", "text/html");
    assert_eq!(origin.connections(), 1, "the upstream's connection is kept");
}

#[test]
fn whatever_else_the_application_answers_passes_untouched() {
    for answer in [
        "HTTP/1.1 502 No\r\nContent-Length: 3\r\n\r\nown",
        "HTTP/1.1 502 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nown\r\n0\r\n\r\n",
        "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ] {
        let origin = Origin::answering(answer);
        let page = get(&mut intercepting(&origin).client(), "/", "text/html");
        let own = if answer.contains("own") { "own" } else { "" };
        assert_eq!((page.text(), page.field("x-edit")), (own, Some("1")), "{answer}");
    }
}

#[test]
fn other_origins_may_read_an_error_where_they_may_read_the_answers() {
    let folder = folder(&[]);
    let set = "{ Access-Control-Allow-Origin = \"https://app.example\", Access-Control-Expose-Headers = \"X-Request-Id\", \
               X-Mine = \"1\" }";
    let gate = gate(folder.path(), "", &format!("response_headers.set = {set}"));
    let mut client = gate.client();
    let shared = get(&mut client, "/other/a", "application/json");
    assert_eq!(shared.status, 502);
    assert_eq!(shared.field("access-control-allow-origin"), Some("https://app.example"));
    assert_eq!(shared.field("access-control-expose-headers"), Some("X-Request-Id"));
    assert_eq!(shared.field("x-mine"), None, "only what a browser asks for");
    assert!(shared.fields.iter().any(|(name, value)| name == "vary" && value == "Origin"), "{shared:?}");
    let own = get(&mut client, "/a", "application/json");
    assert_eq!(own.field("access-control-allow-origin"), None);
    assert!(!own.fields.iter().any(|(name, value)| name == "vary" && value == "Origin"), "{own:?}");
}

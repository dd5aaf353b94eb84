//! The WordPress example as it stands, before a folder that looks like WordPress and an application that speaks FastCGI.
//! What a real WordPress relies on: its scripts are told the truth, its pages pass untouched, its secrets stay.

use std::fs;

use tempfile::TempDir;

use super::write;
use crate::support::{
    Gate, Origin,
    fastcgi::{answers, end, says, stdout},
};

const NOT_FOUND: &str = "Status: 404 Not Found\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n<h1>Nothing here</h1>";
const NO_DATABASE: &str = "Status: 500 Internal Server Error\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n\
                           <h1>Error establishing a database connection</h1>";

/// Beside `index.php` these are what a real folder has.
const FILES: [(&str, &str); 14] = [
    ("index.php", "<?php secret"),
    ("wp-login.php", "<?php secret"),
    ("wp-admin/index.php", "<?php secret"),
    ("wp-admin/admin-ajax.php", "<?php secret"),
    ("wp-config.php", "<?php secret"),
    ("wp-config.php~", "<?php secret"),
    (".htaccess", "secret"),
    (".env", "secret"),
    (".git/config", "secret"),
    ("wp-includes/style.css", "body {}"),
    ("wp-content/uploads/photo.png", "png"),
    ("wp-content/uploads/evil.php", "<?php secret"),
    ("wp-content/uploads/evil.phtml", "<?php secret"),
    ("wp-content/uploads/evil.jpg", "<?php secret"),
];

/// The example with its folder, its address and its upstream put in; everything else is as it is shipped.
fn blog(origin: &Origin) -> (Gate, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in FILES {
        write(&folder.path().join(path), text.as_bytes());
    }
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config/examples/wordpress.toml");
    let mut toml = fs::read_to_string(example).expect("there is the example");
    for (shipped, here) in [
        ("0.0.0.0:80", "127.0.0.1:0"),
        ("/var/www/wordpress", folder.path().to_str().expect("a plain path")),
        ("fastcgi+unix:/run/php/php8.2-fpm.sock", origin.server()),
        // As the comment says, where a proxy in front ends TLS.
        ("#[gateway]\n#trusted_proxies = [\"10.0.0.1\"]", "[gateway]\nworkers = 1\ntrusted_proxies = [\"127.0.0.1\"]"),
    ] {
        assert_eq!(toml.matches(shipped).count(), 1, "{shipped} in the example");
        toml = toml.replace(shipped, here);
    }
    (Gate::start(&toml), folder)
}

#[test]
fn scripts_of_a_blog_are_told_what_they_go_by() {
    let origin = Origin::fastcgi(answers("Content-Type: text/html\r\n\r\npage"));
    let (gate, _folder) = blog(&origin);
    let long = "x".repeat(200_000);
    let chunked = format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{long}\r\n0\r\n\r\n", long.len());
    let bearer = "Authorization: Basic YWRtaW46eA==\r\n\r\n";
    for (line, rest, name, value) in [
        ("GET /a-post/", "\r\n", "SCRIPT_NAME", "/index.php"),
        ("GET /a-post/", "\r\n", "REQUEST_URI", "/a-post/"),
        ("GET /?p=1", "\r\n", "QUERY_STRING", "p=1"),
        ("GET /wp-admin/", "\r\n", "SCRIPT_NAME", "/wp-admin/index.php"),
        ("POST /wp-admin/admin-ajax.php", &chunked, "CONTENT_LENGTH", "200000"),
        ("GET /wp-json/wp/v2/users/me", bearer, "HTTP_AUTHORIZATION", "Basic YWRtaW46eA=="),
        ("GET /wp-login.php", "X-Forwarded-Proto: https\r\n\r\n", "HTTPS", "on"),
        // By these five letters WordPress knows that it may leave index.php out of its addresses.
        ("GET /wp-admin/", "\r\n", "SERVER_SOFTWARE", "goodgate (nginx compatible)"),
        // With its port, since WordPress compares it with its own address.
        ("GET /", "\r\n", "HTTP_HOST", "blog.example:8080"),
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: blog.example:8080\r\n{rest}");
        let response = gate.client().send(request).response();
        assert_eq!((response.status, response.text()), (200, "page"), "{line}: {response:?}");
        let told = origin.requests().pop().expect("the script has just answered");
        assert_eq!(told.param(name), Some(value), "{line}: {}", told.head);
        if line.starts_with("POST") {
            assert_eq!(told.body.len(), long.len());
        }
    }
}

#[test]
fn the_pages_of_a_blog_pass_untouched() {
    let whole = |answer| says(&[stdout(answer), end(0, 0)]);
    let origin = Origin::fastcgi_scripts(vec![whole(NOT_FOUND), whole(NO_DATABASE)]);
    let (gate, _folder) = blog(&origin);
    for (path, status, answer) in [("/no-such-page/", 404, NOT_FOUND), ("/", 500, NO_DATABASE)] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n");
        let response = gate.client().send(request).response();
        let body = answer.rsplit("\r\n").next().expect("it has a body");
        assert_eq!((response.status, response.text()), (status, body), "{path}: {response:?}");
        assert_eq!(response.field("content-type"), Some("text/html; charset=UTF-8"), "{response:?}");
    }
}

#[test]
fn the_secrets_of_a_blog_stay() {
    let origin = Origin::fastcgi(answers("Content-Type: text/html\r\n\r\npage"));
    let (gate, _folder) = blog(&origin);
    for path in [
        "/.htaccess",
        "/.env",
        "/.git/config",
        "/.git/",
        "/wp-config.php~",
        "/wp-content/uploads/evil.php",
        "/wp-content/uploads/evil.php/x",
        "/wp-content/uploads/evil.phtml",
    ] {
        let response = gate.client().get(path);
        assert_eq!(response.status, 403, "{path}: {response:?}");
        assert!(!response.text().contains("secret"), "{path}: {response:?}");
        assert_eq!(gate.client().get(path).json()["cause"], "your-request", "{path}");
    }
    // A picture that holds a script is a picture, whatever is written behind its name.
    for path in ["/wp-content/uploads/evil.jpg/x.php", "/wp-content/uploads/evil.jpg/.php"] {
        let told = gate.client().get(path);
        let script = origin.requests().pop().and_then(|told| told.param("SCRIPT_NAME").map(str::to_owned));
        assert!(told.status == 403 || script.as_deref() == Some("/index.php"), "{path}: {told:?} {script:?}");
    }
    let before = origin.requests().len();
    let picture = gate.client().get("/wp-content/uploads/evil.jpg");
    assert_eq!((picture.status, picture.field("content-type")), (200, Some("image/jpeg")), "{picture:?}");
    for (path, kind) in
        [("/wp-includes/style.css", "text/css; charset=utf-8"), ("/wp-content/uploads/photo.png", "image/png")]
    {
        let file = gate.client().get(path);
        assert_eq!((file.status, file.field("content-type")), (200, Some(kind)), "{path}: {file:?}");
    }
    let folder = gate.client().get("/wp-admin?page=2");
    assert_eq!((folder.status, folder.field("location")), (301, Some("/wp-admin/?page=2")), "{folder:?}");
    assert_eq!(origin.requests().len(), before, "files and folders are not PHP's business");
}

//! Which file answers which path, and what is refused.

use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, net::UnixListener},
};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::{Site, refused, write};
use crate::support::{End, Origin, client::post, fastcgi::answers};

#[test]
fn a_path_is_answered_by_its_file() {
    let site = Site::new("");
    site.file("index.html", "start").file("a b.txt", "space").file("фото.txt", "photo").file("docs/index.html", "docs");
    site.file(".well-known/acme", "token").file("100%.txt", "percent").file("a+b;c=1.txt", "signs");
    for (path, body) in [
        ("/", "start"),
        ("/index.html", "start"),
        ("/?a=b", "start"),
        ("/a%20b.txt", "space"),
        ("/%D1%84%D0%BE%D1%82%D0%BE.txt", "photo"),
        ("/docs/", "docs"),
        ("/docs/../docs/./index.html", "docs"),
        ("//docs//index.html", "docs"),
        ("/.well-known/acme", "token"),
        ("/%2Ewell-known/acme", "token"),
        ("/100%25.txt", "percent"),
        ("/a+b;c=1.txt", "signs"),
    ] {
        let response = site.get(path);
        assert_eq!((response.status, response.text()), (200, body), "{path}: {response:?}");
    }
}

#[test]
fn what_is_not_there_is_answered_with_the_gateways_page() {
    let site = Site::new("");
    site.file("index.html", "start").file("empty/a.txt", "a");
    for path in ["/missing", "/index.html/", "/index.html/x", "/missing/", "/a.php", "/%FF"] {
        assert_eq!(refused(&site, path), (404, "site-not-found".to_owned()), "{path}");
    }
    let response = site.get("/missing.html");
    let problem = response.json();
    assert_eq!(problem["cause"], "not-found", "{problem}");
    assert_eq!(response.field("x-request-id"), problem["request_id"].as_str(), "{response:?}");
    let html = site.get_with("/missing.css", "Accept: text/html\r\nAccept-Language: ru\r\n");
    assert_eq!((html.status, html.field("content-language")), (404, Some("ru")), "{html:?}");
    let long = format!("/{}", "a".repeat(300));
    assert_eq!(site.get(&long).status, 404, "a name longer than the system has");
    assert_eq!(refused(&site, "/empty/"), (403, "site-refused".to_owned()), "folders are not listed");
    assert_eq!(refused(&site, "/empty"), (403, "site-refused".to_owned()), "folders are not listed");
}

#[test]
fn a_folder_without_its_slash_is_a_redirect_that_keeps_the_query() {
    let site = Site::new("");
    site.file("docs/index.html", "docs").file("a b/index.html", "space");
    for (path, location) in
        [("/docs", "/docs/"), ("/docs?a=b&c=%2F", "/docs/?a=b&c=%2F"), ("/a%20b?", "/a%20b/?"), ("//docs", "/docs/")]
    {
        let response = site.get(path);
        assert_eq!((response.status, response.field("location")), (301, Some(location)), "{response:?}");
    }
    let posted = site.gate.client().post("/docs", "x");
    assert_eq!((posted.status, posted.field("location")), (308, Some("/docs/")), "{posted:?}");
}

#[test]
fn what_is_not_for_visitors_is_refused() {
    let site = Site::new("");
    site.file(".env", "secret").file(".git/config", "secret").file("a/.htaccess", "secret").file(".missing/x", "");
    site.file("x.php", "<?php").file("x.phtml", "<?php").file("wp-config.php~", "<?php").file("x.PHP", "<?php");
    for path in [
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/.git/",
        "/a/.htaccess",
        "/.htpasswd",
        "/x.php",
        "/x.phtml",
        "/wp-config.php~",
        "/x.PHP",
    ] {
        let response = site.get(path);
        assert_eq!(response.status, 403, "{path}: {response:?}");
        assert!(!response.text().contains("secret") && !response.text().contains("<?php"), "{path}");
    }
    for path in ["/x.txt%00.php", "/a%0ab", "/a%2f.env", "/a%5c.env", "/../x"] {
        let response = site.get(path);
        assert_eq!((response.status, &response.json()["cause"]), (400, &"your-request".into()), "{path}: {response:?}");
    }
}

#[test]
fn hidden_files_can_be_published() {
    let site = Site::new("hidden = true");
    site.file(".config/a.txt", "shown");
    assert_eq!(site.get("/.config/a.txt").text(), "shown");
}

#[test]
fn files_can_only_be_read() {
    let site = Site::new("");
    site.file("a.txt", "a");
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
        let mut client = site.gate.client();
        let response =
            client.send(format!("{method} /a.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")).response();
        assert_eq!((response.status, response.field("allow")), (405, Some("GET, HEAD")), "{method}: {response:?}");
        assert!(client.is_usable("/a.txt"), "{method}");
    }
    let mut client = site.gate.client();
    assert_eq!(client.send(post("/a.txt", "body")).response().status, 405);
    let star = site.gate.client().send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").response();
    assert_eq!(star.status, 405, "{star:?}");
}

#[test]
fn links_that_leave_the_folder_are_followed_only_where_that_is_said() {
    let make = |keys: &str| {
        let site = Site::new(keys);
        site.file("real/a.txt", "inside").link("relative", "real/a.txt").link("loop", "loop");
        site.link("absolute", site.root().join("real/a.txt")).link("folder", "real");
        write(&site.folder.path().join("out/secret.txt"), b"outside");
        site.link("up", "../out/secret.txt").link("out", site.folder.path().join("out")).link("etc", "/etc/passwd");
        // A neighbour whose name begins as the root's.
        write(&site.folder.path().join("www-old/secret.txt"), b"outside");
        site.link("neighbour", site.folder.path().join("www-old/secret.txt"));
        site
    };
    let (inside, all, off) = (make(""), make("symlinks = \"all\""), make("symlinks = \"off\""));
    for (path, by_inside, by_all, by_off) in [
        ("/real/a.txt", 200, 200, 200),
        ("/relative", 200, 200, 403),
        ("/absolute", 200, 200, 403),
        ("/folder/a.txt", 200, 200, 403),
        ("/up", 403, 200, 403),
        ("/out/secret.txt", 403, 200, 403),
        ("/etc", 403, 200, 403),
        ("/neighbour", 403, 200, 403),
        ("/loop", 403, 403, 403),
    ] {
        for (site, expected, name) in [(&inside, by_inside, "inside"), (&all, by_all, "all"), (&off, by_off, "off")] {
            assert_eq!(site.get(path).status, expected, "{path} with symlinks = {name}");
        }
    }
}

#[test]
fn pipes_sockets_and_devices_are_never_waited_for() {
    let site = Site::new("");
    mknodat(CWD, site.root().join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o644), 0).expect("a new pipe");
    let _socket = UnixListener::bind(site.root().join("socket")).expect("a new socket");
    for path in ["/pipe", "/socket"] {
        assert_eq!(refused(&site, path), (403, "site-refused".to_owned()), "{path}");
    }
}

#[test]
fn a_file_that_the_gateway_may_not_read_is_explained() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let under = crate::support::gate::Under { user: Some(65_534), ..Default::default() };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let set = |path: &str, mode| {
        fs::set_permissions(folder.path().join(path), Permissions::from_mode(mode)).expect("our own file");
    };
    for file in ["a.txt", "closed/b.txt", "unlisted/index.html"] {
        write(&folder.path().join(file), b"text");
    }
    for (path, mode) in [("", 0o755), ("a.txt", 0o600), ("closed", 0o700), ("unlisted", 0o711)] {
        set(path, mode);
    }
    let root = folder.path().display();
    let toml = format!("[log]\nformat = \"json\"\naccess = \"off\"\n[[route]]\nsite.root = \"{root}\"\n");
    let gate = crate::support::Gate::start_under(under, &toml);
    for (path, evidence, next) in [
        (
            "/a.txt",
            format!("{root}/a.txt is root:root 0600 and does not admit user nobody"),
            format!("o+r {root}/a.txt`"),
        ),
        (
            "/closed/b.txt",
            format!("b.txt cannot be reached: {root}/closed is root:root 0700"),
            format!("o+x {root}/closed`"),
        ),
    ] {
        let response = gate.client().get(path);
        assert_eq!(response.status, 403, "{path}: {response:?}");
        assert!(!response.text().contains("root"), "the page names no owner: {response:?}");
        let line = gate.program_line(|line| line.contains("site-unreadable") && line.contains(&evidence));
        assert!(line.contains("\"WARN\"") && line.contains(&next), "{line}");
    }
    assert_eq!(gate.client().get("/unlisted/").text(), "text", "what may be entered need not be listed");
    assert_eq!(gate.client().get("/unlisted").field("location"), Some("/unlisted/"));
}

#[test]
fn a_file_shorter_than_the_system_says_is_a_failure_before_the_head() {
    // A file of the kernel is said to have a page, and ends earlier.
    let lengths = "/sys/devices/virtual/net/lo";
    if !std::path::Path::new(lengths).join("mtu").exists() {
        return;
    }
    let gate = crate::support::Gate::start(&format!("[[route]]\nsite.root = \"{lengths}\"\n"));
    let response = gate.client().get("/mtu");
    assert_eq!((response.status, &response.json()["cause"]), (500, &"gateway".into()), "{response:?}");
    assert_eq!(gate.logged("/mtu")["cause"], "site-file-broken");
}

#[test]
fn a_folder_that_is_replaced_is_seen_at_once() {
    let site = Site::new("");
    let releases = site.folder.path();
    fs::remove_dir(site.root()).expect("it is empty");
    assert_eq!(refused(&site, "/v.txt"), (500, "site-root-missing".to_owned()));
    for version in ["1", "2"] {
        write(&releases.join(version).join("v.txt"), version.as_bytes());
        std::os::unix::fs::symlink(version, releases.join("next")).expect("a new link");
        fs::rename(releases.join("next"), site.root()).expect("a link can be replaced");
        assert_eq!(site.get("/v.txt").text(), version);
    }
}

#[test]
fn large_files_arrive_whole_and_only_as_long_as_they_were() {
    let site = Site::new("");
    let bytes: Vec<u8> = (0..3_000_017_u32).map(|at| at.to_le_bytes()[usize::from(at % 7 == 0)]).collect();
    for (name, length) in [("a", 65_536), ("b", 65_537), ("c", 131_072), ("d", 3_000_017)] {
        site.file(name, &bytes[..length]);
        let response = site.get(&format!("/{name}"));
        assert_eq!(response.field("content-length"), Some(&*length.to_string()), "{name}");
        assert!(response.body == bytes[..length], "{name}");
        assert!(response.is_complete(), "{name}");
    }
    assert_eq!(site.gate.logged("/d")["bytes_out"], 3_000_017);
}

#[test]
fn a_file_that_changes_under_the_answer_never_looks_whole() {
    let site = Site::new("");
    // More than the buffers between a gateway and a client that reads nothing.
    let length = 64 << 20;
    for name in ["shrinks", "grows"] {
        fs::File::create(site.root().join(name)).and_then(|file| file.set_len(length)).expect("a sparse file");
        let mut client = site.gate.client();
        client.send(format!("GET /{name} HTTP/1.1\r\nHost: a\r\n\r\n")).read_until(b"\r\n\r\n");
        let file = fs::File::options().write(true).open(site.root().join(name)).expect("our own file");
        if name == "shrinks" {
            file.set_len(1000).expect("a shorter file");
            // What was read before it shrank may still come, and then no more.
            while matches!(client.more(crate::support::PATIENCE), crate::support::client::Got::Bytes) {}
            let entry = site.gate.logged("/shrinks");
            assert_eq!(entry["cause"], "site-file-broken", "{entry}");
            assert!(entry["bytes_out"].as_u64().is_some_and(|sent| sent < length), "{entry}");
        } else {
            file.set_len(length + 1000).expect("a longer file");
            let response = client.send("").response();
            assert_eq!(response.end, End::Complete);
            assert_eq!(response.body.len() as u64, length);
        }
    }
}

#[test]
fn scripts_go_on_to_the_upstream_and_files_do_not() {
    let origin = Origin::fastcgi(answers("Content-Type: text/plain\r\n\r\nscript"));
    let site = Site::with_scripts("never_execute = [\"/uploads/\"]", &origin);
    site.file("index.php", "<?php").file("x.php", "<?php").file("style.css", "file").file("docs/index.html", "file");
    site.file("uploads/evil.php", "<?php").file("uploads/evil.jpg", "file").file("admin/index.php", "<?php");
    for (path, body) in [
        ("/", "script"),
        ("/x.php", "script"),
        ("/x.php/info", "script"),
        ("/a/permalink/?p=1", "script"),
        ("/uploads/evil.jpg/x.php", "script"),
        ("/missing.php", "script"),
        ("/admin/", "script"),
        ("/style.css", "file"),
        ("/docs/", "file"),
        ("/uploads/evil.jpg", "file"),
    ] {
        let response = site.get(path);
        assert_eq!((response.status, response.text()), (200, body), "{path}: {response:?}");
        assert_eq!(response.field("via").is_some(), body == "script", "{path}: files come from here: {response:?}");
        assert_eq!(site.gate.logged(path)["upstream"].is_null(), body == "file", "{path}");
    }
    assert_eq!(site.gate.client().post("/a/permalink/", "x").text(), "script", "scripts take every method");
    assert_eq!(site.gate.client().post("/style.css", "x").status, 405);
    assert_eq!(site.get("/admin").field("location"), Some("/admin/"));
    for path in ["/uploads/evil.php", "/uploads/evil.php/x"] {
        assert_eq!(refused(&site, path), (403, "site-refused".to_owned()), "{path}");
    }
    fs::rename(site.root(), site.folder.path().join("away")).expect("our own folder");
    assert_eq!(site.get("/x.php").text(), "script", "where the folder is not seen, names decide");
    assert_eq!(site.get("/.env").status, 403);
}

#[test]
fn a_script_is_told_which_path_led_to_it() {
    let origin = Origin::fastcgi(answers("Content-Type: text/plain\r\n\r\nscript"));
    let site = Site::with_scripts("", &origin);
    site.file("index.php", "<?php").file("a b.php", "<?php").file("admin/index.php", "<?php");
    let root = site.root().display().to_string();
    for (path, script, path_info) in [
        ("/", "/index.php", None),
        ("/a%20b.php/in%66o?q=1", "/a b.php", Some("/info")),
        ("/admin/?page=2", "/admin/index.php", None),
        ("/2026/a-post/?p=%31", "/index.php", None),
    ] {
        assert_eq!(site.get(path).text(), "script", "{path}");
        let told = origin.requests().pop().expect("the script has just answered");
        assert_eq!(told.param("SCRIPT_NAME"), Some(script), "{path}");
        assert_eq!(told.param("SCRIPT_FILENAME"), Some(&*format!("{root}{script}")), "{path}");
        assert_eq!(told.param("DOCUMENT_ROOT"), Some(&*root), "{path}");
        assert_eq!(told.param("PATH_INFO").filter(|info| !info.is_empty()), path_info, "{path}");
        // The path that was matched, with the query as it came.
        assert_eq!(told.param("REQUEST_URI"), Some(&*path.replace("%66", "f")), "{path}");
    }
}

//! The fields of files: conditions, ranges, codings, types, and what the route adds.

use super::{CHANGED, Site};

const ETAG: &str = "\"3b9aca00.0-a\"";

fn ten() -> Site {
    let site = Site::new("");
    site.file("ten.txt", "0123456789").file("empty", "");
    site
}

#[test]
fn a_file_says_what_it_is_and_when_it_changed() {
    let response = ten().get("/ten.txt");
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-length", "10"),
        ("last-modified", CHANGED),
        ("etag", ETAG),
        ("accept-ranges", "bytes"),
        ("server", "goodgate"),
    ] {
        assert_eq!(response.field(name), Some(value), "{response:?}");
    }
    for name in ["via", "vary", "content-encoding", "cache-control", "proxy-status"] {
        assert_eq!(response.field(name), None, "{response:?}");
    }
    assert!(response.field("date").is_some() && response.field("x-request-id").is_some(), "{response:?}");
}

#[test]
fn conditions_save_the_body() {
    let site = ten();
    for (fields, status) in [
        (format!("If-None-Match: {ETAG}\r\n"), 304),
        (format!("If-None-Match: W/{ETAG}\r\n"), 304),
        (format!("If-None-Match: \"x\"\r\nIf-None-Match: {ETAG}\r\n"), 304),
        ("If-None-Match: \"x\"\r\n".to_owned(), 200),
        (format!("If-Modified-Since: {CHANGED}\r\n"), 304),
        ("If-Modified-Since: Sun, 09 Sep 2001 01:46:39 GMT\r\n".to_owned(), 200),
        ("If-Match: \"x\"\r\n".to_owned(), 412),
        (format!("If-Unmodified-Since: {CHANGED}\r\n"), 200),
    ] {
        let mut client = site.gate.client();
        let request = format!("GET /ten.txt HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        let response = client.send(request).response();
        assert_eq!(response.status, status, "{fields}: {response:?}");
        assert_eq!(response.body.len(), if status == 200 { 10 } else { 0 }, "{fields}: {response:?}");
        if status == 304 {
            assert_eq!((response.field("etag"), response.field("last-modified")), (Some(ETAG), Some(CHANGED)));
        }
        assert!(client.is_usable("/ten.txt"), "{fields}");
    }
}

#[test]
fn a_range_gets_its_part() {
    let site = ten();
    for (range, status, body, content_range) in [
        ("bytes=0-0", 206, "0", Some("bytes 0-0/10")),
        ("bytes=3-5", 206, "345", Some("bytes 3-5/10")),
        ("bytes=7-", 206, "789", Some("bytes 7-9/10")),
        ("bytes=7-99", 206, "789", Some("bytes 7-9/10")),
        ("bytes=-2", 206, "89", Some("bytes 8-9/10")),
        ("bytes=-99", 206, "0123456789", Some("bytes 0-9/10")),
        ("bytes=10-", 416, "", Some("bytes */10")),
        ("bytes=0-1,4-5", 200, "0123456789", None),
        ("lines=1-2", 200, "0123456789", None),
        ("bytes=5-3", 200, "0123456789", None),
    ] {
        let response = site.get_with("/ten.txt", &format!("Range: {range}\r\n"));
        assert_eq!((response.status, response.text()), (status, body), "{range}: {response:?}");
        assert_eq!(response.field("content-range"), content_range, "{range}: {response:?}");
        assert!(response.is_complete(), "{range}");
    }
    let newer = site.get_with("/ten.txt", "Range: bytes=0-0\r\nIf-Range: \"old\"\r\n");
    assert_eq!((newer.status, newer.text()), (200, "0123456789"), "a part of another version is of no use");
    let same = site.get_with("/ten.txt", &format!("Range: bytes=0-0\r\nIf-Range: {ETAG}\r\n"));
    assert_eq!((same.status, same.text()), (206, "0"));
    assert_eq!(site.get_with("/empty", "Range: bytes=0-\r\n").status, 416);
}

#[test]
fn a_range_of_a_large_file_is_streamed_too() {
    let site = Site::new("");
    let bytes: Vec<u8> = (0..1_000_003_u32).map(|at| at.to_be_bytes()[3]).collect();
    site.file("large.bin", &bytes);
    let response = site.get_with("/large.bin", "Range: bytes=100001-900000\r\n");
    assert_eq!((response.status, response.field("content-length")), (206, Some("800000")));
    assert!(response.body == bytes[100_001..=900_000]);
}

#[test]
fn head_says_the_same_without_the_body() {
    let site = ten();
    for path in ["/ten.txt", "/empty", "/missing"] {
        let mut client = site.gate.client();
        let head = client.send(format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n")).head_response();
        let get = client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).response();
        assert_eq!(head.status, get.status);
        assert_eq!(head.field("etag"), get.field("etag"), "{head:?}");
        if path != "/missing" {
            assert_eq!(head.field("content-length"), get.field("content-length"), "{head:?}");
        }
        assert!(head.body.is_empty());
    }
    let ranged =
        site.gate.client().send("HEAD /ten.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n\r\n").head_response();
    assert_eq!((ranged.status, ranged.field("content-length")), (200, Some("10")), "{ranged:?}");
}

#[test]
fn types_follow_the_ending() {
    let site = Site::new("");
    for (name, kind) in [
        ("a.html", "text/html; charset=utf-8"),
        ("a.HTML", "text/html; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.svg", "image/svg+xml"),
        ("a.png", "image/png"),
        ("a.woff2", "font/woff2"),
        ("a.wasm", "application/wasm"),
        ("a.tar.gz", "application/gzip"),
        ("a.unheard-of", "application/octet-stream"),
        ("LICENSE", "application/octet-stream"),
    ] {
        site.file(name, "x");
        let response = site.get(&format!("/{name}"));
        assert_eq!(response.field("content-type"), Some(kind), "{name}");
    }
    let site = Site::new("charset = \"off\"");
    site.file("a.html", "x");
    assert_eq!(site.get("/a.html").field("content-type"), Some("text/html"));
}

#[test]
fn compressed_files_go_to_those_who_take_them() {
    let site = Site::new("precompressed = true");
    site.file("a.css", "plain").file("a.css.gz", "gzip").file("a.css.br", "brotli").file("b.css", "plain");
    site.file("c.php", "<?php").file("c.php.gz", "<?php");
    for (path, accepts, coding, body) in [
        ("/a.css", "", None, "plain"),
        ("/a.css", "Accept-Encoding: gzip, br\r\n", Some("br"), "brotli"),
        ("/a.css", "Accept-Encoding: gzip, br;q=0.1\r\n", Some("gzip"), "gzip"),
        ("/a.css", "Accept-Encoding: zstd, gzip\r\n", Some("gzip"), "gzip"),
        ("/a.css", "Accept-Encoding: gzip;q=0\r\n", None, "plain"),
        ("/b.css", "Accept-Encoding: gzip, br\r\n", None, "plain"),
    ] {
        let response = site.get_with(path, accepts);
        assert_eq!((response.status, response.text()), (200, body), "{path} {accepts}");
        assert_eq!(response.field("content-encoding"), coding, "{path} {accepts}");
        assert_eq!(response.field("vary"), Some("Accept-Encoding"), "{path} {accepts}");
        assert_eq!(response.field("content-type"), Some("text/css; charset=utf-8"), "{path} {accepts}");
    }
    let tag = |accepts| site.get_with("/a.css", accepts).field("etag").map(str::to_owned);
    assert_ne!(tag("Accept-Encoding: gzip\r\n"), tag("Accept-Encoding: br\r\n"), "each coding has a tag of its own");
    assert_eq!(site.get_with("/c.php", "Accept-Encoding: gzip\r\n").status, 403);
}

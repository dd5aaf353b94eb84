//! What is said of `fallback` and `stale_if_error`.

use super::{SMALLEST, good, messages::refused};

#[test]
fn stand_ins_are_checked() {
    let table: &[(&str, &str, &[&str])] = &[
        ("servers = [\"http://a\"]\nfallback = \"ap\"", "7:12", &["no upstream `ap`", "did you mean \"app\"?"]),
        ("servers = [\"http://a\"]\nfallback = \"app\"", "7:12", &["cannot stand in for itself", "down.html"]),
        ("servers = [\"http://a\"]\nfallback = true", "7:12", &["the NAME of another", "down.html"]),
        ("servers = [\"http://a\"]\nfallback = \"\"", "7:12", &["an empty string"]),
        ("servers = [\"http://a\"]\nfallback = {}", "7:12", &["needs `page`", "page = \"down.html\""]),
        (
            "servers = [\"http://a\"]\nfallback = { page = \"down.html\" }",
            "7:21",
            &["`/etc/gg/down.html` cannot be used", "No such file", "relative paths"],
        ),
        ("servers = [\"http://a\"]\nfallback = { page = \"/dev/null\" }", "7:21", &["it is empty"]),
        ("servers = [\"http://a\"]\nfallback = { page = \"/etc/passwd\", status = 304 }", "7:21", &["has no page"]),
        ("servers = [\"http://a\"]\nstale_if_error = true", "7:18", &["a table, `[upstream.NAME.stale_if_error]`"]),
        ("servers = [\"http://a\"]\nstale_if_error.size = \"1KiB\"", "7:23", &["at least 64KiB", "too small"]),
        ("servers = [\"http://a\"]\nstale_if_error.for = \"0s\"", "7:22", &["over at once"]),
    ];
    for (upstream, place, parts) in table {
        refused(&SMALLEST.replace("servers = [\"http://127.0.0.1:3000\"]", upstream), &[(place, parts)]);
    }
}

#[test]
fn fallbacks_must_come_to_an_end() {
    let file = |fallbacks: &[(&str, &str)]| {
        fallbacks.iter().fold(SMALLEST.replace("servers", "fallback = \"a\"\nservers"), |text, (name, fallback)| {
            format!("{text}[upstream.{name}]\nservers = [\"http://{name}\"]\n{fallback}\n")
        })
    };
    assert!(good(&file(&[("a", "fallback = \"b\""), ("b", "")])).warnings.is_empty(), "each of them is used");
    let circle: &[&str] = &["in a circle", "`a` → `b` → `a`", "down.html"];
    refused(&file(&[("a", "fallback = \"b\""), ("b", "fallback = \"a\"")]), &[("10:12", circle)]);
    let whole: &[&str] = &["in a circle", "`app` → `a` → `app`"];
    refused(&file(&[("a", "fallback = \"app\"")]), &[("6:12", whole)]);
    refused(&file(&[("a", "fallback = \"c\""), ("b", "")]), &[("10:12", &["no upstream `c`"])]);
    let scripts = "[upstream.a]\nservers = [\"fastcgi://a\"]\n";
    let text = format!("{}{scripts}", file(&[]));
    refused(&text, &[("6:12", &["has no `root`", "[upstream.a.fastcgi]"])]);
    good(&format!("{text}fastcgi = {{ root = \"/a\" }}\n"));
    let text = text.replace("http://127.0.0.1:3000\"]", "fastcgi://b\"]\nfastcgi = { root = \"/b\" }");
    refused(&format!("{text}fastcgi = {{ root = \"/a\" }}\n"), &[("6:12", &["another folder", "same `root`"])]);
    good(&format!("{text}fastcgi = {{ root = \"/b\" }}\n"));
}

#[test]
fn copies_must_leave_memory_for_the_rest() {
    let file = |memory: &str, sizes: &[&str]| {
        let first = format!("limits.memory = \"{memory}\"\n{SMALLEST}");
        sizes.iter().enumerate().fold(first, |text, (at, size)| {
            format!("{text}[upstream.a{at}]\nservers = [\"http://a{at}\"]\nstale_if_error = {size}\n")
        })
    };
    let words: &[&str] =
        &["may take 64MiB", "too little beside them: 127MiB", "raise it to 128MiB", "together be 65024KiB"];
    refused(&file("127MiB", &["{}"]), &[("1:8", words)]);
    good(&file("128MiB", &["{}"]));
    let both: &[&str] = &["may take 80MiB", "raise it to 160MiB", "be 64MiB at most"];
    refused(&file("128MiB", &["{}", "{ size = \"16MiB\" }"]), &[("1:8", both)]);
    good(&file("128MiB", &["{ size = \"32MiB\" }", "{ size = \"32MiB\" }"]));
    refused(&file("128MiB", &["{ size = \"4000000TiB\" }", "{ size = \"4000000TiB\" }"]), &[("1:8", &["may take"])]);
}

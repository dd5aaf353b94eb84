//! Whoever does what a hint says is not refused again, and what could never work is said before the start.

use super::{SMALLEST, good, messages::refused, parse};

const SERVERS: &str = "servers = [\"http://127.0.0.1:3000\"]";
const ACTION: &str = "upstream = \"app\"";
const ADDRESS: &str = "\"0.0.0.0:8080\"";

/// What stands in the smallest file, what a user writes there, and what the hint tells him to write.
#[test]
fn what_a_hint_says_is_taken() {
    let rows = [
        (SERVERS, "servers = [\"http://::1:3000\"]", "http://[::1]:3000"),
        (SERVERS, "servers = [\"http://1:2:3:4:5:6:7:8:3000\"]", "http://[1:2:3:4:5:6:7:8]:3000"),
        (SERVERS, "servers = [\"http://2001:db8::1\"]", "http://[2001:db8::1]:80"),
        (SERVERS, "servers = [\"fastcgi://::1\"]", "fastcgi://[::1]:9000"),
        (SERVERS, "servers = [3000]", "http://127.0.0.1:3000"),
        (ADDRESS, "80", "0.0.0.0:80"),
        (ADDRESS, "\"::1:80\"", "[::1]:80"),
        (ADDRESS, "\"::\"", "[::]:8080"),
    ];
    for (stood, written, wanted) in rows {
        let problems = parse(&SMALLEST.replace(stood, written)).expect_err(written);
        let hint = problems.iter().find_map(|problem| problem.hint.clone()).expect(written);
        assert!(hint.contains(&format!("\"{wanted}\"")), "{written}: {hint}");
        let advised = if stood == ADDRESS { format!("\"{wanted}\"") } else { format!("servers = [\"{wanted}\"]") };
        let root = if wanted.starts_with("fastcgi") { "fastcgi.root = \"/a\"\n" } else { "" };
        good(&format!("{}{root}", SMALLEST.replace(stood, &advised)));
    }
}

#[test]
fn a_site_without_its_php_is_told_to_add_a_server_that_speaks_fastcgi() {
    let site = "site = { root = \"/tmp\", php = \"fpm\" }";
    let wanted: &[&str] = &["`[upstream.fpm]`", "servers = [\"fastcgi+unix:"];
    refused(&format!("[[listen]]\naddress = \"[::]:80\"\n[[route]]\n{site}\n"), &[("4:31", wanted)]);
    refused(&format!("{SMALLEST}[[route]]\npath = \"/a\"\n{site}\n"), &[("9:31", wanted)]);
    let with_php = "[upstream.php]\nservers = [\"fastcgi://a\"]\n";
    refused(&format!("{SMALLEST}[[route]]\npath = \"/a\"\n{site}\n{with_php}"), &[("9:31", &["there is \"php\""])]);
}

#[test]
fn a_text_that_has_no_end_is_told_where_it_ends() {
    let open = SMALLEST.replace(SERVERS, "servers = [\"http://127.0.0.1:3000]");
    refused(&open, &[("6:35", &["has no end on this line", "write \"http://127.0.0.1:3000\""])]);
    let open = format!("{SMALLEST}hold = \"5s\n");
    refused(&open, &[("7:11", &["has no end on this line", "write \"5s\""])]);
    refused(&format!("errors.contact = it's me\n{SMALLEST}"), &[("1:18", &["errors.contact = \"it's me\""])]);
}

#[test]
fn a_value_of_another_kind_is_told_what_to_write() {
    let table: &[(&str, &str, &[&str])] = &[
        ("stale_if_error = true", "7:18", &["write `{}`"]),
        ("timeouts = true", "7:12", &["write `{}`"]),
        ("timeouts = false", "7:12", &["remove it"]),
        ("health = { passive = false }", "7:22", &["write \"off\""]),
        ("health = { active = true }", "7:21", &["write `{}`"]),
        ("hold = \"-5s\"", "7:8", &["negative"]),
        ("hold = \"\"", "7:8", &["empty string"]),
        ("hold = \"10M\"", "7:8", &["`M` is no unit", "write \"10m\""]),
        ("hold = \"2w\"", "7:8", &["write \"14d\""]),
        ("hold = \"1us\"", "7:8", &["the shortest"]),
        ("hold = \"1.5s\"", "7:8", &["fraction", "\"1s 500ms\""]),
        ("hold = \"1h 30\"", "7:8", &["without a unit", "\"30s\""]),
        ("hold_body = \"10M\"", "7:13", &["two sizes", "\"10MiB\"", "\"10MB\""]),
        ("hold_body = \"10k\"", "7:13", &["\"10KiB\"", "\"10KB\""]),
        ("hold_body = \"-1KB\"", "7:13", &["negative"]),
        ("hold_body = \"\"", "7:13", &["empty string"]),
        ("dns.servers = [\"ns\"]", "7:16", &["a name server must be"]),
        ("[log]\naccess = false", "8:10", &["write \"off\""]),
        ("[log]\naccess.path = \"/\"", "8:15", &["this is a folder", "\"/access.log\""]),
        ("[gateway]\ntrusted_proxies = [\"all\"]", "8:20", &["a network must be"]),
        ("[errors]\npages = { \"5x\" = \"builtin\" }", "8:11", &["did you mean `5xx`", "400 to 599"]),
        ("[errors]\npages = { \"5XX\" = \"builtin\" }", "8:11", &["did you mean `5xx`"]),
        ("[errors]\npages = { down = \"builtin\" }", "8:11", &["\"4xx\", \"5xx\", or a cause such as"]),
    ];
    for (lines, place, parts) in table {
        refused(&format!("{SMALLEST}{lines}\n"), &[(place, parts)]);
    }
    let redirect = |to: &str| SMALLEST.replace(ACTION, &format!("redirect = {{ to = \"{to}\" }}"));
    refused(&redirect("/x\\r\\nSet-Cookie: a"), &[("4:19", &["line break"])]);
    refused(&redirect("/x\\u0007"), &[("4:19", &["control character"])]);
}

#[test]
fn a_number_is_told_its_unit_only_where_that_makes_it_one() {
    let table: &[(&str, &str, &[&str])] = &[
        ("hold = \"60\"", "7:8", &["without a unit", "\"60s\""]),
        ("hold = \"1.5\"", "7:8", &["fraction", "\"1s 500ms\""]),
        ("hold = \".5\"", "7:8", &["fraction", "\"1s 500ms\""]),
        ("hold = \"1e5\"", "7:8", &["`e` is no unit"]),
        ("hold = \"nan\"", "7:8", &["not a number with ms", "\"2m 30s\""]),
        ("hold = \"infinity\"", "7:8", &["not a number with ms", "\"2m 30s\""]),
        ("hold = \"+5\"", "7:8", &["not a number with ms", "\"2m 30s\""]),
        ("hold = -5", "7:8", &["negative"]),
        ("hold = 0x10", "7:8", &["\"16s\""]),
        ("retry = { budget = 20 }", "7:20", &["\"20%\""]),
        ("retry = { budget = -5 }", "7:20", &["negative"]),
        ("retry = { budget = 200 }", "7:20", &["more than all"]),
        ("retry = { budget = \"200\" }", "7:20", &["more than all"]),
    ];
    for (lines, place, parts) in table {
        refused(&format!("{SMALLEST}{lines}\n"), &[(place, parts)]);
    }
}

#[test]
fn units_in_words_are_taken_and_letters_of_other_programs_are_not() {
    for text in ["10min", "10 seconds", "5 sec", "2 hours", "1 day", "1 Hour 30 Minutes", "20 msec", "1h 5min"] {
        good(&format!("{SMALLEST}hold = \"{text}\"\n"));
    }
    for (text, part) in [("10M", "\"10m\""), ("10 S", "\"10s\""), ("2 weeks", "\"14d\""), ("9 µs", "the shortest")] {
        refused(&format!("{SMALLEST}hold = \"{text}\"\n"), &[("7:8", &[part])]);
    }
}

#[test]
fn a_route_that_differs_in_its_closing_slash_only_is_dead() {
    let second = |path: &str| format!("[[route]]\npath = \"{path}\"\nmaintenance = true\n");
    for (first, then) in [("/a", "/a/"), ("/a/", "/a")] {
        let text = format!("{SMALLEST}{}{}", second(first), second(then));
        refused(&text, &[("10:1", &["a route that no request can reach"])]);
    }
    good(&format!("{SMALLEST}{}{}", second("=/a"), second("=/a/")));
}

#[test]
fn a_redirect_has_a_target_that_works() {
    let redirect = |route: &str| SMALLEST.replace(ACTION, route).replace("[upstream.app]", "[upstream.x]");
    let table: &[(&str, &str, &[&str])] = &[
        ("redirect = { to = \"https://a.com$request_uri\" }", "4:19", &["no variables", "keep_path = true", "%24"]),
        ("redirect = { to = \"https://a.com/{path}\" }", "4:19", &["no variables"]),
        ("redirect = { to = \"https://a.com\", keep_path = true }", "4:19", &["a slash", "\"https://a.com/\""]),
        ("redirect = { to = \"https://\", keep_path = true }", "4:19", &["with a host"]),
        ("redirect = { to = \"javascript://a/\", keep_path = true }", "4:19", &["http:// or https://"]),
        ("path = \"/a\"\nredirect = { to = \"//\", keep_path = true }", "5:19", &["a single slash"]),
        ("path = \"/a\"\nredirect = { to = \"/\\\\/\", keep_path = true }", "5:19", &["a single slash"]),
        ("redirect = { to = \"https://a.com/?to=/\", keep_path = true }", "4:19", &["has a query"]),
        ("path = \"=/x\"\nredirect = { to = \"https://a/\", keep_path = true }", "5:33", &["a prefix"]),
        ("path = \"~x\"\nredirect = { to = \"https://a/\", keep_path = true }", "5:33", &["a prefix"]),
        (
            "path_mode = \"raw\"\nredirect = { to = \"https://a/\", keep_path = true }",
            "5:33",
            &["would follow as it came", "another host"],
        ),
    ];
    for (route, place, parts) in table {
        refused(&redirect(route), &[(place, parts)]);
    }
    for route in [
        "redirect = { to = \"https://a.com/\" }",
        "redirect = { to = \"https://a.com/\", keep_path = true }\nhost = \"a.com\"",
        "path = \"/old\"\nredirect = { to = \"/old.html\" }",
        "path = \"/old\"\nredirect = { to = \"/\", keep_path = true }",
        "path = \"=/\"\nredirect = { to = \"/start\" }",
        "methods = [\"POST\"]\nredirect = { to = \"/x\", status = 303 }",
        "redirect = { to = \"/home\" }\n[[route]]\npath = \"/home\"\nmaintenance = true",
        "path = \"~^/a\"\nredirect = { to = \"/a/b\" }\n[[route]]\nmaintenance = true",
    ] {
        let warnings = good(&redirect(route)).warnings;
        assert!(warnings.iter().all(|problem| !problem.title.contains("redirect")), "{warnings}");
    }
}

/// Something in front of the gateway may answer the target, so that nobody goes round.
#[test]
fn a_redirect_to_its_own_route_is_a_warning() {
    let warned = |route: &str| {
        let text = SMALLEST.replace(ACTION, route).replace("[upstream.app]", "[upstream.x]");
        let loaded = good(&text);
        let of_redirects = loaded.warnings.iter().filter(|problem| problem.title.contains("a redirect that leads"));
        of_redirects.map(|problem| (problem.line, problem.column)).collect::<Vec<_>>()
    };
    for (route, place) in [
        ("redirect = { to = \"/x\" }", (4, 19)),
        ("redirect = { to = \"/x?a=b\" }\nhost = \"a.com\"", (4, 19)),
        ("path = \"=/x\"\nredirect = { to = \"/x\" }", (5, 19)),
        ("path = \"/old/\"\nredirect = { to = \"/old/new/\", keep_path = true }", (5, 19)),
        ("redirect = { to = \"/home\" }\nhost = \"a.com\"\n[[route]]\npath = \"/home\"\nmaintenance = true", (4, 19)),
    ] {
        assert_eq!(warned(route), [place], "{route}");
    }
    let beside = |to: &str| {
        format!("path = \"/a\"\nredirect = {{ to = \"{to}\" }}\n[[route]]\npath = \"/b\"\nmaintenance = true")
    };
    assert_eq!(warned(&beside("/a/b")), [(5, 19)]);
    assert_eq!(warned(&beside("/a/.b/c..")), [(5, 19)]);
    // What clients or the table read in another way than it is written.
    for to in ["/a/../b", "/a/%2e%2E/b", "/a/..", "/a/./x", "/a//x", "/a;x/b", "/a%20"] {
        assert_eq!(warned(&beside(to)), [], "{to}");
    }
}

#[test]
fn what_has_no_effect_is_an_error() {
    let table: &[(&str, &str, &[&str])] = &[
        ("timeouts.tls = \"5s\"", "7:10", &["`tls` is not yet known"]),
        ("[errors]\nstatuses = { body-excess = 503 }", "8:14", &["no status of the gateway's own", "no effect"]),
        ("[errors]\nstatuses = { request-client-aborted = 500 }", "8:14", &["no status of the gateway's own"]),
        ("[metrics]", "7:2", &["`metrics` is not yet known"]),
        ("[status_page]", "7:2", &["`status_page` is not yet known"]),
    ];
    for (lines, place, parts) in table {
        refused(&format!("{SMALLEST}{lines}\n"), &[(place, parts)]);
    }
    good(&format!("{SMALLEST}[errors]\nstatuses = {{ upstream-answered-error = 503 }}\nintercept = [500]\n"));
    let route = |lines: &str| SMALLEST.replace(ACTION, &format!("{ACTION}\n{lines}"));
    refused(&route("gzip = true"), &[("5:1", &["`gzip` is not yet known", "precompressed"])]);
    refused(&route("basic_auth = {}"), &[("5:1", &["`basic_auth` is not yet known", "`access`"])]);
    let access = |allow: &str, deny: &str| route(&format!("access = {{ allow = [{allow}], deny = [{deny}] }}"));
    for (allow, deny) in
        [("\"10.0.0.0/8\"", "\"10.0.0.0/8\""), ("\"10.1.0.0/16\", \"::1\"", "\"10.0.0.0/8\", \"::/0\"")]
    {
        refused(&access(allow, deny), &[("5:12", &["nobody may use", "wins over `allow`"])]);
    }
    good(&access("\"10.0.0.0/8\", \"::1\"", "\"10.0.0.0/8\""));
    good(&access("\"10.0.0.0/8\"", "\"10.1.0.0/16\""));
}

#[test]
fn listeners_that_want_the_same_port_are_an_error() {
    let both = |one: &str, other: &str| {
        SMALLEST.replace(ADDRESS, &format!("\"{one}\"")) + &format!("[[listen]]\naddress = \"{other}\"\n")
    };
    for (one, other) in [
        ("0.0.0.0:80", "127.0.0.1:80"),
        ("[::1]:80", "[::]:80"),
        ("[::]:80", "0.0.0.0:80"),
        ("127.0.0.1:80", "[::ffff:0.0.0.0]:80"),
        ("[::ffff:10.0.0.1]:80", "0.0.0.0:80"),
        ("[::ffff:10.0.0.1]:80", "[::]:80"),
    ] {
        refused(&both(one, other), &[("8:11", &["the same port"])]);
    }
    refused(&both("127.0.0.1:80", "[::ffff:127.0.0.1]:80"), &[("8:11", &["the same address", "127.0.0.1 in IPv6"])]);
    refused(&both("0.0.0.0:80", "[::ffff:0.0.0.0]:80"), &[("8:11", &["the same address", "0.0.0.0 in IPv6"])]);
    for (one, other) in [
        ("0.0.0.0:80", "[::1]:80"),
        ("[::1]:80", "[::ffff:0.0.0.0]:80"),
        ("127.0.0.1:80", "127.0.0.2:80"),
        ("127.0.0.1:80", "[::ffff:127.0.0.2]:80"),
        ("0.0.0.0:0", "127.0.0.1:0"),
        ("127.0.0.1:0", "[::ffff:127.0.0.1]:0"),
    ] {
        good(&both(one, other));
    }
}

#[test]
fn of_two_listeners_it_is_said_which_takes_every_address() {
    let (all, all_of_ipv4, one) = ("takes every address", "takes every IPv4 address", "one of them");
    for (first, second, labels) in [
        ("0.0.0.0:80", "127.0.0.1:80", [all_of_ipv4, one]),
        ("[::1]:80", "[::]:80", [one, all]),
        ("[::]:80", "0.0.0.0:80", [all, all_of_ipv4]),
    ] {
        let text = SMALLEST.replace(ADDRESS, &format!("\"{first}\"")) + "[[listen]]\naddress = \"" + second + "\"\n";
        let report = parse(&text).expect_err(&text).to_string();
        for label in labels {
            assert!(
                report
                    .lines()
                    .any(|line| line.ends_with(&format!("- {label}")) || line.ends_with(&format!("^ {label}"))),
                "{label}: {report}"
            );
        }
    }
}

#[test]
fn a_text_that_has_nothing_in_it_is_told_to_have_its_second_quote() {
    for (open, part) in [("upstream='", "'...'"), ("upstream = \"", "\"...\"")] {
        let problems = parse(&SMALLEST.replace(ACTION, open)).expect_err(open);
        let hint = problems.iter().find_map(|problem| problem.hint.clone()).expect(open);
        assert!(hint.contains("between two quotes") && hint.contains(part), "{hint}");
    }
}

#[test]
fn a_site_without_its_folder_is_a_warning() {
    let site = |php: &str| {
        let php_fpm = "[upstream.php]\nservers = [\"fastcgi://a\"]\n";
        let text = format!("{SMALLEST}[[route]]\npath = \"/s\"\nsite = {{ root = \"/nonexistent\"{php} }}\n");
        if php.is_empty() { text } else { text + php_fpm }
    };
    let loaded = good(&site(""));
    let titles: Vec<_> = loaded.warnings.iter().map(|problem| problem.title.as_str()).collect();
    assert_eq!(titles, ["the folder `/nonexistent` is not there"]);
    let long = format!("/{}", "a".repeat(300));
    for (root, wanted) in [
        ("/etc/passwd", "`/etc/passwd` is not a folder"),
        ("/etc/passwd/a", "the folder `/etc/passwd/a` is not there"),
        (&long, &format!("the folder `{long}` cannot be looked at: File name too long")),
    ] {
        let loaded = good(&site("").replace("/nonexistent", root));
        let titles: Vec<_> = loaded.warnings.iter().map(|problem| problem.title.as_str()).collect();
        assert_eq!(titles, [wanted]);
    }
    assert!(good(&site(", php = \"php\"")).warnings.is_empty(), "PHP may be where the gateway does not see the folder");
}

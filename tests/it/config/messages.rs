//! Every problem stands at its place and says what to do.

use super::{SMALLEST, good, parse};

/// A file with something wrong, and one line for each problem it must have: `line:column` and parts of its words.
pub(super) fn refused(text: &str, wanted: &[(&str, &[&str])]) {
    let problems = parse(text).expect_err(text);
    let places: Vec<String> = problems.iter().map(|problem| format!("{}:{}", problem.line, problem.column)).collect();
    let wanted_places: Vec<&str> = wanted.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, wanted_places, "{text}\n{problems}");
    for (problem, (place, parts)) in problems.iter().zip(wanted) {
        let words = format!("{} | {} | {}", problem.title, problem.label, problem.hint.as_deref().unwrap_or_default());
        for part in *parts {
            assert!(words.contains(part), "{part:?} is not said at {place}: {words}");
        }
    }
}

#[test]
fn keys_outside_of_routes_and_upstreams_are_checked() {
    // Each stands in the first line of an otherwise good file.
    let table: &[(&str, &str, &[&str])] = &[
        ("limit = {}", "1:1", &["unknown key `limit`", "did you mean `limits`?"]),
        ("connections = 5", "1:1", &["unknown key `connections`", "belongs to `[limits]`"]),
        ("zebra = 5", "1:1", &["unknown key `zebra`", "known here: `gateway`"]),
        ("admin = {}", "1:1", &["`admin` is not yet known in this version"]),
        ("limits.connections = \"10\"", "1:22", &["a whole number", "a string", "write 10, without quotes"]),
        ("limits.connections = 0", "1:22", &["from 1", "too small"]),
        ("limits.connections = -1", "1:22", &["negative"]),
        ("limits.connections = 1.5", "1:22", &["fraction"]),
        ("limits.header_timeout = \"10\"", "1:25", &["without a unit", "\"10s\""]),
        ("limits.header_timeout = 10", "1:25", &["without a unit", "\"10s\""]),
        ("limits.header_timeout = \"ten\"", "1:25", &["a duration such as"]),
        ("limits.header_timeout = \"0s\"", "1:25", &["over at once"]),
        ("limits.header_timeout = \"366d\"", "1:25", &["too long", "\"365d\""]),
        ("limits.header_size = \"1KiB\"", "1:22", &["at least 8KiB", "too small"]),
        ("limits.body_size = \"ten\"", "1:20", &["a size such as"]),
        ("limits.body_size = -1", "1:20", &["negative"]),
        ("limits.body_size = \"9999999TiB\"", "1:20", &["too large"]),
        ("limits.half_close = \"no\"", "1:21", &["write `false`, without quotes"]),
        ("limits = 5", "1:10", &["a table", "a whole number"]),
        ("gateway.workers = 0", "1:19", &["\"auto\" or a whole number"]),
        ("gateway.name = \"a b\"", "1:16", &["letters"]),
        ("gateway.forwarded = \"rfc7329\"", "1:21", &["did you mean \"rfc7239\"?"]),
        ("gateway.trusted_proxies = \"::1\"", "1:27", &["write a list: [\"::1\"]"]),
        ("gateway.trusted_proxies = [\"::1\", \"10.0.0.1/8\"]", "1:35", &["\"10.0.0.0/8\""]),
        ("gateway.name = \"${NAME}\"", "1:17", &["`NAME` is not set", "NAME=..."]),
        ("gateway.name = \"a${NAME\"", "1:16", &["`${` without its end", "`$${`"]),
        ("gateway.name = \"${A B}\"", "1:17", &["names no variable"]),
        ("errors.statuses = { \"conect-refused\" = 500 }", "1:21", &["no cause", "did you mean `connect-refused`?"]),
        ("errors.statuses = { connect-refused = 200 }", "1:39", &["400 to 599"]),
        ("errors.languages = []", "1:20", &["empty"]),
        ("errors.languages = [\"en\", \"xx\"]", "1:27", &["language `xx`", "\"en\", \"ru\"", "\"ja\" or \"ar\""]),
        ("errors.retry_after = 5", "1:22", &["\"5s\"", "\"auto\" or \"off\""]),
        ("errors.intercept = [200]", "1:21", &["from 500 to 599"]),
        ("log.level = \"warning\"", "1:13", &["one of \"error\", \"warn\""]),
        ("log.access = \"a.log\"", "1:14", &["{ path = \"a.log\" }"]),
        ("log.access.format = \"xml\"", "1:21", &["one of \"text\", \"json\" or \"combined\""]),
    ];
    for (line, place, parts) in table {
        refused(&format!("{line}\n{SMALLEST}"), &[(place, parts)]);
    }
}

#[test]
fn listeners_are_checked() {
    let table: &[(&str, &[&str])] = &[
        ("\":80\"", &["has no address", "\"0.0.0.0:80\""]),
        ("80", &["a whole number", "\"0.0.0.0:80\""]),
        ("\"80\"", &["a port alone", "\"0.0.0.0:80\""]),
        ("\"127.0.0.1\"", &["has no port", "\"127.0.0.1:8080\""]),
        ("\"localhost:80\"", &["a name", "\"127.0.0.1:80\""]),
        ("\"127.0.0.1:99999\"", &["up to 65535"]),
        ("\"http://127.0.0.1:80\"", &["this is a URL"]),
        ("\"/run/a.sock\"", &["\"unix:/run/a.sock\""]),
        ("\"unix:\"", &["no path"]),
        ("\"systemd:web\"", &["`systemd:` is not yet known in this version"]),
    ];
    for (value, parts) in table {
        refused(&SMALLEST.replace("\"0.0.0.0:8080\"", value), &[("2:11", parts)]);
    }
    let long = format!("\"unix:/{}\"", "a".repeat(107));
    refused(&SMALLEST.replace("\"0.0.0.0:8080\"", &long), &[("2:11", &["107 bytes"])]);
    refused(&SMALLEST.replace("address = \"0.0.0.0:8080\"", ""), &[("1:1", &["needs `address`"])]);
    refused(&SMALLEST.replace("[[listen]]", "[listen]"), &[("1:1", &["a single table", "`[[listen]]`"])]);
    let again = format!("{SMALLEST}[[listen]]\naddress = \"0.0.0.0:8080\"\n");
    refused(&again, &[("8:11", &["two listeners have the same address"])]);
}

#[test]
fn routes_are_checked() {
    let table: &[(&str, &str, &[&str])] = &[
        ("upstream = \"ap\"", "4:12", &["no upstream `ap`", "did you mean \"app\"?"]),
        ("upstream = \"other\"", "4:12", &["there is \"app\""]),
        ("upstream = \"app\"\nmaintenance = true", "5:1", &["does two things"]),
        ("path = \"/x\"", "3:1", &["does nothing", "`respond`"]),
        ("upstream = \"app\"\npath = \"api\"", "5:8", &["write \"/api\""]),
        ("upstream = \"app\"\npath = \"/api/*\"", "5:8", &["\"/api/\" is a prefix already"]),
        ("upstream = \"app\"\npath = \"/a?b\"", "5:8", &["query"]),
        ("upstream = \"app\"\npath = \"/a/../b\"", "5:8", &["never matches"]),
        ("upstream = \"app\"\npath = \"~(\"", "5:8", &["regular expression", "unclosed group"]),
        ("upstream = \"app\"\nhost = \"a.com:80\"", "5:8", &["port", "\"a.com\""]),
        ("upstream = \"app\"\nhost = [\"a.com\", \"a.*\"]", "5:18", &["`*`"]),
        ("upstream = \"app\"\nhost = \"*\"", "5:8", &["leave `host` out"]),
        ("upstream = \"app\"\nhost = []", "5:8", &["empty"]),
        ("upstream = \"app\"\nhost = \"http://a.com/\"", "5:8", &["more than a host"]),
        ("upstream = \"app\"\nmethods = [\"get\"]", "5:12", &["did you mean \"GET\"?"]),
        ("upstream = \"app\"\nmethods = \"GET\"", "5:11", &["[\"GET\"]"]),
        ("upstream = \"app\"\npath = \"/a\"\nstrip_prefix = \"/b\"", "6:16", &["never fits"]),
        ("site = {}", "4:8", &["needs `root`", "/var/www/blog"]),
        ("site = { root = \"\" }", "4:17", &["a folder such as"]),
        ("site = { root = \"/\", php = \"ap\" }", "4:28", &["no upstream `ap`", "did you mean \"app\"?"]),
        ("site = { root = \"/\", php = \"app\" }", "4:28", &["does not speak FastCGI", "fastcgi+unix:"]),
        ("site = { root = \"/\", try = [\"$uri/\"] }", "4:29", &["write \"{path}/\""]),
        ("site = { root = \"/\", try = [\"=404\"] }", "4:29", &["leave it out"]),
        ("site = { root = \"/\", try = [\"/i.php?q={path}\"] }", "4:29", &["leave the query out"]),
        ("site = { root = \"/\", try = [\"/a/{path}\"] }", "4:29", &["only {path} at the beginning"]),
        ("site = { root = \"/\", try = [\"index.php\"] }", "4:29", &["write \"/index.php\""]),
        ("site = { root = \"/\", try = [\"/docs/\"] }", "4:29", &["name a file in it"]),
        ("site = { root = \"/\", try = [\"{path}/../x\"] }", "4:29", &["dot segments"]),
        ("site = { root = \"/\", try = [] }", "4:28", &["empty", "leave `try` out"]),
        ("site = { root = \"/\", index = \"x.html\" }", "4:30", &["[\"x.html\"]"]),
        ("site = { root = \"/\", index = [\"a/b\"] }", "4:31", &["slash"]),
        ("site = { root = \"/\", never_execute = [\"uploads\"] }", "4:39", &["write \"/uploads\""]),
        ("site = { root = \"/\", symlinks = true }", "4:33", &["one of \"inside\", \"all\" or \"off\""]),
        ("site = { root = \"/\", charset = \"utf 8\" }", "4:32", &["character set"]),
        ("site = { root = \"/\" }\npath_mode = \"raw\"", "5:1", &["must be \"normal\""]),
        ("site = { root = \"/\" }\nupstream = \"app\"", "5:1", &["does two things"]),
        ("upstream = \"app\"\nbody_size = \"x\"", "5:13", &["a size such as"]),
        (
            "upstream = \"app\"\nrequest_headers = { set = { Host = \"x\" } }",
            "5:29",
            &["`Host` belongs", "host_header"],
        ),
        ("upstream = \"app\"\nrequest_headers.set = { X = 5 }", "5:29", &["a string", "\"5\""]),
        ("upstream = \"app\"\nrequest_headers.set = { X = \"a\\nb\" }", "5:29", &["line break"]),
        ("upstream = \"app\"\nresponse_headers.remove = [\"proxy-status\"]", "5:28", &["belongs to the gateway"]),
        ("upstream = \"app\"\nresponse_headers = { set = { X = \"\" }, remove = [\"x\"] }", "5:50", &["edited twice"]),
        ("upstream = \"app\"\naccess = { allow = [\"10.0.0.0/99\"] }", "5:21", &["not an address or network"]),
        ("upstream = \"app\"\nerrors.pages = 5", "5:16", &["a table of causes", "a whole number"]),
        ("respond = { status = 99 }", "4:22", &["200 to 599"]),
        ("respond = { status = 204, body = \"x\" }", "4:34", &["204 has no body"]),
        ("redirect = {}", "4:12", &["needs `to`"]),
        ("redirect = { to = \"a.com\" }", "4:19", &["\"https://a.com\""]),
        ("redirect = { to = \"//a\", status = 300 }", "4:35", &["301, 302, 303, 307 or 308"]),
        ("maintenance = false", "4:15", &["remove the key"]),
        ("maintenance = { retry_after = 5 }", "4:31", &["\"5s\""]),
    ];
    for (route, place, parts) in table {
        refused(&SMALLEST.replace("upstream = \"app\"", route), &[(place, parts)]);
    }
    let again = format!("{SMALLEST}[[route]]\nupstream = \"app\"\nmethods = [\"GET\"]\n");
    refused(&again, &[("7:1", &["no request can reach"])]);
    let other_first = SMALLEST.replace("upstream = \"app\"\n", "upstream = \"app\"\nmethods = [\"GET\"]\n");
    good(&format!("{other_first}[[route]]\nupstream = \"app\"\n"));
}

/// Lines of an upstream, the place of the problem, and what is said of it.
const UPSTREAMS: &[(&str, &str, &[&str])] = &[
    ("servers = []", "6:11", &["empty"]),
    ("balance = \"round-robin\"", "5:1", &["needs `servers`"]),
    ("servers = \"http://a\"", "6:11", &["[\"http://a\"]"]),
    ("servers = [\"127.0.0.1:3000\"]", "6:12", &["has no scheme", "\"http://127.0.0.1:3000\""]),
    ("servers = [\"https://a\"]", "6:12", &["`https://` is not yet known in this version"]),
    ("servers = [\"h2c://a\"]", "6:12", &["`h2c://` is not yet known in this version"]),
    ("servers = [\"fcgi://a:9000\"]", "6:12", &["another scheme", "\"fastcgi://a:9000\""]),
    ("servers = [\"http://a\", \"fastcgi://a\"]", "6:24", &["either HTTP or FastCGI", "two upstreams"]),
    ("servers = [\"http://a\"]\nfastcgi = { keep = 1 }", "7:1", &["without a FastCGI server", "has no effect"]),
    ("servers = [\"fastcgi://a\"]", "4:12", &["has no `root`", "[upstream.app.fastcgi]"]),
    (
        "servers = [\"fastcgi://a\"]\npool = { max_idle = 4 }\nfastcgi = { root = \"/a\" }",
        "7:10",
        &["`pool.max_idle`", "`keep`"],
    ),
    (
        "servers = [\"fastcgi://a\"]\nfastcgi = { root = \"/a\", status_path = \"/s\", status_address = \"http://b\" }",
        "7:63",
        &["speaks FastCGI there", "fastcgi+unix:"],
    ),
    (
        "servers = [\"fastcgi://a\"]\nfastcgi = { root = \"/a\", status_address = \"fastcgi://b\" }",
        "7:26",
        &["without `status_path`", "`pm.status_path`"],
    ),
    (
        "servers = [\"fastcgi://a\", \"fastcgi://b\"]\n\
             fastcgi = { root = \"/a\", status_path = \"/s\", status_address = \"fastcgi://c\" }",
        "7:46",
        &["one `status_address`", "an upstream for each"],
    ),
    ("servers = [\"fastcgi://a\"]\nfastcgi = { root = \"/a\", status_path = \"s\" }", "7:40", &["begin with a slash"]),
    (
        "servers = [\"fastcgi://a\"]\nfastcgi = { root = \"/a\", params = { \"A-B\" = \"c\" } }",
        "7:37",
        &["letters, digits and `_`"],
    ),
    ("servers = [\"ftp://a\"]", "6:12", &["another scheme"]),
    ("servers = [\"unix:/a\"]", "6:12", &["\"http+unix:/a\""]),
    ("servers = [\"srv://_http._tcp.a.b\"]", "6:12", &["\"http+srv:_http._tcp.a.b\""]),
    ("servers = [\"http+srv://_http._tcp.a.b\"]", "6:12", &["slashes", "\"http+srv:_http._tcp.a.b\""]),
    ("servers = [\"fastcgi+srv:a.b:9000\"]", "6:12", &["has a port", "\"fastcgi+srv:a.b\""]),
    ("servers = [\"http+srv:\"]", "6:12", &["has no name"]),
    ("servers = [\"http+srv:10.0.0.1\"]", "6:12", &["can have SRV records"]),
    ("servers = [\"https+srv:_http._tcp.a.b\"]", "6:12", &["https+srv:"]),
    ("servers = [\"http+unix:///a\"]", "6:12", &["slashes", "unix:/a"]),
    ("servers = [\"http://a/b\"]", "6:12", &["has a path", "\"http://a\""]),
    ("servers = [\"http://u:p@a\"]", "6:12", &["user name or password"]),
    ("servers = [\"http://a:0\"]", "6:12", &["1 to 65535"]),
    ("servers = [\"http://a:b\"]", "6:12", &["1 to 65535"]),
    ("servers = [\"http://10.0.0.256\"]", "6:12", &["not an IPv4 address"]),
    ("servers = [\"http://::1\"]", "6:12", &["without brackets"]),
    ("servers = [\"http://[::g]:1\"]", "6:12", &["not an IPv6 address"]),
    ("servers = [\"http://:80\"]", "6:12", &["has no host"]),
    ("servers = [\"http://a..b\"]", "6:12", &["not a host name"]),
    ("servers = [{ url = \"http://a\", weight = 0 }]", "6:41", &["from 1"]),
    ("servers = [{ url = \"http://a\", backup = true }]", "6:12", &["every server is a backup"]),
    ("servers = [{ weight = 2 }]", "6:12", &["needs `url`"]),
    ("servers = [\"http://a\", \"http://A:80\"]", "6:24", &["listed twice", "weight"]),
    ("servers = [\"http://a\"]\nbalance = \"hsh\"", "7:11", &["did you mean \"hash\"?"]),
    ("servers = [\"http://a\"]\nhash_key = \"cookie:a\"", "7:1", &["without `balance = \"hash\"`"]),
    ("servers = [\"http://a\"]\nbalance = \"hash\"\nhash_key = \"ip\"", "8:12", &["\"cookie:session\""]),
    ("servers = [\"http://a\"]\nbalance = \"hash\"\nhash_key = \"header:\"", "8:12", &["not a name"]),
    ("servers = [\"http://a\"]\nbalance = \"roundrobin\"", "7:11", &["did you mean \"round-robin\"?"]),
    ("servers = [\"http://a\"]\ntimeouts.connect = \"0s\"", "7:20", &["\"off\" for no limit"]),
    ("servers = [\"http://a\"]\ntimeouts.conect = \"1s\"", "7:10", &["did you mean `connect`?"]),
    ("servers = [\"http://a\"]\nretry.attempts = 0", "7:18", &["from 1"]),
    ("servers = [\"http://a\"]\nretry.budget = 20", "7:16", &["\"20%\""]),
    ("servers = [\"http://a\"]\nretry.budget = \"120%\"", "7:16", &["more than all"]),
    ("servers = [\"http://a\"]\nqueue = 8", "7:9", &["a table, `[upstream.NAME.queue]`"]),
    ("servers = [\"http://a\"]\nqueue.max_in_flight = 0", "7:23", &["\"off\", or a whole number from 1", "too small"]),
    ("servers = [\"http://a\"]\nqueue.max_in_flight = \"8\"", "7:23", &["write 8, without quotes"]),
    ("servers = [\"http://a\"]\nqueue.max_in_flight = \"many\"", "7:23", &["\"auto\" or \"off\", or a whole number"]),
    ("servers = [\"http://a\"]\nqueue.max_in_flight = false", "7:23", &["write \"off\""]),
    ("servers = [\"http://a\"]\nqueue.max_waiting = -1", "7:21", &["negative"]),
    ("servers = [\"http://a\"]\nqueue.timeout = 5", "7:17", &["\"5s\""]),
    ("servers = [\"http://a\"]\nqueue.timeout = \"0s\"", "7:17", &["over at once"]),
    ("servers = [\"http://a\"]\ndns.min_ttl = \"1h\"", "7:15", &["`max_ttl`"]),
    ("servers = [\"http://a\"]\ndns.servers = [\"ns.example\"]", "7:16", &["cannot itself be a name"]),
    ("servers = [\"http://a\"]\nhost_header = \"a b\"", "7:15", &["not a host"]),
];

#[test]
fn upstreams_are_checked() {
    for (upstream, place, parts) in UPSTREAMS {
        refused(&SMALLEST.replace("servers = [\"http://127.0.0.1:3000\"]", upstream), &[(place, parts)]);
    }
    let unnamed = SMALLEST.replace("[upstream.app]", "[upstream]");
    refused(&unnamed, &[("4:12", &["no upstream `app`"]), ("6:11", &["give the table a name"])]);
    refused(
        &SMALLEST.replace("[upstream.app]", "[upstream.\"a b\"]"),
        &[("4:12", &["no upstream `app`"]), ("5:11", &["name of an upstream"])],
    );
}

#[test]
fn slips_of_syntax_are_shown_together_with_everything_else_that_can_be_read() {
    let text = "[[listen]]\naddress = 0.0.0.0:80\n[limits]\nhalf_close = True\nconections = 5\nconnections = 1\n\
                connections = 2\nheader_timeout = 10s\nheaders =\n[[route]]\nupstream: app\n[upstream.app]\nzebra = 5\n";
    refused(
        text,
        &[
            ("2:14", &["not TOML", "address = \"0.0.0.0:80\""]),
            ("4:14", &["not TOML", "write `true`"]),
            ("5:1", &["did you mean `connections`?"]),
            ("7:1", &["duplicate key"]),
            ("8:18", &["header_timeout = \"10s\""]),
            ("9:10", &["a value is missing"]),
            ("11:11", &["write `upstream = \"app\"`"]),
        ],
    );
    refused("[[listen]\n", &[("1:10", &["not TOML"])]);
}

#[test]
fn of_very_many_problems_the_first_are_shown_and_the_others_counted() {
    let text = format!(
        "[[listen]]\naddress = \"[::]:80\"\n[[route]]\nmaintenance = true\nhost = [{}]\n",
        "\":\", ".repeat(1500)
    );
    let problems = goodgate::config::parse(&text, "goodgate.toml".as_ref(), &|_| None).unwrap_err();
    let report = problems.render(false);
    assert_eq!((problems.len(), report.matches("error: ").count()), (1500, 100));
    assert!(report.ends_with("\n\nand 1400 more, which are shown when these are gone"), "{report}");
}

#[test]
fn what_the_parser_puts_in_for_a_value_that_it_cannot_read_is_not_reported() {
    refused("[[listen]]\naddress = =127.0.0.1:80\n[[route]]\nmaintenance = true\n", &[("2:11", &["not TOML"])]);
    refused(&format!("a{} = 1\n", ".a".repeat(100)), &[("0:0", &["not TOML", "recursion limit"])]);
}

#[test]
fn a_file_without_listeners_and_routes_says_what_to_add() {
    for text in ["", "# nothing\n", "\n\n"] {
        refused(text, &[("0:0", &["no `[[listen]]`", "address = "]), ("0:0", &["no `[[route]]`", "upstream = "])]);
    }
}

#[test]
fn what_hardly_means_what_it_says_is_a_warning() {
    let warnings = |text: &str| -> Vec<String> {
        good(text)
            .warnings
            .iter()
            .map(|problem| format!("{}:{} {}", problem.line, problem.column, problem.title))
            .collect()
    };
    let unused = format!("{SMALLEST}[upstream.spare]\nservers = [\"http://a\"]\n");
    assert_eq!(warnings(&unused), ["7:11 no route leads to the upstream `spare`"]);
    let idle = format!("{SMALLEST}[[route]]\npath = \"/x\"\nmaintenance = true\nstrip_prefix = \"/x\"\n");
    assert_eq!(warnings(&idle), ["10:1 `strip_prefix` has no effect on this route"]);
    let site = format!(
        "{SMALLEST}[[route]]\npath = \"/x\"\nsite.root = \"/\"\nstrip_prefix = \"/x\"\nretry_timeouts = true\n"
    );
    assert_eq!(warnings(&site), ["11:1 `retry_timeouts` has no effect on this route"], "a site does take a prefix off");
    let slip = format!("{SMALLEST}host_header = \"upsteam\"\n");
    assert_eq!(warnings(&slip), ["7:15 every request will be sent with `Host: upsteam`"]);
}

#[test]
fn the_report_shows_every_problem_with_its_marked_line() {
    let text = SMALLEST.replace("address", "adress").replace("127.0.0.1", "[::g]");
    let report = parse(&text).unwrap_err().to_string();
    let wanted = "\
error: `[[listen]]` needs `address`
 --> /etc/gg/g.toml:1:1
  |
1 | [[listen]]
  | ^^^^^^^^^^ has no `address`
  |
  = help: add `address = \"0.0.0.0:8080\"`

error: unknown key `adress`
 --> /etc/gg/g.toml:2:1
  |
2 | adress = \"0.0.0.0:8080\"
  | ^^^^^^ not a key of `[[listen]]`
  |
  = help: did you mean `address`?

error: a server must be a URL such as \"http://127.0.0.1:3000\" or \"http+unix:/run/app.sock\"
 --> /etc/gg/g.toml:6:12
  |
6 | servers = [\"http://[::g]:3000\"]
  |            ^^^^^^^^^^^^^^^^^^^ what is in brackets is not an IPv6 address";
    assert_eq!(report, wanted);
}

#[test]
fn a_secret_from_the_environment_is_never_shown() {
    let text = SMALLEST.replace("http://127.0.0.1:3000", "${SECRET}/x");
    let report = parse(&text).unwrap_err().render(true);
    assert!(!report.contains("hush"), "{report}");
}

/// The file has every key that there will be, most of them with a value other than the default.
#[test]
fn every_key_that_will_be_is_taken_or_not_yet_known() {
    let problems = parse(include_str!("every_key.toml")).unwrap_err();
    for problem in &problems {
        let is_later = problem.title.contains("not yet known in this version");
        let is_later_cause = problem.title == "`upstream-none-healthy` is no cause that this version knows";
        let is_example_folder = problem.title.starts_with("the folder `/etc/gg/pages/` cannot be used");
        let is_example_file = problem.title.starts_with("the template `/etc/gg/pages/api.json` cannot be read");
        assert!(is_later || is_later_cause || is_example_folder || is_example_file, "{problems}");
    }
    assert!(!problems.is_empty());
}

#[test]
fn a_limit_for_clients_that_cannot_work_is_explained() {
    let table: &[(&str, &str, &[&str])] = &[
        ("", "7:1", &["limits nothing", "`concurrent = 20`"]),
        ("burst = 5\nconcurrent = 2", "8:9", &["`burst` without `rate`"]),
        ("rate = 10", "8:8", &["a rate such as \"10/s\""]),
        ("rate = \"10\"", "8:8", &["write \"10/s\""]),
        ("rate = \"10/min\"", "8:8", &["write \"10/m\""]),
        ("rate = \"10/d\"", "8:8", &["24 hours"]),
        ("rate = \"0/s\"", "8:8", &["would let nobody in"]),
        ("rate = \"+1/s\"", "8:8", &["whole number"]),
        ("rate = \"1000001/s\"", "8:8", &["too many"]),
        ("rate = \"1/s\"\nburst = 0", "9:9", &["too small"]),
        ("rate = \"1/s\"\nconcurrent = 0", "9:14", &["too small"]),
        ("rate = \"1/s\"\nkey = \"ip\"", "9:7", &["write \"client-ip\""]),
        ("rate = \"1/s\"\nkey = \"X-Api-Key\"", "9:7", &["write \"header:X-Api-Key\""]),
        ("rate = \"1/s\"\nkey = \"header:a b\"", "9:7", &["not the name of a field"]),
    ];
    for (lines, place, said) in table {
        let text = format!("{SMALLEST}[[rate_limit]]\n{lines}\n");
        let report = parse(&text).expect_err(&text).to_string();
        assert!(report.contains(&format!("g.toml:{place}\n")), "{place} of\n{text}\n{report}");
        for said in *said {
            assert!(report.contains(said), "{said} in\n{report}");
        }
    }
}

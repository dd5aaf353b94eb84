//! What the configuration takes, what it refuses, and with which words.

mod command_line;
mod hints;
mod messages;
mod reference;
mod stand_ins;

use std::path::Path;

use goodgate::{
    config::{
        self, Loaded, Problems,
        settings::{
            AccessFormat, Action, HostHeader, HostPattern, Listen, LogTarget, PathPattern, ServerAddress, Symlinks, Try,
        },
    },
    failure::Cause,
    limits,
};
use proptest::prelude::*;

const SMALLEST: &str = "[[listen]]\naddress = \"0.0.0.0:8080\"\n[[route]]\nupstream = \"app\"\n\
                        [upstream.app]\nservers = [\"http://127.0.0.1:3000\"]\n";

/// Reads `text` as `/etc/gg/g.toml`, where `SECRET` is `hush` and nothing else is set.
fn parse(text: &str) -> Result<Loaded, Problems> {
    config::parse(text, Path::new("/etc/gg/g.toml"), &|name| (name == "SECRET").then(|| "hush".to_owned()))
}

fn good(text: &str) -> Loaded {
    parse(text).unwrap_or_else(|problems| panic!("refused:\n{problems}\n\n{text}"))
}

#[test]
fn the_smallest_file_has_every_default() {
    let settings = good(SMALLEST).settings;
    assert_eq!(settings.listen, [Listen::Tcp("0.0.0.0:8080".parse().unwrap())]);
    assert!(settings.gateway.workers >= 1);
    assert_eq!(settings.gateway.name, "goodgate");
    assert_eq!(settings.limits.connections, limits::CONNECTIONS);
    assert_eq!(settings.limits.header_size, limits::HEADER_SIZE);
    assert_eq!(settings.limits.body_size, limits::BODY_SIZE);
    let upstream = &settings.upstreams[0];
    assert_eq!(upstream.timeouts.connect, Some(limits::CONNECT_TIMEOUT));
    assert_eq!(upstream.timeouts.total, None);
    assert_eq!(upstream.pool.idle_timeout, None);
    assert_eq!(upstream.retry.budget_percent, limits::RETRY_BUDGET_PERCENT);
    assert_eq!(upstream.servers[0].address, ServerAddress::Socket("127.0.0.1:3000".parse().unwrap()));
    let route = &settings.routes[0];
    assert!(matches!(route.action, Action::Upstream(0)));
    assert!(matches!(&route.path, PathPattern::Prefix(path) if path == "/"));
    assert_eq!(route.name, "/");
    assert_eq!(settings.log.access.unwrap().to, LogTarget::Stdout);
}

#[test]
fn a_full_file_means_what_it_says() {
    let loaded = good(
        r#"
        listen = [{ address = "[::]:80" }, { address = "unix:run/gg.sock" }]
        [[route]]
        host = ["Example.com", "*.Example.com"]
        path = "/api/"
        methods = ["GET", "POST"]
        upstream = "b"
        strip_prefix = "/api"
        request_headers = { set = { Authorization = "Bearer ${SECRET}", Price = "$${x} $5" }, remove = ["X-Debug"] }
        body_size = "1GiB"
        access = { allow = ["192.168.0.0/16", "::1"] }
        errors = { statuses = { "dns-nxdomain" = 500 }, contact = "b" }
        [[route]]
        path = "=/gone"
        respond = { status = 410, body = "gone" }
        [[route]]
        path = "~^/[0-9]+$"
        redirect = { to = "/n", status = 302 }
        [[route]]
        host = "down.example.com"
        maintenance = true
        [upstream.a]
        servers = ["http+unix:app.sock", { url = "http://App.Internal.", weight = 2 }, "http://[::1]:3000/",
                   "http+srv:_HTTP._tcp.app.internal."]
        timeouts = { head = "off", total = "1m 30s" }
        host_header = "www.example.com"
        [upstream.b]
        servers = ["http://10.0.0.1"]
        [errors]
        statuses = { "connect-timeout" = 500 }
        contact = "a"
        [log]
        access = { path = "logs/access.log", format = "combined" }
        "#,
    );
    assert_eq!(loaded.warnings.len(), 1, "only that `a` is not used:\n{}", loaded.warnings);
    let settings = loaded.settings;
    assert_eq!(settings.listen[1], Listen::Unix("/etc/gg/run/gg.sock".into()));
    let api = &settings.routes[0];
    assert_eq!(api.name, "Example.com,*.Example.com/api/");
    assert_eq!(api.hosts[0], HostPattern::Exact("example.com".into()));
    assert_eq!(api.hosts[1], HostPattern::Suffix(".example.com".into()));
    assert!(matches!(api.action, Action::Upstream(1)));
    assert_eq!(api.request_headers.set[0].1, "Bearer hush");
    assert_eq!(api.request_headers.set[1].1, "${x} $5");
    assert_eq!(api.body_size, Some(1 << 30));
    assert!(api.access.admits("192.168.1.1".parse().ok()) && !api.access.admits("10.0.0.1".parse().ok()));
    assert_eq!(api.errors.contact.as_deref(), Some("b"));
    assert_eq!(api.errors.statuses.len(), 2);
    assert_eq!(settings.routes[1].errors.statuses.len(), 1);
    assert!(settings.errors.statuses.contains_key(&Cause::ConnectTimeout));
    assert!(matches!(&settings.routes[1].action, Action::Respond { status, .. } if status.as_u16() == 410));
    assert!(matches!(&settings.routes[2].action, Action::Redirect { status, .. } if status.as_u16() == 302));
    assert!(matches!(settings.routes[3].action, Action::Maintenance { retry_after: None }));
    let a = &settings.upstreams[0];
    assert_eq!(a.servers[0].address, ServerAddress::Unix("/etc/gg/app.sock".into()));
    assert_eq!(a.servers[1].address, ServerAddress::Name { host: "app.internal".into(), port: 80 });
    assert_eq!((a.servers[1].weight, a.servers[0].weight), (2, 1));
    assert_eq!(a.servers[3].address, ServerAddress::Service("_http._tcp.app.internal".into()));
    assert_eq!(&*a.servers[2].label, "http://[::1]:3000");
    assert_eq!(a.timeouts.head, None);
    assert_eq!(a.timeouts.total.unwrap().as_secs(), 90);
    assert_eq!(a.host_header, HostHeader::Literal("www.example.com".parse().unwrap()));
    let access = settings.log.access.unwrap();
    assert_eq!(access.to, LogTarget::File("/etc/gg/logs/access.log".into()));
    assert_eq!(access.format, AccessFormat::Combined);
}

#[test]
fn a_site_looks_for_files_as_its_keys_say() {
    let site = |keys: &str| {
        let text = format!("[[listen]]\naddress = \"[::]:80\"\n[[route]]\nsite = {{ root = \"www/\", {keys} }}\n");
        let upstream =
            if keys.contains("php") { "[upstream.app]\nservers = [\"fastcgi://127.0.0.1:9000\"]\n" } else { "" };
        let settings = good(&(text + upstream)).settings;
        match &settings.routes[0].action {
            Action::Site(site) => site.clone(),
            action => panic!("{action:?}"),
        }
    };
    let path = |behind: &str| Try::Path(behind.to_owned());
    let plain = site("");
    assert_eq!(plain.root, Path::new("/etc/gg/www"), "relative to the file");
    assert_eq!(plain.tries, [path(""), path("/index.html")]);
    assert_eq!((plain.php, plain.hidden, plain.precompressed), (None, false, false));
    assert_eq!((plain.symlinks, plain.charset.as_deref()), (Symlinks::Inside, Some("utf-8")));
    let php = site("php = \"app\"");
    let front = Try::Fixed("/index.php".to_owned());
    assert_eq!(php.tries, [path(""), path("/index.php"), path("/index.html"), front.clone()]);
    assert_eq!(php.php.map(|php| (php.upstream, php.root.to_string())), Some((0, "/etc/gg/www".to_owned())));
    let own = site("php = \"app\", index = [\"a\", \"b\"], try = [\"/index.php\", \"{path}/\", \"{path}.html\"]");
    assert_eq!(own.tries, [front, path("/a"), path("/b"), path(".html")]);
    let folders = site("never_execute = [\"/uploads\", \"/a/b/\"], charset = \"off\", symlinks = \"all\"");
    assert_eq!(folders.never_execute, ["/uploads/", "/a/b/"]);
    assert_eq!((folders.symlinks, folders.charset), (Symlinks::All, None));
}

#[test]
fn sizes_and_durations_are_read_exactly() {
    for (text, bytes) in [("\"64KiB\"", 65_536), ("\"10MB\"", 10_000_000), ("\"512B\"", 512), ("77", 77), ("0", 0)] {
        assert_eq!(good(&format!("limits.body_size = {text}\n{SMALLEST}")).settings.limits.body_size, bytes);
    }
    for (text, millis) in [("250ms", 250), ("10s", 10_000), ("2m", 120_000), ("1h 1s", 3_601_000)] {
        let settings = good(&format!("limits.body_timeout = \"{text}\"\n{SMALLEST}")).settings;
        assert_eq!(settings.limits.body_timeout.as_millis(), millis);
    }
}

#[test]
fn access_logs_can_be_switched_off_in_both_ways() {
    for off in ["log.access = \"off\"\n", "log.access.path = \"off\"\n"] {
        assert!(good(&format!("{off}{SMALLEST}")).settings.log.access.is_none());
    }
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.toml");
    let text = config::load(&missing).unwrap_err().to_string();
    assert!(text.contains("missing.toml") && text.contains("No such file"), "{text}");
    let latin = folder.path().join("latin.toml");
    std::fs::write(&latin, b"# fine\n# \xff\n").unwrap();
    let text = config::load(&latin).unwrap_err().to_string();
    assert!(text.contains("not UTF-8") && text.contains("line 2"), "{text}");
    assert!(config::load(folder.path()).unwrap_err().to_string().contains("directory"));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*|[\\[\\]{}=\".,a-z0-9#\\n$ ]*") {
        if let Err(problems) = parse(&text) {
            prop_assert!(!problems.to_string().is_empty());
            let _ = problems.render(true);
        }
    }

    #[test]
    fn no_slip_in_a_good_file_makes_it_panic(at in any::<prop::sample::Index>(), cut in 0..40_usize, insert in "\\PC{0,6}|[\\[\\]{}=\".,\\n$é]{0,6}") {
        let text = include_str!("../../config/goodgate.toml");
        let start = text.floor_char_boundary(at.index(text.len()));
        let end = text.ceil_char_boundary((start + cut).min(text.len()));
        let text = format!("{}{insert}{}", &text[..start], &text[end..]);
        if let Err(problems) = parse(&text) {
            prop_assert!(!problems.to_string().is_empty());
            for problem in &problems {
                prop_assert!(problem.line <= text.lines().count() + 1);
            }
        }
    }
}

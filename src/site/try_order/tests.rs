//! Folders made of names: what is run, what is sent, what is refused; and that no path gets around it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::config::settings::{Php, Symlinks};

/// A folder by the paths of its files; folders are those that files lie in.
struct Names(BTreeMap<Vec<u8>, Seen<()>>);

impl Names {
    fn of(files: &[&str]) -> Self {
        Self(files.iter().map(|path| (path.as_bytes().to_vec(), Seen::File(()))).collect())
    }

    fn seen(&self, path: &[u8]) -> Seen<()> {
        let folder = [path.strip_suffix(b"/").unwrap_or(path), b"/"].concat();
        match self.0.get(path) {
            Some(seen) => seen.clone(),
            None if self.0.keys().any(|file| file.starts_with(&folder)) => Seen::Folder,
            None => Seen::Nothing,
        }
    }
}

impl Tree for Names {
    type File = ();

    fn open(&mut self, path: &[u8]) -> Seen<()> {
        self.seen(path)
    }

    fn look(&mut self, path: &[u8]) -> Seen<()> {
        self.seen(path)
    }
}

fn site(php: bool, tries: &[&str]) -> Site {
    let entry = |entry: &&str| match entry.strip_prefix("{path}") {
        Some(behind) => Try::Path(behind.to_owned()),
        None => Try::Fixed((*entry).to_owned()),
    };
    Site {
        root: "/srv".into(),
        php: php.then(|| Php { upstream: 0, root: "/srv".into() }),
        tries: tries.iter().map(entry).collect(),
        hidden: false,
        symlinks: Symlinks::Inside,
        never_execute: vec!["/uploads/".to_owned()],
        precompressed: false,
        charset: None,
    }
}

const FRONT: [&str; 4] = ["{path}", "{path}/index.php", "{path}/index.html", "/index.php"];
const STATIC: [&str; 2] = ["{path}", "{path}/index.html"];
const FILES: [&str; 18] = [
    "/index.php",
    "/x.php",
    "/style.css",
    "/docs/index.html",
    "/admin/index.php",
    "/admin/x.php",
    "/empty/a.txt",
    "/uploads/photo.jpg",
    "/uploads/evil.jpg",
    "/uploads/evil.php",
    "/uploads/evil.php.jpg",
    "/odd.php/inner.php",
    "/.env",
    "/.git/hook.php",
    "/.well-known/x",
    "/wp-config.php.bak",
    "/old.PHP",
    "/page.html",
];

/// What a path gets, in short.
fn said<F>(found: &Found<F>) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match found {
        Found::File { path, .. } => format!("file {}", text(path)),
        Found::Script(named) if named.path_info.is_empty() => format!("script {}", text(&named.script)),
        Found::Script(named) => format!("script {} + {}", text(&named.script), text(&named.path_info)),
        Found::Slash => "slash".to_owned(),
        Found::Nothing => "nothing".to_owned(),
        Found::Refused(refused, _) => format!("{refused:?}"),
    }
}

fn gets(site: &Site, path: &str) -> String {
    said(&find(site, &Asked::read(path).unwrap(), &mut Names::of(&FILES)))
}

#[test]
fn a_front_controller_gets_what_nothing_else_takes() {
    let site = site(true, &FRONT);
    for (path, expected) in [
        ("/", "script /index.php"),
        ("/x.php", "script /x.php"),
        ("/x.php/info/a", "script /x.php + /info/a"),
        ("/x.php/", "script /x.php + /"),
        ("/x.php/.hidden/.file", "script /x.php + /.hidden/.file"),
        ("/style.css", "file /style.css"),
        ("/style.css/", "script /index.php"),
        ("/style.css/x.php", "script /index.php"),
        ("/docs/", "file /docs/index.html"),
        ("/docs", "slash"),
        ("/admin", "slash"),
        ("/admin/", "script /admin/index.php"),
        ("/empty/", "script /index.php"),
        ("/empty", "script /index.php"),
        ("/2026/11/a-post/", "script /index.php"),
        ("/missing.php", "script /index.php"),
        ("/missing.php/x.php", "script /index.php"),
        ("/odd.php/inner.php/i", "script /odd.php/inner.php + /i"),
        ("/uploads/photo.jpg", "file /uploads/photo.jpg"),
        ("/uploads/evil.jpg/x.php", "script /index.php"),
        ("/uploads/evil.php", "NeverExecuted"),
        ("/uploads/evil.php/x", "NeverExecuted"),
        ("/uploads/evil.php.jpg", "file /uploads/evil.php.jpg"),
        ("/uploads/missing.php", "script /index.php"),
        ("/.env", "Hidden"),
        ("/.git/hook.php", "Hidden"),
        ("/.missing", "Hidden"),
        ("/.well-known/x", "file /.well-known/x"),
        ("/wp-config.php.bak", "Source"),
        ("/old.PHP", "Source"),
        ("/missing.php~", "script /index.php"),
    ] {
        assert_eq!(gets(&site, path), expected, "{path}");
    }
}

#[test]
fn a_site_without_php_runs_nothing_and_shows_no_source() {
    let site = site(false, &STATIC);
    for (path, expected) in [
        ("/", "nothing"),
        ("/docs/", "file /docs/index.html"),
        ("/docs", "slash"),
        ("/x.php", "Source"),
        ("/x.php/info", "nothing"),
        ("/missing.php", "nothing"),
        ("/empty/", "nothing"),
        ("/uploads/evil.php", "Source"),
    ] {
        assert_eq!(gets(&site, path), expected, "{path}");
    }
}

#[test]
fn endings_can_be_left_out_where_try_adds_them() {
    let site = site(false, &["{path}", "{path}.html"]);
    assert_eq!(gets(&site, "/page"), "file /page.html");
    assert_eq!(gets(&site, "/page/"), "nothing");
    assert_eq!(gets(&site, "/"), "nothing");
}

#[test]
fn what_may_not_be_looked_at_ends_the_search() {
    let site = site(true, &FRONT);
    for refused in [Refused::Symlink, Refused::NotRegular, Refused::Permission] {
        let mut tree = Names::of(&FILES);
        tree.0.insert(b"/bad".to_vec(), Seen::Refused(refused));
        tree.0.insert(b"/bad.php".to_vec(), Seen::Refused(refused));
        for path in ["/bad", "/bad.php", "/bad.php/info"] {
            let found = find(&site, &Asked::read(path).unwrap(), &mut tree);
            assert_eq!(said(&found), format!("{refused:?}"), "{path}");
        }
    }
}

#[test]
fn names_alone_decide_where_only_php_sees_the_folder() {
    let front = site(true, &FRONT);
    let plain = site(true, &["{path}", "{path}/index.php"]);
    for (path, with_front, without) in [
        ("/", "script /index.php", "script /index.php"),
        ("/x.php/info", "script /x.php + /info", "script /x.php + /info"),
        ("/admin/", "script /index.php", "script /admin/index.php"),
        ("/a/post", "script /index.php", "script /a/post/index.php"),
        ("/uploads/x.php", "NeverExecuted", "NeverExecuted"),
        ("/.git/hook.php", "Hidden", "Hidden"),
        ("/.env", "Hidden", "Hidden"),
    ] {
        let asked = Asked::read(path).unwrap();
        assert_eq!(said(&find_by_name(&front, &asked)), with_front, "{path}");
        assert_eq!(said(&find_by_name(&plain, &asked)), without, "{path}");
    }
}

/// Paths of parts that matter, plain and encoded.
fn paths() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        Just("x.php"),
        Just("index.php"),
        Just("admin"),
        Just("uploads"),
        Just("evil.jpg"),
        Just("evil.php"),
        Just("evil.php.jpg"),
        Just("odd.php"),
        Just("inner.php"),
        Just("style.css"),
        Just(".git"),
        Just("hook.php"),
        Just(".."),
        Just("%2e%2e"),
        Just("."),
        Just(""),
        Just("%2f"),
        Just("%00"),
        Just("%0a"),
        Just("a%20b"),
        Just(".php"),
        Just("old.PHP"),
        Just("x%2Ephp"),
    ];
    prop::collection::vec(parts, 0..6).prop_map(|parts| format!("/{}", parts.join("/")))
}

fn holds(found: &Found<impl Sized>, is_seen: bool) -> Result<(), TestCaseError> {
    match found {
        Found::Script(named) => {
            let script = &*named.script;
            prop_assert!(name::is_script(script), "{}", said(found));
            if is_seen {
                prop_assert_eq!(Names::of(&FILES).seen(script), Seen::File(()), "{}", said(found));
            }
            prop_assert!(!script.starts_with(b"/uploads/"), "{}", said(found));
            prop_assert!(!script.split(|byte| *byte == b'/').any(name::is_hidden), "{}", said(found));
            prop_assert!(named.path_info.is_empty() || named.path_info.starts_with(b"/"), "{}", said(found));
            let dots = |part: &[u8]| part == b".." || part == b".";
            let both = [script, &*named.path_info].concat();
            prop_assert!(!both.split(|byte| *byte == b'/').any(dots), "{}", said(found));
            prop_assert!(!both.iter().any(u8::is_ascii_control), "{}", said(found));
        }
        Found::File { path, .. } => {
            prop_assert!(!name::is_source(path), "{}", said(found));
            prop_assert!(!path.split(|byte| *byte == b'/').any(name::is_hidden), "{}", said(found));
        }
        Found::Slash | Found::Nothing | Found::Refused(..) => {}
    }
    Ok(())
}

proptest! {
    #[test]
    fn only_scripts_that_are_there_and_may_be_run_are_run(path in paths()) {
        let Ok(asked) = Asked::read(&path) else { return Ok(()) };
        for php in [true, false] {
            for tries in [&FRONT[..], &STATIC[..], &["{path}"], &["{path}.php", "{path}"], &["/index.php"]] {
                let site = site(php, tries);
                let found = find(&site, &asked, &mut Names::of(&FILES));
                holds(&found, true)?;
                prop_assert!(php || !matches!(found, Found::Script(_)), "{}", said(&found));
                if php {
                    holds(&find_by_name(&site, &asked), false)?;
                }
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(path in "\\PC{0,40}") {
        if let Ok(asked) = Asked::read(&path) {
            holds(&find(&site(true, &FRONT), &asked, &mut Names::of(&FILES)), true)?;
        }
    }
}

//! Evidence about Unix sockets, from modes made up here and from files in a folder.

use std::os::unix::{fs::symlink, net::UnixListener};

use super::*;

fn place(path: &str, mode: u32, needs: u32) -> Step {
    Step { path: path.into(), owner: 4_000_033, group: 4_000_034, mode, needs }
}

#[test]
fn the_first_step_that_blocks_is_named_with_the_line_to_change() {
    let who = Who { user: 4_000_001, groups: vec![4_000_001] };
    let run = place("/run", 0o755, PASS);
    for (steps, seen, next) in [
        (
            vec![run.clone(), place("/run/app", 0o750, PASS)],
            "/run/app is 4000033:4000034 0750 and does not admit user 4000001 (groups: 4000001)",
            "Add user 4000001 to group 4000034 (`usermod -aG 4000034 4000001`) and restart the gateway.",
        ),
        (
            vec![run.clone(), place("/run/app", 0o700, PASS)],
            "/run/app is 4000033:4000034 0700 and does not admit user 4000001 (groups: 4000001)",
            "Let user 4000001 pass: `chmod o+x /run/app`.",
        ),
        (
            vec![run.clone(), place("/run/app.sock", 0o660, WRITE)],
            "/run/app.sock is 4000033:4000034 0660 and does not admit user 4000001 (groups: 4000001)",
            "Add user 4000001 to group 4000034 (`usermod -aG 4000034 4000001`) and restart the gateway.",
        ),
        (
            vec![run, place("/run/app.sock", 0o644, WRITE)],
            "/run/app.sock is 4000033:4000034 0644 and does not admit user 4000001 (groups: 4000001)",
            "Let the application create its socket with mode 0660 and a group that user 4000001 belongs to; until \
             then `chmod o+w /run/app.sock`.",
        ),
    ] {
        assert_eq!(forbidden(&steps, &who), Finding::new(seen, next));
    }
}

#[test]
fn the_lines_of_the_pool_are_named_that_bar_the_gateway() {
    let who = Who { user: 4_000_001, groups: vec![4_000_001] };
    let advice = |mode| admit(&place("/run/fpm.sock", mode, WRITE), &who, None);
    let either = advice(0o660).unwrap();
    assert!(either.starts_with("Add user 4000001 to group 4000034 (`usermod -aG 4000034 4000001`)"), "{either}");
    assert!(either.contains("; or write `listen.group = 4000001` into the pool's file and restart PHP"), "{either}");
    let both = "Write `listen.group = 4000001` and `listen.mode = 0660` into";
    assert!(advice(0o600).is_some_and(|next| next.starts_with(both)));
    assert_eq!(advice(0o666), None);
}

#[test]
fn when_the_modes_admit_the_gateway_other_guards_are_named() {
    let who = Who { user: 4_000_001, groups: vec![4_000_034] };
    let finding = forbidden(&[place("/run/app.sock", 0o660, WRITE)], &who);
    assert!(finding.next.as_ref().is_some_and(|next| next.contains("SELinux")), "{finding:?}");
}

#[test]
fn what_lies_at_and_beside_the_path_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let _listener = UnixListener::bind(folder.path().join("app2.sock")).unwrap();
    let file = folder.path().join("app.pid");
    fs::write(&file, "1").unwrap();
    let root = folder.path().display();
    let long = folder.path().join("x".repeat(UNIX_PATH));
    for (finding, expected) in [
        (missing(&folder.path().join("app.sock")), format!("other sockets in {root}: app2.sock")),
        (missing(&folder.path().join("a/b/app.sock")), format!("the folder {root}/a does not exist")),
        (no_socket(&file), format!("{root}/app.pid is a regular file; other sockets in {root}: app2.sock")),
        (no_socket(&file.join("app.sock")), format!("{root}/app.pid is not a folder")),
        (no_socket(&long), format!("the path is {} bytes long; 107 are allowed", long.as_os_str().len())),
    ] {
        assert_eq!(finding.seen, expected);
    }
}

#[test]
fn a_link_that_leads_nowhere_is_named_with_its_target() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().display();
    for (link, target) in [("current.sock", "v2.sock"), ("app.sock", "current.sock"), ("run", "/nonexistent/run")] {
        symlink(target, folder.path().join(link)).unwrap();
    }
    for (path, expected) in [
        ("current.sock", format!("{root}/current.sock is a link to {root}/v2.sock, which does not exist")),
        ("app.sock", format!("{root}/app.sock is a link to {root}/v2.sock, which does not exist")),
        ("run/app.sock", format!("{root}/run is a link to /nonexistent/run, which does not exist")),
    ] {
        let finding = missing(&folder.path().join(path));
        assert_eq!(finding.seen, expected);
        assert!(finding.next.is_some_and(|next| next.contains("correct the link")));
    }
}

#[test]
fn a_link_on_the_way_is_not_said_to_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..=EVIDENCE_LINKS {
        symlink(format!("{}.sock", number + 1), folder.path().join(format!("{number}.sock"))).unwrap();
    }
    let seen = |number: usize| missing(&folder.path().join(format!("{number}.sock"))).seen;
    let end = format!("{}.sock", EVIDENCE_LINKS + 1);
    assert!(seen(1).ends_with(&format!("{end}, which does not exist")), "{}", seen(1));
    assert!(seen(0).ends_with(&format!("{EVIDENCE_LINKS}.sock among them, to nothing")), "{}", seen(0));
    symlink("0.sock", folder.path().join(end)).unwrap();
    assert!(seen(0).ends_with(" among them, to nothing"), "a circle: {}", seen(0));
}

#[test]
fn what_is_no_socket_is_told_from_what_cannot_be_seen() {
    let folder = tempfile::tempdir().unwrap();
    let _listener = UnixListener::bind(folder.path().join("app.sock")).unwrap();
    fs::write(folder.path().join("app.pid"), "1").unwrap();
    for (path, expected) in
        [("", Some(false)), ("app.pid", Some(false)), ("app.sock", Some(true)), ("app.pid/app.sock", None)]
    {
        assert_eq!(is_socket(&folder.path().join(path)), expected, "{path}");
    }
}

#[test]
fn a_path_is_found_among_the_bound_sockets() {
    let sockets = "Num RefCount Protocol Flags Type St Inode Path\n\
                   0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/app.sock\n\
                   0000000000000000: 00000002 00000000 00000000 0001 01 12346\n";
    assert!(is_bound(sockets, "/run/app.sock"));
    assert!(!is_bound(sockets, "/run/app"));
}

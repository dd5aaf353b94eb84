//! Paths and their one reading.

use proptest::prelude::*;

use super::*;

#[test]
fn normal_paths_are_left_alone() {
    for path in [
        "/",
        "/a",
        "/a/",
        "/a%20b/c;p=1",
        "/.well-known/x",
        "/...",
        "/..a/.b",
        "/a.",
        "/a../b./c",
        "/a%0D%0Ab",
        "/%25zz",
        "/%252e%252e/",
        "/a:b@c!$&'()*+,=",
        "/%C3%A4",
        "/ä",
        "/%7F%01%3F%23%3B",
        "*",
        "",
    ] {
        assert_eq!(normalise(path), Ok(None), "{path}");
    }
}

#[test]
fn other_paths_become_normal() {
    for (path, expected) in [
        ("//", "/"),
        ("//admin", "/admin"),
        ("///a///b//", "/a/b/"),
        ("/./admin", "/admin"),
        ("/a/.", "/a/"),
        ("/a/..", "/"),
        ("/a/b/..", "/a/"),
        ("/a/b/../", "/a/"),
        ("/x/../admin", "/admin"),
        ("/a//../b", "/b"),
        ("/%61dmin", "/admin"),
        ("/x/%2e%2e/admin", "/admin"),
        ("/x/%2E./admin", "/admin"),
        ("/%2e/a", "/a"),
        ("/a%2db%5f%7e%2e", "/a-b_~."),
        ("/%c3%a4", "/%C3%A4"),
        ("/%3f%61%3F", "/%3Fa%3F"),
        ("/a%2541", "/a%2541"),
        ("//x%0d%0aSet-Cookie:%20evil=1", "/x%0D%0ASet-Cookie:%20evil=1"),
        ("/./..a", "/..a"),
        ("/ä/../ö", "/ö"),
    ] {
        let normal = normalise(path).map(|normal| normal.as_deref().unwrap_or(path).to_owned());
        assert_eq!(normal.as_deref(), Ok(expected), "{path}");
    }
}

#[test]
fn paths_with_two_readings_are_refused() {
    for (path, expected) in [
        ("a", PathProblem::NotAbsolute),
        ("http://h/", PathProblem::NotAbsolute),
        ("/%", PathProblem::BadEscape),
        ("/%2", PathProblem::BadEscape),
        ("/a%zzb", PathProblem::BadEscape),
        ("/%61%z", PathProblem::BadEscape),
        ("/%+1", PathProblem::BadEscape),
        ("/%ä1", PathProblem::BadEscape),
        ("/x/..%2fadmin", PathProblem::EncodedSlash),
        ("/%2Fadmin", PathProblem::EncodedSlash),
        ("/%61%2F", PathProblem::EncodedSlash),
        ("/a%00b", PathProblem::EncodedNul),
        ("/x\\..\\admin", PathProblem::Backslash),
        ("/%61\\", PathProblem::Backslash),
        ("/%5c", PathProblem::Backslash),
        ("/a\x01b", PathProblem::Control),
        ("/a\x7f", PathProblem::Control),
        ("/a b", PathProblem::Control),
        ("/%61\r", PathProblem::Control),
        ("/t#/../admin", PathProblem::Fragment),
        ("/%61#", PathProblem::Fragment),
        ("/..", PathProblem::AboveRoot),
        ("/../../etc/passwd", PathProblem::AboveRoot),
        ("/a/../..", PathProblem::AboveRoot),
        ("//..", PathProblem::AboveRoot),
        ("/%2e%2E/", PathProblem::AboveRoot),
        ("/x/..;/admin", PathProblem::DotsWithParameter),
        ("/x/.;a=1", PathProblem::DotsWithParameter),
        ("/x/%2e%2e;/", PathProblem::DotsWithParameter),
    ] {
        assert_eq!(normalise(path), Err(expected), "{path}");
        assert!(!expected.to_string().is_empty());
    }
}

/// Paths made of the pieces that matter.
fn paths() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/".to_owned()),
        Just("//".to_owned()),
        Just(".".to_owned()),
        Just("..".to_owned()),
        Just(";".to_owned()),
        Just("ä".to_owned()),
        "[a-c]{1,3}",
        (0u8..=255).prop_map(|byte| format!("%{byte:02x}")),
        (0u8..=255).prop_map(|byte| format!("%{byte:02X}")),
        Just("%".to_owned()),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}

/// The characters of a path that mean something, slashes and escapes aside.
fn reserved(path: &str) -> Vec<u8> {
    path.bytes().filter(|byte| byte.is_ascii() && !is_unreserved(*byte) && !matches!(byte, b'/' | b'%')).collect()
}

#[test]
fn escapes_are_decoded_once() {
    for (path, decoded) in [
        ("/a/b", Some("/a/b")),
        ("/a%20b%2Fc", Some("/a b/c")),
        ("/%D1%84", Some("/\u{444}")),
        ("/%2525", Some("/%25")),
        ("/a%", None),
        ("/a%2", None),
        ("/a%zz", None),
    ] {
        assert_eq!(decode(path.as_bytes()).as_deref(), decoded.map(str::as_bytes), "{path}");
    }
}

proptest! {
    #[test]
    fn a_normal_form_is_stable_and_has_nothing_left_to_resolve(path in paths()) {
        let Ok(normal) = normalise(&path) else { return Ok(()) };
        let normal = normal.as_deref().unwrap_or(&path);
        prop_assert_eq!(normalise(normal), Ok(None));
        prop_assert!(normal.starts_with('/'));
        let open = format!("{normal}/");
        for left in ["/./", "/../"] {
            prop_assert!(!open.contains(left), "{}", normal);
        }
        prop_assert!(!normal.contains("//"));
        for byte in 0u8..=255 {
            let lower = format!("%{byte:02x}");
            prop_assert!(!is_unreserved(byte) || !normal.to_lowercase().contains(&lower));
        }
    }

    #[test]
    fn reserved_characters_are_neither_decoded_nor_encoded(path in paths()) {
        // Without dot segments and empty ones nothing but the notation may change.
        prop_assume!(!path.contains("//") && !path.contains('.') && !path.to_lowercase().contains("%2e"));
        let Ok(Some(normal)) = normalise(&path) else { return Ok(()) };
        prop_assert_eq!(reserved(&normal), reserved(&path));
    }
}

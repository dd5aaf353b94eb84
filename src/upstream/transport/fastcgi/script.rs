//! Which script a path runs where no site has decided it: a mapping below the root, safe by construction.
//! `request` writes parameters from it; whether the root can be seen from here is asked only where it matters.

use std::{os::unix::ffi::OsStrExt, path::Path, sync::Arc};

use crate::{
    failure::{Cause, Failure, Result},
    message::{Script, path},
};

/// What runs where a path ends in a slash.
const INDEX: &[u8] = b"index.php";
/// Where the script ends in a path that goes on behind it.
const SUFFIX: &[u8] = b".php/";

/// The script that `path` (as it is forwarded, percent-encoded) runs below `root`: `/x.php/info` is `/x.php` with path
/// info if that script exists, a path that ends in a slash is `index.php` there, everything else a script as it stands.
///
/// # Errors
/// `request-malformed`: a path that means another one once it is decoded.
pub fn script(path: &str, root: &Arc<str>) -> Result<Script> {
    let decoded = decode(path.as_bytes())?;
    let (name, path_info) = split(&decoded, |name| sees(root, name));
    let mut name = name.to_vec();
    if name.ends_with(b"/") {
        name.extend_from_slice(INDEX);
    }
    Ok(Script { root: Arc::clone(root), name: name.into(), path_info: path_info.into() })
}

/// What the gateway sees of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// The file.
    File,
    /// The root without the file.
    Nothing,
    /// Not even the root: PHP runs elsewhere.
    Elsewhere,
}

/// What lies at `name` below `root` on this machine.
#[must_use]
pub fn sees(root: &str, name: &[u8]) -> Sight {
    let whole = [root.as_bytes(), name].concat();
    if Path::new(std::ffi::OsStr::from_bytes(&whole)).is_file() {
        Sight::File
    } else if Path::new(if root.is_empty() { "/" } else { root }).is_dir() {
        Sight::Nothing
    } else {
        Sight::Elsewhere
    }
}

/// The script and what follows it. `sees` tells whether a script exists; where it cannot, the first one that could be
/// meant is taken.
fn split(path: &[u8], sees: impl Fn(&[u8]) -> Sight) -> (&[u8], &[u8]) {
    for at in memchr::memmem::find_iter(path, SUFFIX) {
        let end = at + SUFFIX.len() - 1;
        if sees(&path[..end]) != Sight::Nothing {
            return path.split_at(end);
        }
    }
    (path, &[])
}

/// The bytes that `path` stands for. Escapes must not make a path of it that nobody has checked.
fn decode(path: &[u8]) -> Result<Vec<u8>> {
    let refused = |what: &str| {
        let evidence = format!("the path {} {what}: no script is called so", path.escape_ascii());
        Err(Failure::new(Cause::RequestMalformed, evidence))
    };
    let Some(decoded) = path::decode(path) else {
        return refused("has a percent sign without two hexadecimal digits after it");
    };
    if decoded.first() != Some(&b'/') {
        return refused("does not begin with a slash");
    }
    if decoded.iter().any(u8::is_ascii_control) {
        return refused("has a control character once it is decoded");
    }
    if decoded.split(|byte| *byte == b'/').any(|segment| matches!(segment, b"." | b"..")) {
        return refused("has a dot segment once it is decoded");
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &str, sees: impl Fn(&[u8]) -> Sight) -> (String, String) {
        let decoded = decode(path.as_bytes()).unwrap();
        let (name, info) = split(&decoded, sees);
        (String::from_utf8_lossy(name).into_owned(), String::from_utf8_lossy(info).into_owned())
    }

    #[test]
    fn path_info_begins_behind_the_first_script_that_exists() {
        let only = |wanted: &'static str| {
            move |name: &[u8]| if name == wanted.as_bytes() { Sight::File } else { Sight::Nothing }
        };
        for (path, exists, expected) in [
            ("/x.php", "/x.php", ("/x.php", "")),
            ("/x.php/info/more", "/x.php", ("/x.php", "/info/more")),
            ("/x.php/", "/x.php", ("/x.php", "/")),
            ("/a.php/b.php/c", "/a.php/b.php", ("/a.php/b.php", "/c")),
            ("/a.php/b.php/c", "/a.php", ("/a.php", "/b.php/c")),
            ("/a.php/b.php", "/nothing", ("/a.php/b.php", "")),
            ("/photo.jpg/x.php", "/photo.jpg", ("/photo.jpg/x.php", "")),
            ("/x%20y.php/%C3%A9", "/x y.php", ("/x y.php", "/é")),
        ] {
            assert_eq!(parts(path, only(exists)), (expected.0.to_owned(), expected.1.to_owned()), "{path}");
        }
    }

    #[test]
    fn where_the_root_is_elsewhere_the_first_possible_script_is_taken() {
        assert_eq!(parts("/a.php/b.php/c", |_| Sight::Elsewhere), ("/a.php".into(), "/b.php/c".into()));
        assert_eq!(parts("/a.php5/b", |_| Sight::Elsewhere), ("/a.php5/b".into(), String::new()));
    }

    #[test]
    fn a_path_that_ends_in_a_slash_runs_the_index() {
        let root: Arc<str> = "/nowhere/at/all".into();
        for (path, name, info) in
            [("/", "/index.php", ""), ("/a/", "/a/index.php", ""), ("/a", "/a", ""), ("/a.php/", "/a.php", "/")]
        {
            let script = script(path, &root).unwrap();
            assert_eq!((&*script.name, &*script.path_info), (name.as_bytes(), info.as_bytes()), "{path}");
        }
    }

    #[test]
    fn what_becomes_another_path_by_decoding_is_refused() {
        let root: Arc<str> = "/nowhere".into();
        for path in ["/x.php%00.jpg", "/x%0a.php", "/x%0d", "/%2e%2e/etc", "/a%2F..%2Fb", "/..", "/100%/a", "*", ""] {
            assert_eq!(script(path, &root).unwrap_err().cause, Cause::RequestMalformed, "{path}");
        }
        assert_eq!(&*script("/100%25/..a", &root).unwrap().name, b"/100%/..a");
    }

    #[test]
    fn the_gateway_knows_what_it_sees() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.php"), "<?php").unwrap();
        let root = folder.path().to_str().unwrap();
        assert_eq!(sees(root, b"/x.php"), Sight::File);
        assert_eq!(sees(root, b"/y.php"), Sight::Nothing);
        assert_eq!(sees("/nowhere/at/all", b"/x.php"), Sight::Elsewhere);
    }
}

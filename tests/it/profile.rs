//! What `benches/profile/rustc` does to a call of the compiler: release builds of the gateway get its profile, others nothing.
//! The compiler is a script here that prints how it was called.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use tempfile::TempDir;

const RELEASE: [&str; 5] = ["--crate-name", "goodgate", "src/lib.rs", "-C", "opt-level=3"];

/// The folder `benches/profile` as it is, but for compiler 1.2.3 alone.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/profile/rustc");
    fs::copy(script, folder.path().join("rustc")).expect("the script is there");
    fs::write(folder.path().join("rustc-1.2.3.profdata"), "").expect("a file");
    folder
}

/// What the compiler of this version is called with, behind its name.
fn called(folder: &TempDir, version: &str, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let compiler = folder.path().join("compiler");
    let text = format!("#!/bin/sh\n[ \"$*\" = --version ] && echo 'rustc {version} (0 2026-01-01)' || echo \"$*\"\n");
    fs::write(&compiler, text).expect("a file");
    fs::set_permissions(&compiler, fs::Permissions::from_mode(0o755)).expect("it can be run");
    let mut command = Command::new("sh");
    command.arg(folder.path().join("rustc")).arg(compiler).args(arguments);
    command.env_remove("CARGO_PRIMARY_PACKAGE").env_remove("GOODGATE_PROFILE").envs(variables.iter().copied());
    let output = command.output().expect("there is a shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("what went in").trim_end().to_owned()
}

#[test]
fn a_release_build_of_the_gateway_gets_the_profile_of_its_compiler() {
    let folder = folder();
    let profile = format!("-Cprofile-use={}/rustc-1.2.3.profdata", folder.path().display());
    let expected = format!("{} {profile}", RELEASE.join(" "));
    assert_eq!(called(&folder, "1.2.3", &RELEASE, &[("CARGO_PRIMARY_PACKAGE", "1")]), expected);
    let none = called(&folder, "1.2.4", &RELEASE, &[("CARGO_PRIMARY_PACKAGE", "1")]);
    assert_eq!(none, RELEASE.join(" "), "another version");
}

#[test]
fn a_build_that_is_to_write_a_profile_does() {
    let variables = [("CARGO_PRIMARY_PACKAGE", "1"), ("GOODGATE_PROFILE", "1")];
    let expected = format!("{} -Cprofile-generate", RELEASE.join(" "));
    assert_eq!(called(&folder(), "1.2.3", &RELEASE, &variables), expected);
}

#[test]
fn everything_else_is_compiled_as_it_was_asked_for() {
    let debug = ["--crate-name", "goodgate", "src/lib.rs", "-C", "debuginfo=2"];
    let other = ["--crate-name", "goodgate_fuzz", "main.rs", "-C", "opt-level=3"];
    let primary = [("CARGO_PRIMARY_PACKAGE", "1")];
    for (arguments, primary) in [(&debug, &primary[..]), (&other, &primary[..]), (&RELEASE, &[])] {
        assert_eq!(called(&folder(), "1.2.3", arguments, primary), arguments.join(" "));
    }
}

#[test]
fn there_is_a_profile_for_the_oldest_compiler_that_will_do() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/profile");
    let oldest = format!("rustc-{}.", env!("CARGO_PKG_RUST_VERSION"));
    let files = fs::read_dir(folder).expect("the folder").map(|file| file.expect("it can be listed").path());
    let name = |file: &Path| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&oldest));
    let profile = files.into_iter().find(|file| name(file)).expect("benches/profile/train.py makes it");
    // The first bytes of LLVM's indexed profiles.
    assert!(fs::read(profile).expect("it can be read").starts_with(b"\xfflprofi\x81"));
}

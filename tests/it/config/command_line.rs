//! The program itself: exit codes, what goes where, and what it says without a configuration.

use std::{
    path::Path,
    process::{Command, Output},
};

use super::SMALLEST;

fn goodgate(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_goodgate")).args(arguments).current_dir(folder).output();
    let Output { status, stdout, stderr } = run.unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_good_file_is_summed_up_on_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("goodgate.toml"), SMALLEST).unwrap();
    let wanted = "goodgate.toml: good: 1 listener, 1 route, 1 upstream\n";
    for arguments in [&["check", "goodgate.toml"] as &[&str], &["check"]] {
        let (code, out, err) = goodgate(folder.path(), arguments);
        assert_eq!((code, out.as_str(), err.as_str()), (Some(0), wanted, ""), "{arguments:?}");
    }
}

#[test]
fn a_good_file_with_oddities_shows_them_on_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{SMALLEST}[upstream.spare]\nservers = [\"http://127.0.0.1:1\"]\n");
    std::fs::write(folder.path().join("a.toml"), text).unwrap();
    let (code, out, err) = goodgate(folder.path(), &["check", "a.toml"]);
    assert_eq!((code, out.as_str()), (Some(0), "a.toml: good: 1 listener, 1 route, 2 upstreams, 1 warning\n"));
    assert!(err.starts_with("warning: no route leads to the upstream `spare`"), "{err}");
}

#[test]
fn a_bad_file_is_refused_with_64_on_standard_error_in_plain_text() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.toml"), SMALLEST.replace("upstream =", "upsteam =")).unwrap();
    for command in ["check", "run"] {
        let (code, out, err) = goodgate(folder.path(), &[command, "a.toml"]);
        assert_eq!((code, out.as_str()), (Some(64), ""), "{err}");
        assert!(err.contains(" --> a.toml:4:1") && err.contains("did you mean `upstream`?"), "{err}");
        assert!(err.ends_with("\na.toml: 2 errors\n") && !err.contains('\u{1b}'), "{err}");
    }
}

#[test]
fn a_missing_file_is_refused_with_64_and_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, err) = goodgate(folder.path(), &["run", "missing.toml"]);
    assert!(code == Some(64) && err.contains("cannot read `missing.toml`"), "{err}");
}

#[test]
fn usage_errors_exit_with_64_and_help_with_0() {
    let folder = tempfile::tempdir().unwrap();
    let table: &[(&[&str], i32, &str)] = &[
        (&[], 64, "Usage:"),
        (&["serve"], 64, "unrecognized subcommand"),
        (&["rnu"], 64, "'run'"),
        (&["chekc", "a.toml"], 64, "'check'"),
        (&["run", "--confg", "a.toml"], 64, "unexpected argument '--confg' found\n\nUsage:"),
        (&["causes", "--help"], 0, "goodgate causes 502"),
        (&["proxy"], 64, "--from"),
        (&["proxy", "--from", "nonsense", "--to", "3000"], 64, "write `:8080`"),
        (&["proxy", "--from", ":99999", "--to", "3000"], 64, "65535"),
        (&["proxy", "--from", ":0", "--to", "https://a"], 64, "not yet known"),
        (&["proxy", "--from", ":0", "--to", "ftp://a"], 64, "write `127.0.0.1:3000`"),
        (&["proxy", "--from", ":0", "--to", "fastcgi://127.0.0.1:9000"], 64, "only a file says"),
        (&["proxy", "--from", ":0", "--to", "http+srv:"], 64, "has no name"),
        (&["proxy", "--from", "localhost:8080", "--to", "3000"], 64, "write \"127.0.0.1:8080\""),
        (&["proxy", "--from", "a.example:8080", "--to", "3000"], 64, "the IP address of an interface"),
        (&["proxy", "--from", ":0", "--to", "a b"], 64, "not a host name"),
        (&["proxy", "--from", "unix:", "--to", "3000"], 64, "has no path"),
        (&["--help"], 0, "goodgate proxy --from :8080 --to 127.0.0.1:3000"),
        (&["run", "--help"], 0, "Example"),
        (&["check", "--help"], 0, "Example"),
        (&["proxy", "--help"], 0, "Example"),
        (&["--version"], 0, "goodgate "),
    ];
    for (arguments, wanted, part) in table {
        let (code, out, err) = goodgate(folder.path(), arguments);
        let (said, silent) = if *wanted == 0 { (out, err) } else { (err, out) };
        assert!(
            code == Some(*wanted) && said.contains(part) && silent.is_empty(),
            "{arguments:?}: {code:?}\n{said}\n{silent}"
        );
    }
}

#[test]
fn an_output_that_cannot_be_written_is_reported_with_74() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("goodgate.toml"), SMALLEST).unwrap();
    for arguments in [&["causes"] as &[&str], &["causes", "connect-refused"], &["check"], &["--help"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_goodgate"));
        let run = command.args(arguments).current_dir(folder.path()).stdout(full).output();
        let Output { status, stderr, .. } = run.unwrap();
        let err = String::from_utf8(stderr).unwrap();
        assert!(status.code() == Some(74) && err.contains("cannot write the output"), "{arguments:?}: {status} {err}");
    }
}

//! Starting, and refusing to: exit codes and what is said about the reason.
//! The problems of a configuration themselves are tested in `config.rs`.

use std::fs;

use crate::support::{Gate, gate::run};

const ROUTE: &str = "[[route]]\nrespond = { status = 200, body = \"up\" }\n";

fn started(toml: &str) -> (i32, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("goodgate.toml");
    fs::write(&file, toml).expect("the configuration can be written");
    let (code, _, stderr) = run(&["run", &file.to_string_lossy()]);
    (code, stderr)
}

#[test]
fn a_wrong_configuration_is_refused_with_every_problem() {
    let (code, stderr) = started("[[listen]]\naddress = \"nowhere\"\n[[route]]\nupstraem = \"app\"\n");
    assert_eq!(code, 64, "{stderr}");
    assert!(stderr.contains("nowhere") && stderr.contains("upstraem") && stderr.contains("upstream"), "{stderr}");
}

#[test]
fn a_file_that_is_not_there_is_said_so() {
    let (code, _, stderr) = run(&["run", "/nonexistent/goodgate.toml"]);
    assert_eq!(code, 64, "{stderr}");
    assert!(stderr.contains("/nonexistent/goodgate.toml"), "{stderr}");
}

#[test]
fn a_log_that_cannot_be_written_is_a_reason_not_to_start() {
    let listen = "[[listen]]\naddress = \"127.0.0.1:0\"\n[log]\naccess = { path = \"/nonexistent/access.log\" }\n";
    let (code, stderr) = started(&format!("{listen}{ROUTE}"));
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("/nonexistent/access.log"), "{stderr}");
}

#[test]
fn a_port_in_use_is_said_with_the_next_step() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound");
    let (code, stderr) = started(&format!("[[listen]]\naddress = \"{address}\"\n{ROUTE}"));
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains(&address.to_string()) && stderr.contains("in use"), "{stderr}");
}

#[test]
fn what_stands_in_the_way_of_a_unix_socket_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (file, socket) = (folder.path().join("file"), folder.path().join("socket"));
    fs::write(&file, "").expect("written");
    let _other = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    for (path, said) in [
        (file.as_path(), "a file that is no socket stands there"),
        (folder.path(), "a folder stands there"),
        (socket.as_path(), "`ss -lxp` shows which one"),
    ] {
        let (code, stderr) = started(&format!("[[listen]]\naddress = \"unix:{}\"\n{ROUTE}", path.display()));
        assert!(code == 1 && stderr.contains(said), "{code}: {stderr}");
    }
    assert!(file.exists() && socket.exists(), "nothing of others is taken away");
}

#[test]
fn check_accepts_what_run_accepts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("goodgate.toml");
    fs::write(&file, format!("[[listen]]\naddress = \"127.0.0.1:0\"\n{ROUTE}")).expect("written");
    assert_eq!(run(&["check", &file.to_string_lossy()]).0, 0);
    fs::write(&file, "[[listen]]\n").expect("written");
    assert_eq!(run(&["check", &file.to_string_lossy()]).0, 64);
}

#[test]
fn an_upstream_that_is_down_does_not_stop_the_start() {
    let gate = Gate::start(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"http+unix:/nonexistent/app.sock\", \"http://gone.example\"]\n",
    );
    assert!(gate.stop().success());
}

#[test]
fn every_command_explains_itself() {
    for command in ["run", "check", "proxy", "causes", "demo"] {
        let (code, stdout, stderr) = run(&[command, "--help"]);
        assert_eq!(code, 0, "{stderr}");
        assert!(stdout.contains("goodgate"), "{command} shows an example: {stdout}");
    }
    let (code, _, stderr) = run(&["proxy", "--nonsense"]);
    assert!(code == 64 && stderr.contains("--nonsense"), "{code} {stderr}");
}

#[test]
fn the_reference_of_causes_comes_from_the_code() {
    let (code, stdout, _) = run(&["causes"]);
    assert_eq!(code, 0);
    for cause in goodgate::failure::Cause::ALL {
        assert!(stdout.contains(cause.id()), "{} is missing", cause.id());
    }
    let (code, stdout, _) = run(&["causes", "connect-refused"]);
    assert!(code == 0 && stdout.contains("502"), "{stdout}");
    assert_eq!(run(&["causes", "no-such-cause"]).0, 64);
    let (code, stdout, _) = run(&["causes", "502"]);
    assert!(code == 0 && stdout.contains("connect-refused") && !stdout.contains("route-no-match"), "{stdout}");
    let (code, stdout, _) = run(&["causes", "unreachable"]);
    assert!(code == 0 && stdout.contains("connect-refused") && !stdout.contains("response-malformed"), "{stdout}");
}

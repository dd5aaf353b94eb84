//! Where clients connect: TCP and Unix listeners, several workers, timeouts of idle clients.
//! Limits that answer with a failure are in `failures/`.

use std::time::Duration;

use super::{OK, configured};
use crate::support::{Client, Gate, Origin};

#[test]
fn a_unix_listener_serves() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("gate.sock");
    let origin = Origin::answering(OK);
    let listen = format!("[[listen]]\naddress = \"unix:{}\"", path.display());
    let gate = configured(&origin, &listen, "", "");
    assert_eq!(Client::unix(&path).get("/unix").status, 200);
    let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().expect("the socket").permissions());
    assert_eq!(mode & 0o777, 0o666, "a proxy in front may run as another user");
    assert!(gate.logged("/unix")["client"].is_null());
    assert!(origin.request().field("x-forwarded-for").is_none_or(|value| !value.contains('/')));
}

#[test]
fn a_unix_upstream_is_served_from() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let origin = Origin::answering_on(&folder.path().join("app.sock"), OK);
    let gate = configured(&origin, "", "", "");
    assert_eq!(gate.client().get("/unix").text(), "ok");
}

#[test]
fn several_listeners_and_workers_serve_alike() {
    let origin = Origin::answering(OK);
    let tables = "[gateway]\nworkers = 3\n[[listen]]\naddress = \"127.0.0.1:0\"\n[[listen]]\naddress = \"127.0.0.1:0\"";
    let gate = configured(&origin, tables, "", "");
    for turn in 0..20 {
        assert_eq!(gate.client().get(&format!("/{turn}")).status, 200);
    }
    assert_eq!(origin.requests().len(), 20);
}

#[test]
fn an_upstream_by_name_is_looked_up() {
    let origin = Origin::answering(OK);
    let names = crate::support::names::Names::start();
    let gate = Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"http://good.example:{}\"]\n\
         dns = {{ servers = [\"{}\"] }}\n",
        origin.port(),
        names.address
    ));
    assert_eq!(gate.client().get("/").status, 200);
    let asked = names.questions();
    assert_eq!(gate.client().get("/").status, 200);
    assert_eq!(names.questions(), asked, "the answer was kept for its time to live");
}

#[test]
fn an_idle_client_is_let_go_silently() {
    let origin = Origin::answering(OK);
    let gate = configured(&origin, "[limits]\nkeepalive_timeout = \"300ms\"\nheader_timeout = \"300ms\"", "", "");
    let mut fresh = gate.client();
    assert!(fresh.is_closed(), "a connection that sends nothing gets nothing");
    let mut kept = gate.client();
    assert_eq!(kept.get("/").status, 200);
    assert!(kept.is_closed(), "nothing is sent that could be taken for an answer");
}

#[test]
fn the_connection_lives_on_after_a_failure_that_is_not_the_clients() {
    let refused = crate::support::faults::refused(std::path::Path::new(""));
    let gate =
        Gate::start(&format!("[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{}\"]\n", refused.server));
    let mut client = gate.client();
    for _ in 0..3 {
        let response = client.post("/", "hello");
        assert_eq!((response.status, response.field("connection")), (502, None), "{response:?}");
    }
}

#[test]
fn a_client_that_pauses_goes_on_with_the_same_connection() {
    let origin = Origin::answering(OK);
    let gate = configured(&origin, "[limits]\nkeepalive_timeout = \"2s\"", "", "");
    let mut client = gate.client();
    for path in ["/first", "/second"] {
        assert_eq!(client.get(path).status, 200);
        // Long enough for the gateway to park the connection.
        assert!(client.is_silent(Duration::from_millis(1300)), "an idle connection stays open");
    }
    assert!(client.is_closed(), "until the keep-alive time is over");
}

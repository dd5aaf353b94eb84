//! Rows: routing and policy answer before any upstream is asked.
//! A loop needs a gateway that is its own upstream and is tested below.

use std::net::TcpListener;

use super::row::{Row, Upstream, check, row};
use crate::support::{Gate, Step, client::get};

pub fn rows() -> Vec<Row> {
    vec![
        ours("route-no-match", "path = \"/elsewhere/\"\nupstream = \"app\""),
        ours("request-method-not-allowed", "methods = [\"POST\", \"PUT\"]\nupstream = \"app\""),
        ours("policy-denied", "access = { deny = [\"127.0.0.0/8\"] }\nupstream = \"app\""),
        ours("policy-denied", "access = { allow = [\"192.0.2.0/24\"] }\nupstream = \"app\""),
        ours("site-not-found", "site = { root = \"/dev/fd\", try = [\"/nothing\"] }"),
        ours("site-refused", "site = { root = \"/dev\", try = [\"/null\"] }"),
        ours("site-root-missing", "site = { root = \"/dev/null/site\" }"),
        ours("upstream-maintenance", "maintenance = { retry_after = \"10m\" }"),
    ]
}

fn ours(cause: &'static str, route: &str) -> Row {
    let script = vec![Step::ReadRequest, Step::Send(super::answer::OK.into()), Step::Again];
    row(cause, Upstream::Script(script)).route(route).seen(0)
}

#[test]
fn routing_and_policy_answer_by_themselves() {
    check(&rows());
}

#[test]
fn a_request_that_comes_back_is_a_loop() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").port();
    let gate = Gate::start(&format!(
        "[[listen]]\naddress = \"127.0.0.1:{free}\"\n[[route]]\nupstream = \"app\"\n\
         [upstream.app]\nservers = [\"http://127.0.0.1:{free}\"]\n"
    ));
    let mut client = gate.client();
    let response = client.send(get("/round")).response();
    let entry = gate.log_line(|entry| entry["cause"] == "proxy-loop");
    assert_eq!((response.status, &entry["delivered"]), (502, &"no".into()), "{response:?} {entry}");
    assert!(gate.log().len() <= 2, "the loop ends on its first round: {:?}", gate.log());
}

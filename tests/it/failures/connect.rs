//! Rows: there is nobody to connect to. Nothing is ever delivered.
//! Causes that only an exhausted machine shows are in `exhaustion.rs`.

use super::row::{Row, Upstream, check, row};
use crate::support::faults;

pub fn rows() -> Vec<Row> {
    vec![
        row("connect-refused", Upstream::Fault(faults::refused)),
        row("connect-refused", Upstream::Fault(faults::refused)).post(),
        row("connect-timeout", Upstream::Fault(faults::full)).options("timeouts = { connect = \"300ms\" }"),
        row("connect-timeout", Upstream::Fault(faults::full)).post().options("timeouts = { connect = \"300ms\" }"),
        row("connect-unroutable", Upstream::Fault(faults::unroutable)),
        row("connect-unix-missing", Upstream::Fault(faults::missing)),
        row("connect-unix-stale", Upstream::Fault(faults::stale)),
        row("connect-unix-permission", Upstream::Fault(faults::forbidden)).without_rights(),
        row("connect-unix-not-socket", Upstream::Fault(faults::not_a_socket)),
        row("connect-backlog-full", Upstream::Fault(faults::full_unix)).options("timeouts = { connect = \"300ms\" }"),
    ]
}

#[test]
fn an_upstream_that_cannot_be_connected_to_is_named_by_its_cause() {
    check(&rows());
}

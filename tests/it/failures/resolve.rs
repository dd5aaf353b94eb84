//! Rows: the upstream's name leads nowhere.
//! The names are answered by the scripted name server of the harness.

use super::row::{Row, Upstream, check, row};

pub fn rows() -> Vec<Row> {
    vec![
        row("dns-timeout", Upstream::Name("silent.example")).options("timeouts = { resolve = \"300ms\" }").seen(0),
        row("dns-nxdomain", Upstream::Name("nxdomain.example")).seen(0),
        row("dns-servfail", Upstream::Name("servfail.example")).seen(0),
        row("dns-refused", Upstream::Name("refused.example")).seen(0),
        row("dns-no-address", Upstream::Name("empty.example")).seen(0),
        row("dns-resolver-unreachable", Upstream::Nameless).seen(0),
        row("dns-nxdomain", Upstream::Name("nxdomain.example")).post().seen(0),
        row("upstream-set-empty", Upstream::Service("empty.example")).seen(0),
        row("dns-nxdomain", Upstream::Service("nxdomain.example")).seen(0),
    ]
}

#[test]
fn a_name_that_leads_nowhere_is_named_by_its_cause() {
    check(&rows());
}

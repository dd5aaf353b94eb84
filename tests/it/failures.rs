//! What the gateway says about every way to fail: each cause is provoked, its answer, log and verdict are checked.
//! Rows stand in one file a phase; what no row can say has a test of its own, named in `ELSEWHERE`.

mod answer;
mod body;
mod client;
mod connect;
mod exhaustion;
mod fastcgi;
mod health;
mod limit;
mod request;
mod resolve;
mod route;
mod row;
mod send;

use std::{collections::BTreeSet, fs, path::Path};

use goodgate::failure::Cause;

use row::{Row, table};

/// Causes that no row provokes, and the test that does.
const ELSEWHERE: &[(&str, &str)] = &[
    ("accept-fd-exhausted", "a_gateway_without_descriptors_serves_again_when_one_is_free"),
    ("accept-client-limit", "one_client_too_many_is_answered_and_closed"),
    ("request-client-aborted", "a_client_that_leaves_cancels_its_exchange"),
    ("request-body-truncated", "half_an_upload_never_looks_whole_to_the_upstream"),
    ("proxy-loop", "a_request_that_comes_back_is_a_loop"),
    ("site-unreadable", "a_file_that_the_gateway_may_not_read_is_explained"),
    ("site-file-broken", "a_file_that_changes_under_the_answer_never_looks_whole"),
    ("limit-concurrency", "a_client_with_too_much_under_way_is_told_so"),
    ("upstream-conn-limit", "a_request_too_many_for_a_full_queue_is_refused_at_once"),
    ("upstream-queue-timeout", "a_request_that_waited_too_long_was_never_sent"),
    ("upstream-circuit-open", "an_open_breaker_refuses_until_its_trial_where_that_is_asked_for"),
    ("upstream-none-healthy", "an_upstream_that_fails_its_checks_is_refused_where_that_is_asked_for"),
    ("upstream-starting", "an_upstream_that_is_not_up_yet_is_refused_as_starting_where_that_is_asked_for"),
    ("connect-reset", "every_errno_of_a_tcp_connect_has_its_cause"),
    ("connect-local-ports-exhausted", "every_errno_of_a_tcp_connect_has_its_cause"),
    ("connect-fd-exhausted", "an_upstream_connection_without_a_descriptor_is_our_own_fault"),
    ("send-closed-before-write", "a_connection_that_closed_before_the_first_byte_delivered_nothing"),
    ("upstream-connection-lost", "a_reset_is_told_from_a_lost_way"),
    ("downstream-write-timeout", "a_client_that_takes_nothing_is_cut_off"),
    ("downstream-aborted-midstream", "a_client_that_leaves_in_the_middle_of_an_answer_is_logged_so"),
    ("gateway-internal-error", "a_panic_in_one_request_ends_nothing_else"),
    ("gateway-overloaded", "a_gateway_short_of_memory_turns_some_away_and_never_all_nor_who_has_priority"),
    ("gateway-draining", "a_request_that_outlives_the_grace_is_answered_all_the_same"),
];

fn rows() -> Vec<Row> {
    [
        request::rows(),
        limit::rows(),
        route::rows(),
        resolve::rows(),
        connect::rows(),
        send::rows(),
        answer::rows(),
        body::rows(),
        fastcgi::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn every_cause_has_a_row_or_a_test_of_its_own() {
    let listed: BTreeSet<&str> = table().iter().map(|fact| fact.id).collect();
    let known: BTreeSet<&str> = Cause::ALL.iter().map(|cause| cause.id()).collect();
    assert_eq!(known, listed, "src/failure/cause and tests/it/failures/causes.txt name the same causes");
    let in_rows: BTreeSet<&str> = rows().iter().map(Row::cause).collect();
    let elsewhere: BTreeSet<&str> = ELSEWHERE.iter().map(|(cause, _)| *cause).collect();
    for cause in listed {
        assert!(
            in_rows.contains(cause) != elsewhere.contains(cause),
            "`{cause}` needs a row in the file of its phase under tests/it/failures/, or, if no row can provoke it, \
             one entry in ELSEWHERE that names its test; not both"
        );
    }
}

#[test]
fn every_test_named_elsewhere_exists() {
    let mut sources = String::new();
    for folder in ["src", "tests"] {
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut sources);
    }
    for (cause, test) in ELSEWHERE {
        assert!(sources.contains(&format!("fn {test}()")), "no test `{test}` for `{cause}`");
    }
}

fn read(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder of the sources").flatten() {
        if entry.path().is_dir() {
            read(&entry.path(), into);
        } else if entry.path().extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&fs::read_to_string(entry.path()).expect("a source file"));
        }
    }
}

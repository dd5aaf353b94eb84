//! The rows against the design's table, and against each other.
//! The table is test data beside the integration tests.

use std::collections::BTreeSet;

use super::*;

/// Cause, phase, fault, status, Proxy-Status error with its fixed parameters, usual verdict.
const TABLE: &str = include_str!("../../../tests/support/causes.tsv");

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".into())
}

#[test]
fn every_row_says_what_the_design_says() {
    let expected: Vec<_> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
    let rows: Vec<_> = Cause::ALL
        .iter()
        .map(|cause| {
            let facts = cause.facts();
            let mut error = or_dash(facts.token.map(String::from));
            if let ("http_request_error", Some(status)) = (error.as_str(), facts.status) {
                error = format!("{error};status-code={}", status.as_u16());
            }
            for (key, value) in facts.parameters {
                error = format!("{error};{key}={value}");
            }
            let status = or_dash(facts.status.map(|status| status.as_str().to_owned()));
            let (phase, fault) = (facts.phase.as_str(), facts.fault.as_str());
            [facts.id, phase, fault, &status, &error, facts.delivered.as_str()].join("\t")
        })
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn every_cause_is_found_by_its_own_name_only() {
    let ids: BTreeSet<_> = Cause::ALL.iter().map(|cause| cause.id()).collect();
    assert_eq!(ids.len(), Cause::ALL.len());
    for cause in Cause::ALL {
        assert_eq!(Cause::from_id(cause.id()), Some(*cause));
        let spelled: String = format!("{cause:?}")
            .chars()
            .flat_map(|c| c.is_uppercase().then_some('-').into_iter().chain([c.to_ascii_lowercase()]))
            .skip(1)
            .collect();
        assert_eq!(spelled, cause.id());
    }
    assert_eq!(Cause::from_id("connect"), None);
}

#[test]
fn facts_agree_with_each_other() {
    for cause in Cause::ALL {
        let facts = cause.facts();
        let id = facts.id;
        let status = facts.status.map_or(0, |status| status.as_u16());
        match facts.class {
            // The visitor can only ask for something else, whoever closed the file.
            Class::YourRequest if cause == &Cause::SiteUnreadable => assert_eq!(status, 403),
            Class::YourRequest | Class::NotFound => {
                assert_eq!(facts.fault, Fault::Client, "{id}");
                // Nothing is wrong with one of too many requests but its time.
                assert_eq!(facts.passes, status == 429, "{id}: what lies in the request does not pass by itself");
                assert!(status == 0 || (400..500).contains(&status) || [501, 505].contains(&status), "{id}");
            }
            _ => {
                assert_ne!(facts.fault, Fault::Client, "{id}");
                assert!(status == 0 || [500, 502, 503, 504].contains(&status), "{id}");
            }
        }
        if facts.class == Class::Timeout {
            assert_eq!(status, 504, "{id}");
        }
        if matches!(facts.phase, Phase::Resolve | Phase::Connect) {
            assert_eq!(facts.delivered, crate::failure::Delivered::No, "{id}");
        }
        assert!(facts.logged.is_none() || facts.status.is_none(), "{id}");
        for sentence in [facts.meaning, facts.next, facts.retry] {
            assert!(sentence.ends_with('.') && sentence.len() > 5 && !sentence.contains("  "), "{id}: {sentence}");
        }
        assert!(!facts.real_life.is_empty(), "{id}");
    }
}

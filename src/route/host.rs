//! Hosts by specificity: an exact name, then the longest wildcard suffix, then anything.
//! `table` keeps one group of paths behind each; the host arrives in lower case and without its port.

use std::{collections::HashMap, iter};

use crate::{config::settings::HostPattern, limits};

/// Something kept per host. `T` starts empty and is filled through [`Hosts::entry`].
#[derive(Debug, Default)]
pub struct Hosts<T> {
    exact: HashMap<Box<str>, T>,
    /// With their leading dot, longest first.
    suffixes: Vec<(Box<str>, T)>,
    any: T,
}

impl<T: Default> Hosts<T> {
    /// What is kept for `pattern`; `None` is "any host".
    pub fn entry(&mut self, pattern: Option<&HostPattern>) -> &mut T {
        match pattern {
            None => &mut self.any,
            Some(HostPattern::Exact(host)) => self.exact.entry(bare(host).into()).or_default(),
            Some(HostPattern::Suffix(suffix)) => {
                let suffix = bare(suffix);
                // Among equally long suffixes at most one fits a host, so their order does not matter.
                let at = self.suffixes.partition_point(|(known, _)| {
                    known.len() > suffix.len() || (known.len() == suffix.len() && **known < *suffix)
                });
                if self.suffixes.get(at).is_none_or(|(known, _)| **known != *suffix) {
                    self.suffixes.insert(at, (suffix.into(), T::default()));
                }
                &mut self.suffixes[at].1
            }
        }
    }
}

impl<T> Hosts<T> {
    /// What is kept for `host`, most specific first.
    pub fn candidates<'a>(&'a self, host: &str) -> impl Iterator<Item = &'a T> {
        self.named(bare(host)).chain(iter::once(&self.any))
    }

    /// Whether a pattern names `host`, exactly or by a wildcard.
    #[must_use]
    pub fn knows(&self, host: &str) -> bool {
        self.named(bare(host)).next().is_some()
    }

    /// The configured host that `host` is most likely a misspelling of, a wildcard as `*.example.com`.
    /// `None` when no host is configured.
    #[must_use]
    pub fn nearest(&self, host: &str) -> Option<String> {
        let host = bare(host);
        let exact = self.exact.keys().map(|known| (distance(host, known), format!("{known}")));
        let suffixes =
            self.suffixes.iter().map(|(suffix, _)| (distance(tail(host, suffix), suffix), format!("*{suffix}")));
        exact.chain(suffixes).take(limits::NEAREST_HOSTS).min().map(|(_, known)| known)
    }

    fn named<'a>(&'a self, host: &str) -> impl Iterator<Item = &'a T> {
        let exact = if self.exact.is_empty() { None } else { self.exact.get(host) };
        let suffixes = self.suffixes.iter().filter(move |(suffix, _)| under(host, suffix)).map(|(_, kept)| kept);
        exact.into_iter().chain(suffixes)
    }
}

/// Whether `pattern` fits `host`, which is in lower case and without a port, by the rules of the table.
#[must_use]
pub fn fits(pattern: &HostPattern, host: &str) -> bool {
    match pattern {
        HostPattern::Exact(exact) => bare(exact) == bare(host),
        HostPattern::Suffix(suffix) => under(bare(host), bare(suffix)),
    }
}

/// Whether `host` ends in `.suffix` with at least one label before it.
fn under(host: &str, suffix: &str) -> bool {
    host.len() > suffix.len() && host.ends_with(suffix)
}

/// As many labels of `host`, from its end and with their leading dot, as `suffix` has.
fn tail<'a>(host: &'a str, suffix: &str) -> &'a str {
    let labels = suffix.matches('.').count();
    host.rmatch_indices('.').nth(labels.saturating_sub(1)).map_or(host, |(at, _)| &host[at..])
}

/// Without the brackets of an IPv6 address and without a name's closing dot: both are notation only.
fn bare(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address,
        None => host.strip_suffix('.').unwrap_or(host),
    }
}

/// How many characters must be inserted, deleted or replaced to turn one name into the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(patterns: &[&str]) -> Hosts<Vec<String>> {
        let mut hosts = Hosts::default();
        for pattern in patterns {
            let parsed = match pattern.strip_prefix('*') {
                Some(suffix) => HostPattern::Suffix(suffix.to_owned()),
                None => HostPattern::Exact((*pattern).to_owned()),
            };
            let entry: &mut Vec<String> = hosts.entry(Some(&parsed));
            entry.push((*pattern).to_owned());
        }
        hosts.entry(None).push("any".to_owned());
        hosts
    }

    #[test]
    fn exact_hosts_come_before_longer_suffixes_before_shorter_ones_before_any() {
        let hosts = hosts(&["*.com", "*.example.com", "*.exomple.com", "a.example.com", "example.com", "::1"]);
        for (host, expected) in [
            ("a.example.com", "a.example.com *.example.com *.com any"),
            ("a.example.com.", "a.example.com *.example.com *.com any"),
            ("x.y.example.com", "*.example.com *.com any"),
            ("example.com", "example.com *.com any"),
            ("badexample.com", "*.com any"),
            ("x.exomple.com", "*.exomple.com *.com any"),
            (".example.com", "*.com any"),
            ("com", "any"),
            ("[::1]", "::1 any"),
            ("", "any"),
        ] {
            let found: Vec<&str> = hosts.candidates(host).flatten().map(String::as_str).collect();
            assert_eq!(found.join(" "), expected, "{host}");
            assert_eq!(hosts.knows(host), expected != "any", "{host}");
        }
    }

    #[test]
    fn the_same_pattern_twice_shares_one_entry() {
        let hosts = hosts(&["*.b", "*.b", "a.b", "A.b", "a.b."]);
        let found: Vec<usize> = hosts.candidates("a.b").map(Vec::len).collect();
        assert_eq!(found, [2, 2, 1]);
    }

    #[test]
    fn the_nearest_host_is_the_one_with_the_fewest_changes() {
        let hosts = hosts(&["shop.example.com", "example.com", "*.cdn.example"]);
        for (host, expected) in [
            ("shop.exampel.com", "shop.example.com"),
            ("example.org", "example.com"),
            ("img.cdn.exampl", "*.cdn.example"),
            ("other.deep.cdn.exampl", "*.cdn.example"),
            ("", "example.com"),
        ] {
            assert_eq!(hosts.nearest(host).as_deref(), Some(expected), "{host}");
        }
        assert_eq!(Hosts::<()>::default().nearest("a"), None);
    }

    /// The labels of a name.
    fn labels(name: &str) -> Vec<&str> {
        name.trim_end_matches('.').split('.').collect()
    }

    proptest::proptest! {
        #[test]
        fn the_patterns_that_fit_any_host_are_those_that_fit_label_by_label(
            patterns in proptest::collection::vec("(\\*\\.)?(a|b|ab|xn--a)(\\.(a|b|ab)){0,2}", 0..10),
            host in "(a|b|ab|xn--a|ba)(\\.(a|b|ab)){0,3}\\.?",
        ) {
            let asked = labels(&host);
            let fits = |pattern: &&str| match pattern.strip_prefix("*.") {
                Some(suffix) => asked.len() > labels(suffix).len() && asked.ends_with(&labels(suffix)),
                None => asked == labels(pattern),
            };
            let given: Vec<&str> = patterns.iter().map(String::as_str).collect();
            let mut expected: Vec<&str> = given.iter().copied().filter(fits).collect();
            expected.sort_by_key(|pattern| (pattern.starts_with('*'), std::cmp::Reverse(pattern.len())));
            expected.dedup();
            let hosts = hosts(&given);
            let found: Vec<&str> = hosts.candidates(&host).map(|kept| kept[0].as_str()).collect();
            proptest::prop_assert_eq!(hosts.knows(&host), !expected.is_empty());
            expected.push("any");
            proptest::prop_assert_eq!(found, expected, "{}", host);
        }
    }
}

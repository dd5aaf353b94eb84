//! The aliases (CNAME records, RFC 1034 section 3.6.2) that a name without addresses stands for: what to show, what to mend.
//! `servers` asks for them once a look-up has failed, `trouble` puts them into its words.

use hickory_resolver::proto::rr::Name;

use crate::{failure::Cause, limits::DNS_ALIASES};

/// A name and those that it stands for, one after the other: at least two.
#[derive(Debug)]
pub(super) struct Aliases {
    names: Vec<Name>,
    end: End,
}

/// Why there is no address at their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The last name is one of the others.
    Circle,
    /// The last name does not exist.
    Missing,
    /// The last name has no address.
    Bare,
    /// Only so many of the names were followed.
    TooLong(usize),
}

/// Aliases that are being followed.
#[derive(Debug)]
pub(super) struct Trail(Vec<Name>);

impl Trail {
    /// It begins at `name`.
    pub(super) fn new(name: &Name) -> Self {
        Self(vec![name.clone()])
    }

    /// The name whose alias is to be asked for next.
    pub(super) fn next(&self) -> Option<&Name> {
        let (last, others) = self.0.split_last()?;
        (others.len() < DNS_ALIASES && !others.contains(last)).then_some(last)
    }

    /// The last name is an alias of `target`.
    pub(super) fn push(&mut self, target: Name) {
        self.0.push(target);
    }

    /// What was found, where the look-up ended with `cause` at the name `followed`; `None` where there is no alias.
    pub(super) fn end(mut self, followed: &Name, cause: Cause) -> Option<Aliases> {
        let circle = self.0.split_last().is_some_and(|(last, others)| others.contains(last));
        let reached = self.0.iter().position(|name| name == followed);
        if reached.is_none() && !circle {
            // The server did not tell of all of them.
            self.0.push(followed.clone());
        }
        let end = match reached {
            _ if circle => End::Circle,
            Some(at) if at + 1 < self.0.len() => End::TooLong(at + 1),
            _ if cause == Cause::DnsNxdomain => End::Missing,
            _ => End::Bare,
        };
        (self.0.len() > 1).then_some(Aliases { names: self.0, end })
    }
}

impl Aliases {
    /// What is seen of them.
    pub(super) fn said(&self) -> String {
        let chain = join(&self.names, " → ");
        let last = self.names.last().map(shown).unwrap_or_default();
        match self.end {
            End::Circle => format!("its aliases (CNAME) lead in a circle: {chain}"),
            End::Missing => format!("it is an alias (CNAME): {chain}, and {last} does not exist"),
            End::Bare => format!("it is an alias (CNAME): {chain}, and {last} has no A or AAAA record"),
            End::TooLong(names) => {
                format!("it is an alias (CNAME): {chain}; only {names} of these names were followed")
            }
        }
    }

    /// What to mend; `dig` shows it.
    pub(super) fn mend(&self, dig: &str) -> String {
        let (last, before) = self.names.split_last().map_or((String::new(), &[][..]), |(last, all)| (shown(last), all));
        let alias = before.last().map(shown).unwrap_or_default();
        match self.end {
            End::Circle => {
                let first = self.names.iter().position(|name| Some(name) == self.names.last()).unwrap_or(0);
                let circle = join(before.get(first..).unwrap_or_default(), " or ");
                format!(
                    "Change the CNAME record of {circle} so that it leads to a name with an A or AAAA record: {dig}."
                )
            }
            End::Missing => format!("Create {last}, or change the CNAME record of {alias}, which leads to it: {dig}."),
            End::Bare => format!("Add an A or AAAA record for {last}, or change the CNAME record of {alias}: {dig}."),
            End::TooLong(names) => {
                format!(
                    "Shorten the chain of CNAME records to {names} names, or name its last host in `servers`: {dig}."
                )
            }
        }
    }
}

fn join(names: &[Name], by: &str) -> String {
    names.iter().map(shown).collect::<Vec<_>>().join(by)
}

fn shown(name: &Name) -> String {
    let name = name.to_string();
    name.strip_suffix('.').unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn trail(names: &[&str]) -> Trail {
        Trail(names.iter().map(|text| name(text)).collect())
    }

    #[test]
    fn a_trail_goes_on_until_it_turns_back_or_is_long() {
        assert_eq!(trail(&["a."]).next(), Some(&name("a.")));
        assert_eq!(trail(&["a.", "b."]).next(), Some(&name("b.")));
        assert_eq!(trail(&["a.", "b.", "B."]).next(), None);
        let names: Vec<String> = (0..=DNS_ALIASES).map(|at| format!("n{at}.")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(trail(&names).next(), None);
    }

    #[test]
    fn what_is_said_of_aliases_says_where_they_end() {
        for (names, followed, cause, said, mend) in [
            (
                &["a.", "b.", "c.", "b."][..],
                "c.",
                Cause::DnsNoAddress,
                "its aliases (CNAME) lead in a circle: a → b → c → b",
                "Change the CNAME record of b or c so that it leads to a name with an A or AAAA record: DIG.",
            ),
            (
                &["a.", "b."],
                "b.",
                Cause::DnsNxdomain,
                "it is an alias (CNAME): a → b, and b does not exist",
                "Create b, or change the CNAME record of a, which leads to it: DIG.",
            ),
            (
                &["a."],
                "b.",
                Cause::DnsNoAddress,
                "it is an alias (CNAME): a → b, and b has no A or AAAA record",
                "Add an A or AAAA record for b, or change the CNAME record of a: DIG.",
            ),
            (
                &["a.", "b.", "c."],
                "b.",
                Cause::DnsNoAddress,
                "it is an alias (CNAME): a → b → c; only 2 of these names were followed",
                "Shorten the chain of CNAME records to 2 names, or name its last host in `servers`: DIG.",
            ),
        ] {
            let aliases = trail(names).end(&name(followed), cause).unwrap();
            assert_eq!((&*aliases.said(), &*aliases.mend("DIG")), (said, mend));
        }
        assert!(trail(&["a."]).end(&name("a."), Cause::DnsNoAddress).is_none());
    }
}

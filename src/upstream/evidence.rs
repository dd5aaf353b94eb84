//! What the system says about an address that failed: who listens where, who owns a socket, what is used up.
//! Asked by `connect` once it has a cause, and seldom, because a dead upstream is tried thousands of times a second.

mod pool;
mod tcp;
mod unix;

use std::{cell::RefCell, collections::BTreeMap, net::SocketAddr, rc::Rc, sync::Arc, time::Instant};

use rustix::process::{Resource, getrlimit};

pub(super) use self::{
    pool::PoolLines,
    tcp::{has_source_address, local_ports, tcp},
    unix::{is_socket, unix},
};
use crate::{
    failure::{Cause, Failure},
    limits::{EVIDENCE_LIFE, EVIDENCE_MEMBERS},
};

/// What was found out, and what to do about it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Finding {
    /// Follows what the kernel answered; empty when the system knows no more.
    seen: String,
    next: Option<String>,
    /// The last whole evidence about one address, and the errno that it is about.
    whole: RefCell<Option<(SocketAddr, Option<i32>, String)>>,
}

impl Finding {
    fn new(seen: impl Into<String>, next: impl Into<String>) -> Self {
        Self { seen: seen.into(), next: Some(next.into()), whole: RefCell::default() }
    }

    /// The same with what `other` has seen beside it, and with its next step.
    fn with(mut self, other: Self) -> Self {
        if !self.seen.is_empty() && !other.seen.is_empty() {
            self.seen.push_str("; ");
        }
        self.seen.push_str(&other.seen);
        Self { next: other.next.or(self.next), ..self }
    }

    /// The failure of one request; `text` is what the kernel answered.
    pub(super) fn failure(&self, cause: Cause, text: String) -> Box<Failure> {
        self.complete(cause, self.evidence(text))
    }

    /// The same where one address was tried: the failures of a dead server say one thing, so it is put together once.
    /// `text` makes what the kernel answered out of `errno`.
    pub(super) fn failure_of(
        &self,
        cause: Cause,
        (address, errno): (SocketAddr, Option<i32>),
        text: impl FnOnce() -> String,
    ) -> Box<Failure> {
        let mut whole = self.whole.borrow_mut();
        if let Some((_, _, evidence)) = whole.as_ref().filter(|known| (known.0, known.1) == (address, errno)) {
            return self.complete(cause, evidence.clone());
        }
        let evidence = self.evidence(text());
        *whole = Some((address, errno, evidence.clone()));
        self.complete(cause, evidence)
    }

    fn evidence(&self, mut text: String) -> String {
        if !self.seen.is_empty() {
            text.push_str("; ");
            text.push_str(&self.seen);
        }
        text
    }

    fn complete(&self, cause: Cause, evidence: String) -> Box<Failure> {
        let failure = Failure::new(cause, evidence);
        match &self.next {
            Some(next) => failure.next(next.clone()),
            None => failure,
        }
    }
}

type Recent = BTreeMap<(Arc<str>, Cause), (Instant, Rc<Finding>)>;

/// The finding about `member` and `cause`; `look` is called when the last one has become old.
pub(super) fn recent(member: &Arc<str>, cause: Cause, look: impl FnOnce() -> Finding) -> Rc<Finding> {
    thread_local! {
        static RECENT: RefCell<Recent> = RefCell::default();
    }
    let key = (Arc::clone(member), cause);
    let now = Instant::now();
    let known = RECENT.with_borrow(|recent| {
        let (found, finding) = recent.get(&key)?;
        (now.duration_since(*found) < EVIDENCE_LIFE).then(|| Rc::clone(finding))
    });
    known.unwrap_or_else(|| {
        let finding = Rc::new(look());
        RECENT.with_borrow_mut(|recent| {
            if recent.len() >= EVIDENCE_MEMBERS {
                recent.clear();
            }
            recent.insert(key, (now, Rc::clone(&finding)));
        });
        finding
    })
}

/// How many descriptors are open, of how many.
fn descriptors() -> Finding {
    let limit = getrlimit(Resource::Nofile).current.map_or_else(|| "no limit".to_owned(), |limit| limit.to_string());
    let seen = match std::fs::read_dir("/proc/self/fd") {
        Ok(open) => format!("the gateway has {} descriptors open, of {limit}", open.count()),
        // Looking takes a descriptor as well.
        Err(_) => format!("the gateway has no descriptor left, of {limit}"),
    };
    let next = "Raise the gateway's limit of open files (LimitNOFILE in its unit, ulimit -n), or lower \
                `limits.connections`."
        .to_owned();
    Finding::new(seen, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_asked_for_once_and_then_repeated() {
        let (one, other) = (Arc::<str>::from("http://one"), Arc::<str>::from("http://other"));
        let mut asked = 0;
        for (member, cause, expected) in [
            (&one, Cause::ConnectRefused, 1),
            (&one, Cause::ConnectRefused, 1),
            (&one, Cause::ConnectTimeout, 2),
            (&other, Cause::ConnectRefused, 3),
        ] {
            recent(member, cause, || {
                asked += 1;
                Finding::default()
            });
            assert_eq!(asked, expected, "{member} {cause:?}");
        }
    }

    #[test]
    fn open_descriptors_are_counted() {
        let finding = descriptors();
        assert!(finding.seen.starts_with("the gateway has ") && finding.seen.contains(" open, of "), "{finding:?}");
    }
}

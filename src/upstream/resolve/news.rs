//! What the log says of names: once that an answer is used beyond its time, with the trouble, and once that it is over.
//! `name` tells what happens in its worker; all workers together are one voice.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use humantime::format_duration;

use super::trouble::Trouble;
use crate::limits::{DNS_GONE_HOLD, DNS_STALE};

/// How many workers use old addresses of a name.
static DOUBTFUL: Mutex<BTreeMap<Box<str>, usize>> = Mutex::new(BTreeMap::new());

/// A worker uses old addresses of a name. When it is dropped it no longer does.
#[derive(Debug)]
pub(super) struct Doubt {
    name: Box<str>,
}

impl Doubt {
    /// It does from now on, because of `trouble`.
    pub(super) fn begin(name: &str, trouble: &Trouble) -> Self {
        if count(name, |workers| workers + 1) == 1 {
            let hold = if trouble.is_denial() { DNS_GONE_HOLD } else { DNS_STALE };
            tracing::warn!(
                name,
                cause = trouble.cause().id(),
                phase = trouble.cause().phase().as_str(),
                blame = trouble.cause().fault().as_str(),
                evidence = trouble.evidence(),
                next = trouble.next(),
                "a name cannot be looked up again: the addresses known last are used for up to {}",
                format_duration(hold)
            );
        }
        Self { name: name.into() }
    }

    /// The name was found again.
    pub(super) fn end(self) {
        let name = self.name.clone();
        drop(self);
        if count(&name, |workers| workers) == 0 {
            tracing::info!(name = &*name, "a name can be looked up again");
        }
    }

    /// The old addresses are used no longer, because of `trouble`.
    pub(super) fn give_up(self, trouble: &Trouble) {
        let name = self.name.clone();
        drop(self);
        if count(&name, |workers| workers) == 0 {
            tracing::warn!(
                name = &*name,
                cause = trouble.cause().id(),
                phase = trouble.cause().phase().as_str(),
                blame = trouble.cause().fault().as_str(),
                evidence = trouble.evidence(),
                next = trouble.next(),
                "a name could not be looked up for long: the addresses known last are used no longer"
            );
        }
    }
}

impl Drop for Doubt {
    fn drop(&mut self) {
        count(&self.name, |workers| workers.saturating_sub(1));
    }
}

/// Changes the number of workers in doubt about `name`, and returns it.
fn count(name: &str, change: impl Fn(usize) -> usize) -> usize {
    let mut doubtful = DOUBTFUL.lock().unwrap_or_else(PoisonError::into_inner);
    let workers = change(doubtful.get(name).copied().unwrap_or(0));
    if workers == 0 {
        doubtful.remove(name);
    } else {
        doubtful.insert(name.into(), workers);
    }
    workers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_speak_with_one_voice() {
        let name = "one-voice.invalid";
        let workers = || count(name, |workers| workers);
        let trouble = Trouble::reserved(name);
        let [first, second, third] = [(); 3].map(|()| Doubt::begin(name, &trouble));
        assert_eq!(workers(), 3, "the first of them has said it");
        first.end();
        second.give_up(&trouble);
        assert_eq!(workers(), 1, "it is not over while one is in doubt");
        drop(third);
        assert_eq!(workers(), 0);
        assert!(!DOUBTFUL.lock().unwrap().contains_key(name), "nothing is left behind");
    }
}

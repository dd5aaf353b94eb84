//! Which server gets the next attempt: those not tried yet, ejected ones last, as the balancing policy orders them.
//! `attempt` asks before each attempt; what an attempt's end means for the server is not decided here.

use super::Pool;
use crate::message::Record;

/// The servers that one request has been at.
#[derive(Debug)]
pub struct Tried {
    /// Empty where there is only one server: nothing is to be remembered then.
    members: Box<[bool]>,
}

impl Tried {
    /// Nobody yet, of `members` servers.
    #[must_use]
    pub fn none(members: usize) -> Self {
        Self { members: vec![false; if members > 1 { members } else { 0 }].into() }
    }

    /// The request goes to `member` now.
    pub fn note(&mut self, member: usize) {
        if let Some(tried) = self.members.get_mut(member) {
            *tried = true;
        }
    }

    /// Whether a server is left.
    #[must_use]
    pub fn others(&self) -> bool {
        self.members.contains(&false)
    }

    fn has(&self, member: usize) -> bool {
        self.members.get(member).copied().unwrap_or(false)
    }
}

impl Pool {
    /// The position of the server for the next attempt of `record`'s request; `None` when every one was tried.
    #[must_use]
    pub fn choose(&self, _record: &Record, tried: &Tried) -> Option<usize> {
        let ejected = |member: usize| self.members.get(member).is_some_and(|member| member.standing.is_ejected());
        let preferred = self.balancer.pick(|member| !tried.has(member) && !ejected(member));
        // One that fails is better than none: nobody is refused as long as a server was not asked.
        preferred.or_else(|| self.balancer.pick(|member| !tried.has(member)))
    }
}

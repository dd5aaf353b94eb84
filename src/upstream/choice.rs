//! Which server gets the next attempt: those not tried yet, ejected and silent ones last, as the balancing policy orders them.
//! `attempt` asks before each attempt; what an attempt's end means for the server is not decided here.

use std::time::Instant;

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

/// Where the next attempt goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// To the server at this position.
    Member(usize),
    /// Nowhere yet: the servers left answer nothing at present.
    Wait,
    /// Nowhere: every server was tried.
    Nobody,
}

impl Pool {
    /// The server for the next attempt of `record`'s request, at `now`.
    #[must_use]
    pub fn choose(&self, _record: &Record, tried: &Tried, now: Instant) -> Choice {
        let well = self.balancer.pick(|member| {
            let standing = &self.roster.standings[member];
            !tried.has(member) && !standing.is_ejected() && standing.pulse.silence(now).is_none()
        });
        well.map_or_else(|| self.last_resort(tried, now), Choice::Member)
    }

    /// One that fails is better than none: nobody is refused as long as a server was not asked.
    fn last_resort(&self, tried: &Tried, now: Instant) -> Choice {
        let silent = |member: usize| self.roster.standings[member].pulse.silence(now).is_some();
        let trickles = |member: &usize| self.roster.standings[*member].pulse.trickles(now);
        let mut asleep = (0..self.members.len()).filter(|member| !tried.has(*member) && silent(*member)).peekable();
        let sleeps = asleep.peek().is_some();
        if let Some(member) = asleep.find(trickles) {
            return Choice::Member(member);
        }
        let ejected = self.balancer.pick(|member| !tried.has(member) && !silent(member));
        ejected.map_or(if sleeps { Choice::Wait } else { Choice::Nobody }, Choice::Member)
    }
}

//! Which server gets the next attempt: one not tried yet, backups behind the others, ejected and silent ones last; among
//! equals the balancing policy decides.
//! `attempt` asks before each attempt; what an attempt's end means for the server is not decided here.

use std::time::Instant;

use super::{Pool, roster::Standing};
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

/// What sets servers apart before any policy is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tier {
    ejected: bool,
    backup: bool,
}

impl Tier {
    /// Servers that are well: those that are no backups first.
    const WELL: [Self; 2] = [Self { ejected: false, backup: false }, Self { ejected: false, backup: true }];
    const EJECTED: [Self; 2] = [Self { ejected: true, backup: false }, Self { ejected: true, backup: true }];
}

impl Pool {
    /// The server for the next attempt of `record`'s request, at `now`.
    #[must_use]
    pub fn choose(&self, record: &Record, tried: &Tried, now: Instant) -> Choice {
        let well = self.forgotten(tried, now).or_else(|| self.pick(Tier::WELL, record, tried, now));
        well.map_or_else(|| self.last_resort(record, tried, now), Choice::Member)
    }

    /// Whether a server is left that answers at `now`, as far as is known.
    #[must_use]
    pub fn has_other(&self, tried: &Tried, now: Instant) -> bool {
        let mut standings = self.roster.standings.iter().enumerate();
        tried.others() && standings.any(|(at, standing)| !tried.has(at) && standing.pulse.silence(now).is_none())
    }

    /// A silent server that nobody waits for any more, now and then: without a request it could never be seen to answer.
    fn forgotten(&self, tried: &Tried, now: Instant) -> Option<usize> {
        // The only one is asked anyway.
        if self.members.len() == 1 {
            return None;
        }
        let mut standings = self.roster.standings.iter().enumerate();
        let is_forgotten = |at: usize, standing: &Standing| {
            standing.pulse.silence(now).is_some()
                && standing.under_way() == 0
                && !standing.is_ejected()
                && !tried.has(at)
                && standing.pulse.trickles(now)
        };
        standings.find(|(at, standing)| is_forgotten(*at, standing)).map(|(at, _)| at)
    }

    /// One that fails is better than none: nobody is refused as long as a server was not asked.
    fn last_resort(&self, record: &Record, tried: &Tried, now: Instant) -> Choice {
        let silent = |member: usize| self.roster.standings[member].pulse.silence(now).is_some();
        let trickles = |member: &usize| self.roster.standings[*member].pulse.trickles(now);
        let mut asleep = (0..self.members.len()).filter(|member| !tried.has(*member) && silent(*member)).peekable();
        let sleeps = asleep.peek().is_some();
        if let Some(member) = asleep.find(trickles) {
            return Choice::Member(member);
        }
        match self.pick(Tier::EJECTED, record, tried, now) {
            Some(member) => Choice::Member(member),
            None if sleeps => Choice::Wait,
            // What was known of a server may have changed since it was passed over.
            None => (0..self.members.len()).find(|member| !tried.has(*member)).map_or(Choice::Nobody, Choice::Member),
        }
    }

    /// One of the first of these tiers that has a server which was not tried and is not silent.
    fn pick(&self, tiers: [Tier; 2], record: &Record, tried: &Tried, now: Instant) -> Option<usize> {
        let fits = |at: usize, tier: Tier| {
            let member = &self.members[at];
            let (standing, backup) = (&member.standing, member.server.backup);
            !tried.has(at)
                && tier == Tier { ejected: standing.is_ejected(), backup }
                && standing.pulse.silence(now).is_none()
        };
        let among = |tier: Tier| self.balancer.pick(record, now, |at| fits(at, tier));
        let Some(slow) = &self.slow_start else { return tiers.into_iter().find_map(among) };
        let lot = slow.lot(self.balancer.key(record));
        let grown = |at: usize| slow.admits(self.members[at].standing.restored(), now, lot);
        let grown_among = |tier: Tier| self.balancer.pick(record, now, |at| fits(at, tier) && grown(at));
        tiers.into_iter().find_map(|tier| grown_among(tier).or_else(|| among(tier)))
    }
}

#[cfg(test)]
mod tests;

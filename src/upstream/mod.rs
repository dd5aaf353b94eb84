//! Upstream pools: servers, their connections, and the attempts of a request.
//! The stack hands a request over and gets an answer or a failure; who failed how is decided in here.

pub mod attempt;
pub mod balance;
pub mod budget;
pub mod choice;
pub mod connect;
pub mod danger;
pub mod delivery;
mod evidence;
pub mod fpm;
pub mod health;
mod hold;
pub mod incoming;
pub mod judge;
pub mod keeping;
pub mod member;
pub mod outgoing;
pub mod pulse;
pub mod queue;
pub mod replay;
pub mod resolve;
pub mod roster;
pub mod spool;
pub mod stale;
pub mod transport;

use std::{rc::Rc, sync::Arc, time::Instant};

use attempt::Serving;
use balance::{Balancer, Candidate, slow_start::SlowStart};
use budget::Budget;
use danger::Danger;
use fastrand::Rng;
use fpm::Inquiries;
use member::Member;
use outgoing::Identity;
use resolve::Resolver;
use roster::{Roster, Standing};

use crate::{clock::Clock, config::settings, message::Request};

/// The servers of one `[upstream.NAME]`, as one worker sees them.
pub struct Pool {
    pub(crate) upstream: Rc<settings::Upstream>,
    pub(crate) name: Rc<str>,
    pub(crate) members: Vec<Rc<Member>>,
    pub(crate) balancer: Balancer,
    pub(crate) slow_start: Option<SlowStart>,
    pub(crate) budget: Budget,
    pub(crate) roster: Arc<Roster>,
    pub(crate) line: hold::Line,
    pub(crate) resolver: Resolver,
    pub(crate) clock: Clock,
    pub(crate) identity: Rc<Identity>,
    pub(crate) inquiries: Inquiries,
}

impl Pool {
    /// A pool without connections; `roster` is the one of this upstream over all workers. Nothing is looked up or dialled
    /// before a request needs it.
    #[must_use]
    pub fn new(
        upstream: &settings::Upstream,
        roster: &Arc<Roster>,
        identity: &Rc<Identity>,
        clock: &Clock,
    ) -> Rc<Self> {
        let resolver = Resolver::new(&upstream.dns, &roster.names);
        let servers = || upstream.servers.iter().zip(&roster.standings);
        let candidate = |(server, standing): (&settings::Server, &Arc<_>)| Candidate {
            name: Arc::clone(&server.label),
            weight: server.weight,
            standing: Arc::clone(standing),
        };
        let candidates: Vec<_> = servers().map(candidate).collect();
        let danger = Rc::default();
        Rc::new(Self {
            name: upstream.name.as_str().into(),
            members: servers().map(|(server, standing)| member(server, standing, (&resolver, &danger))).collect(),
            balancer: Balancer::new(&upstream.balance, &candidates, Rng::new()),
            slow_start: SlowStart::new(upstream.slow_start),
            budget: Budget::new(upstream.retry.budget_percent, crate::limits::RETRY_BUDGET_FLOOR),
            roster: Arc::clone(roster),
            line: hold::Line::default(),
            resolver,
            clock: clock.clone(),
            identity: Rc::clone(identity),
            inquiries: Inquiries::default(),
            upstream: Rc::new(upstream.clone()),
        })
    }

    /// Serves one request: as many attempts as the rules allow.
    ///
    /// # Errors
    /// The failure of the last attempt; its verdict is the worst of all.
    #[must_use]
    pub fn serve(self: Rc<Self>, request: Request) -> Serving {
        attempt::serve(self, request)
    }

    /// Whether something stands in for it when it fails.
    #[must_use]
    pub fn has_stand_in(&self) -> bool {
        self.upstream.fallback.is_some() || self.upstream.stale_if_error.is_some()
    }

    /// Closes idle connections that are too old or that their server has closed.
    pub fn sweep(&self) {
        let now = Instant::now();
        for member in &self.members {
            member.sweep(&self.upstream.pool, now);
        }
    }
}

/// A server without connections. It leaves the addresses to which its name leads no longer.
fn member(
    server: &settings::Server,
    standing: &Arc<Standing>,
    (resolver, danger): (&Resolver, &Rc<Danger>),
) -> Rc<Member> {
    let member = Member::new(server.clone(), standing).named(resolver.name(&server.address)).warned(danger);
    let member = Rc::new(member);
    if let Some(name) = &member.name {
        let leaving = Rc::downgrade(&member);
        name.watch(move |places| {
            if let Some(member) = leaving.upgrade() {
                member.leave(places);
            }
        });
    }
    member
}

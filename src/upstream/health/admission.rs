//! The circuit breaker where it is asked for (`health.all_down = "refuse"`): a request is answered at once while no server
//! of its upstream is in use. `attempt` asks before anything is sent; a trial of an ejected server lets its request through.

use std::time::{Duration, Instant};

use super::{
    Ward,
    state::{Outage, State},
    words,
};
use crate::{
    config::settings::AllDown,
    failure::{Cause, Failure, Result},
    upstream::Pool,
};

/// Lets the request through, unless every server is out of use and the operator wants it refused then.
///
/// # Errors
/// `upstream-circuit-open` where a server is ejected for failures of requests, else `upstream-starting` where no check of
/// any server has ever gone well, else `upstream-none-healthy`. Nothing was sent.
pub fn admit(pool: &Pool) -> Result<()> {
    let roster = &pool.roster;
    if pool.upstream.health.all_down == AllDown::Try || !roster.standings.iter().all(|standing| standing.is_ejected()) {
        return Ok(());
    }
    match roster.health.refusal(Instant::now()) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

impl Ward {
    /// Why nobody is asked; `None` where a server is in use after all.
    fn refusal(&self, now: Instant) -> Option<Box<Failure>> {
        let outages: Vec<_> = self.states().iter().map(State::outage).collect::<Option<_>>()?;
        let ejected = outages.iter().any(|(outage, _)| matches!(outage, Outage::Ejected(_)));
        let passed = outages.iter().any(|(outage, _)| matches!(outage, Outage::Down(bad) if bad.passed));
        let cause = match (ejected, passed) {
            (true, _) => Cause::UpstreamCircuitOpen,
            (false, false) => Cause::UpstreamStarting,
            (false, true) => Cause::UpstreamNoneHealthy,
        };
        let said: Vec<String> = (self.members.iter().zip(&outages))
            .map(|(member, (outage, _))| match outage {
                Outage::Ejected(kinds) => format!("{member} is ejected: {}", words::failures(kinds, now)),
                Outage::Down(bad) => format!("{member}: {}", words::failed(bad, now)),
            })
            .collect();
        let next = outages.iter().filter_map(|(_, soonest)| *soonest).min();
        let next = next.map(|next| next.saturating_duration_since(now));
        let when = next.map(|next| format!("; next trial in {}", words::span(next))).unwrap_or_default();
        let evidence = format!("no server of upstream {} is in use: {}{when}", self.upstream, said.join("; "));
        let mut failure = Failure::new(cause, evidence);
        // In whole seconds, so that nobody comes too early.
        failure.retry_after = next.map(|next| Duration::from_secs(next.as_secs() + u64::from(next.subsec_nanos() > 0)));
        Some(failure)
    }
}

//! How an attempt reaches its server: by address, by path, or by what its name leads to.
//! `single` asks for a connection; addresses come from `resolve`, the dialling is `connect`'s.

use std::{
    future::poll_fn,
    rc::Rc,
    time::{Duration, Instant},
};

use super::single::Attempt;
use crate::{
    clock::Timer,
    config::settings::ServerAddress,
    failure::{Cause, Failure, Phase, Result},
    upstream::{
        connect,
        delivery::Delivery,
        resolve::{Name, Pick, Places},
        transport::Connection,
    },
};

/// Where a name leads to, and which of its addresses a request begins with.
pub(super) type Heading = (Rc<Places>, Pick);

impl Attempt<'_> {
    /// Where a server with a name is to be reached, as far as that is known without a wait.
    pub(super) fn heading(&self, now: Instant) -> Option<Heading> {
        let name = self.member.name.as_ref()?;
        let places = name.known(now)?;
        let pick = name.pick(&places, now);
        Some((places, pick))
    }

    /// Whether there may be an idle connection to where the request heads.
    pub(super) fn is_kept(&self, heading: Option<&Heading>) -> bool {
        match heading {
            Some((_, pick)) => self.member.prefer(pick.address),
            None => self.member.name.is_none(),
        }
    }

    /// Connects, looking up the name first where there is one and nothing is known of it.
    pub(super) async fn connect(
        &self,
        timer: &Timer,
        delivery: &Delivery,
        heading: Option<Heading>,
    ) -> Result<Box<Connection>> {
        let limit = self.pool.upstream.timeouts.connect;
        let label = &self.member.server.label;
        let connected = match (&self.member.name, &self.member.server.address) {
            (Some(name), _) => self.connect_by_name(name, heading, timer, delivery).await,
            (None, ServerAddress::Unix(path)) => {
                let began = begin(timer, limit);
                let socket = connect::connect_unix(path, label, limit, self.expired(timer)).await;
                self.connecting(began);
                socket.map(Connection::new)
            }
            (None, ServerAddress::Socket(address)) => {
                let began = begin(timer, limit);
                let socket = connect::connect_tcp(&[*address], label, limit, self.expired(timer)).await;
                self.connecting(began);
                socket.map(Connection::new)
            }
            (None, ServerAddress::Name { .. } | ServerAddress::Service(_)) => {
                Err(Failure::new(Cause::GatewayInternalError, format!("{label} has a name that nobody looks up")))
            }
        };
        timer.disarm();
        connected.map_err(|failure| self.or_deadline(failure))
    }

    async fn connect_by_name(
        &self,
        name: &Rc<Name>,
        heading: Option<Heading>,
        timer: &Timer,
        delivery: &Delivery,
    ) -> Result<Box<Connection>> {
        let timeouts = &self.pool.upstream.timeouts;
        let label = &self.member.server.label;
        let (places, pick) = if let Some(heading) = heading {
            heading
        } else {
            delivery.phase.set(Phase::Resolve);
            let began = begin(timer, timeouts.resolve);
            let found = self.resolve(name, timeouts.resolve, timer).await;
            let spent = &self.record.times.resolve;
            spent.set(spent.get() + began.elapsed());
            let places = found.map_err(|failure| failure.member(label))?;
            delivery.phase.set(Phase::Connect);
            let pick = name.pick(&places, Instant::now());
            (places, pick)
        };
        let began = begin(timer, timeouts.connect);
        let order = name.order(&places, pick, began);
        let worse = |address| name.shun(address, began);
        let connected = connect::connect_first(&order, label, timeouts.connect, self.expired(timer), worse).await;
        self.connecting(began);
        connected.map(|(socket, address)| {
            name.praise(address);
            Connection::to(address, socket)
        })
    }

    async fn resolve(&self, name: &Rc<Name>, limit: Option<Duration>, timer: &Timer) -> Result<Rc<Places>> {
        tokio::select! {
            biased;
            found = name.places() => found,
            () = self.expired(timer) => Err(name.timed_out(limit.unwrap_or_default())),
        }
    }

    fn connecting(&self, began: Instant) {
        let spent = &self.record.times.connect;
        spent.set(spent.get() + began.elapsed());
    }

    /// Completes when the phase's or the whole request's time is up.
    async fn expired(&self, timer: &Timer) {
        poll_fn(|cx| match self.total {
            Some(total) if total.poll_expired(cx).is_ready() => std::task::Poll::Ready(()),
            _ => timer.poll_expired(cx),
        })
        .await;
    }

    /// A timeout that was the whole request's is named so.
    fn or_deadline(&self, failure: Box<Failure>) -> Box<Failure> {
        let spent = self.total.is_some_and(|total| {
            total.poll_expired(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready()
        });
        if !spent {
            return failure;
        }
        let limit = self.pool.upstream.timeouts.total.unwrap_or_default();
        Failure::new(
            Cause::ResponseDeadline,
            format!("no answer after {} in all; last: {failure}", humantime::format_duration(limit)),
        )
        .delivered(failure.delivered)
        .member(&self.member.server.label)
    }
}

/// Begins a phase of `limit`.
fn begin(timer: &Timer, limit: Option<Duration>) -> Instant {
    timer.arm(limit);
    Instant::now()
}

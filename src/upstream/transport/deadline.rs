//! Which deadline an exchange is bound by, and whether it has passed.
//! `exchange` and `stream` wait by it; `timeouts` says what it means that one has.

use std::{
    task::{Context, Poll, ready},
    time::Duration,
};

use super::{exchange::Exchange, upload::Waits};
use crate::{failure::Failure, limits};

/// What the exchange's timer stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    /// Not armed.
    Nothing,
    /// The upstream takes more of the request.
    Send,
    /// The client sends more of its body.
    Client,
    /// The upstream says whether it wants the body.
    Word,
    /// The answer's head.
    Head,
    /// More of the answer's body.
    Body,
}

/// A deadline that has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expired {
    /// Of the phase.
    Phase,
    /// Of the whole request.
    Total,
}

impl Exchange {
    /// While nothing comes: arms the deadline of whoever is waited for, and fails when it has passed.
    pub(super) fn poll_body_deadline(&mut self, cx: &mut Context<'_>, waits: Waits) -> Poll<Box<Failure>> {
        match waits {
            // An upstream may be silent because it waits for the client too.
            Waits::Client => self.wait(Waiting::Client, Some(self.upload.replay().body().timeout())),
            _ => self.wait(Waiting::Body, self.terms.upstream.timeouts.body),
        }
        self.poll_deadline(cx).map(|expired| self.expired(expired))
    }

    /// Fails when the time of the whole request is over, even if there is always something to read.
    pub(super) fn poll_total(&self, cx: &mut Context<'_>) -> Poll<Box<Failure>> {
        match &self.terms.total {
            Some(total) => total.poll_expired(cx).map(|()| self.expired(Expired::Total)),
            None => Poll::Pending,
        }
    }

    /// Arms the timer for what the request now waits for, unless it already is.
    pub(super) fn wait_for(&mut self, waits: Waits) {
        let timeouts = &self.terms.upstream.timeouts;
        let (waiting, limit) = match waits {
            Waits::Done => (Waiting::Head, timeouts.head),
            Waits::Upstream | Waits::Witness | Waits::Broken => (Waiting::Send, timeouts.send),
            Waits::Client => (Waiting::Client, Some(self.upload.replay().body().timeout())),
            Waits::Word => (Waiting::Word, Some(limits::CONTINUE_TIMEOUT)),
        };
        if self.upload.moved() {
            self.waiting = Waiting::Nothing;
        }
        self.wait(waiting, limit);
    }

    /// Arms the timer for `waiting`, unless it stands for that already.
    pub(super) fn wait(&mut self, waiting: Waiting, limit: Option<Duration>) {
        if self.waiting != waiting {
            self.waiting = waiting;
            let looks = self.is_being_taken();
            self.timer.arm(limit.map(|limit| if looks { self.progress.begin(limit) } else { limit }));
        }
    }

    /// Ready when time is up for the phase or for the whole request.
    pub(super) fn poll_deadline(&self, cx: &mut Context<'_>) -> Poll<Expired> {
        if self.terms.total.as_ref().is_some_and(|total| total.poll_expired(cx).is_ready()) {
            return Poll::Ready(Expired::Total);
        }
        ready!(self.timer.poll_expired(cx));
        if let Some(longer) = self.longer() {
            self.timer.arm(Some(longer));
            return self.timer.poll_expired(cx).map(|()| Expired::Phase);
        }
        Poll::Ready(Expired::Phase)
    }

    /// For how much longer a server is waited for that is taking the request.
    fn longer(&self) -> Option<Duration> {
        if !self.is_being_taken() {
            return None;
        }
        let timeouts = &self.terms.upstream.timeouts;
        let limit = match self.waiting {
            Waiting::Send => timeouts.send,
            Waiting::Head => timeouts.head,
            _ => timeouts.body,
        };
        let info = self.connection.tcp_info();
        let acked = info.map(|info| info.acked);
        let rest = !self.upload.is_done() || self.unacknowledged(info) != Some(0);
        self.progress.look(limit?, acked, rest)
    }

    /// Whether the server may still be taking the request: while there is no room for more of it, and also while an answer
    /// is waited for, if a good deal of it may lie in the kernel.
    fn is_being_taken(&self) -> bool {
        match self.waiting {
            Waiting::Send => true,
            Waiting::Head => self.delivery.written.get() > limits::SEND_UNTAKEN,
            Waiting::Body => !self.upload.is_done() && self.delivery.written.get() > limits::SEND_UNTAKEN,
            _ => false,
        }
    }
}

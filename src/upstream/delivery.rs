//! What one attempt has done to its upstream, and so what the upstream can have seen.
//! A transport counts here; when the attempt ends, however it ends, the record gets it.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use super::member::Member;
use crate::{
    failure::{Cause, Delivered, Failure, Phase},
    message::{Attempt, Record},
};

/// The account of one attempt.
pub struct Delivery {
    record: Rc<Record>,
    member: Rc<Member>,
    began: Instant,
    /// How far it came.
    pub phase: Cell<Phase>,
    /// Bytes that the kernel took for the upstream.
    pub written: Cell<u64>,
    /// Bytes that came back.
    pub read: Cell<u64>,
    /// Whether they were an answer in the right protocol.
    pub answered: Cell<bool>,
    /// Whether nothing was done with it, by proof: an answer that says so, or what the kernel knows.
    pub refused: Cell<bool>,
    /// Whether the connection had served before.
    pub reused: Cell<bool>,
    /// When the request began to be written.
    pub sending: Cell<Option<Instant>>,
    /// When it had been written.
    pub sent: Cell<Option<Instant>>,
    /// When the answer's head had come.
    pub headed: Cell<Option<Instant>>,
    concluded: Cell<bool>,
}

impl Delivery {
    /// An attempt at `member` that began at `began`.
    #[must_use]
    pub fn new(record: &Rc<Record>, member: &Rc<Member>, began: Instant) -> Self {
        Self {
            record: Rc::clone(record),
            member: Rc::clone(member),
            began,
            phase: Cell::new(Phase::Connect),
            written: Cell::new(0),
            read: Cell::new(0),
            answered: Cell::new(false),
            refused: Cell::new(false),
            reused: Cell::new(false),
            sending: Cell::new(None),
            sent: Cell::new(None),
            headed: Cell::new(None),
            concluded: Cell::new(false),
        }
    }

    /// Whether the upstream can have seen the request. A byte in a kernel's buffer counts as sent.
    #[must_use]
    pub fn verdict(&self) -> Delivered {
        match (self.answered.get(), self.written.get()) {
            _ if self.refused.get() => Delivered::No,
            (true, _) => Delivered::Yes,
            (false, 0) => Delivered::No,
            (false, _) => Delivered::Maybe,
        }
    }

    /// A failure of this attempt.
    #[must_use]
    pub fn failure(&self, cause: Cause, evidence: impl Into<String>) -> Box<Failure> {
        Failure::new(cause, evidence).delivered(self.verdict()).member(&self.member.server.label)
    }

    /// Since the attempt began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// When the attempt began.
    #[must_use]
    pub fn began(&self) -> Instant {
        self.began
    }

    /// Notes the end of the attempt in the record, at `now`; only the first call counts. `cause` is why it failed.
    pub fn conclude(&self, cause: Option<Cause>, now: Instant) {
        if self.concluded.replace(true) {
            return;
        }
        self.record.delivered.set(self.record.delivered.get().max(self.verdict()));
        let times = &self.record.times;
        let took = now.saturating_duration_since(self.began);
        let span = |total: &Cell<Duration>, from: &Cell<Option<Instant>>, to: Option<Instant>| {
            let to = to.unwrap_or(now);
            // What left with the first write took no time at all, and the whole time is known: nothing to count there.
            if let Some(from) = from.get().filter(|from| *from != to) {
                let whole = from == self.began && to == now;
                total.set(total.get() + if whole { took } else { to.saturating_duration_since(from) });
            }
        };
        span(&times.send, &self.sending, self.sent.get());
        span(&times.head, &self.sent, self.headed.get());
        span(&times.body, &self.headed, None);
        self.record.attempts.borrow_mut().push(Attempt {
            member: Rc::clone(&self.member.label),
            cause,
            phase: self.phase.get(),
            bytes_written: self.written.get(),
            bytes_read: self.read.get(),
            reused: self.reused.get(),
            took,
        });
    }
}

impl Drop for Delivery {
    /// An attempt that nobody concluded was dropped with its request: the client left, or the gateway stops.
    fn drop(&mut self) {
        if self.concluded.get() {
            return;
        }
        let cause = match self.record.connection.ended.get() {
            _ if std::thread::panicking() => Cause::GatewayInternalError,
            Some(cause) => cause,
            None => Cause::RequestClientAborted,
        };
        self.conclude(Some(cause), Instant::now());
    }
}

//! A wait inside the gateway before anything of a request was sent: until its turn, its limit, or the end of its time.
//! The queue and the line of those without a server use it; while it lasts the listener looks whether the client left.

use std::{
    future::poll_fn,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use crate::{clock::Timer, limits, message::Record, upstream::Pool};

/// How a wait ended.
#[derive(Debug)]
pub enum End<T> {
    /// Its turn has come.
    Turn(T),
    /// The wait took too long.
    Limit,
    /// The time of the whole request is over.
    Deadline,
}

/// A wait. Its time is in the record however it ends.
pub struct Stay<'a> {
    record: &'a Record,
    /// When it began.
    pub since: Instant,
    before: Duration,
    /// The listener notices by itself that a client has left, unless a part of its body is still to come.
    watched: bool,
}

impl<'a> Stay<'a> {
    /// Begins to wait, and to look for the client.
    #[must_use]
    pub fn new(record: &'a Record) -> Self {
        let watched = record.connection.unread.get();
        record.connection.watched.set(watched);
        Self { record, since: Instant::now(), before: record.times.queue.get(), watched }
    }

    /// Waits until `turn` is ready, at most for `limit`, and not beyond the time of the whole request (`total`).
    pub async fn until<T>(
        &self,
        pool: &Pool,
        limit: Duration,
        total: Option<&Timer>,
        mut turn: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> End<T> {
        let (over, look) = (pool.clock.timer(), pool.clock.timer());
        over.arm(Some(limit));
        // The listener looks whenever this task is polled, so it has to be polled now and then.
        look.arm(self.watched.then_some(limits::QUEUE_LOOK));
        let end = poll_fn(|cx| {
            // Without any time left a turn is of no use.
            if total.is_some_and(|total| total.poll_expired(cx).is_ready()) {
                return Poll::Ready(End::Deadline);
            }
            if let Poll::Ready(turn) = turn(cx) {
                return Poll::Ready(End::Turn(turn));
            }
            if over.poll_expired(cx).is_ready() {
                return Poll::Ready(End::Limit);
            }
            if look.poll_expired(cx).is_ready() {
                look.arm(Some(limits::QUEUE_LOOK));
                // Just armed, it only notes whom to wake.
                let _ = look.poll_expired(cx);
            }
            Poll::Pending
        })
        .await;
        if self.watched && matches!(end, End::Turn(_)) {
            // The listener looks once more before anything is sent.
            tokio::task::yield_now().await;
        }
        end
    }
}

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        self.record.connection.watched.set(false);
        self.record.times.queue.set(self.before + self.since.elapsed());
    }
}

//! The end of an exchange in records: the connection goes back to the pool, or is read on until the application is done.
//! Comes behind `exchange`, when the client's answer is complete; what the application said goes to `diagnosis`.

use std::{future::poll_fn, task::Poll, time::Instant};

use super::{exchange::Exchange, http1::Framing};
use crate::{limits, upstream::transport::fastcgi::diagnosis};

impl Exchange {
    /// The answer is complete. Scripts may go on behind it, and closing the connection would stop them.
    pub(super) fn finish_records(mut self: Box<Self>, now: Instant) {
        let Some(records) = &self.records else { return };
        if !records.stdout.is_empty() && matches!(self.framing, Framing::Length(_)) {
            self.report_excess();
        }
        if records.is_over() {
            self.keep_records(now);
        } else if self.upload.is_done() {
            self.say();
            self.timer.arm(Some(limits::FASTCGI_AFTERWARDS));
            tokio::task::spawn_local(self.read_on());
        } else {
            self.say();
        }
    }

    /// Reads until END_REQUEST; whatever comes meanwhile belongs to nobody.
    async fn read_on(mut self: Box<Self>) {
        let ended = poll_fn(|cx| {
            loop {
                let Some(records) = &mut self.records else { return Poll::Ready(false) };
                records.stdout.clear();
                if records.unwrap_all(&mut self.connection.buffer).is_err() {
                    return Poll::Ready(false);
                }
                if records.is_over() {
                    return Poll::Ready(true);
                }
                match self.connection.poll_read(cx) {
                    Poll::Ready(Ok(1..)) => {}
                    Poll::Ready(_) => return Poll::Ready(false),
                    Poll::Pending => return self.timer.poll_expired(cx).map(|()| false),
                }
            }
        });
        if ended.await {
            self.keep_records(Instant::now());
        } else {
            self.say();
        }
    }

    /// Gives the connection back to the pool, if it can serve again.
    fn keep_records(mut self: Box<Self>, now: Instant) {
        self.say();
        if self.upload.is_done() && self.connection.buffer.is_empty() {
            self.connection.served(self.delivery.read.get());
            self.terms.member.keep(self.connection, &self.terms.upstream.pool, now);
        }
    }

    /// Says what came on STDERR.
    fn say(&mut self) {
        if let Some(records) = &mut self.records {
            diagnosis::report(records, &self.terms.record, &self.terms.member.server.label);
        }
    }
}

//! The end of an exchange in records: the connection goes back to the pool, or is read on until the application is done.
//! Comes behind `exchange`, when the client's answer is complete; what the application said goes to `diagnosis`.

use std::{
    cell::Cell,
    future::poll_fn,
    task::Poll,
    time::{Duration, Instant},
};

use super::{
    exchange::{Exchange, Terms},
    http1::Framing,
    upload::Waits,
};
use crate::{limits, upstream::transport::fastcgi::diagnosis};

thread_local! {
    /// Connections of this worker that are read on.
    static READING_ON: Cell<usize> = const { Cell::new(0) };
}

/// A place among the connections that are read on; dropping it frees it.
struct Place(());

impl Place {
    /// `None` where there are too many.
    fn take() -> Option<Self> {
        let taken = READING_ON.get();
        (taken < limits::FASTCGI_READING_ON).then(|| {
            READING_ON.set(taken + 1);
            Self(())
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        READING_ON.set(READING_ON.get().saturating_sub(1));
    }
}

impl Exchange {
    /// The answer is complete. Scripts may go on behind it, and closing the connection would stop them.
    pub(super) fn finish_records(mut self: Box<Self>, now: Instant) {
        let Some(records) = &self.records else { return };
        if !records.stdout.is_empty() && matches!(self.framing, Framing::Length(_)) {
            self.report_excess();
        }
        if records.is_over() {
            self.keep_records(now);
        } else if (self.upload.is_done() || !self.cuts_upload())
            && let Some(place) = Place::take()
        {
            self.say();
            tokio::task::spawn_local(self.read_on(place));
        } else {
            self.say();
        }
    }

    /// How long the application may go on. Nobody waits for the body of an answer that has none.
    fn afterwards(&self) -> Duration {
        match self.framing {
            Framing::None => limits::FASTCGI_AFTERWARDS_BODILESS,
            _ => limits::FASTCGI_AFTERWARDS,
        }
    }

    /// Sends what is left of the request and reads until END_REQUEST; whatever comes meanwhile belongs to nobody.
    async fn read_on(mut self: Box<Self>, _place: Place) {
        self.timer.arm(Some(self.afterwards()));
        let ended = poll_fn(|cx| {
            loop {
                if !self.upload.is_done() {
                    match self.upload.poll(&mut self.connection, &self.delivery, cx) {
                        Err(_) | Ok(Waits::Broken) => return Poll::Ready(false),
                        Ok(_) if self.upload.moved() => self.timer.arm(Some(self.afterwards())),
                        Ok(_) => {}
                    }
                }
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
        let Terms { upstream, record, .. } = &self.terms;
        let keeps = upstream.fastcgi.as_ref().is_some_and(|fastcgi| fastcgi.keeps(&record.head.method));
        if keeps && self.upload.is_done() && self.connection.buffer.is_empty() {
            self.connection.served(self.delivery.read.get());
            self.terms.member.keep(self.connection, &self.terms.upstream.pool, now);
            self.terms.member.tidy_soon(&self.terms.upstream.pool);
        }
    }

    /// Says what came on STDERR.
    fn say(&mut self) {
        if let Some(records) = &mut self.records {
            diagnosis::report(records, &self.terms.record, &self.terms.member.server.label);
        }
    }
}

//! What it means that a deadline of an exchange has passed: one cause, and what is known of who is late.
//! Called by `exchange` and `stream` beside `verdict`, which says what a broken connection means.

use std::{fmt::Write as _, time::Duration};

use super::{
    deadline::{Expired, Waiting},
    exchange::Exchange,
    http1::head::shown,
};
use crate::{
    config::settings::ServerAddress,
    failure::{Cause, Failure, Phase},
    socket::TcpInfo,
    upstream::{
        evidence::{self, Finding},
        transport::fastcgi::diagnosis,
    },
};

impl Exchange {
    /// Time is up.
    pub(super) fn expired(&self, expired: Expired) -> Box<Failure> {
        let timeouts = &self.terms.upstream.timeouts;
        let in_body = self.delivery.phase.get() == Phase::Body;
        if expired == Expired::Total {
            let total = said(timeouts.total);
            let phase = self.delivery.phase.get().as_str();
            return if in_body {
                self.delivery.failure(Cause::BodyDeadline, format!("the answer was not complete after {total} in all"))
            } else {
                self.delivery
                    .failure(Cause::ResponseDeadline, format!("no answer after {total} in all, while in phase {phase}"))
            };
        }
        match self.waiting {
            Waiting::Client => self.client_failed(self.upload.replay().body().stalled()),
            Waiting::Send => {
                let written = self.delivery.written.get();
                let limit = said(timeouts.send);
                let mut evidence = format!("{written} bytes of the request were handed to the kernel");
                // Writing to memory cannot fail.
                let _ = match self.unacknowledged(self.connection.tcp_info()) {
                    Some(unread @ 1..) => write!(
                        evidence,
                        "; the server's kernel has not acknowledged {unread} of them, and none more for {limit}"
                    ),
                    _ => write!(evidence, ", then it had no room for more for {limit}"),
                };
                self.delivery.failure(Cause::SendWriteTimeout, evidence)
            }
            Waiting::Body => {
                let read = self.delivery.read.get();
                self.delivery.failure(
                    Cause::BodyIdleTimeout,
                    format!("{read} bytes of the answer came, then nothing for {}", said(timeouts.body)),
                )
            }
            Waiting::Head | Waiting::Word | Waiting::Nothing => self.no_head(timeouts.head),
        }
    }

    /// No head has come within `limit`.
    fn no_head(&self, limit: Option<Duration>) -> Box<Failure> {
        let cause = Cause::ResponseHeaderTimeout;
        let limit = said(limit);
        let begun = self.records.as_ref().map_or(&self.connection.buffer, |records| &records.stdout);
        let hinted = match self.interim {
            0 => String::new(),
            1 => "1 interim (1xx) answer came, ".to_owned(),
            interim => format!("{interim} interim (1xx) answers came, "),
        };
        if !begun.is_empty() {
            let evidence =
                format!("{hinted}{} bytes of a head came and no more within {limit}: {}", begun.len(), shown(begun));
            let next = "See why the application stops in the middle of its head, or never ends it with an empty line.";
            return self.delivery.failure(cause, evidence).next(next);
        }
        if self.interim > 0 {
            let evidence = format!("{hinted}and then no final one within {limit}");
            return self.delivery.failure(cause, evidence);
        }
        let evidence = match (self.delivery.read.get(), self.unacknowledged(self.connection.tcp_info())) {
            (read @ 1.., _) => format!("{read} bytes came within {limit}, and none of them of a head"),
            (0, Some(0)) => {
                format!("not a byte came within {limit}; the server's kernel has acknowledged the whole request")
            }
            (0, Some(unread)) => format!(
                "not a byte came within {limit}; the server's kernel has not acknowledged {unread} of {} bytes of the request",
                self.delivery.written.get()
            ),
            (0, None) => format!("not a byte came within {limit} after the request"),
        };
        let failure = self.unaccepted().failure(cause, evidence);
        let failure = if self.records.is_some() { failure.next(diagnosis::SLOW) } else { failure };
        failure.delivered(self.delivery.verdict()).member(self.label())
    }

    fn label(&self) -> &std::sync::Arc<str> {
        &self.terms.member.server.label
    }

    /// Bytes of this request that the far kernel has not acknowledged; `None` where nobody knows.
    pub(super) fn unacknowledged(&self, info: Option<TcpInfo>) -> Option<u64> {
        let written = self.acked_before() + self.delivery.written.get();
        Some(written.saturating_sub(info?.acked))
    }

    /// Whether the server leaves connections unaccepted, so that this one may be among them.
    fn unaccepted(&self) -> std::rc::Rc<Finding> {
        match &self.terms.member.server.address {
            ServerAddress::Socket(address) if self.connection.served == 0 => {
                let cause = Cause::ResponseHeaderTimeout;
                evidence::recent(self.label(), cause, || evidence::tcp(cause, &[*address]))
            }
            _ => std::rc::Rc::default(),
        }
    }
}

fn said(limit: Option<Duration>) -> String {
    humantime::format_duration(limit.unwrap_or_default()).to_string()
}

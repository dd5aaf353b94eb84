//! What a broken exchange means: one cause, with the evidence.
//! Called by `exchange` and `stream` at the moment something breaks; whether to try again is for `judge`.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use super::{
    exchange::{End, Exchange},
    http1::{
        Framing,
        chunked::Chunked,
        head::{Fault, shown},
    },
    proof::{Findings, Proof},
};
use crate::{
    config::settings::ServerAddress,
    failure::{Cause, Delivered, Failure, Parameter, classify},
    limits,
    message::Length,
    observe::program_log,
    upstream::{evidence::PoolLines, transport::fastcgi::diagnosis},
};

impl Exchange {
    /// A head or body that is not valid.
    pub(super) fn fault(&self, fault: Fault) -> Box<Failure> {
        self.delivery.answered.set(fault.http || self.interim > 0);
        let refused = matches!(fault.cause, Cause::FcgiOverloaded | Cause::FcgiCantMpx | Cause::FcgiUnknownRole);
        self.delivery.refused.set(refused);
        let mut failure = self.delivery.failure(fault.cause, fault.evidence);
        failure.next = fault.next.map(str::to_owned);
        failure.parameters.extend(fault.parameter);
        let served = self.connection.served;
        match fault.cause {
            Cause::ResponseNotHttp | Cause::ResponseIsTls if served > 0 => {
                let requests = if served == 1 { "request" } else { "requests" };
                // Writing to memory cannot fail.
                let _ =
                    write!(failure.evidence, "; it came on a connection that has served {served} {requests} before");
                failure.next(
                    "It has spoken HTTP before, so these bytes are probably the rest of an answer that was longer than it \
                     said: see what the application writes behind its answers, and how it counts Content-Length.",
                )
            }
            Cause::ResponseNotHttp if matches!(self.connection.buffer[..], [1, 3 | 6 | 7, ..]) => {
                failure.next("write \"fastcgi://…\" instead of \"http://…\" in `servers`, with the same host and port")
            }
            Cause::FcgiProtocolError if self.connection.buffer.starts_with(b"H") => failure.next(
                "it speaks HTTP, not FastCGI: write \"http://…\" instead of \"fastcgi://…\" in `servers`, or the port \
                 of PHP-FPM",
            ),
            Cause::BodyBadChunk => failure.parameter("coding", Parameter::Text("chunked".to_owned())),
            _ => failure,
        }
    }

    /// The client's own failure, with what the upstream has seen of the request by then.
    pub(super) fn client_failed(&self, failure: Box<Failure>) -> Box<Failure> {
        let delivered = self.delivery.verdict();
        failure.delivered(delivered)
    }

    /// The connection ended before a whole head had come.
    pub(super) fn ended_before_head(&mut self, end: &End, findings: Findings) -> Box<Failure> {
        let after = rounded(findings.at.saturating_duration_since(self.delivery.began()));
        if let End::Failed(error) = end
            && classify::is_lost(error)
        {
            return self.delivery.failure(
                Cause::UpstreamConnectionLost,
                format!("the kernel gave the connection up after {after}: {error}"),
            );
        }
        let how = match end {
            End::Closed => "closed",
            End::Failed(_) => "reset",
        };
        let read = self.delivery.read.get();
        if read > 0
            && let Some(records) = &mut self.records
        {
            let fault = records.cut(how);
            return self.fault(fault);
        }
        if read > 0 {
            let begun = &self.connection.buffer;
            let evidence = if begun.is_empty() {
                format!("the connection was {how} after an interim (1xx) answer, before the final one")
            } else {
                format!("the connection was {how} after {} bytes of the head: {}", begun.len(), shown(begun))
            };
            return self.delivery.failure(Cause::ResponseHeadTruncated, evidence);
        }
        self.ended_silent(end, how, &after, findings)
    }

    /// The connection ended and not one byte had come back.
    fn ended_silent(&self, end: &End, how: &str, after: &str, findings: Findings) -> Box<Failure> {
        let written = self.delivery.written.get();
        let reused = self.delivery.reused.get();
        let nth = self.connection.served + 1;
        if written == 0 {
            let error = self.upload.error().map(|error| format!(" ({error})")).unwrap_or_default();
            return if reused {
                let idle = self.idle_for();
                self.delivery
                    .failure(
                        Cause::SendClosedBeforeWrite,
                        format!(
                            "the kept connection was already closed when request {nth} was to be written{idle}{error}"
                        ),
                    )
                    .next(self.why_closed())
            } else {
                self.delivery.failure(
                    Cause::ConnectReset,
                    format!("the server accepted the connection and {how} it before a byte was written{error}"),
                )
            };
        }
        if findings.undelivered == Some(Proof::TooLate) {
            self.lost_the_race(findings.at);
            self.delivery.refused.set(true);
            let idle = self.idle_for();
            return self
                .delivery
                .failure(
                    Cause::SendClosedBeforeWrite,
                    format!(
                        "the server had closed the kept connection before request {nth} came{idle}: its kernel answered \
                         {written} bytes with a reset behind the end, and acknowledged none of them"
                    ),
                )
                .next(self.why_closed());
        }
        if findings.undelivered == Some(Proof::Unread) {
            self.delivery.refused.set(true);
            let (cause, which) = if reused {
                self.lost_the_race(findings.at);
                (Cause::SendResetReused, format!("a kept connection {after} after request {nth}"))
            } else {
                (Cause::UpstreamResetNoResponse, format!("the connection {after} after the request"))
            };
            let evidence = format!(
                "the server reset {which} was written to it, and its kernel did not acknowledge the end of the head, as it \
                 does when an application reads it: nobody read all of it"
            );
            return self.delivery.failure(cause, evidence).next(
                "see whether the server was stopped or killed just then, or closes connections without reading them",
            );
        }
        // A body that is held back has not been begun.
        if self.upload.is_open() && self.upload.is_partial() {
            return self.upload_broken(how);
        }
        let asked = self.upload.is_asked();
        // Where a body is held back there is no more of the request than its head.
        let sent = self.delivery.sent.get().or(self.delivery.sending.get());
        let since_sent = sent.map_or(Duration::ZERO, |sent| findings.at.saturating_duration_since(sent));
        if reused && since_sent < self.race() {
            self.lost_the_race(findings.at);
            let idle = self.idle_for();
            let evidence = if asked {
                format!(
                    "the server {how} a kept connection {after} after the head of request {nth}, before it asked for the \
                     body (Expect: 100-continue){idle}"
                )
            } else {
                format!("the server {how} a kept connection {after} after request {nth} was written to it{idle}")
            };
            return self.delivery.failure(Cause::SendResetReused, evidence).next(self.why_closed());
        }
        if asked {
            let cause = match end {
                End::Closed => Cause::UpstreamClosedNoResponse,
                End::Failed(_) => Cause::UpstreamResetNoResponse,
            };
            let evidence = format!(
                "the server {how} the connection {after} after the head of the request, before it asked for the body \
                 (Expect: 100-continue), without a byte of an answer"
            );
            return self.delivery.failure(cause, evidence);
        }
        if self.upload.is_partial() {
            return self.upload_broken(how);
        }
        self.ended_unanswered(end, after, since_sent)
    }

    /// The connection ended before all of the body was written to it.
    fn upload_broken(&self, how: &str) -> Box<Failure> {
        let written = self.delivery.written.get();
        let of = match self.upload.replay().length() {
            Length::Exact(length) => format!(" of a request with {length} bytes of body"),
            _ => String::new(),
        };
        self.delivery.failure(
            Cause::SendUploadBroken,
            format!("the server {how} the connection after {written} bytes{of}, without an answer"),
        )
    }

    /// The connection ended `after` the whole request, and that was no race.
    fn ended_unanswered(&self, end: &End, after: &str, since_sent: Duration) -> Box<Failure> {
        // PHP leaves the end of a request unread until it is done, and a Unix socket that is closed so says "reset".
        let unread = self.records.is_some() && matches!(self.terms.member.server.address, ServerAddress::Unix(_));
        match end {
            End::Failed(error) if !unread => self.delivery.failure(
                Cause::UpstreamResetNoResponse,
                format!(
                    "the server reset the connection {after} after the request, without a byte of an answer: {error}"
                ),
            ),
            _ => {
                let mut evidence =
                    format!("the server closed the connection {after} after the request, without a byte of an answer");
                if self.records.is_none() {
                    return self.delivery.failure(Cause::UpstreamClosedNoResponse, evidence);
                }
                let next = match self.silence(since_sent) {
                    Some((seen, next)) => {
                        evidence.push_str("; ");
                        evidence.push_str(&seen);
                        next
                    }
                    None => diagnosis::ENDED.to_owned(),
                };
                self.delivery.failure(Cause::UpstreamClosedNoResponse, evidence).next(next)
            }
        }
    }

    /// Notes for how long the server keeps idle connections: this one was closed just when it was used again.
    fn lost_the_race(&self, now: Instant) {
        if let Some(idle) = self.connection.idle {
            self.terms.member.saw_closed(idle, now);
        }
    }

    /// For how long the connection had been idle, as a part of the evidence.
    fn idle_for(&self) -> String {
        self.connection
            .idle
            .map_or_else(String::new, |idle| format!(", idle for {} before", rounded(idle.span().until)))
    }

    /// What to do about a kept connection that the server closed: a short silence hardly speaks of a timeout.
    fn why_closed(&self) -> &'static str {
        if self.connection.idle.is_some_and(|idle| idle.span().until >= limits::KEEPALIVE_LEAST) {
            "Set `pool.idle_timeout` of this upstream below the server's own keep-alive timeout."
        } else {
            "Few keep-alive timeouts are so short: see whether the server was stopped, restarted or killed just then, or \
             closes connections after a number of requests. If not, set `pool.idle_timeout` of this upstream below the \
             server's own keep-alive timeout."
        }
    }

    /// What a silence of that length means that a FastCGI application has ended.
    fn silence(&self, length: Duration) -> Option<(String, String)> {
        diagnosis::silence(length, || match &self.terms.member.server.address {
            ServerAddress::Unix(path) => PoolLines::of(&path.to_string_lossy()).terminate,
            ServerAddress::Socket(address) => PoolLines::of(&address.to_string()).terminate,
            ServerAddress::Name { .. } | ServerAddress::Service(_) => None,
        })
    }

    /// The connection ended inside the body; `so_far` bytes of it had come, out of `chunks` where it has some.
    pub(super) fn ended_in_body(&self, end: &End, so_far: u64, chunks: Option<&Chunked>) -> Box<Failure> {
        const LOG: &str = "Look into the application's log at this time for a crash or a time limit of its own.";
        let in_trailers = chunks.is_some_and(Chunked::is_in_trailers);
        let (of, next) = match self.framing {
            Framing::Length(length) => (format!("{so_far} of {length} bytes of the body"), None),
            Framing::Chunked if in_trailers => (
                format!("{so_far} bytes of the body and its last chunk, before the line that ends the trailers"),
                Some(
                    "Let the application end its answer with an empty line behind the last chunk (RFC 9112 section 7.1).",
                ),
            ),
            Framing::Chunked => (format!("{so_far} bytes of the body, before its last chunk"), Some(LOG)),
            _ if self.records.is_some() => (format!("{so_far} bytes of the body, before END_REQUEST"), Some(LOG)),
            _ => (format!("{so_far} bytes of the body"), Some(LOG)),
        };
        let after = rounded(self.delivery.elapsed());
        match end {
            End::Closed => {
                let evidence = format!("the server closed the connection after {of}, {after} in");
                let mut failure = self.delivery.failure(Cause::BodyTruncated, evidence);
                failure.next = next.map(str::to_owned);
                failure
            }
            End::Failed(error) => {
                self.delivery.failure(Cause::BodyReset, format!("the connection broke after {of}, {after} in: {error}"))
            }
        }
    }

    /// A FastCGI application ended its answer before the length that it promised.
    pub(super) fn ended_short(&self, so_far: u64) -> Box<Failure> {
        let of = if let Framing::Length(length) = self.framing { length } else { so_far };
        let evidence =
            format!("the application ended its answer (END_REQUEST) after {so_far} of {of} bytes of the body");
        self.delivery.failure(Cause::BodyTruncated, evidence)
    }

    /// Bytes came behind a complete answer: it stands, the connection does not serve again.
    pub(super) fn report_excess(&self) {
        let excess = self.records.as_ref().map_or(&self.connection.buffer, |records| &records.stdout);
        self.terms.record.remark.set(Some(Cause::BodyExcess));
        let failure = self
            .delivery
            .failure(
                Cause::BodyExcess,
                format!("{} bytes came behind the complete answer: {}", excess.len(), shown(excess)),
            )
            .delivered(Delivered::Yes);
        let failure = match self.framing {
            Framing::None => failure.next(
                "Let the application send no body with this answer: one to HEAD, and one with 204 or 304, ends with its head.",
            ),
            Framing::Chunked => failure.next("Correct what the application writes behind its last chunk."),
            _ => failure,
        };
        program_log::failure(&self.terms.record, &failure, self.terms.record.upstream_status.get());
    }
}

/// To the millisecond: nobody reads nanoseconds.
pub(super) fn rounded(duration: Duration) -> String {
    match u64::try_from(duration.as_millis()).unwrap_or(u64::MAX) {
        0 => "under 1ms".to_owned(),
        millis => humantime::format_duration(Duration::from_millis(millis)).to_string(),
    }
}

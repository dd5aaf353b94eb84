//! What a broken exchange means: one cause, with the evidence.
//! Called by `exchange` and `stream` at the moment something breaks; whether to try again is for `judge`.

use std::time::{Duration, Instant};

use super::{
    exchange::{End, Exchange, Expired, Waiting},
    http1::Framing,
    http1::head::{Fault, shown},
    proof::{Findings, Proof},
};
use crate::{
    config::settings::ServerAddress,
    failure::{Cause, Delivered, Failure, Parameter, classify},
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
        let failure = self.delivery.failure(fault.cause, fault.evidence);
        match fault.cause {
            Cause::ResponseTransferCoding => failure,
            Cause::ResponseNotHttp if matches!(self.connection.buffer[..], [1, 3 | 6 | 7, ..]) => {
                failure.next("write \"fastcgi://…\" instead of \"http://…\" in `servers`, with the same host and port")
            }
            Cause::FcgiProtocolError if self.connection.buffer.starts_with(b"H") => failure.next(
                "it speaks HTTP, not FastCGI: write \"http://…\" instead of \"fastcgi://…\" in `servers`, or the port \
                 of PHP-FPM",
            ),
            Cause::BodyBadChunk => failure.parameter("coding", Parameter::Text("chunked".to_owned())),
            Cause::ResponseHeaderTooLarge => {
                let size = self.connection.buffer.len() as u64;
                failure.parameter("header-section-size", Parameter::Number(size))
            }
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
                self.delivery.failure(
                    Cause::SendClosedBeforeWrite,
                    format!("the kept connection was already closed when request {nth} was to be written{error}"),
                )
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
            return self.delivery.failure(
                Cause::SendClosedBeforeWrite,
                format!(
                    "the server had closed the kept connection before request {nth} came: its kernel answered {written} \
                     bytes with a reset behind the end, and acknowledged none of them"
                ),
            );
        }
        if findings.undelivered == Some(Proof::Unread) {
            self.lost_the_race(findings.at);
            self.delivery.refused.set(true);
            return self
                .delivery
                .failure(
                    Cause::SendResetReused,
                    format!(
                        "the server reset a kept connection {after} after request {nth} was written to it, and its kernel \
                         acknowledged none of {written} bytes, as it does when an application reads them: nobody read them"
                    ),
                )
                .next("see whether the server was stopped or killed just then, or closes connections without reading them");
        }
        // A body that is held back for its head has not been begun: the request is as good as written.
        if !self.upload.is_done() && !self.upload.is_watched() {
            let of = match self.upload.replay().length() {
                Length::Exact(length) => format!(" of a request with {length} bytes of body"),
                _ => String::new(),
            };
            return self.delivery.failure(
                Cause::SendUploadBroken,
                format!("the server {how} the connection after {written} bytes{of}, without an answer"),
            );
        }
        let since_sent =
            self.delivery.sent.get().map_or(Duration::ZERO, |sent| findings.at.saturating_duration_since(sent));
        if reused && since_sent < self.race() {
            self.lost_the_race(findings.at);
            return self
                .delivery
                .failure(
                    Cause::SendResetReused,
                    format!("the server {how} a kept connection {after} after request {nth} was written to it"),
                )
                .next("set `pool.idle_timeout` of this upstream below the server's own keep-alive timeout");
        }
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

    /// What a silence of that length means that a FastCGI application has ended.
    fn silence(&self, length: Duration) -> Option<(String, String)> {
        diagnosis::silence(length, || match &self.terms.member.server.address {
            ServerAddress::Unix(path) => PoolLines::of(&path.to_string_lossy()).terminate,
            ServerAddress::Socket(address) => PoolLines::of(&address.to_string()).terminate,
            ServerAddress::Name { .. } | ServerAddress::Service(_) => None,
        })
    }

    /// The connection ended inside the body; `so_far` bytes of it had come.
    pub(super) fn ended_in_body(&self, end: &End, so_far: u64) -> Box<Failure> {
        let of = match self.framing {
            Framing::Length(length) => format!("{so_far} of {length} bytes of the body"),
            Framing::Chunked => format!("{so_far} bytes of the body, before its last chunk"),
            _ if self.records.is_some() => format!("{so_far} bytes of the body, before END_REQUEST"),
            _ => format!("{so_far} bytes of the body"),
        };
        let after = rounded(self.delivery.elapsed());
        match end {
            End::Closed => self
                .delivery
                .failure(Cause::BodyTruncated, format!("the server closed the connection after {of}, {after} in")),
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

    /// Time is up.
    pub(super) fn expired(&self, expired: Expired) -> Box<Failure> {
        let timeouts = &self.terms.upstream.timeouts;
        let said = |limit: Option<Duration>| humantime::format_duration(limit.unwrap_or_default()).to_string();
        let in_body = self.delivery.phase.get() == crate::failure::Phase::Body;
        let read = self.delivery.read.get();
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
            Waiting::Send => self.delivery.failure(
                Cause::SendWriteTimeout,
                format!(
                    "the server took {} bytes of the request, then nothing for {}",
                    self.delivery.written.get(),
                    said(timeouts.send)
                ),
            ),
            Waiting::Body => self.delivery.failure(
                Cause::BodyIdleTimeout,
                format!("{read} bytes of the answer came, then nothing for {}", said(timeouts.body)),
            ),
            Waiting::Head | Waiting::Word | Waiting::Nothing => {
                let failure = self.delivery.failure(
                    Cause::ResponseHeaderTimeout,
                    format!(
                        "the server took the request and sent no complete head within {} ({read} bytes came)",
                        said(timeouts.head)
                    ),
                );
                if self.records.is_some() { failure.next(diagnosis::SLOW) } else { failure }
            }
        }
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
        program_log::failure(&self.terms.record, &failure, self.terms.record.upstream_status.get());
    }
}

/// To the millisecond: nobody reads nanoseconds.
fn rounded(duration: Duration) -> String {
    match u64::try_from(duration.as_millis()).unwrap_or(u64::MAX) {
        0 => "under 1ms".to_owned(),
        millis => humantime::format_duration(Duration::from_millis(millis)).to_string(),
    }
}

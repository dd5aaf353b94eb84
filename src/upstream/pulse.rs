//! Whether a server answers at all: how long it has been silent although requests wait for it, and whether it can be
//! connected to. One a server, over all workers; `choice` and `hold` read it, an attempt's begin and end write it.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use crate::{
    failure::{Cause, Fault, Phase},
    limits,
};

/// In milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "seconds")]
const HALF_LIFE: u32 = limits::PULSE_HALF_LIFE.as_millis() as u32;

/// Instants are kept as microseconds since then.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The signs of life of one server.
#[derive(Debug, Default)]
pub struct Pulse {
    /// Requests that went to it since it last answered one.
    asked: AtomicU32,
    /// When the first of them went.
    since: AtomicU64,
    /// The longest of its recent answers, in microseconds, and when it came, by `clock`. 0: not known.
    usual: AtomicU64,
    /// When it last got a request although it was silent.
    trickled: AtomicU64,
    /// Whether the last attempt could not connect to it.
    unreachable: AtomicBool,
    /// When it last broke an answer off; 0: never.
    cut: AtomicU64,
}

/// A server that is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// Requests that went to it since it last answered.
    pub asked: u32,
    /// For how long.
    pub lasts: Duration,
    /// How long its answers usually take at most.
    pub usual: Duration,
}

impl Pulse {
    /// A request has been sent to the server at `now`, all of it: until then it may be the client that is slow.
    pub fn ask(&self, now: Instant) {
        if self.asked.fetch_add(1, Relaxed) == 0 {
            self.since.store(micros(now), Relaxed);
        }
    }

    /// It answered at `now`, `took` after the request had been sent.
    pub fn answer(&self, took: Duration, now: Instant) {
        if took > self.usual(now) {
            let took = u32::try_from(took.as_micros()).unwrap_or(u32::MAX).max(1);
            self.usual.store(u64::from(took) << u32::BITS | u64::from(clock(now)), Relaxed);
        }
        self.stir();
    }

    /// How long its answers take at most, as far as is known at `now`: the longest of late, which halves again and again
    /// with the time. Zero where nothing is known.
    fn usual(&self, now: Instant) -> Duration {
        let packed = self.usual.load(Relaxed);
        let longest = u32::try_from(packed >> u32::BITS).unwrap_or_default();
        let at = u32::try_from(packed & u64::from(u32::MAX)).unwrap_or_default();
        let halves = clock(now).wrapping_sub(at) / HALF_LIFE;
        // What is known at all never becomes nothing.
        let faded = longest.checked_shr(halves).unwrap_or(0).max(u32::from(longest > 0));
        Duration::from_micros(faded.into())
    }

    /// It did something else than to stay silent: it sent more of an answer, refused, reset or closed.
    pub fn stir(&self) {
        if self.asked.load(Relaxed) != 0 {
            self.asked.store(0, Relaxed);
        }
    }

    /// Whether it is silent at `now`: it was asked often and has answered nothing for much longer than it usually takes.
    #[must_use]
    pub fn silence(&self, now: Instant) -> Option<Silence> {
        let asked = self.asked.load(Relaxed);
        if asked < limits::SILENT_ASKED {
            return None;
        }
        let since = Duration::from_micros(self.since.load(Relaxed));
        // As it was when the silence began, or any would outlast it.
        let usual = self.usual(*START + since);
        let lasts = Duration::from_micros(micros(now)).saturating_sub(since);
        let patience = (usual * limits::SILENT_TIMES).max(limits::SILENT_LEAST);
        (!usual.is_zero() && lasts > patience).then_some(Silence { asked, lasts, usual })
    }

    /// Whether it gets a request at `now` although it is silent, so that it is seen when it answers again.
    #[must_use]
    pub fn trickles(&self, now: Instant) -> bool {
        let (now, last) = (micros(now), self.trickled.load(Relaxed));
        let due = Duration::from_micros(now.saturating_sub(last)) >= limits::SILENT_TRICKLE;
        due && self.trickled.compare_exchange(last, now, Relaxed, Relaxed).is_ok()
    }

    /// It could be connected to, or could not.
    pub fn reached(&self, reached: bool) {
        if self.unreachable.load(Relaxed) == reached {
            self.unreachable.store(!reached, Relaxed);
        }
    }

    /// Whether the last attempt could connect to it.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        !self.unreachable.load(Relaxed)
    }

    /// An attempt at it failed at `now`. Neither a client that fails nor a wait that was too long for us is a sign of life.
    pub fn fail(&self, cause: Cause, now: Instant) {
        match cause {
            Cause::ResponseHeaderTimeout
            | Cause::SendWriteTimeout
            | Cause::BodyIdleTimeout
            | Cause::ResponseDeadline
            | Cause::BodyDeadline
            | Cause::ConnectTimeout
            | Cause::ConnectBacklogFull
            | Cause::ConnectFdExhausted
            | Cause::ConnectLocalPortsExhausted => {}
            cause if cause.phase() == Phase::Resolve => {}
            cause if cause.fault() == Fault::Client => {}
            Cause::BodyTruncated | Cause::BodyReset | Cause::ResponseHeadTruncated => {
                self.cut.store(micros(now).max(1), Relaxed);
                self.stir();
            }
            _ => self.stir(),
        }
    }

    /// Whether it has broken an answer off of late; `now` is only asked for where it ever did.
    #[must_use]
    pub fn cuts(&self, now: impl FnOnce() -> Instant) -> bool {
        let cut = self.cut.load(Relaxed);
        cut != 0 && Duration::from_micros(micros(now()).saturating_sub(cut)) < limits::CUT_MEMORY
    }
}

/// Milliseconds since the start, as they go round: good for differences.
#[expect(clippy::cast_possible_truncation, reason = "differences are taken modulo the same")]
fn clock(instant: Instant) -> u32 {
    instant.saturating_duration_since(*START).as_millis() as u32
}

fn micros(instant: Instant) -> u64 {
    u64::try_from(instant.saturating_duration_since(*START).as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// A server that usually answers within `usual` and is then asked `asked` times at the instant returned.
    fn asked(usual: Duration, asked: u32) -> (Pulse, Instant) {
        let (pulse, now) = (Pulse::default(), *START + millis(5));
        pulse.ask(now);
        pulse.answer(usual, now);
        (0..asked).for_each(|_| pulse.ask(now));
        (pulse, now)
    }

    #[test]
    fn a_server_is_silent_when_many_wait_much_longer_than_usual() {
        let rows = [
            (millis(100), limits::SILENT_ASKED, millis(301), true),
            (millis(100), limits::SILENT_ASKED, millis(299), false),
            (millis(100), limits::SILENT_ASKED - 1, millis(9_000), false),
            (millis(1), limits::SILENT_ASKED, limits::SILENT_LEAST, false),
            (millis(1), limits::SILENT_ASKED, limits::SILENT_LEAST + millis(1), true),
            (millis(30_000), 1_000, millis(60_000), false),
        ];
        for (usual, requests, later, expected) in rows {
            let (pulse, now) = asked(usual, requests);
            let silence = pulse.silence(now + later);
            assert_eq!(silence.is_some(), expected, "{usual:?} usual, {requests} asked, {later:?} later: {silence:?}");
        }
    }

    #[test]
    fn an_answer_or_a_refusal_ends_the_silence() {
        let failed = |cause: Cause| move |pulse: &Pulse| pulse.fail(cause, *START);
        let ends = |end: &dyn Fn(&Pulse)| {
            let (pulse, now) = asked(millis(1), 50);
            assert!(pulse.silence(now + millis(500)).is_some());
            end(&pulse);
            pulse.silence(now + millis(500)).is_none()
        };
        assert!(ends(&|pulse| pulse.answer(millis(3), *START + millis(9))));
        assert!(ends(&failed(Cause::UpstreamClosedNoResponse)));
        assert!(!ends(&failed(Cause::RequestClientAborted)));
        assert!(!ends(&failed(Cause::ResponseHeaderTimeout)));
    }

    #[test]
    fn of_a_server_that_never_answered_nothing_is_usual() {
        let pulse = Pulse::default();
        (0..100).for_each(|_| pulse.ask(*START));
        assert_eq!(pulse.silence(*START + millis(60_000)), None);
    }

    #[test]
    fn one_slow_answer_is_forgotten_with_the_time() {
        let (pulse, now) = asked(millis(20_000), 0);
        let rows = [(0, 20_000), (9_999, 20_000), (10_000, 10_000), (30_000, 2_500), (90_000, 39)];
        for (later, expected) in rows {
            assert_eq!(pulse.usual(now + millis(later)).as_millis(), expected, "{later} ms later");
        }
        assert!(!pulse.usual(now + millis(10_000_000)).is_zero());
        pulse.answer(millis(5), now + millis(90_000));
        assert_eq!(pulse.usual(now + millis(90_000)).as_millis(), 39, "a quicker one changes nothing");
        pulse.answer(millis(50), now + millis(90_000));
        assert_eq!(pulse.usual(now + millis(90_000)).as_millis(), 50);
    }

    #[test]
    fn a_silent_server_gets_one_request_now_and_then() {
        let (pulse, now) = asked(millis(1), 50);
        let granted: Vec<u64> = (1_000..3_000).filter(|later| pulse.trickles(now + millis(*later))).collect();
        assert_eq!(granted, [1_000, 1_500, 2_000, 2_500]);
    }

    #[test]
    fn a_cut_is_remembered_for_a_while() {
        let (pulse, now) = (Pulse::default(), *START + millis(5));
        assert!(!pulse.cuts(|| unreachable!()));
        pulse.fail(Cause::UpstreamResetNoResponse, now);
        assert!(!pulse.cuts(|| unreachable!()));
        pulse.fail(Cause::BodyTruncated, now);
        assert!(pulse.cuts(|| now + limits::CUT_MEMORY.saturating_sub(millis(1))));
        assert!(!pulse.cuts(|| now + limits::CUT_MEMORY));
    }
}

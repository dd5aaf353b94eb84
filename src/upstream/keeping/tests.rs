//! A server's habit, learned on simulated time.

use super::*;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A server with a timeout, looked at once a second: connections become idle at many different moments.
struct Simulation {
    keeping: Keeping,
    start: Instant,
    /// Milliseconds since the start.
    now: u64,
}

impl Simulation {
    fn new() -> Self {
        Self { keeping: Keeping::default(), start: Instant::now(), now: 0 }
    }

    /// `count` connections, `apart` milliseconds each behind the one before, at a server that closes after `timeout`.
    fn watch(&mut self, timeout: u64, apart: u64, count: u64) {
        let mut open: Vec<u64> = (0..count).map(|index| self.now + index * apart).collect();
        while !open.is_empty() {
            self.now = (self.now / 1000 + 1) * 1000;
            let now = self.start + ms(self.now);
            let swept = self.now - 1000;
            let (closed, rest): (Vec<u64>, Vec<u64>) = open.iter().partition(|since| *since + timeout <= self.now);
            let longest = self.keeping.longest();
            for since in closed {
                self.keeping
                    .saw_closed(Span { open: ms(swept.saturating_sub(since)), until: ms(self.now - since) }, now);
            }
            let idle: Vec<u64> = rest.iter().filter(|since| **since < self.now).map(|since| self.now - since).collect();
            if let Some(oldest) = idle.iter().max() {
                self.keeping.saw_open(ms(*oldest), now);
            }
            // What is too old is closed by the gateway.
            open = rest.into_iter().filter(|since| ms(self.now.saturating_sub(*since)) < longest).collect();
        }
    }
}

#[test]
fn nothing_is_believed_of_a_server_that_was_never_seen_to_close() {
    let keeping = Keeping::default();
    assert_eq!(keeping.longest(), limits::POOL_IDLE_TIMEOUT);
    assert_eq!(keeping.longest_tested(Instant::now()), limits::POOL_IDLE_UNTESTED);
}

#[test]
fn a_timeout_is_learned_and_stayed_below() {
    for timeout in [1_000, 2_000, 5_000, 15_000] {
        let mut simulation = Simulation::new();
        simulation.watch(timeout, 1_370, 40);
        let (longest, tested) = (simulation.keeping.longest(), simulation.keeping.longest_tested(Instant::now()));
        // It is known to the second at first, and better with every closing.
        assert!(longest <= ms(timeout + 200), "{timeout}: {longest:?}");
        assert!(longest >= ms(timeout / 2), "{timeout}: {longest:?}");
        assert!(tested < ms(timeout), "{timeout}: {tested:?}");
    }
}

#[test]
fn a_lost_race_tells_the_timeout_exactly() {
    let mut keeping = Keeping::default();
    let start = Instant::now();
    for turn in 0..3 {
        assert_eq!(keeping.longest(), limits::POOL_IDLE_TIMEOUT, "after {turn}");
        keeping.saw_closed(Span { open: ms(300), until: ms(1_000 + turn) }, start + ms(turn * 2_000));
    }
    assert_eq!(keeping.longest(), ms(875));
    assert_eq!(keeping.longest_tested(Instant::now()), ms(50));
    keeping.saw_open(ms(800), start + ms(7_000));
    assert_eq!(keeping.longest_tested(Instant::now()), ms(700));
}

#[test]
fn a_restart_teaches_no_timeout() {
    let mut simulation = Simulation::new();
    for _ in 0..20 {
        // Many connections of all ages are found closed at once, under load all of them young.
        simulation.now += 5_000;
        let now = simulation.start + ms(simulation.now);
        for idle in [60, 80, 700, 1_900, 9_000] {
            let open = ms((idle / 1_000) * 1_000);
            simulation.keeping.saw_closed(Span { open, until: ms(idle) }, now);
        }
        assert_eq!(simulation.keeping.longest(), limits::POOL_IDLE_TIMEOUT);
    }
    let mut keeping = Keeping::default();
    for turn in 0..20 {
        let now = simulation.start + ms(turn * 5_000);
        for idle in [60, 80, 120] {
            keeping.saw_closed(Span { open: ms(0), until: ms(idle) }, now);
        }
        assert!(keeping.longest_tested(Instant::now()) < ms(60));
        for second in 1..5 {
            keeping.saw_open(ms(second * 100), now + ms(second * 1_000));
        }
        assert_eq!(keeping.longest(), limits::POOL_IDLE_TIMEOUT, "connections survive longer than that");
    }
}

#[test]
fn what_was_learned_is_raised_again_when_nothing_is_closed_any_more() {
    let mut simulation = Simulation::new();
    simulation.watch(2_000, 1_370, 40);
    let learned = simulation.keeping.longest();
    assert!(learned < ms(2_200), "{learned:?}");
    // The server now keeps them for ever: every few minutes a little more is tried, until nothing is left of it.
    for minute in 1..60 {
        let idle = simulation.keeping.longest();
        simulation.keeping.saw_open(idle, simulation.start + ms(simulation.now + minute * 60_000));
    }
    assert_eq!(simulation.keeping.longest(), limits::POOL_IDLE_TIMEOUT);
    // And learns a new one.
    simulation.now += 4_000_000;
    simulation.watch(3_000, 1_370, 20);
    assert!(simulation.keeping.longest() < ms(3_300));
}

#[test]
fn what_the_server_says_is_believed_less_a_margin() {
    let mut keeping = Keeping::default();
    keeping.announce(Duration::from_secs(5));
    assert_eq!((keeping.longest(), keeping.longest_tested(Instant::now())), (ms(4_000), ms(4_000)));
    keeping.announce(Duration::from_secs(1));
    assert_eq!(keeping.longest(), Duration::ZERO);
    keeping.announce(Duration::from_mins(10));
    assert_eq!(keeping.longest(), limits::POOL_IDLE_TIMEOUT);
}

#[test]
fn a_request_that_cannot_be_repeated_uses_only_what_others_survived() {
    let mut keeping = Keeping::default();
    let now = Instant::now();
    keeping.saw_open(ms(8_000), now);
    assert_eq!(keeping.longest_tested(Instant::now()), ms(7_000));
    keeping.saw_closed(Span { open: ms(2_000), until: ms(2_500) }, now);
    assert_eq!(keeping.longest_tested(Instant::now()), ms(1_750), "this one was closed sooner");
    keeping.saw_open(ms(4_000), now);
    assert_eq!(keeping.longest_tested(Instant::now()), ms(3_500));
}

#[test]
fn a_server_that_closes_what_has_hardly_been_idle_gets_nothing_unrepeatable_on_kept_connections_for_a_while() {
    let (mut keeping, now) = (Keeping::default(), Instant::now());
    keeping.saw_closed(Span { open: Duration::ZERO, until: ms(10) }, now);
    assert_eq!(keeping.longest_tested(now + ms(9_999)), Duration::ZERO);
    assert_eq!(keeping.longest(), limits::POOL_IDLE_TIMEOUT, "what can be repeated is not concerned");
    assert_eq!(keeping.longest_survived(), limits::POOL_IDLE_UNTESTED, "nor what is witnessed");
    assert_eq!(keeping.longest_tested(now + limits::POOL_HASTY_LIFE), limits::POOL_IDLE_UNTESTED);
}

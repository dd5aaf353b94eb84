//! The health of servers on simulated time: one server alone, then a ward of several with their flags.
//! What is asked of real servers is in the integration tests.

use std::{path::Path, sync::Arc, time::Duration};

use super::{
    checks::Bad,
    state::{Outage, State},
    window::{Kind, Verdict},
    words::Left,
    *,
};
use crate::{config, upstream::roster::Roster};

const REFUSED: Cause = Cause::ConnectRefused;
const SILENT: Cause = Cause::ResponseHeaderTimeout;

fn upstream(servers: usize, health: &str) -> settings::Upstream {
    let servers: Vec<_> = (1..=servers).map(|port| format!("\"http://127.0.0.1:{port}\"")).collect();
    let text = format!(
        "[[listen]]\naddress = \"127.0.0.1:0\"\n[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [{}]\nhealth = {{ {health} }}\n",
        servers.join(", ")
    );
    let settings = config::parse(&text, Path::new("test.toml"), &|_| None).map(|loaded| loaded.settings);
    settings.unwrap_or_else(|problems| panic!("{problems}")).upstreams.remove(0)
}

/// A server and a clock that the test moves.
struct Server {
    state: State,
    now: Instant,
}

impl Server {
    fn new(health: &str) -> Self {
        let now = Instant::now();
        Self { state: State::new(&upstream(1, health).health, now), now }
    }

    fn wait(&mut self, millis: u64) -> &mut Self {
        self.now += Duration::from_millis(millis);
        self
    }

    /// A request that takes a millisecond, while other servers are in use.
    fn fail(&mut self, cause: Cause) -> Option<Change> {
        let began = self.now;
        self.wait(1);
        self.state.failed(cause, (began, self.now), false)
    }

    fn succeed(&mut self) -> Option<Change> {
        let began = self.now;
        self.wait(1);
        self.state.succeeded((began, self.now))
    }

    fn check(&mut self, outcome: Result<(), &str>) -> Option<Change> {
        let next = self.now + Duration::from_secs(1);
        self.state.checked(outcome.map_err(str::to_owned), self.now, next)
    }

    fn kind(&self, count: u32) -> Vec<Kind> {
        vec![Kind { cause: REFUSED, count, last: self.now }]
    }
}

const THREE: &str = "passive = { failures = 3, within = \"2s\", eject = \"1s\" }";
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn failures_in_a_row_eject_and_a_success_between_starts_anew() {
    let mut server = Server::new(THREE);
    for _ in 0..4 {
        assert_eq!((server.fail(REFUSED), server.fail(REFUSED)), (None, None));
        assert!(server.state.is_troubled(server.now));
        assert_eq!(server.succeed(), None);
    }
    server.wait(2500);
    assert_eq!((server.fail(REFUSED), server.fail(REFUSED)), (None, None));
    let change = server.fail(REFUSED);
    assert_eq!(change, Some(Change::Ejected(Verdict::Row(3), server.kind(3), SECOND)));
    assert!(server.state.is_out() && server.state.due() == Some(server.now + SECOND));
}

#[test]
fn failures_that_come_too_slowly_do_not_count_together() {
    let mut server = Server::new(THREE);
    for _ in 0..10 {
        assert_eq!(server.fail(REFUSED), None);
        server.wait(1100);
    }
    assert!(server.state.is_troubled(server.now) && !server.state.is_troubled(server.now + SECOND));
}

#[test]
fn what_breaks_in_one_event_counts_as_one_failure() {
    let mut server = Server::new(THREE);
    let began = server.now;
    for _ in 0..50 {
        server.wait(1);
        assert_eq!(server.state.failed(Cause::UpstreamResetNoResponse, (began, server.now), false), None);
    }
    // Timeouts of requests that came one after another are no single event.
    let mut ejected = 0;
    for _ in 0..3 {
        server.wait(150);
        ejected += u32::from(server.state.failed(SILENT, (began, server.now), false).is_some());
    }
    assert_eq!(ejected, 1);
}

#[test]
fn a_large_share_of_failures_ejects_too_and_only_where_it_is_asked_for() {
    for (ratio, expected) in [("52%", true), ("53%", false), ("off", false)] {
        let mut server = Server::new(&format!("passive = {{ failures = 3, within = \"2s\", ratio = \"{ratio}\" }}"));
        let mut change = None;
        for _ in 0..40 {
            server.succeed();
            change = change.or(server.fail(REFUSED));
            server.wait(10);
        }
        assert_eq!(change.is_some(), expected, "{ratio}: {change:?}");
        if let Some(Change::Ejected(verdict, ..)) = change {
            assert_eq!(verdict, Verdict::Share(11, 21));
        }
    }
    // The same share, but what is older than the window is forgotten.
    let mut server = Server::new("passive = { failures = 3, within = \"2s\" }");
    for _ in 0..40 {
        server.succeed();
        assert_eq!(server.fail(REFUSED), None, "fewer than 20 in two seconds");
        server.wait(300);
    }
}

fn ejected() -> Server {
    let mut server = Server::new(THREE);
    let changes: Vec<_> = (0..3).map(|_| server.fail(REFUSED)).collect();
    assert!(matches!(changes[..], [None, None, Some(Change::Ejected(..))]), "{changes:?}");
    server
}

#[test]
fn after_its_time_one_request_tries_it_and_takes_it_back() {
    let mut server = ejected();
    server.wait(999);
    assert_eq!(server.state.tick(server.now), None);
    server.wait(1);
    assert_eq!(server.state.tick(server.now), Some(Change::Trial));
    assert!(server.state.is_on_trial() && !server.state.is_out());
    server.state.picked(server.now);
    assert!(!server.state.is_on_trial() && server.state.is_out(), "no other request until that one is over");
    assert_eq!(server.succeed(), Some(Change::Restored(Duration::from_millis(1001))));
    assert_eq!((server.state.word(), server.state.is_troubled(server.now)), ("up", false));
}

#[test]
fn each_trial_that_fails_doubles_the_time_up_to_a_bound_and_being_good_for_long_forgets_it() {
    let mut server = ejected();
    for seconds in [2, 4, 8, 8] {
        server.now = server.state.due().unwrap();
        assert_eq!(server.state.tick(server.now), Some(Change::Trial));
        server.state.picked(server.now);
        assert_eq!(server.fail(SILENT), Some(Change::TrialFailed(SILENT, SECOND * seconds)));
        assert_eq!(server.state.due(), Some(server.now + SECOND * seconds));
    }
    let again = |wait: u64, cause: Cause| {
        let mut server = ejected();
        server.now = server.state.due().unwrap();
        server.state.tick(server.now);
        assert!(matches!(server.succeed(), Some(Change::Restored(_))));
        server.wait(wait);
        let changes: Vec<_> = (0..3).filter_map(|_| server.fail(cause)).collect();
        let [Change::Ejected(_, _, out)] = changes[..] else { panic!("{changes:?}") };
        out
    };
    assert_eq!((again(500, SILENT), again(1500, SILENT)), (SECOND * 2, SECOND));
    assert_eq!(again(500, REFUSED), SECOND, "one that is away is seen to come back");
}

#[test]
fn a_server_that_was_away_is_tried_as_soon_as_it_can_be_reached() {
    let mut server = ejected();
    server.wait(10);
    assert!(server.state.is_away());
    assert_eq!(server.state.reached(server.now), Some(Change::Trial));
    assert!(!server.state.is_away() && server.state.is_on_trial());
    let mut silent = Server::new(THREE);
    assert_eq!((0..3).filter_map(|_| silent.fail(SILENT)).count(), 1);
    assert!(!silent.state.is_away());
    assert_eq!(silent.state.reached(silent.now), None, "it could be reached before");
}

#[test]
fn a_trial_whose_request_comes_to_nothing_is_given_to_another() {
    let mut server = ejected();
    server.now = server.state.due().unwrap();
    server.state.tick(server.now);
    server.state.picked(server.now);
    assert_eq!(server.state.due(), Some(server.now + SECOND));
    server.wait(1000);
    assert_eq!(server.state.tick(server.now), None);
    assert!(server.state.is_on_trial());
}

#[test]
fn an_early_trial_that_comes_to_nothing_is_given_to_another_as_soon_as_it_is_reached_again() {
    let mut server = ejected();
    server.wait(10);
    server.state.reached(server.now);
    server.state.picked(server.now);
    assert!(server.state.is_away() && server.state.is_out(), "it is still knocked at");
    server.wait(199);
    assert_eq!(server.state.reached(server.now), None);
    assert!(server.state.is_out(), "the request has some time");
    server.wait(1);
    assert_eq!(server.state.reached(server.now), None);
    assert!(server.state.is_on_trial() && !server.state.is_out() && !server.state.is_away());
    let mut silent = Server::new(THREE);
    assert_eq!((0..3).filter_map(|_| silent.fail(SILENT)).count(), 1);
    silent.now = silent.state.due().unwrap();
    silent.state.tick(silent.now);
    silent.state.picked(silent.now);
    silent.wait(500);
    assert_eq!((silent.state.is_away(), silent.state.reached(silent.now)), (false, None));
    assert!(silent.state.is_out(), "that it can be connected to says nothing of it");
}

#[test]
fn a_trial_fails_also_by_a_request_that_began_just_before_it() {
    for (picked, expected) in [(true, Some(Change::TrialFailed(REFUSED, SECOND))), (false, None)] {
        let mut server = ejected();
        server.wait(10);
        let began = server.now;
        server.wait(1);
        server.state.reached(server.now);
        if picked {
            server.state.picked(server.now);
        }
        server.wait(1);
        assert_eq!(server.state.failed(REFUSED, (began, server.now), false), expected);
        assert_eq!(server.state.is_out(), picked);
    }
}

#[test]
fn an_answer_takes_an_ejected_server_back_unless_it_was_under_way_before() {
    let early = Instant::now();
    let mut server = ejected();
    assert_eq!(server.state.succeeded((early, server.now)), None);
    server.wait(1);
    assert!(matches!(server.succeed(), Some(Change::Restored(_))));
}

#[test]
fn the_last_server_stays_and_that_is_said_once() {
    let mut server = Server::new(THREE);
    let mut said = Vec::new();
    for _ in 0..30 {
        let began = server.now;
        server.wait(1);
        said.extend(server.state.failed(REFUSED, (began, server.now), true));
    }
    assert!(matches!(said[..], [Change::Spared(Verdict::Row(3), _)]), "{said:?}");
    assert!(!server.state.is_out());
}

const CHECKED: &str = "active = { every = \"1s\", up = 2, down = 3 }, passive = { failures = 3, eject = \"60s\" }";

#[test]
fn checks_count_in_rows() {
    let mut server = Server::new(CHECKED);
    let bad = || Err("GET /: 500");
    assert_eq!(server.check(Ok(())), Some(Change::FirstPassed));
    for outcome in [bad(), bad(), Ok(()), bad(), bad()] {
        assert_eq!(server.check(outcome), None);
    }
    let what = Bad { count: 3, last: Some((server.now, "GET /: 500".into())), passed: true };
    assert_eq!(server.check(bad()), Some(Change::Down(what.clone())));
    let Some((outage, soonest)) = server.state.outage() else { panic!("it is down") };
    assert_eq!((outage, soonest), (Outage::Down(what), Some(server.now + SECOND * 2)), "two good ones are needed");
    assert_eq!((server.check(Ok(())), server.check(bad()), server.check(Ok(()))), (None, None, None));
    server.wait(5000);
    assert_eq!(server.check(Ok(())), Some(Change::Up(2, SECOND * 5)));
    assert_eq!((server.state.outage(), server.state.word()), (None, "up"));
}

#[test]
fn before_the_first_good_check_one_is_enough_either_way() {
    let mut server = Server::new(CHECKED);
    assert!(matches!(server.check(Err("refused")), Some(Change::Down(Bad { count: 1, passed: false, .. }))));
    assert_eq!(server.check(Err("refused")), None);
    assert_eq!(server.check(Ok(())), Some(Change::Up(1, Duration::ZERO)));
}

#[test]
fn good_checks_end_an_ejection_for_want_of_a_connection_and_no_other() {
    for (cause, expected) in [(REFUSED, true), (SILENT, false)] {
        let mut server = Server::new(CHECKED);
        server.check(Ok(()));
        assert!((0..3).filter_map(|_| server.fail(cause)).count() == 1, "{cause:?}");
        server.wait(100);
        assert_eq!((server.check(Ok(())), server.check(Err("refused")), server.check(Ok(()))), (None, None, None));
        let change = server.check(Ok(()));
        let back = Change::RestoredByChecks(2, Duration::from_millis(100));
        assert_eq!((change == Some(back), server.state.is_out()), (expected, !expected), "{cause:?}");
    }
}

fn ward(servers: usize, health: &str) -> (Arc<Roster>, Instant) {
    (Roster::new(&upstream(servers, health)), Instant::now() + SECOND)
}

fn flags(roster: &Roster) -> Vec<bool> {
    roster.standings.iter().map(|standing| standing.is_ejected()).collect()
}

fn fail(roster: &Roster, server: usize, now: &mut Instant) {
    for _ in 0..3 {
        let began = *now;
        *now += Duration::from_millis(1);
        roster.standings[server].failed(REFUSED, began, *now);
    }
}

#[test]
fn one_server_is_always_left_in_use() {
    let (roster, mut now) = ward(3, THREE);
    for (server, expected) in [(1, [false, true, false]), (0, [true, true, false]), (2, [true, true, false])] {
        fail(&roster, server, &mut now);
        assert_eq!(flags(&roster), expected);
    }
    // The first one that answers is preferred, and then the other one can be ejected.
    roster.standings[0].succeeded(now, now + SECOND);
    assert_eq!((flags(&roster), roster.standings[0].restored()), (vec![false, true, false], Some(now + SECOND)));
    now += SECOND;
    fail(&roster, 2, &mut now);
    assert_eq!(flags(&roster), [false, true, true]);
}

#[test]
fn a_trial_is_given_to_one_request() {
    let (roster, mut now) = ward(2, THREE);
    fail(&roster, 0, &mut now);
    roster.health.tick(&roster.standings, 0, now + SECOND);
    assert_eq!((flags(&roster), roster.standings[0].restored()), (vec![false, false], None));
    let under_way = roster.standings[0].count();
    assert_eq!(flags(&roster), [true, false]);
    drop(under_way);
    roster.standings[0].succeeded(now + SECOND, now + SECOND * 2);
    assert_eq!(flags(&roster), [false, false]);
}

#[test]
fn where_all_servers_fail_their_checks_all_are_tried_unless_they_are_to_be_refused() {
    for (all_down, flag) in [("try", false), ("refuse", true)] {
        let (roster, now) = ward(2, &format!("all_down = \"{all_down}\", active = {{}}"));
        let check = |server: usize, outcome: Result<(), String>| {
            roster.health.checked(&roster.standings, server, outcome, (now, now + SECOND));
        };
        check(0, Err("refused".into()));
        assert_eq!(flags(&roster), [true, false]);
        check(1, Err("refused".into()));
        assert_eq!(flags(&roster), [flag, flag], "{all_down}");
        check(1, Ok(()));
        assert_eq!(flags(&roster), [true, false], "{all_down}");
    }
}

#[test]
fn what_the_log_says_has_the_evidence() {
    let start = Instant::now();
    let now = start + SECOND * 42;
    let kinds = vec![
        Kind { cause: REFUSED, count: 4, last: start + Duration::from_millis(41_800) },
        Kind { cause: SILENT, count: 1, last: start },
    ];
    let said = |change: Change| words::sentence(&change, Left::Others, now);
    assert_eq!(
        said(Change::Ejected(Verdict::Row(5), kinds.clone(), SECOND * 10)),
        "the server is ejected after 5 failures in a row: connect-refused 4 times, last 0.2s ago; \
         response-header-timeout once, last 42s ago; others are preferred for 10s at most, then one request tries it"
    );
    assert_eq!(
        said(Change::TrialFailed(REFUSED, SECOND * 20)),
        "the request that tried the server failed too (connect-refused): it stays ejected, the next trial is in 20s at the latest"
    );
    let bad = Bad { count: 3, last: Some((now, "GET /healthz was answered 500".into())), passed: true };
    assert_eq!(
        words::sentence(&Change::Down(bad.clone()), Left::NoBetter, now),
        "the server is down: 3 checks in a row went wrong, the last one 0.0s ago: GET /healthz was answered 500; no \
         server of the upstream does better, so all of them are tried"
    );
    assert!(words::sentence(&Change::Down(bad), Left::Nobody, now).ends_with("until a trial goes well"));
    assert_eq!(said(Change::Up(2, SECOND * 5)), "the server is up after 5.0s: 2 checks in a row went well");
}

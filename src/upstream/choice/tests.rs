//! Whom `Pool::choose` picks, over all policies: backups, ejected servers, slow starts.
//! The policies themselves are tested where they are.

use std::{path::Path, rc::Rc, time::Duration};

use super::*;
use crate::{
    clock::Clock,
    config, limits,
    observe::sample,
    upstream::{outgoing::Identity, roster::Roster},
};

/// A pool of three servers, the last one a backup, with these lines.
fn pool(lines: &str) -> (Rc<Pool>, Record) {
    let text = format!(
        "[[listen]]\naddress = \"127.0.0.1:0\"\n[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"http://a\", \
         \"http://b\", {{ url = \"http://c\", backup = true }}]\n{lines}\n"
    );
    let settings = config::parse(&text, Path::new("goodgate.toml"), &|_| None).map(|loaded| loaded.settings);
    let upstream = &settings.expect("a good file").upstreams[0];
    let identity = Rc::new(Identity::new("goodgate", 0));
    (Pool::new(upstream, &Roster::new(upstream), &identity, &Clock::new()), sample::record("/", &[]))
}

/// The servers that one request would be at, in order, if all of them failed.
fn way(pool: &Pool, record: &Record, now: Instant) -> Vec<usize> {
    let mut tried = Tried::none(pool.members.len());
    std::iter::from_fn(|| {
        let Choice::Member(next) = pool.choose(record, &tried, now) else { return None };
        tried.note(next);
        Some(next)
    })
    .collect()
}

#[test]
fn every_server_is_tried_once_before_a_request_is_given_up() {
    for policy in ["two-choices", "round-robin", "least-busy", "hash"] {
        let (pool, record) = pool(&format!("balance = \"{policy}\""));
        for _ in 0..20 {
            let mut way = way(&pool, &record, Instant::now());
            assert_eq!(way.pop(), Some(2), "{policy}: the backup comes last");
            way.sort_unstable();
            assert_eq!(way, [0, 1], "{policy}");
        }
    }
}

#[test]
fn ejected_servers_come_behind_the_backups_and_are_still_tried() {
    let (pool, record) = pool("balance = \"round-robin\"");
    let now = Instant::now();
    let rows: [(&[usize], &[&[usize]]); 6] = [
        (&[], &[&[0, 1], &[2]]),
        (&[0], &[&[1], &[2], &[0]]),
        (&[1], &[&[0], &[2], &[1]]),
        (&[0, 1], &[&[2], &[0, 1]]),
        (&[0, 2], &[&[1], &[0], &[2]]),
        (&[0, 1, 2], &[&[0, 1], &[2]]),
    ];
    for (ejected, expected) in rows {
        for (at, member) in pool.members.iter().enumerate() {
            if ejected.contains(&at) { member.standing.eject() } else { member.standing.restore(now) }
        }
        let mut way = &mut way(&pool, &record, now)[..];
        for equals in expected {
            let (tier, rest) = way.split_at_mut(equals.len());
            tier.sort_unstable();
            assert_eq!(tier, *equals, "ejected: {ejected:?}");
            way = rest;
        }
        assert!(way.is_empty());
    }
}

#[test]
fn a_server_that_was_taken_back_gets_its_share_little_by_little() {
    for policy in ["two-choices", "round-robin", "least-busy"] {
        let (pool, record) = pool(&format!("balance = \"{policy}\"\nslow_start = \"10s\""));
        let restored = Instant::now();
        pool.members[0].standing.restore(restored);
        let none = Tried::none(3);
        let share = |after: u64| {
            let now = restored + Duration::from_secs(after);
            (0..1000).filter(|_| pool.choose(&record, &none, now) == Choice::Member(0)).count()
        };
        let shares = [0, 1, 5, 10].map(share);
        assert_eq!(shares[0], 0, "{policy}");
        assert!((20..100).contains(&shares[1]), "{policy}: {shares:?}");
        assert!((200..350).contains(&shares[2]), "{policy}: {shares:?}");
        assert!((430..570).contains(&shares[3]), "{policy}: {shares:?}");
        let mut tried = Tried::none(3);
        tried.note(1);
        assert_eq!(pool.choose(&record, &tried, restored), Choice::Member(0), "{policy}: before a backup, however new");
    }
}

#[test]
fn a_single_server_is_always_the_one() {
    let (pool, record) = pool("");
    let mut upstream = (*pool.upstream).clone();
    upstream.servers.truncate(1);
    let single = Pool::new(&upstream, &Roster::new(&upstream), &pool.identity, &pool.clock);
    assert_eq!(single.choose(&record, &Tried::none(1), Instant::now()), Choice::Member(0));
    single.members[0].standing.eject();
    assert_eq!(single.choose(&record, &Tried::none(1), Instant::now()), Choice::Member(0));
}

#[test]
fn backups_stand_in_for_silent_servers() {
    let (pool, record) = pool("");
    let start = Instant::now();
    let _waiting: Vec<_> = pool.members.iter().map(|member| member.standing.count()).collect();
    for member in &pool.members[..2] {
        member.standing.pulse.answer(Duration::from_millis(1), start);
        (0..limits::SILENT_ASKED).for_each(|_| member.standing.pulse.ask(start));
    }
    let now = start + limits::SILENT_LEAST + limits::SILENT_TRICKLE * 2;
    assert!(matches!(pool.choose(&record, &Tried::none(3), start), Choice::Member(0 | 1)), "not silent yet");
    assert_eq!(pool.choose(&record, &Tried::none(3), now), Choice::Member(2));
    let mut tried = Tried::none(3);
    tried.note(2);
    let choices = [0, 1, 2].map(|_| pool.choose(&record, &tried, now));
    assert_eq!(choices, [Choice::Member(0), Choice::Member(1), Choice::Wait], "a trickle to each");
}

#[test]
fn a_silent_server_that_nobody_waits_for_any_more_is_asked_now_and_then() {
    let (pool, record) = pool("balance = \"round-robin\"");
    let start = Instant::now() + Duration::from_secs(1);
    let standing = &pool.members[0].standing;
    standing.pulse.ask(start);
    standing.pulse.answer(Duration::from_millis(1), start);
    (0..limits::SILENT_ASKED).for_each(|_| standing.pulse.ask(start));
    let asked = |count: usize, from: Duration| {
        let times = (0..count).map(|turn| start + from + Duration::from_millis(100) * u32::try_from(turn).unwrap());
        times.filter(|now| pool.choose(&record, &Tried::none(3), *now) == Choice::Member(0)).count()
    };
    let waiting = standing.count();
    assert_eq!(asked(10, Duration::from_secs(1)), 0, "somebody waits for its answer: there it will be seen");
    drop(waiting);
    assert_eq!(asked(10, Duration::from_secs(3)), 2, "once in half a second");
}

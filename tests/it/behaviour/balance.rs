//! Which server gets a request: shares, members that hang or fail, hashes, backups.
//! The policies' finer points are unit tests of theirs, with simulated time.

use super::OK;
use crate::support::{Client, Event, Gate, Origin, Step, faults};

/// A gateway before these servers, with more lines of the upstream.
fn before(servers: &[String], lines: &str) -> Gate {
    let servers = servers.join(", ");
    Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [{servers}]\nretry = {{ budget = \"100%\" }}\n{lines}\n"
    ))
}

fn plain(origin: &Origin) -> String {
    format!("\"{}\"", origin.server())
}

fn backup(origin: &Origin) -> String {
    format!("{{ url = \"{}\", backup = true }}", origin.server())
}

fn good<const N: usize>() -> [Origin; N] {
    std::array::from_fn(|_| Origin::answering(OK))
}

fn counts(origins: &[Origin]) -> Vec<usize> {
    origins.iter().map(|origin| origin.requests().len()).collect()
}

fn get_with(client: &mut Client, fields: &str) -> u16 {
    client.send(format!("GET /hash HTTP/1.1\r\nHost: a\r\n{fields}\r\n")).response().status
}

#[test]
fn shares_follow_the_weights_whatever_the_policy() {
    for (policy, light) in [("round-robin", 50..51), ("least-busy", 50..51), ("two-choices", 1..200)] {
        let origins: [Origin; 2] = good();
        let heavy = format!("{{ url = \"{}\", weight = 3 }}", origins[0].server());
        let gate = before(&[heavy, plain(&origins[1])], &format!("balance = \"{policy}\""));
        let mut client = gate.client();
        for turn in 0..200 {
            assert_eq!(client.get(&format!("/{turn}")).status, 200);
        }
        let counts = counts(&origins);
        // Two choices look at the time that answers take, which is not ours to say.
        assert!(light.contains(&counts[1]), "{policy}: {counts:?}");
    }
}

#[test]
fn a_member_that_hangs_gets_no_more_requests() {
    for policy in ["two-choices", "least-busy"] {
        let (hanging, fine) = (Origin::always(vec![Step::ReadRequest, Step::Listen]), Origin::answering(OK));
        let gate = before(&[plain(&hanging), plain(&fine)], &format!("balance = \"{policy}\""));
        // Clients that do not wait for their answers, until one of them hangs.
        let mut clients = Vec::new();
        while hanging.requests().is_empty() {
            let mut client = gate.client();
            client.send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
            gate.has_read(&client);
            clients.push(client);
            crate::support::poll("a request to be somewhere", || {
                (hanging.requests().len() + fine.requests().len() == clients.len()).then_some(())
            });
        }
        let mut client = gate.client();
        for turn in 0..50 {
            assert_eq!(client.get(&format!("/{turn}")).status, 200, "{policy}");
        }
        assert_eq!(hanging.requests().len(), 1, "{policy}");
    }
}

#[test]
fn two_choices_avoid_a_member_that_fails_at_once() {
    let broken = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nown";
    let fails: [Vec<Step>; 2] =
        [vec![Step::ReadRequest, Step::Reset], vec![Step::ReadRequest, Step::Send(broken.into()), Step::Again]];
    for script in fails {
        let (failing, fine) = (Origin::always(script), Origin::answering(OK));
        let gate = before(&[plain(&failing), plain(&fine)], "");
        let mut client = gate.client();
        for turn in 0..100 {
            client.get(&format!("/{turn}"));
        }
        let asked = failing.requests().len();
        assert!((1..20).contains(&asked), "asked {asked} times of 100");
    }
}

#[test]
fn a_hash_is_sticky_and_moves_when_its_member_dies() {
    for (key, field) in [("cookie:sid", "Cookie: theme=dark; sid="), ("header:X-User", "X-User: ")] {
        let origins: [Origin; 3] = good();
        let servers: Vec<String> = origins.iter().map(plain).collect();
        let gate = before(&servers, &format!("balance = \"hash\"\nhash_key = \"{key}\""));
        let mut client = gate.client();
        for user in 0..12 {
            let before = counts(&origins);
            for _ in 0..5 {
                assert_eq!(get_with(&mut client, &format!("{field}{user}\r\n")), 200);
            }
            let after = counts(&origins);
            let asked = before.iter().zip(&after).filter(|(before, after)| before != after).count();
            assert_eq!(asked, 1, "{key}: user {user} went from {before:?} to {after:?}");
        }
        assert!(counts(&origins).iter().filter(|count| **count > 0).count() > 1, "{key}: users are spread");
        for _ in 0..30 {
            assert_eq!(get_with(&mut client, ""), 200);
        }
        assert!(counts(&origins).iter().all(|count| *count > 0), "{key}: without a key by two choices");
    }
    // One member refuses connections: its keys go to another one, always the same.
    let refused = faults::refused(std::path::Path::new(""));
    let origins: [Origin; 2] = good();
    let servers = [format!("\"{}\"", refused.server), plain(&origins[0]), plain(&origins[1])];
    let gate = before(&servers, "balance = \"hash\"\nhash_key = \"header:X-User\"");
    let mut client = gate.client();
    for user in 0..12 {
        let before = counts(&origins);
        for _ in 0..3 {
            assert_eq!(get_with(&mut client, &format!("X-User: {user}\r\n")), 200);
        }
        let after = counts(&origins);
        assert!(before[0] == after[0] || before[1] == after[1], "user {user} went from {before:?} to {after:?}");
    }
}

#[test]
fn the_same_client_goes_to_the_same_member() {
    let origins: [Origin; 3] = good();
    let servers: Vec<String> = origins.iter().map(plain).collect();
    let gate = before(&servers, "balance = \"hash\"");
    for turn in 0..10 {
        assert_eq!(gate.client().get(&format!("/{turn}")).status, 200);
    }
    let mut counts = counts(&origins);
    counts.sort_unstable();
    assert_eq!(counts, [0, 0, 10]);
}

#[test]
fn a_backup_takes_over_only_when_the_others_are_dead() {
    let alive = Event::default();
    let first = Origin::scripts(vec![
        vec![Step::ReadRequest, Step::Send(OK.into()), Step::ReadRequest, Step::Send(OK.into()), Step::Close],
        vec![Step::ReadRequest, Step::Signal(alive.clone()), Step::Reset],
    ]);
    let spare = Origin::answering(OK);
    let refused = faults::refused(std::path::Path::new(""));
    let gate = before(
        &[plain(&first), backup(&spare), format!("\"{}\"", refused.server)],
        "balance = \"round-robin\"\npool = { max_requests = 2 }",
    );
    let mut client = gate.client();
    for turn in 0..2 {
        assert_eq!(client.get(&format!("/{turn}")).status, 200);
    }
    assert_eq!((first.requests().len(), spare.requests().len()), (2, 0), "no need of the backup");
    assert_eq!(client.get("/dead").status, 200);
    assert!(alive.wait(), "the first one was asked");
    assert_eq!(spare.requests().len(), 1);
    let entry = gate.logged("/dead");
    let members: Vec<_> = entry["attempts"].as_array().unwrap().iter().map(|attempt| &attempt["member"]).collect();
    assert_eq!(members.last().unwrap().as_str(), Some(spare.server()), "{entry}");
}

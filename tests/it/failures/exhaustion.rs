//! Failures of a machine that has run out of something.
//! The gateway is started under a low limit; it must say so, and recover.

use super::answer::OK;
use crate::support::{Client, Gate, Origin, Step, client::get, gate::Under, poll};

/// Enough to start with one worker, and few enough to use up.
const DESCRIPTORS: u32 = 40;

fn scarce(origin: &Origin) -> Gate {
    let server = origin.server();
    Gate::start_under(
        Under { descriptors: Some(DESCRIPTORS), ..Under::default() },
        &format!(
            "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{server}\"]\n\
             retry = {{ attempts = 1 }}\ntimeouts = {{ head = \"off\" }}\n"
        ),
    )
}

/// How many of the descriptors that the limit grants the gateway has open. Inherited ones may lie above it.
fn open(gate: &Gate) -> usize {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{}/fd", gate.pid())) else { return 0 };
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    entries.flatten().filter_map(number).filter(|number| *number < DESCRIPTORS).count()
}

#[test]
fn a_gateway_without_descriptors_serves_again_when_one_is_free() {
    let origin = Origin::answering(OK);
    let gate = scarce(&origin);
    let idle: Vec<Client> = (0..DESCRIPTORS + 10).map(|_| gate.client()).collect();
    gate.program_line(|line| line.contains("accept-fd-exhausted"));
    drop(idle);
    poll("the gateway to serve again", || {
        let mut client = gate.client();
        client.try_send(get("/again"));
        (client.response().status == 200).then_some(())
    });
}

#[test]
fn an_upstream_connection_without_a_descriptor_is_our_own_fault() {
    let origin = Origin::always(vec![Step::ReadRequest, Step::Listen]);
    let gate = scarce(&origin);
    let limit = usize::try_from(DESCRIPTORS).expect("small");
    // Each waiting request takes two descriptors; one must be left for a client alone.
    let mut waiting = Vec::new();
    while open(&gate) + 3 <= limit {
        let mut client = gate.client();
        client.send(get("/waiting"));
        waiting.push(client);
        let count = waiting.len();
        origin.wait_requests(count);
    }
    let mut idle = Vec::new();
    while open(&gate) + 1 < limit {
        let before = open(&gate);
        idle.push(gate.client());
        poll("the connection to be taken", || (open(&gate) > before).then_some(()));
    }
    let mut last = gate.client();
    let response = last.get("/last");
    assert_eq!(response.status, 503, "{response:?}");
    let entry = gate.logged("/last");
    assert_eq!((&entry["cause"], &entry["delivered"]), (&"connect-fd-exhausted".into(), &"no".into()), "{entry}");
}

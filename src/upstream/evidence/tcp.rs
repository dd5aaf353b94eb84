//! What the system knows about a TCP address: which ports are open here, how full their queues are, what is used up.
//! Read from `/proc/net`, where listening sockets come first, so that a busy host costs no more than a quiet one.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    ops::RangeInclusive,
};

use super::{Finding, descriptors};
use crate::{
    failure::{Cause, access::table},
    limits::{EVIDENCE_LISTED, EVIDENCE_TABLE},
};

/// A listening socket of this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Listener {
    address: SocketAddr,
    /// Connections that the application has not accepted yet.
    waiting: u32,
}

/// What there is to know about `addresses` that failed because of `cause`.
pub(in crate::upstream) fn tcp(cause: Cause, addresses: &[SocketAddr]) -> Finding {
    let Some(&address) = addresses.first() else { return Finding::default() };
    match cause {
        Cause::ConnectRefused if is_here(address.ip()) => refused_here(address, &listeners()),
        Cause::ConnectRefused => Finding::new(
            format!("the host is up, but nothing listens at its port {}, or its firewall rejects it", address.port()),
            format!(
                "Start the application on {}, correct the port in `servers`, or open the port there.",
                address.ip()
            ),
        ),
        Cause::ConnectTimeout if is_here(address.ip()) => silent_here(address, &listeners()),
        Cause::ResponseHeaderTimeout if is_here(address.ip()) => unaccepted_here(address, &listeners()),
        Cause::ConnectTimeout => Finding::new(
            "a closed port would have refused at once",
            format!(
                "See whether {} is up, and whether a firewall or security group drops packets to port {}: `nc -vz {} {}`.",
                address.ip(),
                address.port(),
                address.ip(),
                address.port()
            ),
        ),
        Cause::ConnectUnroutable if is_without_scope(address) => Finding::new(
            format!("{} is valid on one link only, and no interface is named", address.ip()),
            "Use another address of that host in `servers`, which the whole network routes: `ip -6 address` lists them \
             there. One that begins with fe80 is of no use without an interface, which cannot be written in `servers`.",
        ),
        Cause::ConnectUnroutable => Finding::new(
            String::new(),
            format!(
                "See which way this host would take: `ip route get {}`. A host that is down on the same network, a \
                 missing route and a rejecting firewall look like this.",
                address.ip()
            ),
        ),
        Cause::ConnectReset => Finding::new(
            "the connection was accepted and reset at once",
            format!(
                "See what answers at {address}: a port forwarder or load balancer without a live server behind it \
                 does this."
            ),
        ),
        Cause::ConnectLocalPortsExhausted => ports_used_up(),
        Cause::ConnectFdExhausted => descriptors(),
        _ => Finding::default(),
    }
}

fn refused_here(target: SocketAddr, listeners: &[Listener]) -> Finding {
    let port = target.port();
    let bound: Vec<String> = listeners
        .iter()
        .filter(|listener| listener.address.port() == port && listener.address != target)
        .map(|listener| bracketed(listener.address.ip()))
        .collect();
    if listeners.iter().any(|listener| listener.address == target) {
        return Finding::new("it listens there by now", "It has just started: try again.");
    }
    if !bound.is_empty() {
        let bound = bound.join(" and ");
        return Finding::new(
            format!("port {port} is open on {bound} only"),
            format!("Let the application listen on {target}, or use {bound} in `servers`."),
        );
    }
    let mut near: Vec<u16> =
        listeners.iter().filter(|listener| accepts_for(listener, target)).map(|l| l.address.port()).collect();
    near.sort_unstable_by_key(|other| (other.abs_diff(port), *other));
    near.dedup();
    let near: Vec<String> = near.iter().take(EVIDENCE_LISTED).map(u16::to_string).collect();
    let next = format!(
        "Start the application on port {port}, or correct the port in `servers`. One that runs in a container must \
         publish the port."
    );
    let mut seen = format!("nothing listens on {target}");
    if !near.is_empty() {
        seen.push_str("; open there are ports ");
        seen.push_str(&near.join(", "));
    }
    Finding::new(seen, next)
}

fn silent_here(target: SocketAddr, listeners: &[Listener]) -> Finding {
    match listeners.iter().find(|listener| listener.address.port() == target.port() && accepts_for(listener, target)) {
        Some(listener) => Finding::new(
            format!("the application listens, but has left {} unaccepted", connections(listener.waiting)),
            "The application does not accept connections: it hangs or is overloaded. Look at its own log.",
        ),
        None => Finding::new(
            "nothing listens there, and a closed port would have refused at once",
            format!("A firewall rule of this host drops packets to {target}: see `nft list ruleset`."),
        ),
    }
}

/// A kernel completes connections that no application has accepted yet, and takes what is written to them.
fn unaccepted_here(target: SocketAddr, listeners: &[Listener]) -> Finding {
    match listeners.iter().find(|listener| listener.address.port() == target.port() && accepts_for(listener, target)) {
        Some(Listener { waiting: waiting @ 1.., .. }) => Finding::new(
            match waiting {
                1 => "the application has left 1 connection unaccepted, which may be this one".to_owned(),
                _ => format!("the application has left {waiting} connections unaccepted, this one may be among them"),
            },
            "The application does not accept connections, or not fast enough: it hangs or is overloaded. Look at its own \
             log.",
        ),
        _ => Finding::default(),
    }
}

fn connections(number: u32) -> String {
    if number == 1 { "1 connection".to_owned() } else { format!("{number} connections") }
}

fn ports_used_up() -> Finding {
    let range = local_ports();
    let idle = table("/proc/net/sockstat");
    let mut words = idle.lines().find(|line| line.starts_with("TCP:")).unwrap_or_default().split_whitespace();
    let idle = words.find(|word| *word == "tw").and_then(|_| words.next()).unwrap_or("an unknown number of");
    Finding::new(
        format!("local ports {} to {} are used up; {idle} sockets are in TIME_WAIT", range.start(), range.end()),
        "Let connections be kept (`pool.max_idle`), or widen net.ipv4.ip_local_port_range.",
    )
}

/// The ports that the kernel picks from for the near end of a connection; all of them where it does not say.
pub(in crate::upstream) fn local_ports() -> RangeInclusive<u16> {
    let text = table("/proc/sys/net/ipv4/ip_local_port_range");
    let mut ends = text.split_whitespace().map_while(|end| end.parse().ok());
    match (ends.next(), ends.next()) {
        (Some(low), Some(high)) => low..=high,
        _ => 1..=u16::MAX,
    }
}

/// Whether this host has an address from which `target` could be reached at all.
pub(in crate::upstream) fn has_source_address(target: IpAddr) -> bool {
    const LOOPBACK: &str = "00000000000000000000000000000001";
    match target {
        IpAddr::V4(_) => true,
        IpAddr::V6(target) => {
            table("/proc/net/if_inet6").lines().any(|line| line.starts_with(LOOPBACK) == target.is_loopback())
        }
    }
}

/// Whether an address is this host's own: only those can be bound.
fn is_here(ip: IpAddr) -> bool {
    ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}

/// Whether an address leads nowhere without the interface that it belongs to (RFC 4007 section 6).
fn is_without_scope(address: SocketAddr) -> bool {
    matches!(address, SocketAddr::V6(address) if address.ip().is_unicast_link_local() && address.scope_id() == 0)
}

/// Whether a connection to the address of `target`, at the listener's port, would reach it.
fn accepts_for(listener: &Listener, target: SocketAddr) -> bool {
    let ip = listener.address.ip();
    ip == target.ip() || (ip.is_unspecified() && (ip.is_ipv6() || target.is_ipv4()))
}

fn bracketed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

fn listeners() -> Vec<Listener> {
    let mut all = Vec::new();
    for path in ["/proc/net/tcp", "/proc/net/tcp6"] {
        if let Ok(file) = File::open(path) {
            let lines = BufReader::new(file.take(EVIDENCE_TABLE)).lines().skip(1);
            all.extend(lines.map_while(|line| listener(&line.ok()?)));
        }
    }
    all
}

/// A line of `/proc/net/tcp` or `tcp6`, if it is that of a listening socket.
fn listener(line: &str) -> Option<Listener> {
    const LISTEN: &str = "0A";
    let mut fields = line.split_whitespace().skip(1);
    let (ip, port) = fields.next()?.split_once(':')?;
    let (state, queues) = (fields.nth(1)?, fields.next()?);
    if state != LISTEN {
        return None;
    }
    // Words of an address are printed as the machine reads them.
    let word = |start: usize| Some(u32::from_str_radix(ip.get(start..start + 8)?, 16).ok()?.to_ne_bytes());
    let ip = if ip.len() == 8 {
        IpAddr::V4(Ipv4Addr::from(word(0)?))
    } else {
        let mut octets = [0; 16];
        for (part, start) in octets.chunks_exact_mut(4).zip((0..).step_by(8)) {
            part.copy_from_slice(&word(start)?);
        }
        IpAddr::V6(Ipv6Addr::from(octets))
    };
    let waiting = u32::from_str_radix(queues.split_once(':')?.1, 16).ok()?;
    Some(Listener { address: SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?), waiting })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn open(addresses: &[&str]) -> Vec<Listener> {
        let listener = |address: &&str| Listener { address: address.parse().unwrap(), waiting: 0 };
        addresses.iter().map(listener).collect()
    }

    #[test]
    fn the_evidence_of_a_refusal_names_where_the_port_is_open_instead() {
        for (target, listeners, expected) in [
            ("127.0.0.1:3000", vec!["[::1]:3000"], "port 3000 is open on [::1] only"),
            ("127.0.0.1:3000", vec!["10.0.0.7:3000", "[::1]:3000"], "port 3000 is open on 10.0.0.7 and [::1] only"),
            ("127.0.0.1:3000", vec![], "nothing listens on 127.0.0.1:3000"),
            ("127.0.0.1:3000", vec!["[::1]:3001"], "nothing listens on 127.0.0.1:3000"),
            (
                "127.0.0.1:3000",
                vec!["0.0.0.0:22", "127.0.0.1:3001", "[::]:2998", "10.0.0.7:3003"],
                "nothing listens on 127.0.0.1:3000; open there are ports 3001, 2998, 22",
            ),
            ("127.0.0.1:3000", vec!["127.0.0.1:3000"], "it listens there by now"),
        ] {
            assert_eq!(refused_here(target.parse().unwrap(), &open(&listeners)).seen, expected);
        }
    }

    #[test]
    fn one_connection_is_not_said_to_be_several() {
        let target = "127.0.0.1:3000".parse().unwrap();
        let seen = |waiting| {
            let listeners = [Listener { address: target, waiting }];
            [silent_here(target, &listeners).seen, unaccepted_here(target, &listeners).seen]
        };
        assert!(seen(1).iter().all(|seen| seen.contains("has left 1 connection unaccepted")), "{:?}", seen(1));
        assert!(seen(2).iter().all(|seen| seen.contains("has left 2 connections unaccepted")), "{:?}", seen(2));
    }

    #[test]
    fn lines_of_the_kernels_table_are_read() {
        let rest = "00000000:00000000 00:00000000 00000000     0        0 1058 1 0 100 0 0 10 0";
        let line = |local: &str, state: &str| format!("   0: {local} 00000000:0000 {state} 00000000:00000003 {rest}");
        if cfg!(target_endian = "little") {
            for (local, expected) in [
                ("0100007F:0BB8", "127.0.0.1:3000"),
                ("00000000000000000000000001000000:0050", "[::1]:80"),
                ("0000000000000000FFFF00000100007F:0050", "[::ffff:127.0.0.1]:80"),
            ] {
                let address = expected.parse().unwrap();
                assert_eq!(listener(&line(local, "0A")), Some(Listener { address, waiting: 3 }));
            }
        }
        assert_eq!(listener(&line("0100007F:0BB8", "01")), None);
        assert_eq!(listener("nonsense"), None);
    }

    #[test]
    fn a_listener_of_this_process_is_found() {
        let bound = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = bound.local_addr().unwrap();
        assert!(listeners().iter().any(|listener| listener.address == address));
    }

    #[test]
    fn a_link_local_address_wants_another_one() {
        let next = |address: &str| tcp(Cause::ConnectUnroutable, &[address.parse().unwrap()]).next.unwrap();
        assert!(next("[fe80::1]:80").contains("Use another address"));
        for address in ["[fe80::1%2]:80", "[fd00::1]:80", "192.0.2.1:80"] {
            assert!(next(address).contains("ip route get"), "{address}");
        }
    }

    #[test]
    fn own_addresses_are_told_from_foreign_ones() {
        assert!(is_here("127.0.0.1".parse().unwrap()));
        assert!(!is_here("192.0.2.1".parse().unwrap()));
        assert!(has_source_address("192.0.2.1".parse().unwrap()));
    }
}

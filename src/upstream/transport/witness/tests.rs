//! How far a watched head is, write by write, and what a reset proves then.

use std::time::Duration;

use super::*;

const LENGTH: usize = 100;

fn info() -> TcpInfo {
    let round_trip = Duration::from_micros(20);
    TcpInfo { over: false, round_trip, acked: 51, unsent: 0, resent: 3, segment: 32_768 }
}

/// Bytes written on the connection with the first of the head's.
const SENT: u64 = 50 + 76;

/// Behind a write that brought the bytes of the connection to `sent`, all of them acknowledged.
fn at_once(sent: u64) -> TcpInfo {
    TcpInfo { acked: SYN + sent, ..info() }
}

fn whole() -> Witness {
    Witness::of(LENGTH).wrote(76, SENT, || Some(info())).wrote(24, SENT + 24, || unreachable!())
}

#[test]
fn a_head_goes_out_in_two_writes_and_the_first_one_has_left_alone() {
    let asked = Witness::of(LENGTH);
    assert!(asked.is_writing());
    assert_eq!(asked.end(LENGTH), 76);
    let half = asked.wrote(76, SENT, || Some(info()));
    assert!(half.is_writing());
    assert_eq!(half.end(LENGTH), LENGTH);
    assert!(!whole().is_writing());
    assert_eq!(Witness::Nothing.end(7), 7);
}

#[test]
fn bytes_go_one_by_one_until_one_is_not_acknowledged_at_once() {
    let mut asked = Witness::of(LENGTH).wrote(76, SENT, || Some(at_once(SENT)));
    for more in 1..=4 {
        assert_eq!((asked.is_writing(), asked.end(LENGTH)), (true, 76 + more));
        asked = asked.wrote(1, SENT + more as u64, || Some(at_once(SENT + more as u64)));
    }
    let whole = asked.wrote(1, SENT + 5, || Some(at_once(SENT + 4))).wrote(19, SENT + 24, || unreachable!());
    let over = |sent| TcpInfo { over: true, ..at_once(sent) };
    assert!(whole.proves(100, over(SENT + 4)));
    assert!(!whole.proves(100, over(SENT + 5)), "that byte was acknowledged after all");
    assert!(!whole.proves(100, over(SENT + 24)), "all of it was");
}

#[test]
fn a_first_segment_that_is_not_small_is_not_the_one_that_waits() {
    let asked = Witness::of(1_000).wrote(976, 1_026, || Some(info()));
    assert_eq!((asked.is_writing(), asked.end(1_000)), (true, 977));
    assert_eq!(asked.wrote(1, 1_027, || Some(info())).end(1_000), 1_000);
}

#[test]
fn a_peer_that_acknowledges_everything_at_once_bears_no_witness() {
    let mut asked = Witness::of(LENGTH).wrote(76, SENT, || Some(at_once(SENT)));
    for more in 1..24 {
        assert_ne!(asked, Witness::Nothing, "{more}");
        asked = asked.wrote(1, SENT + more, || Some(at_once(SENT + more)));
    }
    assert_eq!(asked, Witness::Nothing, "there is one byte left, and it must be the last to be watched");
}

#[test]
fn what_did_not_go_as_it_must_bears_no_witness() {
    let first = |written, info: Option<TcpInfo>| Witness::of(LENGTH).wrote(written, SENT, || info);
    assert_eq!(first(75, Some(info())), Witness::Nothing, "a part of the first write");
    assert_eq!(first(76, None), Witness::Nothing, "nothing is known");
    assert_eq!(first(76, Some(TcpInfo { unsent: 76, ..info() })), Witness::Nothing, "it has not left");
    assert_eq!(first(76, Some(TcpInfo { segment: 1_448, ..info() })), Witness::Nothing, "not the loopback device");
    let second = first(76, Some(info())).wrote(23, SENT + 23, || None);
    assert_eq!(second, Witness::Nothing, "a part of the second");
    assert_eq!(Witness::of(24), Witness::Nothing);
    assert!(Witness::Nothing.is_over(0, Some(info())), "nobody waits");
}

#[test]
fn the_body_waits_until_all_of_the_head_is_acknowledged() {
    let acked = |acked| whole().is_over(51, Some(TcpInfo { acked, ..info() }));
    assert_eq!([acked(51), acked(149), acked(150), acked(151)], [false, false, false, true]);
    assert!(whole().is_over(51, None));
}

#[test]
fn a_reset_proves_it_unread_only_if_nothing_else_happened() {
    let over = TcpInfo { over: true, ..info() };
    assert!(whole().proves(100, over));
    assert!(!whole().proves(101, over), "some of the body was written");
    assert!(!whole().proves(100, info()), "it goes on");
    assert!(!whole().proves(100, TcpInfo { acked: 52, ..over }), "something was acknowledged");
    assert!(!whole().proves(100, TcpInfo { resent: 4, ..over }), "something was sent again");
    let half = Witness::of(LENGTH).wrote(76, SENT, || Some(info()));
    assert!(!half.proves(76, over), "a part of it was written");
    assert!(!Witness::Nothing.proves(0, over));
}

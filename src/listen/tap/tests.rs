//! The tap: what it keeps of heads, where bodies end, and what can be read in two ways.

use super::*;

#[test]
fn only_what_was_not_understood_is_left() {
    let mut tap = Tap::default();
    tap.read(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    tap.head(Length::None);
    assert_eq!(tap.unread(), b"");
    tap.read(b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nBAD");
    tap.head(Length::None);
    tap.head(Length::None);
    assert_eq!(tap.unread(), b"BAD");
    tap.read(b" LINE");
    assert_eq!(tap.unread(), b"BAD LINE");
}

#[test]
fn bodies_are_not_kept() {
    for length in [Length::Exact(9), Length::Unknown] {
        let mut tap = Tap::default();
        tap.read(b"POST / HTTP/1.1\r\n\r\nsecret");
        tap.head(length);
        tap.read(b"too");
        tap.body_ended();
        assert_eq!(tap.unread(), b"");
        tap.read(b"GET");
        assert_eq!(tap.unread(), b"GET");
    }
}

#[test]
fn what_comes_behind_a_body_of_known_length_is_a_head() {
    let mut tap = Tap::default();
    tap.read(b"POST / HTTP/1.1\r\n\r\n12345GE");
    tap.head(Length::Exact(5));
    assert_eq!(tap.unread(), b"GE");
    tap.read(b"T / HTTP/1.1\r\n\r\n");
    tap.head(Length::Exact(4));
    tap.read(b"1234POST");
    assert_eq!(tap.unread(), b"POST");
}

#[test]
fn what_comes_behind_a_chunked_body_is_a_head() {
    let mut tap = Tap::default();
    tap.read(b"POST / HTTP/1.1\r\n\r\n3\r\na");
    tap.head(Length::Unknown);
    assert!(!tap.body_has_come());
    tap.read(b"bc\r\n0\r\n");
    assert!(!tap.body_has_come());
    tap.read(b"\r\nGET");
    assert!(tap.body_has_come());
    assert_eq!(tap.unread(), b"GET");
    tap.read(b" / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\n\r\n0\r\n\r\nBAD");
    tap.head(Length::None);
    tap.head(Length::Unknown);
    assert!(tap.body_has_come());
    assert_eq!(tap.unread(), b"BAD");
}

#[test]
fn a_body_that_can_be_read_in_two_ways_hides_nothing() {
    let mut tap = Tap::default();
    tap.read(b"POST / HTTP/1.1\r\n\r\n0\r\nA: b\n\r\nGET / HTTP/1.1\r\n\r\n");
    assert!(!tap.is_unclear());
    tap.head(Length::Unknown);
    assert!(tap.is_unclear() && !tap.body_has_come());
    assert_eq!(tap.unread(), b"");
}

#[test]
fn a_chunk_is_announced_before_it_comes() {
    let mut tap = Tap::default();
    tap.read(b"POST / HTTP/1.1\r\n\r\n7fffffff\r\nhello");
    tap.head(Length::Unknown);
    assert_eq!(tap.announced(), 0x7fff_ffff - 5);
}

#[test]
fn empty_lines_before_a_head_are_no_head() {
    let mut tap = Tap::default();
    tap.read(b"\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    tap.head(Length::None);
    assert_eq!(tap.unread(), b"");
}

#[test]
fn a_body_whose_beginning_was_not_kept_is_over_when_the_server_says_so() {
    let mut tap = Tap::default();
    tap.read(&[b"POST / HTTP/1.1\r\n\r\n", vec![b'x'; limits::TAP_BYTES].as_slice()].concat());
    tap.head(Length::Exact(limits::TAP_BYTES as u64 + 1));
    tap.read(b"x");
    assert!(!tap.body_has_come());
    tap.body_ended();
    tap.read(b"GET");
    assert_eq!(tap.unread(), b"GET");
}

#[test]
fn fields_are_read_as_far_as_they_make_sense() {
    let fields = fields(b"GET / HTTP/1.1\r\nAccept: text/html\r\nbad name: x\r\nAccept-Language: ru\r\n");
    assert_eq!(fields["accept"], "text/html");
    assert_eq!(fields["accept-language"], "ru");
    assert_eq!(fields.len(), 2);
}

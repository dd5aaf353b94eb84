//! Byte tables of the answer's reader: exact bytes in, cause out, whatever way they are split.

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use proptest::prelude::*;

use super::{
    chunked::{Chunked, Piece, Preview},
    framing::{Framing, framing, keeps_alive},
    head::{self, Fault, Head},
};
use crate::failure::{Cause, Parameter};

const LIMIT: usize = 1000;

/// What a head says: status, framing, whether the connection goes on.
type Read = Result<Option<(u16, Framing, bool)>, Cause>;

/// What a reader makes of `bytes` that come in pieces of `step`: the status and framing, or the cause.
fn read(bytes: &[u8], step: usize) -> Read {
    let mut buffer = BytesMut::new();
    for piece in bytes.chunks(step) {
        buffer.extend_from_slice(piece);
        if let Some(head) = head::take(&mut buffer, LIMIT).map_err(|fault| fault.cause)? {
            let framing = framing(&head, false).map_err(|fault| fault.cause)?;
            return Ok(Some((head.status.as_u16(), framing, keeps_alive(&head, framing))));
        }
    }
    Ok(None)
}

#[test]
fn every_head_has_one_reading_however_it_is_split() {
    use Framing::{Chunked, Length, None, UntilClose};
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "a".repeat(LIMIT));
    let long_cr = format!("HTTP/1.1 200 OK\r\nX: {}\ra", "a".repeat(LIMIT));
    let short_cr = format!("HTTP/1.1 200 OK\r\nX: \r{}\r\n\r\n", "a".repeat(LIMIT));
    let many_cr = format!("HTTP/1.1 200 OK\r\n{}A\r:\n\r\n", ":\n".repeat(crate::limits::UPSTREAM_HEADERS + 1));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(crate::limits::UPSTREAM_HEADERS / 2));
    let table: &[(&str, Read)] = &[
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Ok(Some((200, Length(5), true)))),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", Ok(Some((200, Length(5), true)))),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", Ok(Some((200, Length(5), true)))),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", Ok(Some((200, Length(0), true)))),
        ("HTTP/1.1 200 OK\nContent-Length: 5\n\n", Ok(Some((200, Length(5), true)))),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", Ok(Some((200, Chunked, true)))),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n", Ok(Some((200, Length(1), false)))),
        ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", Ok(Some((200, Length(1), false)))),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n", Ok(Some((200, Length(1), true)))),
        ("HTTP/1.1 200 OK\r\n\r\n", Ok(Some((200, UntilClose, false)))),
        ("HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n", Ok(Some((204, None, true)))),
        ("HTTP/1.1 304 Not\r\n\r\n", Ok(Some((304, None, true)))),
        ("HTTP/1.1 100 Continue\r\n\r\n", Ok(Some((100, None, true)))),
        ("HTTP/1.1 200 OK\r\nX: a", Ok(Option::None)),
        ("H", Ok(Option::None)),
        ("HTTP/1.1 99 X\r\n\r\n", Err(Cause::ResponseBadStatus)),
        ("HTTP/1.1 099 X\r\n\r\n", Err(Cause::ResponseBadStatus)),
        ("HTTP/1.1 600 X\r\n\r\n", Err(Cause::ResponseBadStatus)),
        ("HTTP/1.1 abc\r\n\r\n", Err(Cause::ResponseBadStatus)),
        ("HTTP/1.1 -200 OK\r\n\r\n", Err(Cause::ResponseBadStatus)),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", Err(Cause::ResponseHeadMalformed)),
        ("HTTP/1.2 200 OK\r\nContent-Length: 1\r\n\r\n", Ok(Some((200, Length(1), true)))),
        ("HTTP/1.10 200 OK\r\n\r\n", Err(Cause::ResponseHeadMalformed)),
        ("HTTP/1.1 200 O\0K\r\n\r\n", Err(Cause::ResponseHeadMalformed)),
        ("HTTP/1.1  200 OK\r\n\r\n", Err(Cause::ResponseHeadMalformed)),
        ("HTTP/1.1 200OK\r\n\r\n", Err(Cause::ResponseHeadMalformed)),
        // A CR that no LF follows is certain, whatever comes behind it and whatever else is wrong.
        ("HTTP/1.1 200 OK\rContent-Length: 5\r\rHELLO", Err(Cause::ResponseHeadMalformed)),
        ("HTTP/1.1 999 Odd\r\nA: \rb\r\n\r\n", Err(Cause::ResponseHeadMalformed)),
        ("HTTP/1.1 200 OK\r\nA: b\r\n\r", Ok(Option::None)),
        ("HTTP/1.1 200 OK\r\nNo colon\r\n\r\n", Err(Cause::ResponseHeadMalformed)),
        ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", Err(Cause::ResponseHeadMalformed)),
        ("HTTP/1.1 200 OK\r\n: b\r\n\r\n", Err(Cause::ResponseHeadMalformed)),
        ("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", Err(Cause::ResponseHeadMalformed)),
        ("HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n", Err(Cause::ResponseHeadMalformed)),
        ("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", Err(Cause::ResponseHeadMalformed)),
        ("HTTP/2.0 200 OK\r\n\r\n", Err(Cause::ResponseNotHttp)),
        ("HTTQ/1.1 200 OK\r\n\r\n", Err(Cause::ResponseNotHttp)),
        ("<html></html>", Err(Cause::ResponseNotHttp)),
        ("SSH-2.0-OpenSSH_9.6\r\n", Err(Cause::ResponseNotHttp)),
        ("\x15\x03\x01\0\x02\x02\x28", Err(Cause::ResponseIsTls)),
        ("\x16\x03\x01\0\x02", Err(Cause::ResponseIsTls)),
        ("\x01\x06\0\x01\0\0\0\0", Err(Cause::ResponseNotHttp)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n", Err(Cause::ResponseFramingConflict)),
        ("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n", Err(Cause::ResponseFramingConflict)),
        ("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", Err(Cause::ResponseFramingConflict)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n", Err(Cause::ResponseFramingConflict)),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            Err(Cause::ResponseFramingConflict),
        ),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Err(Cause::ResponseFramingConflict)),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", Err(Cause::ResponseTransferCoding)),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", Err(Cause::ResponseTransferCoding)),
        (&long_cr, Err(Cause::ResponseHeaderTooLarge)),
        (&short_cr, Err(Cause::ResponseHeadMalformed)),
        (&many_cr, Err(Cause::ResponseHeadMalformed)),
        (&long, Err(Cause::ResponseHeaderTooLarge)),
        (&long[..=LIMIT], Err(Cause::ResponseHeaderTooLarge)),
        (&many, Ok(Some((200, UntilClose, false)))),
    ];
    for (bytes, expected) in table {
        for step in [bytes.len(), 1, 2, 3, 7] {
            assert_eq!(&read(bytes.as_bytes(), step.max(1)), expected, "{} by {step}", bytes.escape_debug());
        }
    }
}

#[test]
fn the_evidence_names_the_line_that_is_wrong() {
    let mut buffer = BytesMut::from("HTTP/1.1 200 OK\r\nGood: yes\r\nBad Name: v\r\nMore: x\r\n\r\n");
    let fault = head::take(&mut buffer, LIMIT).unwrap_err();
    assert!(fault.evidence.contains("field line 2") && fault.evidence.contains("Bad Name"), "{}", fault.evidence);
}

#[test]
fn answers_to_head_have_no_body_whatever_they_say() {
    let mut buffer = BytesMut::from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    let head: Head = head::take(&mut buffer, LIMIT).unwrap().unwrap();
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(framing(&head, true).unwrap(), Framing::None);
}

/// The data, whether the body ended, what is left over.
type Decoded<'a> = Result<(&'a str, bool, &'a str), Cause>;

/// What a decoder makes of `bytes` that come in pieces of `step`: the data, whether it ended, what is left over.
fn decode(bytes: &[u8], step: usize) -> Result<(Vec<u8>, bool, Bytes), Fault> {
    let (mut decoder, mut buffer, mut data) = (Chunked::default(), BytesMut::new(), Vec::new());
    for piece in bytes.chunks(step) {
        buffer.extend_from_slice(piece);
        while let Some(piece) = decoder.next(&mut buffer)? {
            match piece {
                Piece::Data(bytes) => data.extend_from_slice(&bytes),
                Piece::End(_) => break,
            }
        }
    }
    Ok((data, decoder.is_done(), buffer.freeze()))
}

#[test]
fn every_chunked_body_has_one_reading_however_it_is_split() {
    let trailers = format!("0\r\nT: {}\r\n\r\n", "x".repeat(crate::limits::UPSTREAM_TRAILERS));
    let extension = format!("1;{}\r\nx\r\n", "x".repeat(crate::limits::CHUNK_LINE));
    let table: &[(&str, Decoded)] = &[
        ("5\r\nhello\r\n0\r\n\r\n", Ok(("hello", true, ""))),
        ("5\r\nhello\r\n6\r\n world\r\n0\r\nT: 1\r\n\r\nmore", Ok(("hello world", true, "more"))),
        ("005;a=b ;c\r\nhello\r\n0;x\r\n\r\n", Ok(("hello", true, ""))),
        ("a\r\n0123456789\r\n", Ok(("0123456789", false, ""))),
        ("5\r\nhel", Ok(("hel", false, ""))),
        ("0\r\n", Ok(("", false, ""))),
        ("0\r\nT: 1\r\n", Ok(("", false, "T: 1\r\n"))),
        // Lines of trailers may end in a bare LF as those of a head; what follows the empty one is another answer.
        ("0\r\nT: 1\n\nA: 2\r\n\r\n", Ok(("", true, "A: 2\r\n\r\n"))),
        ("0\r\n\nA: 2\r\n\r\n", Ok(("", true, "A: 2\r\n\r\n"))),
        ("0\r\nT: 1\n\r\nmore", Ok(("", true, "more"))),
        ("zz\r\n", Err(Cause::BodyBadChunk)),
        ("\r\n", Err(Cause::BodyBadChunk)),
        ("5\nhello\r\n", Err(Cause::BodyBadChunk)),
        ("0x5\r\nhello\r\n", Err(Cause::BodyBadChunk)),
        ("-5\r\nhello\r\n", Err(Cause::BodyBadChunk)),
        ("5 \t \r\nhello\r\n0 \r\n\r\n", Ok(("hello", true, ""))),
        (" 5\r\nhello\r\n", Err(Cause::BodyBadChunk)),
        ("5 5\r\nhello\r\n", Err(Cause::BodyBadChunk)),
        ("10000000000000005\r\nhello\r\n", Err(Cause::BodyBadChunk)),
        ("5\r;a\r\nhello\r\n", Err(Cause::BodyBadChunk)),
        ("5;a\0b\r\nhello\r\n", Err(Cause::BodyBadChunk)),
        ("5\r\nhelloX\r\n", Err(Cause::BodyBadChunk)),
        (&extension, Err(Cause::BodyBadChunk)),
        ("0\r\nbad trailer\r\n\r\n", Err(Cause::TrailerInvalid)),
        (&trailers, Err(Cause::TrailerInvalid)),
    ];
    for (bytes, expected) in table {
        for step in [bytes.len(), 1, 2, 3, 5] {
            let got = decode(bytes.as_bytes(), step).map_err(|fault| fault.cause);
            let expected =
                expected.map(|(data, done, left)| (data.into(), done, Bytes::copy_from_slice(left.as_bytes())));
            assert_eq!(got, expected, "{} by {step}", bytes.escape_debug());
        }
        for step in [bytes.len(), 1, 3] {
            let looked = look(bytes.as_bytes(), step).map_err(|fault| fault.cause);
            assert_eq!(looked, expected.map(|(_, done, _)| done), "{} by {step}", bytes.escape_debug());
        }
    }
}

/// Whether a body that comes in steps has ended, by looking at it.
fn look(bytes: &[u8], step: usize) -> Result<bool, Fault> {
    let mut preview = Preview::default();
    for end in (0..bytes.len()).step_by(step.max(1)).chain([bytes.len()]) {
        preview.look(&bytes[..end])?;
    }
    Ok(preview.seen.is_done())
}

#[test]
fn what_a_line_of_chunks_lacks_is_shown() {
    let said = |bytes: &[u8]| look(bytes, bytes.len()).unwrap_err();
    let fault = said(b"5\nhello\r\n");
    assert!(fault.evidence.ends_with(r#"is "5\n", which ends without CR"#), "{}", fault.evidence);
    let fault = said(b"0\r\nA: b\r\nNo Colon\r\n\r\n");
    assert!(fault.evidence.contains(r#"line 2 of the trailer section is "No Colon""#), "{}", fault.evidence);
    assert_eq!(fault.next, None, "nothing is too large");
}

#[test]
fn a_coding_that_cannot_be_decoded_is_named() {
    for (value, coding, next) in [
        ("gzip, chunked", Some("gzip"), None),
        ("chunked, GZIP;q=1", Some("gzip"), None),
        ("chunked, chunked", Some("chunked"), Some("once")),
        ("chunked;a=b", Some("chunked"), Some("parameters")),
        ("identity", Some("identity"), Some("`identity`")),
        ("", None, Some("empty")),
        ("\"x\"", None, None),
    ] {
        let text = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {value}\r\n\r\n");
        let head = head::take(&mut BytesMut::from(&text[..]), LIMIT).unwrap().unwrap();
        let fault = framing(&head, false).unwrap_err();
        let expected = coding.map(|coding| ("coding", Parameter::Text(coding.to_owned())));
        assert_eq!((fault.cause, fault.parameter), (Cause::ResponseTransferCoding, expected), "{value}");
        assert_eq!(fault.next.is_some(), next.is_some(), "{value}");
        assert!(next.is_none_or(|next| fault.next.is_some_and(|said| said.contains(next))), "{value}");
    }
}

#[test]
fn a_head_that_is_too_large_says_how_large_it_is_and_one_of_too_many_lines_does_not() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\nbody", "a".repeat(LIMIT));
    let fault = head::take(&mut BytesMut::from(&long[..]), LIMIT).unwrap_err();
    let size = (long.len() - "body".len()) as u64;
    assert_eq!(fault.parameter, Some(("header-section-size", Parameter::Number(size))));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A:\n".repeat(crate::limits::UPSTREAM_HEADERS + 1));
    let fault = head::take(&mut BytesMut::from(&many[..]), LIMIT).unwrap_err();
    assert_eq!((fault.cause, &fault.parameter), (Cause::ResponseHeaderTooLarge, &None), "{}", fault.evidence);
    assert!(fault.next.is_some_and(|next| next.contains("fewer")));
}

#[test]
fn words_of_a_status_that_has_none_are_kept() {
    for (line, expected) in [("299 Odd", Some(&b"Odd"[..])), ("299", Some(b"")), ("200 Fine", None)] {
        let text = format!("HTTP/1.1 {line}\r\n\r\n");
        let head = head::take(&mut BytesMut::from(&text[..]), LIMIT).unwrap().unwrap();
        assert_eq!(head.reason.as_ref().map(AsRef::<[u8]>::as_ref), expected, "{line}");
    }
}

#[test]
fn a_challenge_passes_with_the_status_that_it_belongs_to() {
    for (status, more, passes) in
        [(407, "", true), (200, "", false), (407, "Connection: x, proxy-Authenticate\r\n", false)]
    {
        let text = format!("HTTP/1.1 {status} X\r\nProxy-Authenticate: a\r\n{more}Proxy-Authenticate: b\r\n\r\n");
        let head = head::take(&mut BytesMut::from(&text[..]), LIMIT).unwrap().unwrap();
        let values: Vec<_> = head.fields.get_all("proxy-authenticate").iter().collect();
        assert_eq!(values, if passes { vec!["a", "b"] } else { vec![] }, "{status} {more}");
        assert_eq!(head.hop.is_empty(), passes);
    }
}

proptest! {
    #[test]
    fn any_bytes_read_the_same_in_one_piece_and_byte_by_byte(
        tail in proptest::collection::vec(any::<u8>(), 0..60),
        start in prop_oneof![Just(""), Just("HTTP/1.1 200 OK\r\n"), Just("HTTP/1.1 "), Just("HTTP/1.1 200 OK\r\nA: b\r\n")],
    ) {
        let bytes = [start.as_bytes(), &tail].concat();
        prop_assert_eq!(read(&bytes, bytes.len().max(1)), read(&bytes, 1));
    }

    #[test]
    fn any_chunks_read_the_same_in_one_piece_and_byte_by_byte(
        tail in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'0'), Just(b'5'), Just(b';'), any::<u8>()], 0..60),
    ) {
        let whole = decode(&tail, tail.len().max(1)).map(|(data, done, _)| (data, done)).map_err(|fault| fault.cause);
        let split = decode(&tail, 1).map(|(data, done, _)| (data, done)).map_err(|fault| fault.cause);
        prop_assert_eq!(whole, split);
    }

    #[test]
    fn what_is_encoded_comes_back(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..6)) {
        let mut bytes = Vec::new();
        for chunk in &chunks {
            bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        let (data, done, left) = decode(&bytes, 7).unwrap();
        prop_assert_eq!(data, chunks.concat());
        prop_assert!(done && left.is_empty());
    }
}

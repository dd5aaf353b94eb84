//! Records in, pieces out: a table of faults, and random records split in every way.

use proptest::prelude::*;

use super::*;

fn record(kind: u8, content: &[u8], padding: u8) -> Vec<u8> {
    let mut bytes = header(kind, content.len()).to_vec();
    bytes[6] = padding;
    bytes.extend_from_slice(content);
    bytes.extend(std::iter::repeat_n(0xAA, usize::from(padding)));
    bytes
}

/// Everything on STDOUT, everything on STDERR, the end.
type Read = (Vec<u8>, Vec<u8>, Option<Ended>);

/// Feeds `bytes` in pieces of these lengths.
fn read(bytes: &[u8], lengths: &[usize]) -> Result<Read, Fault> {
    let (mut reader, mut buffer, mut rest) = (Reader::default(), BytesMut::new(), bytes);
    let mut all = Read::default();
    let mut lengths = lengths.iter().copied().cycle();
    loop {
        while let Some(piece) = reader.next(&mut buffer)? {
            match piece {
                Piece::Stdout(piece) => all.0.extend_from_slice(&piece),
                Piece::Stderr(piece) => all.1.extend_from_slice(&piece),
                Piece::End(ended) => all.2 = Some(ended),
            }
        }
        if rest.is_empty() {
            assert!(reader.is_between() && buffer.is_empty(), "whole records leave nothing behind");
            return Ok(all);
        }
        let (piece, behind) = rest.split_at(lengths.next().unwrap_or(1).clamp(1, rest.len()));
        buffer.extend_from_slice(piece);
        rest = behind;
    }
}

#[test]
fn what_an_application_does_not_send_is_a_fault() {
    let mut other_request = record(kind::STDOUT, b"a", 0);
    other_request[3] = 2;
    for (bytes, said) in [
        (b"HTTP/1.1 400 Bad Request\r\n".to_vec(), "it speaks HTTP"),
        (b"H".to_vec(), "it speaks HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x46".to_vec(), "it speaks TLS"),
        (b"\x09\x06\x00\x01".to_vec(), "a record of version 9"),
        (other_request, "for request 2"),
        (record(kind::STDIN, b"a", 0), "type 5"),
        (record(kind::BEGIN, &[0; 8], 0), "type 1"),
        (record(kind::END, &[0; 7], 0), "has 7 bytes"),
    ] {
        let fault = read(&bytes, &[1]).unwrap_err();
        assert_eq!(fault.cause, Cause::FcgiProtocolError);
        assert!(!fault.http && fault.evidence.contains(said), "{said}: {fault:?}");
    }
    let late = [record(kind::STDOUT, b"a", 0), b"HTTP/1.1".to_vec()].concat();
    assert!(read(&late, &[100]).unwrap_err().http, "what came before was FastCGI");
}

#[test]
fn management_records_and_unknown_types_are_dropped() {
    let mut values = record(10, b"values", 2);
    values[3] = 0;
    let bytes = [values, record(11, &[12; 8], 0), record(200, b"news", 3), record(kind::STDOUT, b"a", 0)].concat();
    assert_eq!(read(&bytes, &[7]).unwrap().0, b"a");
}

#[test]
fn a_request_begins_as_the_specification_says() {
    let mut bytes = Vec::new();
    begin(false, &mut bytes);
    begin(true, &mut bytes);
    assert_eq!(bytes[..16], [1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[26], 1);
    assert_eq!(STDIN_END, [1, 5, 0, 1, 0, 0, 0, 0]);
}

proptest! {
    #[test]
    fn records_mean_the_same_however_they_are_split(
        records in prop::collection::vec((6u8..=8, prop::collection::vec(any::<u8>(), 0..300), any::<u8>()), 0..12),
        lengths in prop::collection::vec(1usize..200, 1..8),
        app in any::<u32>(),
    ) {
        let (mut bytes, mut wanted) = (Vec::new(), Read::default());
        for (kind, content, padding) in &records {
            // 8 stands for a type that nobody knows.
            let kind = if *kind == 8 { 99 } else { *kind };
            bytes.extend(record(kind, content, *padding));
            match kind {
                kind::STDOUT => wanted.0.extend_from_slice(content),
                kind::STDERR => wanted.1.extend_from_slice(content),
                _ => {}
            }
        }
        bytes.extend(record(kind::END, &[&app.to_be_bytes()[..], &[0, 9, 9, 9]].concat(), 5));
        wanted.2 = Some(Ended { app, protocol: 0 });
        prop_assert_eq!(read(&bytes, &lengths).unwrap(), wanted);
    }

    #[test]
    fn no_bytes_whatever_are_too_much(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let (mut reader, mut buffer) = (Reader::default(), BytesMut::from(&bytes[..]));
        while let Ok(Some(_)) = reader.next(&mut buffer) {}
    }
}

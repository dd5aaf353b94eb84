//! FastCGI as a scripted upstream speaks it: records to send, and a reader of requests.
//! `Origin::fastcgi` plays scripts made of them.

use std::fmt::Write as _;

use super::origin::{Connection, Request, Step};

/// What a good application answers.
pub const OK: &str = "Content-Type: text/plain\r\n\r\nok";

const END: u8 = 3;
const PARAMS: u8 = 4;
const STDIN: u8 = 5;

/// A record with padding behind it.
pub fn record(kind: u8, content: &[u8], padding: u8) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("one record").to_be_bytes();
    let mut bytes = vec![1, kind, 0, 1, length[0], length[1], padding, 0];
    bytes.extend_from_slice(content);
    bytes.extend(std::iter::repeat_n(0, usize::from(padding)));
    bytes
}

/// A part of the answer.
pub fn stdout(content: impl AsRef<[u8]>) -> Vec<u8> {
    content.as_ref().chunks(60_000).flat_map(|piece| record(6, piece, 0)).collect()
}

/// Words for the log.
pub fn stderr(content: &str) -> Vec<u8> {
    record(7, content.as_bytes(), 1)
}

/// The end of an answer.
pub fn end(app: u8, protocol: u8) -> Vec<u8> {
    record(END, &[0, 0, 0, app, protocol, 0, 0, 0], 0)
}

/// Reads a request, sends these bytes, closes.
pub fn says(parts: &[Vec<u8>]) -> Vec<Step> {
    vec![Step::ReadRecords, Step::Send(parts.concat()), Step::Close]
}

/// Reads requests and answers each with this CGI answer.
pub fn answers(answer: impl AsRef<[u8]>) -> Vec<Step> {
    vec![Step::ReadRecords, Step::Send([stdout(answer), end(0, 0)].concat()), Step::Again]
}

impl Connection {
    /// Reads a whole request.
    pub(super) fn read_records(&mut self) -> bool {
        let (mut params, mut body) = (Vec::new(), Vec::new());
        loop {
            let Some(length) = self.fill(whole_record) else { return false };
            let record: Vec<u8> = self.buffer.drain(..length).collect();
            let content = &record[8..length - usize::from(record[6])];
            match record[1] {
                PARAMS => params.extend_from_slice(content),
                STDIN if content.is_empty() => break,
                STDIN => body.extend_from_slice(content),
                _ => {}
            }
        }
        self.note(Request { head: lines(&params), body, trailers: Vec::new(), complete: true });
        true
    }
}

/// Length of the first record, when it is all there.
fn whole_record(buffer: &[u8]) -> Option<usize> {
    let header = buffer.first_chunk::<8>()?;
    let length = 8 + usize::from(u16::from_be_bytes([header[4], header[5]])) + usize::from(header[6]);
    (buffer.len() >= length).then_some(length)
}

/// `NAME=value` lines of a block of parameters.
fn lines(mut block: &[u8]) -> String {
    let mut text = String::new();
    let number = |block: &mut &[u8]| {
        let (length, rest) = block.split_at(if block[0] < 128 { 1 } else { 4 });
        *block = rest;
        length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)) & 0x7fff_ffff
    };
    while !block.is_empty() {
        let (name, value) = (number(&mut block), number(&mut block));
        let (name, rest) = block.split_at(name);
        let (value, rest) = rest.split_at(value);
        block = rest;
        let _ = writeln!(text, "{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value));
    }
    text
}

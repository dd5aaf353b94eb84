//! A strict reader of answers: what RFC 9112 does not allow fails the test at once.
//! It says how each answer ended, because that is what a broken one is told by.

use std::time::Instant;

use serde_json::Value;

use super::{
    PATIENCE,
    client::{Client, Got},
};

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By its framing.
    Complete,
    /// By the end of the connection, which was its framing.
    Closed,
    /// The connection ended before the framing said so.
    Cut,
    /// The connection was reset before the framing said so.
    Reset,
    /// Nothing more came.
    Silence,
}

/// One answer, with the interim ones before it.
#[derive(Debug)]
pub struct Response {
    /// Of the final answer; 0 when none came.
    pub status: u16,
    /// As they came, names in lower case.
    pub fields: Vec<(String, String)>,
    /// Without its framing.
    pub body: Vec<u8>,
    /// After the last chunk.
    pub trailers: Vec<(String, String)>,
    /// Statuses of the interim answers.
    pub interim: Vec<u16>,
    /// How it ended.
    pub end: End,
}

impl Response {
    /// The only field of this name.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut found = self.fields.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let first = found.next();
        assert!(found.next().is_none(), "more than one {name}: {:?}", self.fields);
        first
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Whether it ended as its framing says.
    pub fn is_complete(&self) -> bool {
        matches!(self.end, End::Complete | End::Closed)
    }

    /// The gateway's own member of Proxy-Status, apart: its parameters with their values, the name first.
    pub fn proxy_status(&self) -> Option<Vec<(String, String)>> {
        let lines: Vec<&str> =
            self.fields.iter().filter(|(name, _)| name == "proxy-status").map(|(_, value)| value.as_str()).collect();
        let member = lines.last()?.rsplit(", ").next()?.to_owned();
        let parts = member.split(';').map(|part| {
            let (name, value) = part.trim().split_once('=').unwrap_or((part.trim(), ""));
            (name.to_owned(), value.trim_matches('"').to_owned())
        });
        Some(parts.collect())
    }
}

/// Reads one final answer and the interim ones before it.
pub fn response(client: &mut Client, to_head: bool) -> Response {
    let mut interim = Vec::new();
    loop {
        let mut got = match head(client) {
            Ok(got) => got,
            Err(end) => return Response { interim, ..nothing(end) },
        };
        if got.status < 200 && got.status != 101 {
            interim.push(got.status);
            continue;
        }
        got.interim = interim;
        got.end = body(client, &mut got, to_head);
        return got;
    }
}

fn nothing(end: End) -> Response {
    Response { status: 0, fields: Vec::new(), body: Vec::new(), trailers: Vec::new(), interim: Vec::new(), end }
}

fn head(client: &mut Client) -> Result<Response, End> {
    let end = fill(client, |buffer| find(buffer, b"\r\n\r\n").map(|at| at + 4))?;
    let bytes: Vec<u8> = client.buffer.drain(..end).collect();
    let text = String::from_utf8(bytes).expect("a head of ASCII or UTF-8");
    let mut lines = text.trim_end_matches("\r\n\r\n").split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let rest = status_line.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("a status line: {status_line:?}"));
    let (code, _) = rest.split_once(' ').unwrap_or_else(|| panic!("a space after the status: {status_line:?}"));
    assert!(code.len() == 3, "three digits: {status_line:?}");
    let status = code.parse().expect("three digits");
    assert!((100..600).contains(&status), "a status that exists: {status_line:?}");
    Ok(Response { status, fields: lines.map(field).collect(), ..nothing(End::Complete) })
}

fn field(line: &str) -> (String, String) {
    let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("a colon: {line:?}"));
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    assert!(!name.is_empty() && name.chars().all(token), "a token as name: {line:?}");
    assert!(!value.contains(['\r', '\n', '\0']), "no control characters: {line:?}");
    (name.to_lowercase(), value.trim_matches([' ', '\t']).to_owned())
}

fn body(client: &mut Client, got: &mut Response, to_head: bool) -> End {
    let length = got.field("content-length").map(|value| value.parse::<usize>().expect("a number"));
    let coding = got.field("transfer-encoding").map(str::to_lowercase);
    assert!(length.is_none() || coding.is_none(), "not both framings: {:?}", got.fields);
    if to_head || matches!(got.status, 101 | 204 | 304) {
        assert!(got.status != 204 || (length.is_none() && coding.is_none()), "204 has no framing: {:?}", got.fields);
        return End::Complete;
    }
    match (coding, length) {
        (Some(coding), _) => {
            assert_eq!(coding, "chunked", "a client may only be sent chunked");
            chunked(client, got).err().unwrap_or(End::Complete)
        }
        (None, Some(length)) => {
            let end = fill(client, |buffer| (buffer.len() >= length).then_some(length));
            let take = end.unwrap_or(client.buffer.len());
            got.body = client.buffer.drain(..take).collect();
            end.err().unwrap_or(End::Complete)
        }
        (None, None) => {
            let end = fill(client, |_| None).expect_err("only the end of the connection ends this");
            got.body = std::mem::take(&mut client.buffer);
            if end == End::Cut { End::Closed } else { end }
        }
    }
}

fn chunked(client: &mut Client, got: &mut Response) -> Result<(), End> {
    loop {
        let line = line(client)?;
        let size = usize::from_str_radix(line.split(';').next().unwrap_or_default(), 16)
            .unwrap_or_else(|_| panic!("a chunk size: {line:?}"));
        if size == 0 {
            break;
        }
        match fill(client, |buffer| (buffer.len() >= size + 2).then_some(size)) {
            Ok(size) => got.body.extend(client.buffer.drain(..size)),
            Err(end) => {
                got.body.append(&mut client.buffer);
                return Err(end);
            }
        }
        assert_eq!(client.buffer.drain(..2).collect::<Vec<u8>>(), b"\r\n", "a chunk ends with its line");
    }
    loop {
        let line = line(client)?;
        if line.is_empty() {
            return Ok(());
        }
        got.trailers.push(field(&line));
    }
}

fn line(client: &mut Client) -> Result<String, End> {
    let end = fill(client, |buffer| find(buffer, b"\r\n"))?;
    let line = client.buffer.drain(..end + 2).take(end).collect();
    Ok(String::from_utf8(line).expect("a line of text"))
}

/// Reads until `enough` finds its end in the buffer.
fn fill(client: &mut Client, enough: impl Fn(&[u8]) -> Option<usize>) -> Result<usize, End> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(end) = enough(&client.buffer) {
            return Ok(end);
        }
        match client.more(deadline.saturating_duration_since(Instant::now())) {
            Got::Bytes => {}
            Got::End => return Err(End::Cut),
            Got::Reset => return Err(End::Reset),
            Got::Nothing => return Err(End::Silence),
        }
    }
}

/// Where `wanted` starts in `bytes`.
pub fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

//! What an upstream sends: the head of an answer with its framing, and a chunked body.
//! Each is read whole and in pieces, which must agree, and is compared with a second, plain reading.

use std::collections::BTreeMap;

use bytes::BytesMut;
use goodgate::{
    failure::Cause,
    limits,
    message::hop::{gateway_sets, is_hop_by_hop},
    upstream::transport::http1::{
        Framing, Head,
        chunked::{Chunked, Piece, Preview},
        framing::{framing, keeps_alive},
        head::{self, Fault},
        memo::Memo,
    },
};
use http::{
    HeaderName, HeaderValue,
    header::{CONTENT_LENGTH, PROXY_AUTHENTICATE, TRANSFER_ENCODING},
};

use super::pieces;

/// Small, so that it is reached.
const HEAD_SIZE: usize = 1024;

/// Interim heads and the final one.
pub fn response(data: &[u8]) {
    let plain = |buffer: &mut BytesMut| head::take(buffer, HEAD_SIZE);
    let whole = heads([data], plain);
    same(&whole, &heads(pieces(data), plain), "the split");
    let mut memo = Memo::default();
    for _ in 0..4 {
        let remembering =
            |buffer: &mut BytesMut| Ok(memo.take(buffer, HEAD_SIZE, |_| ())?.map(|head| head.as_ref().clone()));
        same(&whole, &heads(pieces(data), remembering), "what came before");
    }
    let mut at = 0;
    for (head, end) in whole.read.iter().zip(&whole.taken) {
        check_head(head, &data[at..*end]);
        at = *end;
    }
}

#[derive(Default)]
struct Heads {
    read: Vec<Head>,
    /// Where each ends.
    taken: Vec<usize>,
    end: Option<Cause>,
}

fn same(one: &Heads, other: &Heads, what: &str) {
    assert_eq!(one.end, other.end, "{what} decides what is wrong");
    assert_eq!(one.taken, other.taken, "{what} decides where the heads end");
    assert_eq!(format!("{:?}", one.read), format!("{:?}", other.read), "{what} decides what the heads are");
}

/// Reads as the exchange does, by `take`: interim heads until the final one.
fn heads<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    mut take: impl FnMut(&mut BytesMut) -> Result<Option<Head>, Fault>,
) -> Heads {
    let mut found = Heads::default();
    let mut buffer = BytesMut::new();
    let mut fed = 0;
    for piece in pieces {
        buffer.extend_from_slice(piece);
        fed += piece.len();
        while found.read.last().is_none_or(|head| head.status.is_informational()) {
            match take(&mut buffer) {
                Ok(Some(head)) => {
                    found.read.push(head);
                    found.taken.push(fed - buffer.len());
                }
                Ok(None) => {
                    assert!(buffer.len() <= HEAD_SIZE, "more than the limit is waited for");
                    break;
                }
                Err(fault) => {
                    assert!(!fault.evidence.is_empty());
                    found.end = Some(fault.cause);
                    return found;
                }
            }
        }
    }
    found
}

/// What any reader of `raw` would say about it.
fn check_head(head: &Head, raw: &[u8]) {
    assert!(raw.len() <= HEAD_SIZE, "a head over the limit");
    assert!((100..600).contains(&head.status.as_u16()), "{}", head.status);
    let mut lines = raw.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let status_line = lines.next().unwrap_or_default();
    let minor = status_line.strip_prefix(b"HTTP/1.").and_then(<[u8]>::first).expect("another protocol was taken");
    assert!(minor.is_ascii_digit() && head.http11 == (*minor != b'0'), "{}", raw.escape_ascii());
    let rest = status_line[b"HTTP/1.1".len()..].strip_prefix(b" ").expect("no blank behind the version");
    let words = rest.strip_prefix(head.status.as_str().as_bytes()).expect("another status");
    let reason = words.strip_prefix(b" ").unwrap_or_else(|| {
        assert!(words.is_empty(), "no blank behind the status: {}", raw.escape_ascii());
        words
    });
    assert!(reason.iter().all(|byte| *byte == b'\t' || !byte.is_ascii_control()), "{}", raw.escape_ascii());
    let kept = head.status.canonical_reason().is_none().then_some(reason);
    assert_eq!(head.reason.as_ref().map(AsRef::<[u8]>::as_ref), kept, "{}", raw.escape_ascii());
    assert!(!raw.windows(2).any(|two| two[0] == b'\r' && two[1] != b'\n'), "a CR alone: {}", raw.escape_ascii());
    let mut plain: BTreeMap<Vec<u8>, Vec<&[u8]>> = BTreeMap::new();
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let colon = line.iter().position(|byte| *byte == b':').expect("a field line without a colon was taken");
        assert!(line[..colon].iter().all(u8::is_ascii_graphic), "a blank in a name: {}", line.escape_ascii());
        let value = trim(&line[colon + 1..]);
        assert!(!value.contains(&b'\r') && !value.contains(&0), "a value ends early: {}", line.escape_ascii());
        plain.entry(line[..colon].to_ascii_lowercase()).or_default().push(value);
    }
    assert!(lines.all(<[u8]>::is_empty), "bytes of the body were taken: {}", raw.escape_ascii());
    let named = plain.get(&b"connection"[..]).cloned().unwrap_or_default();
    let named: Vec<Vec<u8>> = named
        .iter()
        .flat_map(|value| value.split(|byte| *byte == b','))
        .map(|item| trim(item).to_ascii_lowercase())
        .collect();
    let mut fields = 0;
    for (name, values) in plain {
        let ends_here = named.contains(&name);
        let name = HeaderName::from_bytes(&name).expect("the name of a field that was read");
        if ends_here && !gateway_sets(name.as_str()) && !is_hop_by_hop(&name) {
            assert!(!head.fields.contains_key(&name), "{name} passes though Connection names it");
            continue;
        }
        let challenge = head.status.as_u16() == 407 && name == PROXY_AUTHENTICATE && !ends_here;
        let (passing, own) = (head.fields.get_all(&name).iter(), head.hop_values(name.clone()));
        assert!(passing.chain(own).eq(values.iter().copied()), "{name}: {}", raw.escape_ascii());
        assert!(!head.fields.contains_key(&name) || !is_hop_by_hop(&name) || challenge, "{name} would pass");
        fields += values.len();
    }
    assert_eq!(fields, head.fields.len() + head.hop.len());
    check_framing(head);
}

fn trim(value: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    &value[start..end]
}

/// No head that two readers could frame in two ways is let through.
fn check_framing(head: &Head) {
    let Ok(found) = framing(head, false) else {
        assert!(framing(head, true).is_err(), "a head that cannot be framed is good for HEAD");
        return;
    };
    assert_eq!(framing(head, true), Ok(Framing::None));
    let codings: Vec<&[u8]> = head.hop_values(TRANSFER_ENCODING).map(HeaderValue::as_bytes).collect();
    let lengths =
        head.fields.get_all(CONTENT_LENGTH).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let lengths: Vec<&[u8]> = lengths.map(<[u8]>::trim_ascii).collect();
    assert!(codings.is_empty() || lengths.is_empty(), "a coding and a length");
    let bodiless = head.status.is_informational() || matches!(head.status.as_u16(), 204 | 304);
    match found {
        Framing::None => assert!(bodiless),
        Framing::Chunked => {
            assert!(head.http11 && !bodiless);
            assert!(codings.len() == 1 && codings[0].trim_ascii().eq_ignore_ascii_case(b"chunked"));
        }
        Framing::Length(length) => {
            assert!(!bodiless && !lengths.is_empty());
            for item in lengths {
                let digits = item.iter().skip_while(|digit| **digit == b'0').copied().collect::<Vec<_>>();
                let plain = if length == 0 { String::new() } else { length.to_string() };
                assert_eq!(digits, plain.as_bytes(), "two lengths, or none: {}", item.escape_ascii());
            }
        }
        Framing::UntilClose => {
            assert!(codings.is_empty() && lengths.is_empty() && !bodiless);
            assert!(!keeps_alive(head, found), "a connection whose end delimits the body is kept");
        }
    }
}

/// A body and what lies behind it.
pub fn chunked(data: &[u8]) {
    let whole = body([data]);
    let mut preview = Preview::default();
    let looked = preview.look(data).map(|()| preview.seen.is_done()).map_err(|fault| fault.cause);
    let expected = whole.end.as_ref().map_or(Ok(false), |end| end.as_ref().map(|_| true).map_err(|cause| *cause));
    assert_eq!(looked, expected, "looking over a body and reading it say different things");
    let split = body(pieces(data));
    assert_eq!(whole, split, "the split decides what the body is");
    let plain = plain_body(data);
    match &whole.end {
        Some(Ok(trailers)) => {
            let (content, lines, length) = plain.expect("a plain reading finds no whole body");
            assert_eq!((&whole.content, whole.taken), (&content, length), "another body, or another end");
            assert_eq!(lines, *trailers, "another number of trailers");
        }
        // Whoever reads plainly knows no limits and no rules for names and values.
        Some(Err(Cause::TrailerInvalid)) => {}
        Some(Err(cause)) => {
            assert_eq!(*cause, Cause::BodyBadChunk);
            let long_line = data.split(|byte| *byte == b'\n').any(|line| line.len() >= limits::CHUNK_LINE);
            assert!(plain.is_none() || long_line, "a good body is refused");
        }
        None => assert!(plain.is_none(), "a whole body, and more is waited for"),
    }
}

#[derive(Debug, Default, PartialEq)]
struct Body {
    content: Vec<u8>,
    /// Bytes of the body and its trailers, when it ended.
    taken: usize,
    /// The number of trailers, or what is wrong.
    end: Option<Result<usize, Cause>>,
}

fn body<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Body {
    let mut found = Body::default();
    let (mut chunked, mut buffer, mut fed) = (Chunked::default(), BytesMut::new(), 0);
    for piece in pieces {
        buffer.extend_from_slice(piece);
        fed += piece.len();
        loop {
            match chunked.next(&mut buffer) {
                Ok(Some(Piece::Data(data))) => {
                    assert!(!data.is_empty(), "a piece of nothing");
                    found.content.extend_from_slice(&data);
                }
                Ok(Some(Piece::End(trailers))) => {
                    assert!(chunked.is_done());
                    (found.end, found.taken) = (Some(Ok(trailers.len())), fed - buffer.len());
                    return found;
                }
                Ok(None) => {
                    let most = limits::CHUNK_LINE.max(limits::UPSTREAM_TRAILERS);
                    assert!(!chunked.is_done() && buffer.len() <= most, "too much is waited for");
                    break;
                }
                Err(fault) => {
                    found.end = Some(Err(fault.cause));
                    return found;
                }
            }
        }
    }
    found
}

/// The content, the number of trailers and the length of a whole body.
fn plain_body(data: &[u8]) -> Option<(Vec<u8>, usize, usize)> {
    let (mut content, mut at) = (Vec::new(), 0);
    let line = |at: usize| data[at..].iter().position(|byte| *byte == b'\n').map(|length| &data[at..=at + length]);
    loop {
        let size_line = line(at)?;
        at += size_line.len();
        let said = std::str::from_utf8(size_line.split(|byte| *byte == b';').next()?).ok()?;
        let digits = said.trim_end_matches(['\r', '\n', ' ', '\t']);
        let inside = size_line.strip_suffix(b"\r\n")?;
        let clean = inside.iter().all(|byte| *byte == b'\t' || !byte.is_ascii_control());
        let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !clean || !plain {
            return None;
        }
        match usize::from_str_radix(digits, 16).ok()? {
            0 => break,
            size => {
                content.extend_from_slice(data.get(at..at.checked_add(size)?)?);
                at += size;
                at += data[at..].starts_with(b"\r\n").then_some(2)?;
            }
        }
    }
    for trailers in 0.. {
        let trailer = line(at)?;
        at += trailer.len();
        if matches!(trailer, b"\n" | b"\r\n") {
            return Some((content, trailers, at));
        }
    }
    None
}

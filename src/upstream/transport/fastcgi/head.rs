//! Reads the head of a CGI answer (RFC 3875 section 6): fields, with the status among them; pure.
//! `answer` feeds it what came on STDOUT; what is left of the fields afterwards is an HTTP head like any other.

use bytes::{Bytes, BytesMut};
use http::{StatusCode, header};
use hyper::ext::ReasonPhrase;

use super::super::http1::{
    fields::{self, Why},
    head::{Fault, Head, shown, too_large, too_many},
};
use crate::failure::Cause;

/// Takes one head off the front of `buffer`. Lines may end in LF or CRLF.
///
/// `None` asks for more bytes. `limit` is in bytes, for the whole head.
///
/// # Errors
/// A line that is no field, a status that is none, a head over the limit.
pub fn take(buffer: &mut BytesMut, limit: usize) -> Result<Option<Head>, Fault> {
    let Some(len) = fields::end(buffer) else {
        return if buffer.len() > limit { Err(too_large(buffer, limit)) } else { Ok(None) };
    };
    if len > limit {
        return Err(too_large(&buffer[..len], limit));
    }
    let raw = buffer.split_to(len).freeze();
    let mut head = all(&raw)?;
    match head.fields.remove("status") {
        Some(value) => {
            head.status = status(value.as_bytes())?;
            if head.status.canonical_reason().is_none() {
                head.reason = ReasonPhrase::try_from(value.as_bytes().get(CODE + 1..).unwrap_or_default()).ok();
            }
        }
        None if head.fields.contains_key(header::LOCATION) => head.status = StatusCode::FOUND,
        None => {}
    }
    Ok(Some(head.complete()))
}

/// Every field line up to the empty one.
fn all(raw: &Bytes) -> Result<Head, Fault> {
    let mut head = Head::new(StatusCode::OK, true, USUAL_FIELDS);
    let read = fields::read(raw, 0, |name, value| {
        // How a body is delimited is said by records here.
        if name != header::TRANSFER_ENCODING {
            head.add(name, value);
        }
    });
    let count = read.map_err(|bad| {
        let why = match bad.why {
            Why::TooMany => return too_many(),
            Why::NoColon => "no colon",
            Why::Name => "not the name of a field",
            Why::Value => "a character that no value may have",
        };
        let evidence = format!("line {} of the CGI head is {} ({why})", bad.number, shown(bad.line));
        Fault::new(Cause::ResponseHeadMalformed, evidence)
            .next("Correct what the script prints before its header or in it; the evidence shows the line.")
    })?;
    if count == 0 {
        return Err(Fault::new(Cause::ResponseHeadMalformed, "the CGI head has no field, its first line is empty"));
    }
    Ok(head)
}

/// Room for the fields of a usual answer and those that the gateway adds, so that the map does not grow.
const USUAL_FIELDS: usize = 12;

/// `404` or `404 Not Found`. An interim status cannot be told apart from its final one here, so there is none.
fn status(value: &[u8]) -> Result<StatusCode, Fault> {
    let (code, rest) = value.split_at(value.len().min(CODE));
    let good = matches!(rest.first(), None | Some(b' ')) && matches!(code.first(), Some(b'2'..=b'5'));
    let status = StatusCode::from_bytes(code).ok().filter(|_| good);
    status.ok_or_else(|| {
        Fault::new(
            Cause::ResponseBadStatus,
            format!("the field Status is {}, not a number from 200 to 599", shown(value)),
        )
    })
}

/// Digits of a status.
const CODE: usize = 3;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn taken(text: &[u8]) -> Result<Option<(Head, BytesMut)>, Fault> {
        let mut buffer = BytesMut::from(text);
        Ok(take(&mut buffer, 100)?.map(|head| (head, buffer)))
    }

    #[test]
    fn heads_are_read_with_either_line_end() {
        for (text, status, fields) in [
            ("Content-Type: text/plain\r\n\r\nbody", 200, 1),
            ("Content-Type: text/plain\n\nbody", 200, 1),
            ("Status: 404 Not Found\r\nX-A: b\n\r\nbody", 404, 1),
            ("status:404\nX-A:  b \n\nbody", 404, 1),
            ("Location: https://example.com/\n\nbody", 302, 1),
            ("Location: /local\n\nbody", 302, 1),
            ("Location: /made\nStatus: 201\n\nbody", 201, 1),
            ("Set-Cookie: a\nSet-Cookie: b\nTransfer-Encoding: chunked\n\nbody", 200, 2),
        ] {
            let (head, rest) = taken(text.as_bytes()).unwrap().unwrap();
            assert_eq!((head.status.as_u16(), head.fields.len()), (status, fields), "{text:?}");
            assert_eq!(&rest[..], b"body", "{text:?}");
        }
    }

    #[test]
    fn what_is_no_head_is_named_by_its_line() {
        let long = format!("X: {}", "y".repeat(200));
        for (text, cause, said) in [
            ("<b>Warning</b>\nContent-Type: a\n\n", Cause::ResponseHeadMalformed, "line 1"),
            ("A: b\n folded\n\n", Cause::ResponseHeadMalformed, "line 2"),
            ("A : b\n\n", Cause::ResponseHeadMalformed, "name"),
            (": b\n\n", Cause::ResponseHeadMalformed, "name"),
            ("A: b\0\n\n", Cause::ResponseHeadMalformed, "character"),
            ("\nbody", Cause::ResponseHeadMalformed, "no field"),
            ("Status: 99\n\n", Cause::ResponseBadStatus, "99"),
            ("Status: 600\n\n", Cause::ResponseBadStatus, "600"),
            ("Status: 100\n\n", Cause::ResponseBadStatus, "100"),
            ("Status: 2000\n\n", Cause::ResponseBadStatus, "2000"),
            ("Status: OK\n\n", Cause::ResponseBadStatus, "OK"),
            (&long, Cause::ResponseHeaderTooLarge, "203 bytes"),
        ] {
            let fault = taken(text.as_bytes()).unwrap_err();
            assert_eq!(fault.cause, cause, "{text:?}: {}", fault.evidence);
            assert!(fault.evidence.contains(said), "{text:?}: {}", fault.evidence);
        }
    }

    proptest! {
        #[test]
        fn a_head_is_taken_when_it_is_whole_and_not_before(fields in prop::collection::vec("[A-Z][a-z]{0,4}: [a-z]{0,6}", 1..5)) {
            let text = fields.join("\r\n") + "\r\n\r\n";
            for end in 0..text.len() {
                prop_assert!(taken(&text.as_bytes()[..end]).unwrap().is_none());
            }
            let (head, _) = taken(text.as_bytes()).unwrap().unwrap();
            prop_assert_eq!(head.fields.len() + head.hop.len(), fields.len());
        }

        #[test]
        fn no_bytes_whatever_are_too_much(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let _ = taken(&bytes);
        }
    }
}

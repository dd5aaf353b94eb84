//! What a FastCGI responder says, out of its records: the answer, words for the log, the end.
//! The exchange asks for it wherever an HTTP answer would be read from the connection itself.

use bytes::BytesMut;

use super::{
    super::http1::head::{Fault, Head, shown},
    head,
    record::{CONFUSED, Ended, Piece, Reader},
};
use crate::{failure::Cause, limits};

/// The protocol status of a request that was carried out (FastCGI specification, section 5.5).
const COMPLETE: u8 = 0;

/// What to do about an application that ended a request in order and said nothing.
const SILENT: &str = "It did not crash, it ended the request in order (END_REQUEST): see in its own log and in the script \
                      why nothing was printed, such as a fatal error with `display_errors` off.";
/// And about one that said something else than a head.
const UNFINISHED: &str = "It did not crash, it ended the request in order (END_REQUEST): let the script print its fields \
                          first, and an empty line behind them.";

/// An answer under way.
#[derive(Default)]
pub struct Answer {
    reader: Reader,
    /// What came on STDOUT and was not yet used.
    pub stdout: BytesMut,
    /// What came on STDERR, up to a limit.
    stderr: Vec<u8>,
    ended: Option<Ended>,
    /// Whether the application has begun to answer, on STDOUT or STDERR.
    spoke: bool,
    /// Whether the head was taken.
    headed: bool,
}

impl Answer {
    /// Whether anything that came was FastCGI.
    #[must_use]
    pub fn understood(&self) -> bool {
        self.reader.understood()
    }

    /// Whether END_REQUEST has come.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Whether END_REQUEST has come and nothing is left of its record, so that the connection may serve again.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ended.is_some() && self.reader.is_between()
    }

    /// Takes the records in `buffer` apart, but no more of them than make a good piece of a body.
    ///
    /// # Errors
    /// What is no FastCGI.
    pub fn unwrap(&mut self, buffer: &mut BytesMut) -> Result<(), Fault> {
        while self.stdout.len() < limits::WRITE_COPY {
            match self.reader.next(buffer)? {
                None => break,
                Some(Piece::Stdout(piece)) if self.ended.is_none() => {
                    self.spoke |= !piece.is_empty();
                    self.add(piece);
                }
                Some(Piece::Stderr(piece)) => {
                    self.spoke |= !piece.is_empty();
                    let room = limits::FASTCGI_STDERR.saturating_sub(self.stderr.len());
                    self.stderr.extend_from_slice(&piece[..piece.len().min(room)]);
                }
                // Behind the end there is no answer any more.
                Some(Piece::Stdout(_)) => {}
                Some(Piece::End(Ended { protocol, .. })) if self.headed && protocol != COMPLETE => {
                    let evidence =
                        format!("END_REQUEST has the protocol status {protocol} behind the head of an answer");
                    return Err(Fault::new(Cause::FcgiProtocolError, evidence).next(CONFUSED));
                }
                Some(Piece::End(ended)) => self.ended = self.ended.or(Some(ended)),
            }
        }
        Ok(())
    }

    /// The same with everything in `buffer`.
    ///
    /// # Errors
    /// What is no FastCGI.
    pub fn unwrap_all(&mut self, buffer: &mut BytesMut) -> Result<(), Fault> {
        let mut whole = std::mem::take(&mut self.stdout);
        loop {
            self.unwrap(buffer)?;
            if self.stdout.is_empty() {
                self.stdout = whole;
                return Ok(());
            }
            join(&mut whole, std::mem::take(&mut self.stdout));
        }
    }

    /// Takes the head, once it is whole. `limit` is in bytes.
    ///
    /// # Errors
    /// What is no head, an answer that ends without one, a refusal of the request.
    pub fn head(&mut self, buffer: &mut BytesMut, limit: usize) -> Result<Option<Head>, Fault> {
        self.unwrap_all(buffer)?;
        if !self.stdout.is_empty()
            && let Some(head) = head::take(&mut self.stdout, limit)?
        {
            if let Some(Ended { protocol: 1.., .. }) = self.ended {
                let evidence = "an answer came, and behind it a refusal of the request";
                return Err(Fault::new(Cause::FcgiProtocolError, evidence).next(CONFUSED));
            }
            self.headed = true;
            return Ok(Some(head));
        }
        self.ended.map_or(Ok(None), |ended| Err(self.ended_headless(ended)))
    }

    /// The connection was closed or reset before the head was whole.
    #[must_use]
    pub fn cut(&mut self, how: &str) -> Fault {
        if self.stdout.is_empty() {
            let evidence = format!("the connection was {how} before a header and before END_REQUEST{}", self.said());
            return Fault::new(Cause::FcgiNoHeaders, evidence).in_protocol(self.understood());
        }
        let (length, begun) = (self.stdout.len(), shown(&self.stdout));
        let evidence = format!("the connection was {how} after {length} bytes of the CGI head: {begun}{}", self.said());
        Fault::new(Cause::ResponseHeadTruncated, evidence)
    }

    /// What came on STDERR, which is forgotten by this.
    pub fn take_stderr(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.stderr)
    }

    fn add(&mut self, piece: BytesMut) {
        join(&mut self.stdout, piece);
    }

    fn ended_headless(&mut self, Ended { app, protocol }: Ended) -> Fault {
        const CANT_MPX_CONN: u8 = 1;
        const OVERLOADED: u8 = 2;
        const UNKNOWN_ROLE: u8 = 3;
        if protocol != COMPLETE && (self.spoke || app != 0) {
            // Whoever has begun to answer has been asked.
            let evidence = format!(
                "END_REQUEST has the protocol status {protocol} though the application has begun to answer{}",
                self.said()
            );
            return Fault::new(Cause::FcgiProtocolError, evidence).next(CONFUSED);
        }
        let (cause, what) = match protocol {
            CANT_MPX_CONN => {
                (Cause::FcgiCantMpx, "FCGI_CANT_MPX_CONN: it serves one request at a time on a connection")
            }
            OVERLOADED => (Cause::FcgiOverloaded, "FCGI_OVERLOADED: it takes no more requests at the moment"),
            UNKNOWN_ROLE => (Cause::FcgiUnknownRole, "FCGI_UNKNOWN_ROLE: it does not act as a responder"),
            _ if protocol != COMPLETE => {
                let evidence =
                    format!("END_REQUEST has the protocol status {protocol}, there are 0 to 3{}", self.said());
                return Fault::new(Cause::FcgiProtocolError, evidence).next(CONFUSED);
            }
            _ => {
                let status = if app == 0 { String::new() } else { format!(" with status {app}") };
                let (came, next) = match self.stdout.len() {
                    0 => ("without a byte of an answer".to_owned(), SILENT),
                    length => {
                        (format!("after {length} bytes that are no whole head: {}", shown(&self.stdout)), UNFINISHED)
                    }
                };
                let evidence = format!("the application ended the request{status} {came}{}", self.said());
                return Fault::new(Cause::FcgiNoHeaders, evidence).next(next);
            }
        };
        Fault::new(cause, format!("the application refused the request with {what}{}", self.said()))
    }

    /// Its words as a part of the evidence. They are not said in the log once more.
    fn said(&mut self) -> String {
        let words = self.take_stderr();
        if words.is_empty() {
            return String::new();
        }
        format!("; it said: {}", String::from_utf8_lossy(&words).trim())
    }
}

/// Puts `piece` behind `whole`, without copying where there is nothing yet.
fn join(whole: &mut BytesMut, piece: BytesMut) {
    if whole.is_empty() {
        *whole = piece;
    } else {
        whole.extend_from_slice(&piece);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::record::{header, kind},
        *,
    };

    fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        [&header(kind, content.len())[..], content].concat()
    }

    fn end(app: u8, protocol: u8) -> Vec<u8> {
        record(kind::END, &[0, 0, 0, app, protocol, 0, 0, 0])
    }

    fn read(records: &[Vec<u8>]) -> (Answer, Result<Option<Head>, Fault>) {
        let (mut answer, mut buffer) = (Answer::default(), BytesMut::from(&records.concat()[..]));
        let head = answer.head(&mut buffer, 20_000);
        answer.unwrap_all(&mut buffer).unwrap();
        (answer, head)
    }

    #[test]
    fn an_answer_is_read_with_its_words_and_its_end() {
        let records = [
            record(kind::STDERR, b"PHP Warning"),
            record(kind::STDOUT, b"A: b\n\nbo"),
            record(kind::STDOUT, b"dy"),
            end(0, 0),
        ];
        let (mut answer, head) = read(&records);
        assert_eq!(head.unwrap().unwrap().fields.len(), 1);
        assert_eq!((&answer.stdout[..], answer.is_over()), (&b"body"[..], true));
        assert_eq!(answer.take_stderr(), b"PHP Warning");
    }

    #[test]
    fn a_head_of_many_records_is_put_together() {
        let fields = format!("A: {}\n\n", "b".repeat(9000));
        let records: Vec<_> = fields.as_bytes().chunks(7).map(|piece| record(kind::STDOUT, piece)).collect();
        assert!(read(&records).1.unwrap().is_some());
        assert!(read(&records[1..]).1.is_err(), "without its beginning it is none");
    }

    #[test]
    fn an_end_without_a_head_is_named_by_its_statuses() {
        for (records, cause, said) in [
            (vec![end(0, 1)], Cause::FcgiCantMpx, "CANT_MPX"),
            (vec![end(0, 2)], Cause::FcgiOverloaded, "OVERLOADED"),
            (vec![end(0, 3)], Cause::FcgiUnknownRole, "UNKNOWN_ROLE"),
            (vec![end(0, 0)], Cause::FcgiNoHeaders, "without a byte"),
            (vec![end(9, 0)], Cause::FcgiNoHeaders, "status 9"),
            (vec![end(0, 9)], Cause::FcgiProtocolError, "protocol status 9, there are"),
            (vec![record(kind::STDERR, b"no\nmemory"), end(1, 0)], Cause::FcgiNoHeaders, "it said: no"),
            (vec![record(kind::STDOUT, b"A: b\n"), end(0, 0)], Cause::FcgiNoHeaders, "5 bytes"),
            // Whoever has begun to answer has been asked: no such refusal proves anything.
            (vec![record(kind::STDOUT, b"A: b\n"), end(0, 2)], Cause::FcgiProtocolError, "begun to answer"),
            (vec![record(kind::STDERR, b"oh"), end(0, 1)], Cause::FcgiProtocolError, "it said: oh"),
            (vec![end(1, 2)], Cause::FcgiProtocolError, "begun to answer"),
            (vec![record(kind::STDOUT, b"A: b\n\nbody"), end(0, 2)], Cause::FcgiProtocolError, "behind it a refusal"),
        ] {
            let fault = read(&records).1.unwrap_err();
            assert_eq!(fault.cause, cause);
            assert!(fault.evidence.contains(said), "{said}: {}", fault.evidence);
        }
    }

    #[test]
    fn a_refusal_behind_the_head_breaks_the_answer() {
        let (mut answer, head) = read(&[record(kind::STDOUT, b"A: b\n\npart")]);
        assert!(head.unwrap().is_some());
        let fault = answer.unwrap_all(&mut BytesMut::from(&end(0, 2)[..])).unwrap_err();
        assert_eq!(fault.cause, Cause::FcgiProtocolError);
    }

    #[test]
    fn words_are_kept_up_to_a_limit() {
        let words = record(kind::STDERR, &[b'x'; 3000]);
        let (mut answer, _) = read(&[words.clone(), words, record(kind::STDOUT, b"A: b\n\n")]);
        assert_eq!(answer.take_stderr().len(), limits::FASTCGI_STDERR);
    }
}

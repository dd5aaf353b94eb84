//! The head that a server sent last, so that the same bytes are not read twice: under load most answers of an
//! application begin with the very head of the one before, until the second in Date is over. One for each server.

use std::rc::Rc;

use bytes::{Buf, Bytes, BytesMut};

use super::head::{Fault, Head, parse, whole};
use crate::limits;

/// What is remembered.
#[derive(Debug, Default)]
pub struct Memo {
    /// The last head.
    raw: Vec<u8>,
    /// What it says, once it has come twice: most that come once never come again.
    head: Option<Rc<Head>>,
}

impl Memo {
    /// Takes one head off the front of `buffer`, as [`super::head::take`] does and with the same outcome, and gives it to
    /// `pass`, whose work on one that is remembered is remembered too. One that is remembered is shared, not copied.
    ///
    /// # Errors
    /// Those of [`super::head::take`].
    pub fn take(
        &mut self,
        buffer: &mut BytesMut,
        limit: usize,
        pass: impl Fn(&mut Head),
    ) -> Result<Option<Rc<Head>>, Fault> {
        // What is remembered is a whole head, so nothing that follows it can belong to it.
        let again = !self.raw.is_empty() && self.raw.len() <= limit && buffer.starts_with(&self.raw);
        if let Some(head) = self.head.as_ref().filter(|_| again) {
            buffer.advance(self.raw.len());
            return Ok(Some(Rc::clone(head)));
        }
        let Some((raw, passing)) = whole(buffer, limit)? else { return Ok(None) };
        let mut head = parse(&raw, passing)?;
        pass(&mut head);
        if again {
            // Of bytes of its own: others may share their memory with a large body.
            let own = parse(&Bytes::from(self.raw.clone()), passing).ok();
            self.head = own.map(|mut own| {
                pass(&mut own);
                Rc::new(own)
            });
        } else {
            self.head = None;
            self.raw.clear();
            if raw.len() <= limits::HEAD_MEMO {
                self.raw.extend_from_slice(&raw);
            }
        }
        Ok(Some(Rc::new(head)))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;
    use crate::upstream::transport::http1::head;

    fn shown(taken: &Result<Option<Rc<Head>>, Fault>, rest: &BytesMut) -> String {
        format!("{taken:?} {rest:?}")
    }

    /// Takes the heads of `messages`, which come one behind the other, with a memo and without: the same must come out.
    fn same(messages: &[&[u8]], limit: usize) -> Memo {
        let mut memo = Memo::default();
        for message in messages {
            let (mut with, mut without) = (BytesMut::from(*message), BytesMut::from(*message));
            let pass = |head: &mut Head| _ = head.fields.append("passed", HeaderValue::from_static("by"));
            let taken = memo.take(&mut with, limit, pass);
            let mut expected = head::take(&mut without, limit);
            expected.iter_mut().flatten().for_each(pass);
            let expected = expected.map(|head| head.map(Rc::new));
            assert_eq!(shown(&taken, &with), shown(&expected, &without), "{:?}", message.escape_ascii().to_string());
        }
        memo
    }

    const A: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\nX: a\r\nX: b\r\n\r\nhi";

    #[test]
    fn a_head_that_comes_again_is_the_same_head() {
        assert!(same(&[A], 1000).head.is_none(), "what comes once is not kept");
        assert!(same(&[A, A, A, A], 1000).head.is_some());
        let one_byte_less = &A[..A.len() - 3];
        same(&[A, A, one_byte_less, A, b"HTTP/1.1 200 OK\r\n\r\n", A, A, b"", A], 1000);
        same(&[A, A, b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", A], 1000);
    }

    #[test]
    fn large_heads_are_not_remembered() {
        let large = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "a".repeat(limits::HEAD_MEMO));
        assert!(same(&[large.as_bytes(), large.as_bytes(), large.as_bytes()], 100_000).raw.is_empty());
    }

    proptest! {
        #[test]
        fn whatever_comes_there_is_one_reading(
            picks in prop::collection::vec(0..4usize, 1..12),
            lines in prop::collection::vec("[A-C]:[ -~]{0,3}", 4),
            limit in 20..60usize,
        ) {
            let messages: Vec<Vec<u8>> =
                lines.iter().map(|line| format!("HTTP/1.1 200 OK\r\n{line}\r\n\r\nrest").into_bytes()).collect();
            same(&picks.iter().map(|pick| messages[*pick].as_slice()).collect::<Vec<_>>(), limit);
        }
    }
}

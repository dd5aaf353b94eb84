//! Witnessed requests on connections that are reset: what was read, and what can be known of it.

use super::*;
use crate::upstream::{replay::tests::read, spool::Spool};

/// A body in these pieces.
fn body_of(pieces: &[&'static str]) -> Box<Replay> {
    let mut replay = read(pieces, 100);
    replay.rewind();
    replay
}

/// The head of a request whose body is "hello".
const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\n";

/// How a peer reads before it resets the connection.
#[derive(Debug, Clone, Copy)]
enum Reads {
    /// Nothing, when all of the head is there.
    Nothing,
    /// This much, in reads of this size, as soon as it is there.
    Bytes(usize, usize),
    /// This much, when all of the head is there, and the body too if it comes at once.
    Late(usize),
}

/// The peer resets the connection when it has read so much of a head of `length` bytes.
fn peer(mut far: TcpStream, length: usize, reads: Reads) {
    thread::spawn(move || {
        if !matches!(reads, Reads::Bytes(..)) {
            while far.peek(&mut vec![0; length]).unwrap() < length {
                thread::yield_now();
            }
        }
        if matches!(reads, Reads::Late(_)) {
            let began = Instant::now();
            while far.peek(&mut vec![0; length + 1]).unwrap() <= length && began.elapsed() < Duration::from_millis(2) {
                thread::yield_now();
            }
        }
        let (mut left, piece) = match reads {
            Reads::Nothing => (0, 0),
            Reads::Bytes(bytes, piece) => (bytes, piece),
            Reads::Late(bytes) => (bytes, bytes),
        };
        while left > 0 {
            left -= far.read(&mut vec![0; piece.min(left)]).unwrap();
        }
        reset(far);
    });
}

/// What was on a connection before: how many bytes its earlier requests had, and whether its peer acknowledges at once.
#[derive(Debug, Clone, Copy)]
struct Past(&'static [usize], bool);

const FRESH: Past = Past(&[], false);

/// How a witnessed request with `head` fails at a peer that reads so.
async fn failing(past: Past, head: &[u8], body: &[&'static str], reads: Reads) -> Box<Failure> {
    let (connection, far) = kept(past.0).await;
    if past.1 {
        hasten(&far);
    }
    peer(far, head.len(), reads);
    failure_of(connection, (head, body_of(body)), "", true).await
}

/// A head of `length` bytes.
fn head(length: usize) -> Vec<u8> {
    [b"POST / HTTP/1.1\r\nX: ", &vec![b'x'; length - 24][..], b"\r\n\r\n"].concat()
}

#[tokio::test]
async fn what_was_reset_unread_was_not_delivered() {
    let rows = [
        (Past(&[100, 50], false), Cause::SendResetReused),
        (Past(&[100, 50], true), Cause::SendResetReused),
        (FRESH, Cause::UpstreamResetNoResponse),
    ];
    for (past, cause) in rows {
        for (length, body) in [(60, &[][..]), (60, &["hello"]), (400, &["hello"]), (3_000, &["hello"])] {
            let mut proven = 0;
            for _ in 0..20 {
                let failure = failing(past, &head(length), body, Reads::Nothing).await;
                // On a busy machine the peer may be late, and its kernel has acknowledged the request by then.
                if failure.delivered == Delivered::No {
                    assert_eq!(failure.cause, cause, "{failure}");
                    proven += 1;
                }
            }
            assert!(proven > 0, "{past:?}, {length}, {body:?}");
        }
    }
}

#[tokio::test]
async fn a_head_that_was_read_is_maybe_delivered_whatever_came_before_and_however_it_was_read() {
    let whole = |length: usize| [Reads::Bytes(length, length), Reads::Bytes(length, 7), Reads::Late(length)];
    let sizes = [&[1][..], &[100, 50], &[598, 5_000, 598], &[600], &[70_000, 598], &[3_000, 3_000]];
    let pasts = sizes.iter().flat_map(|sizes| [Past(sizes, false), Past(sizes, true)]).chain([FRESH]);
    for past in pasts {
        for length in [60, 600, 2_000, 9_000] {
            for reads in whole(length) {
                for body in [&[][..], &["hello"], &["x", "yz"]] {
                    let failure = failing(past, &head(length), body, reads).await;
                    assert_eq!(failure.delivered, Delivered::Maybe, "{past:?} {length} {reads:?} {body:?}: {failure}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_witness_is_asked_only_where_it_is_wanted_and_proofs_are() {
    for (options, witnessed) in [("retry = { on = \"idempotent\" }", true), ("", false)] {
        for sizes in [&[][..], &[100]] {
            let (connection, far) = kept(sizes).await;
            peer(far, HEAD.len(), Reads::Nothing);
            let failure = failure_of(connection, (HEAD, body_of(&["hello"])), options, witnessed).await;
            assert_eq!(failure.delivered, Delivered::Maybe, "{sizes:?} {options:?} {witnessed}: {failure}");
            // A body that is held back is no upload that broke: that would count against the server.
            let reused = !sizes.is_empty();
            assert!(!reused || failure.cause == Cause::SendResetReused, "{options:?} {witnessed}: {failure}");
        }
    }
}

#[tokio::test]
async fn a_large_body_that_waits_for_its_head_is_an_upload_that_broke_and_a_small_one_is_not() {
    // More than the buffers of both kernels hold, so that it is never written to its end.
    let large = &*"x".repeat(8 << 20).leak();
    let folder = tempfile::tempdir().unwrap();
    for (piece, cause) in [("hello", Cause::UpstreamResetNoResponse), (large, Cause::SendUploadBroken)] {
        for _ in 0..8 {
            let timer = Clock::new().timer();
            let spool = Spool::fill(&mut body_of(&[piece]), &folder.path().into(), &timer, None).await.unwrap();
            let mut replay = body_of(&[]);
            replay.send_from(spool);
            let (connection, far) = kept(&[]).await;
            peer(far, HEAD.len(), Reads::Nothing);
            let failure = failure_of(connection, (HEAD, replay), "retry = { on = \"idempotent\" }", true).await;
            assert_eq!(failure.cause, cause, "{failure}");
        }
    }
}

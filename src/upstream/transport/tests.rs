//! One exchange over sockets of this thread, for what no server on the outside can do in time: here the peer acts
//! before the runtime has heard of it, so that a request really crosses a FIN.

use std::{
    future::poll_fn,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    pin::pin,
    rc::Rc,
    sync::{Arc, mpsc},
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use http::{Method, StatusCode};
use socket2::SockRef;
use tokio::net::UnixStream;

use super::{
    connection::Connection,
    exchange::{Exchange, Terms},
};
use crate::{
    clock::Clock,
    config::{self, settings},
    failure::{Cause, Delivered, Failure},
    message::{Record, Request, RequestBody},
    observe::sample,
    socket::Socket,
    upstream::{Pool, delivery::Delivery, member::Member, outgoing::Identity, replay::Replay, roster::Roster},
};

mod witness;

/// A request of a few bytes.
const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi";

fn upstream(server: &str, options: &str) -> Rc<settings::Upstream> {
    let text = format!(
        "[[listen]]\naddress = \"127.0.0.1:0\"\n[[route]]\nupstream = \"app\"\n\
         [upstream.app]\nservers = [\"http://{server}\"]\n{options}\n"
    );
    Rc::new(config::parse(&text, Path::new("test.toml"), &|_| None).unwrap().settings.upstreams.remove(0))
}

/// How `request` fails on `connection`, with lines of the upstream.
async fn failure(connection: Box<Connection>, request: &[u8], options: &str) -> Box<Failure> {
    let none = Replay::new(RequestBody::none(&Rc::new(sample::record("http://example.com/", &[]))), 0);
    failure_of(connection, (request, none), options, false).await
}

/// The same of a head and the body behind it, witnessed or not.
async fn failure_of(
    connection: Box<Connection>,
    (head, replay): (&[u8], Box<Replay>),
    options: &str,
    witnessed: bool,
) -> Box<Failure> {
    let (record, mut exchange) = exchange(connection, (head, replay), options, witnessed);
    let failure = exchange.head().await.unwrap_err();
    exchange.conclude(failure.cause);
    assert_eq!(record.delivered.get(), failure.delivered, "{failure}");
    failure
}

/// An exchange that has not begun.
fn exchange(
    connection: Box<Connection>,
    (head, replay): (&[u8], Box<Replay>),
    options: &str,
    witnessed: bool,
) -> (Rc<Record>, Box<Exchange>) {
    let upstream = upstream("127.0.0.1:1", options);
    let record = Rc::new(sample::record("http://example.com/", &[]));
    let member = Rc::new(Member::new(upstream.servers[0].clone(), &Arc::default()));
    let delivery = Delivery::new(&record, &member, Instant::now());
    let terms = Terms {
        record: Rc::clone(&record),
        member,
        identity: Rc::new(Identity::new("goodgate", 0)),
        upstream,
        total: None,
        under_way: None,
        seat: None,
        witnessed,
    };
    let request = (head.to_vec(), replay, false);
    (record, Exchange::new(connection, request, (delivery, Clock::new().timer()), terms))
}

/// A kept connection that has carried requests of these sizes, all answered, and the peer's end of it.
async fn kept(sizes: &[usize]) -> (Box<Connection>, TcpStream) {
    kept_at(&TcpListener::bind("127.0.0.1:0").unwrap(), sizes).await
}

async fn kept_at(listener: &TcpListener, sizes: &[usize]) -> (Box<Connection>, TcpStream) {
    let near = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    near.set_nodelay(true).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    let mut connection = Connection::new(Socket::Tcp(near));
    for size in sizes {
        let (request, mut at) = (vec![b'r'; *size], 0);
        let reader = thread::spawn(move || {
            far.read_exact(&mut vec![0; request.len()]).unwrap();
            far.write_all(b"answer").unwrap();
            far
        });
        let request = vec![b'r'; *size];
        while at < request.len() {
            at += poll_fn(|cx| connection.poll_write(cx, &request[at..], b"")).await.unwrap();
        }
        assert_eq!(poll_fn(|cx| connection.poll_read(cx)).await.unwrap(), 6);
        connection.served(6);
        far = reader.join().unwrap();
    }
    (connection, far)
}

/// Makes the peer's kernel acknowledge at once, as it does while a connection is young or its server slow.
fn hasten(far: &TcpStream) {
    SockRef::from(far).set_tcp_quickack(true).unwrap();
}

/// Closes with a reset.
fn reset(socket: TcpStream) {
    SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
}

/// The peer acts at once, before anything is written.
fn at_once(far: TcpStream, act: fn(TcpStream)) -> mpsc::Receiver<bool> {
    let (_, read) = mpsc::channel();
    act(far);
    read
}

/// The peer acts when the request has come; says whether it has read it.
fn when_it_came(mut far: TcpStream, reads: usize, act: fn(TcpStream)) -> mpsc::Receiver<bool> {
    let (said, read) = mpsc::channel();
    thread::spawn(move || {
        far.peek(&mut [0; 1]).unwrap();
        far.read_exact(&mut vec![0; reads]).unwrap();
        said.send(reads > 0).unwrap();
        act(far);
    });
    read
}

#[tokio::test]
async fn a_connection_that_closed_before_the_first_byte_delivered_nothing() {
    for (served, cause) in [(1, Cause::SendClosedBeforeWrite), (0, Cause::ConnectReset)] {
        let (near, far) = UnixStream::pair().unwrap();
        drop(far);
        let mut connection = Connection::new(Socket::Unix(near));
        connection.served = served;
        let failure = failure(connection, REQUEST, "").await;
        assert_eq!((failure.cause, failure.delivered), (cause, Delivered::No), "{failure}");
    }
}

#[tokio::test]
async fn a_chunked_answer_that_is_broken_when_its_head_comes_is_not_begun() {
    const NOTHING: &str = "after 0 bytes of the body, before its last chunk";
    for (body, ends, expected) in [
        ("", true, Some((Cause::BodyTruncated, NOTHING))),
        ("zz\r\n", false, Some((Cause::BodyBadChunk, "behind byte 0"))),
        ("5\r\nhello\r\nzz\r\n", true, Some((Cause::BodyBadChunk, "behind byte 5"))),
        ("5\r\nhello\r\n0\r\nbad\r\n\r\n", false, Some((Cause::TrailerInvalid, "line 1"))),
        // Some of it has come, and the client is to have it.
        ("5\r\nhello\r\n", true, None),
        ("", false, None),
        ("5\r\nhel", false, None),
        ("5\r\nhello\r\n0\r\n\r\n", true, None),
    ] {
        let (connection, mut far) = kept(&[1]).await;
        let none = Replay::new(RequestBody::none(&Rc::new(sample::record("http://example.com/", &[]))), 0);
        let (_, mut exchange) = exchange(connection, (REQUEST, none), "", false);
        {
            let mut head = pin!(exchange.head());
            assert!(poll_fn(|cx| Poll::Ready(head.as_mut().poll(cx).is_pending())).await, "nothing has come");
            far.read_exact(&mut [0; REQUEST.len()]).unwrap();
            far.write_all(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}").as_bytes()).unwrap();
            if ends {
                far.shutdown(Shutdown::Both).unwrap();
            }
            head.await.unwrap();
        }
        let failure = exchange.glance().await.err();
        let said = failure.as_ref().map(|failure| (failure.cause, failure.evidence.as_str()));
        match expected {
            None => assert_eq!(said, None, "{body:?}"),
            Some((cause, words)) => {
                assert!(said.is_some_and(|said| said.0 == cause && said.1.contains(words)), "{body:?}: {said:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_request_that_crossed_the_end_of_a_kept_connection_was_not_delivered() {
    for sizes in [&[1][..], &[53, 5, 1], &[100, 3_000_000, 70_000]] {
        for size in [REQUEST.len(), 100_000, 20_000_000] {
            let (connection, far) = kept(sizes).await;
            at_once(far, drop);
            let failure = failure(connection, &vec![b'x'; size], "").await;
            let expected = (Cause::SendClosedBeforeWrite, Delivered::No);
            assert_eq!((failure.cause, failure.delivered), expected, "{sizes:?}, {size}: {failure}");
        }
    }
}

#[tokio::test]
async fn a_peer_that_shut_both_ways_threw_the_request_away() {
    let (connection, far) = kept(&[53]).await;
    far.shutdown(Shutdown::Both).unwrap();
    let failure = failure(connection, REQUEST, "").await;
    assert_eq!((failure.cause, failure.delivered), (Cause::SendClosedBeforeWrite, Delivered::No), "{failure}");
}

#[tokio::test]
async fn the_reset_behind_the_end_is_waited_for() {
    // On a busy machine the peer may be too late for it.
    for _ in 0..50 {
        let (connection, far) = kept(&[53]).await;
        far.shutdown(Shutdown::Write).unwrap();
        // It closes without having read what has come: the reset is behind the end by a moment.
        let read = when_it_came(far, 0, drop);
        let failure = failure(connection, REQUEST, "").await;
        assert!(!read.recv().unwrap());
        if failure.delivered == Delivered::No {
            assert_eq!(failure.cause, Cause::SendClosedBeforeWrite);
            return;
        }
    }
    panic!("the proof was never waited for");
}

#[tokio::test]
async fn a_proof_that_is_not_wanted_is_not_made() {
    for on in ["idempotent", "off"] {
        let (connection, far) = kept(&[53]).await;
        at_once(far, drop);
        let failure = failure(connection, REQUEST, &format!("retry = {{ on = \"{on}\" }}")).await;
        assert_eq!((failure.cause, failure.delivered), (Cause::SendResetReused, Delivered::Maybe), "{failure}");
    }
}

#[tokio::test]
async fn on_a_fresh_connection_nothing_is_proven() {
    let (connection, far) = kept(&[]).await;
    at_once(far, drop);
    let failure = failure(connection, REQUEST, "").await;
    assert_eq!((failure.cause, failure.delivered), (Cause::UpstreamClosedNoResponse, Delivered::Maybe), "{failure}");
}

#[tokio::test]
async fn whatever_may_have_been_read_is_maybe_delivered() {
    type Peer = fn(TcpStream) -> mpsc::Receiver<bool>;
    let rows: [(&str, bool, Peer); 9] = [
        ("half-closed, read it, acknowledged that, and reset", true, |far| {
            far.shutdown(Shutdown::Write).unwrap();
            hasten(&far);
            when_it_came(far, REQUEST.len(), reset)
        }),
        ("half-closed, and still reads", true, |far| {
            far.shutdown(Shutdown::Write).unwrap();
            when_it_came(far, REQUEST.len(), |far| thread::park_timeout(keep_for(&far)))
        }),
        ("half-closed, and reads a part", true, |far| {
            far.shutdown(Shutdown::Write).unwrap();
            when_it_came(far, 1, |far| thread::park_timeout(keep_for(&far)))
        }),
        ("half-closed, and never reads", false, |far| {
            far.shutdown(Shutdown::Write).unwrap();
            when_it_came(far, 0, |far| thread::park_timeout(keep_for(&far)))
        }),
        ("half-closed, reads and closes in order", true, |far| {
            far.shutdown(Shutdown::Write).unwrap();
            when_it_came(far, REQUEST.len(), drop)
        }),
        ("read it and closed", true, |far| when_it_came(far, REQUEST.len(), drop)),
        ("read it and reset", true, |far| when_it_came(far, REQUEST.len(), reset)),
        ("read a part of it and closed", true, |far| when_it_came(far, 7, drop)),
        ("closed with the request unread", false, |far| when_it_came(far, 0, drop)),
    ];
    for (what, reads, peer) in rows {
        let (connection, far) = kept(&[53, 10]).await;
        let read = peer(far);
        let failure = failure(connection, REQUEST, "").await;
        assert_eq!(failure.delivered, Delivered::Maybe, "{what}: {failure}");
        assert_ne!(failure.cause, Cause::SendClosedBeforeWrite, "{what}: {failure}");
        assert_eq!(read.recv().unwrap(), reads, "{what}");
    }
}

#[tokio::test(flavor = "local")]
async fn a_post_that_crossed_the_end_is_carried_out_once_on_a_fresh_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = upstream(&listener.local_addr().unwrap().to_string(), "");
    let pool = Pool::new(&upstream, &Roster::new(&upstream), &Rc::new(Identity::new("goodgate", 1)), &Clock::new());
    let (connection, far) = kept_at(&listener, &[53]).await;
    let kept_since = Instant::now();
    pool.members[0].keep(connection, &upstream.pool, kept_since);
    drop(far);
    let server = thread::spawn(move || {
        let (mut far, _) = listener.accept().unwrap();
        let (mut request, mut piece) = (Vec::new(), [0; 4096]);
        while !request.ends_with(b"\r\n\r\n") {
            let length = far.read(&mut piece).unwrap();
            request.extend_from_slice(&piece[..length]);
        }
        far.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        request
    });
    let mut record = sample::record("http://example.com/order", &[]);
    record.head.method = Method::POST;
    record.started = kept_since;
    let record = Rc::new(record);
    let request = Request { body: RequestBody::none(&record), record: Rc::clone(&record) };
    let answer = pool.serve(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert!(server.join().unwrap().starts_with(b"POST /order "));
    let attempts = record.attempts.borrow();
    let causes: Vec<_> = attempts.iter().map(|attempt| (attempt.cause, attempt.reused)).collect();
    assert_eq!(causes, [(Some(Cause::SendClosedBeforeWrite), true), (None, false)]);
    assert!(attempts[0].bytes_written > 0, "it did cross: {attempts:?}");
}

/// Longer than anybody waits for a proof; the peer's end stays open meanwhile.
fn keep_for(_: &TcpStream) -> Duration {
    Duration::from_millis(300)
}

//! Both kinds of socket, in pairs whose other end is this test.

use std::{future::poll_fn, task::Waker};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

async fn tcp() -> (Socket, Socket) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (Socket::Tcp(near), Socket::Tcp(listener.accept().await.unwrap().0))
}

async fn pairs() -> [(Socket, Socket); 2] {
    let (near, far) = UnixStream::pair().unwrap();
    [tcp().await, (Socket::Unix(near), Socket::Unix(far))]
}

async fn receive(socket: &Socket, most: usize) -> io::Result<Vec<u8>> {
    poll_fn(|cx| socket.poll_receive(cx, most, <[u8]>::to_vec)).await
}

#[tokio::test]
async fn what_is_sent_is_received_up_to_the_end() {
    for (near, far) in pairs().await {
        assert_eq!(poll_fn(|cx| near.poll_send(cx, b"one two")).await.unwrap(), 7);
        assert_eq!(receive(&far, 3).await.unwrap(), b"one");
        assert_eq!(receive(&far, 100).await.unwrap(), b" two");
        drop(near);
        assert_eq!(receive(&far, 100).await.unwrap(), b"");
        assert_eq!(receive(&far, 100).await.unwrap(), b"", "the end comes again");
    }
}

#[tokio::test]
async fn more_than_a_scratch_buffer_comes_in_pieces() {
    for (mut near, far) in pairs().await {
        let sent: Vec<u8> = (0..=255).cycle().take(limits::SCRATCH * 3 + 1).collect();
        near.write_all(&sent).await.unwrap();
        drop(near);
        let mut received = Vec::new();
        loop {
            let piece = receive(&far, usize::MAX).await.unwrap();
            assert!(piece.len() <= limits::SCRATCH);
            if piece.is_empty() {
                break;
            }
            received.extend(piece);
        }
        assert!(received == sent);
    }
}

#[tokio::test]
async fn an_emptied_socket_waits_for_news_and_hears_of_it() {
    for (near, far) in pairs().await {
        poll_fn(|cx| near.poll_send(cx, b"some")).await.unwrap();
        receive(&far, 100).await.unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        // Nothing the event loop knows of is left, although the kernel was not asked again.
        assert!(far.poll_read_ready(&mut cx).is_pending());
        assert!(far.poll_receive(&mut cx, 100, |_| ()).is_pending());
        let news = async {
            tokio::task::yield_now().await;
            poll_fn(|cx| near.poll_send(cx, b"more")).await.unwrap();
        };
        let (received, ()) = tokio::join!(receive(&far, 100), news);
        assert_eq!(received.unwrap(), b"more");
    }
}

#[tokio::test]
async fn a_full_socket_takes_more_when_there_is_room_again() {
    for (near, mut far) in pairs().await {
        let piece = vec![7; 256 * 1024];
        let mut sent = 0;
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(taken) = near.poll_send(&mut cx, &piece) {
            sent += taken.unwrap();
        }
        let reading = async {
            let mut rest = vec![0; sent];
            far.read_exact(&mut rest).await.unwrap();
        };
        let (taken, ()) = tokio::join!(poll_fn(|cx| near.poll_send(cx, b"more")), reading);
        assert_eq!(taken.unwrap(), 4);
        let mut more = [0; 4];
        far.read_exact(&mut more).await.unwrap();
        assert_eq!(&more, b"more");
    }
}

#[tokio::test]
async fn a_reset_is_an_error_and_an_end() {
    let (near, far) = tcp().await;
    near.reset_on_close();
    drop(near);
    let error = receive(&far, 100).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    poll_fn(|cx| far.poll_end(cx)).await.unwrap();
    let error = poll_fn(|cx| far.poll_send(cx, b"late")).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "and no signal");
}

#[tokio::test]
async fn an_end_is_seen_without_reading_and_not_before_what_was_sent() {
    for (mut near, far) in pairs().await {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(far.poll_end(&mut cx).is_pending(), "open");
        near.write_all(b"x").await.unwrap();
        near.shutdown().await.unwrap();
        poll_fn(|cx| far.poll_read_ready(cx)).await.unwrap();
        assert!(far.poll_end(&mut cx).is_pending(), "there is something to read");
        assert_eq!(receive(&far, 100).await.unwrap(), b"x");
        poll_fn(|cx| far.poll_end(cx)).await.unwrap();
        assert!(poll_fn(|cx| Poll::Ready(far.has_ended(cx))).await);
    }
}

//! Connects against real sockets: what lies at the address in, socket or cause out.

use std::{
    fs,
    future::pending,
    net::TcpListener as StdListener,
    os::unix::{
        fs::PermissionsExt,
        net::{UnixDatagram, UnixListener as StdUnixListener},
    },
    time::Instant,
};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
use tokio::{
    io::{AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::oneshot,
    time::timeout,
};

use super::*;
use crate::{failure::Delivered, limits::HEALTH_KNOCK, socket::Socket};

fn member() -> Arc<str> {
    // Findings are remembered by member: each test has its own.
    format!("http://test-{}", fastrand::u64(..)).into()
}

/// An address at which nothing listens.
fn closed() -> SocketAddr {
    StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn tcp(addresses: &[SocketAddr]) -> failure::Result<Socket> {
    timeout(Duration::from_secs(10), connect_tcp(addresses, &member(), None, pending())).await.expect("hangs")
}

fn failed(result: failure::Result<Socket>, cause: Cause) -> Box<Failure> {
    let failure = result.expect_err("connected");
    assert_eq!((failure.cause, failure.delivered), (cause, Delivered::No), "{failure:?}");
    assert!(failure.member.is_some() && failure.next.is_some(), "{failure:?}");
    failure
}

#[tokio::test]
async fn a_server_that_listens_gets_a_connection_without_delay() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut socket = tcp(&[listener.local_addr().unwrap()]).await.unwrap();
    assert!(matches!(socket, Socket::Tcp(_)) && socket.is_write_vectored());
    assert!(matches!(&socket, Socket::Tcp(stream) if stream.nodelay().unwrap()));
    let (mut peer, _) = listener.accept().await.unwrap();
    socket.write_all(b"ping").await.unwrap();
    socket.shutdown().await.unwrap();
    let mut read = String::new();
    peer.read_to_string(&mut read).await.unwrap();
    assert_eq!(read, "ping");
}

#[tokio::test]
async fn a_closed_port_is_refused_and_the_port_that_is_open_elsewhere_named() {
    let address = closed();
    let failure = failed(tcp(&[address]).await, Cause::ConnectRefused);
    assert!(failure.evidence.contains(&format!("connect to {address}: Connection refused")), "{failure}");
    assert!(failure.evidence.contains(&format!("nothing listens on {address}")), "{failure}");

    let elsewhere = StdListener::bind("127.0.0.2:0").unwrap();
    let port = elsewhere.local_addr().unwrap().port();
    let failure = failed(tcp(&[SocketAddr::from(([127, 0, 0, 1], port))]).await, Cause::ConnectRefused);
    assert!(failure.evidence.contains(&format!("port {port} is open on 127.0.0.2 only")), "{failure}");
}

#[tokio::test]
async fn the_address_that_answers_is_told_and_so_are_those_that_did_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (open, shut) = (listener.local_addr().unwrap(), [closed(), closed()]);
    for (addresses, expected) in
        [(vec![shut[0], open, shut[1]], vec![shut[0]]), (vec![open, shut[0]], vec![]), (vec![open], vec![])]
    {
        let mut worse = Vec::new();
        let told = connect_first(&addresses, &member(), None, pending(), |address| worse.push(address)).await;
        assert_eq!((told.unwrap().1, worse), (open, expected));
    }
}

#[tokio::test]
async fn a_refused_address_gives_way_to_the_next_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = listener.local_addr().unwrap();
    let start = Instant::now();
    let Socket::Tcp(stream) = tcp(&[closed(), open]).await.unwrap() else { panic!("not TCP") };
    assert_eq!(stream.peer_addr().unwrap(), open);
    assert!(start.elapsed() < CONNECT_STAGGER);
}

/// A listener whose queue is full, so that the kernel drops what comes: it is silent.
async fn silent() -> (StdListener, SocketAddr, Vec<TcpStream>) {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    listen(&listener, 0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut fill = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        fill.push(stream.unwrap());
    }
    (listener, address, fill)
}

#[tokio::test]
async fn beside_a_silent_address_the_next_one_is_tried() {
    let (_full, silent, _fill) = silent().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = listener.local_addr().unwrap();
    let start = Instant::now();
    let Socket::Tcp(stream) = tcp(&[silent, open]).await.unwrap() else { panic!("not TCP") };
    assert_eq!(stream.peer_addr().unwrap(), open);
    assert!(start.elapsed() >= CONNECT_STAGGER, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_silent_address_hides_no_other_from_who_only_asks_whether_one_is_there() {
    let (_full, silent, _fill) = silent().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = listener.local_addr().unwrap();
    assert_eq!(timeout(HEALTH_KNOCK, reaches(&[silent, closed(), open])).await, Ok(true));
    assert!(timeout(HEALTH_KNOCK, reaches(&[closed(), silent])).await.is_err());
    assert!(!reaches(&[closed(), closed()]).await && !reaches(&[]).await);
}

#[tokio::test]
async fn a_silent_address_becomes_a_timeout_with_the_refusals_of_the_others() {
    let (_full, silent, _fill) = silent().await;
    let refusing = closed();
    let (expire, expired) = oneshot::channel::<()>();
    let limit = Some(Duration::from_secs(2));
    let member = member();
    let addresses = [silent, refusing];
    let connecting = connect_tcp(&addresses, &member, limit, async { expired.await.unwrap() });
    let (result, ()) = tokio::join!(connecting, async {
        sleep(2 * CONNECT_STAGGER).await;
        expire.send(()).unwrap();
    });
    let failure = failed(result, Cause::ConnectTimeout);
    assert!(failure.evidence.starts_with(&format!("no answer from {silent} within 2s; {refusing}: ")), "{failure}");
    assert!(failure.evidence.contains("the application listens, but has left "), "{failure}");
}

#[tokio::test]
async fn when_all_addresses_fail_the_refused_one_counts() {
    // A link-local address without its scope cannot be reached from anywhere.
    let unroutable: SocketAddr = "[fe80::1]:80".parse().unwrap();
    failed(tcp(&[unroutable]).await, Cause::ConnectUnroutable);
    let refusing = closed();
    let failure = failed(tcp(&[unroutable, refusing]).await, Cause::ConnectRefused);
    assert!(
        failure.evidence.contains("[fe80::1]:80: ") && failure.evidence.contains(&refusing.to_string()),
        "{failure}"
    );
}

#[tokio::test]
async fn a_connection_that_ends_at_itself_is_refused() {
    let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    socket.connect(&address.into()).expect("a socket connects to itself");
    socket.set_nonblocking(true).unwrap();
    let stream = TcpStream::from_std(socket.into()).unwrap();
    let refusal = adopt(stream, address).expect_err("adopted");
    assert_eq!(refusal.cause, Cause::ConnectRefused);
    StdListener::bind(address).expect("the port is free for its server");
}

async fn unix(path: &Path) -> failure::Result<Socket> {
    timeout(Duration::from_secs(10), connect_unix(path, &member(), None, pending())).await.expect("hangs")
}

#[tokio::test]
async fn every_thing_at_the_path_of_a_unix_socket_has_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let _listener = StdUnixListener::bind(path("good")).unwrap();
    drop(StdUnixListener::bind(path("stale")).unwrap());
    let bound = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    bind(&bound, &SocketAddrUnix::new(path("bound")).unwrap()).unwrap();
    let _datagram = UnixDatagram::bind(path("datagram")).unwrap();
    fs::write(path("file"), "").unwrap();

    let socket = unix(&path("good")).await.unwrap();
    assert!(matches!(socket, Socket::Unix(_)));
    for (name, cause, evidence) in [
        ("missing", Cause::ConnectUnixMissing, "other sockets in "),
        ("gone/missing", Cause::ConnectUnixMissing, "the folder "),
        ("stale", Cause::ConnectUnixStale, "no process listens on it: it was left over"),
        ("bound", Cause::ConnectUnixStale, "a process has bound it but does not listen on it"),
        ("datagram", Cause::ConnectUnixNotSocket, "a socket for datagrams"),
        ("file", Cause::ConnectUnixNotSocket, "is a regular file"),
        ("file/socket", Cause::ConnectUnixNotSocket, "is not a folder"),
        (".", Cause::ConnectUnixNotSocket, "is a folder"),
        (&"x".repeat(120), Cause::ConnectUnixNotSocket, "bytes long; 107 are allowed"),
    ] {
        let failure = failed(unix(&path(name)).await, cause);
        assert!(failure.evidence.contains(evidence), "{name}: {failure}");
    }
}

#[tokio::test]
async fn a_socket_that_is_closed_to_the_gateways_user_is_a_matter_of_permission() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("closed");
    let _listener = StdUnixListener::bind(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    let result = unix(&path).await;
    if rustix::process::geteuid().is_root() {
        assert!(result.is_ok(), "root may everything");
        return;
    }
    let failure = failed(result, Cause::ConnectUnixPermission);
    assert!(failure.evidence.contains(" 0000 and does not admit user "), "{failure}");
}

#[tokio::test]
async fn a_full_listen_queue_is_tried_again_until_time_is_up_or_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("full");
    let listener = StdUnixListener::bind(&path).unwrap();
    listen(&listener, 0).unwrap();
    let _first = UnixStream::connect(&path).await.unwrap();
    let (expire, expired) = oneshot::channel::<()>();
    let member = member();
    let limit = Some(Duration::from_secs(1));
    let connecting = connect_unix(&path, &member, limit, async { expired.await.unwrap() });
    let (result, ()) = tokio::join!(connecting, async {
        sleep(10 * BACKLOG_PAUSE).await;
        expire.send(()).unwrap();
    });
    let failure = failed(result, Cause::ConnectBacklogFull);
    assert!(failure.evidence.contains("was full within 1s"), "{failure}");

    let connecting = connect_unix(&path, &member, limit, pending());
    let (result, ()) = tokio::join!(connecting, async {
        sleep(4 * BACKLOG_PAUSE).await;
        listener.accept().unwrap();
    });
    assert!(result.is_ok());
}

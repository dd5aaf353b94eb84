//! Upstreams that no script can play, because there is nobody to connect to.
//! Each keeps its resource for as long as it lives, so that no other test can get the same port.

use std::{
    fs,
    net::{SocketAddr, UdpSocket},
    os::unix::{fs::PermissionsExt, net::UnixListener},
    path::Path,
    time::Duration,
};

use socket2::{Domain, SockAddr, Socket, Type};

/// An address that behaves in one way, and what keeps it so.
pub struct Fault {
    /// As `servers` in the configuration names it.
    pub server: String,
    _keeps: Vec<Socket>,
}

/// A port that is bound but does not listen: connections are refused.
pub fn refused(_: &Path) -> Fault {
    let (socket, address) = bound(Domain::IPV4, &SocketAddr::from(([127, 0, 0, 1], 0)).into());
    let port = address.as_socket().expect("TCP").port();
    Fault { server: format!("http://127.0.0.1:{port}"), _keeps: vec![socket] }
}

/// A port whose accept queue is full: the kernel drops every SYN.
pub fn full(_: &Path) -> Fault {
    let (listener, address) = bound(Domain::IPV4, &SocketAddr::from(([127, 0, 0, 1], 0)).into());
    let port = address.as_socket().expect("TCP").port();
    Fault { server: format!("http://127.0.0.1:{port}"), _keeps: fill(listener, &address, Domain::IPV4) }
}

/// An address that no route leads to. Nobody can connect to a multicast group.
pub fn unroutable(_: &Path) -> Fault {
    Fault { server: "http://224.0.0.1:80".into(), _keeps: Vec::new() }
}

/// A Unix socket that does not exist.
pub fn missing(folder: &Path) -> Fault {
    Fault { server: format!("http+unix:{}", folder.join("missing.sock").display()), _keeps: Vec::new() }
}

/// A Unix socket that was left behind.
pub fn stale(folder: &Path) -> Fault {
    let path = folder.join("stale.sock");
    drop(UnixListener::bind(&path).expect("the path is free"));
    Fault { server: format!("http+unix:{}", path.display()), _keeps: Vec::new() }
}

/// A Unix socket that nobody may write to.
pub fn forbidden(folder: &Path) -> Fault {
    let path = folder.join("forbidden.sock");
    let (listener, _) = bound(Domain::UNIX, &SockAddr::unix(&path).expect("a short path"));
    listener.listen(1).expect("a bound socket listens");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("our own socket");
    Fault { server: format!("http+unix:{}", path.display()), _keeps: vec![listener] }
}

/// A Unix socket whose accept queue is full.
pub fn full_unix(folder: &Path) -> Fault {
    let path = folder.join("full.sock");
    let (listener, address) = bound(Domain::UNIX, &SockAddr::unix(&path).expect("a short path"));
    Fault { server: format!("http+unix:{}", path.display()), _keeps: fill(listener, &address, Domain::UNIX) }
}

/// A file where a socket should be.
pub fn not_a_socket(folder: &Path) -> Fault {
    let path = folder.join("file.sock");
    fs::write(&path, "not a socket").expect("the folder is ours");
    Fault { server: format!("http+unix:{}", path.display()), _keeps: Vec::new() }
}

/// A UDP port that nobody reads: a name server that is not there.
pub fn no_name_server() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.local_addr().expect("a bound socket has an address")
}

fn bound(domain: Domain, address: &SockAddr) -> (Socket, SockAddr) {
    let socket = Socket::new(domain, Type::STREAM, None).expect("a socket");
    socket.bind(address).expect("the address is free");
    let address = socket.local_addr().expect("a bound socket has an address");
    (socket, address)
}

/// Connects until the queue of `listener` takes no more.
fn fill(listener: Socket, address: &SockAddr, domain: Domain) -> Vec<Socket> {
    listener.listen(0).expect("a bound socket listens");
    let mut keeps = vec![listener];
    for _ in 0..8 {
        let socket = Socket::new(domain, Type::STREAM, None).expect("a socket");
        let taken = if domain == Domain::UNIX {
            socket.set_nonblocking(true).expect("a socket option");
            socket.connect(address).is_ok()
        } else {
            socket.connect_timeout(address, Duration::from_millis(100)).is_ok()
        };
        if !taken {
            return keeps;
        }
        keeps.push(socket);
    }
    panic!("a queue of length 0 takes no 8 connections");
}

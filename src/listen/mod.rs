//! Where clients connect: sockets are bound, connections accepted, served and ended here.
//! Requests go to the stack; what cannot be read as a request is answered in `refuse`.

pub mod accept;
mod connection;
mod io;
pub mod park;
mod refuse;
mod tap;

use std::{
    fmt, fs,
    io::{Error, ErrorKind},
    net::{SocketAddr, TcpListener},
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::Path,
    rc::Rc,
};

use socket2::{Domain, Protocol, Socket, Type};

use self::{accept::Census, park::Turns};
use crate::{clock::Clock, config::settings::Listen, limits, shutdown::Drain, stack::Shared};

/// What the connections of one worker use.
pub struct Reception {
    /// The stack's share of everything.
    pub shared: Rc<Shared>,
    /// The worker's clock.
    pub clock: Clock,
    /// The worker's stopping.
    pub drain: Drain,
    /// Client connections of all workers.
    pub census: Census,
    /// When idle connections are parked.
    pub turns: Turns,
}

/// A bound address: one socket for each worker.
#[derive(Debug)]
pub enum Bound {
    /// TCP; each worker has a socket and a queue of its own (`SO_REUSEPORT`).
    Tcp(SocketAddr, Vec<TcpListener>),
    /// A Unix socket; the workers share its queue.
    Unix(std::path::PathBuf, Vec<UnixListener>),
}

/// One worker's share of a bound address.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixListener),
}

/// An address that could not be bound, with what to do about it.
#[derive(Debug)]
pub struct BindError {
    address: String,
    /// What stands at the path of a Unix socket and is none itself.
    in_the_way: Option<&'static str>,
    source: Error,
}

impl Bound {
    /// Binds `listen` for so many workers. A port of 0 becomes one that is free.
    ///
    /// # Errors
    /// The address is taken, not ours, or needs rights that are missing.
    pub fn bind(listen: &Listen, workers: usize) -> Result<Self, BindError> {
        match listen {
            Listen::Tcp(address) => {
                let failed = |source| BindError { address: address.to_string(), in_the_way: None, source };
                bind_tcp(*address, workers).map_err(failed)
            }
            Listen::Unix(path) => bind_unix(path, workers).map_err(|source| BindError {
                address: format!("unix:{}", path.display()),
                in_the_way: in_the_way(path),
                source,
            }),
        }
    }

    /// One worker's share; `None` when all shares are taken.
    pub fn share(&mut self) -> Option<Listener> {
        match self {
            Self::Tcp(_, shares) => shares.pop().map(Listener::Tcp),
            Self::Unix(_, shares) => shares.pop().map(Listener::Unix),
        }
    }

    /// Takes the file of a Unix socket away, when the gateway ends.
    pub fn remove(&self) {
        if let Self::Unix(path, _) = self {
            // Somebody may have removed it already; that is as good.
            let _ = fs::remove_file(path);
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address, _) => address.fmt(f),
            Self::Unix(path, _) => write!(f, "unix:{}", path.display()),
        }
    }
}

fn bind_tcp(address: SocketAddr, workers: usize) -> Result<Bound, Error> {
    // Sockets that share a port also share it with a stranger that asks for it: a plain bind finds a port that is taken.
    let first = tcp_socket(address, false)?;
    let address = first.local_addr()?.as_socket().unwrap_or(address);
    drop(first);
    let shares = (0..workers)
        .map(|_| {
            let socket = tcp_socket(address, true)?;
            socket.listen(limits::LISTEN_BACKLOG)?;
            socket.set_nonblocking(true)?;
            Ok(socket.into())
        })
        .collect::<Result<Vec<TcpListener>, Error>>()?;
    Ok(Bound::Tcp(address, shares))
}

fn tcp_socket(address: SocketAddr, shared: bool) -> Result<Socket, Error> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    // Accepted sockets inherit it.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn bind_unix(path: &Path, workers: usize) -> Result<Bound, Error> {
    let first = match UnixListener::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_stale(path) => {
            fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    // Like other servers' sockets: a proxy in front runs as another user. Who may come in is said by the rights of the
    // folder. Until this line nobody else can connect, which is no harm.
    fs::set_permissions(path, fs::Permissions::from_mode(limits::UNIX_MODE))?;
    first.set_nonblocking(true)?;
    let mut shares = (1..workers).map(|_| first.try_clone()).collect::<Result<Vec<_>, Error>>()?;
    shares.push(first);
    Ok(Bound::Unix(path.to_owned(), shares))
}

/// What stands at `path`, where that is no socket.
fn in_the_way(path: &Path) -> Option<&'static str> {
    let kind = fs::symlink_metadata(path).ok()?.file_type();
    match () {
        () if kind.is_socket() => None,
        () if kind.is_dir() => Some("a folder"),
        () if kind.is_symlink() => Some("a symbolic link"),
        () => Some("a file that is no socket"),
    }
}

/// Whether a socket file was left behind by a process that is gone.
fn is_stale(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
        && UnixStream::connect(path).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, in_the_way, source } = self;
        if let (ErrorKind::AddrInUse, Some(thing)) = (source.kind(), in_the_way) {
            return write!(
                f,
                "cannot listen on {address}: {thing} stands there\n  next: choose another path, or remove it if nobody \
                 needs it"
            );
        }
        let next = match source.kind() {
            ErrorKind::AddrInUse if address.starts_with("unix:") => {
                "another program already listens there: stop it (`ss -lxp` shows which one), or choose another path"
            }
            ErrorKind::AddrInUse => {
                "another program already listens there: stop it (`ss -ltnp` shows which one), or choose another address"
            }
            ErrorKind::PermissionDenied if address.starts_with("unix:") => {
                "this user may not write to that folder: choose another one or change its rights"
            }
            ErrorKind::PermissionDenied => {
                "ports below 1024 need a right: run `setcap cap_net_bind_service=+ep` on the goodgate binary, start it \
                 by systemd with AmbientCapabilities=CAP_NET_BIND_SERVICE, or choose a higher port"
            }
            ErrorKind::AddrNotAvailable => "this machine has no such address: see `ip address`",
            ErrorKind::NotFound => "its folder does not exist: create it",
            _ => "see the error above",
        };
        write!(f, "cannot listen on {address}: {source}\n  next: {next}")
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

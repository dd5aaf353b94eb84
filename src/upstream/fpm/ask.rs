//! One question to the status page of PHP-FPM, on a connection of its own and within a short time.
//! What comes back is the status, or why there is none.

use std::io;

use bytes::BytesMut;
use rustix::io::Errno;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::timeout,
};

use super::status::{self, Status};
use crate::{
    config::settings::{FpmStatus, ServerAddress},
    limits,
    socket::Socket,
    upstream::{
        resolve::Resolver,
        transport::{fastcgi::Answer, http1::head::shown},
    },
};

/// Why there is no status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nobody took the connection, or answered on it, in time.
    Silent,
    /// No connection could be made.
    Unreachable(String),
    /// Something else than a status was answered.
    Other(String),
}

/// Asks for the status of the server at `member`; beside it comes whether the status speaks for the whole server, and
/// not for one of several behind its name.
pub(super) async fn ask(
    resolver: &Resolver,
    page: &FpmStatus,
    member: &ServerAddress,
) -> Result<(Status, bool), Trouble> {
    let asked = async {
        let (address, mut alone) = one(resolver, page.address.as_ref().map_or(member, |own| &own.address)).await?;
        if page.address.is_some() {
            alone &= one(resolver, member).await?.1;
        }
        Ok((exchange(address, &page.path).await?, alone))
    };
    timeout(limits::FPM_STATUS_TIMEOUT, asked).await.unwrap_or(Err(Trouble::Silent))
}

/// An address to connect to, and whether it is the only one.
async fn one(resolver: &Resolver, address: &ServerAddress) -> Result<(ServerAddress, bool), Trouble> {
    let Some(name) = resolver.name(address) else { return Ok((address.clone(), true)) };
    let places = name.places().await.map_err(|failure| Trouble::Unreachable(failure.to_string()))?;
    let mut all = places.all();
    let first = all.next().ok_or_else(|| Trouble::Unreachable("the name has no address".to_owned()))?;
    Ok((ServerAddress::Socket(first), all.next().is_none()))
}

async fn exchange(address: ServerAddress, path: &str) -> Result<Status, Trouble> {
    let (code, body) = fetch(connect(&address).await?, path).await?;
    Status::read(&body).ok_or_else(|| odd(&format!("it answered {code}: {}", shown(&body)), path))
}

async fn connect(address: &ServerAddress) -> Result<Socket, Trouble> {
    let connected = match address {
        ServerAddress::Unix(path) => UnixStream::connect(path).await.map(Socket::Unix),
        ServerAddress::Socket(address) => TcpStream::connect(address).await.map(Socket::Tcp),
        ServerAddress::Name { .. } | ServerAddress::Service(_) => Err(io::ErrorKind::AddrNotAvailable.into()),
    };
    connected.map_err(|error| match Errno::from_io_error(&error) {
        // The listen queue is full.
        Some(Errno::AGAIN) => Trouble::Silent,
        _ => Trouble::Unreachable(error.to_string()),
    })
}

fn odd(what: &str, path: &str) -> Trouble {
    Trouble::Other(format!("{what}; is `pm.status_path` of the pool {path}?"))
}

/// What PHP-FPM itself answers at `path`: status and body.
pub(super) async fn fetch(mut socket: Socket, path: &str) -> Result<(u16, BytesMut), Trouble> {
    let cut = |error: io::Error| Trouble::Other(format!("the connection broke: {error}"));
    socket.write_all(&status::request(path)).await.map_err(cut)?;
    let (mut answer, mut buffer, mut head) = (Answer::default(), BytesMut::new(), None);
    while !answer.has_ended() {
        if socket.read_buf(&mut buffer).await.map_err(cut)? == 0 {
            return Err(Trouble::Other("it closed the connection without a whole answer".to_owned()));
        }
        let taken = if head.is_none() {
            answer.head(&mut buffer, limits::FPM_STATUS_SIZE).map(|found| head = found)
        } else {
            answer.unwrap_all(&mut buffer)
        };
        taken.map_err(|fault| odd(&fault.evidence, path))?;
        if answer.stdout.len() > limits::FPM_STATUS_SIZE {
            return Err(odd(&format!("more than {} bytes came", limits::FPM_STATUS_SIZE), path));
        }
    }
    Ok((head.map_or(0, |head| head.status.as_u16()), answer.stdout))
}

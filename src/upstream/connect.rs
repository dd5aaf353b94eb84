//! Connecting to an upstream server: the addresses of a TCP one in turn, or a Unix socket.
//! Gets addresses from `resolve` and hands a `Socket` to the transport; deadlines and other members are the caller's.

#[cfg(test)]
mod tests;

use std::{
    fmt::Write,
    future::{self, Future, pending},
    io,
    net::SocketAddr,
    ops::RangeInclusive,
    path::Path,
    pin::pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use humantime::format_duration;
use rustix::io::Errno;
use socket2::{Domain, Protocol, SockRef, Type};
use tokio::{
    net::{TcpStream, UnixStream},
    time::sleep,
};

use crate::{
    failure::{self, Cause, Failure, classify},
    limits::{BACKLOG_PAUSE, CONNECT_STAGGER},
    socket::Socket,
    upstream::evidence,
};

/// Why one address failed.
struct Refusal {
    address: SocketAddr,
    cause: Cause,
    /// What there is to say besides the error.
    own: Option<String>,
    error: io::Error,
}

impl Refusal {
    fn text(&self) -> String {
        match &self.own {
            Some(own) => format!("{}: {own}", self.address),
            None => format!("{}: {}", self.address, self.error),
        }
    }
}

/// Connects to the first of `addresses` that answers, with `TCP_NODELAY` set, as `connect_first` does.
///
/// # Errors
/// The same.
pub async fn connect_tcp(
    addresses: &[SocketAddr],
    member: &Arc<str>,
    limit: Option<Duration>,
    expired: impl Future<Output = ()>,
) -> failure::Result<Socket> {
    connect_first(addresses, member, limit, expired, |_| ()).await.map(|(socket, _)| socket)
}

/// Connects to the first of `addresses` that answers, with `TCP_NODELAY` set, and says which one that was. `worse` is
/// told those that refused or were still silent while there was another one to turn to.
///
/// An address that fails makes room for the next one at once; beside one that is silent the next one starts after
/// `CONNECT_STAGGER`, as RFC 8305 section 5 has it. `expired` completes when the time for all of them is over; `limit`
/// is that time, for the text.
///
/// # Errors
/// A `connect-…` cause, nothing delivered. When all addresses fail the most telling failure is reported, with all of
/// them in its evidence.
pub async fn connect_first(
    addresses: &[SocketAddr],
    member: &Arc<str>,
    limit: Option<Duration>,
    expired: impl Future<Output = ()>,
    worse: impl FnMut(SocketAddr),
) -> failure::Result<(Socket, SocketAddr)> {
    let mut expired = pin!(expired);
    if let [address] = addresses {
        return tokio::select! {
            biased;
            dialed = dial(*address) => match dialed {
                Ok(stream) => Ok((Socket::Tcp(stream), *address)),
                Err(refusal) => Err(tcp_failure(vec![refusal], member)),
            },
            () = &mut expired => Err(tcp_timeout(addresses, &[], member, limit)),
        };
    }
    let mut waiting = addresses.iter();
    let start = |address: &SocketAddr| {
        let address = *address;
        async move { (address, dial(address).await) }
    };
    let mut dialing: FuturesUnordered<_> = waiting.next().map(start).into_iter().collect();
    let mut refusals = Vec::new();
    let outcome = loop {
        tokio::select! {
            biased;
            dialed = dialing.next() => match dialed {
                Some((address, Ok(stream))) => break Ok((Socket::Tcp(stream), address)),
                Some((_, Err(refusal))) => {
                    refusals.push(refusal);
                    dialing.extend(waiting.next().map(start));
                }
                None => break Err(tcp_failure(refusals, member)),
            },
            () = &mut expired => break Err(tcp_timeout(addresses, &refusals, member, limit)),
            () = silence(!waiting.as_slice().is_empty()) => {
                dialing.extend(waiting.next().map(start));
            }
        }
    };
    let begun = addresses.len() - waiting.len();
    let won = outcome.as_ref().ok().map(|(_, address)| *address);
    addresses[..begun].iter().copied().filter(|address| Some(*address) != won).for_each(worse);
    outcome
}

/// Connects to the Unix socket at `path`. While its listen queue is full it tries again after short pauses.
///
/// # Errors
/// A `connect-…` cause, nothing delivered.
pub async fn connect_unix(
    path: &Path,
    member: &Arc<str>,
    limit: Option<Duration>,
    expired: impl Future<Output = ()>,
) -> failure::Result<Socket> {
    let mut expired = pin!(expired);
    loop {
        let error = tokio::select! {
            biased;
            connected = UnixStream::connect(path) => match connected {
                Ok(stream) => return Ok(Socket::Unix(stream)),
                Err(error) => error,
            },
            () = &mut expired => return Err(unix_failure(Cause::ConnectTimeout, path, member, limit, None)),
        };
        let cause = classify::connect_unix_errno(&error, || evidence::is_socket(path));
        if cause != Cause::ConnectBacklogFull {
            return Err(unix_failure(cause, path, member, limit, Some(error)));
        }
        // Many requests wait for the same queue: spread them.
        let pause = BACKLOG_PAUSE + BACKLOG_PAUSE.mul_f32(fastrand::f32());
        tokio::select! {
            biased;
            () = &mut expired => return Err(unix_failure(cause, path, member, limit, Some(error))),
            () = sleep(pause) => {}
        }
    }
}

/// Whether one of `addresses` can be connected to; all are tried at once, so that a silent one hides no other. Nobody looks
/// for the reasons where it cannot.
pub async fn reaches(addresses: &[SocketAddr]) -> bool {
    let dialing: FuturesUnordered<_> = addresses.iter().map(|address| dial(*address)).collect();
    dialing.any(|dialed| future::ready(dialed.is_ok())).await
}

async fn dial(address: SocketAddr) -> Result<TcpStream, Refusal> {
    let connected =
        if address.ip().is_loopback() { connect_nearby(address).await } else { TcpStream::connect(address).await };
    let error = match connected {
        Ok(stream) => return adopt(stream, address),
        Err(error) => error,
    };
    let (cause, own) = match classify::connect_tcp_errno(&error) {
        // The same errno as for used up ports.
        Cause::ConnectLocalPortsExhausted if !evidence::has_source_address(address.ip()) => {
            (Cause::ConnectUnroutable, Some(format!("this host has no IPv6 address to connect from ({error})")))
        }
        cause => (cause, None),
    };
    Err(Refusal { address, cause, own, error })
}

/// Connects within this machine, where a refusal is there as soon as it is asked for: then the runtime never hears of
/// the socket, which is the larger part of what a dead server costs.
async fn connect_nearby(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    match socket.connect(&address.into()) {
        Err(error) if Errno::from_io_error(&error) != Some(Errno::INPROGRESS) => return Err(error),
        _ => {}
    }
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    let stream = TcpStream::from_std(socket.into())?;
    stream.writable().await?;
    match stream.take_error()? {
        Some(error) => Err(error),
        None => Ok(stream),
    }
}

/// Sets a new connection up; one that ended at itself, because the kernel picked the wanted port for the near end, is
/// no connection.
fn adopt(stream: TcpStream, address: SocketAddr) -> Result<TcpStream, Refusal> {
    let ends_at_itself = || Ok(is_ephemeral(address.port()) && stream.local_addr()? == address);
    let (own, error) = match stream.set_nodelay(true).and_then(|()| ends_at_itself()) {
        Ok(false) => return Ok(stream),
        Ok(true) => {
            // Closed in the usual way, it would keep the port from the server that belongs there.
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            (Some("nothing listens there: the connection ended at itself".to_owned()), Errno::CONNREFUSED.into())
        }
        Err(error) => (None, error),
    };
    Err(Refusal { address, cause: classify::connect_tcp_errno(&error), own, error })
}

/// Whether the kernel may pick `port` for the near end, so that a connection can end at itself.
fn is_ephemeral(port: u16) -> bool {
    static RANGE: OnceLock<RangeInclusive<u16>> = OnceLock::new();
    RANGE.get_or_init(evidence::local_ports).contains(&port)
}

async fn silence(matters: bool) {
    if matters {
        sleep(CONNECT_STAGGER).await;
    } else {
        pending::<()>().await;
    }
}

fn tcp_timeout(
    addresses: &[SocketAddr],
    refusals: &[Refusal],
    member: &Arc<str>,
    limit: Option<Duration>,
) -> Box<Failure> {
    let mut text = String::from("no answer from ");
    let refused = |address: &SocketAddr| refusals.iter().any(|refusal| refusal.address == *address);
    let silent: Vec<SocketAddr> = addresses.iter().copied().filter(|address| !refused(address)).collect();
    text.push_str(&silent.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(", "));
    text.push_str(&within(limit));
    for refusal in refusals {
        // Writing to a string cannot fail.
        let _ = write!(text, "; {}", refusal.text());
    }
    let finding = evidence::recent(member, Cause::ConnectTimeout, || evidence::tcp(Cause::ConnectTimeout, &silent));
    finding.failure(Cause::ConnectTimeout, text).member(member)
}

fn tcp_failure(mut refusals: Vec<Refusal>, member: &Arc<str>) -> Box<Failure> {
    // The first one of the highest rank.
    let Some(position) = (0..refusals.len()).rev().max_by_key(|&position| telling(refusals[position].cause)) else {
        return Failure::new(Cause::GatewayInternalError, "there was no address to connect to").member(member);
    };
    let text = || format!("connect to {}", refusals.iter().map(Refusal::text).collect::<Vec<_>>().join("; "));
    let Refusal { address, cause, .. } = refusals[position];
    let finding = evidence::recent(member, cause, || evidence::tcp(cause, &[address]));
    let failure = match &refusals[..] {
        [Refusal { own: None, error, .. }] => finding.failure_of(cause, (address, error.raw_os_error()), text),
        _ => finding.failure(cause, text()),
    };
    failure.member(member).source(refusals.swap_remove(position).error)
}

/// How much a failure says about the upstream, in comparison with those of its other addresses.
fn telling(cause: Cause) -> u8 {
    match cause {
        Cause::ConnectRefused => 5,
        Cause::ConnectReset => 4,
        Cause::ConnectTimeout => 3,
        Cause::ConnectFdExhausted | Cause::ConnectLocalPortsExhausted => 2,
        Cause::ConnectUnroutable => 1,
        _ => 0,
    }
}

fn unix_failure(
    cause: Cause,
    path: &Path,
    member: &Arc<str>,
    limit: Option<Duration>,
    error: Option<io::Error>,
) -> Box<Failure> {
    let text = match (&error, cause) {
        (None, _) => format!("no answer from {}{}", path.display(), within(limit)),
        (Some(_), Cause::ConnectBacklogFull) => {
            format!("the listen queue of {} was full{}", path.display(), within(limit))
        }
        (Some(error), _) => format!("connect to {}: {error}", path.display()),
    };
    let finding = evidence::recent(member, cause, || evidence::unix(cause, path, member.starts_with("fastcgi")));
    let failure = finding.failure(cause, text).member(member);
    match error {
        Some(error) => failure.source(error),
        None => failure,
    }
}

fn within(limit: Option<Duration>) -> String {
    limit.map_or_else(String::new, |limit| format!(" within {}", format_duration(limit)))
}

//! The checks of the servers of one upstream, each on a connection of its own that waits in no queue, and the end of
//! ejections: those that were away are knocked at. One worker runs this on behalf of all; the ward decides what a check means.

use std::{
    future::pending,
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use futures_util::future::join_all;
use humantime::format_duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::{sleep_until, timeout},
};

use crate::{
    config::settings::{Active, HostHeader, Protocol, ServerAddress},
    failure, limits,
    socket::Socket,
    upstream::{
        Pool,
        connect::{connect_tcp, connect_unix, reaches},
        fpm,
        member::Member,
        transport::http1::head,
    },
};

/// Looks after all servers of `pool`; for as long as the worker lives.
pub async fn watch(pool: Rc<Pool>) {
    join_all((0..pool.members.len()).map(|index| look_after(&pool, index))).await;
}

async fn look_after(pool: &Pool, index: usize) {
    let (roster, active) = (&pool.roster, pool.upstream.health.active.as_ref());
    let ward = &roster.health;
    let Some(bell) = ward.bells.get(index) else { return };
    let mut check = active.map(|active| Instant::now() + first(active.every, index, pool.members.len()));
    let mut knocked = Instant::now();
    loop {
        let knock = ward.is_away(index).then(|| knocked + limits::HEALTH_KNOCK);
        tokio::select! {
            biased;
            () = bell.notified() => continue,
            () = until([check, ward.due(index), knock].into_iter().flatten().min()) => {}
        }
        let now = Instant::now();
        if knock.is_some_and(|at| at <= now) {
            knocked = now;
            if timeout(limits::HEALTH_KNOCK, is_there(&pool.members[index])).await == Ok(true) {
                ward.reached(&roster.standings, index, Instant::now());
            }
        }
        ward.tick(&roster.standings, index, now);
        if let (Some(active), Some(due)) = (active, check)
            && due <= now
        {
            let outcome = timeout(active.timeout, ask(pool, &pool.members[index], active)).await;
            let slow = || Err(format!("{} took longer than {}", what(active), format_duration(active.timeout)));
            let over = Instant::now();
            let next = (now + varied(active.every)).max(over);
            ward.checked(&roster.standings, index, outcome.unwrap_or_else(|_| slow()), (over, next));
            check = Some(next);
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => pending().await,
    }
}

/// The first checks come soon, but not all at once.
fn first(every: Duration, index: usize, of: usize) -> Duration {
    let index = u16::try_from(index % of.max(1)).unwrap_or_default();
    let of = u16::try_from(of).unwrap_or(u16::MAX).max(1);
    every.min(limits::HEALTH_FIRST).mul_f32((f32::from(index) + fastrand::f32()) / f32::from(of))
}

fn varied(every: Duration) -> Duration {
    let most = every * limits::HEALTH_JITTER_PERCENT / 100;
    every.saturating_sub(most) + (2 * most).mul_f32(fastrand::f32())
}

/// Asks a server whether it works.
async fn ask(pool: &Pool, member: &Member, active: &Active) -> Result<(), String> {
    let socket = connect(member).await?;
    let Some(path) = &active.path else { return Ok(()) };
    let status = match member.server.protocol {
        Protocol::Http => get(socket, path, host(pool, member)).await,
        Protocol::FastCgi => fpm::ping(socket, path).await,
    };
    match status {
        Ok(status) if active.status.contains(&status) => Ok(()),
        Ok(status) => Err(format!("{} was answered {status}", what(active))),
        Err(trouble) => Err(format!("{}: {trouble}", what(active))),
    }
}

fn what(active: &Active) -> String {
    active.path.as_ref().map_or_else(|| "connecting".to_owned(), |path| format!("GET {path}"))
}

fn host<'a>(pool: &'a Pool, member: &'a Member) -> &'a [u8] {
    match &pool.upstream.host_header {
        HostHeader::Literal(value) => value.as_bytes(),
        HostHeader::Upstream | HostHeader::Pass => member.authority.as_bytes(),
    }
}

/// Whether a server can be connected to; the reasons do not matter.
async fn is_there(member: &Member) -> bool {
    match &member.server.address {
        ServerAddress::Unix(path) => UnixStream::connect(path).await.is_ok(),
        _ => match addresses(member).await {
            Ok(addresses) => reaches(&addresses).await,
            Err(_) => false,
        },
    }
}

async fn connect(member: &Member) -> Result<Socket, String> {
    let label: &Arc<str> = &member.server.label;
    let connected = match &member.server.address {
        ServerAddress::Unix(path) => connect_unix(path, label, None, pending()).await,
        _ => match addresses(member).await {
            Ok(addresses) => connect_tcp(&addresses, label, None, pending()).await,
            Err(failure) => Err(failure),
        },
    };
    connected.map_err(|failure| brief(&failure.to_string()))
}

/// Where a server can be reached over TCP. One that works at any of them works.
async fn addresses(member: &Member) -> failure::Result<Vec<SocketAddr>> {
    match (&member.server.address, &member.name) {
        (ServerAddress::Socket(address), _) => Ok(vec![*address]),
        (_, Some(name)) => Ok(name.places().await?.all().collect()),
        (_, None) => Ok(Vec::new()),
    }
}

/// The status that a server answers to GET; its body is not read.
async fn get(mut socket: Socket, path: &str, host: &[u8]) -> Result<u16, String> {
    let mut request = format!("GET {path} HTTP/1.1\r\nhost: ").into_bytes();
    request.extend_from_slice(host);
    request.extend_from_slice(b"\r\nuser-agent: goodgate (health check)\r\naccept: */*\r\nconnection: close\r\n\r\n");
    let broke = |error: std::io::Error| format!("the connection broke: {error}");
    socket.write_all(&request).await.map_err(broke)?;
    let mut buffer = BytesMut::new();
    loop {
        let taken = head::take(&mut buffer, limits::HEALTH_ANSWER).map_err(|fault| brief(&fault.evidence))?;
        match taken {
            Some(head) if !head.status.is_informational() => return Ok(head.status.as_u16()),
            Some(_) => {}
            None if socket.read_buf(&mut buffer).await.map_err(broke)? == 0 => {
                return Err("the connection was closed without an answer".to_owned());
            }
            None => {}
        }
    }
}

fn brief(text: &str) -> String {
    text.chars().take(limits::HEALTH_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_spread_and_stay_so() {
        let every = limits::HEALTH_EVERY;
        for index in 0..4 {
            let at = first(every, index, 4);
            let part = limits::HEALTH_FIRST / 4;
            let index = u32::try_from(index).unwrap();
            assert!(at >= part * index && at <= part * (index + 1), "{index}: {at:?}");
        }
        let (least, most) = (every * 9 / 10, every * 11 / 10);
        let steps: Vec<_> = (0..100).map(|_| varied(every)).collect();
        assert!(steps.iter().all(|step| *step >= least && *step <= most), "{steps:?}");
        assert!(steps.iter().any(|step| *step != steps[0]));
    }
}

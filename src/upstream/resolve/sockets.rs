//! The sockets of the DNS client: tokio's, but connected, and awake when an error comes.
//! Without both the kernel does not tell that nothing listens at a name server's port, and a refusal looks like silence.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use hickory_resolver::net::runtime::{DnsUdpSocket, RuntimeProvider, TokioRuntimeProvider};
use rustix::net::{RecvFlags, recv};
use tokio::{io::Interest, net::UdpSocket};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// Makes the sockets.
#[derive(Clone, Default)]
pub(super) struct Connected(TokioRuntimeProvider);

/// A UDP socket that talks with one server alone.
pub(super) struct Talk {
    socket: UdpSocket,
    server: SocketAddr,
}

impl RuntimeProvider for Connected {
    type Handle = <TokioRuntimeProvider as RuntimeProvider>::Handle;
    type Timer = <TokioRuntimeProvider as RuntimeProvider>::Timer;
    type Udp = Talk;
    type Tcp = <TokioRuntimeProvider as RuntimeProvider>::Tcp;

    fn create_handle(&self) -> Self::Handle {
        self.0.create_handle()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        local: Option<SocketAddr>,
        limit: Option<Duration>,
    ) -> Boxed<'static, Self::Tcp> {
        self.0.connect_tcp(server, local, limit)
    }

    fn bind_udp(&self, local: SocketAddr, server: SocketAddr) -> Boxed<'static, Talk> {
        Box::pin(async move {
            let socket = UdpSocket::bind(local).await?;
            socket.connect(server).await?;
            Ok(Talk { socket, server })
        })
    }
}

impl DnsUdpSocket for Talk {
    type Time = <TokioRuntimeProvider as RuntimeProvider>::Timer;

    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        DnsUdpSocket::poll_recv_from(&self.socket, cx, buf)
    }

    /// An error makes a socket neither readable nor closed, so that tokio's own `recv` would sleep on.
    fn recv_from<'socket, 'buf, 'both>(&'socket self, buf: &'buf mut [u8]) -> Boxed<'both, (usize, SocketAddr)>
    where
        'socket: 'both,
        'buf: 'both,
        Self: 'both,
    {
        Box::pin(async move {
            let receive = || Ok(recv(&self.socket, &mut *buf, RecvFlags::empty())?.0);
            let length = self.socket.async_io(Interest::READABLE | Interest::ERROR, receive).await?;
            Ok((length, self.server))
        })
    }

    fn poll_send_to(&self, cx: &mut Context<'_>, buf: &[u8], target: SocketAddr) -> Poll<io::Result<usize>> {
        DnsUdpSocket::poll_send_to(&self.socket, cx, buf, target)
    }
}

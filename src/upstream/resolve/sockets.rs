//! The sockets of the DNS client: tokio's, but connected, awake when an error comes, and deaf to answers to other queries.
//! Without the first two the kernel does not tell that nothing listens at a name server's port, and a refusal looks like
//! silence.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hickory_resolver::{
    net::runtime::{DnsUdpSocket, RuntimeProvider, TokioRuntimeProvider},
    proto::{
        rr::Name,
        serialize::binary::{BinDecodable, BinDecoder},
    },
};
use rustix::net::{RecvFlags, recv};
use tokio::{io::Interest, net::UdpSocket};

/// Bytes of a message before its question.
const HEADER: usize = 12;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// Makes the sockets.
#[derive(Clone, Default)]
pub(super) struct Connected {
    tokio: TokioRuntimeProvider,
    strays: Strays,
}

/// For which names answers to other queries came in place of their own, and when: they have come late, or are forged
/// (RFC 5452 section 9.1).
#[derive(Clone, Default)]
pub(super) struct Strays(Arc<Mutex<Vec<(Name, Instant)>>>);

/// Names of which that is remembered; the one that was noted longest ago makes room.
const REMEMBERED: usize = 16;

impl Strays {
    /// Whether one came after `then` to a query for `name`, which is a full one.
    pub(super) fn since(&self, name: &Name, then: Instant) -> bool {
        self.all().iter().any(|(asked, last)| *last >= then && asked == name)
    }

    /// One came at `now` in place of an answer to `query`.
    fn note(&self, query: &[u8], now: Instant) {
        let mut rest = BinDecoder::new(query.get(HEADER..).unwrap_or_default());
        let Ok(name) = Name::read(&mut rest) else { return };
        let mut all = self.all();
        all.retain(|(asked, _)| *asked != name);
        if all.len() == REMEMBERED {
            all.remove(0);
        }
        all.push((name, now));
    }

    fn all(&self) -> MutexGuard<'_, Vec<(Name, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connected {
    /// Sockets that note in `strays` what they ignore.
    pub(super) fn new(strays: &Strays) -> Self {
        Self { tokio: TokioRuntimeProvider::default(), strays: strays.clone() }
    }
}

/// A UDP socket that talks with one server alone, about one query.
pub(super) struct Talk {
    socket: UdpSocket,
    server: SocketAddr,
    query: OnceLock<Box<[u8]>>,
    strays: Strays,
}

impl RuntimeProvider for Connected {
    type Handle = <TokioRuntimeProvider as RuntimeProvider>::Handle;
    type Timer = <TokioRuntimeProvider as RuntimeProvider>::Timer;
    type Udp = Talk;
    type Tcp = <TokioRuntimeProvider as RuntimeProvider>::Tcp;

    fn create_handle(&self) -> Self::Handle {
        self.tokio.create_handle()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        local: Option<SocketAddr>,
        limit: Option<Duration>,
    ) -> Boxed<'static, Self::Tcp> {
        self.tokio.connect_tcp(server, local, limit)
    }

    fn bind_udp(&self, local: SocketAddr, server: SocketAddr) -> Boxed<'static, Talk> {
        let strays = self.strays.clone();
        Box::pin(async move {
            let socket = UdpSocket::bind(local).await?;
            socket.connect(server).await?;
            Ok(Talk { socket, server, query: OnceLock::new(), strays })
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
            loop {
                let receive = || Ok(recv(&self.socket, &mut *buf, RecvFlags::empty())?.0);
                let length = self.socket.async_io(Interest::READABLE | Interest::ERROR, receive).await?;
                match self.query.get() {
                    Some(query) if !answers(&buf[..length], query) => self.strays.note(query, Instant::now()),
                    _ => return Ok((length, self.server)),
                }
            }
        })
    }

    fn poll_send_to(&self, cx: &mut Context<'_>, buf: &[u8], target: SocketAddr) -> Poll<io::Result<usize>> {
        let _ = self.query.set(buf.into());
        DnsUdpSocket::poll_send_to(&self.socket, cx, buf, target)
    }
}

/// Whether `message` has the id and the question of `query` (RFC 1035 section 4.1), as far as it goes: one that is no
/// message at all is judged elsewhere.
fn answers(message: &[u8], query: &[u8]) -> bool {
    /// The root's label, the type and the class.
    const END: usize = 5;
    let mut end = HEADER;
    while let Some(label) = query.get(end).filter(|label| **label > 0) {
        end += 1 + usize::from(*label);
    }
    let same = match (message.get(HEADER..end + END), query.get(HEADER..end + END)) {
        (Some(echoed), Some(asked)) => echoed.eq_ignore_ascii_case(asked),
        _ => true,
    };
    same && message.first_chunk::<2>() == query.first_chunk()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_id_and_the_question_of_its_query() {
        let query = b"\x01\x02\x01\0\0\x01\0\0\0\0\0\0\x03app\x07example\0\0\x01\0\x01";
        let with = |at: usize, byte: u8| {
            let mut message = [&query[..], b"records"].concat();
            message[at] = byte;
            message
        };
        assert!(answers(query, query) && answers(&with(2, 0x81), query) && answers(&with(13, b'A'), query));
        for (at, what) in [(1, "id"), (14, "name"), (query.len() - 3, "type")] {
            assert!(!answers(&with(at, 9), query), "{what}");
        }
        assert!(answers(b"\x01\x02?", query), "cut short, it is still the answer to this query");
        assert!(!answers(b"\x01", query) && !answers(b"", query));
    }

    #[test]
    fn strays_are_remembered_by_the_name_that_was_asked_for() {
        let (strays, start) = (Strays::default(), Instant::now());
        let query = |last: u8| [&[0; HEADER][..], b"\x03app\x01", &[b'a' + last], b"\0\0\x01\0\x01"].concat();
        let name = |last: u8| Name::from_ascii(format!("APP.{}.", char::from(b'a' + last))).unwrap();
        strays.note(&query(0), start);
        strays.note(b"cut short", start);
        assert!(strays.since(&name(0), start) && !strays.since(&name(1), start));
        assert!(!strays.since(&name(0), start + Duration::from_secs(1)));
        for last in 1..=16 {
            strays.note(&query(last), start);
        }
        assert!(!strays.since(&name(0), start) && strays.since(&name(1), start) && strays.since(&name(16), start));
    }
}

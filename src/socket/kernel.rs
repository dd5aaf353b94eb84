//! What the kernel knows of a TCP connection: `TCP_INFO`, the one question that needs unsafe code.
//! What the numbers mean is for those to say who ask: `progress`, `transport::proof`, `transport::witness`.

use std::{
    mem::{MaybeUninit, offset_of},
    os::fd::{AsFd, AsRawFd},
    time::Duration,
};

/// `TCP_CLOSE` of the kernel's `tcp_states.h`: the connection is over, nothing of it will change any more.
const CLOSE: u8 = 7;

/// The state of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpInfo {
    /// Whether it is over: reset by the peer, or closed by both.
    pub over: bool,
    /// The smoothed time of a round trip.
    pub round_trip: Duration,
    /// Bytes that the peer's kernel has acknowledged since the beginning, the SYN's one included (RFC 4898,
    /// `tcpEStatsAppHCThruOctetsAcked`).
    pub acked: u64,
    /// Bytes that were written and have not been sent once.
    pub unsent: u32,
    /// Segments that were sent again.
    pub resent: u32,
    /// The largest segment that may be sent, which the peer's own device limits.
    pub segment: u32,
}

/// Asks about `socket`. `None` where it is no TCP socket, or the kernel is older than 4.6 and does not count.
#[must_use]
#[expect(unsafe_code, reason = "no safe wrapper of `getsockopt(TCP_INFO)` tells the acknowledged bytes")]
pub fn tcp_info(socket: &impl AsFd) -> Option<TcpInfo> {
    let mut info = MaybeUninit::<libc::tcp_info>::zeroed();
    let mut length = libc::socklen_t::try_from(size_of::<libc::tcp_info>()).ok()?;
    // SAFETY: the descriptor is borrowed and so open; the kernel writes at most `length` bytes, which is the size of
    // `info`, and both pointers are valid for the call.
    let asked = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    let needed = offset_of!(libc::tcp_info, tcpi_notsent_bytes) + size_of::<u32>();
    if asked != 0 || usize::try_from(length).ok()? < needed {
        return None;
    }
    // SAFETY: all fields are plain numbers, for which every bit pattern is valid; what the kernel left out is zero.
    let info = unsafe { info.assume_init() };
    Some(TcpInfo {
        over: info.tcpi_state == CLOSE,
        round_trip: Duration::from_micros(info.tcpi_rtt.into()),
        acked: info.tcpi_bytes_acked,
        unsent: info.tcpi_notsent_bytes,
        resent: info.tcpi_total_retrans,
        segment: info.tcpi_snd_mss,
    })
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
        os::unix::net::UnixStream,
    };

    use super::*;
    use crate::limits;

    #[test]
    fn a_new_connection_has_one_byte_acknowledged_which_is_the_syn() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(host) else { continue };
            let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let info = tcp_info(&near).unwrap();
            assert_eq!((info.acked, info.over), (1, false), "{host}");
            assert!(!info.round_trip.is_zero(), "{info:?}");
            assert!(info.segment >= limits::LOOPBACK_SEGMENT, "{info:?}");
            assert_eq!((info.unsent, info.resent), (0, 0), "{host}");
        }
    }

    #[test]
    fn bytes_are_acknowledged_when_they_were_answered() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        near.write_all(b"hello").unwrap();
        far.read_exact(&mut [0; 5]).unwrap();
        far.write_all(b"x").unwrap();
        near.read_exact(&mut [0; 1]).unwrap();
        assert_eq!(tcp_info(&near).unwrap().acked, 6);
    }

    #[test]
    fn a_unix_socket_is_no_tcp_socket() {
        assert_eq!(tcp_info(&UnixStream::pair().unwrap().0), None);
    }
}

//! Foreign errors become causes: what the kernel and the DNS client say, in pure functions.
//! Nothing else in the crate looks at an errno or inside an error; evidence and verdict are the callers' business.

use std::io;

use hickory_resolver::{
    net::{DnsError, NetError},
    proto::op::ResponseCode,
};
use rustix::io::Errno;

use crate::failure::Cause;

/// The cause of a failed TCP connect.
#[must_use]
pub fn connect_tcp_errno(error: &io::Error) -> Cause {
    match Errno::from_io_error(error) {
        Some(Errno::CONNREFUSED) => Cause::ConnectRefused,
        Some(Errno::TIMEDOUT) => Cause::ConnectTimeout,
        // PIPE: the server ended the connection and then reset it before anybody looked.
        Some(Errno::CONNRESET | Errno::CONNABORTED | Errno::PIPE) => Cause::ConnectReset,
        Some(Errno::ADDRNOTAVAIL | Errno::AGAIN) => Cause::ConnectLocalPortsExhausted,
        Some(errno) if is_exhausted(errno) => Cause::ConnectFdExhausted,
        // INVAL: a link-local address without its scope. ACCESS, PERM: a prohibiting route or a local firewall rule.
        Some(
            Errno::HOSTUNREACH
            | Errno::NETUNREACH
            | Errno::NETDOWN
            | Errno::HOSTDOWN
            | Errno::INVAL
            | Errno::AFNOSUPPORT
            | Errno::ACCESS
            | Errno::PERM,
        ) => Cause::ConnectUnroutable,
        _ => Cause::GatewayInternalError,
    }
}

/// The cause of a failed connect to a Unix socket. The kernel refuses a regular file as it refuses a leftover socket,
/// and looks at its mode before that, so `is_socket` says what lies at the path, `None` where that cannot be seen; it is
/// asked only then.
#[must_use]
pub fn connect_unix_errno(error: &io::Error, is_socket: impl FnOnce() -> Option<bool>) -> Cause {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT) => Cause::ConnectUnixMissing,
        Some(Errno::CONNREFUSED) => match is_socket() {
            Some(true) => Cause::ConnectUnixStale,
            _ => Cause::ConnectUnixNotSocket,
        },
        Some(Errno::ACCESS | Errno::PERM) => match is_socket() {
            Some(false) => Cause::ConnectUnixNotSocket,
            _ => Cause::ConnectUnixPermission,
        },
        Some(Errno::PROTOTYPE | Errno::NOTDIR | Errno::NAMETOOLONG | Errno::LOOP) => Cause::ConnectUnixNotSocket,
        Some(Errno::AGAIN) => Cause::ConnectBacklogFull,
        Some(Errno::CONNRESET | Errno::CONNABORTED) => Cause::ConnectReset,
        Some(Errno::TIMEDOUT) => Cause::ConnectTimeout,
        Some(errno) if is_exhausted(errno) => Cause::ConnectFdExhausted,
        // The standard library refuses a path that does not fit into an address before it asks the kernel.
        None if error.kind() == io::ErrorKind::InvalidInput => Cause::ConnectUnixNotSocket,
        _ => Cause::GatewayInternalError,
    }
}

/// Whether a read or write on an established connection failed because the way to the peer is gone.
#[must_use]
pub fn is_lost(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::TIMEDOUT | Errno::HOSTUNREACH | Errno::NETUNREACH | Errno::NETDOWN | Errno::HOSTDOWN)
    )
}

/// What an error of the DNS client means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DnsVerdict {
    /// The cause.
    pub cause: Cause,
    /// The response code that came back, as RFC 9209 section 2.3.2 wants it; `None` when no answer could be read.
    pub rcode: Option<&'static str>,
}

/// The cause of a failed DNS query.
#[must_use]
pub fn dns(error: &NetError) -> DnsVerdict {
    let silent = |cause| DnsVerdict { cause, rcode: None };
    match error {
        NetError::Timeout => silent(Cause::DnsTimeout),
        NetError::Io(error) if Errno::from_io_error(error).is_some_and(is_exhausted) => {
            silent(Cause::ConnectFdExhausted)
        }
        NetError::Io(_) | NetError::NoConnections | NetError::Busy => silent(Cause::DnsResolverUnreachable),
        NetError::Dns(DnsError::ResponseCode(code)) => rcode(*code),
        NetError::Dns(DnsError::NoRecordsFound(none)) => rcode(none.response_code),
        // Something came back that is no answer to the question.
        _ => silent(Cause::DnsServfail),
    }
}

fn rcode(code: ResponseCode) -> DnsVerdict {
    let (cause, rcode) = match code {
        ResponseCode::NXDomain => (Cause::DnsNxdomain, "NXDOMAIN"),
        ResponseCode::NoError => (Cause::DnsNoAddress, "NOERROR"),
        ResponseCode::Refused => (Cause::DnsRefused, "REFUSED"),
        ResponseCode::ServFail => (Cause::DnsServfail, "SERVFAIL"),
        ResponseCode::FormErr => (Cause::DnsServfail, "FORMERR"),
        ResponseCode::NotImp => (Cause::DnsServfail, "NOTIMP"),
        ResponseCode::NotAuth => (Cause::DnsServfail, "NOTAUTH"),
        ResponseCode::BADVERS => (Cause::DnsServfail, "BADVERS"),
        _ => return DnsVerdict { cause: Cause::DnsServfail, rcode: None },
    };
    DnsVerdict { cause, rcode: Some(rcode) }
}

/// Whether the gateway or its host has run out of descriptors or of memory for sockets.
fn is_exhausted(errno: Errno) -> bool {
    matches!(errno, Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
}

/// The cause of an error while accepting; `None` for what has no name, which is a fault of the listener itself.
#[must_use]
pub fn accept_errno(error: &io::Error) -> Option<Cause> {
    Errno::from_io_error(error).is_some_and(is_exhausted).then_some(Cause::AcceptFdExhausted)
}

/// Whether an error while accepting was that one client's, which was gone before it was accepted (accept(2)).
#[must_use]
pub fn concerns_one_client(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(
            Errno::CONNABORTED
                | Errno::INTR
                | Errno::PROTO
                | Errno::PERM
                | Errno::NETDOWN
                | Errno::NETUNREACH
                | Errno::HOSTDOWN
                | Errno::HOSTUNREACH
                | Errno::NOPROTOOPT
                | Errno::TIMEDOUT
        )
    )
}

/// The cause of an error while reading a request's body: the client's coding is not valid, or it ended early.
#[must_use]
pub fn request_body(error: &hyper::Error) -> Cause {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) =
            error.downcast_ref::<io::Error>().map(io::Error::kind)
        {
            return Cause::RequestMalformed;
        }
        source = error.source();
    }
    Cause::RequestBodyTruncated
}

#[cfg(test)]
mod tests {
    use hickory_resolver::{net::NoRecords, proto::op::Query};

    use super::*;

    fn os(errno: Errno) -> io::Error {
        io::Error::from_raw_os_error(errno.raw_os_error())
    }

    #[test]
    fn every_errno_of_a_tcp_connect_has_its_cause() {
        for (errno, cause) in [
            (Errno::CONNREFUSED, Cause::ConnectRefused),
            (Errno::TIMEDOUT, Cause::ConnectTimeout),
            (Errno::CONNRESET, Cause::ConnectReset),
            (Errno::CONNABORTED, Cause::ConnectReset),
            (Errno::PIPE, Cause::ConnectReset),
            (Errno::ADDRNOTAVAIL, Cause::ConnectLocalPortsExhausted),
            (Errno::AGAIN, Cause::ConnectLocalPortsExhausted),
            (Errno::MFILE, Cause::ConnectFdExhausted),
            (Errno::NFILE, Cause::ConnectFdExhausted),
            (Errno::NOBUFS, Cause::ConnectFdExhausted),
            (Errno::NOMEM, Cause::ConnectFdExhausted),
            (Errno::HOSTUNREACH, Cause::ConnectUnroutable),
            (Errno::NETUNREACH, Cause::ConnectUnroutable),
            (Errno::NETDOWN, Cause::ConnectUnroutable),
            (Errno::INVAL, Cause::ConnectUnroutable),
            (Errno::PERM, Cause::ConnectUnroutable),
            (Errno::BADF, Cause::GatewayInternalError),
        ] {
            assert_eq!(connect_tcp_errno(&os(errno)), cause, "{errno:?}");
        }
    }

    #[test]
    fn every_errno_of_a_unix_connect_has_its_cause() {
        for (errno, is_socket, cause) in [
            (Errno::NOENT, None, Cause::ConnectUnixMissing),
            (Errno::CONNREFUSED, Some(true), Cause::ConnectUnixStale),
            (Errno::CONNREFUSED, Some(false), Cause::ConnectUnixNotSocket),
            (Errno::PROTOTYPE, Some(true), Cause::ConnectUnixNotSocket),
            (Errno::NOTDIR, None, Cause::ConnectUnixNotSocket),
            (Errno::ACCESS, Some(true), Cause::ConnectUnixPermission),
            (Errno::ACCESS, None, Cause::ConnectUnixPermission),
            (Errno::ACCESS, Some(false), Cause::ConnectUnixNotSocket),
            (Errno::PERM, Some(false), Cause::ConnectUnixNotSocket),
            (Errno::AGAIN, Some(true), Cause::ConnectBacklogFull),
            (Errno::MFILE, Some(true), Cause::ConnectFdExhausted),
            (Errno::BADF, Some(true), Cause::GatewayInternalError),
        ] {
            assert_eq!(connect_unix_errno(&os(errno), || is_socket), cause, "{errno:?}");
        }
        let too_long = io::Error::new(io::ErrorKind::InvalidInput, "path must be shorter than SUN_LEN");
        assert_eq!(connect_unix_errno(&too_long, || None), Cause::ConnectUnixNotSocket);
    }

    #[test]
    fn a_reset_is_told_from_a_lost_way() {
        for (errno, lost) in [
            (Errno::CONNRESET, false),
            (Errno::PIPE, false),
            (Errno::TIMEDOUT, true),
            (Errno::HOSTUNREACH, true),
            (Errno::NETUNREACH, true),
            (Errno::BADF, false),
        ] {
            assert_eq!(is_lost(&os(errno)), lost, "{errno:?}");
        }
        assert!(!is_lost(&io::ErrorKind::TimedOut.into()));
    }

    #[test]
    fn every_dns_error_has_its_cause_and_response_code() {
        let none = |code| NetError::from(NoRecords::new(Query::new(), code));
        let code = |code| NetError::Dns(DnsError::ResponseCode(code));
        for (error, cause, rcode) in [
            (NetError::Timeout, Cause::DnsTimeout, None),
            (none(ResponseCode::NXDomain), Cause::DnsNxdomain, Some("NXDOMAIN")),
            (none(ResponseCode::NoError), Cause::DnsNoAddress, Some("NOERROR")),
            (code(ResponseCode::ServFail), Cause::DnsServfail, Some("SERVFAIL")),
            (code(ResponseCode::FormErr), Cause::DnsServfail, Some("FORMERR")),
            (code(ResponseCode::NotImp), Cause::DnsServfail, Some("NOTIMP")),
            (code(ResponseCode::Refused), Cause::DnsRefused, Some("REFUSED")),
            (NetError::from(os(Errno::CONNREFUSED)), Cause::DnsResolverUnreachable, None),
            (NetError::from(os(Errno::MFILE)), Cause::ConnectFdExhausted, None),
            (NetError::NoConnections, Cause::DnsResolverUnreachable, None),
            (NetError::Truncated, Cause::DnsServfail, None),
        ] {
            assert_eq!(dns(&error), DnsVerdict { cause, rcode }, "{error:?}");
        }
    }
}

//! A client that writes raw bytes and reads answers strictly.
//! It shows what a visitor's program would see: complete, cut, reset, or nothing.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr},
    path::Path,
    thread,
    time::Duration,
};

use socket2::{Domain, SockAddr, Socket, Type};

use super::{
    PATIENCE,
    reader::{self, Response, find},
};

/// One connection to the gateway.
pub struct Client {
    socket: Socket,
    /// Read, and not yet part of an answer.
    pub(super) buffer: Vec<u8>,
}

/// What a read brought.
pub enum Got {
    /// This many bytes more.
    Bytes,
    /// The gateway ended the connection.
    End,
    /// The gateway reset it.
    Reset,
    /// Nothing in the time given.
    Nothing,
}

impl Client {
    /// Connects over TCP.
    pub fn tcp(address: SocketAddr) -> Self {
        Self::connect(Domain::for_address(address), &address.into())
    }

    /// Connects to a Unix socket.
    pub fn unix(path: &Path) -> Self {
        Self::connect(Domain::UNIX, &SockAddr::unix(path).expect("a short path"))
    }

    fn connect(domain: Domain, address: &SockAddr) -> Self {
        let socket = Socket::new(domain, Type::STREAM, None).expect("a socket");
        socket.set_write_timeout(Some(PATIENCE)).expect("a socket option");
        socket.connect(address).expect("the gateway accepts");
        Self { socket, buffer: Vec::new() }
    }

    /// Sends all of it at once.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.socket.write_all(bytes.as_ref()).expect("the gateway takes the bytes");
        self
    }

    /// Sends as much as the gateway takes; a broken connection is no error.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.socket.write_all(bytes.as_ref()).is_ok()
    }

    /// Sends from a thread of its own, so that an answer can be read meanwhile.
    pub fn send_meanwhile(&mut self, bytes: Vec<u8>) {
        let mut socket = self.socket.try_clone().expect("a second handle");
        thread::spawn(move || socket.write_all(&bytes));
    }

    /// Sends byte by byte.
    pub fn drip(&mut self, bytes: &[u8], pause: Duration) -> &mut Self {
        for byte in bytes {
            self.send([*byte]);
            thread::sleep(pause);
        }
        self
    }

    /// Sends a GET that asks for a problem document, and reads the answer.
    pub fn get(&mut self, path: &str) -> Response {
        self.send(get(path)).response()
    }

    /// Sends a POST with `body`, and reads the answer.
    pub fn post(&mut self, path: &str, body: &str) -> Response {
        self.send(post(path, body)).response()
    }

    /// Reads the next answer to anything but HEAD.
    pub fn response(&mut self) -> Response {
        reader::response(self, false)
    }

    /// Reads the next answer to a HEAD.
    pub fn head_response(&mut self) -> Response {
        reader::response(self, true)
    }

    /// Reads `length` raw bytes that have to come.
    pub fn read_exactly(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            assert!(matches!(self.more(PATIENCE), Got::Bytes), "the gateway sends {length} bytes: {:?}", self.buffer);
        }
        self.buffer.drain(..length).collect()
    }

    /// Reads until `wanted` has come.
    pub fn read_until(&mut self, wanted: &[u8]) {
        while find(&self.buffer, wanted).is_none() {
            assert!(matches!(self.more(PATIENCE), Got::Bytes), "{wanted:?} has to come: {:?}", self.buffer);
        }
    }

    /// Reads all that comes until the gateway ends the connection.
    pub fn everything(&mut self) -> String {
        while let Got::Bytes = self.more(PATIENCE) {}
        String::from_utf8_lossy(&self.buffer).into_owned()
    }

    /// Whether the gateway ends the connection without another byte.
    pub fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && matches!(self.more(PATIENCE), Got::End | Got::Reset)
    }

    /// Whether the connection serves another request, of which nothing is left over from before.
    pub fn is_usable(&mut self, path: &str) -> bool {
        self.buffer.is_empty() && self.try_send(get(path)) && reader::response(self, false).is_complete()
    }

    /// Whether nothing comes for as long as `time`.
    pub fn is_silent(&mut self, time: Duration) -> bool {
        self.buffer.is_empty() && matches!(self.more(time), Got::Nothing)
    }

    /// Ends the sending side.
    pub fn finish(&mut self) -> &mut Self {
        self.socket.shutdown(Shutdown::Write).expect("the connection is open");
        self
    }

    /// Its own TCP port.
    pub fn port(&self) -> u16 {
        let address = self.socket.local_addr().expect("a connected socket has an address");
        address.as_socket().expect("a TCP connection").port()
    }

    /// Leaves with a reset.
    pub fn reset(self) {
        self.socket.set_linger(Some(Duration::ZERO)).expect("a socket option");
    }

    /// Takes little from the network, so that the gateway soon cannot write.
    pub fn narrow(self) -> Self {
        self.socket.set_recv_buffer_size(4096).expect("a socket option");
        self
    }

    /// Reads so many `pieces` of at most `limit` bytes with such pauses.
    pub fn sip(&mut self, pieces: usize, limit: usize, pause: Duration) {
        let mut piece = vec![0; limit];
        for _ in 0..pieces {
            let read = self.socket.read(&mut piece).expect("the gateway goes on");
            assert!(read > 0, "the gateway goes on");
            self.buffer.extend_from_slice(&piece[..read]);
            thread::sleep(pause);
        }
    }

    /// Reads once, for at most `time`.
    pub fn more(&mut self, time: Duration) -> Got {
        let mut piece = [0; 16 * 1024];
        self.socket.set_read_timeout(Some(time.max(Duration::from_millis(1)))).expect("a socket option");
        match self.socket.read(&mut piece) {
            Ok(0) => Got::End,
            Ok(length) => {
                self.buffer.extend_from_slice(&piece[..length]);
                Got::Bytes
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Got::Nothing,
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => Got::Reset,
            Err(error) => panic!("reading from the gateway: {error}"),
        }
    }
}

/// A GET that asks for a problem document.
pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: test.example\r\nAccept: application/problem+json\r\n\r\n")
}

/// A POST that asks for a problem document.
pub fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: test.example\r\nAccept: application/problem+json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

//! A scripted upstream: each connection plays a list of steps, everything that arrives is recorded.
//! It listens on port 0 or on a Unix socket, one thread a connection.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    path::Path,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use socket2::{Domain, SockAddr, Socket, Type};

use super::{PATIENCE, reader::find};

/// What an upstream does next on one connection.
#[derive(Clone)]
pub enum Step {
    /// Reads a request's head, up to its blank line.
    ReadHead,
    /// Reads a whole request.
    ReadRequest,
    /// Reads a whole request of FastCGI; its parameters become the lines of its head.
    ReadRecords,
    /// Reads so many pieces of at most so many bytes with such pauses, then a whole request.
    Sip(usize, usize, Duration),
    /// Waits until these bytes have come, and reads nothing. Only where the connection has nothing left from before.
    Arrive(Vec<u8>),
    /// Writes these bytes.
    Send(Vec<u8>),
    /// Writes these bytes one by one.
    Drip(Vec<u8>, Duration),
    /// Writes these bytes over and over until the peer has had enough.
    Flood(Vec<u8>),
    /// Waits for the test.
    Await(Event),
    /// Tells the test.
    Signal(Event),
    /// Ends the sending side; goes on reading.
    HalfClose,
    /// Ends politely: FIN, then reads what still comes.
    Close,
    /// Ends with a reset.
    Reset,
    /// Says and reads nothing until the test is over.
    Hold,
    /// Says nothing and reads until the peer leaves.
    Listen,
    /// Starts again with the first step.
    Again,
}

/// Something that a test lets happen, or that it waits for.
#[derive(Clone, Default)]
pub struct Event(Arc<(Mutex<bool>, Condvar)>);

impl Event {
    /// It happens.
    pub fn set(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// Waits for it; `false` if it did not come in time.
    pub fn wait(&self) -> bool {
        let happened = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        *self.0.1.wait_timeout_while(happened, PATIENCE, |happened| !*happened).expect("not poisoned").0
    }
}

/// A request as the upstream saw it.
#[derive(Debug, Clone)]
pub struct Request {
    /// With its blank line.
    pub head: String,
    /// Without its framing.
    pub body: Vec<u8>,
    /// After its last chunk, line by line.
    pub trailers: Vec<String>,
    /// Whether its body came to its end.
    pub complete: bool,
}

impl Request {
    /// The request line.
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// The values of every field of this name.
    pub fn fields(&self, name: &str) -> Vec<&str> {
        let pairs = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        pairs.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }

    /// The value of a parameter of FastCGI.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    }

    /// The value of the only field of this name.
    pub fn field(&self, name: &str) -> Option<&str> {
        let values = self.fields(name);
        assert!(values.len() <= 1, "more than one {name}: {}", self.head);
        values.first().copied()
    }
}

#[derive(Default)]
struct Seen {
    connections: usize,
    ended: usize,
    requests: Vec<Request>,
    stopped: bool,
}

/// A scripted upstream.
pub struct Origin {
    server: String,
    address: SockAddr,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

impl Origin {
    /// Listens on TCP; connection n plays script n, later ones the last.
    pub fn scripts(scripts: Vec<Vec<Step>>) -> Self {
        Self::listen(&SockAddr::from(SocketAddr::from(([127, 0, 0, 1], 0))), Domain::IPV4, scripts)
    }

    /// Listens on TCP; every connection plays `script`.
    pub fn always(script: Vec<Step>) -> Self {
        Self::scripts(vec![script])
    }

    /// Listens on TCP and answers every request with `answer`, connection after connection kept.
    pub fn answering(answer: impl AsRef<[u8]>) -> Self {
        Self::always(vec![Step::ReadRequest, Step::Send(answer.as_ref().to_vec()), Step::Again])
    }

    /// The same at this address.
    pub fn answering_at(address: SocketAddr, answer: impl AsRef<[u8]>) -> Self {
        let script = vec![Step::ReadRequest, Step::Send(answer.as_ref().to_vec()), Step::Again];
        Self::listen(&SockAddr::from(address), Domain::IPV4, vec![script])
    }

    /// The same on a Unix socket.
    pub fn answering_on(path: &Path, answer: impl AsRef<[u8]>) -> Self {
        let script = vec![Step::ReadRequest, Step::Send(answer.as_ref().to_vec()), Step::Again];
        Self::listen(&SockAddr::unix(path).expect("a short path"), Domain::UNIX, vec![script])
    }

    fn listen(address: &SockAddr, domain: Domain, scripts: Vec<Vec<Step>>) -> Self {
        let listener = Socket::new(domain, Type::STREAM, None).expect("a socket");
        listener.bind(address).expect("the address is free");
        listener.listen(64).expect("a bound socket listens");
        let address = listener.local_addr().expect("a bound socket has an address");
        let server = match address.as_socket() {
            Some(tcp) => format!("http://{tcp}"),
            None => format!("http+unix:{}", address.as_pathname().expect("a path").display()),
        };
        let seen = Arc::new((Mutex::new(Seen::default()), Condvar::new()));
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                let number = note(&shared, |seen| {
                    seen.connections += 1;
                    seen.connections - 1
                });
                if shared.0.lock().unwrap_or_else(PoisonError::into_inner).stopped {
                    return;
                }
                let script = scripts[number.min(scripts.len() - 1)].clone();
                let seen = Arc::clone(&shared);
                thread::spawn(move || Connection { socket, seen, buffer: Vec::new() }.play(&script));
            }
        });
        Self { server, address, seen }
    }

    /// Listens on TCP for FastCGI and plays `script` on every connection.
    pub fn fastcgi(script: Vec<Step>) -> Self {
        Self::fastcgi_scripts(vec![script])
    }

    /// The same; connection n plays script n, later ones the last.
    pub fn fastcgi_scripts(scripts: Vec<Vec<Step>>) -> Self {
        let mut origin = Self::scripts(scripts);
        origin.server = origin.server.replacen("http", "fastcgi", 1);
        origin
    }

    /// As `servers` in the configuration names it.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.as_socket().expect("a TCP upstream").port()
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).requests.clone()
    }

    /// The only request so far.
    pub fn request(&self) -> Request {
        let requests = self.wait(|seen| (!seen.requests.is_empty()).then(|| seen.requests.clone()));
        assert_eq!(requests.len(), 1, "the upstream saw: {requests:?}");
        requests.into_iter().next().expect("one")
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).connections
    }

    /// Waits until so many requests have come.
    pub fn wait_requests(&self, count: usize) {
        self.wait(|seen| (seen.requests.len() >= count).then_some(()));
    }

    /// Waits until so many connections were ended by the peer or by the script.
    pub fn wait_ended(&self, count: usize) {
        self.wait(|seen| (seen.ended >= count).then_some(()));
    }

    fn wait<T>(&self, look: impl Fn(&Seen) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(found) = look(&seen) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited in vain for the upstream; it saw {:?}", seen.requests);
            seen = self.seen.1.wait_timeout(seen, left).expect("not poisoned").0;
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        note(&self.seen, |seen| seen.stopped = true);
        // One more connection wakes the accepting thread, which then ends.
        let domain = if self.address.is_unix() { Domain::UNIX } else { Domain::IPV4 };
        if let Ok(socket) = Socket::new(domain, Type::STREAM, None) {
            let _ = socket.connect(&self.address);
        }
    }
}

fn note<T>(seen: &Arc<(Mutex<Seen>, Condvar)>, change: impl FnOnce(&mut Seen) -> T) -> T {
    let result = change(&mut seen.0.lock().unwrap_or_else(PoisonError::into_inner));
    seen.1.notify_all();
    result
}

pub(super) struct Connection {
    socket: Socket,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    pub(super) buffer: Vec<u8>,
}

impl Connection {
    fn play(mut self, script: &[Step]) {
        let mut steps = script.iter();
        while let Some(step) = steps.next() {
            let goes_on = match step {
                Step::ReadHead => self.read_head().is_some(),
                Step::ReadRequest => self.read_request(),
                Step::ReadRecords => self.read_records(),
                Step::Sip(pieces, limit, pause) => self.sip(*pieces, *limit, *pause) && self.read_request(),
                Step::Arrive(bytes) => self.has_come(bytes),
                Step::Send(bytes) => self.socket.write_all(bytes).is_ok(),
                Step::Drip(bytes, pause) => bytes.iter().all(|byte| {
                    thread::sleep(*pause);
                    self.socket.write_all(&[*byte]).is_ok()
                }),
                Step::Flood(bytes) => {
                    while self.socket.write_all(bytes).is_ok() {}
                    false
                }
                Step::Await(event) => event.wait(),
                Step::Signal(event) => {
                    event.set();
                    true
                }
                Step::HalfClose => self.socket.shutdown(Shutdown::Write).is_ok(),
                Step::Close => false,
                Step::Reset => {
                    let _ = self.socket.set_linger(Some(Duration::ZERO));
                    note(&self.seen, |seen| seen.ended += 1);
                    return;
                }
                Step::Hold => {
                    self.until_stopped();
                    false
                }
                Step::Listen => {
                    while self.more() {}
                    false
                }
                Step::Again => {
                    steps = script.iter();
                    true
                }
            };
            if !goes_on {
                break;
            }
        }
        let _ = self.socket.shutdown(Shutdown::Write);
        while self.more() {}
        note(&self.seen, |seen| seen.ended += 1);
    }

    fn until_stopped(&self) {
        let seen = self.seen.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.seen.1.wait_while(seen, |seen| !seen.stopped));
    }

    /// Reads slowly.
    fn sip(&mut self, pieces: usize, limit: usize, pause: Duration) -> bool {
        let mut piece = vec![0; limit];
        (0..pieces).all(|_| {
            let read = self.socket.read(&mut piece).unwrap_or(0);
            self.buffer.extend_from_slice(&piece[..read]);
            thread::sleep(pause);
            read > 0
        })
    }

    /// Waits for `bytes` among those that have not been read, or were read with a head before them.
    fn has_come(&self, bytes: &[u8]) -> bool {
        if find(&self.buffer, bytes).is_some() {
            return true;
        }
        let Ok(socket) = self.socket.try_clone() else { return false };
        let (socket, mut piece) = (TcpStream::from(socket), vec![0; 1 << 16]);
        loop {
            match socket.peek(&mut piece) {
                Ok(length @ 1..) if find(&piece[..length], bytes).is_some() => return true,
                Ok(1..) => thread::yield_now(),
                _ => return false,
            }
        }
    }

    /// Reads a head and records it as a request whose body has not come.
    fn read_head(&mut self) -> Option<usize> {
        let end = self.fill(|buffer| find(buffer, b"\r\n\r\n").map(|at| at + 4))?;
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        self.buffer.drain(..end);
        let request = Request { head, body: Vec::new(), trailers: Vec::new(), complete: false };
        Some(note(&self.seen, |seen| {
            seen.requests.push(request);
            seen.requests.len() - 1
        }))
    }

    /// Records a request.
    pub(super) fn note(&self, request: Request) {
        note(&self.seen, |seen| seen.requests.push(request));
    }

    fn read_request(&mut self) -> bool {
        let Some(index) = self.read_head() else { return false };
        let request = self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).requests[index].clone();
        let chunked = request.field("transfer-encoding").is_some_and(|coding| coding.contains("chunked"));
        let length = request.field("content-length").map_or(0, |length| length.parse().unwrap_or(0));
        let (mut body, mut trailers) = (Vec::new(), Vec::new());
        let complete = if chunked { self.read_chunks(&mut body, &mut trailers) } else { self.take(length, &mut body) };
        note(&self.seen, |seen| {
            seen.requests[index].body = body;
            seen.requests[index].trailers = trailers;
            seen.requests[index].complete = complete;
        });
        complete
    }

    fn read_chunks(&mut self, body: &mut Vec<u8>, trailers: &mut Vec<String>) -> bool {
        loop {
            let Some(end) = self.fill(|buffer| find(buffer, b"\r\n")) else { return false };
            let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
            self.buffer.drain(..end + 2);
            let size = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16).unwrap_or(0);
            if size == 0 {
                return self.read_trailers(trailers);
            }
            if !self.take(size, body) || !self.take(2, &mut Vec::new()) {
                return false;
            }
        }
    }

    fn read_trailers(&mut self, trailers: &mut Vec<String>) -> bool {
        while let Some(end) = self.fill(|buffer| find(buffer, b"\r\n")) {
            let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
            self.buffer.drain(..end + 2);
            if end == 0 {
                return true;
            }
            trailers.push(line);
        }
        false
    }

    fn take(&mut self, length: usize, into: &mut Vec<u8>) -> bool {
        let whole = self.fill(|buffer| (buffer.len() >= length).then_some(length));
        let take = whole.unwrap_or(self.buffer.len());
        into.extend(self.buffer.drain(..take));
        whole.is_some()
    }

    pub(super) fn fill(&mut self, enough: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
        loop {
            if let Some(end) = enough(&self.buffer) {
                return Some(end);
            }
            if !self.more() {
                return None;
            }
        }
    }

    /// Reads once; `false` at the end. The test's own end is noticed as well.
    fn more(&mut self) -> bool {
        let mut piece = vec![0; 64 * 1024];
        let _ = self.socket.set_read_timeout(Some(Duration::from_millis(200)));
        loop {
            match self.socket.read(&mut piece) {
                Ok(0) => return false,
                Ok(length) => {
                    self.buffer.extend_from_slice(&piece[..length]);
                    return true;
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    if self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).stopped {
                        return false;
                    }
                }
                Err(_) => return false,
            }
        }
    }
}

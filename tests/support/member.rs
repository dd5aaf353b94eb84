//! A server of a pool that can be killed, frozen, restarted and made to break answers off while a load runs.
//! It notes what it read of every request by its id, so that a test can join both sides' records.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use socket2::{Domain, SockRef, Socket, Type};

/// What a member does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// It is gone: connections are reset, new ones refused.
    Killed,
    /// It ends in order: requests under way are answered, new connections refused.
    Stopped,
    /// It answers nothing, and goes on later.
    Frozen,
    /// It breaks every second answer off.
    Cuts,
    /// It closes the connection behind every answer without a word.
    Closes,
}

/// How often a request was seen.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sightings {
    /// Its head.
    pub heads: usize,
    /// All of it, which is as good as carried out.
    pub whole: usize,
}

/// The member.
pub struct Member {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    trouble: Mutex<Trouble>,
    changed: Condvar,
    seen: Mutex<HashMap<String, Sightings>>,
    open: Mutex<Vec<(TcpStream, Arc<AtomicBool>)>>,
}

impl Member {
    /// A member without trouble.
    pub fn start() -> Self {
        let shared = Arc::new(Shared {
            trouble: Mutex::new(Trouble::None),
            changed: Condvar::new(),
            seen: Mutex::default(),
            open: Mutex::default(),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        serve(listener, &shared);
        Self { address, shared }
    }

    /// As `servers` names it.
    pub fn server(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How often the request was seen.
    pub fn seen(&self, id: &str) -> Sightings {
        lock(&self.shared.seen).get(id).copied().unwrap_or_default()
    }

    /// Begins or ends a trouble.
    pub fn set(&self, trouble: Trouble) {
        let before = std::mem::replace(&mut *lock(&self.shared.trouble), trouble);
        self.shared.changed.notify_all();
        let gone = |trouble| matches!(trouble, Trouble::Killed | Trouble::Stopped);
        if gone(trouble) && !gone(before) {
            // One more connection wakes the accepting thread, which sees that it is over and closes the port.
            let _ = TcpStream::connect(self.address).map(|mut last| last.read(&mut [0]));
            for (socket, busy) in lock(&self.shared.open).drain(..) {
                if trouble == Trouble::Killed {
                    let _ = SockRef::from(&socket).set_linger(Some(Duration::ZERO));
                    let _ = socket.shutdown(Shutdown::Both);
                } else if !busy.load(Ordering::SeqCst) {
                    let _ = socket.shutdown(Shutdown::Read);
                }
            }
        }
        if gone(before) && !gone(trouble) {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
            socket.set_reuse_address(true).expect("a socket option");
            socket.bind(&self.address.into()).expect("the port was ours");
            socket.listen(128).expect("a bound socket listens");
            serve(socket.into(), &self.shared);
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.set(Trouble::Killed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(listener: TcpListener, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        while let Ok((socket, _)) = listener.accept() {
            let trouble = lock(&shared.trouble);
            if matches!(*trouble, Trouble::Killed | Trouble::Stopped) {
                drop(listener);
                return;
            }
            let busy = Arc::new(AtomicBool::new(false));
            if let Ok(handle) = socket.try_clone() {
                lock(&shared.open).push((handle, Arc::clone(&busy)));
            }
            drop(trouble);
            let shared = Arc::clone(&shared);
            thread::spawn(move || while answer(&socket, &shared, &busy).is_some() {});
        }
    });
}

/// Serves one request; `None` ends the connection.
fn answer(mut socket: &TcpStream, shared: &Shared, busy: &AtomicBool) -> Option<()> {
    busy.store(false, Ordering::SeqCst);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        (socket.read(&mut byte).ok()? == 1).then_some(())?;
        busy.store(true, Ordering::SeqCst);
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let id = head.split([' ', '/']).nth(2)?.to_owned();
    lock(&shared.seen).entry(id.clone()).or_default().heads += 1;
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    socket.read_exact(&mut body).ok()?;
    let count = {
        let mut seen = lock(&shared.seen);
        seen.entry(id.clone()).or_default().whole += 1;
        seen.len()
    };
    let frozen = shared.changed.wait_while(lock(&shared.trouble), |trouble| *trouble == Trouble::Frozen);
    let trouble = *frozen.unwrap_or_else(PoisonError::into_inner);
    let text = id.repeat(50);
    let answer = if count.is_multiple_of(3) {
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n0\r\n\r\n", text.len())
    } else {
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())
    };
    if trouble == Trouble::Cuts && count.is_multiple_of(2) {
        socket.write_all(&answer.as_bytes()[..answer.len() * (count % 4) / 4]).ok()?;
        let _ = socket.shutdown(Shutdown::Both);
        return None;
    }
    socket.write_all(answer.as_bytes()).ok()?;
    if matches!(trouble, Trouble::Closes | Trouble::Stopped) {
        let _ = socket.shutdown(Shutdown::Write);
        return None;
    }
    Some(())
}

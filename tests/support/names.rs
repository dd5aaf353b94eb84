//! A name server that answers by the first label of the name, over UDP on port 0.
//! `good` is 127.0.0.1; `nxdomain`, `servfail`, `refused` and `empty` are what they say; everything else is silence.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// A scripted name server; its thread ends with the test's process.
pub struct Names {
    /// Where it listens.
    pub address: SocketAddr,
    questions: Arc<AtomicUsize>,
}

impl Names {
    /// Starts one.
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = socket.local_addr().expect("a bound socket has an address");
        let questions = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&questions);
        thread::spawn(move || {
            let mut packet = [0; 512];
            while let Ok((length, peer)) = socket.recv_from(&mut packet) {
                count.fetch_add(1, Ordering::Relaxed);
                if let Some(answer) = answer(&packet[..length]) {
                    let _ = socket.send_to(&answer, peer);
                }
            }
        });
        Self { address, questions }
    }

    /// How many questions came so far.
    pub fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }
}

/// RFC 1035 section 4: header, the question repeated, at most one address.
fn answer(question: &[u8]) -> Option<Vec<u8>> {
    const HEADER: usize = 12;
    let label_length = usize::from(*question.get(HEADER)?);
    let label = question.get(HEADER + 1..HEADER + 1 + label_length)?.to_ascii_lowercase();
    let name_end = HEADER + question[HEADER..].iter().position(|byte| *byte == 0)? + 1;
    let wants_ipv4 = question.get(name_end..name_end + 2)? == [0, 1];
    let (code, found) = match label.as_slice() {
        b"good" => (0, wants_ipv4),
        b"empty" => (0, false),
        b"servfail" => (2, false),
        b"nxdomain" => (3, false),
        b"refused" => (5, false),
        _ => return None,
    };
    let mut reply = question[..2].to_vec();
    reply.extend([0x81, 0x80 | code, 0, 1, 0, u8::from(found), 0, 0, 0, 0]);
    reply.extend(&question[HEADER..name_end + 4]);
    if found {
        // The name by pointer, A, IN, a TTL of 60 s, four bytes of address.
        reply.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    Some(reply)
}

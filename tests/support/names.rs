//! A name server over UDP on port 0, which answers a name as it was told, else by the first label of it.
//! `good` is 127.0.0.1; `nxdomain`, `servfail`, `refused` and `empty` are what they say; everything else is silence.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

const HEADER: usize = 12;
const A: u16 = 1;
const SRV: u16 = 33;

/// What is answered for a name.
#[derive(Clone)]
pub enum Says {
    /// This response code.
    Code(u8),
    /// These addresses, with a TTL in seconds.
    Addresses(Vec<Ipv4Addr>, u32),
    /// SRV records of priority, weight, port and target, with a TTL in seconds.
    Services(Vec<([u16; 3], &'static str)>, u32),
    /// Nothing.
    Silence,
}

/// A scripted name server; its thread ends with the test's process.
pub struct Names {
    /// Where it listens.
    pub address: SocketAddr,
    questions: Arc<AtomicUsize>,
    told: Told,
}

type Told = Arc<Mutex<BTreeMap<String, Says>>>;

impl Names {
    /// Starts one.
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = socket.local_addr().expect("a bound socket has an address");
        let (questions, told) = (Arc::new(AtomicUsize::new(0)), Told::default());
        let (count, table) = (Arc::clone(&questions), Arc::clone(&told));
        thread::spawn(move || {
            let mut packet = [0; 512];
            while let Ok((length, peer)) = socket.recv_from(&mut packet) {
                count.fetch_add(1, Ordering::Relaxed);
                if let Some(answer) = answer(&packet[..length], &table) {
                    let _ = socket.send_to(&answer, peer);
                }
            }
        });
        Self { address, questions, told }
    }

    /// Answers `name` so from now on.
    pub fn say(&self, name: &str, says: Says) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(name.into(), says);
    }

    /// How many questions came so far.
    pub fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }
}

/// RFC 1035 section 4: header, the question repeated, records.
fn answer(question: &[u8], told: &Told) -> Option<Vec<u8>> {
    let (name, end) = name(question)?;
    let kind = u16::from_be_bytes(question.get(end..end + 2)?.try_into().ok()?);
    let says = told.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
    let (code, ttl, records) = match says.or_else(|| by_label(&name))? {
        Says::Silence => return None,
        Says::Code(code) => (code, 0, Vec::new()),
        Says::Addresses(all, ttl) if kind == A => (0, ttl, all.iter().map(|one| one.octets().to_vec()).collect()),
        Says::Services(all, ttl) if kind == SRV => (0, ttl, all.iter().map(service).collect()),
        Says::Addresses(..) | Says::Services(..) => (0, 0, Vec::new()),
    };
    let mut reply = question[..2].to_vec();
    reply.extend([0x81, 0x80 | code, 0, 1, 0, u8::try_from(records.len()).expect("a few"), 0, 0, 0, 0]);
    reply.extend(&question[HEADER..end + 4]);
    for data in records {
        // The name by pointer, the type, IN, the TTL, the data.
        reply.extend([0xc0, 0x0c, question[end], question[end + 1], 0, 1]);
        reply.extend(ttl.to_be_bytes());
        reply.extend(u16::try_from(data.len()).expect("short").to_be_bytes());
        reply.extend(data);
    }
    Some(reply)
}

fn by_label(name: &str) -> Option<Says> {
    Some(match name.split('.').next()? {
        "good" => Says::Addresses(vec![Ipv4Addr::LOCALHOST], 60),
        "empty" => Says::Code(0),
        "servfail" => Says::Code(2),
        "nxdomain" => Says::Code(3),
        "refused" => Says::Code(5),
        _ => return None,
    })
}

/// The name in lower case, and where it ends.
fn name(question: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), HEADER);
    loop {
        let length = usize::from(*question.get(at)?);
        let label = question.get(at + 1..at + 1 + length)?;
        at += 1 + length;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
    }
}

/// RFC 2782: priority, weight, port and target.
fn service((numbers, target): &([u16; 3], &str)) -> Vec<u8> {
    let mut data: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
    for label in target.split('.').filter(|label| !label.is_empty()) {
        data.push(u8::try_from(label.len()).expect("short"));
        data.extend(label.bytes());
    }
    data.push(0);
    data
}

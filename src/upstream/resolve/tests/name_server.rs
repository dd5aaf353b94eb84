//! A scripted name server on loopback, over UDP alone: one reply to each query, by its name and number.

use std::{
    cell::Cell,
    net::{Ipv6Addr, SocketAddr},
    rc::Rc,
};

use tokio::{net::UdpSocket, task::spawn_local};

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;
const SRV: u16 = 33;
const MINUTE: u32 = 60;

/// What a name server does with one query.
#[derive(Clone, Copy)]
pub(super) enum Reply {
    Code(u8),
    /// 192.0.2.N with this TTL to A, nothing to anything else.
    Address(u8, u32),
    /// 192.0.2.N to A and `2001:db8::N` to AAAA with a TTL of zero.
    Both(u8),
    /// 192.0.2.N to A with a TTL of zero; AAAA gets no answer.
    Half(u8),
    /// These addresses with a TTL of a minute to A.
    Addresses(&'static [[u8; 4]]),
    /// Priority, weight, port and target, with a TTL of a minute to SRV.
    Services(&'static [([u16; 3], &'static str)]),
    /// An alias of this name, with this response code, to anything.
    Alias(&'static str, u8),
    /// The first bytes of an answer, marked as cut off.
    CutOff,
    /// The id of the query and bytes that are no message.
    Garbage,
    /// An address with another id, or for another name.
    WrongId,
    WrongQuestion,
    Silence,
}

/// A name server on UDP alone, its queries counted.
pub(super) struct NameServer {
    pub(super) address: SocketAddr,
    pub(super) queries: Rc<Cell<usize>>,
}

impl NameServer {
    pub(super) async fn start(reply: impl Fn(&str, usize) -> Reply + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let queries = Rc::new(Cell::new(0));
        let counter = Rc::clone(&queries);
        spawn_local(async move {
            let mut buffer = [0; 512];
            loop {
                let (length, peer) = socket.recv_from(&mut buffer).await.unwrap();
                counter.set(counter.get() + 1);
                if let Some(answer) = answer(&buffer[..length], |name| reply(name, counter.get())) {
                    socket.send_to(&answer, peer).await.unwrap();
                }
            }
        });
        Self { address, queries }
    }
}

fn answer(query: &[u8], reply: impl FnOnce(&str) -> Reply) -> Option<Vec<u8>> {
    let (mut name, mut at) = (Vec::new(), 12);
    while query[at] > 0 {
        let end = at + 1 + usize::from(query[at]);
        name.push(String::from_utf8(query[at + 1..end].to_vec()).unwrap());
        at = end;
    }
    let question = &query[12..at + 5];
    let family = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    let mut kind = family;
    let reply = reply(&name.join("."));
    let (code, records): (u8, Vec<(u32, Vec<u8>)>) = match reply {
        Reply::Silence => return None,
        Reply::Garbage => return Some([&query[..2], &[0xff, 0xff, 1]].concat()),
        Reply::Alias(target, code) => {
            kind = CNAME;
            (code, vec![(MINUTE, labels(target))])
        }
        Reply::Code(code) => (code, Vec::new()),
        Reply::Address(last, ttl) if family == A => (0, vec![(ttl, vec![192, 0, 2, last])]),
        Reply::Both(last) | Reply::Half(last) if family == A => (0, vec![(0, vec![192, 0, 2, last])]),
        Reply::Both(last) if family == AAAA => {
            (0, vec![(0, Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into()).octets().to_vec())])
        }
        Reply::WrongId | Reply::WrongQuestion if family == A => (0, vec![(MINUTE, vec![192, 0, 2, 1])]),
        Reply::Half(_) => return None,
        Reply::Addresses(all) if family == A => (0, all.iter().map(|one| (MINUTE, one.to_vec())).collect()),
        Reply::Services(all) if family == SRV => (0, all.iter().map(|one| (MINUTE, service(one))).collect()),
        _ => (0, Vec::new()),
    };
    let count = u8::try_from(records.len()).unwrap();
    let mut message = [&query[..2], &[0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0], question].concat();
    match reply {
        Reply::CutOff => message[2] |= 2,
        Reply::WrongId => message[0] = !message[0],
        Reply::WrongQuestion => message[13] = b'_',
        _ => {}
    }
    for (ttl, data) in records {
        message.extend([0xc0, 12]);
        message.extend(kind.to_be_bytes());
        message.extend([0, 1]);
        message.extend(ttl.to_be_bytes());
        message.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        message.extend(data);
    }
    Some(message)
}

/// The data of an SRV record; a target of `.` is the root.
fn service((numbers, target): &([u16; 3], &str)) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).chain(labels(target)).collect()
}

/// A name as it stands in a message.
fn labels(name: &str) -> Vec<u8> {
    let mut data = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        data.push(u8::try_from(label.len()).unwrap());
        data.extend(label.bytes());
    }
    data.push(0);
    data
}

//! The demo's name server: UDP on loopback, one thread, answers as the first label of a name says.
//! RFC 1035 section 4.1: the question comes back under a header with the code.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    thread,
};

use crate::limits;

const HEADER: usize = 12;
/// A type and a class behind the name.
const QUESTION_END: usize = 4;

/// Starts it; what comes back is its address.
pub(super) fn start() -> io::Result<SocketAddr> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let address = socket.local_addr()?;
    thread::Builder::new().name("demo".into()).spawn(move || {
        let mut packet = [0; limits::DEMO_PACKET];
        while let Ok((length, peer)) = socket.recv_from(&mut packet) {
            if let Some(answer) = answer(&packet[..length]) {
                // Whoever asked has left.
                let _ = socket.send_to(&answer, peer);
            }
        }
    })?;
    Ok(address)
}

/// The answer to a question; silence where the name asks for it.
fn answer(question: &[u8]) -> Option<Vec<u8>> {
    let label_length = usize::from(*question.get(HEADER)?);
    let label = question.get(HEADER + 1..HEADER + 1 + label_length)?.to_ascii_lowercase();
    let name_length = question.get(HEADER..)?.iter().position(|byte| *byte == 0)? + 1;
    let code = match label.as_slice() {
        b"empty" => 0,
        b"servfail" => 2,
        b"nxdomain" => 3,
        b"refused" => 5,
        _ => return None,
    };
    let mut answer = question.get(..2)?.to_vec();
    // An answer, recursion wanted and had, the code; one question, no records.
    answer.extend([0x81, 0x80 | code, 0, 1, 0, 0, 0, 0, 0, 0]);
    answer.extend(question.get(HEADER..HEADER + name_length + QUESTION_END)?);
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::answer;

    fn question(name: &str) -> Vec<u8> {
        let mut bytes = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            bytes.push(u8::try_from(label.len()).expect("short"));
            bytes.extend(label.as_bytes());
        }
        bytes.extend([0, 0, 1, 0, 1]);
        bytes
    }

    #[test]
    fn a_name_is_answered_as_its_first_label_says() {
        for (name, code) in
            [("empty.example", 0), ("servfail.example", 2), ("NXDOMAIN.example", 3), ("refused.example", 5)]
        {
            let asked = question(name);
            let answer = answer(&asked).expect("an answer");
            assert_eq!((&answer[..2], answer[3] & 0x0f, &answer[12..]), (&asked[..2], code, &asked[12..]));
        }
        assert_eq!(answer(&question("silent.example")), None);
        assert_eq!(answer(&[]), None);
    }
}

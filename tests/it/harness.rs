//! The harness itself: scripts do what they say, faults are faults, the reader tells the ends of answers apart.
//! Without this a test of the gateway could pass because its upstream did nothing.

use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpStream, UdpSocket},
    path::Path,
    time::Duration,
};

use crate::support::{
    Client, End, Origin, Step,
    faults::{self, Fault},
    names::Names,
};

fn client(origin: &Origin) -> Client {
    Client::tcp(SocketAddr::from(([127, 0, 0, 1], origin.port())))
}

fn sends(bytes: &str, end: Step) -> Origin {
    Origin::always(vec![Step::ReadRequest, Step::Send(bytes.into()), end])
}

#[test]
fn the_reader_tells_the_ends_of_an_answer_apart() {
    let whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok";
    let open = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n";
    let old = "HTTP/1.1 200 OK\r\n\r\nok";
    for (bytes, end, expected) in [
        (whole, Step::Listen, End::Complete),
        (short, Step::Close, End::Cut),
        (open, Step::Close, End::Cut),
        (short, Step::Reset, End::Reset),
        (old, Step::Close, End::Closed),
    ] {
        let origin = sends(bytes, end);
        let response = client(&origin).get("/");
        assert!(response.end == expected || (expected == End::Reset && response.status == 0), "{bytes}: {response:?}");
    }
}

#[test]
fn an_origin_records_what_came_and_whether_it_was_whole() {
    let origin = Origin::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let mut first = client(&origin);
    assert_eq!(first.post("/whole", "hello").status, 200);
    first.send("POST /half HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf").finish();
    origin.wait_ended(1);
    let requests = origin.requests();
    let lines: Vec<_> = requests.iter().map(|request| (request.line(), request.complete)).collect();
    assert_eq!(lines, [("POST /whole HTTP/1.1", true), ("POST /half HTTP/1.1", false)]);
    assert_eq!((&requests[0].body[..], &requests[1].body[..], origin.connections()), (&b"hello"[..], &b"half"[..], 1));
}

#[test]
fn tcp_faults_are_what_they_say() {
    let kind = |fault: &Fault| {
        let address = fault.server.trim_start_matches("http://").parse().expect("an address");
        TcpStream::connect_timeout(&address, Duration::from_millis(300)).map(drop).map_err(|error| error.kind())
    };
    let nowhere = Path::new("");
    assert_eq!(kind(&faults::refused(nowhere)), Err(ErrorKind::ConnectionRefused));
    assert_eq!(kind(&faults::full(nowhere)), Err(ErrorKind::TimedOut));
    assert_eq!(kind(&faults::unroutable(nowhere)), Err(ErrorKind::NetworkUnreachable));
}

#[test]
fn unix_faults_are_what_they_say() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let kind = |make: fn(&Path) -> Fault| {
        let fault = make(folder.path());
        let path = fault.server.trim_start_matches("http+unix:").to_owned();
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).expect("a socket");
        socket.set_nonblocking(true).expect("a socket option");
        socket.connect(&socket2::SockAddr::unix(path).expect("a short path")).map_err(|error| error.kind())
    };
    assert_eq!(kind(faults::missing), Err(ErrorKind::NotFound));
    assert_eq!(kind(faults::stale), Err(ErrorKind::ConnectionRefused));
    assert_eq!(kind(faults::not_a_socket), Err(ErrorKind::ConnectionRefused));
    assert_eq!(kind(faults::full_unix), Err(ErrorKind::WouldBlock));
    if !rustix::process::getuid().is_root() {
        assert_eq!(kind(faults::forbidden), Err(ErrorKind::PermissionDenied));
    }
}

#[test]
fn the_name_server_answers_by_the_first_label() {
    let names = Names::start();
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.set_read_timeout(Some(Duration::from_millis(300))).expect("a socket option");
    let ask = |label: &str| {
        let mut question = vec![1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, u8::try_from(label.len()).expect("short")];
        question.extend(label.bytes().chain([7]).chain(*b"example").chain([0, 0, 1, 0, 1]));
        socket.send_to(&question, names.address).expect("loopback takes it");
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).ok()?;
        Some((answer[3] & 0x0f, answer[7], answer[length - 4..length].to_vec()))
    };
    assert_eq!(ask("good"), Some((0, 1, vec![127, 0, 0, 1])));
    assert_eq!(ask("nxdomain").map(|answer| (answer.0, answer.1)), Some((3, 0)));
    assert_eq!(ask("servfail").map(|answer| answer.0), Some(2));
    assert_eq!(ask("silent"), None);
    assert_eq!(names.questions(), 4);
}

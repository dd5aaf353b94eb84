//! The demo's upstreams: a listener a scene, a thread a connection, the acts of the scene in order.
//! They end with the process.

use std::{
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use socket2::SockRef;

use super::scene::Act;
use crate::{limits, upstream::transport::fastcgi::record};

/// Starts an upstream that plays `acts` on every connection; what comes back is its URL.
pub(super) fn start(acts: &'static [Act]) -> io::Result<String> {
    listen(move |stream| play(acts, stream))
}

/// Starts an upstream that answers every request with `page`.
pub(super) fn serve_page(page: String) -> io::Result<String> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n\
                Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; form-action 'self'\r\n";
    let answer = format!("{head}Content-Length: {}\r\n\r\n{page}", page.len());
    listen(move |stream| {
        let mut reader = BufReader::new(stream);
        while let Some(length) = read_head(&mut reader)? {
            skip_body(&mut reader, length)?;
            reader.get_mut().write_all(answer.as_bytes())?;
        }
        Ok(())
    })
}

fn listen(serve: impl Fn(&TcpStream) -> io::Result<()> + Clone + Send + 'static) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::Builder::new().name("demo".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            // Where no thread can be had, the connection is closed, which is a failure like the others.
            let _ = thread::Builder::new().name("demo".into()).spawn(move || {
                // A peer that leaves early ends its own scene.
                let _ = serve(&stream);
                drain(&stream);
            });
        }
    })?;
    Ok(format!("http://{address}"))
}

fn play(acts: &[Act], stream: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    for act in acts {
        match *act {
            Act::ReadHead => {
                read_head(&mut reader)?;
            }
            Act::ReadRequest => {
                let Some(length) = read_head(&mut reader)? else { return Ok(()) };
                skip_body(&mut reader, length)?;
            }
            Act::ReadRecords => read_records(&mut reader)?,
            Act::Answer(text) => write_record(stream, record::kind::STDOUT, text.as_bytes())?,
            Act::Say(text) => write_record(stream, record::kind::STDERR, text.as_bytes())?,
            Act::End(app, protocol) => {
                write_record(stream, record::kind::END, &[0, 0, 0, app, protocol, 0, 0, 0])?;
            }
            Act::Send(bytes) => reader.get_mut().write_all(bytes)?,
            Act::Repeat(bytes, times) => {
                let mut writer = BufWriter::new(stream);
                for _ in 0..times {
                    writer.write_all(bytes)?;
                }
                writer.flush()?;
            }
            Act::Trickle(bytes) => loop {
                reader.get_mut().write_all(bytes)?;
                thread::sleep(limits::DEMO_PAUSE);
            },
            Act::Sleep => thread::sleep(limits::DEMO_SILENCE),
            Act::Reset => SockRef::from(stream).set_linger(Some(Duration::ZERO))?,
        }
    }
    Ok(())
}

/// How the body behind a head is framed.
enum Framing {
    Length(u64),
    Chunked,
}

/// Reads a head; `None` when the peer has ended the connection.
fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Framing>> {
    let mut framing = Framing::Length(0);
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let lower = line.trim().to_ascii_lowercase();
        match lower.split_once(':') {
            Some(("content-length", value)) => framing = Framing::Length(value.trim().parse().unwrap_or(0)),
            Some(("transfer-encoding", _)) => framing = Framing::Chunked,
            Some(_) => {}
            None if lower.is_empty() => return Ok(Some(framing)),
            None => {}
        }
    }
}

fn skip_body(reader: &mut impl BufRead, framing: Framing) -> io::Result<()> {
    let mut skip = |length| io::copy(&mut reader.by_ref().take(length), &mut io::sink()).map(|got| got == length);
    match framing {
        Framing::Length(length) => skip(length).map(drop),
        Framing::Chunked => loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let size = line.trim().split(';').next().unwrap_or_default();
            let Ok(size @ 1..) = u64::from_str_radix(size, 16) else {
                // The blank line behind the last chunk; trailers are nobody's business here.
                return reader.read_line(&mut line).map(drop);
            };
            // The chunk and the end of its line.
            io::copy(&mut reader.by_ref().take(size + 2), &mut io::sink())?;
        },
    }
}

/// Reads records up to the one that ends the request's body.
fn read_records(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let mut header = [0; record::HEADER];
        reader.read_exact(&mut header)?;
        let [_, kind, _, _, high, low, padding, _] = header;
        let content = u64::from(u16::from_be_bytes([high, low]));
        io::copy(&mut reader.by_ref().take(content + u64::from(padding)), &mut io::sink())?;
        if kind == record::kind::STDIN && content == 0 {
            return Ok(());
        }
    }
}

fn write_record(mut stream: &TcpStream, kind: u8, content: &[u8]) -> io::Result<()> {
    stream.write_all(&[&record::header(kind, content.len())[..], content].concat())
}

/// Ends politely: what still comes is read, so that no reset overtakes the answer.
fn drain(stream: &TcpStream) {
    let lingers = SockRef::from(stream).linger().ok().flatten().is_none();
    if lingers && stream.shutdown(Shutdown::Write).is_ok() {
        let mut rest = stream;
        // A peer that resets has read enough.
        let _ = io::copy(&mut rest, &mut io::sink());
    }
}

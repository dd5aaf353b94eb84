//! A file as an answer: its fields, and the bytes of it that were asked for.
//! Small files are read at once; large ones piece by piece as the client takes them, so that none holds up a worker.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body::{Frame, SizeHint};
use rustix::{buffer::spare_capacity, fd::OwnedFd, fs::Stat, io::Errno};

use super::{
    coding::Coding,
    condition::{self, Verdict},
    folder::Opened,
    name,
    range::Part,
    refusal::LOOK_AT_THE_DISK,
};
use crate::{
    config::settings::Site,
    failure::{Cause, Delivered, Failure, Result},
    limits,
    message::Body,
};

/// What is known of a file beside the file.
pub struct About<'a> {
    /// Its site.
    pub site: &'a Site,
    /// Its path below the root, without the ending of a coding.
    pub path: &'a [u8],
    /// How it is compressed.
    pub coding: Option<Coding>,
}

/// The answer to `method` and `headers`: 200, 206, 304, 412 or 416.
///
/// # Errors
/// The file cannot be read.
pub fn answer(mut opened: Opened, about: &About<'_>, method: &Method, headers: &HeaderMap) -> Result<Response<Body>> {
    for _ in 0..limits::SITE_READ_ATTEMPTS {
        let size = u64::try_from(opened.stat.st_size).unwrap_or_default();
        let (etag, modified) = (etag(&opened.stat, about.coding), modified(&opened.stat));
        let verdict = condition::judge(method, headers, &etag, modified, size);
        let mut fields = HeaderMap::with_capacity(limits::SITE_FIELDS);
        if about.site.precompressed {
            fields.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        let (status, part) = match verdict {
            Verdict::NotModified => (StatusCode::NOT_MODIFIED, None),
            Verdict::Failed => (StatusCode::PRECONDITION_FAILED, None),
            Verdict::Send(Part::Unsatisfiable) => (StatusCode::RANGE_NOT_SATISFIABLE, None),
            Verdict::Send(Part::Whole) => (StatusCode::OK, Some((0, size))),
            Verdict::Send(Part::Some { start, length }) => (StatusCode::PARTIAL_CONTENT, Some((start, length))),
        };
        let body = match part {
            Some((_, length)) if *method == Method::HEAD || length == 0 => Body::Empty,
            Some((start, length)) if length <= limits::SITE_WHOLE_FILE => match read(&opened.file, start, length) {
                Ok(Some(bytes)) => Body::Full(bytes),
                // It is shorter than it was a moment ago: what is it now?
                Ok(None) => {
                    opened.stat = rustix::fs::fstat(&opened.file).map_err(|errno| unreadable(about, errno))?;
                    continue;
                }
                Err(errno) => return Err(unreadable(about, errno)),
            },
            Some((start, length)) => {
                let name = String::from_utf8_lossy(about.path).into();
                Body::Stream(Box::pin(Reading { file: opened.file, name, at: start, left: length, broken: None }))
            }
            None => Body::Empty,
        };
        match (status, part) {
            (StatusCode::PARTIAL_CONTENT, Some((start, length))) => {
                let last = start + length - 1;
                fields.insert(header::CONTENT_RANGE, field(format!("bytes {start}-{last}/{size}")));
            }
            (StatusCode::RANGE_NOT_SATISFIABLE, _) => {
                fields.insert(header::CONTENT_RANGE, field(format!("bytes */{size}")));
            }
            _ => {}
        }
        if let Some((_, length)) = part {
            fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            fields.insert(header::CONTENT_TYPE, kind(about));
            if let Some(coding) = about.coding {
                fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
            }
            fields.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        } else if status != StatusCode::NOT_MODIFIED {
            fields.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        if part.is_some() || status == StatusCode::NOT_MODIFIED {
            fields.insert(header::ETAG, etag);
            if let Some(modified) = modified {
                fields.insert(header::LAST_MODIFIED, field(httpdate::fmt_http_date(modified)));
            }
        }
        let mut answer = Response::new(body);
        *answer.status_mut() = status;
        *answer.headers_mut() = fields;
        return Ok(answer);
    }
    Err(shrunk(&String::from_utf8_lossy(about.path)))
}

/// The type by the name's ending. What is no text keeps its bytes to itself; text is said to be in the site's charset.
fn kind(about: &About<'_>) -> HeaderValue {
    let name = name::last(about.path);
    let ending = memchr::memrchr(b'.', name).map_or(&b""[..], |dot| &name[dot + 1..]);
    let kind = std::str::from_utf8(ending).ok().and_then(|ending| mime_guess::from_ext(ending).first_raw());
    match (kind, &about.site.charset) {
        (Some(kind), Some(charset)) if kind.starts_with("text/") || kind == "application/javascript" => {
            field(format!("{kind}; charset={charset}"))
        }
        (Some(kind), _) => HeaderValue::from_static(kind),
        (None, _) => HeaderValue::from_static("application/octet-stream"),
    }
}

/// A strong validator: the time of the last change, the size, and the coding (RFC 9110 section 8.8.3).
fn etag(stat: &Stat, coding: Option<Coding>) -> HeaderValue {
    let (seconds, nanos, size) = (stat.st_mtime, stat.st_mtime_nsec, stat.st_size);
    field(match coding {
        None => format!("\"{seconds:x}.{nanos:x}-{size:x}\""),
        Some(coding) => format!("\"{seconds:x}.{nanos:x}-{size:x}-{}\"", coding.name()),
    })
}

/// When it was changed last; `None` for times before 1970, which only broken clocks and archives have.
#[expect(clippy::useless_conversion, reason = "the types of these fields are not the same on every architecture")]
fn modified(stat: &Stat) -> Option<SystemTime> {
    let seconds = u64::try_from(i64::try_from(stat.st_mtime).ok()?).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

fn field(text: String) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or(HeaderValue::from_static(""))
}

/// `length` bytes from `start`; `None` when the file ends before.
fn read(file: &OwnedFd, start: u64, length: u64) -> std::result::Result<Option<Bytes>, Errno> {
    let length = usize::try_from(length).map_err(|_| Errno::OVERFLOW)?;
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let at = start + bytes.len() as u64;
        match rustix::io::pread(file, spare_capacity(&mut bytes), at) {
            Ok(0) => return Ok(None),
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    // The room may be larger than was asked for, and the file longer.
    bytes.truncate(length);
    Ok(Some(bytes.into()))
}

/// A large file on its way to the client.
struct Reading {
    file: OwnedFd,
    /// For evidence.
    name: Box<str>,
    at: u64,
    left: u64,
    /// An error that waits until all before it had its chance to leave.
    broken: Option<Box<Failure>>,
}

impl http_body::Body for Reading {
    type Data = Bytes;
    type Error = Box<Failure>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if let Some(failure) = this.broken.take() {
            this.left = 0;
            return Poll::Ready(Some(Err(failure)));
        }
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let length = this.left.min(limits::SITE_READ);
        let failure = match read(&this.file, this.at, length) {
            Ok(Some(bytes)) => {
                this.at += length;
                this.left -= length;
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            Ok(None) => shrunk(&this.name),
            Err(errno) => {
                Failure::new(Cause::SiteFileBroken, format!("reading {}: {errno}", this.name)).next(LOOK_AT_THE_DISK)
            }
        };
        // The HTTP server drops a head that has not left when the body fails at once.
        this.broken = Some(failure.delivered(Delivered::Yes));
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

fn shrunk(name: &str) -> Box<Failure> {
    let evidence = format!("the file {name} became shorter while it was sent");
    Failure::new(Cause::SiteFileBroken, evidence)
        .next("let programs write a new file and rename it, instead of writing into one that is being served")
}

fn unreadable(about: &About<'_>, errno: Errno) -> Box<Failure> {
    let evidence = format!("reading {}: {errno}", String::from_utf8_lossy(about.path));
    Failure::new(Cause::SiteFileBroken, evidence).next(LOOK_AT_THE_DISK)
}

//! Request bodies of unknown length for upstreams that must know it: read to their end before the request is sent.
//! `attempt` asks for it, `replay` sends from it; small ones wait in memory, larger ones in an unnamed temporary file.

use std::{
    fs::File,
    future::{Future, poll_fn},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::Frame;
use tokio::task::{JoinHandle, spawn_blocking};

use super::replay::Replay;
use crate::{
    clock::Timer,
    failure::{Cause, Failure, Result},
    limits,
};

/// A body that has come as a whole. It can be read any number of times.
pub struct Spool {
    kept: Kept,
    folder: Arc<Path>,
    length: u64,
    /// How much was given out.
    at: u64,
    /// A read of the file under way.
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

enum Kept {
    Memory(Bytes),
    File(Arc<File>),
}

impl Spool {
    /// Takes all of `body`, what earlier attempts have read of it included; what is too large for memory goes on to a file in `folder`. `timer` is for the pauses of the
    /// client, `total` is the deadline of the whole request.
    ///
    /// # Errors
    /// Those of the body, `request-body-timeout`, `response-deadline`, and `gateway-spool-failed`.
    pub async fn fill(body: &mut Replay, folder: &Arc<Path>, timer: &Timer, total: Option<&Timer>) -> Result<Self> {
        let (mut memory, mut file, mut length) = (BytesMut::new(), None, 0);
        while let Some(data) = next(body, timer, total).await? {
            length += data.len() as u64;
            memory.extend_from_slice(&data);
            if memory.len() >= limits::SPOOL_MEMORY {
                file = Some(append(file, memory.split().freeze(), folder).await?);
            }
        }
        let kept = match file {
            None => Kept::Memory(memory.freeze()),
            Some(file) if memory.is_empty() => Kept::File(Arc::new(file)),
            Some(file) => Kept::File(Arc::new(append(Some(file), memory.freeze(), folder).await?)),
        };
        timer.disarm();
        Ok(Self { kept, folder: Arc::clone(folder), length, at: 0, reading: None })
    }

    /// Bytes of the whole.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether all of it was given out.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.at == self.length
    }

    /// Starts from the beginning.
    pub fn rewind(&mut self) {
        self.at = 0;
        self.reading = None;
    }

    /// The next piece.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        if self.is_end() {
            return Poll::Ready(None);
        }
        let piece = match &self.kept {
            Kept::Memory(bytes) => Ok(bytes.clone()),
            Kept::File(file) => {
                let reading = self.reading.get_or_insert_with(|| {
                    let (file, at, left) = (Arc::clone(file), self.at, self.length - self.at);
                    spawn_blocking(move || read(&file, at, left))
                });
                let read = ready!(Pin::new(reading).poll(cx));
                self.reading = None;
                read.unwrap_or_else(|error| Err(io::Error::other(error)))
            }
        };
        Poll::Ready(Some(match piece {
            Ok(piece) => {
                self.at += piece.len() as u64;
                Ok(Frame::data(piece))
            }
            Err(error) => Err(failed(error, &self.folder)),
        }))
    }
}

/// The next data of the body; `None` at the end. Trailers are dropped: there is no place for them.
async fn next(body: &mut Replay, timer: &Timer, total: Option<&Timer>) -> Result<Option<Bytes>> {
    timer.arm(Some(body.body().timeout()));
    poll_fn(|cx| match body.poll_away(cx) {
        Poll::Ready(data) => Poll::Ready(data.transpose()),
        Poll::Pending if timer.poll_expired(cx).is_ready() => Poll::Ready(Err(body.body().stalled())),
        Poll::Pending => {
            let Some(total) = total else { return Poll::Pending };
            let evidence = "the client had not sent its whole body when the time for the request was over";
            total.poll_expired(cx).map(|()| Err(Failure::new(Cause::ResponseDeadline, evidence)))
        }
    })
    .await
}

/// Writes `bytes` behind what is in `file`, which is made where there is none yet.
async fn append(file: Option<File>, bytes: Bytes, folder: &Arc<Path>) -> Result<File> {
    let place = Arc::clone(folder);
    let written = spawn_blocking(move || {
        let mut file = match file {
            Some(file) => file,
            None => tempfile::tempfile_in(place)?,
        };
        file.write_all(&bytes)?;
        Ok(file)
    });
    written.await.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| failed(error, folder))
}

fn read(file: &File, at: u64, left: u64) -> io::Result<Bytes> {
    let mut piece = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(limits::READ_BUFFER)];
    file.read_exact_at(&mut piece, at)?;
    Ok(piece.into())
}

fn failed(error: io::Error, folder: &Path) -> Box<Failure> {
    let folder = folder.display();
    let next = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("Make room in {folder}, or set `gateway.spool` to a folder with more of it.")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            format!("Let the gateway's user write to {folder}, or set `gateway.spool` to a folder of its own.")
        }
        io::ErrorKind::NotFound => format!("Make the folder {folder}, or correct `gateway.spool`."),
        _ => format!("See what is wrong with {folder}, or set `gateway.spool` to another folder."),
    };
    let evidence = format!("a request body of unknown length could not be kept in {folder}: {error}");
    Failure::new(Cause::GatewaySpoolFailed, evidence).next(next).source(error)
}

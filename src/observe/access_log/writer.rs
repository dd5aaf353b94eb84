//! The access log's own thread: takes batches from all workers and writes them, in the order in which they came.
//! A target that cannot be written stops nothing: lines are dropped and counted, and the program log says so once.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::{fd::AsFd, unix::fs::OpenOptionsExt},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::AccessLog;
use crate::{
    config::settings::{AccessFormat, LogTarget},
    limits,
};

/// Lines on their way to the target.
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) lines: u64,
    /// Takes the emptied buffer back to its worker.
    pub(super) back: SyncSender<Vec<u8>>,
}

pub(super) enum Message {
    Batch(Batch),
    Finish,
}

/// Empties a refused batch's buffer and returns it to its worker.
pub(super) fn give_back(refused: TrySendError<Message>) {
    if let TrySendError::Full(Message::Batch(batch)) | TrySendError::Disconnected(Message::Batch(batch)) = refused {
        batch.recycle();
    }
}

impl Batch {
    fn recycle(self) {
        let mut bytes = self.bytes;
        bytes.clear();
        // One huge line shall not keep its memory for ever.
        bytes.shrink_to(limits::ACCESS_LOG_BATCH * 2);
        _ = self.back.try_send(bytes);
    }
}

/// The control side of the access log.
pub struct Writer {
    to: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    ended: Receiver<()>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Opens the target and starts the thread. A file is appended to, and created with mode 0640.
    ///
    /// # Errors
    /// What opening the file or starting the thread gives: a gateway that cannot log must not start.
    pub fn open(target: &LogTarget) -> io::Result<Self> {
        let sink = Sink::open(target.clone(), limits::ACCESS_LOG_RETRY)?;
        let (to, batches) = sync_channel(limits::ACCESS_LOG_QUEUE);
        let (end, ended) = sync_channel(0);
        let dropped = Arc::default();
        let stop = Arc::default();
        let thread = thread::Builder::new().name("access-log".to_owned()).spawn({
            let (dropped, stop) = (Arc::clone(&dropped), Arc::clone(&stop));
            move || {
                write_all(&batches, sink, &dropped, &stop);
                drop::<SyncSender<()>>(end);
            }
        })?;
        Ok(Self { to, dropped, stop, ended, thread })
    }

    /// A worker's side. It may be made anywhere and moved to its worker.
    #[must_use]
    pub fn access_log(&self, format: AccessFormat) -> AccessLog {
        AccessLog::new(format, self.to.clone(), Arc::clone(&self.dropped))
    }

    /// Writes everything that was handed over, then ends. Waits at most `limits::ACCESS_LOG_FINISH`; whether it was
    /// enough: `false` means that lines were lost. Workers must have flushed before.
    #[must_use]
    pub fn finish(self) -> bool {
        self.stop.store(true, Ordering::Release);
        // A full queue needs no message: the thread looks at `stop` after every batch.
        _ = self.to.try_send(Message::Finish);
        if self.ended.recv_timeout(limits::ACCESS_LOG_FINISH) == Err(RecvTimeoutError::Timeout) {
            return false;
        }
        self.thread.join().is_ok()
    }
}

fn write_all(batches: &Receiver<Message>, mut sink: Sink, dropped: &AtomicU64, stop: &AtomicBool) {
    while let Ok(Message::Batch(batch)) = batches.recv() {
        sink.write(&batch.bytes, batch.lines);
        batch.recycle();
        sink.overrun(dropped);
        if stop.load(Ordering::Acquire) {
            while let Ok(Message::Batch(batch)) = batches.try_recv() {
                sink.write(&batch.bytes, batch.lines);
            }
            break;
        }
    }
    sink.overrun(dropped);
}

/// The target, and what is known about its troubles.
struct Sink {
    target: LogTarget,
    file: File,
    /// When writing failed: since then nothing is written before this.
    retry: Option<Instant>,
    pause: Duration,
    /// Lines lost since the last success.
    lost: u64,
    /// Whether the last thing written is the beginning of a line.
    torn: bool,
}

impl Sink {
    fn open(target: LogTarget, pause: Duration) -> io::Result<Self> {
        let file = open(&target)?;
        Ok(Self { target, file, retry: None, pause, lost: 0, torn: false })
    }

    fn write(&mut self, bytes: &[u8], lines: u64) {
        if self.retry.is_some_and(|retry| Instant::now() < retry) {
            self.lost += lines;
            return;
        }
        if let Err(error) = self.try_write(bytes) {
            if self.retry.is_none() {
                tracing::error!(
                    log = self.name(),
                    %error,
                    "the access log cannot be written; requests are served, their lines are dropped → next: free space or mend the rights, it is opened again by itself",
                );
            }
            self.retry = Some(Instant::now() + self.pause);
        } else if self.retry.take().is_some() {
            tracing::warn!(log = self.name(), lost = self.lost, "the access log is written again; lines were lost");
            self.lost = 0;
        }
    }

    /// Counts the lines that could not be written as lost.
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        let result = self.write_out(&mut rest);
        // Of a torn line the beginning is there; it counts as lost too.
        self.lost += memchr::memchr_iter(b'\n', rest).count() as u64;
        result
    }

    fn write_out(&mut self, rest: &mut &[u8]) -> io::Result<()> {
        if self.retry.is_some() && matches!(self.target, LogTarget::File(_)) {
            self.file = open(&self.target)?;
        }
        if self.torn {
            self.file.write_all(b"\n")?;
            self.torn = false;
        }
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.torn = rest[written - 1] != b'\n';
                    *rest = &rest[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Says what workers had to drop because the queue was full.
    fn overrun(&mut self, dropped: &AtomicU64) {
        if self.retry.is_some() {
            return;
        }
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::warn!(
                log = self.name(),
                lost,
                "access log lines were lost, because they came faster than they could be written → next: a faster disk, or a reader that keeps up",
            );
        }
    }

    fn name(&self) -> &str {
        match &self.target {
            LogTarget::Stdout => "standard output",
            LogTarget::Stderr => "standard error",
            LogTarget::File(path) => path.to_str().unwrap_or("file"),
        }
    }
}

/// Standard output is written through a descriptor of our own: Rust's is locked and split at line ends.
fn open(target: &LogTarget) -> io::Result<File> {
    match target {
        LogTarget::Stdout => Ok(io::stdout().as_fd().try_clone_to_owned()?.into()),
        LogTarget::Stderr => Ok(io::stderr().as_fd().try_clone_to_owned()?.into()),
        LogTarget::File(path) => append_to(path),
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o640).open(path)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_full_disk_loses_whole_lines_and_ends_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let mut sink = Sink::open(LogTarget::File(path.clone()), Duration::ZERO).unwrap();
        sink.write(b"1\n2\n", 2);
        sink.write(b"3\n", 1);
        assert!(sink.retry.is_some());
        assert_eq!(sink.lost, 3);
        fs::remove_file(&path).unwrap();
        sink.write(b"4\n", 1);
        assert!(sink.retry.is_none());
        assert_eq!((sink.lost, fs::read_to_string(&path).unwrap().as_str()), (0, "4\n"));
    }

    #[test]
    fn nothing_is_tried_again_before_its_time() {
        let target = LogTarget::File("/dev/full".into());
        let mut sink = Sink::open(target, limits::ACCESS_LOG_FINISH).unwrap();
        sink.write(b"1\n", 1);
        sink.file = File::create("/dev/null").unwrap();
        sink.write(b"2\n", 1);
        assert_eq!(sink.lost, 2);
    }

    #[test]
    fn a_torn_line_is_ended_before_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let mut sink = Sink::open(LogTarget::File(path.clone()), Duration::ZERO).unwrap();
        sink.write(b"torn", 0);
        sink.write(b"whole\n", 1);
        assert_eq!(fs::read_to_string(&path).unwrap(), "torn\nwhole\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o137, 0);
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_an_error_at_once() {
        let target = LogTarget::File("/nowhere/at/all/access.log".into());
        assert_eq!(Writer::open(&target).err().unwrap().kind(), io::ErrorKind::NotFound);
    }
}

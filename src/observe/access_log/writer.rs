//! The access log's own thread: takes batches from all workers and writes them, in the order in which they came.
//! A target that cannot be written stops nothing: lines are dropped and counted, and the program log says so once.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::{
        fd::AsFd,
        unix::fs::{MetadataExt, OpenOptionsExt},
    },
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
    Reopen,
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

/// What workers could not hand over.
#[derive(Default)]
pub(super) struct Dropped {
    /// Lines that the thread has not counted yet.
    pub(super) lines: AtomicU64,
    /// Whether it was said that lines are dropped.
    pub(super) told: AtomicBool,
}

impl Dropped {
    /// Counts lines. The first to do so says it, for the thread may be stuck in a write that does not end.
    pub(super) fn add(&self, lines: u64) {
        self.lines.fetch_add(lines, Ordering::Relaxed);
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "access log lines are dropped, because they come faster than they can be written; requests are served → next: look whether the log's disk or reader is stuck"
            );
        }
    }
}

/// What the thread is asked where the queue is full: it looks here after every batch.
#[derive(Default)]
struct Asked {
    reopen: AtomicBool,
    stop: AtomicBool,
}

/// The control side of the access log.
pub struct Writer {
    to: SyncSender<Message>,
    dropped: Arc<Dropped>,
    asked: Arc<Asked>,
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
        let dropped = Arc::<Dropped>::default();
        let asked = Arc::default();
        let thread = thread::Builder::new().name("access-log".to_owned()).spawn({
            let (dropped, asked) = (Arc::clone(&dropped), Arc::clone(&asked));
            move || {
                write_all(&batches, sink, &dropped, &asked);
                drop::<SyncSender<()>>(end);
            }
        })?;
        Ok(Self { to, dropped, asked, ended, thread })
    }

    /// A worker's side. It may be made anywhere and moved to its worker.
    #[must_use]
    pub fn access_log(&self, format: AccessFormat) -> AccessLog {
        AccessLog::new(format, self.to.clone(), Arc::clone(&self.dropped))
    }

    /// Opens the file anew, behind the lines that were handed over so far: after it was renamed, what comes next goes to
    /// a new file of the old name. Where the queue is full it happens behind the next batch. It never waits, and no line
    /// is lost; a file that cannot be opened leaves the old one in use, and the program log says so.
    pub fn reopen(&self) {
        if self.to.try_send(Message::Reopen).is_err() {
            self.asked.reopen.store(true, Ordering::Release);
        }
    }

    /// Writes everything that was handed over, then ends. Waits at most `limits::ACCESS_LOG_FINISH`; whether it was
    /// enough: `false` means that lines were lost. Workers must have flushed before.
    #[must_use]
    pub fn finish(self) -> bool {
        self.asked.stop.store(true, Ordering::Release);
        // A full queue needs no message: the thread looks at `stop` after every batch.
        _ = self.to.try_send(Message::Finish);
        if self.ended.recv_timeout(limits::ACCESS_LOG_FINISH) == Err(RecvTimeoutError::Timeout) {
            return false;
        }
        self.thread.join().is_ok()
    }
}

fn write_all(batches: &Receiver<Message>, mut sink: Sink, dropped: &Dropped, asked: &Asked) {
    loop {
        let message = match sink.wait(Instant::now()) {
            Some(time) => batches.recv_timeout(time),
            None => batches.recv().map_err(RecvTimeoutError::from),
        };
        match message {
            Ok(Message::Batch(batch)) => sink.take(batch),
            Ok(Message::Reopen) => sink.reopen(),
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Message::Finish) | Err(RecvTimeoutError::Disconnected) => break,
        }
        if asked.reopen.swap(false, Ordering::AcqRel) {
            sink.reopen();
        }
        sink.overrun += dropped.lines.swap(0, Ordering::Relaxed);
        if sink.complain(Instant::now()) {
            dropped.told.store(false, Ordering::Relaxed);
        }
        if asked.stop.load(Ordering::Acquire) {
            break;
        }
    }
    // Workers have ended: what is there now is all that comes.
    while let Ok(message) = batches.try_recv() {
        if let Message::Batch(batch) = message {
            sink.take(batch);
        }
    }
    sink.overrun += dropped.lines.swap(0, Ordering::Relaxed);
    sink.said = None;
    sink.complain(Instant::now());
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
    /// Lines that workers dropped because the queue was full, and that were not told yet.
    overrun: u64,
    /// When it was said last that lines are lost, by whichever trouble.
    said: Option<Instant>,
    /// Whether the last thing written is the beginning of a line.
    torn: bool,
}

impl Sink {
    fn open(target: LogTarget, pause: Duration) -> io::Result<Self> {
        let file = open(&target)?;
        Ok(Self { target, file, retry: None, pause, lost: 0, overrun: 0, said: None, torn: false })
    }

    fn take(&mut self, batch: Batch) {
        self.write(&batch.bytes, batch.lines);
        batch.recycle();
    }

    fn write(&mut self, bytes: &[u8], lines: u64) {
        if self.retry.is_some_and(|retry| Instant::now() < retry) {
            self.lost += lines;
            return;
        }
        if let Err(error) = self.try_write(bytes) {
            if self.retry.is_none() {
                self.said = None;
                tracing::error!(
                    log = self.name(),
                    %error,
                    "the access log cannot be written; requests are served, their lines are dropped → next: free space or mend the rights, it is opened again by itself",
                );
            }
            self.said.get_or_insert_with(Instant::now);
            self.retry = Some(Instant::now() + self.pause);
        } else if self.retry.take().is_some() {
            tracing::warn!(log = self.name(), lost = self.lost, "the access log is written again; lines were lost");
            (self.lost, self.said) = (0, None);
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
        if self.retry.is_some() {
            self.open_anew()?;
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

    /// Standard output and standard error stay what they are.
    fn open_anew(&mut self) -> io::Result<()> {
        if matches!(self.target, LogTarget::File(_)) {
            let file = open(&self.target)?;
            // Another file does not end in the middle of our line.
            self.torn &= same(&self.file, &file);
            self.file = file;
        }
        Ok(())
    }

    /// Lines are not buffered here: the old file has all that was written to it.
    fn reopen(&mut self) {
        match self.open_anew() {
            Ok(()) => {
                // What was wrong with the old file need not be so with the new one.
                self.retry = self.retry.map(|_| Instant::now());
                tracing::info!(log = self.name(), "the access log was opened anew");
            }
            Err(error) => tracing::error!(
                log = self.name(),
                %error,
                "the access log could not be opened anew; its lines still go to the file that was open → next: create the folder or mend the rights, then send SIGUSR1 again",
            ),
        }
    }

    /// How long lost lines may still be kept untold; `None` where there are none.
    fn wait(&self, now: Instant) -> Option<Duration> {
        (self.overrun > 0 || self.retry.is_some() && self.lost > 0).then(|| {
            self.said.map_or(Duration::ZERO, |said| {
                limits::ACCESS_LOG_COMPLAINT.saturating_sub(now.saturating_duration_since(said))
            })
        })
    }

    /// Says how many lines are lost: at once, then at most every `limits::ACCESS_LOG_COMPLAINT`. Whether
    /// there were lines among them that workers had dropped.
    fn complain(&mut self, now: Instant) -> bool {
        if self.wait(now).is_none_or(|time| !time.is_zero()) {
            return false;
        }
        self.said = Some(now);
        if self.retry.is_some() && self.lost > 0 {
            tracing::error!(
                log = self.name(),
                lost = self.lost,
                "the access log still cannot be written; lines are lost"
            );
        }
        let overrun = std::mem::take(&mut self.overrun);
        if overrun > 0 {
            tracing::warn!(
                log = self.name(),
                lost = overrun,
                "access log lines were lost, because they came faster than they could be written → next: a faster disk, or a reader that keeps up",
            );
        }
        overrun > 0
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

fn same(one: &File, other: &File) -> bool {
    let identity = |file: &File| file.metadata().map(|metadata| (metadata.dev(), metadata.ino())).ok();
    identity(one) == identity(other)
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o640).open(path)
}

#[cfg(test)]
mod tests;

//! The way of the program log to standard error: lines are left in a bounded queue, a thread of its own writes them.
//! Whoever logs never waits; what does not fit or cannot be written is counted, and the log says so as soon as it can.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tracing::Dispatch;

use crate::limits;

/// Lines on their way, and how many did not get on it.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Whole lines.
    text: Vec<u8>,
    /// Lines that did not fit since the thread looked last.
    lost: u64,
    /// Whether the thread has taken lines that are not written yet.
    writing: bool,
    /// Whether somebody waits for everything to be said: lost lines are told at once.
    urgent: bool,
}

impl Queue {
    pub(super) const fn new() -> Self {
        let state = State { text: Vec::new(), lost: 0, writing: false, urgent: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Starts the thread that writes to `to` whatever comes. `own` formats what the thread itself has to say.
    pub(super) fn written_to<W: Write + Send + 'static>(&'static self, to: W, own: Own) -> io::Result<()> {
        let pen = Pen { to, own, torn: false, lost: 0, said: None };
        thread::Builder::new().name("program-log".to_owned()).spawn(move || self.write_all(pen)).map(drop)
    }

    /// Waits until all that was logged is written, at most for `patience`; whether it was enough.
    pub(super) fn flush(&self, patience: Duration) -> bool {
        let mut state = self.lock();
        state.urgent = true;
        self.changed.notify_all();
        let busy = |state: &mut State| state.urgent || state.writing || !state.text.is_empty();
        let waited = self.changed.wait_timeout_while(state, patience, busy);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change leaves the state whole, also where a thread died behind it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all<W: Write>(&self, mut pen: Pen<W>) {
        let mut text = Vec::new();
        loop {
            let urgent = {
                let mut state = self.lock();
                state.writing = false;
                self.changed.notify_all();
                while state.text.is_empty() && !state.urgent && state.lost == 0 && !pen.due(Instant::now()) {
                    state = match pen.wait(Instant::now()) {
                        Some(time) => self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0,
                        None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                    };
                }
                mem::swap(&mut state.text, &mut text);
                pen.lost += mem::take(&mut state.lost);
                state.writing = true;
                mem::take(&mut state.urgent)
            };
            pen.write(&text);
            text.clear();
            if urgent || pen.due(Instant::now()) {
                pen.confess();
            }
        }
    }
}

/// What one event is written through.
pub(super) struct Line(pub(super) &'static Queue);

impl Write for Line {
    /// Takes the whole event or, where there is no room, counts it as lost.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let mut state = self.0.lock();
        if state.text.len() + event.len() > limits::PROGRAM_LOG_QUEUE {
            state.lost += 1;
        } else {
            state.text.extend_from_slice(event);
            self.0.changed.notify_all();
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The thread's own events, formatted like all others but not sent through the queue.
pub(super) struct Own {
    pub(super) dispatch: Dispatch,
    /// Where `dispatch` writes.
    pub(super) paper: Paper,
}

/// Text in memory.
#[derive(Clone, Default)]
pub(super) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    pub(super) fn take(&self) -> Vec<u8> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The writing end.
struct Pen<W> {
    to: W,
    own: Own,
    /// Whether the last thing written is the beginning of a line.
    torn: bool,
    /// Lines lost, and not yet said.
    lost: u64,
    /// When that was said last.
    said: Option<Instant>,
}

impl<W: Write> Pen<W> {
    /// Whether there are lost lines to be told now: at once, then at most every `limits::PROGRAM_LOG_COMPLAINT`.
    fn due(&self, now: Instant) -> bool {
        self.wait(now).is_some_and(|time| time.is_zero())
    }

    /// How long lost lines are still kept to itself; `None` where there are none.
    fn wait(&self, now: Instant) -> Option<Duration> {
        (self.lost > 0).then(|| {
            self.said.map_or(Duration::ZERO, |said| {
                limits::PROGRAM_LOG_COMPLAINT.saturating_sub(now.saturating_duration_since(said))
            })
        })
    }

    fn write(&mut self, text: &[u8]) {
        let rest = self.put(text);
        self.lost += memchr::memchr_iter(b'\n', rest).count() as u64;
    }

    /// Says how many lines were lost; where that fails too they stay counted.
    fn confess(&mut self) {
        if self.lost == 0 {
            return;
        }
        self.said = Some(Instant::now());
        tracing::dispatcher::with_default(&self.own.dispatch, || {
            tracing::error!(
                lost = self.lost,
                "lines of the program log were lost, because standard error did not take them → next: give it a reader that keeps up, or room on its disk"
            );
        });
        let text = self.own.paper.take();
        if self.put(&text).is_empty() {
            self.lost = 0;
        }
    }

    /// Writes as much as goes; what is left could not be written.
    fn put<'a>(&mut self, all: &'a [u8]) -> &'a [u8] {
        let mut text = all;
        while !text.is_empty() {
            match self.to.write(if self.torn { b"\n" } else { text }) {
                Ok(0) => break,
                Ok(_) if self.torn => self.torn = false,
                Ok(written) => text = &text[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Somebody shares standard error and has made it non-blocking.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(limits::PROGRAM_LOG_PAUSE),
                Err(_) => break,
            }
        }
        // What follows a line that broke off shall not look like its end.
        self.torn |= all[..all.len() - text.len()].last().is_some_and(|last| *last != b'\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use tracing::Level;

    use super::{super::dispatch, *};
    use crate::config::settings::LogFormat;

    /// Takes nothing before the test lets it, or fails as told.
    struct Stuck {
        go: Receiver<io::Result<()>>,
        came: Paper,
        free: bool,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !self.free {
                match self.go.recv() {
                    Ok(result) => result?,
                    Err(_) => self.free = true,
                }
            }
            self.came.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn stuck() -> (&'static Queue, SyncSender<io::Result<()>>, Paper) {
        let queue: &'static Queue = Box::leak(Box::new(Queue::new()));
        let (let_go, go) = sync_channel(0);
        let (paper, came) = (Paper::default(), Paper::default());
        let copy = paper.clone();
        let own = Own { dispatch: dispatch(Level::ERROR, LogFormat::Text, false, move || copy.clone()), paper };
        queue.written_to(Stuck { go, came: came.clone(), free: false }, own).unwrap();
        (queue, let_go, came)
    }

    #[test]
    fn whoever_logs_never_waits_and_lost_lines_are_counted_and_told() {
        let (queue, let_go, came) = stuck();
        let line = [&[b'x'; 99][..], b"\n"].concat();
        let total = 3 * limits::PROGRAM_LOG_QUEUE / line.len();
        for _ in 0..total {
            Line(queue).write_all(&line).unwrap();
        }
        assert!(!queue.flush(Duration::ZERO), "nothing was written yet");
        drop(let_go);
        assert!(queue.flush(Duration::from_mins(1)));
        let text = String::from_utf8(came.take()).unwrap();
        let told: usize = text
            .lines()
            .filter_map(|line| line.rsplit_once(" lost=").map(|(_, lost)| lost.parse::<usize>().unwrap()))
            .sum();
        let lines = text.lines().filter(|line| line.starts_with("xxx")).count();
        assert!(told > 0 && lines > 0, "{told} {lines}");
        assert_eq!(lines + told, total);
    }

    #[test]
    fn what_standard_error_refuses_is_told_when_it_takes_lines_again() {
        let (queue, let_go, came) = stuck();
        Line(queue).write_all(b"first\n").unwrap();
        // The line and the report of its loss.
        for _ in 0..2 {
            let_go.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        }
        drop(let_go);
        Line(queue).write_all(b"second\n").unwrap();
        assert!(queue.flush(Duration::from_mins(1)));
        let text = String::from_utf8(came.take()).unwrap();
        assert!(text.starts_with("second\n") && text.ends_with(" lost=1\n"), "{text}");
    }
}

//! The access log of one worker: a line per request, formatted into the worker's own buffer and handed over in batches.
//! The record is complete when it comes here; one file a format says what a line looks like, `writer` puts it on disk.

mod combined;
mod facts;
mod json;
mod text;
mod writer;

use std::{
    cell::{Cell, RefCell},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Instant,
};

pub use self::writer::Writer;
use self::{
    facts::{Facts, Stamp},
    writer::{Batch, Dropped, Message},
};
use crate::{config::settings::AccessFormat, limits, message::Record};

/// Owned by one worker. Neither [`AccessLog::line`] nor [`AccessLog::flush`] ever waits: what the writer cannot take is
/// dropped and counted.
pub struct AccessLog {
    format: AccessFormat,
    buffer: RefCell<Vec<u8>>,
    lines: Cell<u64>,
    stamp: RefCell<Stamp>,
    to: SyncSender<Message>,
    dropped: Arc<Dropped>,
    spare: Receiver<Vec<u8>>,
    back: SyncSender<Vec<u8>>,
}

impl AccessLog {
    fn new(format: AccessFormat, to: SyncSender<Message>, dropped: Arc<Dropped>) -> Self {
        let (back, spare) = sync_channel(1);
        Self {
            format,
            buffer: RefCell::default(),
            lines: Cell::new(0),
            stamp: RefCell::default(),
            to,
            dropped,
            spare,
            back,
        }
    }

    /// Adds the line of a request that ended when `now` says; not every format asks.
    pub fn line(&self, record: &Record, now: impl Fn() -> Instant) {
        let mut stamp = self.stamp.borrow_mut();
        stamp.set(record.received);
        let facts = Facts::of(record, &now, &stamp);
        let mut buffer = self.buffer.borrow_mut();
        match self.format {
            AccessFormat::Json => json::line(&facts, &mut buffer),
            AccessFormat::Text => text::line(&facts, &mut buffer),
            AccessFormat::Combined => combined::line(&facts, &mut buffer),
        }
        buffer.push(b'\n');
        self.lines.set(self.lines.get() + 1);
        let full = buffer.len() >= limits::ACCESS_LOG_BATCH;
        drop(buffer);
        if full {
            self.flush();
        }
    }

    /// Hands over what has been collected. The worker's clock calls it at least every `limits::ACCESS_LOG_FLUSH`.
    pub fn flush(&self) {
        let lines = self.lines.take();
        if lines == 0 {
            return;
        }
        let spare = self.spare.try_recv().unwrap_or_default();
        let batch = Batch { bytes: self.buffer.replace(spare), lines, back: self.back.clone() };
        if let Err(refused) = self.to.try_send(Message::Batch(batch)) {
            self.dropped.add(lines);
            writer::give_back(refused);
        }
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        self.flush();
    }
}

#[cfg(test)]
mod tests;

//! Kept answers, bounded in bytes and shared by all workers: a copy that one worker made must stand in for all of them
//! when the upstream fails. The lock is held for a look-up or a move, never while an answer is read or sent.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Instant, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::validity::{Freshness, Validity};
use crate::{config::settings::StaleIfError, limits, message::Record};

/// What a request asks for, as far as its head's first lines say: route, scheme, host, path and query.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(Box<str>);

/// A kept answer.
#[derive(Debug)]
pub struct Kept {
    /// Its status.
    pub status: StatusCode,
    /// As they came from the upstream, without those of its connection.
    pub headers: HeaderMap,
    /// All of it.
    pub body: Bytes,
    /// For whom and how long.
    pub validity: Validity,
    /// When it came.
    pub at: Instant,
}

/// The kept answers of one upstream.
#[derive(Debug)]
pub struct Store {
    settings: StaleIfError,
    shelves: Mutex<Shelves>,
}

#[derive(Debug, Default)]
struct Shelves {
    copies: HashMap<Key, Vec<Copy>>,
    /// Who was used when; the first not for longest.
    order: BTreeMap<u64, Key>,
    /// Counts uses.
    uses: u64,
    /// Of all copies.
    bytes: u64,
    /// Of answers that are still coming.
    coming: u64,
}

#[derive(Debug)]
struct Copy {
    /// Its place in `order`.
    used: u64,
    bytes: u64,
    kept: Arc<Kept>,
}

/// Room for an answer that is still coming; given back when dropped.
#[derive(Debug)]
pub struct Room {
    store: Arc<Store>,
    bytes: u64,
}

impl Key {
    /// Of a request whose route and host are known.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        let route = record.route.get().map_or("", |route| &*route.name);
        let port = record.authority.get().and_then(|authority| authority.sent.to_str().ok()?.get(authority.host_len..));
        let query = record.query();
        let mark = if query.is_some() { "?" } else { "" };
        let (scheme, host, path) = (record.scheme, record.host(), record.path());
        Self([route, "\0", scheme, "://", host, port.unwrap_or(""), path, mark, query.unwrap_or("")].concat().into())
    }
}

impl Kept {
    /// Bytes that it costs, roughly: the fields are there twice, once for its validity.
    fn cost(&self) -> u64 {
        let fields: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        self.body.len() as u64 + 2 * fields as u64 + self.validity.size() + limits::STALE_OVERHEAD
    }
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new(settings: StaleIfError) -> Arc<Self> {
        Arc::new(Self { settings, shelves: Mutex::default() })
    }

    /// Bytes of the largest answer that is kept.
    #[must_use]
    pub fn largest(&self) -> u64 {
        self.settings.size / limits::STALE_LARGEST
    }

    /// Whether a copy that fits is so young that it need not be renewed.
    #[must_use]
    pub fn is_recent(&self, record: &Record, key: &Key, now: Instant) -> bool {
        let recent = |copy: &Copy| now.saturating_duration_since(copy.kept.at) < limits::STALE_RENEWAL;
        let shelves = self.shelves();
        let copies = shelves.copies.get(key).map_or(&[][..], Vec::as_slice);
        copies.iter().any(|copy| recent(copy) && copy.kept.validity.fits(record))
    }

    /// Room for an answer that is still coming; `None` where too much is coming already.
    #[must_use]
    pub fn room(self: &Arc<Self>, bytes: u64) -> Option<Room> {
        let mut room = Room { store: Arc::clone(self), bytes: 0 };
        room.grow(bytes).then_some(room)
    }

    /// Keeps an answer that was given room, in place of the copies that fit the same request.
    pub fn put(&self, record: &Record, key: Key, room: Room, kept: Kept) {
        // Its room becomes its place.
        drop(room);
        let bytes = kept.cost() + 2 * key.0.len() as u64;
        if bytes > self.settings.size {
            return;
        }
        let mut shelves = self.shelves();
        shelves.remove(&key, |copy| copy.kept.validity.fits(record));
        shelves.uses += 1;
        let used = shelves.uses;
        shelves.bytes += bytes;
        shelves.order.insert(used, key.clone());
        let copies = shelves.copies.entry(key.clone()).or_default();
        copies.push(Copy { used, bytes, kept: Arc::new(kept) });
        if copies.len() > limits::STALE_VARIANTS {
            let oldest = copies.iter().map(|copy| copy.used).min();
            shelves.remove(&key, |copy| Some(copy.used) == oldest);
        }
        shelves.shrink(self.settings.size);
    }

    /// The copy that may stand in for the answer to this request at `now` (which is `at` on the other clock), and how fresh
    /// it is.
    #[must_use]
    pub fn find(&self, record: &Record, now: SystemTime, at: Instant) -> Option<(Arc<Kept>, Freshness)> {
        let key = Key::of(record);
        let keep = self.settings.keep;
        let mut shelves = self.shelves();
        shelves.remove(&key, |copy| at.saturating_duration_since(copy.kept.at) > keep);
        shelves.uses += 1;
        let uses = shelves.uses;
        let Shelves { copies, order, .. } = &mut *shelves;
        // The youngest first.
        let (copy, freshness) = copies.get_mut(&key)?.iter_mut().rev().find_map(|copy| {
            let freshness = copy.kept.validity.stands_in(record, now)?;
            Some((copy, freshness))
        })?;
        order.remove(&copy.used);
        order.insert(uses, key);
        copy.used = uses;
        Some((Arc::clone(&copy.kept), freshness))
    }

    /// Drops the copies that fit a request, except those that say the same: with `status`.
    pub fn withdraw(&self, record: &Record, key: &Key, status: Option<StatusCode>) {
        let goes = |copy: &Copy| Some(copy.kept.status) != status && copy.kept.validity.fits(record);
        self.shelves().remove(key, goes);
    }

    /// Drops what is kept for a target.
    pub fn forget(&self, key: &Key) {
        self.shelves().remove(key, |_| true);
    }

    /// Bytes of everything, what is still coming included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let shelves = self.shelves();
        shelves.bytes + shelves.coming
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelves {
    fn remove(&mut self, key: &Key, which: impl Fn(&Copy) -> bool) {
        let Some(copies) = self.copies.get_mut(key) else { return };
        for copy in copies.extract_if(.., |copy| which(copy)) {
            self.order.remove(&copy.used);
            self.bytes -= copy.bytes;
        }
        if copies.is_empty() {
            self.copies.remove(key);
        }
    }

    /// Drops what was not used for longest until all fits into `size`.
    fn shrink(&mut self, size: u64) {
        while self.bytes + self.coming > size {
            let Some((used, key)) = self.order.first_key_value().map(|(used, key)| (*used, key.clone())) else {
                return;
            };
            self.remove(&key, |copy| copy.used == used);
        }
    }
}

impl Room {
    /// Bytes that it holds.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes more; `false` where there is none, or where the answer is too large.
    pub fn grow(&mut self, bytes: u64) -> bool {
        let size = self.store.settings.size;
        let mut shelves = self.store.shelves();
        if self.bytes + bytes > self.store.largest() || shelves.coming + bytes > size / limits::STALE_COMING {
            return false;
        }
        shelves.coming += bytes;
        shelves.shrink(size);
        self.bytes += bytes;
        true
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.store.shelves().coming -= self.bytes;
    }
}

#[cfg(test)]
mod tests;

//! What is known of the clients of one limit: a fixed number of buckets, shared by all workers.
//! Which client and how much is `quota`'s; this finds the bucket, or the one to forget for it.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
};

use crate::limits::{RATE_LIMIT_BUCKETS, RATE_LIMIT_SET};

/// Buckets in small sets, each with a lock of its own, so that workers hardly ever meet. A client has its place in one set
/// and nowhere else: finding it takes one short walk and never an allocation.
#[derive(Debug)]
pub(super) struct Buckets {
    sets: Box<[Mutex<[Bucket; RATE_LIMIT_SET]>]>,
    /// Seeded at random, so that nobody can choose whose bucket is forgotten.
    hasher: RandomState,
}

/// What is known of one client.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Bucket {
    /// Who it is; 0 while it is nobody's.
    client: u64,
    /// When its tokens will all be back, in nanoseconds.
    pub(super) full: u64,
    /// When a request was first counted, or one was over, last, in nanoseconds.
    pub(super) moved: u64,
    /// Requests under way.
    pub(super) open: u32,
}

/// A client of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Client(u64);

impl Buckets {
    /// As many as the limit says, all nobody's.
    pub(super) fn new() -> Self {
        Self::with(RATE_LIMIT_BUCKETS / RATE_LIMIT_SET)
    }

    fn with(sets: usize) -> Self {
        Self { sets: (0..sets).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    /// The client that `key` tells apart.
    pub(super) fn client(&self, key: impl Hash) -> Client {
        Client(self.hasher.hash_one(key).max(1))
    }

    /// Looks at the bucket of `client`; where it has none, at a new one in place of the one of its set that will be full
    /// first. `None` where all of them have requests under way.
    pub(super) fn at<T>(&self, client: Client, look: impl FnOnce(&mut Bucket) -> T) -> Option<T> {
        self.set(client, |set| {
            let at = set.iter().position(|bucket| bucket.client == client.0);
            let at = at.or_else(|| {
                let idle = set.iter().enumerate().filter(|(_, bucket)| bucket.open == 0);
                let (at, _) = idle.min_by_key(|(_, bucket)| bucket.full)?;
                set[at] = Bucket { client: client.0, ..Bucket::default() };
                Some(at)
            })?;
            Some(look(&mut set[at]))
        })
    }

    /// The same only where the client has a bucket.
    pub(super) fn known<T>(&self, client: Client, look: impl FnOnce(&mut Bucket) -> T) -> Option<T> {
        self.set(client, |set| set.iter_mut().find(|bucket| bucket.client == client.0).map(look))
    }

    fn set<T>(&self, client: Client, look: impl FnOnce(&mut [Bucket; RATE_LIMIT_SET]) -> Option<T>) -> Option<T> {
        let index = usize::try_from(client.0 % self.sets.len().max(1) as u64).unwrap_or_default();
        // Nothing in here can panic between two changes that belong together.
        let mut set = self.sets.get(index)?.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_finds_its_bucket_again() {
        let buckets = Buckets::new();
        let (one, other) = (buckets.client("one"), buckets.client("other"));
        assert_ne!(one, other);
        buckets.at(one, |bucket| bucket.full = 7).unwrap();
        buckets.at(other, |bucket| bucket.full = 8).unwrap();
        assert_eq!(buckets.at(one, |bucket| bucket.full), Some(7));
        assert_eq!(buckets.known(other, |bucket| bucket.full), Some(8));
        assert_eq!(buckets.known(buckets.client("nobody"), |_| ()), None);
    }

    #[test]
    fn who_owes_least_is_forgotten_first_and_who_has_requests_under_way_never() {
        let buckets = Buckets::with(1);
        let clients: Vec<_> = (0..=RATE_LIMIT_SET).map(|number| buckets.client(number)).collect();
        let (last, first) = clients.split_last().unwrap();
        for (owes, client) in (100..).zip(first) {
            buckets.at(*client, |bucket| bucket.full = owes).unwrap();
        }
        buckets.at(first[0], |bucket| bucket.open = 1).unwrap();
        assert_eq!(buckets.at(*last, |bucket| bucket.full), Some(0), "a new one");
        let known: Vec<_> = first.iter().map(|client| buckets.known(*client, |_| ()).is_some()).collect();
        let expected: Vec<_> = (0..RATE_LIMIT_SET).map(|at| at != 1).collect();
        assert_eq!(known, expected, "the first is in use, so the second is forgotten");
        for client in clients.iter().filter(|client| **client != first[1]) {
            buckets.at(*client, |bucket| bucket.open = 1).unwrap();
        }
        assert_eq!(buckets.at(first[1], |_| ()), None, "no room for one more");
    }

    #[test]
    fn a_million_clients_take_no_more_room_than_one() {
        let buckets = Buckets::with(4);
        for client in 0..1_000_000_u32 {
            buckets.at(buckets.client(client), |bucket| bucket.full += 1).unwrap();
        }
        assert_eq!(buckets.sets.len(), 4);
    }
}

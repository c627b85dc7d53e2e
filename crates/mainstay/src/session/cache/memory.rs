//! A bounded cache in this process.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use mainstay_core::Clock;
use tokio::time::Instant;
use uuid::Uuid;

use super::shard::{Entry, Shard};
use super::{Found, Lookup};
use crate::session::record::{SessionId, UserId};
use crate::session::token::TokenId;

/// Requests of different sessions mostly lock different shards.
const SHARDS: usize = 16;

/// Most users and sessions of which it is remembered that they are to be forgotten.
pub(super) const MAX_MARKS: usize = 65_536;

/// Allows to bring back what is read from the store from now on.
#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct Ticket {
    /// What had happened when it was drawn.
    sequence: u64,
    drawn: Instant,
}

/// A fixed number of sessions, each for a fixed time.
///
/// `sequence` counts everything that is forgotten. A session is good if nothing that concerns it has a later number
/// than its ticket: its shard for single tokens (one number for all of them, which refuses a fill too many now and
/// then, and is one number), the marks of its name and its user, and `everything`.
pub(super) struct MemoryCache {
    clock: Clock,
    longest_use: Duration,
    hasher: RandomState,
    shards: Box<[Mutex<Shard>]>,
    marks: RwLock<HashMap<Uuid, Mark>>,
    everything: AtomicU64,
    sequence: AtomicU64,
}

/// When a session was forgotten whatever its token, or all sessions of a user. Ids of both are never the same.
struct Mark {
    sequence: u64,
    made: Instant,
}

impl MemoryCache {
    pub(super) fn new(capacity: usize, longest_use: Duration, clock: &Clock) -> Self {
        let shard = |_| Mutex::new(Shard::new(capacity.div_ceil(SHARDS)));
        Self {
            clock: clock.clone(),
            longest_use,
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(shard).collect(),
            marks: RwLock::default(),
            everything: AtomicU64::new(0),
            sequence: AtomicU64::new(0),
        }
    }

    pub(super) fn get(&self, token: TokenId) -> Lookup {
        let now = self.clock.now();
        let entry = self.in_shard(token, |shard| shard.get(token));
        match entry {
            Some(entry) if now < entry.good_until && self.is_good(&entry) => Lookup::Hit(entry.found),
            // What is no good any more goes when its room is needed.
            _ => Lookup::Miss(Ticket { sequence: self.sequence.load(Ordering::SeqCst), drawn: now }),
        }
    }

    pub(super) fn fill(&self, ticket: Ticket, found: &Arc<Found>) {
        // From the drawing of the ticket: so whatever is older than a mark is over before the mark is dropped.
        let good_until = ticket.drawn + self.longest_use;
        let entry = Entry { found: Arc::clone(found), sequence: ticket.sequence, good_until };
        if self.is_good(&entry) {
            self.in_shard(found.record.token, |shard| shard.put(entry));
        }
    }

    pub(super) fn forget(&self, token: TokenId) {
        let sequence = self.count();
        self.in_shard(token, |shard| shard.remove(token, sequence));
    }

    pub(super) fn forget_session(&self, id: SessionId) {
        self.mark(id.0);
    }

    pub(super) fn forget_user(&self, user: UserId) {
        self.mark(user);
    }

    fn mark(&self, name: Uuid) {
        let (sequence, made) = (self.count(), self.clock.now());
        // Marks are whole when they are in: a panic elsewhere cannot leave one half written.
        let mut marks = self.marks.write().unwrap_or_else(PoisonError::into_inner);
        if marks.len() >= MAX_MARKS {
            marks.retain(|_, mark| made < mark.made + self.longest_use);
        }
        if marks.len() >= MAX_MARKS {
            marks.clear();
            drop(marks);
            return self.forget_all();
        }
        marks.insert(name, Mark { sequence, made });
    }

    pub(super) fn forget_all(&self) {
        self.everything.fetch_max(self.count(), Ordering::SeqCst);
    }

    /// Whether nothing that concerns it was forgotten since its ticket was drawn.
    fn is_good(&self, entry: &Entry) -> bool {
        if entry.sequence < self.everything.load(Ordering::SeqCst) {
            return false;
        }
        let marks = self.marks.read().unwrap_or_else(PoisonError::into_inner);
        let is_marked = |name: Uuid| marks.get(&name).is_some_and(|mark| entry.sequence < mark.sequence);
        !is_marked(entry.found.record.id.0) && !entry.found.record.user().is_some_and(is_marked)
    }

    /// Counts that something is forgotten: tickets drawn before are older than this number.
    fn count(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn in_shard<T>(&self, token: TokenId, work: impl FnOnce(&mut Shard) -> T) -> T {
        // Hashed with a key of this process: tokens are random, but what requests ask for is not.
        let index = usize::try_from(self.hasher.hash_one(token) % SHARDS as u64).unwrap_or_default();
        let mut shard = self.shards[index].lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut shard)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().len()).sum()
    }
}

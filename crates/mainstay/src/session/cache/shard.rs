//! A part of the cache behind one lock.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::Found;
use crate::session::token::TokenId;

/// A session in the cache.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) found: Arc<Found>,
    /// Of the ticket it came in with.
    pub(super) sequence: u64,
    pub(super) good_until: Instant,
}

/// A fixed number of slots. When all are taken, a hand goes round: it passes over what was used since it last came by,
/// and takes the first slot that was not.
pub(super) struct Shard {
    capacity: usize,
    slots: Vec<Slot>,
    index: HashMap<TokenId, usize>,
    hand: usize,
    /// When a session of this shard was last forgotten.
    touched: u64,
}

struct Slot {
    token: TokenId,
    entry: Entry,
    used: bool,
}

impl Shard {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), slots: Vec::new(), index: HashMap::new(), hand: 0, touched: 0 }
    }

    pub(super) fn get(&mut self, token: TokenId) -> Option<Entry> {
        let slot = self.slots.get_mut(*self.index.get(&token)?)?;
        slot.used = true;
        Some(slot.entry.clone())
    }

    /// Takes a session in, unless one of this shard was forgotten since its ticket was drawn.
    pub(super) fn put(&mut self, entry: Entry) {
        if entry.sequence < self.touched {
            return;
        }
        let token = entry.found.record.token;
        let slot = Slot { token, entry, used: false };
        let at = match self.index.get(&token) {
            Some(at) => *at,
            None if self.slots.len() < self.capacity => self.slots.len(),
            None => self.evict(),
        };
        self.index.insert(token, at);
        match self.slots.get_mut(at) {
            Some(taken) => *taken = slot,
            None => self.slots.push(slot),
        }
    }

    pub(super) fn remove(&mut self, token: TokenId, sequence: u64) {
        self.touched = self.touched.max(sequence);
        let Some(at) = self.index.remove(&token) else { return };
        self.slots.swap_remove(at);
        if let Some(moved) = self.slots.get(at) {
            self.index.insert(moved.token, at);
        }
    }

    /// Frees a slot, and says which. One round at most clears every mark, so this ends.
    fn evict(&mut self) -> usize {
        loop {
            self.hand = (self.hand + 1) % self.slots.len();
            let slot = &mut self.slots[self.hand];
            if !std::mem::take(&mut slot.used) {
                self.index.remove(&slot.token);
                return self.hand;
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.slots.len(), self.index.len());
        self.slots.len()
    }
}

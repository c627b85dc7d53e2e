//! Where streams are, remembered from the last append of this process.
//!
//! Whoever holds the counter knows the newest event. While that is the one that this process wrote last, nobody else
//! has appended, and what was true of the streams then is true now: nothing to look up. The event is known by
//! its id, not by its position, for after a restore or a failover another one may stand there.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::{StreamId, Version};

/// The versions of streams; those that are not there are not in it.
pub(super) type Heads = HashMap<StreamId, Version>;

/// Most streams that are remembered: about a megabyte of names.
const CAPACITY: usize = 4_096;

#[derive(Debug, Default)]
pub(super) struct KnownHeads(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The newest event when this was true.
    newest: Option<Uuid>,
    heads: Heads,
}

impl KnownHeads {
    /// Those of the streams that are known, while this event is the newest.
    pub(super) fn recall(&self, newest: Option<Uuid>, streams: &BTreeSet<&StreamId>) -> Heads {
        let known = self.known();
        if newest.is_none() || known.newest != newest {
            return Heads::new();
        }
        let known = |stream: &&StreamId| known.heads.get_key_value(*stream);
        streams.iter().filter_map(known).map(|(stream, version)| (stream.clone(), *version)).collect()
    }

    /// Notes where streams are after a commit that made `newest` the newest event, where `before` had been it.
    pub(super) fn remember(&self, before: Option<Uuid>, newest: Uuid, heads: Heads) {
        let mut known = self.known();
        if known.newest != before || known.heads.len() + heads.len() > CAPACITY {
            known.heads.clear();
        }
        if heads.len() <= CAPACITY {
            known.heads.extend(heads);
        }
        known.newest = Some(newest);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Poisoned would mean that a map could not be extended; what is in it is still true.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(range: std::ops::Range<u64>) -> Heads {
        range.map(|id| (StreamId::of("part", id).expect("a name"), Version::new(id + 1))).collect()
    }

    fn recalled(known: &KnownHeads, newest: Uuid, wanted: &Heads) -> usize {
        known.recall(Some(newest), &wanted.keys().collect()).len()
    }

    #[test]
    fn what_is_known_is_true_of_one_moment() {
        let (first, second, foreign) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let (known, wanted) = (KnownHeads::default(), heads(0..4));
        assert_eq!(known.recall(None, &wanted.keys().collect()), Heads::new());
        known.remember(None, first, heads(0..2));
        assert_eq!(known.recall(Some(first), &wanted.keys().collect()), heads(0..2));
        assert_eq!(recalled(&known, foreign, &wanted), 0, "somebody else has appended");
        known.remember(Some(first), second, heads(2..3));
        assert_eq!(recalled(&known, second, &wanted), 3);
        assert_eq!(recalled(&known, first, &wanted), 0, "it is a restored log that ends there");
        known.remember(Some(foreign), first, heads(3..4));
        assert_eq!(recalled(&known, first, &wanted), 1, "nothing is known from before the foreign event");
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let (known, all) = (KnownHeads::default(), heads(0..CAPACITY as u64 + 1));
        let (first, second, third) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        known.remember(None, first, heads(0..CAPACITY as u64));
        assert_eq!(recalled(&known, first, &all), CAPACITY);
        known.remember(Some(first), second, heads(5..7));
        assert_eq!(recalled(&known, second, &all), 2);
        known.remember(Some(second), third, all.clone());
        assert_eq!(recalled(&known, third, &all), 0);
    }
}

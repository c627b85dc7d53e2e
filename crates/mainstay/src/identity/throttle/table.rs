//! Tallies in a table of fixed size.

use super::tally::Tally;

/// How many sets there are, and how many tallies fit into one: 32,768 in all, about 2 MiB.
const SETS: usize = 4096;
const WAYS: usize = 8;

/// What a tally is found by. Whoever does not have the key cannot aim at a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key([u8; 16]);

/// Each key belongs to one set, and takes the place of the slightest tally there when it is full.
pub(super) struct Table {
    sets: Vec<Vec<(Key, Tally)>>,
}

impl Key {
    pub(super) fn of(mac: [u8; 32]) -> Self {
        let (half, _) = mac.split_at(16);
        let mut key = [0; 16];
        key.copy_from_slice(half);
        Self(key)
    }

    fn set(&self) -> usize {
        let Self([a, b, ..]) = *self;
        usize::from(u16::from_le_bytes([a, b])) % SETS
    }
}

impl Table {
    pub(super) fn new() -> Self {
        Self { sets: vec![Vec::new(); SETS] }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Tally> {
        self.sets[key.set()].iter().find(|(known, _)| known == key).map(|(_, tally)| *tally)
    }

    pub(super) fn put(&mut self, key: Key, tally: Tally) {
        let set = &mut self.sets[key.set()];
        if let Some((_, place)) = set.iter_mut().find(|(known, _)| *known == key) {
            *place = tally;
        } else if set.len() < WAYS {
            set.push((key, tally));
        } else if let Some(slightest) = set.iter_mut().min_by_key(|(_, tally)| tally.weight()) {
            *slightest = (key, tally);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.sets.iter().map(Vec::len).sum()
    }
}

//! A table of buckets that never grows and never forgets one that is not full.
//!
//! Each key belongs to one set of eight slots. A slot is a fingerprint of the key and the bucket's TAT.
//!
//! | the key | its set | the request is charged to |
//! |---|---|---|
//! | has a slot | – | that slot |
//! | has none | a slot's TAT has passed: that bucket is full, as one that was never asked | that slot, which is the key's now |
//! | has none | all eight are live | the [`Sketch`], which many keys share: it may count too much, never too little |
//!
//! A key that comes back from the sketch to a slot brings its charges along. So a flood of keys makes nobody's bucket
//! fuller than it is: whoever has a slot keeps it for as long as it matters, and who finds none is counted with others.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::sketch::Sketch;
use crate::limits::gcra::{Decision, Quota, decide};

/// The slots of a set.
const WAYS: usize = 8;

#[derive(Clone, Copy, Default)]
struct Slot {
    /// Of the key; 0 where nobody ever was.
    fingerprint: u64,
    tat: i64,
}

#[derive(Default)]
struct Set {
    slots: [Slot; WAYS],
    /// The last TAT of those who found no slot here: until then, newcomers may have charges in the sketch.
    crowded_until: i64,
}

pub(super) struct Table {
    sets: Box<[Mutex<Set>]>,
    sketch: Sketch,
}

/// Where a key can be charged.
enum Place {
    Own(usize),
    Free(usize),
    None,
}

impl Table {
    /// Room for so many keys, rounded up to a power of two.
    pub(super) fn new(slots: usize) -> Self {
        let sets = slots.div_ceil(WAYS).next_power_of_two();
        Self { sets: (0..sets).map(|_| Mutex::default()).collect(), sketch: Sketch::new(sets) }
    }

    /// The memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.sets.len() * size_of::<Mutex<Set>>() + self.sketch.bytes()
    }

    /// How many buckets are not full.
    pub(super) fn live(&self, now: i64) -> usize {
        let live = |set: &Mutex<Set>| lock(set).slots.iter().filter(|slot| slot.tat > now).count();
        self.sets.iter().map(live).sum()
    }

    /// Charges one request.
    pub(super) fn charge(&self, key: u64, quota: Quota, now: i64) -> Decision {
        let mut set = self.lock(key);
        let place = set.place(key, now);
        let decision = decide(self.tat(&set, &place, key, now), quota, now);
        if let Decision::Go { tat } = decision {
            match place {
                Place::Own(at) | Place::Free(at) => {
                    set.slots[at] = Slot { fingerprint: fingerprint(key), tat }
                }
                Place::None => {
                    // Under the lock of the set: no other request of this key is between reading and writing.
                    self.sketch.raise(key, tat);
                    set.crowded_until = set.crowded_until.max(tat);
                }
            }
        }
        decision
    }

    /// Takes back a charge that made the bucket be full at `charged`. A bucket that was full since has forgotten it, and
    /// what stands in the sketch is not only the key's: there is nothing to take back then.
    pub(super) fn give_back(&self, key: u64, quota: Quota, charged: i64, now: i64) {
        let mut set = self.lock(key);
        if now < charged
            && let Place::Own(at) = set.place(key, now)
        {
            set.slots[at].tat -= quota.emission;
        }
    }

    /// The TAT of a key's own slot; long ago, if it has none.
    #[cfg(feature = "redis")]
    pub(super) fn own(&self, key: u64, now: i64) -> i64 {
        let set = self.lock(key);
        if let Place::Own(at) = set.place(key, now) { set.slots[at].tat } else { i64::MIN }
    }

    /// Makes a bucket be full at `tat`, if it has a slot or can have one.
    #[cfg(feature = "redis")]
    pub(super) fn set(&self, key: u64, tat: i64, now: i64) {
        let mut set = self.lock(key);
        if let Place::Own(at) | Place::Free(at) = set.place(key, now) {
            set.slots[at] = Slot { fingerprint: fingerprint(key), tat };
        }
    }

    /// Makes a bucket be full at `tat` at the earliest, if it has a slot or can have one.
    pub(super) fn raise(&self, key: u64, tat: i64, now: i64) {
        let mut set = self.lock(key);
        match set.place(key, now) {
            Place::Own(at) => set.slots[at].tat = set.slots[at].tat.max(tat),
            Place::Free(at) => set.slots[at] = Slot { fingerprint: fingerprint(key), tat },
            Place::None => {}
        }
    }

    /// Whether the key has a slot that is not full.
    pub(super) fn is_live(&self, key: u64, now: i64) -> bool {
        let set = self.lock(key);
        matches!(set.place(key, now), Place::Own(at) if set.slots[at].tat > now)
    }

    fn tat(&self, set: &Set, place: &Place, key: u64, now: i64) -> i64 {
        match place {
            Place::Own(at) => set.slots[*at].tat,
            _ if set.crowded_until > now => self.sketch.tat(key),
            _ => i64::MIN,
        }
    }

    fn lock(&self, key: u64) -> MutexGuard<'_, Set> {
        // The number of sets is a power of two, and the fingerprint holds the bits that are masked out here.
        #[expect(clippy::cast_possible_truncation, reason = "masked to less than a length")]
        let at = key as usize & (self.sets.len() - 1);
        lock(&self.sets[at])
    }
}

impl Set {
    fn place(&self, key: u64, now: i64) -> Place {
        let own = fingerprint(key);
        let mut free = Place::None;
        for (at, slot) in self.slots.iter().enumerate() {
            if slot.fingerprint == own {
                return Place::Own(at);
            }
            if slot.tat <= now {
                free = Place::Free(at);
            }
        }
        free
    }
}

fn fingerprint(key: u64) -> u64 {
    key.max(1)
}

fn lock(set: &Mutex<Set>) -> MutexGuard<'_, Set> {
    // Slots are plain values that are replaced whole: a panic elsewhere cannot leave one half written.
    set.lock().unwrap_or_else(PoisonError::into_inner)
}

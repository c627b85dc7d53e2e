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

/// The sets behind one lock: so many that each such part is memory of the system's own, page by page.
const PART: usize = 1024;

/// The fingerprint of a key, 0 where nobody ever was, and the TAT of its bucket.
type Slot = (u64, i64);

/// The slots, and the last TAT of those who found none here: until then, newcomers may have charges in the sketch.
///
/// Nothing but numbers that are zero at first: `vec!` asks the system for such memory and does not touch it. Pages in
/// which nobody was ever counted are not there.
type Set = ([Slot; WAYS], i64);

pub(super) struct Table {
    parts: Box<[Mutex<Vec<Set>>]>,
    /// How many sets there are, a power of two.
    sets: usize,
    sketch: Sketch,
}

/// A set, and the lock that holds it.
struct Locked<'a> {
    part: MutexGuard<'a, Vec<Set>>,
    at: usize,
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
        let part = sets.min(PART);
        let parts = (0..sets / part).map(|_| Mutex::new(vec![Set::default(); part])).collect();
        Self { parts, sets, sketch: Sketch::new(sets) }
    }

    /// The memory that it takes at most.
    pub(super) fn bytes(&self) -> usize {
        self.sets * size_of::<Set>() + self.sketch.bytes()
    }

    /// How many buckets are not full.
    pub(super) fn live(&self, now: i64) -> usize {
        let live = |(slots, _): &Set| slots.iter().filter(|(_, tat)| *tat > now).count();
        self.parts.iter().map(|part| lock(part).iter().map(live).sum::<usize>()).sum()
    }

    /// Charges one request.
    pub(super) fn charge(&self, key: u64, quota: Quota, now: i64) -> Decision {
        let mut locked = self.lock(key);
        let set = locked.set();
        let place = place(set, key, now);
        let decision = decide(self.tat(set, &place, key, now), quota, now);
        if let Decision::Go { tat } = decision {
            let (slots, crowded_until) = set;
            match place {
                Place::Own(at) | Place::Free(at) => slots[at] = (fingerprint(key), tat),
                Place::None => {
                    // Under the lock of the set: no other request of this key is between reading and writing.
                    self.sketch.raise(key, tat);
                    *crowded_until = tat.max(*crowded_until);
                }
            }
        }
        decision
    }

    /// Takes back a charge that made the bucket be full at `charged`. A bucket that was full since has forgotten it, and
    /// what stands in the sketch is not only the key's: there is nothing to take back then.
    pub(super) fn give_back(&self, key: u64, quota: Quota, charged: i64, now: i64) {
        let mut locked = self.lock(key);
        let set = locked.set();
        if now < charged
            && let Place::Own(at) = place(set, key, now)
        {
            let (_, tat) = &mut set.0[at];
            *tat -= quota.emission;
        }
    }

    /// The TAT of a key's own slot; long ago, if it has none.
    #[cfg(feature = "redis")]
    pub(super) fn own(&self, key: u64, now: i64) -> i64 {
        let mut locked = self.lock(key);
        let set = locked.set();
        if let Place::Own(at) = place(set, key, now) { set.0[at].1 } else { i64::MIN }
    }

    /// Makes a bucket be full at `tat`, if it has a slot or can have one.
    #[cfg(feature = "redis")]
    pub(super) fn set(&self, key: u64, tat: i64, now: i64) {
        let mut locked = self.lock(key);
        let set = locked.set();
        if let Place::Own(at) | Place::Free(at) = place(set, key, now) {
            set.0[at] = (fingerprint(key), tat);
        }
    }

    /// Makes a bucket be full at `tat` at the earliest, if it has a slot or can have one.
    pub(super) fn raise(&self, key: u64, tat: i64, now: i64) {
        let mut locked = self.lock(key);
        let set = locked.set();
        match place(set, key, now) {
            Place::Own(at) => set.0[at].1 = tat.max(set.0[at].1),
            Place::Free(at) => set.0[at] = (fingerprint(key), tat),
            Place::None => {}
        }
    }

    /// Whether the key has a slot that is not full.
    pub(super) fn is_live(&self, key: u64, now: i64) -> bool {
        let mut locked = self.lock(key);
        let set = locked.set();
        matches!(place(set, key, now), Place::Own(at) if set.0[at].1 > now)
    }

    fn tat(&self, (slots, crowded_until): &Set, place: &Place, key: u64, now: i64) -> i64 {
        match place {
            Place::Own(at) => slots[*at].1,
            _ if *crowded_until > now => self.sketch.tat(key),
            _ => i64::MIN,
        }
    }

    fn lock(&self, key: u64) -> Locked<'_> {
        // The fingerprint holds the bits that are masked out here.
        #[expect(clippy::cast_possible_truncation, reason = "masked to less than the number of sets")]
        let set = key as usize & (self.sets - 1);
        Locked { part: lock(&self.parts[set / PART]), at: set % PART }
    }
}

impl Locked<'_> {
    fn set(&mut self) -> &mut Set {
        &mut self.part[self.at]
    }
}

fn place((slots, _): &Set, key: u64, now: i64) -> Place {
    let own = fingerprint(key);
    let mut free = Place::None;
    for (at, (fingerprint, tat)) in slots.iter().enumerate() {
        if *fingerprint == own {
            return Place::Own(at);
        }
        if *tat <= now {
            free = Place::Free(at);
        }
    }
    free
}

fn fingerprint(key: u64) -> u64 {
    key.max(1)
}

fn lock(part: &Mutex<Vec<Set>>) -> MutexGuard<'_, Vec<Set>> {
    // Slots are plain values that are replaced whole: a panic elsewhere cannot leave one half written.
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Buckets in the memory of this process.
//!
//! The table has room for a fixed number, and never forgets a bucket that is not full: see [`table`]. A check allocates
//! nothing; memory is the system's until somebody is counted in it.

mod sketch;
mod table;
#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, RandomState};

use mainstay_core::Clock;
use tokio::time::Instant;

use super::{Charges, LimitStore, MAX_CHARGES, Mode, Outcome, Receipt, Unavailable};
use crate::limits::gcra::Decision;
#[cfg(feature = "redis")]
use crate::limits::gcra::{Quota, decide};
use crate::limits::key::LimitKey;

use table::Table;

/// Keeps buckets in a table of fixed size.
///
/// ```
/// use mainstay::limits::MemoryStore;
/// use mainstay_core::Clock;
///
/// let store = MemoryStore::new(262_144, Clock::system());
/// assert!(store.bytes() < 8 << 20);
/// ```
pub struct MemoryStore {
    clock: Clock,
    origin: Instant,
    /// Keyed anew in each process, so that nobody can aim at a set.
    hasher: RandomState,
    table: Table,
}

impl MemoryStore {
    /// A store with room for so many buckets that are not full; it is rounded up to a power of two.
    pub fn new(slots: usize, clock: Clock) -> Self {
        Self { origin: clock.now(), clock, hasher: RandomState::new(), table: Table::new(slots) }
    }

    /// The memory that it takes at most.
    pub fn bytes(&self) -> usize {
        self.table.bytes()
    }

    /// How many buckets it holds that are not full. Walks the whole table: for tests and measurements.
    pub fn live(&self) -> usize {
        self.table.live(self.now())
    }

    /// Charges a request to its buckets, or to none.
    pub fn charge_now(&self, charges: &Charges, mode: Mode) -> Outcome {
        let now = self.now();
        let mut tats = [0; MAX_CHARGES];
        for (at, charge) in charges.as_slice().iter().enumerate() {
            match self.table.charge(self.hash(&charge.key), charge.quota, now) {
                Decision::Go { tat } => tats[at] = tat,
                Decision::Refuse { wait } => {
                    for (charge, tat) in charges.as_slice().iter().zip(tats).take(at) {
                        self.table.give_back(self.hash(&charge.key), charge.quota, tat, now);
                    }
                    return Outcome::refused(at, charge.quota, wait, mode);
                }
            }
        }
        Outcome::admitted(charges, tats, now, mode)
    }

    /// Takes a charge back.
    pub fn give_back_now(&self, receipt: &Receipt) {
        let now = self.now();
        for (charge, tat) in receipt.charges.as_slice().iter().zip(receipt.tats) {
            self.table.give_back(self.hash(&charge.key), charge.quota, tat, now);
        }
    }

    /// What would become of a request, without charging it.
    #[cfg(feature = "redis")]
    pub(super) fn peek(&self, key: &LimitKey, quota: Quota, now: i64) -> Decision {
        decide(self.table.own(self.hash(key), now), quota, now)
    }

    /// Takes over what another store knows of a bucket, if there is room.
    #[cfg(feature = "redis")]
    pub(super) fn set(&self, key: &LimitKey, tat: i64, now: i64) {
        self.table.set(self.hash(key), tat, now);
    }

    /// Takes over that another store has taken a charge back.
    #[cfg(feature = "redis")]
    pub(super) fn lower(&self, key: &LimitKey, quota: Quota) {
        self.table.give_back(self.hash(key), quota, i64::MAX, self.now());
    }

    /// How the buckets of a request that goes stand, as far as is known here.
    #[cfg(feature = "redis")]
    pub(super) fn standings(&self, charges: &Charges, now: i64) -> Outcome {
        let mut tats = [0; MAX_CHARGES];
        for (tat, charge) in tats.iter_mut().zip(charges.as_slice()) {
            *tat = self.table.own(self.hash(&charge.key), now);
        }
        Outcome::admitted(charges, tats, now, Mode::Lease)
    }

    /// Nanoseconds since the store was made.
    pub(crate) fn now(&self) -> i64 {
        let since = self.clock.now().saturating_duration_since(self.origin);
        // In 292 years.
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    }

    fn hash(&self, key: &LimitKey) -> u64 {
        self.hasher.hash_one(key)
    }
}

impl LimitStore for MemoryStore {
    fn charge(&self, charges: &Charges) -> impl Future<Output = Result<Outcome, Unavailable>> + Send {
        std::future::ready(Ok(self.charge_now(charges, Mode::Memory)))
    }

    fn give_back(&self, receipt: &Receipt) -> impl Future<Output = Result<(), Unavailable>> + Send {
        self.give_back_now(receipt);
        std::future::ready(Ok(()))
    }

    fn mark(&self, key: LimitKey, nanos: i64) -> impl Future<Output = Result<(), Unavailable>> + Send {
        let now = self.now();
        self.table.raise(self.hash(&key), now.saturating_add(nanos), now);
        std::future::ready(Ok(()))
    }

    fn is_marked(&self, key: LimitKey) -> impl Future<Output = Result<bool, Unavailable>> + Send {
        std::future::ready(Ok(self.table.is_live(self.hash(&key), self.now())))
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

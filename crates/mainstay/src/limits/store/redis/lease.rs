//! Requests that were charged to a shared bucket beforehand.
//!
//! Asking Redis for each request is needless where a limit lets many go in a second. An instance then takes a portion at
//! once: what the rate gives in 50 ms, and at most a tenth of the bucket. Limits below 40 requests a second have portions
//! of one: for them Redis decides about each request.
//!
//! What is leased has been charged, so no two instances ever let more go than the limit. But a bucket fills up again while
//! an instance holds a portion of it: so it may only hold as many as are still missing from the bucket. Of those `k` that
//! were taken when the bucket was full but for them, one is worthless after each share of the time. What a lease
//! forgets, nobody gets: an instance that stops asking wastes one portion at most.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::{Charge, Charges};
use crate::limits::gcra::Quota;
use crate::limits::key::LimitKey;

/// How many leases are held at once. Two keys with one place drive each other out, which costs a question.
const PLACES: usize = 1_024;

/// A lease is for this much of the rate, and this part of the bucket, at most.
const PORTION_NANOS: i64 = 50_000_000;
const PORTION_OF_BUCKET: u32 = 10;

/// Held longer, it is let go: who asks so seldom needs none.
const HELD_NANOS: i64 = 1_000_000_000;

#[derive(Clone, Copy)]
struct Lease {
    key: LimitKey,
    /// When the bucket would be full, as of the moment it was taken.
    tat: i64,
    until: i64,
    left: i64,
}

pub(super) struct Leases {
    places: Box<[Mutex<Option<Lease>>]>,
}

/// How many requests to take at once. One for all buckets of a request.
pub(super) fn portion(charges: &Charges) -> u32 {
    charges.as_slice().iter().map(|charge| of(charge.quota)).min().unwrap_or(1)
}

fn of(quota: Quota) -> u32 {
    let of_rate = u32::try_from(PORTION_NANOS / quota.emission.max(1)).unwrap_or(u32::MAX);
    of_rate.min(quota.limit / PORTION_OF_BUCKET).max(1)
}

impl Leases {
    pub(super) fn new() -> Self {
        Self { places: (0..PLACES).map(|_| Mutex::default()).collect() }
    }

    /// Spends one of each bucket's lease, if all have one left.
    pub(super) fn spend(&self, charges: &Charges, now: i64) -> bool {
        if portion(charges) == 1 {
            return false;
        }
        let charges = charges.as_slice();
        let spent = charges.iter().take_while(|charge| self.take(charge, now)).count();
        let all = spent == charges.len();
        if !all {
            charges.iter().take(spent).for_each(|charge| self.put_back(&charge.key));
        }
        all
    }

    /// Keeps what was taken of a bucket beyond the request that asked.
    pub(super) fn keep(&self, charge: &Charge, tat: i64, left: i64, now: i64) {
        if left > 0 {
            let until = now.saturating_add(HELD_NANOS);
            *self.place(&charge.key) = Some(Lease { key: charge.key, tat, until, left });
        }
    }

    fn take(&self, charge: &Charge, now: i64) -> bool {
        let mut place = self.place(&charge.key);
        let Some(lease) = place.as_mut().filter(|lease| lease.key == charge.key) else { return false };
        // No more than what is still missing from the bucket.
        let missing = lease.tat.saturating_sub(now) / charge.quota.emission.max(1);
        lease.left = if now < lease.until { lease.left.min(missing) } else { 0 };
        let has_one = lease.left > 0;
        lease.left -= i64::from(has_one);
        has_one
    }

    fn put_back(&self, key: &LimitKey) {
        if let Some(lease) = self.place(key).as_mut().filter(|lease| lease.key == *key) {
            lease.left += 1;
        }
    }

    fn place(&self, key: &LimitKey) -> MutexGuard<'_, Option<Lease>> {
        let bytes = key.subject.as_bytes();
        let mixed =
            bytes.iter().fold(key.scope as usize, |mixed, byte| mixed.wrapping_mul(31) ^ usize::from(*byte));
        // A lease is replaced whole: a panic elsewhere cannot leave one half written.
        self.places[mixed % PLACES].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rate;
    use crate::limits::key::{Scope, Subject};

    const QUOTA: Quota = Quota::of(Rate::per_second(1_000));

    fn charge(number: u128, quota: Quota) -> Charge {
        let subject = Subject::id(uuid::Uuid::from_u128(number));
        Charge { key: LimitKey { class: "test", scope: Scope::Identity, subject }, quota }
    }

    #[test]
    fn small_limits_have_no_leases() {
        for (rate, expected) in [
            (Rate::per_minute(5), 1),
            (Rate::per_minute(600), 1),
            (Rate::per_second(39), 1),
            (Rate::per_second(100), 5),
            (Rate::per_second(1_000), 50),
            (Rate { requests: 10_000, seconds: 10 }, 50),
            (Rate::per_second(1_000_000), 50_000),
        ] {
            assert_eq!(of(Quota::of(rate)), expected, "{rate}");
        }
    }

    #[test]
    fn what_is_held_is_never_more_than_what_is_missing() {
        let leases = Leases::new();
        let charges = Charges::of(charge(1, QUOTA));
        let one = charges.as_slice()[0];
        // Fifty of a full bucket, at the time 0.
        let spend = |now| (0..100).filter(|_| leases.spend(&charges, now)).count();
        leases.keep(&one, 50 * QUOTA.emission, 49, 0);
        assert_eq!(spend(0), 49);
        leases.keep(&one, 50 * QUOTA.emission, 49, 0);
        assert_eq!(spend(30 * QUOTA.emission), 20);
        leases.keep(&one, 50 * QUOTA.emission, 49, 0);
        assert_eq!(spend(50 * QUOTA.emission), 0);
        // Of a bucket that others have emptied, it can be held longer, and not for ever.
        leases.keep(&one, 5_000 * QUOTA.emission, 49, 0);
        assert_eq!(spend(HELD_NANOS), 0);
    }

    #[test]
    fn all_or_none_and_each_key_its_own() {
        let leases = Leases::new();
        let (one, other) = (charge(1, QUOTA), charge(2, QUOTA));
        leases.keep(&one, i64::MAX, 1, 0);
        assert!(!leases.spend(&Charges::of(one).and(other), 0));
        assert!(leases.spend(&Charges::of(one), 0), "it was put back");
        assert!(!leases.spend(&Charges::of(one), 0));
    }
}

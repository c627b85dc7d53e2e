//! Connections that nobody uses.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::driver::Driver;

/// A connection between two loans.
pub(super) struct Parked {
    pub(super) driver: Driver,
    pub(super) opened: Instant,
    pub(super) since: Instant,
}

/// The connections of a lane that are not lent. The one that came last is lent first.
#[derive(Default)]
pub(super) struct Idle {
    parked: Mutex<Vec<Parked>>,
}

impl Idle {
    pub(super) fn push(&self, parked: Parked) {
        self.lock().push(parked);
    }

    pub(super) fn pop(&self) -> Option<Parked> {
        self.lock().pop()
    }

    pub(super) fn take_all(&self) -> Vec<Parked> {
        std::mem::take(&mut *self.lock())
    }

    /// Those that are older than `age`: they lie at the bottom, where no loan would find them.
    pub(super) fn take_older_than(&self, age: Duration, now: Instant) -> Vec<Parked> {
        self.lock().extract_if(.., |parked| now - parked.opened >= age).collect()
    }

    /// Those that nobody used since `then`.
    pub(super) fn take_unused_since(&self, then: Instant) -> Vec<Parked> {
        self.lock().extract_if(.., |parked| parked.since <= then).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Parked>> {
        // A list, changed in single steps: a panic elsewhere cannot leave it half written.
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! How long what is cached may be believed without having asked what others have changed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mainstay_core::Clock;
use tokio::time::Instant;

/// Nobody asks: what this process does is all that is done.
const WITHOUT_END: u64 = u64::MAX;

/// Until when the cache may be believed. It begins without an end; from the first [`suspend`](Lease::suspend) on, it
/// holds for a time after the last question that was answered.
pub(super) struct Lease {
    clock: Clock,
    began: Instant,
    /// In milliseconds since it began.
    until: AtomicU64,
}

impl Lease {
    pub(super) fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), began: clock.now(), until: AtomicU64::new(WITHOUT_END) }
    }

    /// Ends it until it is renewed.
    pub(super) fn suspend(&self) {
        self.until.store(0, Ordering::SeqCst);
    }

    /// Makes it hold for a time after the moment when a question was asked that has been answered.
    pub(super) fn renew(&self, asked: Instant, holds: Duration) {
        self.until.store(self.millis(asked + holds), Ordering::SeqCst);
    }

    pub(super) fn holds(&self) -> bool {
        let until = self.until.load(Ordering::SeqCst);
        until == WITHOUT_END || self.millis(self.clock.now()) < until
    }

    fn millis(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.began).as_millis();
        u64::try_from(since).unwrap_or(WITHOUT_END - 1)
    }
}

//! A call that is under way.

use std::time::Duration;

use tokio::time::Instant;

use super::Breaker;

/// The leave to make one call.
///
/// Dropped without an outcome, for a call that was given up, it counts for nothing.
#[must_use = "a call whose outcome is not told says nothing of the dependency"]
#[derive(Debug)]
pub struct Permit {
    breaker: Breaker,
    epoch: u64,
    began: Instant,
    is_settled: bool,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The dependency answered, be it that the caller's question was wrong. Slow if it took long.
    Success,
    /// The dependency did not answer, or that it cannot.
    Failure,
}

impl Permit {
    pub(super) fn new(breaker: Breaker, epoch: u64, began: Instant) -> Self {
        Self { breaker, epoch, began, is_settled: false }
    }

    /// Says what came of the call. It took from [`Breaker::admit`] until now.
    pub fn settle(self, outcome: Outcome) {
        let took = self.breaker.shared.clock.now() - self.began;
        self.settle_after(outcome, took);
    }

    /// [`Permit::settle`] for a call whose work took this long: the rest was the caller's own.
    pub fn settle_after(mut self, outcome: Outcome, took: Duration) {
        self.is_settled = true;
        self.tell(Some(outcome), took);
    }

    fn tell(&self, outcome: Option<Outcome>, took: Duration) {
        let shared = &self.breaker.shared;
        let now = shared.clock.now();
        let change = shared.core().settle(self.epoch, outcome, took, now);
        shared.report(change);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.is_settled {
            self.tell(None, Duration::ZERO);
        }
    }
}

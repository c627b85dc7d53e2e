//! The calls of the last seconds.

use std::time::Duration;

use tokio::time::Instant;

/// The window moves in steps of a tenth.
const BUCKETS: usize = 10;

/// Counts calls in ten buckets of time; the oldest goes when a new one begins.
#[derive(Clone, Debug)]
pub(super) struct Window {
    origin: Instant,
    step: Duration,
    buckets: [Bucket; BUCKETS],
}

/// Calls, by what came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) calls: u32,
    pub(super) failures: u32,
    pub(super) slow: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    /// Which step since the origin it counts; the one before it in the same place is over.
    step: u64,
    counts: Counts,
}

impl Window {
    pub(super) fn new(length: Duration, now: Instant) -> Self {
        let step = (length / 10).max(Duration::from_millis(1));
        Self { origin: now, step, buckets: [Bucket::default(); BUCKETS] }
    }

    pub(super) fn add(&mut self, counted: Counts, now: Instant) {
        let step = self.step_of(now);
        let bucket = &mut self.buckets[place(step)];
        if bucket.step != step {
            *bucket = Bucket { step, counts: Counts::default() };
        }
        bucket.counts = bucket.counts.plus(counted);
    }

    /// What the window holds now.
    pub(super) fn counts(&self, now: Instant) -> Counts {
        let step = self.step_of(now);
        let oldest = (step + 1).saturating_sub(BUCKETS as u64);
        let recent = self.buckets.iter().filter(|bucket| (oldest..=step).contains(&bucket.step));
        recent.fold(Counts::default(), |sum, bucket| sum.plus(bucket.counts))
    }

    fn step_of(&self, now: Instant) -> u64 {
        let steps = now.saturating_duration_since(self.origin).as_nanos() / self.step.as_nanos();
        u64::try_from(steps).unwrap_or(u64::MAX - 1)
    }
}

fn place(step: u64) -> usize {
    usize::try_from(step % BUCKETS as u64).unwrap_or_default()
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls.saturating_add(other.calls),
            failures: self.failures.saturating_add(other.failures),
            slow: self.slow.saturating_add(other.slow),
        }
    }
}

//! Counts what happens in a window, without a lock.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::gradient::Window;

/// So many answers are enough to judge by after the first of these times; fewer after the others.
const ENOUGH: [(u64, Duration); 3] =
    [(50, Duration::from_millis(100)), (10, Duration::from_secs(1)), (1, Duration::from_secs(10))];

/// The counts of the window that is open. A count that comes while it is closed goes to one window or the next.
#[derive(Debug)]
pub(super) struct Tally {
    epoch: Instant,
    begun_ns: AtomicU64,
    answered: AtomicU64,
    spent_ns: AtomicU64,
    usual_ns: AtomicU64,
    failed: AtomicU64,
    other: AtomicU64,
    peak: AtomicU32,
    /// How many were in flight, added up over the answers.
    seen_in_flight: AtomicU64,
}

impl Tally {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            epoch: now,
            begun_ns: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            spent_ns: AtomicU64::new(0),
            usual_ns: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            other: AtomicU64::new(0),
            peak: AtomicU32::new(0),
            seen_in_flight: AtomicU64::new(0),
        }
    }

    /// Notes an answer, and how many requests were in flight with it.
    pub(super) fn answered(&self, took: Duration, usual: Duration, in_flight: u32) {
        self.spent_ns.fetch_add(nanos(took), Ordering::Relaxed);
        self.usual_ns.fetch_add(nanos(usual), Ordering::Relaxed);
        self.seen_in_flight.fetch_add(u64::from(in_flight), Ordering::Relaxed);
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes an end that says nothing but that there is room again.
    pub(super) fn other(&self) {
        self.other.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes how many are in flight.
    pub(super) fn peak(&self, in_flight: u32) {
        // Mostly a look: only a new peak is written.
        if in_flight > self.peak.load(Ordering::Relaxed) {
            self.peak.fetch_max(in_flight, Ordering::Relaxed);
        }
    }

    /// Whether enough was seen.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let seen = self.answered.load(Ordering::Relaxed) + self.failed.load(Ordering::Relaxed);
        let age = self.age(now);
        ENOUGH.iter().any(|(enough, time)| seen >= *enough && age >= *time)
    }

    /// Ends the window and begins the next one; `None` when that has just been done. For one caller at a time.
    pub(super) fn close(&self, now: Instant, in_flight: u32) -> Option<Window> {
        if !self.is_due(now) {
            return None;
        }
        let length = self.age(now);
        self.begun_ns.store(nanos(now.saturating_duration_since(self.epoch)), Ordering::Relaxed);
        let time = |nanos: &AtomicU64| Duration::from_nanos(nanos.swap(0, Ordering::Relaxed));
        let [answered, failed, other] =
            [&self.answered, &self.failed, &self.other].map(|count| count.swap(0, Ordering::Relaxed));
        let seen = self.seen_in_flight.swap(0, Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2⁵²")]
        Some(Window {
            length,
            answered,
            concurrency: seen as f64 / answered.max(1) as f64,
            spent: time(&self.spent_ns),
            usual: time(&self.usual_ns),
            failed,
            ended: answered + failed + other,
            peak: self.peak.swap(in_flight, Ordering::Relaxed),
        })
    }

    fn age(&self, now: Instant) -> Duration {
        let since_epoch = now.saturating_duration_since(self.epoch);
        since_epoch.saturating_sub(Duration::from_nanos(self.begun_ns.load(Ordering::Relaxed)))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use mainstay_core::Clock;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_window_ends_when_enough_was_seen_for_its_length() {
        let start = Clock::manual().0.now();
        for (answers, due_ms) in [(60, 100), (50, 100), (49, 1_000), (10, 1_000), (9, 10_000), (1, 10_000)] {
            let tally = Tally::new(start);
            (0..answers).for_each(|_| tally.answered(MS, MS, 1));
            assert!(!tally.is_due(start + due_ms * MS - MS), "{answers}");
            assert!(tally.is_due(start + due_ms * MS), "{answers}");
        }
        assert!(!Tally::new(start).is_due(start + Duration::from_hours(1)));
    }

    #[test]
    fn the_next_window_begins_empty() {
        let start = Clock::manual().0.now();
        let tally = Tally::new(start);
        (0..50).for_each(|_| tally.answered(2 * MS, MS, 3));
        tally.failed();
        tally.other();
        tally.peak(7);
        let window = tally.close(start + 200 * MS, 3).unwrap();
        assert_eq!((window.length, window.answered, window.failed, window.peak), (200 * MS, 50, 1, 7));
        assert_eq!(window.ended, 52);
        assert_eq!((window.spent, window.usual), (100 * MS, 50 * MS));
        assert!((window.concurrency - 3.0).abs() < 1e-9);
        assert!(tally.close(start + 200 * MS, 3).is_none());
        tally.failed();
        let window = tally.close(start + Duration::from_mins(1), 0).unwrap();
        assert_eq!((window.answered, window.failed, window.peak), (0, 1, 3));
    }
}

//! How fast appends are carried out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How much of the newest measurement goes into the mean.
const WEIGHT: f64 = 0.2;

/// Neither at once nor never: bounds of what callers are told.
const SOONEST: Duration = Duration::from_secs(1);
const LATEST: Duration = Duration::from_mins(1);

/// A running mean of appends in a second.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The bits of an `f64`; 0 as long as nothing was measured.
    per_second: AtomicU64,
}

impl Pace {
    /// Notes that a batch was carried out.
    pub(super) fn note(&self, appends: usize, took: Duration) {
        #[expect(clippy::cast_precision_loss, reason = "some hundred appends")]
        let now = appends as f64 / took.as_secs_f64().max(1e-6);
        let before = f64::from_bits(self.per_second.load(Ordering::Relaxed));
        let mean = if before > 0.0 { before + WEIGHT * (now - before) } else { now };
        // There is one who writes.
        self.per_second.store(mean.to_bits(), Ordering::Relaxed);
    }

    /// How long it takes until so many were carried out.
    pub(super) fn time_for(&self, waiting: usize) -> Duration {
        let per_second = f64::from_bits(self.per_second.load(Ordering::Relaxed));
        #[expect(clippy::cast_precision_loss, reason = "some thousand appends")]
        let seconds = waiting as f64 / per_second;
        Duration::try_from_secs_f64(seconds).unwrap_or(LATEST).clamp(SOONEST, LATEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_told_the_time_of_those_before_them() {
        let pace = Pace::default();
        assert_eq!(pace.time_for(4_096), LATEST, "nothing was carried out yet");
        pace.note(512, Duration::from_millis(500));
        assert_eq!(pace.time_for(4_096), Duration::from_secs(4));
        assert_eq!(pace.time_for(10), SOONEST);
        pace.note(512, Duration::from_secs(50));
        let slower = pace.time_for(4_096);
        assert!(slower > Duration::from_secs(4) && slower < LATEST, "{slower:?}");
    }
}

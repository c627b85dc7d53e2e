//! How long a hash takes here and now, and so how long a newcomer would wait.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What is expected before anything was measured.
const FIRST_GUESS: Duration = Duration::from_millis(100);

/// The time of a hash, as a moving average.
#[derive(Debug)]
pub(super) struct Pace {
    micros: AtomicU64,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { micros: AtomicU64::new(micros(FIRST_GUESS)) }
    }

    /// Notes a measurement. Of two at once, one may be lost: it is an average.
    pub(super) fn note(&self, took: Duration) {
        let average = self.micros.load(Ordering::Relaxed);
        self.micros.store((average * 7 + micros(took)) / 8, Ordering::Relaxed);
    }

    /// How long somebody waits who has `ahead` others before them, when `places` are served at a time.
    pub(super) fn wait(&self, ahead: usize, places: usize) -> Duration {
        let rounds = u64::try_from(ahead / places.max(1)).unwrap_or(u64::MAX);
        Duration::from_micros(self.micros.load(Ordering::Relaxed).saturating_mul(rounds))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_the_rounds_ahead() {
        let pace = Pace::new();
        for _ in 0..64 {
            pace.note(Duration::from_millis(50));
        }
        for (ahead, places, rounds) in [(0, 1, 0), (1, 1, 1), (7, 4, 1), (8, 4, 2), (3, 0, 3)] {
            let wait = pace.wait(ahead, places).as_millis();
            assert!(wait.abs_diff(rounds * 50) <= rounds, "{ahead} ahead at {places}: {wait} ms");
        }
    }
}

//! How long a route usually takes.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// The averages hold about so many samples; fewer while everything is learnt anew.
const MEMORY: u32 = 32;
const SHORT_MEMORY: u64 = 8;

/// What follows from how long a request took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Learning {
    /// What is usual can only fall: what is slow because too much is done at once must not become what is expected.
    Nothing,
    /// What is usual follows what is seen.
    Usual,
    /// The same, and fast.
    Anew,
}

/// How long the requests of one route take: of late, and while the service is not short of anything.
///
/// The limit compares the two. They are kept for each route, so that a change in what is asked for is not taken for
/// a change in how fast it is answered.
///
/// Updates of two threads at once may lose one of them: an average bears that.
#[derive(Debug, Default)]
pub(crate) struct UsualTime {
    samples: AtomicU32,
    recent_ns: AtomicU64,
    usual_ns: AtomicU64,
}

impl UsualTime {
    /// Takes in how long a request took, and returns how long it would have taken as usual.
    pub(super) fn observe(&self, took: Duration, learning: Learning) -> Duration {
        let took_ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).max(1);
        let samples = self.samples.load(Ordering::Relaxed);
        if samples == 0 {
            self.samples.store(1, Ordering::Relaxed);
            self.recent_ns.store(took_ns, Ordering::Relaxed);
            self.usual_ns.store(took_ns, Ordering::Relaxed);
            return took;
        }
        // The first samples weigh more, so that no single one decides for long.
        let weight = u64::from(samples.min(MEMORY - 1) + 1);
        if samples < MEMORY {
            self.samples.store(samples + 1, Ordering::Relaxed);
        }
        let recent = toward(self.recent_ns.load(Ordering::Relaxed), took_ns, weight);
        self.recent_ns.store(recent, Ordering::Relaxed);
        let before = self.usual_ns.load(Ordering::Relaxed);
        let usual = match learning {
            Learning::Nothing => before.min(recent),
            Learning::Usual => toward(before, took_ns, weight),
            Learning::Anew => toward(before, took_ns, weight.min(SHORT_MEMORY)),
        };
        if usual != before {
            self.usual_ns.store(usual, Ordering::Relaxed);
        }
        Duration::from_nanos(usual)
    }
}

/// One `weight`-th of the way from one number to another.
fn toward(from: u64, to: u64, weight: u64) -> u64 {
    if to >= from { from + (to - from) / weight } else { from - (from - to) / weight }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn settled(usual: &UsualTime, took: Duration, learning: Learning) -> Duration {
        (0..500).map(|_| usual.observe(took, learning)).last().unwrap()
    }

    #[test]
    fn it_rises_only_while_learning_and_falls_always() {
        let usual = UsualTime::default();
        assert_eq!(usual.observe(10 * MS, Learning::Usual), 10 * MS);
        assert_eq!(settled(&usual, 100 * MS, Learning::Nothing), 10 * MS);
        assert!(settled(&usual, 100 * MS, Learning::Usual) > 99 * MS);
        assert!(settled(&usual, 5 * MS, Learning::Nothing) < 6 * MS);
    }

    #[test]
    fn one_odd_sample_decides_nothing() {
        let usual = UsualTime::default();
        settled(&usual, 10 * MS, Learning::Usual);
        assert!(usual.observe(MS, Learning::Nothing) > 9 * MS);
        assert!(usual.observe(1000 * MS, Learning::Usual) < 45 * MS);
    }
}

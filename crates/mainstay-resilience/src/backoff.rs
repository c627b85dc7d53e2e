//! How long to wait before the next try.

use std::time::Duration;

use mainstay_core::random;

/// Waits that grow from try to try up to a limit, and are spread so that many who failed together do not come back
/// together.
///
/// ```
/// use std::time::Duration;
/// use mainstay_resilience::Backoff;
///
/// let backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));
/// assert_eq!(backoff.ceiling(0), Duration::from_millis(50));
/// assert_eq!(backoff.ceiling(3), Duration::from_millis(400));
/// assert_eq!(backoff.ceiling(40), Duration::from_secs(1));
/// assert!(backoff.around(3) >= Duration::from_millis(320));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    most: Duration,
}

impl Backoff {
    /// Begins at `first` and doubles up to `most`.
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most }
    }

    /// The longest wait after so many failures before this one: `first` doubled as often.
    pub fn ceiling(&self, failures: u32) -> Duration {
        let factor = 2_u32.checked_pow(failures).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.most)
    }

    /// The ceiling, more or less by up to a fifth: for a wait whose length has a meaning.
    pub fn around(&self, failures: u32) -> Duration {
        let ceiling = self.ceiling(failures);
        between(ceiling / 5 * 4, ceiling / 5 * 6)
    }
}

/// A duration between two, to the microsecond.
fn between(least: Duration, most: Duration) -> Duration {
    let room = u64::try_from(most.saturating_sub(least).as_micros()).unwrap_or(u64::MAX - 1);
    least + Duration::from_micros(random::below(room.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn millis(most: u64) -> impl Strategy<Value = Duration> {
        (0..=most).prop_map(Duration::from_millis)
    }

    proptest! {
        #[test]
        fn every_wait_keeps_its_bounds(first in millis(1_000), more in millis(100_000), failures: u32) {
            let backoff = Backoff::new(first, first + more);
            let ceiling = backoff.ceiling(failures);
            prop_assert!(ceiling >= first && ceiling <= first + more);
            prop_assert!(ceiling <= backoff.ceiling(failures.saturating_add(1)));
            let around = backoff.around(failures);
            let error = Duration::from_micros(1);
            prop_assert!(around + error >= ceiling * 4 / 5 && around <= ceiling * 6 / 5 + error);
        }
    }

    #[test]
    fn waits_are_spread() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
        let mut waits: Vec<Duration> = (0..100).map(|_| backoff.around(4)).collect();
        waits.sort_unstable();
        waits.dedup();
        assert!(waits.len() > 90, "{} of 100 differ", waits.len());
    }
}

//! When somebody who was turned away should come back.

use std::time::Duration;

use tokio::time::Instant;

/// For so long somebody who was turned away counts as somebody who will come back.
const MEMORY: Duration = Duration::from_secs(10);

/// Soonest and latest.
pub(super) const SOONEST: Duration = Duration::from_secs(1);
pub(super) const LATEST: Duration = Duration::from_mins(1);

/// When nothing has ended yet, nobody knows; most often the service has just started.
const UNKNOWN: Duration = Duration::from_secs(5);

/// How many were turned away of late: a number that fades.
///
/// The queue itself is kept short, so it says little of how much there is to do. Those who were turned away will
/// be back, and if all of them were told to come in a second, that second would be worse than this one.
#[derive(Debug)]
pub(super) struct Backlog {
    turned_away: f64,
    at: Instant,
}

impl Backlog {
    pub(super) fn new(now: Instant) -> Self {
        Self { turned_away: 0.0, at: now }
    }

    /// One more was turned away.
    pub(super) fn add(&mut self, now: Instant) {
        self.fade(now);
        self.turned_away += 1.0;
    }

    /// How long it takes to do what waits here and what will come back, where so much work ends in a second. Work that
    /// failed makes room as well.
    pub(super) fn wait(&mut self, now: Instant, waiting: usize, ends: f64) -> Duration {
        self.fade(now);
        if ends <= 0.0 {
            return UNKNOWN;
        }
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2⁵²")]
        let ahead = self.turned_away + waiting as f64;
        let wait = Duration::try_from_secs_f64(ahead / ends).unwrap_or(LATEST);
        wait.clamp(SOONEST, LATEST)
    }

    fn fade(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at);
        self.turned_away *= (-passed.as_secs_f64() / MEMORY.as_secs_f64()).exp();
        self.at = self.at.max(now);
    }
}

/// Spreads a wait: up to half as long again, so that those who were turned away together do not come back together.
pub(super) fn spread(wait: Duration, random_below: impl FnOnce(u64) -> u64) -> Duration {
    let half = u64::try_from(wait.as_millis() / 2).unwrap_or(u64::MAX);
    (wait + Duration::from_millis(random_below(half + 1))).min(LATEST)
}

#[cfg(test)]
mod tests {
    use mainstay_core::Clock;

    use super::*;

    #[test]
    fn the_wait_is_the_backlog_over_what_ends_within_bounds() {
        let now = Clock::manual().0.now();
        let mut backlog = Backlog::new(now);
        assert_eq!(backlog.wait(now, 0, 100.0), SOONEST);
        assert_eq!(backlog.wait(now, 500, 100.0), Duration::from_secs(5));
        (0..700).for_each(|_| backlog.add(now));
        assert_eq!(backlog.wait(now, 500, 100.0), Duration::from_secs(12));
        assert_eq!(backlog.wait(now, 500, 1.0), LATEST);
        // Nothing has ended yet: nobody knows.
        assert_eq!(Backlog::new(now).wait(now, 0, 0.0), UNKNOWN);
        assert_eq!(backlog.wait(now, 500, 0.0), UNKNOWN);
        // A minute later all of them have been back.
        assert_eq!(backlog.wait(now + Duration::from_mins(1), 0, 100.0), SOONEST);
    }

    #[test]
    fn the_spread_only_adds_and_keeps_the_bound() {
        let second = Duration::from_secs(1);
        assert_eq!(spread(2 * second, |_| 0), 2 * second);
        assert_eq!(spread(2 * second, |below| below - 1), 3 * second);
        assert_eq!(spread(LATEST, |below| below - 1), LATEST);
    }
}

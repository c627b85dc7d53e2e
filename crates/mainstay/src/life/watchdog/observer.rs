//! What the watchdog makes of what it sees. No clocks, no threads: a function of readings.

use std::time::Duration;

use tokio::time::Instant;

use super::vitals::Gait;

/// From one look to the next.
pub(in crate::life) const TICK: Duration = Duration::from_millis(100);

/// From here on the runtime is slow.
pub(in crate::life) const SLOW: Duration = Duration::from_millis(250);

/// From here on it stands still.
pub(in crate::life) const STALLED: Duration = Duration::from_secs(1);

/// A watchdog that looks later than this was not running itself.
const UNOBSERVED: Duration = Duration::from_millis(2 * 100);

/// So long a runtime that stood still must move without a halt before it is believed.
const RECOVERY: Duration = Duration::from_secs(1);

/// Follows how long the runtime has done nothing.
///
/// | since the last look | the trifle | it has done nothing for |
/// |---|---|---|
/// | any time | done | nothing |
/// | up to two ticks | not done | so much longer |
/// | more: the watchdog did not run itself | not done | as long as before |
#[derive(Debug)]
pub(super) struct Observer {
    looked: Instant,
    still: Duration,
    gait: Gait,
    moving: Duration,
}

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// How the runtime goes.
    pub(super) gait: Gait,
    /// How it went at the look before.
    pub(super) was: Gait,
    /// For how long it has done nothing.
    pub(super) still: Duration,
    /// A halt of [`SLOW`] or longer that has just ended.
    pub(super) ended: Option<Duration>,
}

impl Observer {
    pub(super) fn new(now: Instant) -> Self {
        Self { looked: now, still: Duration::ZERO, gait: Gait::Moving, moving: Duration::ZERO }
    }

    /// Looks at `now`, when the trifle is `done` or not.
    pub(super) fn look(&mut self, now: Instant, done: bool) -> Look {
        let since = now.saturating_duration_since(self.looked);
        self.looked = now;
        let before = self.still;
        if done {
            self.still = Duration::ZERO;
        } else if since <= UNOBSERVED {
            self.still += since;
        }
        self.moving = if self.still >= SLOW { Duration::ZERO } else { self.moving + since.min(UNOBSERVED) };
        let was = self.gait;
        self.gait = self.judge();
        let ended = (done && before >= SLOW).then_some(before);
        Look { gait: self.gait, was, still: self.still, ended }
    }

    /// | it stands still for | before | gait |
    /// |---|---|---|
    /// | a second or more | any | stalled |
    /// | less | stalled or recovering, and it has not moved for a second since | recovering |
    /// | 250 ms or more | else | slow |
    /// | less | else | moving |
    fn judge(&self) -> Gait {
        let recovers = matches!(self.gait, Gait::Stalled | Gait::Recovering) && self.moving < RECOVERY;
        match self.still {
            still if still >= STALLED => Gait::Stalled,
            _ if recovers => Gait::Recovering,
            still if still >= SLOW => Gait::Slow,
            _ => Gait::Moving,
        }
    }
}

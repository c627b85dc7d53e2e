//! When a worker that ended is started again.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Whether a worker that fails is started again, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    /// Most restarts within [`Restart::window`]; with one more failure the worker is *faulted* and stays down.
    pub budget: u32,
    /// The time over which restarts are counted.
    pub window: Duration,
    /// The wait before the first restart; doubled with each further one in the window.
    pub first_delay: Duration,
    /// The longest wait.
    pub longest_delay: Duration,
}

impl Restart {
    /// Five restarts in ten minutes, after waits of one second to one minute.
    pub const fn budgeted() -> Self {
        Self {
            budget: 5,
            window: Duration::from_mins(10),
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_mins(1),
        }
    }

    /// No restart: the first failure is final.
    pub const fn never() -> Self {
        Self { budget: 0, ..Self::budgeted() }
    }
}

/// Counts the restarts of one worker.
#[derive(Debug)]
pub(super) struct Churn {
    policy: Restart,
    restarts: VecDeque<Instant>,
}

impl Churn {
    pub(super) fn new(policy: Restart) -> Self {
        Self { policy, restarts: VecDeque::new() }
    }

    /// The wait before the next restart, which is counted; `None` when the budget is spent.
    pub(super) fn next(&mut self, now: Instant) -> Option<Duration> {
        let Restart { budget, window, first_delay, longest_delay } = self.policy;
        self.restarts.retain(|restart| now.saturating_duration_since(*restart) < window);
        let used = u32::try_from(self.restarts.len()).unwrap_or(u32::MAX);
        if used >= budget {
            return None;
        }
        self.restarts.push_back(now);
        let doubled = first_delay.saturating_mul(2_u32.saturating_pow(used));
        Some(doubled.min(longest_delay))
    }
}

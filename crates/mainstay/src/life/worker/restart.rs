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
    /// How long a faulted worker stays down before it is tried once more; for ever where there is none.
    pub cooldown: Option<Duration>,
}

impl Restart {
    /// Five restarts in ten minutes, after waits of one second to one minute; then a quarter of an hour of rest.
    pub const fn budgeted() -> Self {
        Self {
            budget: 5,
            window: Duration::from_mins(10),
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_mins(1),
            cooldown: Some(Duration::from_mins(15)),
        }
    }

    /// No restart: the first failure is final, until an operator says otherwise.
    pub const fn never() -> Self {
        Self { budget: 0, cooldown: None, ..Self::budgeted() }
    }
}

/// What becomes of a worker that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is started again after this wait.
    Again(Duration),
    /// It stays down: for this long, or until an operator says otherwise.
    Faulted(Option<Duration>),
}

/// Counts the restarts of one worker.
///
/// | the worker failed | verdict |
/// |---|---|
/// | with restarts left in the window | again, after a wait that doubles |
/// | with none left | faulted, for the cooldown |
/// | within a window of being tried after a cooldown | faulted at once, for another cooldown |
/// | later than that | as if nothing had been |
#[derive(Debug)]
pub(super) struct Churn {
    policy: Restart,
    restarts: VecDeque<Instant>,
    /// When the worker was tried after its cooldown.
    tried: Option<Instant>,
}

impl Churn {
    pub(super) fn new(policy: Restart) -> Self {
        Self { policy, restarts: VecDeque::new(), tried: None }
    }

    /// What becomes of the worker, which has just failed. A restart is counted.
    pub(super) fn failed(&mut self, now: Instant) -> Verdict {
        let Restart { budget, window, first_delay, longest_delay, cooldown } = self.policy;
        let used = self.count(now);
        let on_trial = self.tried.is_some_and(|tried| now.saturating_duration_since(tried) < window);
        if on_trial || used >= budget {
            return Verdict::Faulted(cooldown);
        }
        self.restarted(now);
        let doubled = first_delay.saturating_mul(2_u32.saturating_pow(used));
        Verdict::Again(doubled.min(longest_delay))
    }

    /// Counts a restart.
    pub(super) fn restarted(&mut self, now: Instant) {
        self.restarts.push_back(now);
        // Whoever restarts beyond the budget has been told; more need not be known.
        let most = usize::try_from(self.policy.budget).unwrap_or(usize::MAX).max(1);
        while self.restarts.len() > most {
            self.restarts.pop_front();
        }
    }

    /// The worker is tried after its cooldown.
    pub(super) fn tried(&mut self, now: Instant) {
        self.tried = Some(now);
    }

    /// An operator takes the worker's past upon themselves: the count begins anew.
    pub(super) fn forgive(&mut self) {
        self.restarts.clear();
        self.tried = None;
    }

    /// How many restarts there were in the window.
    pub(super) fn count(&mut self, now: Instant) -> u32 {
        let window = self.policy.window;
        self.restarts.retain(|restart| now.saturating_duration_since(*restart) < window);
        u32::try_from(self.restarts.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn policy(&self) -> Restart {
        self.policy
    }
}

//! What a breaker judges by.

use std::time::Duration;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// How far back calls count.
    pub window: Duration,
    /// Below so many calls in the window nothing is judged: two failures of three mean nothing.
    pub least_calls: u32,
    /// It opens when at least so many in a hundred calls failed.
    pub failure_percent: u32,
    /// It opens when at least so many in a hundred calls were slow.
    pub slow_percent: u32,
    /// A call that took at least as long is slow.
    pub slow_call: Duration,
    /// How long it stays open at first, more or less.
    pub open_for: Duration,
    /// How long it stays open at most, when it had to open again and again.
    pub open_for_most: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(10),
            least_calls: 20,
            failure_percent: 50,
            slow_percent: 80,
            slow_call: Duration::from_secs(5),
            open_for: Duration::from_secs(5),
            open_for_most: Duration::from_mins(1),
        }
    }
}

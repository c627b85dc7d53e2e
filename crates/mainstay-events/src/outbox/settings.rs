//! How patient an outbox is.

use std::time::Duration;

/// How patient an outbox is, and how much it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxSettings {
    /// How long one attempt may take.
    pub limit: Duration,
    /// The first wait after an attempt that failed; each further one is about twice as long.
    pub shortest_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// After this time a message that nobody took is given up.
    pub give_up_after: Duration,
    /// How long the row of a settled message is kept.
    pub keep: Duration,
    /// Most messages that wait for one destination.
    pub capacity: u32,
    /// How often a destination's messages are looked for without being woken.
    pub poll: Duration,
}

impl OutboxSettings {
    /// How long a message belongs to the process that took it: longer than an attempt can take.
    pub(super) fn lease(&self) -> Duration {
        self.limit * 3
    }
}

impl Default for OutboxSettings {
    fn default() -> Self {
        Self {
            limit: Duration::from_secs(20),
            shortest_wait: Duration::from_secs(1),
            longest_wait: Duration::from_mins(5),
            give_up_after: Duration::from_hours(24),
            keep: Duration::from_hours(24 * 7),
            capacity: 10_000,
            poll: Duration::from_secs(2),
        }
    }
}

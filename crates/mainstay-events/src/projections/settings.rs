//! How projections run.

use std::time::Duration;

use mainstay_core::random;

/// How projections run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectionSettings {
    /// Events of the first page that a lane reads; later ones are as large as memory allows.
    pub page: u32,
    /// How often a lane looks without being woken: for events of other processes, and for wishes of operators.
    pub poll: Duration,
    /// How long a lane of a process that is gone stays with it.
    pub lease: Duration,
    /// The waits before an event that cannot be applied is tried again.
    pub retries: [Duration; 3],
    /// The longest wait before a database that fails is tried again.
    pub longest_wait: Duration,
    /// How often the log says again what fails.
    pub summary: Duration,
    /// Which build this is: another one tries once again what this one failed on.
    pub build: String,
}

impl ProjectionSettings {
    /// The defaults, for a build.
    pub fn new(build: impl Into<String>) -> Self {
        Self {
            page: 500,
            poll: Duration::from_millis(250),
            lease: Duration::from_secs(15),
            retries: [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)],
            longest_wait: Duration::from_secs(30),
            summary: Duration::from_mins(1),
            build: build.into(),
        }
    }

    /// The wait after so many tries: random, within a bound that doubles.
    pub(super) fn back_off(&self, tries: u32) -> Duration {
        let bound = Duration::from_millis(100).saturating_mul(2_u32.saturating_pow(tries.min(20)));
        let bound = u64::try_from(bound.min(self.longest_wait).as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(bound / 2 + random::below(bound / 2 + 1))
    }
}

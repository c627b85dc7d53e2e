//! How the time for stopping is cut up.

use std::time::Duration;

/// A step of stopping, in the order of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Nothing new is accepted; the requests in flight are answered.
    Requests,
    /// Long-lived answers are told to end, and what is still connected is cut.
    Streams,
    /// Workers and tasks finish what they hold.
    Workers,
    /// What is only in memory is written out.
    Flush,
    /// Connections to databases and other stores are closed.
    Stores,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 5] = [Self::Requests, Self::Streams, Self::Workers, Self::Flush, Self::Stores];

    /// The name in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Streams => "streams",
            Self::Workers => "workers",
            Self::Flush => "flush",
            Self::Stores => "stores",
        }
    }

    /// The part of the time after the grace period that belongs to the phase, in hundredths.
    const fn share(self) -> u32 {
        match self {
            Self::Requests => 60,
            Self::Workers => 16,
            Self::Streams | Self::Flush | Self::Stores => 8,
        }
    }
}

/// When each step ends at the latest, counted from the begin of the drain.
///
/// A phase that ends early leaves its rest to the later ones; one that is late takes nothing from them, for
/// their ends stand from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    grace: Duration,
    rest: Duration,
}

impl Plan {
    /// Cuts `total` into the grace period and the phases.
    ///
    /// The grace period, in which the service says that it is not ready and still answers, gets at most half:
    /// a balancer that is slow to notice must not cost the requests in flight their time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use mainstay::life::{Phase, Plan};
    ///
    /// let plan = Plan::new(Duration::from_secs(30), Duration::from_secs(5));
    /// assert_eq!(plan.grace(), Duration::from_secs(5));
    /// assert_eq!(plan.end(Phase::Requests), Duration::from_secs(20));
    /// assert_eq!(plan.end(Phase::Stores), Duration::from_secs(30));
    /// ```
    pub fn new(total: Duration, grace: Duration) -> Self {
        let grace = grace.min(total / 2);
        Self { grace, rest: total.saturating_sub(grace) }
    }

    /// How long the service goes on accepting after it said that it is not ready.
    pub fn grace(&self) -> Duration {
        self.grace
    }

    /// The latest end of a phase.
    pub fn end(&self, phase: Phase) -> Duration {
        let until =
            Phase::ALL.iter().filter(|other| **other <= phase).map(|phase| phase.share()).sum::<u32>();
        self.grace + self.rest * until / 100
    }
}

/// The time of one item of a phase, so that one which hangs leaves the others theirs.
pub(super) fn fair_share(left: Duration, items: usize) -> Duration {
    left / u32::try_from(items.max(1)).unwrap_or(u32::MAX)
}

/// When an item that was asked to finish is told to return at once, so that it can still do so in time.
pub(super) fn patience(limit: Duration) -> Duration {
    limit * 3 / 4
}

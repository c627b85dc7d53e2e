//! A worker, as operators see it.

use std::time::Duration;

use jiff::Timestamp;

use super::restart::Restart;

/// What a worker does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkerState {
    /// It works.
    Running,
    /// It ended and waits to be started again.
    Waiting,
    /// It ended of itself, without an error.
    Finished,
    /// It failed more often than its policy allows, and stays down.
    Faulted,
    /// It ended because the process stops.
    Stopped,
}

impl WorkerState {
    /// The name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Finished => "finished",
            Self::Faulted => "faulted",
            Self::Stopped => "stopped",
        }
    }
}

/// A worker, as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStatus {
    /// Its name.
    pub name: &'static str,
    /// What it does now.
    pub state: WorkerState,
    /// How often it was started again since the process began.
    pub restarts: u32,
    /// How often in its policy's window. At the budget, a restart takes an acknowledgement.
    pub churn: u32,
    /// Its policy.
    pub policy: Restart,
    /// Until it is started by itself, if it waits for that: the back-off, or the cooldown of a faulted worker.
    pub starts_in: Option<Duration>,
    /// Why it failed last.
    pub last_error: Option<WorkerFailure>,
}

/// A failure of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerFailure {
    /// When.
    pub at: Timestamp,
    /// The error with its causes, bounded.
    pub error: String,
}

impl WorkerStatus {
    /// Whether a restart takes somebody who acknowledges that it has failed too often.
    pub fn is_churn_blocked(&self) -> bool {
        self.state == WorkerState::Faulted || self.churn >= self.policy.budget
    }
}

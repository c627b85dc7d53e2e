//! Whether an operator's wish to restart a worker is granted.

use super::status::{WorkerState, WorkerStatus};

/// Longest reason, in characters.
pub(crate) const MAX_REASON_CHARS: usize = 500;

/// What an operator says along with the wish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acknowledgement {
    /// They know that the worker has failed too often.
    pub acknowledge: bool,
    /// Why it should be tried all the same. Goes to the audit log.
    pub reason: String,
}

/// Why a worker is not restarted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestartRefused {
    /// There is none of this name.
    #[error("there is no worker {name:?}; there are: {}", .known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<&'static str>,
    },
    /// It has failed too often for a restart without a second thought.
    #[error(
        "{name} was restarted {churn} times within its window, of which {budget} are allowed, and is {}: \
         a further restart takes an acknowledgement and a reason",
        .state.as_str()
    )]
    ChurnBlocked {
        /// The worker.
        name: &'static str,
        /// What it does now.
        state: WorkerState,
        /// Its restarts within the window.
        churn: u32,
        /// How many are allowed.
        budget: u32,
    },
    /// There is an acknowledgement, and no reason or a book of it.
    #[error("an acknowledgement needs a reason of 1 to {MAX_REASON_CHARS} characters")]
    Reason,
    /// A restart is under way.
    #[error("a restart of {name} is under way")]
    UnderWay {
        /// The worker.
        name: &'static str,
    },
    /// The process is stopping.
    #[error("the process is stopping")]
    Stopping,
}

/// | worker | acknowledged | reason | verdict |
/// |---|---|---|---|
/// | stopped | any | any | refused: stopping |
/// | within its budget | no | any | granted |
/// | within its budget | yes | any that is not too long | granted |
/// | faulted, or its budget is spent | no | any | refused: churn-blocked |
/// | faulted, or its budget is spent | yes | blank or too long | refused: reason |
/// | faulted, or its budget is spent | yes | given | granted, and the count begins anew |
///
/// Gives whether the count begins anew.
pub(super) fn judge(worker: &WorkerStatus, said: &Acknowledgement) -> Result<bool, RestartRefused> {
    let WorkerStatus { name, state, churn, policy, .. } = *worker;
    let too_long = said.reason.chars().count() > MAX_REASON_CHARS;
    let blocked = worker.is_churn_blocked();
    match (state, blocked, said.acknowledge) {
        (WorkerState::Stopped, ..) => Err(RestartRefused::Stopping),
        (_, true, false) => Err(RestartRefused::ChurnBlocked { name, state, churn, budget: policy.budget }),
        _ if too_long || (blocked && said.reason.trim().is_empty()) => Err(RestartRefused::Reason),
        _ => Ok(blocked),
    }
}

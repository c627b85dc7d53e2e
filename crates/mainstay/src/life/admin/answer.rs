//! What the routes for operators answer with.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;

use super::recommendation::Action;
use crate::accept::ConnectionSnapshot;
use crate::health::HealthBody;
use crate::life::watchdog::{RuntimeVitals, SLOW, STALLED};
use crate::life::worker::{WorkerState, WorkerStatus};
use crate::routes::{DescribeResponse, Operation};
use crate::{Answer, Json};

/// Everything that the process knows of itself.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::life) struct SystemStatus {
    /// What the public hears, with messages.
    #[serde(flatten)]
    pub(super) health: HealthBody,
    /// What this process is called.
    pub(super) instance: String,
    /// What to do.
    pub(super) recommendation: Recommendation,
    /// How the runtime moves.
    pub(super) runtime: RuntimeBody,
    /// How the workers are.
    pub(super) restarts: RestartsBody,
    /// Where what is seen becomes what is said.
    pub(super) thresholds: Thresholds,
    /// Client connections, by listener.
    pub(super) connections: BTreeMap<&'static str, ConnectionsBody>,
}

/// What an operator should do.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Recommendation {
    /// `observe`, `throttle` or `restart`.
    action: &'static str,
    /// Why; empty when all is well.
    reasons: Vec<String>,
}

/// How the runtime moves.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RuntimeBody {
    /// `moving`, `slow`, `stalled` or `recovering`.
    state: &'static str,
    /// For how long it has done nothing.
    still_ms: u64,
    /// The longest halt since the process began.
    longest_still_ms: u64,
    /// How often it stood still for a second or more, in ten minutes.
    stalls: u32,
    /// Whether connections are accepted.
    accepting: bool,
}

/// How the workers are.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RestartsBody {
    /// What supervision does: `steady`, `restarting`, `cooling_down` or `blocked`.
    policy_state: &'static str,
    /// Restarts of all workers within their windows.
    churn: u32,
    /// Workers that have failed too often.
    faulted: Vec<&'static str>,
    /// Until the next of them is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    cooldown_seconds: Option<u64>,
}

/// Where what is seen becomes what is said.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to each name on the wire")]
pub(super) struct Thresholds {
    /// From here on the runtime is slow.
    slow_ms: u64,
    /// From here on it is stalled, and the service not ready.
    stalled_ms: u64,
    /// From here on the process aborts.
    #[serde(skip_serializing_if = "Option::is_none")]
    abort_ms: Option<u64>,
}

/// The connections of a listener.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ConnectionsBody {
    /// Open now.
    open: usize,
    /// Accepted since the start.
    accepted: u64,
    /// Turned away because there was no place.
    refused: u64,
    /// Closed to make room for others.
    evicted: u64,
}

/// All workers.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::life) struct WorkerList {
    /// In the order of their start.
    pub(in crate::life) workers: Vec<WorkerBody>,
}

/// A worker.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::life) struct WorkerBody {
    /// Its name.
    name: &'static str,
    /// `running`, `waiting`, `finished`, `faulted` or `stopped`.
    state: &'static str,
    /// How often it was started again since the process began.
    restarts: u32,
    /// How often within `window_seconds`.
    churn: u32,
    /// How often it may be, before a restart takes an acknowledgement.
    budget: u32,
    /// The time over which restarts are counted.
    window_seconds: u64,
    /// Whether a restart takes `acknowledge` and `reason`.
    churn_blocked: bool,
    /// Until it is started by itself, where it waits for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_in_seconds: Option<u64>,
    /// Why it failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    last_error_at: Option<Timestamp>,
}

/// A restart was ordered: 202, with the worker as it was at that moment.
#[derive(Debug)]
pub(super) struct Ordered(pub(super) WorkerBody);

impl Recommendation {
    pub(super) fn new(action: Action, reasons: Vec<String>) -> Self {
        Self { action: action.as_str(), reasons }
    }
}

impl From<RuntimeVitals> for RuntimeBody {
    fn from(vitals: RuntimeVitals) -> Self {
        Self {
            state: vitals.gait.as_str(),
            still_ms: millis(vitals.still),
            longest_still_ms: millis(vitals.longest),
            stalls: vitals.stalls,
            accepting: vitals.is_accepting,
        }
    }
}

impl RestartsBody {
    /// | a worker is faulted without a cooldown | one is faulted with one | one waits | policy state |
    /// |---|---|---|---|
    /// | yes | any | any | `blocked` |
    /// | no | yes | any | `cooling_down` |
    /// | no | no | yes | `restarting` |
    /// | no | no | no | `steady` |
    pub(super) fn of(workers: &[WorkerStatus]) -> Self {
        let is = |worker: &&WorkerStatus, state| worker.state == state;
        let faulted = || workers.iter().filter(|worker| is(worker, WorkerState::Faulted));
        let policy_state = if faulted().any(|worker| worker.starts_in.is_none()) {
            "blocked"
        } else if faulted().next().is_some() {
            "cooling_down"
        } else if workers.iter().any(|worker| worker.state == WorkerState::Waiting) {
            "restarting"
        } else {
            "steady"
        };
        Self {
            policy_state,
            churn: workers.iter().map(|worker| worker.churn).sum(),
            faulted: faulted().map(|worker| worker.name).collect(),
            cooldown_seconds: faulted()
                .filter_map(|worker| worker.starts_in)
                .min()
                .map(|wait| wait.as_secs()),
        }
    }
}

impl Thresholds {
    pub(super) fn with_abort(abort_after: Option<Duration>) -> Self {
        Self { slow_ms: millis(SLOW), stalled_ms: millis(STALLED), abort_ms: abort_after.map(millis) }
    }
}

impl From<ConnectionSnapshot> for ConnectionsBody {
    fn from(now: ConnectionSnapshot) -> Self {
        let refused = now.refused_full + now.refused_address;
        Self { open: now.open, accepted: now.accepted, refused, evicted: now.evicted }
    }
}

impl From<WorkerStatus> for WorkerBody {
    fn from(worker: WorkerStatus) -> Self {
        let churn_blocked = worker.is_churn_blocked();
        let (last_error_at, last_error) =
            worker.last_error.map(|failure| (failure.at, failure.error)).unzip();
        Self {
            name: worker.name,
            state: worker.state.as_str(),
            restarts: worker.restarts,
            churn: worker.churn,
            budget: worker.policy.budget,
            window_seconds: worker.policy.window.as_secs(),
            churn_blocked,
            starts_in_seconds: worker.starts_in.map(|wait| wait.as_secs()),
            last_error,
            last_error_at,
        }
    }
}

impl IntoResponse for Ordered {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, Json(self.0)).into_response()
    }
}

impl DescribeResponse for Ordered {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        let schema = schemas.subschema_for::<WorkerBody>();
        operation.answers.push(Answer::new(StatusCode::ACCEPTED).content("application/json", Some(schema)));
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

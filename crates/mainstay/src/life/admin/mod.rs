//! What operators ask a running process, and what they may tell it.
//!
//! | route | answer |
//! |---|---|
//! | `GET /admin/api/system-status` | everything that the process knows of itself, with a recommendation |
//! | `GET /admin/api/workers` | the workers |
//! | `POST /admin/api/workers/{name}/restart` | 202; `{"acknowledge":true,"reason":"…"}` where the worker has failed too often |
//!
//! They take the role operator. `/health` of the management listener answers what `system-status` does: nobody signs
//! in there, and whoever reaches it is an operator.

mod answer;
mod recommendation;
#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use super::watchdog::Vitals;
use super::worker::{Acknowledgement, MAX_REASON_CHARS, RestartRefused, WorkerState, Workers};
use crate::accept::Connections;
use crate::admission::AdmissionSnapshot;
use crate::health::{self, Audience, Health, Probed};
use crate::identity::Identity;
use crate::refusal::Detail;
use crate::routes::Priority;
use crate::{ErrorCode, Json, Path, Refusal, Role, Routes};

use answer::{ConnectionsBody, Ordered, Recommendation, RestartsBody, Thresholds};
use recommendation::{Signs, recommend};

pub(super) use answer::{SystemStatus, WorkerBody, WorkerList};

/// What the routes for operators know.
#[derive(Clone)]
pub(super) struct Admin {
    pub(super) health: Health,
    pub(super) workers: Workers,
    pub(super) vitals: Vitals,
    pub(super) instance: String,
    pub(super) abort_after: Option<Duration>,
    pub(super) connections: Vec<(&'static str, Connections)>,
}

impl Admin {
    /// Everything that the process knows of itself.
    pub(super) fn status(&self) -> Probed<SystemStatus> {
        let Probed { status, age, body } = self.health.report(Audience::Operator);
        let (workers, runtime) = (self.workers.list(), self.vitals.runtime());
        let down = |has_cooldown: bool| -> Vec<&'static str> {
            let faulted = workers.iter().filter(|worker| worker.state == WorkerState::Faulted);
            let faulted = faulted.filter(|worker| worker.policy.cooldown.is_some() == has_cooldown);
            faulted.map(|worker| worker.name).collect()
        };
        let overloaded = body.admission.as_ref().is_some_and(AdmissionSnapshot::is_overloaded);
        let signs = Signs { runtime, overloaded, given_up: &down(false), cooling: &down(true) };
        let (action, reasons) = recommend(signs);
        let connections = self.connections.iter();
        let connections = connections.map(|(name, connections)| (*name, connections.snapshot().into()));
        let body = SystemStatus {
            health: body,
            instance: self.instance.clone(),
            recommendation: Recommendation::new(action, reasons),
            runtime: runtime.into(),
            restarts: RestartsBody::of(&workers),
            thresholds: Thresholds::with_abort(self.abort_after),
            connections: connections.collect::<std::collections::BTreeMap<_, ConnectionsBody>>(),
        };
        Probed { status, age, body }
    }

    /// All workers.
    pub(super) fn list(&self) -> WorkerList {
        WorkerList { workers: self.workers.list().into_iter().map(WorkerBody::from).collect() }
    }
}

/// What an operator says along with the wish to restart a worker.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// They know that the worker has failed too often.
    #[serde(default)]
    acknowledge: bool,
    /// Why it should be tried all the same. Goes to the audit log.
    #[serde(default)]
    #[schemars(length(max = MAX_REASON_CHARS))]
    reason: String,
}

/// One worker.
#[derive(Debug, Deserialize, JsonSchema)]
struct One {
    /// Its name in the list.
    name: String,
}

impl From<Wish> for Acknowledgement {
    fn from(wish: Wish) -> Self {
        Self { acknowledge: wish.acknowledge, reason: wish.reason }
    }
}

/// The routes of the public listener.
pub(super) fn routes() -> Routes<Admin> {
    use ErrorCode::{Conflict, Draining, NotFound};
    Routes::at("/admin/api")
        .tag("Operations")
        .get("/system-status", status)
        .summary("Everything that the process knows of itself, and what to do about it")
        .role(Role::Operator)
        .priority(Priority::Operations)
        .get("/workers", workers)
        .summary("The workers: state, restarts, last error")
        .role(Role::Operator)
        .priority(Priority::Operations)
        .post("/workers/{name}/restart", restart)
        .summary("Restart a worker; one that failed too often takes an acknowledgement and a reason")
        .role(Role::Operator)
        .priority(Priority::Operations)
        .errors(&[NotFound, Conflict, Draining])
}

/// `/health` and `/api/v1/health` of the management listener.
pub(super) fn reports() -> Routes<Admin> {
    health::reports(status)
}

async fn status(State(admin): State<Admin>) -> Probed<SystemStatus> {
    admin.status()
}

async fn workers(State(admin): State<Admin>) -> Json<WorkerList> {
    Json(admin.list())
}

async fn restart(
    State(admin): State<Admin>,
    identity: Identity,
    Path(One { name }): Path<One>,
    wish: Option<Json<Wish>>,
) -> Result<Ordered, Refusal> {
    let said = wish.map(|Json(wish)| wish).unwrap_or_default().into();
    let worker = admin.workers.restart(&name, &said, &identity.name)?;
    Ok(Ordered(worker.into()))
}

impl From<RestartRefused> for Refusal {
    fn from(refused: RestartRefused) -> Self {
        let message = refused.to_string();
        match refused {
            RestartRefused::Unknown { .. } => Self::new(ErrorCode::NotFound).message(message),
            RestartRefused::ChurnBlocked { .. } => Self::new(ErrorCode::Conflict)
                .message(message)
                .detail(Detail::new("acknowledge", "churn_blocked", "must be true, with a reason")),
            RestartRefused::Reason => {
                Self::new(ErrorCode::ValidationFailed).detail(Detail::new("reason", "invalid", message))
            }
            RestartRefused::UnderWay { .. } => Self::new(ErrorCode::Conflict).message(message),
            RestartRefused::Stopping => Self::new(ErrorCode::Draining),
        }
    }
}

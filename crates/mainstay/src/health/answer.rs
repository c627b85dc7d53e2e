//! What probes are answered.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;

use super::check::{Condition, Criticality};
use super::database::DatabaseBody;
use super::{Health, HealthSnapshot};
use crate::admission::AdmissionSnapshot;
use crate::extract::Json;
use crate::routes::{Answer, DescribeResponse, Operation};

/// From this age on, a snapshot says more about the lane than about the dependencies.
const STALE: Duration = Duration::from_secs(15);

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody: hears conditions, no messages.
    Public,
    /// An operator: hears the messages too.
    Operator,
}

/// An answer to a probe, with the age of what it is based on.
#[derive(Clone, Debug, PartialEq)]
pub struct Probed<T> {
    /// 200 or 503.
    pub status: StatusCode,
    /// How old the snapshot is; zero when none was needed.
    pub age: Duration,
    /// The body.
    pub body: T,
}

/// The body of `/health/live`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Alive {
    /// Always `alive`.
    status: &'static str,
}

/// The body of `/health/ready`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct ReadyBody {
    /// `ready` or `not_ready`.
    pub status: &'static str,
    /// Why it is not: `migrating`, `draining`, `database_unavailable`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'static, str>>,
}

/// The body of `/health`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct HealthBody {
    /// `healthy`, `degraded` or `unhealthy`.
    pub status: &'static str,
    /// The version of the service.
    pub version: &'static str,
    /// `development`, `test`, `staging` or `production`.
    pub environment: &'static str,
    /// The time of this answer, in UTC.
    pub timestamp: String,
    /// Since the process started, in whole seconds.
    pub uptime_seconds: u64,
    /// What the service depends on.
    pub dependencies: BTreeMap<&'static str, DependencyBody>,
    /// Pools and circuit breaker of the database, for operators only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseBody>,
    /// How much work is taken on at once, for operators only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admission: Option<AdmissionSnapshot>,
}

/// One dependency in the body of `/health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct DependencyBody {
    /// `healthy`, `degraded` or `unhealthy`.
    pub status: &'static str,
    /// What was found, for operators only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Health {
    /// Whether the process is alive: who gets this answer, knows it.
    pub fn live() -> Probed<Alive> {
        Probed { status: StatusCode::OK, age: Duration::ZERO, body: Alive { status: "alive" } }
    }

    /// Whether the service can serve.
    pub fn ready(&self) -> Probed<ReadyBody> {
        let snapshot = self.snapshot();
        let (status, body) = match self.obstacle(&snapshot) {
            None => (StatusCode::OK, ReadyBody { status: "ready", reason: None }),
            Some(reason) => {
                (StatusCode::SERVICE_UNAVAILABLE, ReadyBody { status: "not_ready", reason: Some(reason) })
            }
        };
        Probed { status, age: self.age(&snapshot), body }
    }

    /// How well the service is.
    pub fn report(&self, audience: Audience) -> Probed<HealthBody> {
        let snapshot = self.snapshot();
        let condition = self.condition(&snapshot);
        let dependencies = snapshot.dependencies.iter().map(|dependency| {
            let message = Some(dependency.finding.message().to_owned());
            let message = message.filter(|_| audience == Audience::Operator);
            (dependency.name, DependencyBody { status: dependency.finding.condition().as_str(), message })
        });
        let shared = &self.shared;
        let body = HealthBody {
            status: condition.as_str(),
            version: shared.identity.version,
            environment: shared.identity.environment.name(),
            timestamp: format!("{:.6}", shared.clock.timestamp()),
            uptime_seconds: shared.clock.now().saturating_duration_since(shared.started).as_secs(),
            dependencies: dependencies.collect(),
            database: shared.database.get().filter(|_| audience == Audience::Operator).map(DatabaseBody::of),
            admission: self.admission().filter(|_| audience == Audience::Operator),
        };
        let status = match condition {
            Condition::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
            Condition::Healthy | Condition::Degraded => StatusCode::OK,
        };
        Probed { status, age: self.age(&snapshot), body }
    }

    /// Why the service cannot serve: a latch first, for it knows more than a check does.
    fn obstacle(&self, snapshot: &HealthSnapshot) -> Option<Cow<'static, str>> {
        if let Some(reason) = self.readiness().reason() {
            return Some(reason.into());
        }
        if self.is_stale(snapshot) {
            return Some("health_stale".into());
        }
        let failing = snapshot.failing_critical();
        failing.map(|name| format!("{name}_unavailable").into())
    }

    /// The condition of the whole.
    ///
    /// | | condition |
    /// |---|---|
    /// | a critical check is unhealthy | unhealthy |
    /// | any check is not healthy, a latch is held, or the snapshot is stale | degraded |
    /// | else | healthy |
    fn condition(&self, snapshot: &HealthSnapshot) -> Condition {
        let is_healthy =
            |dependency: &super::Dependency| dependency.finding.condition() == Condition::Healthy;
        if snapshot.failing_critical().is_some() {
            Condition::Unhealthy
        } else if snapshot.dependencies.iter().all(is_healthy) && self.obstacle(snapshot).is_none() {
            Condition::Healthy
        } else {
            Condition::Degraded
        }
    }

    fn age(&self, snapshot: &HealthSnapshot) -> Duration {
        self.shared.clock.now().saturating_duration_since(snapshot.taken)
    }

    /// Without checks there is nothing to be stale.
    fn is_stale(&self, snapshot: &HealthSnapshot) -> bool {
        !self.checks().is_empty() && self.age(snapshot) > STALE
    }
}

impl HealthSnapshot {
    /// The first critical dependency that does not work.
    fn failing_critical(&self) -> Option<&'static str> {
        let failing = |dependency: &&super::Dependency| {
            dependency.criticality == Criticality::Critical
                && dependency.finding.condition() == Condition::Unhealthy
        };
        self.dependencies.iter().find(failing).map(|dependency| dependency.name)
    }
}

impl<T: Serialize> IntoResponse for Probed<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        response.headers_mut().insert(header::AGE, HeaderValue::from(self.age.as_secs()));
        response
    }
}

impl<T: JsonSchema> DescribeResponse for Probed<T> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        for status in [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE] {
            let schema = schemas.subschema_for::<T>();
            operation.answers.push(Answer::new(status).content("application/json", Some(schema)));
        }
    }
}

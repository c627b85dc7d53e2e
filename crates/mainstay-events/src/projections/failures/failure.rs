//! What is known of a failure: for the log, for operators, and for the next holder of the lane.

use std::backtrace::Backtrace;

use jiff::Timestamp;
use mainstay_core::Chain;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Position, ProjectionError, RecordedEvent};

/// The kind of a failure that passes by itself.
pub(in crate::projections) const TRANSIENT: &str = "transient";

/// Most characters of a backtrace that are kept.
const BACKTRACE: usize = 6_000;

/// Why a projection, or a key of it, does not go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// What kind: `transient`, `poison`, `mass_poison`, `log_restored`, `log_damaged`.
    pub kind: String,
    /// The event that cannot be applied, if it is one.
    pub event: Option<FailedEvent>,
    /// How often it was tried.
    pub attempts: u32,
    /// The chain of errors.
    pub error: String,
    /// Where it was noticed first.
    pub backtrace: Option<String>,
    /// The build that failed.
    pub build: String,
    /// When, last.
    pub at: Timestamp,
}

/// An event that cannot be applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailedEvent {
    /// Where it stands in the log.
    pub position: Position,
    /// Its stream.
    pub stream: String,
    /// What it belongs to, for the projection.
    pub key: String,
    /// Its id.
    pub id: Uuid,
    /// The name of what happened.
    pub r#type: String,
    /// The version of its payload's shape.
    pub schema_version: u32,
    /// The request that began it.
    pub request_id: Option<Uuid>,
}

impl Failure {
    pub(in crate::projections) fn new(
        kind: &str,
        error: impl Into<String>,
        build: &str,
        at: Timestamp,
    ) -> Self {
        let (kind, error, build) = (kind.to_owned(), error.into(), build.to_owned());
        Self { kind, event: None, attempts: 1, error, backtrace: None, build, at }
    }

    pub(in crate::projections) fn of_event(
        event: &RecordedEvent,
        key: &str,
        error: &ProjectionError,
        build: &str,
        at: Timestamp,
    ) -> Self {
        let event = FailedEvent {
            position: event.position,
            stream: event.stream.as_str().to_owned(),
            key: key.to_owned(),
            id: event.id,
            r#type: event.event_type.clone(),
            schema_version: event.schema_version,
            request_id: event.correlation_id,
        };
        // Forced: it is asked for once, whatever the environment says.
        let backtrace = Backtrace::force_capture().to_string().chars().take(BACKTRACE).collect();
        let failure = Self::new("poison", Chain(error).to_string(), build, at);
        Self { event: Some(event), backtrace: Some(backtrace), ..failure }
    }

    /// Whether this is not merely the same failure, seen once more. What was tried again because somebody wished it, or
    /// by another build, and failed again, is another one; what passes by itself is one for as long as it lasts.
    pub(super) fn is_another_than(&self, other: &Self) -> bool {
        self.kind != other.kind || (self.kind != TRANSIENT && self.at != other.at)
    }

    pub(in crate::projections) fn again(&mut self, error: &ProjectionError, at: Timestamp) {
        self.attempts += 1;
        self.error = Chain(error).to_string();
        self.at = at;
    }

    pub(in crate::projections) fn to_json(&self) -> String {
        // A struct of texts and numbers always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(in crate::projections) fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}
